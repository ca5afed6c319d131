"""From spans in code points to spans of whole words that do not overlap, with what was changed counted."""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weaklabel.labels import NOT_ENTITY
from weaklabel.units.spans import Numbers, Spans
from weaklabel.units.words import Units
from weaklabel.votes.spans.form import RowSpans


@dataclass(frozen=True)
class SpanCounts:
    """What was changed of the spans of one labeling function.

    Attributes
    ----------
    snapped
        Spans that cut a word, and were made to take all of it.
    overlapped
        Spans that overlapped a longer one of the same labeling function, and were left out.
    blank
        Spans of nothing but white space, which were left out.
    """

    snapped: int = 0
    overlapped: int = 0
    blank: int = 0

    def __add__(self, other: SpanCounts) -> SpanCounts:
        return SpanCounts(self.snapped + other.snapped, self.overlapped + other.overlapped, self.blank + other.blank)


@dataclass(frozen=True, eq=False)
class LFSpans:
    """The votes of one labeling function on consecutive rows, counted in words.

    Attributes
    ----------
    spans
        What it marks; no two overlap.
    negatives
        Where it says that there is no entity; no two overlap, nor one of ``spans``. Their label is 0.
    counts
        What was changed to get them.
    """

    spans: Spans
    negatives: Spans
    counts: SpanCounts

    @classmethod
    def of_columns(
        cls, row: Numbers, begin: Numbers, end: Numbers, label: Numbers, n_rows: int, counts: SpanCounts
    ) -> LFSpans:
        """Tell spans and negatives apart: where ``label`` is -2, there is no entity. Shape of each column: [n]."""
        is_negative = label == NOT_ENTITY
        is_span = ~is_negative
        zeros = np.zeros(int(is_negative.sum()), dtype=np.int64)
        return cls(
            Spans(row[is_span], begin[is_span], end[is_span], label[is_span], n_rows),
            Spans(row[is_negative], begin[is_negative], end[is_negative], zeros, n_rows),
            counts,
        )


def in_words(marked: RowSpans, words: Units) -> LFSpans:
    """Return what a labeling function marked, in whole words and without overlaps.

    A span that cuts a word takes all of it. Of spans that overlap the longest stays, in words; of equally long ones the
    earlier, then the one with the lower label, and an entity before "not an entity".

    Parameters
    ----------
    marked
        In code points.
    words
        The words of the same rows.

    Examples
    --------
    >>> from weaklabel.units import find_words
    >>> form_of_lists = lambda rows: RowSpans(
    ...     np.cumsum([0, *map(len, rows)]), *np.array([span for row in rows for span in row]).T)
    >>> votes = in_words(form_of_lists([[(0, 5, 0), (4, 12, 1), (13, 16, 0)]]), find_words(["New Yorkers left"]))
    >>> votes.spans.of_row(0), votes.counts
    ([(0, 2, 0), (2, 3, 0)], SpanCounts(snapped=2, overlapped=1, blank=0))
    """
    row = marked.row
    # One axis for all rows: places of later rows are further on.
    longest = int(max(marked.end.max(initial=0), words.ends.max(initial=0))) + 1
    shift = words.row_of * longest
    first = np.searchsorted(words.ends + shift, row * longest + marked.begin, side="right")
    last = np.searchsorted(words.begins + shift, row * longest + marked.end, side="left")
    # White space before and after a text belongs to no word of it.
    first, last = (np.clip(place, words.offsets[row], words.offsets[row + 1]) for place in (first, last))
    covers = last > first
    row, first, last = row[covers], first[covers], last[covers]
    is_cut = (words.begins[first] < marked.begin[covers]) | (words.ends[last - 1] > marked.end[covers])
    table = np.stack([first, last, marked.label[covers]], axis=1)
    table, n_overlapped = without_overlaps(table)
    counts = SpanCounts(int(is_cut.sum()), n_overlapped, int(len(covers) - covers.sum()))
    begin, end, label = table.T
    of_row = np.searchsorted(words.offsets, begin, side="right") - 1
    shift = words.offsets[of_row]
    return LFSpans.of_columns(of_row, begin - shift, end - shift, label, words.n_rows, counts)


def without_overlaps(table: Numbers) -> tuple[Numbers, int]:
    """Return spans of which no two overlap, by the rule of `in_words`, and how many others were left out.

    Parameters
    ----------
    table
        Begin, end and label of each span, places on one axis. A span that is there twice counts once. Shape: [n, 3].

    Returns
    -------
    tuple
        Sorted by begin. Shape: [s, 3].
    """
    if len(table) < 2:
        return table, 0
    is_sorted = bool((table[1:, 0] > table[:-1, 0]).all())
    if not is_sorted:
        table = table[np.lexsort((_rank(table[:, 2]), table[:, 1], table[:, 0]))]
        table = table[np.append(True, (table[1:] != table[:-1]).any(axis=1))]
    reach = np.maximum.accumulate(table[:, 1])
    opens = np.append(True, table[1:, 0] >= reach[:-1])
    if opens.all():
        return table, 0
    group = np.cumsum(opens) - 1
    sizes = np.bincount(group)
    keeps = sizes[group] == 1
    starts = np.flatnonzero(opens)
    for number in np.flatnonzero(sizes > 1).tolist():
        begin = int(starts[number])
        for place in _longest_first(table[begin : begin + int(sizes[number])].tolist()):
            keeps[begin + place] = True
    return table[keeps], int(len(table) - keeps.sum())


def _longest_first(spans: list[list[int]]) -> list[int]:
    """Return the places of the spans that stay."""

    def rank(place: int) -> tuple[int, int, int]:
        begin, end, label = spans[place]
        return begin - end, begin, label if label >= 0 else _LAST

    taken: list[tuple[int, int]] = []
    kept = []
    for place in sorted(range(len(spans)), key=rank):
        begin, end, _ = spans[place]
        at = bisect_left(taken, (begin, end))
        if (at == 0 or taken[at - 1][1] <= begin) and (at == len(taken) or end <= taken[at][0]):
            insort(taken, (begin, end))
            kept.append(place)
    return kept


_LAST = 1 << 62
"""In the place of the label of a negative vote, where labels decide which of two spans stays."""


def _rank(label: Numbers) -> NDArray[np.int64]:
    return np.where(label >= 0, label, _LAST)


def no_spans(n_rows: int) -> Spans:
    """Return no spans of so many rows."""
    none = np.empty(0, np.int64)
    return Spans(none, none, none, none, n_rows)
