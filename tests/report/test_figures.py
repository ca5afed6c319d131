import numpy as np
import pytest

from weaklabel.report.insight import count_calibration, count_confidence, count_labels
from weaklabel.scoring.calibration import BINS, calibration_error


def test_confidence_is_counted_from_chance_on_and_rows_without_are_told():
    result = count_confidence(np.array([[0.5, 0.5], [0.0, 1.0], [0.26, 0.74], [np.nan, np.nan]]))
    assert (result.edges[0], result.edges[-1], result.without) == (0.5, 1.0, 1)
    assert sum(result.counts) == 3 and result.counts[0] == 1 and result.counts[-1] == 1


@pytest.mark.parametrize("k", [1, 2, 100])
def test_confidence_of_no_rows(k):
    result = count_confidence(np.zeros((0, k)))
    assert sum(result.counts) == 0 and len(result.edges) == len(result.counts) + 1


def test_calibration_compares_confidence_with_gold():
    probs = np.array([[0.9, 0.1], [0.9, 0.1], [0.35, 0.65], [np.nan, np.nan], [0.2, 0.8]])
    result = count_calibration(probs, np.array([0, 1, 1, 0, -1]))
    assert sum(result.rows) == 3
    there = [(c, a, n) for c, a, n in zip(result.confidence, result.accuracy, result.rows, strict=True) if n]
    assert there == [(pytest.approx(0.65), 1.0, 1), (pytest.approx(0.9), 0.5, 2)]


def test_the_chart_of_calibration_shows_the_error_that_stands_below_it():
    rng = np.random.default_rng(0)
    probs, Y = rng.dirichlet([1, 2, 3], 500), rng.integers(0, 3, 500)
    result = count_calibration(probs, Y)
    gaps = np.abs(np.subtract(result.confidence, result.accuracy)) @ result.rows / 500
    assert gaps == pytest.approx(calibration_error(probs, Y)) and len(result.rows) == BINS


def test_labels_are_counted_without_abstains():
    assert count_labels(np.array([0, 2, -1, 2]), 3).tolist() == [1, 0, 2]


def test_rows_are_counted_block_by_block_to_the_same(monkeypatch):
    rng = np.random.default_rng(1)
    probs, Y = rng.dirichlet([1, 2, 3], 500), rng.integers(-1, 3, 500)
    probs[::7] = np.nan
    whole = count_confidence(probs), count_calibration(probs, Y), count_labels(Y, 3).tolist()
    monkeypatch.setattr("weaklabel.labels.row_blocks.__defaults__", (13,))
    assert count_confidence(probs) == whole[0] and count_labels(Y, 3).tolist() == whole[2]
    parts = count_calibration(probs, Y)
    assert parts.rows == whole[1].rows
    assert parts.confidence == pytest.approx(whole[1].confidence) and parts.accuracy == pytest.approx(whole[1].accuracy)
