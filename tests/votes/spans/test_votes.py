"""Votes on spans: what is kept, counted, and refused."""

import pytest

from weaklabel.errors import VoteError
from weaklabel.units import Spans
from weaklabel.votes import SpanVotes

LABELS = ["PER", "LOC"]


def votes(*lfs, words=(6, 0, 4)):
    offsets = [0]
    for count in words:
        offsets.append(offsets[-1] + count)
    return SpanVotes.of(
        [Spans.of_rows(lf) for lf in lfs], offsets, [f"lf{number}" for number in range(len(lfs))], LABELS
    )


def test_of_spans_of_one_labeling_function_that_overlap_the_longest_stays():
    two = votes([[(0, 3, 0), (2, 4, 0), (2, 3, 1)], [], []], [[(2, 3, 0)], [], [(0, 4, 1)]])
    assert two.spans[0].of_row(0) == [(0, 3, 0)]
    assert [counts.overlapped for counts in two.counts] == [2, 0]
    of_words = two.word_counts()
    assert of_words.tolist() == [[1, 0], [1, 0], [2, 0], [0, 0], [0, 0], [0, 0], [0, 1], [0, 1], [0, 1], [0, 1]]


def test_no_votes_at_all():
    nothing = votes([[], [], []])
    spans, counts = nothing.proposals()
    assert len(spans) == len(counts) == 0 and not nothing.word_counts().any()
    assert SpanVotes.of([], [0], [], LABELS).n_rows == 0


def test_labeling_functions_are_chosen_by_name():
    both = votes([[(0, 1, 0)], [], []], [[(1, 2, 1)], [], []])
    assert both.only(["lf1"]).spans[0].of_row(0) == [(1, 2, 1)]
    with pytest.raises(VoteError, match="no LF 'lf2'; there are lf0, lf1"):
        both.only(["lf2"])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[(5, 7, 0)], [], []], "LF 'lf0', row 0: a span ends after word 7, but the row has 6"),
        ([[], [(0, 1, 0)], []], "row 1: a span ends after word 1, but the row has 0"),
        ([[(0, 1, 2)], [], []], "gives label 2, but there are 2 labels"),
        ([[(0, 1, 0)]], "marked 1 rows, but there are 3"),
    ],
)
def test_what_does_not_fit_is_refused(rows, message):
    with pytest.raises(VoteError, match=message):
        votes(rows)
