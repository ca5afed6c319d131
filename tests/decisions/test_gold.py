"""Decisions as gold."""

import csv
import io

import numpy as np
import pytest
from hypothesis import given, strategies as st

from weaklabel.decisions import Decision, agreed_classes, export_gold, gold_of, now, text_hash
from weaklabel.errors import VoteError

LABELS = ("ham", "spam", "news")
TEXTS = ["see you", "win cash", "see you", 'rain, and\n"wind"', ""]


def decision(text, label, reviewer="ann"):
    return Decision(0, text_hash(text), label, reviewer, now())


def test_most_reviewers_decide_and_ties_are_no_gold():
    decisions = [
        *(decision("see you", "ham", name) for name in ("ann", "bob")),
        decision("see you", "spam", "cem"),
        decision("win cash", "spam", "ann"),
        decision("win cash", "ham", "bob"),
    ]
    assert gold_of(decisions, TEXTS, LABELS).tolist() == [0, -1, 0, -1, -1]
    assert agreed_classes(decisions, LABELS) == {text_hash("see you"): 0}


def test_the_last_word_counts_and_can_be_withdrawn():
    decisions = [
        decision("see you", "ham"),
        decision("see you", "spam"),
        decision("win cash", "spam"),
        decision("win cash", None),
    ]
    assert gold_of(decisions, TEXTS, LABELS).tolist() == [1, -1, 1, -1, -1]


def test_no_decisions_are_no_gold():
    assert gold_of([], TEXTS, LABELS).tolist() == [-1] * 5
    assert gold_of([decision("see you", "ham")], [], LABELS).shape == (0,)


def test_an_unknown_class_is_refused():
    with pytest.raises(VoteError, match=r"decision of ann on row 0: unknown label 'spma' .did you mean 'spam'"):
        gold_of([decision("see you", "spma")], TEXTS, LABELS)


@given(
    st.permutations(range(5)), st.lists(st.tuples(st.integers(0, 4), st.sampled_from(LABELS), st.sampled_from("ab")))
)
def test_gold_follows_the_texts_wherever_they_move(order, given_decisions):
    decisions = [decision(TEXTS[row], label, reviewer) for row, label, reviewer in given_decisions]
    gold = gold_of(decisions, TEXTS, LABELS)
    assert np.array_equal(gold_of(decisions, [TEXTS[row] for row in order], LABELS), gold[list(order)])


def test_exported_gold_has_each_decided_text_once():
    decisions = [
        decision(TEXTS[3], "news"),
        decision("see you", "ham", "bob"),
        decision("see you", "ham", "ann"),
        decision("win cash", "ham", "ann"),
        decision("win cash", "spam", "bob"),
        decision("elsewhere", "spam"),
        decision("", "ham"),
        decision("", None),
    ]
    rows = list(csv.reader(io.StringIO(export_gold(decisions, TEXTS, LABELS))))
    assert rows == [
        ["text", "label", "reviewers"],
        ["see you", "ham", "ann, bob"],
        ["win cash", "", "ann, bob"],
        [TEXTS[3], "news", "ann"],
    ]
