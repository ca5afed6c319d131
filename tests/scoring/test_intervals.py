"""Intervals: of shares, and of scores where the bootstrap gives none."""

import numpy as np
import pytest

from weaklabel.scoring import score
from weaklabel.scoring.intervals import wilson


@pytest.mark.parametrize("hits, n, low, high", [(8, 10, 0.490, 0.943), (0, 20, 0.0, 0.161), (20, 20, 0.839, 1.0)])
def test_wilson(hits, n, low, high):
    assert wilson(hits / n, n) == (pytest.approx(low, abs=1e-3), pytest.approx(high, abs=1e-3))


def test_a_higher_confidence_is_wider():
    low, high = wilson(0.5, 100)
    wider = wilson(0.5, 100, confidence=0.99)
    assert wider[0] < low < high < wider[1]
    assert high - low == pytest.approx(2 * 1.96 * 0.05, rel=0.03)


@pytest.mark.parametrize("k", [2, 3])
def test_scores_of_only_right_rows_have_an_interval(k):
    Y = np.arange(20 * k) % k
    scores = score(Y, Y)
    assert scores.intervals["accuracy"] == wilson(1, 20 * k)
    for name in ("precision", "recall"):
        assert scores.intervals[name] == pytest.approx(wilson(1, 20))
    assert all(0.5 < low < 1 and high == pytest.approx(1) for low, high in scores.intervals.values())
    more = score(np.tile(Y, 50), np.tile(Y, 50))
    assert all(more.intervals[name][0] > 0.99 for name in scores.intervals)


def test_a_precision_without_errors_has_an_interval_beside_a_recall_with_some():
    Y, preds = [1] * 30 + [0] * 30, [1] * 20 + [0] * 40
    scores = score(Y, preds)
    assert scores.intervals["precision"] == wilson(1, 20)
    low, high = scores.intervals["recall"]  # by the bootstrap
    assert low < 2 / 3 < high and (low, high) != pytest.approx(wilson(2 / 3, 30))


def test_scores_of_only_wrong_rows_have_an_interval():
    Y = np.arange(40) % 2
    scores = score(Y, 1 - Y)
    assert scores.intervals["accuracy"] == wilson(0, 40)
    for name in ("precision", "recall", "f1", "macro_f1"):
        low, high = scores.intervals[name]
        assert low == pytest.approx(0) and 0 < high < 0.4
    assert scores.intervals["mcc"][0] == pytest.approx(-1) and -0.9 < scores.intervals["mcc"][1] < 0


def test_what_is_0_of_0_has_no_width():
    scores = score([0, 0, 0], [0, 0, 0], labels=("ham", "spam"))
    assert scores.intervals["precision"] == scores.intervals["f1"] == scores.intervals["mcc"] == (0, 0)
    assert scores.intervals["accuracy"] == wilson(1, 3)


@pytest.mark.parametrize("right", [10, 40, 200])
def test_the_true_accuracy_lies_in_the_interval_of_a_perfect_sample(right):
    """An accuracy below the bound would give such a sample in less than 2.5% of all cases."""
    low, _ = score(np.ones(right, dtype=int), np.ones(right, dtype=int)).intervals["accuracy"]
    assert low**right < 0.05
