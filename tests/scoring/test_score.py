import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays

from weaklabel.errors import ScoreError, WeakLabelWarning
from weaklabel.scoring import score

NAMES = ("ham", "spam", "other")


@st.composite
def cases(draw, k=3):
    """Gold and predicted classes with at least one gold row."""
    n = draw(st.integers(1, 30))
    Y = draw(arrays(np.int64, n, elements=st.integers(-1, k - 1)))
    Y[0] = max(Y[0], 0)
    return Y, draw(arrays(np.int64, n, elements=st.integers(-1, k - 1)))


@given(cases(), st.randoms(use_true_random=False), st.sampled_from(["miss", "drop"]))
def test_the_order_of_rows_changes_nothing(case, random, abstain):
    Y, preds = case
    order = list(range(len(Y)))
    random.shuffle(order)
    first, other = (
        score(y, p, labels=NAMES, abstain=abstain, intervals=20) for y, p in (case, (Y[order], preds[order]))
    )
    assert first == other


@given(cases(), st.permutations(range(3)))
def test_renaming_classes_permutes_the_values_of_classes(case, new_number):
    Y, preds = case
    table = np.array([*new_number, -1])
    renamed = [NAMES[new_number.index(number)] for number in range(3)]
    first = score(Y, preds, labels=NAMES, intervals=0)
    other = score(table[Y], table[preds], labels=renamed, intervals=0)
    assert {c.label: c for c in first.per_class} == {c.label: c for c in other.per_class}
    for name in ("accuracy", "macro_f1", "micro_f1", "weighted_f1", "mcc", "coverage"):
        assert getattr(first, name) == pytest.approx(getattr(other, name))


@given(cases(), st.sampled_from(["miss", "drop"]))
def test_every_share_lies_between_0_and_1_and_its_interval_in_order(case, abstain):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = score(*case, labels=NAMES, abstain=abstain, intervals=20)
    for name in ("accuracy", "precision", "recall", "f1", "coverage", "weighted_f1", "micro_precision"):
        assert 0 <= getattr(scores, name) <= 1 + 1e-12
    assert -1 - 1e-12 <= scores.mcc <= 1 + 1e-12
    assert all(low <= high for low, high in scores.intervals.values())
    assert sum(map(sum, scores.confusion)) == scores.n == len(case[0]) - scores.unlabeled
    assert scores.covered == round(scores.coverage * scores.n)


def test_perfect_predictions_score_1():
    Y = np.array([0, 1, 2, 1, 0, 2])
    scores = score(Y, np.eye(3)[Y], labels=NAMES)
    names = ("coverage", "accuracy", "precision", "recall", "f1", "macro_f1", "micro_f1", "weighted_f1", "mcc")
    assert [getattr(scores, name) for name in names] == pytest.approx([1.0] * len(names))
    assert (scores.brier, scores.log_loss, scores.calibration_error) == (0, 0, 0)
    assert not scores.notes


@pytest.mark.parametrize("abstain", ["miss", "drop"])
@pytest.mark.parametrize("predictions", [[-1, -1, -1], np.full((3, 2), np.nan)])
def test_abstaining_everywhere(abstain, predictions):
    scores = score([0, 1, 1], predictions, abstain=abstain)
    assert (scores.coverage, scores.covered, scores.f1, scores.accuracy, scores.mcc) == (0, 0, 0, 0, 0)
    assert scores.confusion == ((0, 0, 1), (0, 0, 2))
    assert scores.brier is scores.log_loss is scores.calibration_error is None
    assert scores.notes


def test_abstains_are_misses_unless_dropped():
    Y, preds = [1, 1, 1, 1, 0, 0], [1, -1, -1, -1, 0, -1]
    miss, drop = (score(Y, preds, abstain=abstain, intervals=0) for abstain in ("miss", "drop"))
    assert miss.coverage == drop.coverage == pytest.approx(2 / 6)
    assert (miss.accuracy, miss.precision, miss.recall) == (pytest.approx(2 / 6), 1.0, 0.25)
    assert (drop.accuracy, drop.precision, drop.recall) == (1.0, 1.0, 1.0)
    assert miss.n == drop.n == 6 and miss.confusion == drop.confusion
    assert [item.support for item in drop.per_class] == [1, 1]


def test_rows_without_gold_are_counted_and_not_scored():
    scores = score([-1, 0, 1, -1], [0, 0, 1, 1], intervals=0)
    assert (scores.n, scores.unlabeled, scores.accuracy) == (2, 2, 1.0)


