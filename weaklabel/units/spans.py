"""Labeled spans of texts, such as names: where each begins and ends, and how they become tags of words and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.errors import VoteError
from weaklabel.units.words import Units

Numbers: TypeAlias = NDArray[np.int64]

TagScheme: TypeAlias = Literal["default", "strict"]
"""What opens a span: in ``default``, as in CoNLL's and seqeval's scorers, any tag that does not continue the one before; in
``strict``, as in seqeval's strict mode for IOB2, only a B- tag."""

_PAIRS_AT_ONCE = 2**22
"""Pairs of spans that are compared at once, about 100 MB."""


@dataclass(frozen=True, eq=False)
class Spans:
    """Labeled spans of the texts of a corpus, or of their words, sorted by row, begin, end and label.

    Attributes
    ----------
    row, begin, end, label : array
        Of each span the row of its text, where it begins and ends (the end is the first place after it), and the number of
        its label, 0..k-1. Places are in code points, or count words, whichever the owner says. Shape: [n].
    n_rows : int
        Number of texts; some may have no span.
    """

    row: Numbers
    begin: Numbers
    end: Numbers
    label: Numbers
    n_rows: int

    @classmethod
    def of(cls, row: ArrayLike, begin: ArrayLike, end: ArrayLike, label: ArrayLike, n_rows: int) -> Spans:
        """Make spans of columns in any order; a span that is there twice counts once.

        Raises
        ------
        VoteError
            The columns differ in length, a row is not 0..n_rows-1, a label is negative, or a span is empty or begins before 0.
        """
        columns = [np.asarray(column, dtype=np.int64).reshape(-1) for column in (row, begin, end, label)]
        if len({len(column) for column in columns}) > 1:
            raise VoteError(f"the columns of spans differ in length: {[len(column) for column in columns]}")
        table = np.unique(np.stack(columns, axis=1), axis=0) if len(columns[0]) else np.empty((0, 4), np.int64)
        rows, begins, ends, labels = (np.ascontiguousarray(column) for column in table.T)
        if len(rows) and (rows[0] < 0 or rows[-1] >= n_rows):
            raise VoteError(f"a span is in row {rows[0] if rows[0] < 0 else rows[-1]}, but there are {n_rows} rows")
        wrong = (begins < 0) | (ends <= begins) | (labels < 0)
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            raise VoteError(
                f"row {rows[at]}: a span from {begins[at]} to {ends[at]} with label {labels[at]}; a span begins at 0 or "
                "later, ends after it begins, and its label is 0 or more"
            )
        return cls(rows, begins, ends, labels, n_rows)

    @classmethod
    def of_rows(cls, rows: Sequence[Iterable[tuple[int, int, int]]]) -> Spans:
        """Make spans of a list for each row, of begin, end and label.

        Examples
        --------
        >>> spans = Spans.of_rows([[(4, 9, 1), (0, 3, 0)], []])
        >>> spans.of_row(0), spans.of_row(1), len(spans)
        ([(0, 3, 0), (4, 9, 1)], [], 2)
        """
        flat = [(row, *span) for row, spans in enumerate(rows) for span in spans]
        table = np.array(flat, dtype=np.int64).reshape(-1, 4)
        return cls.of(table[:, 0], table[:, 1], table[:, 2], table[:, 3], len(rows))

    def __len__(self) -> int:
        return len(self.row)

    def of_row(self, row: int) -> list[tuple[int, int, int]]:
        """Return begin, end and label of each span of a row."""
        some = slice(*np.searchsorted(self.row, [row, row + 1]))
        return list(zip(self.begin[some].tolist(), self.end[some].tolist(), self.label[some].tolist(), strict=True))

    def take(self, chosen: NDArray[np.bool_] | Numbers) -> Spans:
        """Return the spans at these positions, or where the mask is True, in the same order."""
        return Spans(self.row[chosen], self.begin[chosen], self.end[chosen], self.label[chosen], self.n_rows)

    def of_rows_chosen(self, chosen: NDArray[np.bool_]) -> Spans:
        """Return the spans of the rows for which ``chosen`` is true, which are numbered anew. Shape of it: [n_rows]."""
        kept = self.take(chosen[self.row])
        return Spans((np.cumsum(chosen) - 1)[kept.row], kept.begin, kept.end, kept.label, int(chosen.sum()))

    def keys(self) -> NDArray[np.void]:
        """Return a value for each span by which spans of two collections are compared. Shape: [n]."""
        table = np.ascontiguousarray(np.stack([self.row, self.begin, self.end, self.label], axis=1))
        return table.view(np.dtype((np.void, table.dtype.itemsize * 4))).reshape(-1)

    def texts(self, texts: Sequence[str]) -> list[str]:
        """Return the text of each span; places are in code points, ``texts`` are those of the rows. Length: n."""
        return [
            texts[row][begin:end]
            for row, begin, end in zip(self.row.tolist(), self.begin.tolist(), self.end.tolist(), strict=True)
        ]

    def tags(self, offsets: Numbers) -> Numbers:
        """Return the tag of each word of spans that count words and do not overlap; see `tag_names`. Shape: [n_words].

        Parameters
        ----------
        offsets
            The words of row ``i`` are ``offsets[i]`` to before ``offsets[i + 1]``. Shape: [n_rows + 1].

        Raises
        ------
        VoteError
            Two spans overlap.
        """
        tags = np.zeros(int(offsets[-1]), dtype=np.int64)
        lengths = self.end - self.begin
        first = offsets[self.row] + self.begin
        place = np.repeat(first - (np.cumsum(lengths) - lengths), lengths) + np.arange(int(lengths.sum()))
        if len(np.unique(place)) < len(place):
            raise VoteError("spans overlap, and a word has one tag; leave one of them out")
        tags[place] = np.repeat(2 + 2 * self.label, lengths)
        tags[first] = 1 + 2 * self.label
        return tags


