"""Decisions as gold."""

import csv
import io

import numpy as np
import pytest
from hypothesis import given, strategies as st

from weaklabel.decisions import (
    Decision,
    agreed_classes,
    export_gold,
    gold_of,
    independent_of,
    now,
    standing_of,
    text_hash,
)
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


def settled(text, label, reviewer="cem"):
    return Decision(0, text_hash(text), label, reviewer, now(), adjudicates=True)


def test_an_adjudication_stands_against_any_number():
    differing = [decision("see you", "ham", name) for name in ("ann", "bob", "dee")]
    assert agreed_classes([*differing, settled("see you", "spam")], LABELS) == {text_hash("see you"): 1}
    # In whatever order they came; of two adjudications, the last one.
    assert agreed_classes([settled("see you", "spam"), *differing], LABELS) == {text_hash("see you"): 1}
    twice = [
        settled("see you", "news", "eve"),
        *differing,
        settled("see you", "spam"),
        settled("see you", "ham", "eve"),
    ]
    assert agreed_classes(twice, LABELS) == {text_hash("see you"): 0}
    assert list(standing_of(twice)) == [(text_hash("see you"), "eve")]


def test_without_an_adjudication_a_third_decision_makes_a_majority_or_none():
    tie = [decision("win cash", "spam", "ann"), decision("win cash", "ham", "bob")]
    assert agreed_classes(tie, LABELS) == {}
    assert agreed_classes([*tie, decision("win cash", "spam", "cem")], LABELS) == {text_hash("win cash"): 1}
    assert agreed_classes([*tie, decision("win cash", "news", "cem")], LABELS) == {}


def test_a_withdrawn_or_replaced_adjudication_gives_way():
    tie = [decision("win cash", "spam", "ann"), decision("win cash", "ham", "bob")]
    withdrawn = [*tie, settled("win cash", "ham"), decision("win cash", None, "cem")]
    assert agreed_classes(withdrawn, LABELS) == {}
    replaced = [*tie, settled("win cash", "ham", "ann"), decision("win cash", "news", "ann")]
    assert agreed_classes(replaced, LABELS) == {}  # it is one decision of two again
    # A reviewer who adjudicates keeps what they said before, for agreement.
    own = [*tie, settled("win cash", "ham", "ann")]
    assert agreed_classes(own, LABELS) == {text_hash("win cash"): 0}
    assert independent_of(own)[text_hash("win cash"), "ann"].label == "spam"
    assert (text_hash("win cash"), "ann") not in independent_of([*own, decision("win cash", None, "ann")])


@given(
    st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from("abc"), st.booleans())),
    st.lists(st.sampled_from([*LABELS, None])),
)
def test_gold_is_always_the_last_adjudication(before, after):
    made = [Decision(0, text_hash("a"), label, who, now(), adjudicates=settles) for label, who, settles in before]
    made += [settled("a", "news", "judge"), *(decision("a", label, "zoe") for label in after)]
    assert agreed_classes(made, LABELS) == {text_hash("a"): 2}


def test_exported_gold_is_the_adjudicated_class_and_names_everybody():
    made = [decision("see you", "ham", "ann"), settled("see you", "spam"), decision("see you", "ham", "bob")]
    rows = list(csv.reader(io.StringIO(export_gold(made, TEXTS, LABELS))))
    assert rows == [["text", "label", "reviewers"], ["see you", "spam", "ann, bob, cem"]]
