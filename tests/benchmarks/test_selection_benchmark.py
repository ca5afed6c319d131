"""The benchmark of selection: a cell on rows that are made here, and how cells are summed up."""

import json
import math

import numpy as np
import pytest

from benchmarks.quality.selection import Cell, run_cell, voted_again
from benchmarks.quality.selection_results import by_key, figure, means_table, summed_up, table
from benchmarks.quality.selection_sets import Prepared, Rows


def made(seed=0):
    rng = np.random.default_rng(seed)

    def rows(n, with_gold):
        truth = rng.integers(2, size=n)
        X = rng.normal(size=(n, 5)) + 2 * truth[:, None] * np.eye(5)[0]
        L = np.stack([np.where(rng.random(n) < 0.7, truth, -1), np.where(rng.random(n) < 0.3, 1 - truth, -1)], axis=1)
        counts = np.stack([(label == L).sum(axis=1) for label in range(2)], axis=1).astype(float)
        with np.errstate(invalid="ignore"):
            probs = counts / counts.sum(axis=1, keepdims=True)
        texts = tuple("a" * (number % 7 + 1) for number in range(n))
        gold = truth if with_gold else np.full(n, -1)
        return Rows(X, L.astype(np.int8), texts, gold, {"majority": probs})

    return Prepared("made", 2, None, rows(200, False), rows(80, True), rows(100, True))


def test_cells_have_all_methods_and_budgets_and_are_the_same_again():
    sets = made()
    without, with_gold = (run_cell(Cell("made", "majority", 0, gold), sets) for gold in (0, 25))
    assert with_gold["gold rows"] == 25
    assert set(without["methods"]["random"]) == {"5%", "10%", "25%", "50%"}
    base = without["methods"]["all rows"]["100%"]["test"]
    assert with_gold["methods"]["all rows"]["100%"]["test"] == base
    assert {"gold alone", "all rows and gold", "rl-groups", "counting, voted again"} <= set(with_gold["methods"])
    # The second labeling function is always wrong, and counting finds that.
    again = with_gold["methods"]["counting, voted again"]["100%"]
    assert again["test"] > base
    assert run_cell(Cell("made", "majority", 0, 0), sets) == without


def test_voting_again_leaves_labeling_functions_out():
    L = np.array([[0, 1, -1], [-1, 1, -1], [-1, -1, 1]], dtype=np.int8)
    rows, probs = voted_again(L, np.array([True, False, True]), 2)
    assert rows.tolist() == [0, 2]
    assert probs.tolist() == [[1, 0], [0, 0], [0, 1]]


def test_seeds_are_averaged_and_their_spread_counts_in_the_error():
    def cell(difference):
        figures = {"test": 0.8, "difference": difference, "error": 0.03, "valid": None}
        names = ("all rows", "all rows and gold", "gold alone", "random", "rl-groups")
        budgets = {"all rows": "100%", "all rows and gold": "100%", "gold alone": "0%"}
        return {"methods": {name: {budgets.get(name, "50%"): figures} for name in names}}

    sets = ("one", "two")
    cells = {
        (name, labels, seed, gold): cell(0.02 + 0.08 * seed)
        for name in sets
        for labels in ("majority", "auto")
        for seed in (0, 1)
        for gold in (0, 100)
    }
    result = json.loads(json.dumps({"setting": {"sets": sets}, "figures": summed_up(cells)}))
    row = by_key(result)["one", "auto", 100, "rl-groups", "50%"]
    assert row["difference"] == pytest.approx(0.06)
    assert row["error"] == pytest.approx(math.hypot(0.03, 0.04), abs=1e-4)
    assert row["seeds"] == 2
    assert "| half: `rl-groups` | +6.0 | +6.0 |" in table(result)
    assert "| `rl-groups` | +6.0 | +6.0 |" in means_table(result)
    assert figure(result) == figure(result)
