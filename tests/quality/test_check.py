"""Checks of labels: verdicts that hold whenever one looks, few rows, and figures that are exact in the end."""

from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from weaklabel.errors import ConfigError
from weaklabel.quality import check_labels
from weaklabel.quality.betting import log_capital_above, log_capital_below, lower_bound, upper_bound
from weaklabel.quality.design import make_design

LABELS = ["ham", "spam"]


def corpus_of(rng, n, error, *, honest=True):
    """Labels, what is true, and confidences, which say how often labels are wrong, or say nothing."""
    right = rng.beta(6, 6 * error / (1 - error), n)
    wrong = rng.random(n) >= right
    preds = rng.integers(0, 2, n)
    return preds, np.where(wrong, 1 - preds, preds), right if honest else rng.beta(8, 0.5, n)


@pytest.mark.parametrize("honest", [True, False])
def test_bad_labels_seldom_pass_however_often_one_looks(honest):
    passed = 0
    for seed in range(40):
        preds, truth, sure = corpus_of(np.random.default_rng(seed), 400, 0.1, honest=honest)
        wrong = preds != truth
        design = make_design(np.arange(400), sure, wrong.mean() - 1e-9, seed)  # the share of errors is not below this
        drawn = np.array(list(islice(design.draws(), 300)))
        x, largest = (design.weights * wrong)[drawn], design.weights.max()
        capital = [log_capital_below(x[:n], wrong.mean(), largest, design.stake) for n in range(1, 300, 3)]
        passed += max(capital) >= np.log(5)
    assert passed <= 40 / 5


def test_good_labels_pass_with_few_rows():
    preds, truth, sure = corpus_of(np.random.default_rng(0), 1000, 0.03)
    gold = np.full(1000, -1)
    while (check := check_labels(preds, gold, LABELS, sure, n_next=40)).verdict == "open":
        gold[check.next_rows] = truth[check.next_rows]
    assert (check.verdict, check.n_checked < 200) == ("pass", True)


def test_confidences_save_work():
    sure = np.random.default_rng(0).beta(6, 0.3, 1000)
    assert (
        make_design(np.arange(1000), sure, 0.1, 0).growth
        > make_design(np.arange(1000), np.full(1000, sure.mean()), 0.1, 0).growth
    )


def test_bounds_cover_the_mean():
    misses = 0
    for seed in range(100):
        x = np.random.default_rng(seed).random(200) < 0.2
        misses += not lower_bound(x * 1.0, 1.0, 0.05, 0.5) <= 0.2 <= upper_bound(x * 1.0, 1.0, 0.05, 0.5)
    assert misses <= 10


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0, 2), min_size=1, max_size=30),
    st.floats(0.05, 0.95),
    st.floats(0.05, 0.95),
    st.floats(0.01, 0.99),
)
def test_capital_is_monotone_in_the_mean_so_that_bounds_are_found_by_halving(x, one, other, stake):
    x, (low, high) = np.array(x), sorted((one, other))
    assert log_capital_below(x, low, 2.0, stake) <= log_capital_below(x, high, 2.0, stake) + 1e-9
    assert log_capital_above(x, low, stake) >= log_capital_above(x, high, stake) - 1e-9


def test_draws_are_the_same_again_and_weights_make_the_mean_right():
    confidence = np.random.default_rng(0).random(500)
    design = make_design(np.arange(500), confidence, 0.1, seed=3)
    again = make_design(np.arange(500), confidence, 0.1, seed=3)
    assert [row for row, _ in zip(design.draws(), range(50), strict=False)] == [
        row for row, _ in zip(again.draws(), range(50), strict=False)
    ]
    assert design.odds.sum() == pytest.approx(1)
    assert (design.odds * design.weights).sum() == pytest.approx(1)


def test_rows_that_were_picked_do_not_count():
    rng = np.random.default_rng(0)
    preds, truth, confidence = corpus_of(rng, 400, 0.3)
    gold = np.where(preds == truth, truth, -1)  # only rows that are right
    first = check_labels(preds, np.full(400, -1), LABELS, confidence).next_rows[0]
    gold[first] = -1
    check = check_labels(preds, gold, LABELS, confidence)
    assert (check.verdict, check.n_checked) == ("open", 0)
    assert check.n_out_of_order == (gold >= 0).sum()
    assert check.next_rows[0] == first


def test_all_rows_checked_give_exact_figures():
    preds, truth = np.array([0, 0, 0, 1, -1]), np.array([0, 0, 1, 1, -1])
    check = check_labels(preds, truth, LABELS, min_precision=0.7)
    assert (check.verdict, check.precision.low, check.precision.high) == ("pass", 0.75, 0.75)
    ham = check.per_class["ham"]
    assert (ham.precision.value, ham.recall.value, ham.f1.value) == (pytest.approx(2 / 3), 1, pytest.approx(0.8))
    assert check_labels(preds, truth, LABELS, min_precision=0.8).verdict == "fail"


def test_estimates_by_class_are_near_the_truth():
    rng = np.random.default_rng(1)
    preds, truth, confidence = corpus_of(rng, 3000, 0.2)
    gold = np.full(3000, -1)
    order = check_labels(preds, gold, LABELS, confidence, n_next=1500, min_precision=0.5).next_rows
    gold[order] = truth[order]
    check = check_labels(preds, gold, LABELS, confidence, min_precision=0.5)
    for number, name in enumerate(LABELS):
        of_class = check.per_class[name]
        precision = (truth[preds == number] == number).mean()
        recall = (preds[truth == number] == number).mean()
        assert of_class.precision.low <= precision <= of_class.precision.high
        assert of_class.recall.value == pytest.approx(recall, abs=0.05)


def test_rows_that_labels_were_fitted_on_are_not_drawn():
    preds = np.zeros(50, dtype=np.int64)
    left_out = np.arange(50) < 40
    check = check_labels(preds, np.full(50, -1), LABELS, n_next=50, left_out=left_out)
    assert (check.n_labeled, check.n_left_out) == (10, 40)
    with pytest.raises(ConfigError, match="fitted with decisions on all 50 rows"):
        check_labels(preds, np.full(50, -1), LABELS, left_out=left_out | True)
    assert sorted(check.next_rows) == list(range(40, 50))


def test_labels_that_cannot_pass_are_not_planned_for():
    preds = np.zeros(200, dtype=np.int64)
    assert check_labels(preds, np.full(200, -1), LABELS, np.full(200, 0.6)).more is None


@pytest.mark.parametrize("wrong", [{"min_precision": 1.0}, {"confidence": 1.0}, {"seed": -1}])
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigError, match="min_precision must be above 0"):
        check_labels(np.zeros(3, dtype=np.int64), np.full(3, -1), LABELS, **wrong)


def test_rows_without_labels_are_refused():
    with pytest.raises(ConfigError, match="none of 3 rows has a label to check"):
        check_labels(np.full(3, -1), np.full(3, -1), LABELS)