def tag_names(labels: Sequence[str]) -> list[str]:
    """Return the names of the tags by their numbers: O, then B- and I- of each label.

    Examples
    --------
    >>> tag_names(["PER", "LOC"])
    ['O', 'B-PER', 'I-PER', 'B-LOC', 'I-LOC']
    """
    return ["O", *(f"{edge}-{label}" for label in labels for edge in "BI")]


def spans_of_tags(tags: ArrayLike, offsets: ArrayLike, scheme: TagScheme = "default") -> Spans:
    """Return the spans of tagged words; they count words.

    Parameters
    ----------
    tags
        Number of each word's tag, as in `tag_names`. Shape: [n_words].
    offsets
        The words of row ``i`` are ``offsets[i]`` to before ``offsets[i + 1]``. Shape: [n_rows + 1].
    scheme
        See `TagScheme`.

    Examples
    --------
    >>> spans_of_tags([1, 2, 0, 4, 4], [0, 3, 5]).of_row(1)
    [(0, 2, 1)]
    >>> len(spans_of_tags([1, 2, 0, 4, 4], [0, 3, 5], scheme="strict"))
    1
    """
    tags, offsets = np.asarray(tags, dtype=np.int64), np.asarray(offsets, dtype=np.int64)
    label = (tags - 1) // 2
    is_first = np.zeros(len(tags) + 1, dtype=bool)
    is_first[offsets] = True
    before = np.concatenate([[-1], np.where(tags > 0, label, -1)[:-1]]) if len(tags) else label
    before = np.where(is_first[:-1], -1, before)
    is_begin = (tags > 0) & (tags % 2 == 1)
    continues = (tags > 0) & ~is_begin & (before == label)
    opens = (tags > 0) & ~continues
    first = np.flatnonzero(opens)
    # A span ends before the next word that does not continue it.
    stops = np.append(np.flatnonzero(~continues), len(tags))
    last = stops[np.searchsorted(stops, first, side="right")]
    if scheme == "strict":
        first, last = first[is_begin[first]], last[is_begin[first]]
    row = np.searchsorted(offsets, first, side="right") - 1
    return Spans.of(row, first - offsets[row], last - offsets[row], label[first], len(offsets) - 1)


