"""What a cascade saves: label quality against the number of rows that a costly voter is asked about.

    OMP_NUM_THREADS=1 python -m benchmarks.quality.cascade --data DATA [--sets sms,trec,youtube] [--seeds 3]

The costly voter is simulated: an oracle that looks at the gold label and gives another class, drawn at random, on a share of
the rows. So nothing here says how good a language model is; it says what asking fewer rows costs if its accuracy is the
given one. Its errors are independent of the row and of the other labeling functions, which flatters it, most of all
where it is asked about hard rows only.

All training rows are labeled by their votes (label models read no texts) and scored on gold: accuracy of all rows, where
a row without a label is wrong; and macro F1. ``asked`` is the share of rows that were asked about.
"""

import argparse
import sys
import warnings
from pathlib import Path
from statistics import mean

import numpy as np

from benchmarks.common import save
from weaklabel import MajorityVote, labeling_function, score
from weaklabel.bench.data import read_bench_set, train_gold
from weaklabel.label_model.auto import AutoLabelModel
from weaklabel.votes import vote_patterns
from weaklabel.votes.cascade import choose_rows
from weaklabel.votes.tally import has_vote

ACCURACIES = (0.7, 0.8, 0.9)
ARMS = {
    "none": None,
    "uncovered": {"where": "uncovered"},
    "conflict": {"where": "conflict"},
    "uncertain .6": {"where": "uncertain", "below": 0.6},
    "uncertain .8": {"where": "uncertain", "below": 0.8},
    "uncertain .95": {"where": "uncertain", "below": 0.95},
    "10% least sure": {"where": "uncertain", "below": 1.0, "share": 0.1},
    "25% least sure": {"where": "uncertain", "below": 1.0, "share": 0.25},
    "50% least sure": {"where": "uncertain", "below": 1.0, "share": 0.5},
    "10% at random": {"random": 0.1},
    "25% at random": {"random": 0.25},
    "50% at random": {"random": 0.5},
    "all": {"random": 1.0},
}
MODELS = {"auto": AutoLabelModel, "majority": MajorityVote}


def oracle(gold: np.ndarray, k: int, accuracy: float, seed: int) -> np.ndarray:
    """Return the gold label of each row, or with probability 1 - accuracy another class at random."""
    rng = np.random.default_rng([seed, 7])
    others = (gold + rng.integers(1, k, len(gold))) % k
    return np.where(rng.random(len(gold)) < accuracy, gold, others).astype(np.int8)


def asked_rows(L: np.ndarray, k: int, arm: dict | None, model: type, seed: int) -> np.ndarray:
    """Say about which rows an arm asks. Shape: [n]."""
    if arm is None:
        return np.zeros(len(L), bool)
    if "random" in arm:
        return np.random.default_rng([seed, 8]).random(len(L)) < arm["random"]
    how = {name: value for name, value in arm.items() if name != "share"}
    if "share" in arm:
        how["max_rows"] = round(arm["share"] * len(L))
    table = vote_patterns(L)
    answers = model(k, seed=seed).fit(table).predict_proba if has_vote(table.patterns).any() else None
    lf = labeling_function("voter", **how)(lambda x: -1)
    return choose_rows(lf, table, lambda: [(0, table)], answers).rows(table, 0)


def run(path: Path, seed: int, accuracy: float) -> dict[str, dict]:
    bench_set = read_bench_set(path)
    gold, L = train_gold(bench_set), np.asarray(bench_set.train.L)
    k = len(bench_set.labels)
    voter = oracle(gold, k, accuracy, seed)
    results = {}
    for name, arm in ARMS.items():
        for model_name, model in MODELS.items():
            asked = asked_rows(L, k, arm, model, seed)
            votes = np.column_stack([L, np.where(asked, voter, -1)]) if asked.any() else L
            fitted = model(k, seed=seed).fit(votes)
            preds = fitted.predict(votes, tie_break_policy="random")
            scores = score(gold, preds, labels=bench_set.labels)
            results.setdefault(name, {})[model_name] = {
                "asked": float(asked.mean()),
                "accuracy": scores.accuracy,
                "macro_f1": scores.macro_f1,
                "estimated": float(fitted.lf_accuracies_[-1]) if asked.any() else None,
                "true_where_asked": float((voter == gold)[asked].mean()) if asked.any() else None,
                "others_where_asked": _others(L, gold, asked),
            }
    return results


def _others(L: np.ndarray, gold: np.ndarray, asked: np.ndarray) -> float | None:
    """Return the share of the others' votes that are right on the rows that are asked about."""
    some = L[asked]
    return float((some == gold[asked, None])[some >= 0].mean()) if (some >= 0).any() else None


def _mean(values: list) -> float | None:
    given = [value for value in values if value is not None]
    return round(mean(given), 4) if given else None


SHOWN = ("none", "uncovered", "conflict", "uncertain .6", "25% least sure", "25% at random", "all")


def table(result: dict) -> str:
    """Return accuracy and share of rows asked for some arms, with the label model auto and a voter that is right on 80%."""
    sets = result["scores"]
    lines = [
        f"| rows asked about | {' | '.join(sets)} |",
        f"| --- |{' ---: |' * len(sets)}",
    ]
    for arm in SHOWN:
        figures = [by_accuracy["0.8"][arm]["auto"] for by_accuracy in sets.values()]
        cells = [f"{each['accuracy']:.3f} ({each['asked']:.0%})" for each in figures]
        lines.append(f"| {arm} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--sets", default="sms,trec,youtube")
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    figures: dict[str, dict] = {}
    for name in given.sets.split(","):
        for accuracy in ACCURACIES:
            runs = [run(Path(given.data, name), seed, accuracy) for seed in range(given.seeds)]
            figures.setdefault(name, {})[f"{accuracy:g}"] = {
                arm: {
                    model: {key: _mean([each[arm][model][key] for each in runs]) for key in runs[0][arm][model]}
                    for model in MODELS
                }
                for arm in ARMS
            }
            for arm, models in figures[name][f"{accuracy:g}"].items():
                shown = "; ".join(
                    f"{model} {each['accuracy']:.3f} (asked {each['asked']:.0%}, estimated {each['estimated']})"
                    for model, each in models.items()
                )
                print(f"{name}, voter {accuracy:g}: {arm:>15}: {shown}", file=sys.stderr, flush=True)
    save("quality_cascade", ["weaklabel", "numpy"], {"simulated_voter": True, "scores": figures})


if __name__ == "__main__":
    main()
