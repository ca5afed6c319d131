"""Figures of lists of rows whose label is probably wrong."""

import numpy as np
import pytest

from benchmarks.quality.label_issues import OURS, PROBABILITY, mean, scores, table


def test_lists_are_scored_from_their_top_and_lose_what_they_miss():
    is_wrong = np.isin(np.arange(200), [3, 5, 150])
    listed = scores(np.array([3, 0, 5]), is_wrong)
    assert listed["precision"] == listed["precision of 50"] == pytest.approx(2 / 3)
    assert listed["average precision"] == pytest.approx((1 + 2 / 3) / 3)
    whole = scores(np.arange(200), is_wrong)
    assert (whole["precision of 50"], whole["precision of 100"]) == (2 / 50, 2 / 100)
    nothing = scores(np.array([], dtype=np.int64), is_wrong)
    assert (nothing["rows"], nothing["precision"], nothing["average precision"]) == (0, 0, 0)


def test_a_list_of_all_rows_has_no_length_of_its_own_in_the_table():
    is_wrong = np.isin(np.arange(200), [3, 5, 150])
    found = {OURS: mean([scores(np.array([3, 0]), is_wrong)]), PROBABILITY: mean([scores(np.arange(200), is_wrong)])}
    lines = table({"sets": {"made": {"rows": 200, "wrong": 3, "found": found}}}).splitlines()
    assert lines[2] == "| made | all labeled rows | 200 | 2% | | | |"
    assert lines[3] == "| made | `find_label_issues` | 2 | 50% | 50% | 50% | 0.33 |"
    assert lines[4].startswith("| made | lowest probability of the label | all |  | 4% | 2% |")
