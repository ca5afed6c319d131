"""Vote patterns: the unique rows of L with their counts. A label model needs nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.errors import VoteError
from weaklabel.labels import Votes8, check_L

_ROWS_AT_ONCE = 1 << 15
"""Rows coded together: few enough that their codes stay in the processor's cache."""


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
        Pattern of each row of L: ``patterns[inverse]`` is L. Shape: [n].
    """

    patterns: Votes8
    counts: NDArray[np.int64]
    inverse: NDArray[np.int64]

    @property
    def n(self) -> int:
        """Rows of L."""
        return len(self.inverse)

    @property
    def m(self) -> int:
        """Labeling functions."""
        return self.patterns.shape[1]

    def __len__(self) -> int:
        return len(self.patterns)

    def merge(self, other: VotePatterns) -> VotePatterns:
        """Add up two pattern tables: the patterns of the rows of ``self`` followed by those of ``other``.

        Raises
        ------
        VoteError
            The tables are of different numbers of labeling functions.
        """
        if self.m != other.m:
            raise VoteError(f"patterns of {self.m} and of {other.m} labeling functions cannot be merged")
        both = vote_patterns(np.concatenate([self.patterns, other.patterns]))
        mine, theirs = both.inverse[: len(self)], both.inverse[len(self) :]
        counts = np.zeros(len(both), dtype=np.int64)
        counts[mine] += self.counts
        counts[theirs] += other.counts
        return VotePatterns(both.patterns, counts, np.concatenate([mine[self.inverse], theirs[other.inverse]]))


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
        L is no label matrix.

    Examples
    --------
    >>> found = vote_patterns([[1, -1], [0, 0], [1, -1]])
    >>> found.patterns.tolist(), found.counts.tolist(), found.inverse.tolist()
    ([[0, 0], [1, -1]], [1, 2], [1, 0, 1])
    """
    votes = check_L(L)
    inverse, n_patterns = _number_rows(votes)
    example = np.empty(n_patterns, dtype=np.int64)
    example[inverse] = np.arange(len(votes))
    counts = np.bincount(inverse, minlength=n_patterns).astype(np.int64, copy=False)
    return VotePatterns(_take_rows(votes, example), counts, inverse)


def _number_rows(L: Votes8) -> tuple[NDArray[np.int64], int]:
    """Number the distinct rows of L in lexicographic order; return each row's number, and how many there are.

    A row is read as a number with one digit a vote. As many columns as fit go into 64 bits; the words are ranked,
    and the rank is the first digit of the next word. So ranks keep the order, and nothing can collide.
    """
    n, m = L.shape
    base = int(L.max(initial=-1)) + 2
    rank, n_ranks, column = np.zeros(n, dtype=np.int64), min(n, 1), 0
    while column < m and n_ranks < n:
        words, span, first = rank.astype(np.uint64), n_ranks * base, column
        while column < m and span <= 2**64:
            span, column = span * base, column + 1
        _append_digits(words, L[:, first:column], base)
        unique, rank = np.unique(words, return_inverse=True)
        n_ranks = len(unique)
    return rank, n_ranks


def _take_rows(L: Votes8, rows: NDArray[np.int64]) -> Votes8:
    taken = np.empty((len(rows), L.shape[1]), dtype=np.int8, order="F")
    for column in range(L.shape[1]):
        taken[:, column] = L[:, column][rows]
    return taken


def _append_digits(words: NDArray[np.uint64], L: Votes8, base: int) -> None:
    for start in range(0, len(L), _ROWS_AT_ONCE):
        some, votes = words[start : start + _ROWS_AT_ONCE], L[start : start + _ROWS_AT_ONCE]
        for column in range(L.shape[1]):
            some *= np.uint64(base)
            some += (votes[:, column] + 1).view(np.uint8)
