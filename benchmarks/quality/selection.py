"""Where choosing training rows pays: every selector beside honest baselines, at several budgets of rows and of gold.

    OMP_NUM_THREADS=1 python -m benchmarks.quality.selection --data FOLDER --work FOLDER [--seeds 3] [--seconds 500]

FOLDER has a folder for each real set, in WRENCH's format. Rows of train are chosen by their weak labels, of majority vote or of
`auto`; a linear classifier is trained on the soft labels of what is chosen, and scored on test. Gold is drawn from valid, its
other rows tell which method would have been chosen without test. What is done is kept by cell (set, labels, seed, gold) in
the folder of work, so that the same command goes on where it stopped; it stops by itself after ``--seconds`` of CPU.
"""

import argparse
import json
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from benchmarks.common import save
from benchmarks.quality.selection_results import summed_up
from benchmarks.quality.selection_sets import LABELS, SETS, Prepared, Rows, prepare
from weaklabel.labels import Labels, Probs, VoteArray
from weaklabel.registries import SELECTORS
from weaklabel.select.budget import choose, gold_shares
from weaklabel.select.head import LinearHead

BUDGETS = (0.05, 0.1, 0.25, 0.5)
"""Shares of the rows that are chosen; all rows are the baseline."""

GOLD = (0, 25, 100, 400)
"""Rows with gold; where valid has fewer, all but a quarter of it."""

MAX_ROWS = 6000
"""Train rows of larger sets; each seed draws others."""

COMPONENTS = 256
"""Of the vectors, for the classifier that is scored."""

GOLD_WEIGHT = 10.0
"""How much a row with gold counts where it is added to weakly labeled rows."""

WITHOUT_GOLD = (
    "random", "confidence", "margin", "agreement", "cut", "loss", "forgetting", "combined", "k-center", "clusters", "density",
    "length",
)  # fmt: skip
RANKED, DRAWN = ("shapley", "influence"), ("counting", "verified", "rl-lfs", "rl-groups", "rl-rows", "dvrl")
"""Selectors with gold: those whose best rows are taken, classes balanced by gold, and those that draw rows."""

REPLICATES = 200


@dataclass(frozen=True)
class Cell:
    """What is computed at once."""

    name: str
    labels: str
    seed: int
    gold: int

    def file(self, work: Path) -> Path:
        """Return where its figures are."""
        return work / "cells" / f"{self.name} {self.labels} {self.seed} {self.gold}.json"


class Judge:
    """Trains the classifier on chosen rows, and scores it on test rows and on valid rows that gave no gold."""

    def __init__(self, rows: Prepared, train: Rows, valid_rows: np.ndarray) -> None:
        self._k, self._positive = rows.k, rows.positive
        self._head = LinearHead(train.X, COMPONENTS)
        self._test, self._valid = rows.test.Y, rows.valid.Y[valid_rows]
        self._inputs = self._head.transform(np.vstack([rows.test.X, rows.valid.X[valid_rows]]))
        drawn = np.random.default_rng(0).multinomial(
            len(self._test), np.full(len(self._test), 1 / len(self._test)), REPLICATES
        )
        self._drawn = np.vstack([np.ones(len(self._test)), drawn])
        self._base: np.ndarray | None = None

    def figures(self, chosen: np.ndarray, targets: Probs, X: np.ndarray | None = None, Y: Labels | None = None) -> dict:
        """Train on chosen rows, with rows with gold beside them, and return the scores."""
        head, T, weights = self._head.take(chosen), targets[chosen], np.ones(len(chosen))
        if X is not None:
            head.inputs = np.vstack([head.inputs, self._head.transform(X)])
            T = np.vstack([T, np.eye(self._k)[Y]])
            weights = np.append(weights, np.full(len(X), GOLD_WEIGHT if len(chosen) else 1.0))
        preds = head.predict_proba(head.fit(T, weights), self._inputs).argmax(axis=1)
        n = len(self._test)
        replicates = self._metric(self._test, preds[:n], self._drawn)
        if self._base is None:
            self._base = replicates
        apart = replicates - self._base
        valid = self._metric(self._valid, preds[n:], np.ones((1, len(self._valid))))[0] if len(self._valid) else None
        return {
            "rows": len(chosen),
            "test": round(float(replicates[0]), 4),
            "difference": round(float(apart[0]), 4),
            "error": round(float(apart[1:].std()), 4),
            "valid": None if valid is None else round(float(valid), 4),
        }

    def _metric(self, Y: Labels, preds: Labels, drawn: np.ndarray) -> np.ndarray:
        if self._positive is None:
            return drawn @ (preds == Y) / drawn.sum(axis=1)
        is_said, is_true = preds == self._positive, self._positive == Y
        return 2 * (drawn @ (is_said & is_true)) / np.maximum(drawn @ is_said + drawn @ is_true.astype(float), 1)


