"""Label models measured by the classifiers that are trained on their labels, on twins of real sets.

    OMP_NUM_THREADS=1 python -m benchmarks.quality.training_labels --data FOLDER [--split valid] [--seeds 3] [--kept FILE]

FOLDER has a folder for each real set, in WRENCH's format; twins and kinds are those of `benchmarks.quality.twin_kinds`.
Classifiers are trained on the labels of majority vote and of `auto`. Each is scored as the twin is, with the difference to
the same classifier on majority vote's labels and its 95% bootstrap interval, paired by rows. With --kept, a run that
was interrupted continues.
"""

import argparse
import json
import statistics
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from benchmarks.common import save
from benchmarks.quality.twin_kinds import KINDS, Twin, twins
from benchmarks.quality.twins import difference, metric_replicates
from weaklabel.errors import WeakLabelError
from weaklabel.label_model import LABEL_MODELS
from weaklabel.labels import Labels, labels_of
from weaklabel.registries import CLASSIFIERS
from weaklabel.support.files import write_text

BASE = "majority"
LABEL_MODELS_COMPARED = (BASE, "auto")
CLASSIFIERS_TRAINED = ("linear", "hybrid")
ITSELF = "itself"
"""What the label model says of the scored rows, beside what classifiers say."""


def run_twin(
    twin: Twin,
    split_name: str,
    label_models: Sequence[str] = LABEL_MODELS_COMPARED,
    classifiers: Sequence[str] = CLASSIFIERS_TRAINED,
) -> dict:
    """Train classifiers on labels of each label model, and score all on a split of a twin."""
    train, split = twin.train, getattr(twin, split_name)
    answered: dict[str, Labels] = {}
    failed = {}
    for name in label_models:
        try:
            model = LABEL_MODELS[name](twin.k, seed=twin.seed, tie_break_policy="random")
            model.fit(train.L, texts=train.texts)
            answered[_pair(name, ITSELF)] = model.predict(split.L, texts=split.texts)
            probs = model.predict_proba(train.L, texts=train.texts)
        except WeakLabelError as error:
            failed[name] = str(error)
            continue
        for classifier in classifiers:
            try:
                trained = CLASSIFIERS[classifier](labels=twin.labels).fit(train.texts, probs)
                answered[_pair(name, classifier)] = labels_of(trained.predict_proba(split.texts))
            except WeakLabelError as error:
                failed[_pair(name, classifier)] = str(error)
    replicates = metric_replicates(twin, split.Y, answered)
    figures: dict[str, dict[str, dict]] = {}
    for name in label_models:
        for way in (ITSELF, *classifiers):
            if (pair := _pair(name, way)) not in replicates:
                continue
            point, drawn = replicates[pair]
            figure = figures.setdefault(name, {})[way] = {"metric": round(point, 4)}
            if name != BASE and (base := replicates.get(_pair(BASE, way))) is not None:
                figure["difference"] = difference(point - base[0], drawn - base[1])
    return {
        "kind": twin.kind,
        "set": twin.source,
        "seed": twin.seed,
        "metric": "accuracy" if twin.positive is None else "f1",
        "scored_rows": len(split),
        "label_models": figures,
        "failed": failed,
    }


def _pair(label_model: str, way: str) -> str:
    return f"{label_model} + {way}"


def summarise(results: list[dict], label_model: str, way: str) -> dict:
    """Sum up over twins: means, the worst difference to majority vote, and how many are below beyond intervals."""
    figures = [
        figure for result in results if (figure := result["label_models"].get(label_model, {}).get(way)) is not None
    ]
    if not figures:
        return {"twins": 0}
    summary = {"twins": len(figures), "metric": round(statistics.mean(each["metric"] for each in figures), 4)}
    compared = [each["difference"] for each in figures if "difference" in each]
    if compared:
        summary |= {
            "mean": round(statistics.mean(point for point, _, _ in compared), 4),
            "worst": min(point for point, _, _ in compared),
            "below": sum(high < 0 for _, _, high in compared),
            "above": sum(low > 0 for _, low, _ in compared),
        }
    return summary


