import numpy as np

from weaklabel.report.rows import EACH, pick_rows
from weaklabel.votes import vote_patterns
from weaklabel.votes.tally import count_votes


def picked(L, probs, preds=None, gold=None, seed=0):
    L = np.array(L, dtype=np.int8)
    table = vote_patterns(L)
    figures = count_votes(table, probs.shape[1])
    preds = probs.argmax(axis=1) if preds is None else preds
    return {kind.title: list(kind.rows) for kind in pick_rows(table, figures, probs, preds, gold, seed)}


def of(shares):
    return np.array([[share, 1 - share] for share in shares])


def test_the_most_contradicted_votes_come_first_and_each_only_once():
    L = [[0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 1], [0, 0, 0, 1], [0, 0, 1, 1], [-1, 0, -1, -1]]
    assert picked(L, of([0.9, 0.8, 0.5, 0.8, 0.5, 0.9]))["Most conflicted"] == [2, 1]


def test_the_least_certain_are_other_rows_than_the_conflicted():
    L = [[0, 1], [0, -1], [-1, 0], [0, 0]]
    assert picked(L, of([0.5, 0.6, 0.7, 0.99]))["Least certain"] == [1, 2, 3]


def test_uncovered_rows_are_drawn_by_the_seed():
    L = np.full((100, 2), -1)
    nothing = np.full((100, 2), np.nan)
    first, second = picked(L, nothing, np.full(100, -1)), picked(L, nothing, np.full(100, -1), seed=1)
    assert set(first) == {"Uncovered"} and len(first["Uncovered"]) == EACH
    assert first == picked(L, nothing, np.full(100, -1)) and first != second


def test_what_is_surest_and_wrong_is_picked_with_gold():
    L = [[0, -1], [1, -1], [0, 0], [1, 1]]
    result = picked(L, of([0.7, 0.2, 0.99, 0.1]), gold=np.array([1, 1, 1, -1]))
    assert result["Sure and wrong"] == [2, 0]


def test_no_rows_give_nothing_to_look_at():
    assert picked(np.zeros((0, 3)), np.zeros((0, 2)), np.zeros(0, dtype=int)) == {}


def test_one_class_has_no_margin():
    assert picked([[0], [-1]], np.array([[1.0], [np.nan]]), np.array([0, -1])) == {"Uncovered": [1]}


def test_rows_of_many_blocks_are_those_of_one(monkeypatch):
    """The first row of each pattern in order of the value, as a plain sort of all rows finds it."""
    rng = np.random.default_rng(0)
    L, gold = rng.integers(-1, 2, (400, 3)), rng.integers(-1, 2, 400)
    shares = rng.integers(0, 20, 400) / 20  # with many ties
    shares[(L < 0).all(axis=1)] = np.nan
    probs = of(shares)
    preds = np.where(np.isnan(shares), -1, probs.argmax(axis=1))
    whole = picked(L, probs, preds, gold)
    monkeypatch.setattr("weaklabel.labels.row_blocks.__defaults__", (9,))
    assert picked(L, probs, preds, gold) == whole

    patterns = vote_patterns(L.astype(np.int8)).rows()
    seen = set(patterns[whole["Most conflicted"]])
    closest = []
    for row in np.argsort(np.abs(1 - 2 * shares), kind="stable"):
        if not np.isnan(shares[row]) and patterns[row] not in seen:
            seen.add(patterns[row])
            closest.append(row)
    assert whole["Least certain"] == closest[:EACH]
