import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, strategies as st
from scipy.sparse import csr_matrix

from weaklabel import LinearClassifier, MajorityVote, score
from weaklabel.errors import VoteError, WeakLabelError, WeakLabelWarning
from weaklabel.label_names import encode_labels, find_labels, fold, label_text
from weaklabel.lf.packs import LFCollection

LABELS = ("ham", "spam")


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "  ",
        -1,
        "-1",
        " -1 ",
        -1.0,
        "-1.0",
        float("nan"),
        np.nan,
        pd.NA,
        pd.NaT,
        np.int64(-1),
        [],
        "[]",
        [None],
    ],
)
def test_no_label(value):
    assert encode_labels([value, "ham"], LABELS, "gold").tolist() == [-1, 0]


@pytest.mark.parametrize(
    "value",
    ["spam", ["spam"], ("spam",), np.array(["spam"]), np.str_("spam"), '["spam"]', "['spam']", pl.Series(["spam"])],
)
def test_a_list_of_one_is_its_element(value, recwarn):
    assert encode_labels([value], LABELS, "gold").tolist() == [1]
    assert not recwarn


@pytest.mark.parametrize("value", [["ham", "spam"], '["ham", "spam"]', {"label": "spam"}])
def test_several_labels_are_refused_by_row(value):
    with pytest.raises(VoteError, match=r"^gold: row 1: .*(2 labels; give one label a row|not a label)"):
        encode_labels(["ham", value], LABELS, "gold")


@pytest.mark.parametrize("text", ["Spam", "SPAM", " spam", "spam\u00a0", "\ufeffspam", "ｓｐａｍ"])
def test_near_equal_spellings_match_with_one_warning(text):
    with pytest.warns(WeakLabelWarning) as warned:
        assert encode_labels(["ham", text, text], LABELS, "g.csv, column 'truth'").tolist() == [0, 1, 1]
    (message,) = [str(item.message) for item in warned]
    assert message.startswith("g.csv, column 'truth': 2 labels not spelled like a class were matched")
    assert "as class 'spam' (2)" in message


def test_unicode_forms_and_numbers_are_near():
    with pytest.warns(WeakLabelWarning):
        assert encode_labels(["cafe\u0301"], ("caf\u00e9", "tea"), "gold").tolist() == [0]
    with pytest.warns(WeakLabelWarning):
        assert encode_labels(["1.0", "True"], ("1", "true"), "gold").tolist() == [0, 1]
    assert encode_labels([1, 1.0, np.float32(2)], ("2", "1"), "gold").tolist() == [1, 1, 0]


def test_what_is_near_to_two_classes_is_refused():
    assert encode_labels(["Apple", "apple"], ("Apple", "apple"), "gold").tolist() == [0, 1]
    with pytest.raises(VoteError, match="row 0: label 'APPLE' is near to the classes 'Apple' and 'apple'"):
        encode_labels(["APPLE"], ("Apple", "apple"), "gold")


def test_class_numbers_match_with_a_warning_unless_a_name_is_a_number():
    with pytest.warns(
        WeakLabelWarning, match=r"'1' as class number 1, 'spam' \(2\), '0' as class number 0, 'ham' \(1\)$"
    ):
        assert encode_labels([1, "0", "1"], LABELS, "gold").tolist() == [1, 0, 1]
    with pytest.raises(VoteError, match="unknown label '0'; labels are 2, 1"):
        encode_labels(["0"], ("2", "1"), "gold")


def test_unknown_labels_are_told_by_row_or_both_sets():
    with pytest.raises(
        VoteError, match=r"^gold: row 2: unknown label 'spma' \(did you mean 'spam'\?\); labels are ham, spam$"
    ):
        encode_labels(["ham", "", "spma"], LABELS, "gold")
    with pytest.raises(
        VoteError, match="none of its labels is a class: it has 'neg', 'pos', the classes are 'ham', 'spam'"
    ):
        encode_labels(["pos", "neg", ""], LABELS, "gold")
    with pytest.raises(VoteError, match=r"unknown label 'nan'.*leave the cell empty"):
        encode_labels(["ham", "nan"], LABELS, "gold")


def test_classes_are_found():
    assert find_labels(["b", "a", "-1"], ["A", "", "c"]) == ("a", "b", "c")
    assert find_labels(["10", 9.0, "2"]) == ("2", "9", "10")
    assert find_labels(["ham"], ["spam", "ham"], known=["spam", "ham", "eggs"]) == ("spam", "ham", "eggs")
    assert find_labels(["ham", "spam"], [1, 0], known=["spam", "ham"]) == ("spam", "ham")
    with pytest.raises(VoteError, match="share no class: predictions are 'ham', 'spam', gold is '0', '1'"):
        find_labels(["ham", "spam"], ["1", "0"])
    with pytest.raises(VoteError, match="'nan' is in one column alone"):
        find_labels(["ham", "spam"], ["ham", "nan"])


def test_sparse_matrices_are_refused_wherever_arrays_are_given():
    votes, texts = csr_matrix(np.eye(2, dtype=np.int64)), ["a b", "c d"]
    for attempt in (
        lambda: MajorityVote().fit(votes),
        lambda: LinearClassifier().fit(texts, votes),
        lambda: LinearClassifier(LABELS).fit(texts, votes),
        lambda: score([0, 1], votes),
        lambda: score(votes, [0, 1]),
    ):
        with pytest.raises(WeakLabelError, match=r"is a sparse matrix, .* class 0; give an array"):
            attempt()


def test_a_collection_encodes_alike():
    with pytest.warns(WeakLabelWarning, match="'HAM' as class 'ham'"):
        assert LFCollection((), LABELS).encode(["HAM", None, "spam"]).tolist() == [0, -1, 1]


@given(st.text())
def test_folding_is_stable_and_blind_to_case_and_space(text):
    assert fold(fold(text)) == fold(text)
    assert fold(f"  {text} ") == fold(text)


@given(st.lists(st.sampled_from(["ham", "Ham ", "spam", "", "-1", "1.0"]), max_size=20))
def test_found_classes_encode_their_own_labels(labels):
    if all(label_text(label) is None for label in labels):
        return
    names = find_labels(labels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WeakLabelWarning)
        numbers = encode_labels(labels, names, "gold")
    assert [number == -1 for number in numbers] == [label_text(label) is None for label in labels]
