"""Snorkel's overlaps matrix, from vote patterns instead of rows."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.labels import INT8_CLASSES, VoteArray
from weaklabel.support.threads import cores
from weaklabel.votes.patterns import VotePatterns, pack_bytes, votes_a_byte

_PATTERNS_AT_ONCE = 1 << 17

_FEW_PATTERNS = 1 << 11
"""Patterns that are fewer than the places of most tables in which they would be counted."""


def count_overlaps(all_votes: VotePatterns, cardinality: int) -> NDArray[np.float64]:
    """Count for each two (labeling function, class) how many rows have both votes.

    The votes of a few labeling functions are packed into a byte; each two bytes index a table in which rows are
    counted, and the table is added up to pairs of votes. So a row is read once for many pairs.

    Parameters
    ----------
    all_votes
        Votes.
    cardinality
        Number of classes.

    Returns
    -------
    array
        Shape: [m*k, m*k], labeling function ``i`` voting ``y`` at ``i*k + y``. Whole numbers: float64 adds them
        exactly up to 2**53 rows, so the order of adding does not matter.
    """
    if cardinality > INT8_CLASSES:
        return _multiply_sparse(all_votes, cardinality)
    if len(all_votes) <= _FEW_PATTERNS:
        return _multiply(all_votes, cardinality)
    base = cardinality + 1
    weights = all_votes.weights()
    packed = pack_bytes(all_votes.patterns, base)
    digits, size = votes_a_byte(base), base ** votes_a_byte(base)
    votes = votes_of_bytes(base, digits)
    width = digits * cardinality
    d = all_votes.m * cardinality
    total = np.zeros((d, d))

    def count(pair: tuple[int, int]) -> None:
        first, second = pair
        table = _count_bytes(packed[:, first], packed[:, second], size, weights)
        counts = votes.T @ table @ votes
        rows, columns = (
            slice(first * width, min(d, (first + 1) * width)),
            slice(second * width, min(d, (second + 1) * width)),
        )
        counts = counts[: rows.stop - rows.start, : columns.stop - columns.start]
        total[rows, columns], total[columns, rows] = counts, counts.T

    with ThreadPoolExecutor(cores()) as pool:
        list(pool.map(count, combinations_with_replacement(range(packed.shape[1]), 2)))
    return total


def _multiply(all_votes: VotePatterns, cardinality: int) -> NDArray[np.float64]:
    """Count as the product of the matrix of votes, 0 or 1, with itself."""
    votes = (all_votes.patterns[:, :, None] == np.arange(cardinality, dtype=np.int8)).reshape(
        len(all_votes), all_votes.m * cardinality
    )
    return np.asarray((votes * all_votes.counts.astype(np.float64)[:, None]).T @ votes.astype(np.float64))


def _multiply_sparse(all_votes: VotePatterns, cardinality: int) -> NDArray[np.float64]:
    """The same by the votes cast, one labeling function's after another's, where they are few compared with the classes."""
    k, votes = cardinality, vote_matrix(all_votes.patterns, cardinality)
    weighted = (votes.multiply(all_votes.counts[:, None])).tocsr()
    total = np.zeros((all_votes.m * k, all_votes.m * k))
    for lf in range(all_votes.m):
        items = slice(lf * k, (lf + 1) * k)
        total[items] = (of_lf(all_votes.patterns[:, lf], k) @ weighted).toarray()
    return total


def vote_matrix(L: VoteArray, k: int) -> Any:
    """Return votes as a sparse matrix of ones, labeling function ``i`` voting ``y`` at ``i*k + y``. Shape: [n, m*k]."""
    from scipy.sparse import csr_array

    lf, row = np.nonzero(L.T >= 0)
    return csr_array((np.ones(len(row)), (row, lf * k + L[row, lf])), shape=(len(L), L.shape[1] * k))


def of_lf(votes: VoteArray, k: int) -> Any:
    """Return one labeling function's votes as a sparse matrix of ones. Shape: [n] -> [k, n]."""
    from scipy.sparse import csc_array

    voted = votes >= 0
    begins = np.concatenate([[0], np.cumsum(voted)])
    return csc_array((np.ones(begins[-1]), votes[voted], begins), shape=(k, len(votes)))


def _count_bytes(
    first: NDArray[np.uint8], second: NDArray[np.uint8], size: int, weights: NDArray[np.int64] | None
) -> NDArray[np.float64]:
    """Count the rows that have each two bytes. Shape: [u], [u] -> [size, size]."""
    table = np.zeros(size * size)
    for start in range(0, len(first), _PATTERNS_AT_ONCE):
        some = slice(start, start + _PATTERNS_AT_ONCE)
        both = first[some].astype(np.uint16)
        both *= np.uint16(size)
        both += second[some]
        table += np.bincount(both, None if weights is None else weights[some], minlength=len(table))
    return table.reshape(size, size)


def class_covariances(
    overlaps: NDArray[np.float64], n: int, cardinality: int
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Yield for each class how voting for it goes together.

    Parameters
    ----------
    overlaps
        Of `count_overlaps`. Shape: [m*k, m*k].
    n
        Rows.
    cardinality
        Number of classes k.

    Yields
    ------
    tuple
        Covariances of voting for the class, with what the diagonal happens to be, and its variances. Shape: [m, m], [m].
    """
    for label in range(cardinality):
        together = overlaps[label::cardinality, label::cardinality] / max(1, n)
        rate = together.diagonal()
        yield together - np.outer(rate, rate), rate * (1 - rate)


def votes_of_bytes(base: int, digits: int) -> NDArray[np.float64]:
    """Say which votes each byte stands for, as 0 and 1. Shape: [base**digits, digits*k]."""
    numbers = np.arange(base**digits)
    votes = [
        numbers // base ** (digits - 1 - place) % base == 1 + label
        for place in range(digits)
        for label in range(base - 1)
    ]
    return np.stack(votes, axis=1).astype(np.float64)
