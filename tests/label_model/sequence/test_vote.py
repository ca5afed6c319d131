"""Majority vote on spans and on words."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from weaklabel.errors import ConfigError, LabelModelError
from weaklabel.label_model.sequence import SpanVote, WordVote, load_span_label_model, make_span_label_model
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
    given_votes = votes(lfs)
    predicted = SpanVote().predict(given_votes).spans
    for row in range(2):
        counts = {}
        for lf in given_votes.spans:
            for span in lf.of_row(row):
                counts[span] = counts.get(span, 0) + 1
        assert predicted.of_row(row) == best(counts)


@given(LFS)
@settings(max_examples=60, deadline=None)
def test_words_get_the_label_with_most_votes(lfs):
    given_votes = votes(lfs)
    predicted = WordVote().predict(given_votes).spans
    for row in range(2):
        label_of = [-1] * N_WORDS
        for word in range(N_WORDS):
            given_labels = [
                label for lf in given_votes.spans for begin, end, label in lf.of_row(row) if begin <= word < end
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
        one = model.predict(votes(lfs)).spans
        other = model.predict(votes([lf[::-1] for lf in reversed(lfs)])).spans
        assert [one.of_row(0), one.of_row(1)] == [other.of_row(1), other.of_row(0)]


@pytest.mark.parametrize("model", [SpanVote(), WordVote()])
def test_texts_without_votes_and_without_words(model):
    empty = SpanVotes.of([Spans.of_rows([[], []])], [0, 0, 3], ["lf"], ["PER"])
    assert len(model.predict(empty)) == 0
    assert len(model.predict(SpanVotes.of([], [0], [], ["PER"]))) == 0


def test_a_vote_for_an_inner_label_helps_its_leaves():
    inner = (("ENT", (0, 1)), ("PLACE", (2,)))
    generic, person, places = (Spans.of_rows(rows) for rows in ([[(0, 2, 3), (4, 5, 3)]], [[(0, 2, 0)]], [[(7, 8, 4)]]))
    given_votes = SpanVotes.of(
        [generic, person, places], [0, 9], ["generic", "person", "places"], ["PER", "ORG", "LOC"], inner=inner
    )
    labels = SpanVote().fit(given_votes).predict(given_votes)
    # Where nobody says more, the most frequent leaf: PER has a vote of its own.
    assert labels.spans.of_row(0) == [(0, 2, 0), (4, 5, 0), (7, 8, 2)]
    assert WordVote().predict(given_votes).spans.of_row(0) == [(0, 2, 0), (4, 5, 0), (7, 8, 2)]


def test_more_votes_against_a_span_than_for_it_let_it_fall():
    mark, nowhere = Spans.of_rows([[(1, 3, 0)], [(1, 3, 0)]]), Spans.of_rows([[], []])
    against = [Spans.of_rows([[(2, 3, 0)], [(0, 1, 0)]])] * 2
    given_votes = SpanVotes.of(
        [mark, nowhere, nowhere], [0, 5, 10], ["a", "b", "c"], ["PER"], negatives=[nowhere, *against]
    )
    assert [SpanVote().predict(given_votes).spans.of_row(row) for row in (0, 1)] == [[], [(1, 3, 0)]]
    assert [WordVote().predict(given_votes).spans.of_row(row) for row in (0, 1)] == [[(1, 2, 0)], [(1, 3, 0)]]


@given(LFS)
@settings(max_examples=60, deadline=None)
def test_probabilities_of_words_and_spans(lfs):
    given_votes = votes(lfs)
    for model in (SpanVote(), WordVote(), SpanVote().fit(given_votes)):
        labels = model.predict(given_votes)
        assert len(labels.probs) == len(labels.spans)
        assert ((labels.probs > 0) & (labels.probs <= 1)).all()
        assert labels.word_probs.shape == (2 * N_WORDS, 3)
        assert np.allclose(labels.word_probs.sum(axis=1), 1) and (labels.word_probs >= 0).all()
        unvoted = given_votes.word_counts().sum(axis=1) == 0
        assert (labels.word_probs[unvoted, 0] == 1).all()


def test_agreement_makes_spans_more_probable():
    first = Spans.of_rows([[(0, 2, 0)], [(0, 2, 0)], [(0, 2, 0)]])
    second = Spans.of_rows([[(0, 2, 0)], [], [(1, 3, 0)]])
    given_votes = SpanVotes.of([first, second], [0, 4, 8, 12], ["first", "second"], ["PER"])
    both, alone, conflict = SpanVote().fit(given_votes).predict(given_votes).probs
    assert both > alone > conflict


@pytest.mark.parametrize("name", ["span-vote", "word-vote"])
def test_a_saved_model_answers_as_before(name, tmp_path):
    given_votes = votes([[[(0, 2, 0)], [(1, 3, 1)]], [[(1, 3, 0)], [(1, 3, 1)]]])
    model = make_span_label_model(name).fit(given_votes)
    model.save(tmp_path)
    again = load_span_label_model(tmp_path)
    one, other = model.predict(given_votes), again.predict(given_votes)
    assert (one.spans.keys() == other.spans.keys()).all() and (one.probs == other.probs).all()
    assert (one.word_probs == other.word_probs).all()
    with pytest.raises(LabelModelError, match="lf0, lf1"):
        again.predict(votes([[[], []]]))
    with pytest.raises(LabelModelError, match="not fitted"):
        make_span_label_model(name).save(tmp_path)
    with pytest.raises(ConfigError, match="no option 'rounds'"):
        make_span_label_model(name, rounds=3)


def test_a_label_model_for_texts_is_not_one_for_spans(tmp_path):
    from weaklabel.label_model import MajorityVote, load_label_model

    MajorityVote().fit([[0, 1], [1, 1]]).save(tmp_path / "texts.json")
    SpanVote().fit(votes([[[(0, 2, 0)], []]])).save(tmp_path / "spans.json")
    with pytest.raises(LabelModelError, match="for texts, not for spans"):
        load_span_label_model(tmp_path / "texts.json")
    with pytest.raises(LabelModelError, match="for spans, not for texts"):
        load_label_model(tmp_path / "spans.json")
