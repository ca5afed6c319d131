"""Runs of voted words: what they are, and that their counts add up."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from weaklabel.errors import VoteError
from weaklabel.units import Spans
from weaklabel.votes import Runs, SpanVotes, merge_runs

LABELS = ("PER", "LOC")
INNER = (("ENT", (0, 1)),)
NAMES = ("first", "second", "third")


@st.composite
def corpora(draw, most_rows=6):
    """The words of some rows, and what three labeling functions mark in them, the last one only negatives too."""
    rows = draw(st.integers(0, most_rows))
    lengths = draw(st.lists(st.integers(0, 5), min_size=rows, max_size=rows))

    def spans():
        marked = []
        for length in lengths:
            places = st.tuples(st.integers(0, max(0, length - 1)), st.integers(1, max(1, length)), st.integers(0, 2))
            some = draw(st.lists(places, max_size=3)) if length else []
            marked.append([span for span in some if span[0] < span[1]])
        return Spans.of_rows(marked)

    negatives = [Spans.of_rows([[] for _ in lengths])] * 2 + [spans()]
    negatives[2] = Spans(negatives[2].row, negatives[2].begin, negatives[2].end, 0 * negatives[2].label, rows)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return SpanVotes.of(
        [spans() for _ in NAMES],
        offsets,
        NAMES,
        LABELS,
        inner=INNER,
        negatives=negatives,
        complete=[False, True, False],
    )


def tag_table(votes):
    """What each labeling function says of each word, found word by word."""
    tags = np.zeros((int(votes.offsets[-1]), votes.m), dtype=int)
    for number in range(votes.m):
        for row in range(votes.n_rows):
            for begin, end, label in votes.spans[number].of_row(row):
                places = votes.offsets[row] + np.arange(begin, end)
                tags[places, number] = 2 + 2 * label
                tags[places[0], number] -= 1
            for begin, end, _ in votes.negatives[number].of_row(row):
                tags[votes.offsets[row] + np.arange(begin, end), number] = -1
    return tags


def plain_runs(votes):
    """The runs with their counts, and their places, found word by word."""
    tags = tag_table(votes)
    counts, places = {}, []
    for row in range(votes.n_rows):
        run, first = [], None
        for place in [*range(votes.offsets[row], votes.offsets[row + 1]), None]:
            if place is not None and (tags[place] > 0).any():
                first = place if first is None else first
                run.append(tuple(tags[place].tolist()))
            elif run:
                counts[tuple(run)] = counts.get(tuple(run), 0) + 1
                places.append((first, tuple(run)))
                run, first = [], None
    return counts, places


def as_dict(runs):
    return {tuple(map(tuple, runs.of_run(number).tolist())): int(count) for number, count in enumerate(runs.counts)}


@given(corpora())
@settings(max_examples=60, deadline=None)
def test_runs_are_the_stretches_of_voted_words(votes):
    runs = votes.runs()
    counts, places = plain_runs(votes)
    assert as_dict(runs) == counts and len(runs) == len(counts)
    assert runs.n_words == votes.offsets[-1] and runs.n_rows == votes.n_rows
    assert runs.first.tolist() == [first for first, _ in places]
    assert [tuple(map(tuple, runs.of_run(run).tolist())) for run in runs.run] == [run for _, run in places]
    listed = [(len(run), run) for run in as_dict(runs)]
    assert listed == sorted(listed)


def same(left, right):
    names = ("offsets", "tags", "counts")
    are_equal = all(np.array_equal(getattr(left, name), getattr(right, name)) for name in names)
    others = ("lf_names", "labels", "inner", "complete", "n_words", "n_rows")
    return are_equal and all(getattr(left, name) == getattr(right, name) for name in others)


@given(corpora(), corpora(), corpora())
@settings(max_examples=40, deadline=None)
def test_runs_add_up_in_any_order(one, two, three):
    a, b, c = one.runs(), two.runs(), three.runs()
    at_once = merge_runs([a, b, c])
    assert same(merge_runs([merge_runs([a, b]), c]), at_once)
    assert same(merge_runs([c, merge_runs([b, a])]), at_once)
    total = {}
    for counts in map(as_dict, (a, b, c)):
        for run, count in counts.items():
            total[run] = total.get(run, 0) + count
    assert as_dict(at_once) == total


@given(corpora())
@settings(max_examples=40, deadline=None)
def test_there_and_back_as_arrays(votes):
    runs = votes.runs().without_places()
    back = Runs.from_arrays(runs.to_arrays(), NAMES, LABELS, INNER, runs.complete)
    assert same(runs, back) and back.tags.dtype == np.int16


@given(corpora(), st.permutations(NAMES), st.integers(1, 3))
@settings(max_examples=40, deadline=None)
def test_runs_of_some_labeling_functions(votes, names, n):
    assert same(votes.runs().only(names[:n]), votes.only(names[:n]).runs().without_places())


def test_what_does_not_fit_is_refused():
    votes = SpanVotes.of([Spans.of_rows([[(0, 1, 0)]])], [0, 2], ["a"], LABELS)
    with pytest.raises(VoteError, match="no runs to merge"):
        merge_runs([])
    with pytest.raises(VoteError, match="different labeling functions"):
        merge_runs([votes.runs(), SpanVotes.of([], [0], [], LABELS).runs()])
    with pytest.raises(VoteError, match="no LF 'b'"):
        votes.runs().only(["b"])
    with pytest.raises(VoteError, match="not runs"):
        Runs.from_arrays({}, ["a"], LABELS)
    with pytest.raises(VoteError, match="not those of 1 runs of 2 LFs"):
        Runs.from_arrays(votes.runs().to_arrays(), ["a", "b"], LABELS)


def test_a_negative_vote_alone_makes_no_run():
    nothing, denied = Spans.of_rows([[]]), Spans.of_rows([[(0, 2, 0)]])
    votes = SpanVotes.of(
        [nothing, Spans.of_rows([[(1, 3, 1)]])], [0, 4], ["no", "yes"], LABELS, negatives=[denied, nothing]
    )
    runs = votes.runs()
    assert runs.tags.tolist() == [[-1, 3], [0, 4]] and runs.first.tolist() == [1]
