import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, strategies as st

from weaklabel.classifier.targets import check_texts, class_names, soft_targets
from weaklabel.errors import ClassifierError

NONE = [np.nan, np.nan]
NAMES = tuple(f"class_{number}" for number in range(120))
AB = NAMES[:2]


def test_rows_without_a_vote_or_weight_are_left_out():
    targets = soft_targets(4, [[0.2, 0.8], NONE, [1, 0], [0, 1]], AB, weights=[1, 1, 0, 3])
    assert targets.rows.tolist() == [0, 3]
    assert targets.probs.tolist() == [[0.2, 0.8], [0, 1]]
    assert targets.weights.tolist() == [1, 3]


def test_rows_without_a_vote_can_be_uniform():
    given_probs = np.array([[1, 0], NONE])
    targets = soft_targets(2, given_probs, AB, uncovered="uniform")
    assert targets.probs.tolist() == [[1, 0], [0.5, 0.5]]
    assert np.isnan(given_probs[1]).all(), "the caller's array stays as it was"


def test_class_numbers_are_targets_too():
    targets = soft_targets(3, [1, -1, 0], NAMES[:3])
    assert targets.rows.tolist() == [0, 2]
    assert targets.probs.tolist() == [[0, 1, 0], [1, 0, 0]]


@given(st.lists(st.integers(-1, 4), min_size=1, max_size=30).filter(lambda labels: max(labels) >= 0))
def test_shares_are_those_of_the_labels(labels):
    named = [label for label in labels if label >= 0]
    shares = soft_targets(len(labels), labels, NAMES[:5]).shares()
    np.testing.assert_allclose(shares, [named.count(label) / len(named) for label in range(5)])


def test_uniform_rows_of_many_classes_keep_every_class():
    assert soft_targets(1, [[np.nan] * 120], NAMES, uncovered="uniform").present().all()


@pytest.mark.parametrize(
    ("probs", "options", "message"),
    [
        ([[0.5, 0.6], [1, 0]], {}, "row 0"),
        ([[1, 0]], {}, r"shape \(1, 2\), expected \[2, 2\]"),
        ([0, 2], {}, "label 2 in row 1"),
        ([NONE, NONE], {}, "2 have no vote"),
        ([0, 1], {"weights": [1]}, "sample_weight must be"),
        ([0, 1], {"weights": [1, -1]}, "sample_weight must be"),
        ([0, 1], {"weights": [1, np.nan]}, "sample_weight must be"),
        ([0, 1], {"weights": [0, 0]}, "2 have weight zero"),
        ([0, 1], {"uncovered": "keep"}, "'drop' or 'uniform'"),
    ],
)
def test_what_does_not_fit_is_said(probs, options, message):
    with pytest.raises(ClassifierError, match=message):
        soft_targets(2, probs, AB, **options)


def test_names_of_classes():
    assert class_names(("ham", "spam"), [0]) == ("ham", "spam")
    assert class_names(None, [0, 2, -1]) == ("class_0", "class_1", "class_2")
    assert class_names(None, [[0.5, 0.5]]) == ("class_0", "class_1")
    for nothing in ([], [-1, -1], np.empty((3, 0))):
        with pytest.raises(ClassifierError, match="none of"):
            class_names(None, nothing)
    with pytest.raises(ClassifierError, match="twice"):
        class_names(("ham", "ham"), [0])


def test_texts_must_be_strings():
    assert check_texts(np.array(["a", "b"])) == ["a", "b"]
    with pytest.raises(ClassifierError, match="not one string"):
        check_texts("a")
    with pytest.raises(ClassifierError, match="row 1 is None"):
        check_texts(["a", None])


def test_names_are_targets_in_the_order_of_the_classes():
    assert class_names(None, np.array(["spam", "ham", "spam"])) == ("ham", "spam")
    assert soft_targets(3, ["spam", "", "ham"], ("spam", "ham")).probs.tolist() == [[1, 0], [0, 1]]
    with pytest.raises(ClassifierError, match=r"row 1: unknown label 'hem' \(did you mean 'ham'"):
        soft_targets(2, ["spam", "hem"], ("spam", "ham"))


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_a_frame_of_probabilities_is_aligned_by_name(frame):
    probs = frame({"p_spam": [0.9, 0.2], "p_ham": [0.1, 0.8]})
    assert soft_targets(2, probs, ("ham", "spam")).probs.tolist() == [[0.1, 0.9], [0.8, 0.2]]
    assert class_names(None, probs) == ("spam", "ham")
    with pytest.raises(ClassifierError, match="columns of the data frame of probabilities are p_spam, p_ham"):
        soft_targets(2, probs, ("ham", "eggs"))


def test_a_frame_without_names_is_taken_by_position():
    assert soft_targets(1, pd.DataFrame([[0.1, 0.9]]), ("ham", "spam")).probs.tolist() == [[0.1, 0.9]]
    assert class_names(None, pd.DataFrame([[0.1, 0.9]])) == ("class_0", "class_1")