def summaries(results: list[dict]) -> dict[str, dict[str, dict[str, dict]]]:
    """Return the summary of each label model and classifier by kind, and over all."""
    kinds = list(dict.fromkeys(result["kind"] for result in results))
    groups = {kind: [result for result in results if result["kind"] == kind] for kind in kinds} | {"all": results}
    names = list(dict.fromkeys(name for result in results for name in result["label_models"]))
    ways = list(dict.fromkeys(way for result in results for ways in result["label_models"].values() for way in ways))
    return {
        kind: {name: {way: summarise(group, name, way) for way in ways} for name in names}
        for kind, group in groups.items()
    }


def table(result: dict) -> str:
    """Write mean scores of classifiers by kind as Markdown: on majority vote's labels, and on those of the others."""
    of_all = result["summary"]["all"]
    classifiers = [way for way in of_all[BASE] if way != ITSELF]
    others = [name for name in of_all if name != BASE]
    head = ["kind of twin", "twins"]
    for classifier in classifiers:
        head += [f"{classifier} on majority vote", *(f"on `{name}`" for name in others)]
    lines = [f"| {' | '.join(head)} |", "| --- |" + " ---: |" * (len(head) - 1)]
    for kind, of_kind in result["summary"].items():
        cells = [str(of_kind[BASE][ITSELF]["twins"])]
        for classifier in classifiers:
            base = of_kind[BASE][classifier]
            cells.append(f"{100 * base['metric']:.1f}" if base["twins"] else "-")
            cells += [_compared(of_kind[name][classifier]) for name in others]
        lines.append(f"| {f'**{kind}**' if kind == 'all' else kind} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _compared(summary: dict) -> str:
    if not summary["twins"]:
        return "-"
    if "mean" not in summary:
        return f"{100 * summary['metric']:.1f}"
    return (
        f"{100 * summary['metric']:.1f} ({100 * summary['mean']:+.1f}, worst {100 * summary['worst']:+.1f}, "
        f"{summary['below']} below, {summary['above']} above)"
    )


def shown(result: dict) -> str:
    """Say in a line what is reached on a twin."""
    scores = ", ".join(
        f"{_pair(name, way)} {100 * figure['metric']:.1f}"
        for name, ways in result["label_models"].items()
        for way, figure in ways.items()
    )
    return f"{result['kind']}, {result['set']}, seed {result['seed']}: {scores}"


def twins_with_texts(data: Path, seeds: int, kinds: tuple[str, ...], sets: tuple[str, ...] | None) -> Iterator[Twin]:
    for seed in range(seeds):
        yield from (twin for _, twin in twins(data, seed, kinds, sets) if twin.has_texts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the real sets")
    parser.add_argument("--split", choices=("test", "valid"), default="test", help="valid is for development")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--classifiers", default=",".join(CLASSIFIERS_TRAINED), help="classifiers by name")
    parser.add_argument("--kinds", default=",".join(KINDS), help="of " + ", ".join(KINDS))
    parser.add_argument("--sets", help="only twins of these real sets")
    parser.add_argument("--kept", type=Path, help="keep finished twins there, so that an interrupted run continues")
    parser.add_argument("--out", type=Path, help="write results there, and not among the committed ones")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    classifiers = options.classifiers.split(",")
    setting = {
        "split": options.split,
        "seeds": options.seeds,
        "classifiers": classifiers,
        "kinds": options.kinds,
        "sets": options.sets,
    }
    results: list[dict] = []
    if options.kept and options.kept.exists():
        earlier = json.loads(options.kept.read_text())
        if earlier["setting"] | {"seeds": options.seeds} != setting:
            parser.error(f"{options.kept} has other settings; choose another file, or delete it")
        results = [result for result in earlier["twins"] if result["seed"] < options.seeds]
    made = twins_with_texts(
        options.data, options.seeds, tuple(options.kinds.split(",")), options.sets and tuple(options.sets.split(","))
    )
    began = time.process_time()
    for twin in islice(made, len(results), None):
        results.append(run_twin(twin, options.split, classifiers=classifiers))
        print(shown(results[-1]), f"{time.process_time() - began:.0f} s", file=sys.stderr, flush=True)
        if options.kept:
            write_text(options.kept, json.dumps({"setting": setting, "twins": results}))
    figures = {"setting": setting, "summary": summaries(results), "twins": results}
    print(table(figures))
    if options.out:
        options.out.write_text(json.dumps(figures, indent=1) + "\n")
    else:
        save(f"quality_training_labels{'' if options.split == 'test' else '_valid'}", ["numpy"], figures)


if __name__ == "__main__":
    main()