def run_cell(cell: Cell, rows: Prepared) -> dict:
    """Return the figures of all methods with this much gold: method -> budget -> figures."""
    rng = np.random.default_rng([cell.seed, 7])
    probs = rows.train.probs[cell.labels]
    labeled = np.flatnonzero(np.isfinite(probs[:, 0]))
    if len(labeled) > MAX_ROWS:
        labeled = np.sort(rng.choice(labeled, MAX_ROWS, replace=False))
    train = _taken(rows.train, labeled)
    P = train.probs[cell.labels]
    y = P.argmax(axis=1)
    order = np.random.default_rng([cell.seed, 8]).permutation(len(rows.valid.Y))
    known = np.sort(order[: min(cell.gold, len(order) * 3 // 4)])
    others = np.sort(np.setdiff1d(order, known))
    judge = Judge(rows, train, others)
    everything, nothing = np.arange(len(y)), np.arange(0)
    figures: dict[str, dict[str, dict]] = {"all rows": {"100%": judge.figures(everything, P)}}
    notes = {"labeled rows": len(labeled), "gold rows": len(known)}
    if not cell.gold:
        for name in WITHOUT_GOLD:
            selector = SELECTORS[name](seed=cell.seed).fit(train.X, y, P, texts=train.texts)
            figures[name] = {
                shown(budget): judge.figures(
                    choose(selector.scores_, y, budget, class_balance="labels", seed=cell.seed), P
                )
                for budget in BUDGETS
            }
        return {"methods": figures, **notes}
    X_gold, Y_gold = rows.valid.X[known], rows.valid.Y[known]
    gold = {"X": X_gold, "Y": Y_gold}
    figures["gold alone"] = {"0%": judge.figures(nothing, P, **gold)}
    figures["all rows and gold"] = {"100%": judge.figures(everything, P, **gold)}
    # Selectors see rows with gold as they are in a corpus: with their weak labels, where they have any.
    with_label = known[np.isfinite(rows.valid.probs[cell.labels][known, 0])]
    both = np.vstack([P, rows.valid.probs[cell.labels][with_label]])
    given = {
        "features": np.vstack([train.X, rows.valid.X[with_label]]),
        "labels": both.argmax(axis=1),
        "probs": both,
        "votes": np.vstack([train.L, rows.valid.L[with_label]]),
        "gold": np.append(np.full(len(y), -1), rows.valid.Y[with_label]),
    }
    shares = gold_shares(Y_gold, y)
    for name in ("random", *RANKED, *DRAWN):
        began = time.process_time()
        selector = _selector(name, cell.seed).fit(**given)
        scores = selector.scores_[: len(y)]
        seconds = time.process_time() - began
        balance = shares if name in RANKED or name == "random" else None
        figures[name], figures[f"{name} and gold"] = {}, {}
        for budget in BUDGETS:
            chosen = choose(scores, y, budget, class_balance=balance, seed=cell.seed)
            figures[name][shown(budget)] = judge.figures(chosen, P)
            figures[f"{name} and gold"][shown(budget)] = judge.figures(chosen, P, **gold)
        figures[name][shown(BUDGETS[0])]["cpu_seconds"] = round(seconds, 2)
        kept = selector.lf_scores_
        if kept is not None and cell.labels == "majority" and (kept >= 0.5).any():
            again, votes = voted_again(train.L, kept >= 0.5, rows.k)
            figures[f"{name}, voted again"] = {"100%": judge.figures(again, votes)}
            figures[f"{name}, voted again, and gold"] = {"100%": judge.figures(again, votes, **gold)}
    return {"methods": figures, **notes}


def voted_again(L: VoteArray, is_kept: np.ndarray, k: int) -> tuple[np.ndarray, Probs]:
    """Return rows on which labeling functions that are kept vote, and the shares of their votes. Shape: [r], [n, k]."""
    counts = np.stack([(L[:, is_kept] == label).sum(axis=1) for label in range(k)], axis=1).astype(float)
    total = counts.sum(axis=1, keepdims=True)
    return np.flatnonzero(total[:, 0]), np.divide(counts, total, out=np.zeros_like(counts), where=total > 0)


def _selector(name: str, seed: int):
    if name == "dvrl":
        return SELECTORS["rl-rows"](algorithm="reinforce", folds=0, seed=seed)
    return SELECTORS[name](**({"folds": 0} if name.startswith("rl") else {}), seed=seed)


def _taken(rows: Rows, chosen: np.ndarray) -> Rows:
    texts = tuple(rows.texts[row] for row in chosen)
    probs = {name: own[chosen] for name, own in rows.probs.items()}
    return Rows(rows.X[chosen], rows.L[chosen], texts, rows.Y[chosen], probs)


def shown(budget: float) -> str:
    """Write a budget as a share."""
    return f"{budget:.0%}"


def cells(sets: tuple[str, ...], seeds: int) -> Iterator[Cell]:
    """Return all cells, seed by seed, so that what is there first covers all sets."""
    for seed, gold, name, labels in product(range(seeds), GOLD, sets, LABELS):
        yield Cell(name, labels, seed, gold)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the real sets")
    parser.add_argument("--work", type=Path, required=True, help="folder where what is done is kept")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--seconds", type=float, default=float("inf"), help="CPU seconds after which it stops")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    began, rows = time.process_time(), {}
    (options.work / "cells").mkdir(parents=True, exist_ok=True)
    done, is_whole = {}, True
    for cell in cells(tuple(options.sets.split(",")), options.seeds):
        file = cell.file(options.work)
        if not file.exists():
            if time.process_time() - began > options.seconds:
                is_whole = False
                continue
            if cell.name not in rows:
                rows[cell.name] = prepare(options.data, cell.name, options.work / "sets")
            part = file.with_suffix(".part")
            part.write_text(json.dumps(run_cell(cell, rows[cell.name])))
            part.replace(file)
            print(f"{time.process_time() - began:.0f} s: {file.stem}", file=sys.stderr, flush=True)
        done[cell] = json.loads(file.read_text())
    if done:
        setting = {
            "sets": options.sets.split(","),
            "cells": len(done),
            "cells_of_seed": {str(seed): sum(cell.seed == seed for cell in done) for seed in range(options.seeds)},
            "max_rows": MAX_ROWS,
            "classifier": f"logistic regression on {COMPONENTS} components of the embedding, soft labels",
            "gold_weight": GOLD_WEIGHT,
            "scored_on": "test; gold is drawn from valid, whose other rows give 'valid'",
        }
        keys = {(cell.name, cell.labels, cell.seed, cell.gold): figures for cell, figures in done.items()}
        rows = {f"{name} {labels}": figures["labeled rows"] for (name, labels, _, _), figures in keys.items()}
        gold_rows = {f"{name} {gold}": figures["gold rows"] for (name, _, _, gold), figures in keys.items()}
        setting |= {"labeled_rows": rows, "gold_rows": gold_rows}
        save("quality_selection", ["numpy", "scikit-learn"], {"setting": setting, "figures": summed_up(keys)})
    print(f"{len(done)} cells are done{'' if is_whole else ', not all: give the same command again'}", file=sys.stderr)


if __name__ == "__main__":
    main()
