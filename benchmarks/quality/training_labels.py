"""Label models measured by the classifier that is trained on their labels, on twins of real sets.

    OMP_NUM_THREADS=1 python -m benchmarks.quality.training_labels --data FOLDER [--split valid] [--seeds 2]

FOLDER has a folder for each real set, in WRENCH's format; twins and kinds are those of `benchmarks.quality.twin_kinds`. The
linear classifier is trained on the labels of majority vote and of `auto`. Each is scored as the twin is, with the difference
to the classifier on majority vote's labels and its 95% bootstrap interval, paired by rows.
"""

import argparse
import json
import statistics
import sys
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

from benchmarks.common import save
from benchmarks.quality.twin_kinds import KINDS, Twin, twins
from benchmarks.quality.twins import difference, metric_replicates
from weaklabel.classifier import LinearClassifier
from weaklabel.errors import WeakLabelError
from weaklabel.label_model import LABEL_MODELS
from weaklabel.labels import Labels, labels_of

BASE = "majority"
WAYS = (BASE, "auto")
"""Label models on whose labels classifiers are trained."""


def run_twin(twin: Twin, split_name: str, ways: Sequence[str] = WAYS) -> dict:
    """Train the linear classifier on labels of each label model, and score both on a split of a twin."""
    train, split = twin.train, getattr(twin, split_name)
    answered: dict[str, Labels] = {}
    failed = {}
    for name in ways:
        try:
            model = LABEL_MODELS[name](twin.k, seed=twin.seed, tie_break_policy="random")
            model.fit(train.L, texts=train.texts)
            answered[f"{name} itself"] = model.predict(split.L, texts=split.texts)
            classifier = LinearClassifier(twin.labels)
            classifier.fit(train.texts, model.predict_proba(train.L, texts=train.texts))
            answered[name] = labels_of(classifier.predict_proba(split.texts))
        except WeakLabelError as error:
            failed[name] = str(error)
    replicates = metric_replicates(twin, split.Y, answered)
    figures: dict[str, dict] = {}
    for way, (point, drawn) in replicates.items():
        figures[way] = {"metric": round(point, 4)}
        if BASE in replicates and way in ways and way != BASE:
            figures[way]["difference"] = difference(point - replicates[BASE][0], drawn - replicates[BASE][1])
    return {
        "kind": twin.kind,
        "set": twin.source,
        "seed": twin.seed,
        "metric": "accuracy" if twin.positive is None else "f1",
        "scored_rows": len(split),
        "ways": figures,
        "failed": failed,
    }


def summarise(results: list[dict], way: str) -> dict:
    """Sum up one way over twins: means, the worst difference to majority vote, and how many are below beyond intervals."""
    of_way = [result["ways"][way] for result in results if way in result["ways"]]
    summary = {"twins": len(of_way), "metric": round(statistics.mean(each["metric"] for each in of_way), 4)}
    compared = [each["difference"] for each in of_way if "difference" in each]
    if compared:
        summary |= {
            "mean": round(statistics.mean(point for point, _, _ in compared), 4),
            "worst": min(point for point, _, _ in compared),
            "below": sum(high < 0 for _, _, high in compared),
            "above": sum(low > 0 for _, low, _ in compared),
        }
    return summary


def summaries(results: list[dict]) -> dict[str, dict[str, dict]]:
    """Return the summary of each way by kind, and over all."""
    kinds = list(dict.fromkeys(result["kind"] for result in results))
    groups = {kind: [result for result in results if result["kind"] == kind] for kind in kinds} | {"all": results}
    ways = list(dict.fromkeys(way for result in results for way in result["ways"] if not way.endswith(" itself")))
    return {
        kind: {way: summarise(group, way) for way in ways if any(way in result["ways"] for result in group)}
        for kind, group in groups.items()
    }


def table(result: dict) -> str:
    """Write mean scores of the classifier by kind as Markdown, beside those on majority vote's labels."""
    ways = [way for way in result["summary"]["all"] if way != BASE]
    head = ["kind of twin", "twins", "linear on majority vote", *(f"on `{way}`" for way in ways)]
    lines = [f"| {' | '.join(head)} |", "| --- |" + " ---: |" * (len(head) - 1)]
    for kind, of_kind in result["summary"].items():
        cells = [str(of_kind[BASE]["twins"]), f"{100 * of_kind[BASE]['metric']:.1f}"]
        for way in ways:
            each = of_kind[way]
            cells.append(
                f"{100 * each['metric']:.1f} ({100 * each['mean']:+.1f}, worst {100 * each['worst']:+.1f}, "
                f"{each['below']} below, {each['above']} above)"
            )
        lines.append(f"| {kind} | {' | '.join(cells)} |")
    return "\n".join(lines)


def shown(result: dict) -> str:
    """Say in a line what is reached on a twin."""
    scores = ", ".join(f"{way} {100 * each['metric']:.1f}" for way, each in result["ways"].items())
    return f"{result['kind']}, {result['set']}, seed {result['seed']}: {scores}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the real sets")
    parser.add_argument("--split", choices=("test", "valid"), default="test", help="valid is for development")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--kinds", default=",".join(KINDS), help="of " + ", ".join(KINDS))
    parser.add_argument("--sets", help="only twins of these real sets")
    parser.add_argument("--out", type=Path, help="write results there, and not among the committed ones")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    results, began = [], time.process_time()
    for seed in range(options.seeds):
        sources = options.sets and tuple(options.sets.split(","))
        for _, twin in twins(options.data, seed, tuple(options.kinds.split(",")), sources):
            if twin.has_texts:
                results.append(run_twin(twin, options.split))
                print(shown(results[-1]), f"{time.process_time() - began:.0f} s", file=sys.stderr, flush=True)
    figures = {
        "setting": {"split": options.split, "seeds": options.seeds, "classifier": "linear"},
        "summary": summaries(results),
        "twins": results,
    }
    print(table(figures))
    if options.out:
        options.out.write_text(json.dumps(figures, indent=1) + "\n")
    else:
        save(f"quality_training_labels{'' if options.split == 'test' else '_valid'}", ["numpy"], figures)


if __name__ == "__main__":
    main()
