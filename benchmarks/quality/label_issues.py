"""Lists of rows whose label is probably wrong: `find_label_issues` beside cleanlab, on the labels of majority vote.

    OMP_NUM_THREADS=1 python -m benchmarks.quality.label_issues --data FOLDER --work FOLDER --peers-folder PEERS [--seeds 3]

FOLDER of --data has a folder for each real set, in WRENCH's format; vectors are kept in that of --work. Cleanlab is installed
apart, from label_issues_peers.txt, in PEERS. All lists are made of the same class probabilities: those of a
classifier that was fitted on the weak labels of other rows. Each seed makes other folds. Gold of train rows only scores.
"""

import argparse
import statistics
import sys
from pathlib import Path

import numpy as np

from benchmarks.common import save
from benchmarks.quality.selection_sets import prepare
from weaklabel.bench.data import read_bench_set, train_gold
from weaklabel.label_model import LABEL_MODELS
from weaklabel.labels import ABSTAIN, Labels, Probs
from weaklabel.select import find_label_issues
from weaklabel.select.base import checked_rows
from weaklabel.select.opinion import second_opinion

SETS = ("youtube", "sms", "trec")
LENGTHS = (50, 100)
"""Rows that a person looks at."""

FIGURES = ("rows", "precision", *(f"precision of {length}" for length in LENGTHS), "average precision")
OURS = "find_label_issues"
CLEANLAB = {"cleanlab": "prune_by_noise_rate", "cleanlab, confident learning": "confident_learning"}
"""Its filters: the default, and the one that is nearest to ours."""

PROBABILITY, VOTES = "lowest probability of the label", "lowest share of the votes"
"""Baselines that rank all rows: by the same classifier, and by the labeling functions alone."""


def scores(listed: np.ndarray, is_wrong: np.ndarray) -> dict[str, float]:
    """Score a list of rows; wrong labels that are not listed count as not found in the average precision."""
    hits = is_wrong[listed]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    top = {f"precision of {length}": float(hits[:length].sum() / min(length, len(hits) or 1)) for length in LENGTHS}
    average = float((precision * hits).sum() / is_wrong.sum())
    return {
        "rows": len(hits),
        "precision": float(hits.mean()) if len(hits) else 0.0,
        **top,
        "average precision": average,
    }


def mean(of_seeds: list[dict[str, float]]) -> dict[str, float]:
    """Return mean figures over seeds."""
    return {figure: round(statistics.mean(each[figure] for each in of_seeds), 4) for figure in FIGURES}


def by_cleanlab(labels: Labels, opinion: Probs, way: str) -> np.ndarray:
    from cleanlab.filter import find_label_issues as find

    found = find(labels, opinion, filter_by=way, return_indices_ranked_by="self_confidence", n_jobs=1)
    return np.asarray(found, dtype=np.int64)


def lists(X: np.ndarray, labels: Labels, probs: Probs, seed: int) -> dict[str, np.ndarray]:
    """Return the rows that each way lists, the worst first."""
    names = [str(label) for label in range(probs.shape[1])]
    opinion = second_opinion(checked_rows(X, labels, probs), seed)
    each = np.arange(len(labels))
    found = {OURS: np.array([issue.row for issue in find_label_issues(X, labels, probs, names, seed=seed)], np.int64)}
    found |= {title: by_cleanlab(labels, opinion, way) for title, way in CLEANLAB.items()}
    found[PROBABILITY] = np.argsort(opinion[each, labels], kind="stable")
    order = np.random.default_rng(seed).permutation(len(labels))
    found[VOTES] = order[np.argsort(probs[order, labels[order]], kind="stable")]
    return found


def measured(data: Path, name: str, work: Path, seeds: int) -> dict:
    """Return the figures of a set: means over seeds."""
    source, rows = read_bench_set(data / name), prepare(data, name, work / "sets")
    model = LABEL_MODELS["majority"](source.k)
    model.fit(source.train.L)
    labels = model.predict(source.train.L)
    labeled = np.flatnonzero(labels != ABSTAIN)
    is_wrong = train_gold(source)[labeled] != labels[labeled]
    found: dict[str, list[dict[str, float]]] = {}
    for seed in range(seeds):
        of_seed = lists(rows.train.X[labeled], labels[labeled], rows.train.probs["majority"][labeled], seed)
        for title, listed in of_seed.items():
            found.setdefault(title, []).append(scores(listed, is_wrong))
    return {
        "rows": len(labeled),
        "wrong": int(is_wrong.sum()),
        "found": {title: mean(each) for title, each in found.items()},
    }


def table(result: dict) -> str:
    """Write the figures as Markdown."""
    head = ["set", "list by", "rows", "wrong", *(f"of the first {length}" for length in LENGTHS), "average precision"]
    lines = [f"| {' | '.join(head)} |", "| --- | --- |" + " ---: |" * (len(head) - 2)]
    for name, of_set in result["sets"].items():
        lines.append(f"| {name} | all labeled rows | {of_set['rows']} | {of_set['wrong'] / of_set['rows']:.0%} | | | |")
        for title, figures in of_set["found"].items():
            whole = figures["rows"] == of_set["rows"]
            shown = ["all", ""] if whole else [f"{figures['rows']:.0f}", f"{figures['precision']:.0%}"]
            shown += [f"{figures[figure]:.0%}" for figure in FIGURES[2:-1]] + [f"{figures['average precision']:.2f}"]
            way = f"`{title}`" if title == OURS else title
            lines.append(f"| {name} | {way} | {' | '.join(shown)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--peers-folder", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    sys.path.append(str(given.peers_folder))
    sets = {name: measured(given.data, name, given.work, given.seeds) for name in SETS}
    setting = {"labels": "majority vote", "seeds": given.seeds}
    save("quality_label_issues", ["numpy", "scipy", "scikit-learn", "cleanlab"], {"setting": setting, "sets": sets})


if __name__ == "__main__":
    main()
