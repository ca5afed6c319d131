"""Vote patterns: the unique rows of L with their counts, which are all that a label model needs; and packed votes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.errors import VoteError
from weaklabel.labels import MAX_CARDINALITY, VoteArray, check_L, vote_dtype
from weaklabel.support.threads import in_threads

_ROWS_AT_ONCE = 1 << 15
"""Rows packed together: few enough that their bytes stay in the processor's cache."""


def votes_a_byte(base: int) -> int:
    """Return how many digits of ``base`` (the number of classes and one for the abstain) fit a byte; at least 1."""
    digits = 1
    while base ** (digits + 1) <= 256:
        digits += 1
    return digits


def bytes_of_votes(m: int, base: int) -> int:
    """Return how many bytes ``m`` packed votes take."""
    return 2 * m if base > 256 else -(-m // votes_a_byte(base))


def votes_in_bytes(n_bytes: int, base: int) -> int:
    """Return how many packed votes fit."""
    return n_bytes // 2 if base > 256 else n_bytes * votes_a_byte(base)


def pack_bytes(L: VoteArray, base: int) -> NDArray[np.uint8]:
    """Read each few votes of a row as one number, the first vote its first digit and the abstain 0.

    Where there are too many classes for a byte, a vote is a number of two bytes, the high one first.

    Parameters
    ----------
    L
        Shape: [n, m]; votes -1..base-2. Fastest where it is stored by column.
    base
        2 to 32,768.

    Returns
    -------
    array
        Shape: [n, bytes_of_votes(m, base)], stored by column. Missing votes at the end are abstains.
    """
    digits = votes_a_byte(base)
    packed = np.zeros((len(L), bytes_of_votes(L.shape[1], base)), dtype=np.uint8, order="F")
    for start in range(0, len(L), _ROWS_AT_ONCE):
        some, into = L[start : start + _ROWS_AT_ONCE], packed[start : start + _ROWS_AT_ONCE]
        if base > 256:
            codes = some + np.int16(1)
            into[:, 0::2], into[:, 1::2] = codes >> 8, codes & 255
            continue
        votes = some.view(np.uint8) if some.dtype == np.int8 else some.astype(np.uint8)  # either way 255 is the abstain
        for column in range(packed.shape[1] * digits):
            byte = into[:, column // digits]
            byte *= np.uint8(base % 256)  # of the first digit, which alone may be of base 256, nothing is there yet
            if column < L.shape[1]:
                byte += votes[:, column]
                byte += np.uint8(1)
    return packed


def unpack_bytes(packed: NDArray[np.uint8], base: int, m: int) -> VoteArray:
    """Undo `pack_bytes`. Shape: [n, ...] -> [n, m]."""
    if vote_dtype(base - 1) is not np.int8:
        return _unpack_wide(packed, base, m)
    digits = votes_a_byte(base)
    L = np.empty((len(packed), m), dtype=np.int8, order="F")
    for start in range(0, len(packed), _ROWS_AT_ONCE):
        votes = L[start : start + _ROWS_AT_ONCE].view(np.uint8)
        for column, byte in enumerate(packed[start : start + _ROWS_AT_ONCE].T):
            rest = byte
            for place in range(column * digits + digits - 1, column * digits - 1, -1):
                higher = rest // np.uint8(base)
                if place < m:
                    np.subtract(rest, higher * np.uint8(base), out=votes[:, place])
                    votes[:, place] -= np.uint8(1)  # 255 is the abstain
                rest = higher
    return L


def _unpack_wide(packed: NDArray[np.uint8], base: int, m: int) -> VoteArray:
    """Undo it for votes that fill a byte or two."""
    L = np.empty((len(packed), m), dtype=np.int16, order="F")
    each = bytes_of_votes(1, base)
    for column in range(m):
        votes = L[:, column]
        votes[:] = packed[:, column * each]
        for low in packed[:, column * each + 1 : (column + 1) * each].T:
            votes <<= 8
            votes |= low
        votes -= 1
    return L


def pack_word(L: VoteArray, base: int) -> NDArray[np.uint64]:
    """Pack the votes of a row, as many as eight bytes hold, into one number that sorts as the rows do."""
    packed = pack_bytes(L, base)
    word = np.zeros(len(L), dtype=np.uint64)
    for byte in packed.T:
        word <<= np.uint64(8)
        word |= byte
    return word


_PATTERNS_AT_ONCE = 1 << 20
"""Patterns that `merge_patterns` gathers before it merges them."""

_TRIED = 1 << 14
"""Rows that `patterns_or_rows` looks at."""


@dataclass(frozen=True, eq=False)
class VotePatterns:
    """The unique rows of a label matrix, and how often each occurs.

    Attributes
    ----------
    patterns
        Unique rows in lexicographic order, stored by column. Shape: [u, m].
    counts
        Rows of L that show each pattern, at least 1. Shape: [u].
    inverse
        Pattern of each row of L: ``patterns[inverse]`` is L. None where rows are not kept, as in a table merged of
        several corpus parts. Shape: [n].
    offsets
        Where the rows of L are units of corpus rows: see `Votes`. Shape: [n_rows + 1].
    """

    patterns: VoteArray
    counts: NDArray[np.int64]
    inverse: NDArray[np.int64] | None = None
    offsets: NDArray[np.int64] | None = None

    @property
    def n(self) -> int:
        """Rows of L."""
        return int(self.counts.sum())

    @property
    def m(self) -> int:
        """Labeling functions."""
        return self.patterns.shape[1]

    def __len__(self) -> int:
        return len(self.patterns)

    def rows(self) -> NDArray[np.int64]:
        """Return ``inverse``.

        Raises
        ------
        VoteError
            These patterns do not keep the rows that they came from.
        """
        if self.inverse is None:
            raise VoteError(
                f"this table of {len(self)} vote patterns does not keep which row has which pattern; give the votes, "
                "or its .patterns for one result per pattern"
            )
        return self.inverse

    def of_row(self, row: int) -> NDArray[np.int64]:
        """Return the patterns of the units of one corpus row, as places in ``patterns``. Shape: [units of the row].

        Raises
        ------
        VoteError
            These patterns do not keep the rows that they came from.
        """
        inverse = self.rows()
        return inverse[row : row + 1] if self.offsets is None else inverse[self.offsets[row] : self.offsets[row + 1]]

    def only(self, places: Sequence[int]) -> VotePatterns:
        """Return the votes of the labeling functions at these places alone, in this order; rows must be kept.

        Patterns that differ only in other labeling functions become one.
        """
        chosen = vote_patterns(self.patterns[:, list(places)])
        inverse = chosen.rows()[self.rows()]
        return VotePatterns(chosen.patterns, np.bincount(inverse, minlength=len(chosen)), inverse)

    def beside(self, other: VotePatterns) -> VotePatterns:
        """Return the patterns of the same rows with the labeling functions of both; rows must be kept."""
        pairs, inverse = np.unique(self.rows() * len(other) + other.rows(), return_inverse=True)
        mine, theirs = np.divmod(pairs, max(1, len(other)))
        patterns = np.concatenate([self.patterns[mine], other.patterns[theirs]], axis=1)
        return VotePatterns(np.asfortranarray(patterns), np.bincount(inverse, minlength=len(pairs)), inverse)

    def weights(self) -> NDArray[np.int64] | None:
        """Return ``counts``, or None where each is 1, which is faster to add up."""
        return None if bool((self.counts == 1).all()) else self.counts

    def merge(self, other: VotePatterns) -> VotePatterns:
        """Add up two pattern tables: the patterns of the rows of ``self`` followed by those of ``other``.

        Raises
        ------
        VoteError
            The tables are of different numbers of labeling functions, only one of them is of units, or they do not keep
            their rows (see `merge_patterns`).
        """
        if (self.offsets is None) != (other.offsets is None):
            raise VoteError("patterns of rows and patterns of units cannot be merged")
        of_rows = self.rows(), other.rows()
        both = vote_patterns(_joined([self, other]))
        mine, theirs = both.rows()[: len(self)], both.rows()[len(self) :]
        counts = np.zeros(len(both), dtype=np.int64)
        counts[mine] += self.counts
        counts[theirs] += other.counts
        offsets = self.offsets
        if offsets is not None and other.offsets is not None:
            offsets = np.concatenate([offsets, other.offsets[1:] + offsets[-1]])
        return VotePatterns(both.patterns, counts, np.concatenate([mine[of_rows[0]], theirs[of_rows[1]]]), offsets)

    def to_arrays(self) -> dict[str, Any]:
        """Return patterns and counts, without rows, in a small form that ``numpy.savez`` takes: several votes a byte."""
        base = _base(self.patterns)
        return {
            "packed": pack_bytes(self.patterns, base),
            "counts": self.counts,
            "shape": np.array([self.m, base], dtype=np.int64),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Make what `to_arrays` was given, without ``inverse``.

        Raises
        ------
        VoteError
            The arrays are not from there.
        """
        try:
            packed, counts, (m, base) = arrays["packed"], arrays["counts"], arrays["shape"].tolist()
        except (KeyError, ValueError) as error:
            raise VoteError(
                f"these arrays are not vote patterns: {error!r}; they need packed, counts, shape"
            ) from error
        if not 2 <= base <= MAX_CARDINALITY + 1 or packed.shape != (len(counts), bytes_of_votes(m, base)):
            raise VoteError(f"packed votes of shape {packed.shape} are not of {len(counts)} patterns of {m} votes")
        return cls(unpack_bytes(packed.astype(np.uint8, copy=False), base, m), counts.astype(np.int64, copy=False))


def vote_patterns(L: ArrayLike) -> VotePatterns:
    """Find the unique rows of L with their counts.

    The result does not depend on the order of the rows, except for ``inverse``.

    Parameters
    ----------
    L
        Shape: [n, m]; values -1..k-1. Fastest where it is stored by column.

    Raises
    ------
    VoteError
        L is not a label matrix.

    Examples
    --------
    >>> found = vote_patterns([[1, -1], [0, 0], [1, -1]])
    >>> found.patterns.tolist(), found.counts.tolist(), found.inverse.tolist()
    ([[0, 0], [1, -1]], [1, 2], [1, 0, 1])
    """
    votes = check_L(L)
    order, first = _sort_rows(votes)
    starts = np.flatnonzero(first)
    inverse = np.empty(len(votes), dtype=np.int64)
    inverse[order] = np.cumsum(first) - 1
    return VotePatterns(take_rows(votes, order[starts]), np.diff(starts, append=len(votes)), inverse)


def patterns_or_rows(L: VoteArray) -> VotePatterns:
    """Return patterns, or the rows themselves where hardly any repeat, so that counting them would cost more than it saves.

    Use it for results per row and for sums of counts, which are the same either way.

    Parameters
    ----------
    L
        Shape: [n, m].

    Returns
    -------
    VotePatterns
        Rows that stand for themselves are in their own order, count 1, and have no ``inverse``.
    """
    if len(L) > _TRIED:
        # The number of equal pairs in a sample gives an estimate of the different rows (the birthday problem).
        some = vote_patterns(L[np.arange(_TRIED) * len(L) // _TRIED])
        same = int((some.counts * (some.counts - 1)).sum()) / 2
        if same * len(L) < _TRIED**2 / 2:
            return VotePatterns(L, np.ones(len(L), dtype=np.int64))
    return vote_patterns(L)


def merge_patterns(tables: Sequence[VotePatterns]) -> VotePatterns:
    """Add up pattern tables, as of the parts of a corpus. Their order makes no difference.

    Parameters
    ----------
    tables
        At least one; of the same labeling functions.

    Returns
    -------
    VotePatterns
        Without ``inverse``.

    Raises
    ------
    VoteError
        There is no table, or they are of different numbers of labeling functions.

    Examples
    --------
    >>> both = merge_patterns([vote_patterns([[0, 1], [0, 1]]), vote_patterns([[0, 1], [-1, 1]])])
    >>> both.patterns.tolist(), both.counts.tolist(), both.n
    ([[-1, 1], [0, 1]], [1, 3], 4)
    """
    if not tables:
        raise VoteError("there are no vote patterns to merge; give at least one table")
    merged, waiting = tables[0], list[VotePatterns]()
    for table in tables[1:]:
        waiting.append(table)
        # As many as are there already, so that a large table is not sorted again for each small one.
        if sum(map(len, waiting)) >= max(_PATTERNS_AT_ONCE, len(merged)):
            merged, waiting = _merge([merged, *waiting]), []
    return _merge([merged, *waiting])


def positions_in(table: VotePatterns, others: Sequence[VotePatterns]) -> list[NDArray[np.int64]]:
    """Return the position in ``table`` of each pattern of the others, which must all be in it. Shape: [u] each.

    Examples
    --------
    >>> parts = [vote_patterns([[0, 1]]), vote_patterns([[0, 1], [-1, 1]])]
    >>> [numbers.tolist() for numbers in positions_in(merge_patterns(parts), parts)]
    [[1], [0, 1]]
    """
    together = vote_patterns(_joined([table, *others]))
    ends = np.cumsum([len(each) for each in (table, *others)])
    return np.split(together.rows(), ends[:-1])[1:]


def _merge(tables: Sequence[VotePatterns]) -> VotePatterns:
    patterns = _joined(tables)
    counts = np.concatenate([table.counts for table in tables])
    order, first = _sort_rows(patterns)
    starts = np.flatnonzero(first)
    totals = np.add.reduceat(counts[order], starts) if len(starts) else counts
    return VotePatterns(take_rows(patterns, order[starts]), totals)


def _joined(tables: Sequence[VotePatterns]) -> VoteArray:
    widths = {table.m for table in tables}
    if len(widths) > 1:
        wrong = " and of ".join(map(str, sorted(widths)))
        raise VoteError(f"patterns of {wrong} labeling functions cannot be merged")
    dtype = np.result_type(*(table.patterns for table in tables))
    joined = np.empty((sum(map(len, tables)), widths.pop()), dtype=dtype, order="F")
    return np.concatenate([table.patterns for table in tables], out=joined)


def take_rows(L: VoteArray, rows: NDArray[np.int64]) -> VoteArray:
    """Return some rows of L, stored by column."""
    # Many rows are fetched in fewer turns where several votes are packed into a byte.
    many = 4 * len(rows) > len(L) and L.dtype == np.int8
    base = _base(L) if many else 0
    source = pack_bytes(L, base) if many else L
    taken = np.empty((len(rows), L.shape[1]), dtype=L.dtype, order="F")

    def take(part: slice) -> None:
        fetched: NDArray[Any] = taken[part]
        if many:
            fetched = np.empty((part.stop - part.start, source.shape[1]), np.uint8, order="F")
        for column in range(source.shape[1]):
            np.take(source[:, column], rows[part], out=fetched[:, column], mode="clip")
        if many:
            taken[part] = unpack_bytes(fetched, base, L.shape[1])

    in_threads(len(rows), take)
    return taken


def _sort_rows(L: VoteArray) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Sort the rows of L lexicographically.

    A first number a row holds its first votes. Where it is the same for several rows, the next votes decide, in a
    number that begins with the rank so far; and so on. Nothing is hashed, so nothing can collide.

    Returns
    -------
    order
        Row numbers, sorted by what the rows hold; the order of equal rows may be any. Shape: [n].
    first
        Which places in ``order`` begin a new pattern. Shape: [n].
    """
    n, m = L.shape
    base = _base(L)
    order, first = np.arange(n), np.arange(n) == 0
    column, places, group = 0, np.arange(n), np.zeros(n, dtype=np.uint64)
    while column < m and len(places):
        used = (int(group[-1]).bit_length() + 7) // 8  # bytes of the rank so far
        width = votes_in_bytes(8 - used, base)
        keys = _pack_rows(L[:, column : column + width], order[places], base)
        if used:
            keys |= group << np.uint64(8 * (8 - used))
        ranked = np.argsort(keys)
        keys, order[places] = keys[ranked], order[places][ranked]
        first[places[1:]] |= keys[1:] != keys[:-1]
        places = np.flatnonzero(~(first & np.append(first[1:], True)))  # of rows that still have equals
        group = np.cumsum(first[places], dtype=np.uint64) - np.uint64(1) if len(places) else group
        column += width
    return order, first


def _pack_rows(L: VoteArray, rows: NDArray[np.int64], base: int) -> NDArray[np.uint64]:
    """Pack some rows: all rows first and then these where that is cheaper."""
    if 4 * len(rows) < len(L):
        return pack_word(take_rows(L, rows), base)
    words = np.empty(len(L), dtype=np.uint64)

    def pack(part: slice) -> None:
        words[part] = pack_word(L[part], base)

    in_threads(len(L), pack)
    return words[rows]


def _base(L: VoteArray) -> int:
    return max(2, int(L.max(initial=-1)) + 2)