def test_averages_by_default():
    assert score([0, 1], [0, 1], intervals=0).positive == "1"
    assert score([0, 1], [0, 1], labels=("ham", "spam"), intervals=0).positive == "spam"
    three = score([0, 1, 2, 2], [0, 1, 1, 2], intervals=0)
    assert (three.positive, three.average) == (None, "macro")
    assert (three.precision, three.recall, three.f1) == (three.macro_precision, three.macro_recall, three.macro_f1)


def test_classes_are_counted_from_probabilities_or_values_and_are_two_at_least():
    assert score([0, 0], [0, 0], intervals=0).labels == ("0", "1")
    assert score([0, 4], [0, 0], intervals=0).labels == ("0", "1", "2", "3", "4")
    assert score([0, 1], np.full((2, 3), 1 / 3), intervals=0).labels == ("0", "1", "2")


def test_undefined_ratios_are_0_and_noted():
    scores = score([0, 0, 1], [0, 0, 0], labels=("ham", "spam", "other"), intervals=0)
    text = "\n".join(scores.notes)
    assert "'spam' is never predicted" in text and "'other' is neither in gold nor predicted" in text
    assert "MCC is 0/0" in text
    assert "'spam' is not in gold" in "\n".join(score([0, 0], [0, 1], labels=("ham", "spam"), intervals=0).notes)


def test_intervals_depend_on_the_seed_alone_and_leave_the_global_generator_alone():
    rng = np.random.default_rng(3)
    Y, preds = rng.integers(0, 2, 200), rng.integers(-1, 2, 200)
    np.random.seed(1)
    before = np.random.get_state()[1].copy()
    first, again, other = (score(Y, preds, seed=seed).intervals for seed in (0, 0, 1))
    assert first == again != other
    assert (np.random.get_state()[1] == before).all()
    assert set(first) == {"accuracy", "precision", "recall", "f1", "macro_f1", "mcc"}
    assert score(Y, preds, intervals=0).intervals == {}


def test_intervals_are_as_wide_as_theory_says():
    Y = np.ones(400, dtype=int)
    preds = np.r_[np.ones(300, dtype=int), np.zeros(100, dtype=int)]
    low, high = score(Y, preds, intervals=4000).intervals["accuracy"]
    half = 1.96 * (0.75 * 0.25 / 400) ** 0.5
    assert (low, high) == (pytest.approx(0.75 - half, abs=0.006), pytest.approx(0.75 + half, abs=0.006))
    narrow = score(Y, preds, intervals=4000, confidence=0.5).intervals["accuracy"]
    assert low < narrow[0] < 0.75 < narrow[1] < high


def test_draws_do_not_depend_on_how_many_are_made_at_once(monkeypatch):
    rng = np.random.default_rng(4)
    Y, preds = rng.integers(0, 3, 100), rng.integers(-1, 3, 100)
    whole = score(Y, preds).intervals
    monkeypatch.setattr("weaklabel.scoring.intervals._NUMBERS_AT_ONCE", 100)
    assert score(Y, preds).intervals == whole


def test_probabilities_given_with_classes_that_abstain_on_a_tie():
    probs = np.array([[0.5, 0.5], [0.1, 0.9], [np.nan, np.nan]])
    scores = score([0, 1, 1], [-1, 1, -1], probs=probs, intervals=0)
    assert scores.coverage == scores.accuracy == pytest.approx(1 / 3)
    assert scores.brier == pytest.approx((0.25 + 0.01) / 2)
    alone = score([0, 1, 1], probs, intervals=0)
    assert alone.coverage == alone.accuracy == pytest.approx(2 / 3) and alone.brier == scores.brier


@pytest.mark.parametrize(("predictions", "probs"), [([0, 1], [0, 1]), (np.eye(2), np.eye(2))])
def test_probabilities_are_given_with_classes_only(predictions, probs):
    with pytest.raises(ScoreError, match="given with predictions that are classes"):
        score([0, 1], predictions, probs=probs)


def test_gold_and_predictions_may_be_names():
    gold, predicted = ["spam", "ham", None, "-1", "ham"], np.array(["spam", "spam", "ham", "ham", ""])
    result = score(gold, predicted, intervals=0)
    assert (result.labels, result.n, result.accuracy, result.coverage) == (("ham", "spam"), 3, 1 / 3, 2 / 3)