def on_words(spans: Spans, words: Units) -> tuple[Spans, NDArray[np.bool_]]:
    """Return spans that count words, of spans that count code points; one that cuts a word takes all of it.

    Parameters
    ----------
    spans
        In code points. Length: n.
    words
        The words of the same texts.

    Returns
    -------
    tuple
        The spans, without those that cover no word; and of each given span, whether it cut a word, or covered none. Shape: [n].

    Examples
    --------
    >>> from weaklabel.units import find_words
    >>> snapped, is_cut = on_words(Spans.of_rows([[(0, 5, 0), (9, 12, 0)]]), find_words(["New Yorkers left"]))
    >>> snapped.of_row(0), is_cut.tolist()
    ([(0, 2, 0), (1, 2, 0)], [True, True])
    """
    # One axis for all rows: places of later rows are further on.
    longest = int(max(spans.end.max(initial=0), words.ends.max(initial=0))) + 1
    begins, ends = (places + words.row_of * longest for places in (words.begins, words.ends))
    first = np.searchsorted(ends, spans.row * longest + spans.begin, side="right")
    last = np.searchsorted(begins, spans.row * longest + spans.end, side="left")
    first, last = (np.clip(place, words.offsets[spans.row], words.offsets[spans.row + 1]) for place in (first, last))
    covers = last > first
    at_begin, at_end = first[covers], last[covers] - 1
    is_cut = ~covers
    is_cut[covers] = (words.begins[at_begin] < spans.begin[covers]) | (words.ends[at_end] > spans.end[covers])
    shift = words.offsets[spans.row]
    return (
        Spans.of(
            spans.row[covers],
            (first - shift)[covers],
            (last - shift)[covers],
            spans.label[covers],
            spans.n_rows,
        ),
        is_cut,
    )


def overlap_pairs(first: Spans, second: Spans) -> tuple[Numbers, Numbers]:
    """Return the pairs of spans of two collections that have a place in common, whatever their labels.

    Parameters
    ----------
    first, second
        Spans of the same texts, in the same places.

    Returns
    -------
    tuple
        Positions in ``first``, ascending, and in ``second``. Shape: [number of pairs] each.

    Examples
    --------
    >>> first, second = Spans.of_rows([[(0, 3, 0), (5, 6, 0)]]), Spans.of_rows([[(2, 4, 1), (4, 5, 1)]])
    >>> overlap_pairs(first, second)
    (array([0]), array([0]))
    """
    pairs = [(np.empty(0, np.int64), np.empty(0, np.int64)), *overlap_blocks(first, second)]
    lefts, rights = zip(*pairs, strict=True)
    return np.concatenate(lefts), np.concatenate(rights)


def overlap_blocks(first: Spans, second: Spans) -> Iterator[tuple[Numbers, Numbers]]:
    """Return `overlap_pairs` in blocks, in bounded memory: all pairs of a span of ``first`` are in one block."""
    # One axis for all rows: places of later rows are further on.
    longest = int(max(first.end.max(initial=0), second.end.max(initial=0))) + 1
    begin, end = (first.row * longest + places for places in (first.begin, first.end))
    other_begin, other_end = (second.row * longest + places for places in (second.begin, second.end))
    # Spans may overlap others of their own collection: the furthest end so far is ascending, which each end is not.
    low = np.searchsorted(np.maximum.accumulate(other_end), begin, side="right")
    counts = np.maximum(np.searchsorted(other_begin, end, side="left") - low, 0)
    for some in _blocks(counts, _PAIRS_AT_ONCE):
        lengths = counts[some]
        left = np.repeat(np.arange(some.start, some.stop), lengths)
        right = np.arange(len(left)) + np.repeat(low[some] - (np.cumsum(lengths) - lengths), lengths)
        both = other_end[right] > begin[left]
        yield left[both], right[both]


def _blocks(counts: Numbers, size: int) -> Iterator[slice]:
    """Cut a sequence into slices whose counts add up to about ``size`` each."""
    reached = np.cumsum(counts) // size
    edges = [0, *(np.flatnonzero(np.diff(reached)) + 1).tolist(), len(counts)]
    yield from (slice(begin, end) for begin, end in pairwise(edges) if end > begin)


def in_code_points(spans: Spans, words: Units) -> Spans:
    """Return spans that count code points, of spans that count words."""
    first = words.offsets[spans.row] + spans.begin
    last = words.offsets[spans.row] + spans.end - 1
    return Spans(spans.row, words.begins[first], words.ends[last], spans.label, spans.n_rows)
