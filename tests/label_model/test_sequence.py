"""Majority vote on spans and on words."""

import pytest
from hypothesis import given, settings, strategies as st

from weaklabel.label_model.sequence import SpanVote, WordVote
from weaklabel.units import Spans
from weaklabel.votes import SpanVotes

N_WORDS = 7
SPAN = st.integers(0, N_WORDS - 1).flatmap(
    lambda begin: st.tuples(st.just(begin), st.integers(begin + 1, N_WORDS), st.integers(0, 1))
)
LFS = st.lists(st.lists(st.lists(SPAN, max_size=3), min_size=2, max_size=2), min_size=1, max_size=4)


def votes(lfs, n_rows=2):
    spans = [Spans.of_rows(lf) for lf in lfs]
    offsets = [N_WORDS * row for row in range(n_rows + 1)]
    return SpanVotes.of(spans, offsets, [f"lf{number}" for number in range(len(lfs))], ["PER", "LOC"])


def best(row):
    """The same as the model, from its description, on the proposals of one row: span -> number of votes."""
    left, taken = dict(row), []
    while left:
        begin, end, label = min(left, key=lambda it: (-left[it] * (it[1] - it[0]), -left[it], *it))
        taken.append((begin, end, label))
        left = {it: n for it, n in left.items() if it[1] <= begin or end <= it[0]}
    joined = []
    for span in sorted(taken):
        if joined and joined[-1][1] == span[0] and joined[-1][2] == span[2]:
            joined[-1] = (joined[-1][0], *span[1:])
        else:
            joined.append(span)
    return joined


@given(LFS)
@settings(max_examples=150, deadline=None)
def test_the_best_span_stands_then_the_best_of_the_rest(lfs):
    predicted = SpanVote().predict(votes(lfs))
    for row in range(2):
        counts = {}
        for lf in lfs:
            for span in set(lf[row]):
                counts[span] = counts.get(span, 0) + 1
        assert predicted.of_row(row) == best(counts)


@given(LFS)
@settings(max_examples=60, deadline=None)
def test_words_get_the_label_with_most_votes(lfs):
    predicted = WordVote().predict(votes(lfs))
    for row in range(2):
        label_of = [-1] * N_WORDS
        for word in range(N_WORDS):
            given_labels = [
                label for lf in lfs for label in {label for begin, end, label in lf[row] if begin <= word < end}
            ]
            if given_labels:
                label_of[word] = max((0, 1), key=lambda label: (given_labels.count(label), -label))
        marked = [-1] * N_WORDS
        for begin, end, label in predicted.of_row(row):
            marked[begin:end] = [label] * (end - begin)
        assert marked == label_of


@given(LFS)
@settings(max_examples=30, deadline=None)
def test_the_order_of_labeling_functions_and_of_rows_does_not_matter(lfs):
    for model in (SpanVote(), WordVote()):
        one = model.predict(votes(lfs))
        other = model.predict(votes([lf[::-1] for lf in reversed(lfs)]))
        assert [one.of_row(0), one.of_row(1)] == [other.of_row(1), other.of_row(0)]


@pytest.mark.parametrize("model", [SpanVote(), WordVote()])
def test_texts_without_votes_and_without_words(model):
    empty = SpanVotes.of([Spans.of_rows([[], []])], [0, 0, 3], ["lf"], ["PER"])
    assert len(model.predict(empty)) == 0
    assert len(model.predict(SpanVotes.of([], [0], [], ["PER"]))) == 0