def test_missing_gold_is_no_gold():
    numbers = score([1, 0, -1, -1], [1, 1, 0, 0], intervals=0)
    for gold in (
        [1.0, 0.0, np.nan, -1.0],
        [1, 0, None, -1],
        pd.Series([1, 0, None, -1], dtype="Int64"),
        [True, False, None, -1],
    ):
        assert score(gold, [1, 1, 0, 0], intervals=0) == numbers


def test_near_equal_names_are_matched_with_a_warning():
    with pytest.warns(
        WeakLabelWarning, match=r"gold: 2 labels .*'Spam' as class 'spam' \(1\), 'spam ' as class 'spam' \(1\)"
    ):
        assert score(["Spam", "ham", "spam "], ["spam", "ham", "spam"], intervals=0).accuracy == 1
    with pytest.warns(WeakLabelWarning, match="'1' as class number 1, 'spam'"):
        assert score(["1", "0"], ["spam", "ham"], labels=("ham", "spam"), intervals=0).accuracy == 1


def test_whole_numbers_beside_names_are_class_numbers(recwarn):
    assert score([1, 0], ["spam", "ham"], labels=("ham", "spam"), intervals=0).accuracy == 1
    assert not recwarn


def test_frames_of_probabilities_are_aligned_by_name():
    probs = pd.DataFrame({"p_spam": [0.9, 0.2], "p_ham": [0.1, 0.8]})
    result = score([1, 0], probs, labels=("ham", "spam"), intervals=0)
    assert (result.accuracy, result.positive) == (1, "spam")
    assert score(["spam", "ham"], probs, intervals=0).accuracy == 1
    with pytest.raises(ScoreError, match="the classes good, bad"):
        score([1, 0], probs, labels=("good", "bad"))


def test_frames_columns_are_taken_by_position():
    Y = pd.Series([0, 1, 1], index=[7, 3, 5])
    assert score(Y, pl.Series([0, 1, 0]), intervals=0).accuracy == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([0, 1], [0]), {}, "gold has 2 rows but predictions have 1"),
        (([0, 1], np.full((3, 2), 0.5)), {}, "gold has 2 rows but predictions have 3"),
        (([-1, -1], [0, 1]), {}, "none of the 2 rows has a label"),
        (([], []), {}, "none of the 0 rows has a label"),
        (
            ([0, 2], [0, 1]),
            {"labels": ("ham", "spam")},
            "gold: label 2 in row 1 is outside -1..1: labels are ham, spam",
        ),
        (([0, 1], [0, 2]), {"labels": ("ham", "spam")}, "predictions: label 2 in row 1"),
        (([0, 2], np.full((2, 2), 0.5)), {}, "gold: label 2 in row 1"),
        (([0, 1], np.full((2, 3), 1 / 3)), {"labels": ("ham", "spam")}, "3 probabilities a row for 2 classes"),
        (([0, 1], [[0.5, 0.9], [0.5, 0.5]]), {}, "probabilities of row 0"),
        (([0, 1], [["a", "b"], ["c", "d"]]), {}, "predictions: "),
        (([0, 1], ["ham", "spam"]), {}, "share no class: predictions are 'ham', 'spam', gold is '0', '1'"),
        (([0.5, 1.0], [0, 1]), {}, "gold: labels must be one whole number a row"),
        (
            (["ham", "spma"], ["ham", "spam"]),
            {"labels": ("ham", "spam")},
            "gold: row 1: unknown label 'spma' (did you mean",
        ),
        (([["ham", "spam"], "ham"], ["ham", "spam"]), {}, "gold: row 0: ['ham', 'spam'] are 2 labels; give one"),
        ((["ham", "spam"], np.full((2, 2), 0.5)), {}, "probabilities have no class names"),
        (([0, 1], [[0.5], [0.5, 0.5]]), {}, "predictions: "),
        (([0, 1], [0, 1]), {"labels": ("ham", "spam"), "positive": "Spam"}, "did you mean 'spam'"),
        (([0, 1], [0, 1]), {"positive": 2}, "positive=2 is outside 0..1"),
        (([0, 1], [0, 1]), {"labels": ("ham", "ham")}, "names a class twice"),
        (([0, 1], [0, 1]), {"abstain": "ignore"}, "abstain='ignore'"),
        (([0, 1], [0, 1]), {"intervals": -1}, "intervals=-1"),
        (([0, 1], [0, 1]), {"confidence": 95}, "confidence=95"),
    ],
)
def test_errors_are_one_sentence(arguments, options, message):
    with pytest.raises(ScoreError) as error:
        score(*arguments, **options)
    assert message in str(error.value) and "\n" not in str(error.value)
