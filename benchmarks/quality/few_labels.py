"""What a few decided rows are worth: `auto` with 0, 20, 50 and 100 of them, beside the same rows alone.

    OMP_NUM_THREADS=1 python -m benchmarks.quality.few_labels --data FOLDER [--split valid] [--seeds 3] [--kept FILE]

FOLDER has a folder for each real set, in WRENCH's format; twins and kinds are those of `benchmarks.quality.twin_kinds`. The
decided rows are drawn at random from the train rows of a twin, and their gold is what people would say; with more, those
before are among them. "Alone": logistic regression on the vectors that `auto` reads texts by, trained on the decided rows
and nothing else. With --kept, a run that was interrupted continues.
"""

import argparse
import json
import statistics
import sys
import warnings
from pathlib import Path

import numpy as np

from benchmarks.common import save
from benchmarks.quality.answers import Predictions, complete
from benchmarks.quality.twin_kinds import PLANS, Twin, make_twin
from benchmarks.quality.twins import metric_replicates
from weaklabel.label_model import AutoLabelModel
from weaklabel.labels import ABSTAIN, Labels
from weaklabel.scoring.calibration import calibration_error, log_loss
from weaklabel.support.files import write_text

NUMBERS = (0, 20, 50, 100)
KINDS = ("real", "rare", "one LF a class", "dominant", "dominant alone")
ALONE = "alone"


def run_twin(twin: Twin, split_name: str) -> dict:
    """Fit `auto` with each number of decided rows, and a classifier on these alone, and score both."""
    train, split = twin.train, getattr(twin, split_name)
    rng = np.random.default_rng([twin.seed, 7])
    order = rng.permutation(np.flatnonzero(twin.train_gold != ABSTAIN))
    answered: dict[str, Labels] = {}
    figures: dict[str, dict] = {}
    vectors = _vectors(twin, split.texts)
    for number in NUMBERS:
        gold = np.full(len(train), ABSTAIN, dtype=np.int64)
        gold[order[:number]] = twin.train_gold[order[:number]]
        model = AutoLabelModel(twin.k, seed=twin.seed)
        model.fit(train.L, texts=train.texts, gold=gold if number else None)
        of_train = model.predict_proba(train.L, texts=train.texts)
        predicted = Predictions(of_train, model.predict_proba(split.L, texts=split.texts), 0.0)
        filled = complete(predicted, train.L, split.L, twin.seed)
        answered[f"auto {number}"] = filled.preds
        figures[str(number)] = {
            "log_loss": round(log_loss(filled.probs, split.Y), 4),
            "calibration_error": round(calibration_error(filled.probs, split.Y), 4),
        }
        if number:
            answered[f"{ALONE} {number}"] = _alone(*vectors, order[:number], twin.train_gold)
    replicates = metric_replicates(twin, split.Y, answered)
    for number in NUMBERS:
        figures[str(number)]["auto"] = round(replicates[f"auto {number}"][0], 4)
        if number:
            figures[str(number)][ALONE] = round(replicates[f"{ALONE} {number}"][0], 4)
    return {
        "kind": twin.kind,
        "set": twin.source,
        "seed": twin.seed,
        "metric": "accuracy" if twin.positive is None else "f1",
        "train_rows": len(train),
        "scored_rows": len(split),
        "decided": figures,
    }


def _vectors(twin: Twin, texts: tuple[str, ...] | None) -> tuple[np.ndarray, np.ndarray]:
    from weaklabel.encoder.features import TextFeatures

    features = TextFeatures(None, 128)
    return features.fit_transform(list(twin.train.texts or ())), features.transform(list(texts or ()))


def _alone(X: np.ndarray, X_scored: np.ndarray, rows: np.ndarray, gold: Labels) -> Labels:
    """Return what a classifier says that was trained on the decided rows alone."""
    from sklearn.linear_model import LogisticRegression

    if len(np.unique(gold[rows])) == 1:
        return np.full(len(X_scored), gold[rows[0]])
    return LogisticRegression(C=10, max_iter=1000).fit(X[rows], gold[rows]).predict(X_scored)


def markdown(result: dict) -> str:
    """Write a committed result as Markdown: kinds down, numbers of decided rows across; means over twins."""
    twins = result["twins"]
    kinds = [*dict.fromkeys(twin["kind"] for twin in twins), "all"]
    heads = " | ".join(
        "`auto`, 0 decided" if not number else f"{number}: `auto` | alone | worst change" for number in NUMBERS
    )
    head = f"| kind (twins) | {heads} | log loss, 0 | {NUMBERS[-1]} |"
    lines = [head, "| --- |" + " ---: |" * (head.count(" |") - 1)]
    for kind in kinds:
        of_kind = [twin["decided"] for twin in twins if kind in ("all", twin["kind"])]
        cells = []
        for number in NUMBERS:
            scores = [of_twin[str(number)] for of_twin in of_kind]
            cells.append(_mean(scores, "auto"))
            if number:
                changes = [of_twin[str(number)]["auto"] - of_twin["0"]["auto"] for of_twin in of_kind]
                cells += [_mean(scores, ALONE), f"{100 * min(changes):+.1f}"]
        losses = [
            f"{statistics.mean(of_twin[str(number)]['log_loss'] for of_twin in of_kind):.2f}"
            for number in (NUMBERS[0], NUMBERS[-1])
        ]
        name = "**all**" if kind == "all" else kind
        lines.append(f"| {name} ({len(of_kind)}) | {' | '.join([*cells, *losses])} |")
    return "\n".join(lines)


def _mean(scores: list[dict], name: str) -> str:
    return f"{100 * statistics.mean(score[name] for score in scores):.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the real sets")
    parser.add_argument("--split", choices=("test", "valid"), default="test", help="valid is for development")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--kept", type=Path, help="file of finished twins")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    kept = options.kept
    results = json.loads(kept.read_text(encoding="utf-8")) if kept is not None and kept.exists() else []
    finished = {(result["kind"], result["set"], result["seed"]) for result in results}
    for seed in range(options.seeds):
        for number, plan in enumerate(PLANS):
            if plan.kind not in KINDS or plan.source == "census" or (plan.kind, plan.source, seed) in finished:
                continue
            results.append(run_twin(make_twin(plan, options.data, seed, number), options.split))
            print(plan.kind, plan.source, seed, json.dumps(results[-1]["decided"]), file=sys.stderr, flush=True)
            if kept is not None:
                write_text(kept, json.dumps(results))
    figures = {"setting": {"split": options.split, "seeds": options.seeds, "decided": NUMBERS}, "twins": results}
    print(markdown(figures))
    save("quality_few_labels" if options.split == "test" else "quality_few_labels_valid", ["numpy"], figures)


if __name__ == "__main__":
    main()
