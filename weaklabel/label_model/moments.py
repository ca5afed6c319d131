"""Moments of votes: Snorkel's matrix of overlaps, from vote patterns instead of rows, and triplets.

Covariances of three labeling functions at a time tell how much each vote has to do with its class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.labels import INT8_CLASSES, VoteArray
from weaklabel.support.threads import cores
from weaklabel.votes.patterns import VotePatterns, pack_bytes, votes_a_byte
from weaklabel.votes.tally import SPARSE, tally_votes

MOST_OVERLAPS = 1 << 23
"""Entries of a matrix of overlaps that is made even if most of them are 0."""

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


def overlaps_of_cast(votes: VotePatterns, cardinality: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Count overlaps of votes that are cast, as `count_overlaps` does of all.

    Returns
    -------
    overlaps
        Shape: [d, d].
    cells
        ``i*k + y`` for labeling function ``i`` voting ``y``, in order. Shape: [d].
    """
    if (votes.m * cardinality) ** 2 <= MOST_OVERLAPS:
        overlaps = count_overlaps(votes, cardinality)
        cells = np.flatnonzero(overlaps.diagonal())
        return (overlaps if len(cells) == len(overlaps) else overlaps[np.ix_(cells, cells)]), cells
    cast = vote_matrix(votes.patterns, cardinality)
    cells = np.unique(cast.indices).astype(np.int64)
    cast = cast[:, cells]
    return np.asarray((cast.T @ cast.multiply(votes.counts[:, None]).tocsr()).toarray()), cells


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


Floats = NDArray[np.float64]

_ROWS_AT_ONCE = 1 << 13

_PARTNERS = 100
"""The labeling functions that one is put into triplets with: those that its votes vary with most, and what ties."""

_SIGNIFICANT = 2.0
"""Standard errors from 0 of the covariance that a triplet divides by, and of disagreement that is no accident."""


def vote_effects(votes: VotePatterns, cardinality: int) -> tuple[Floats, Floats]:
    r"""Find the rates of votes, and their covariance with their class over the class's standard deviation.

    For a class y, let :math:`e_i` be 1 where labeling function i votes y, else 0, and let :math:`s_j` be 1 where j votes y, -1
    where it votes for another class, and 0 where it abstains. If these are independent given whether Y = y, then
    :math:`Cov(e_i, s_j) = x_i z_j` and :math:`Cov(s_j, s_k) = z_j z_k`, so that
    :math:`x_i^2 = Cov(e_i, s_j) Cov(e_i, s_k) / Cov(s_j, s_k)`.

    Memory is in proportion to the square of m, whatever k is, beyond 64 MiB.

    Parameters
    ----------
    votes
        Votes; every labeling function has some.
    cardinality
        Number of classes k.

    Returns
    -------
    rates : array
        P(vote). Shape: [m, k].
    effects : array
        x; NaN if there is no vote, or no usable triplet. Shape: [m, k].

    References
    ----------
    Fu et al., ICML 2020: see `TripletLabelModel`. Centred covariances in the place of their products of -1, 0 and 1 make
    abstains and votes for one class only agree with the assumption.
    """
    n, m = max(1, votes.n), votes.m
    rates, effects = np.zeros((m, cardinality)), np.full((m, cardinality), np.nan)
    seen = tally_votes(votes.patterns, classes=cardinality).seen.any(axis=0)
    products = _products_of(votes, cardinality)
    for label in np.flatnonzero(seen).tolist():
        with_events, with_signals, means = (total / n for total in products(label))
        # Squared signals count all votes; signals count those for the class less the others.
        rates[:, label] = rate = (with_signals.diagonal() + means) / 2
        if rate.any():
            of_events = with_events - np.outer(rate, means)
            of_signals = with_signals - np.outer(means, means)
            effects[:, label] = _effects(of_events, of_signals, rate, n)
    return rates, effects


def _products_of(votes: VotePatterns, cardinality: int) -> Callable[[int], tuple[Floats, Floats, Floats]]:
    """Return what adds up products for a class, in the fastest way that the sizes allow; the sums are the same."""
    if (votes.m * cardinality) ** 2 <= MOST_OVERLAPS:
        return _OverlapProducts(count_overlaps(votes, cardinality), cardinality)
    voted = votes.patterns >= 0
    sparse = np.count_nonzero(voted) < SPARSE * voted.size
    return _SparseProducts(votes, voted) if sparse else partial(_products, votes)


class _OverlapProducts:
    """Does so for all classes by one count of overlaps: a signal is twice the event, less the vote."""

    def __init__(self, overlaps: Floats, k: int) -> None:
        m = len(overlaps) // k
        self.overlaps = overlaps.reshape(m, k, m, k)
        self.met = self.overlaps.sum(axis=3)
        self.together = self.met.sum(axis=1)

    def __call__(self, label: int) -> tuple[Floats, Floats, Floats]:
        alike, met = self.overlaps[:, label, :, label], self.met[:, label]
        signals = 2 * alike.diagonal() - self.together.diagonal()
        return 2 * alike - met, 4 * alike - 2 * (met + met.T) + self.together, signals


def _products(all_votes: VotePatterns, label: int) -> tuple[Floats, Floats, Floats]:
    """Add up events times signals, signals times signals, and signals. Shape: [m, m], [m, m], [m].

    All are sums of whole numbers, which single precision adds exactly up to 2**24, double up to 2**53.
    """
    exact = np.float32 if all_votes.counts.max(initial=1) * _ROWS_AT_ONCE <= 1 << 24 else np.float64

    def add(start: int) -> Floats:
        rows = slice(start, start + _ROWS_AT_ONCE)
        votes = all_votes.patterns[rows]
        counts: NDArray[np.floating[Any]] = all_votes.counts[rows].astype(exact)
        events: NDArray[np.floating[Any]] = np.equal(votes, label).astype(exact)
        signals = 2 * events - (votes >= 0)
        weighted = signals * counts[:, None]
        return np.concatenate([events.T @ weighted, signals.T @ weighted, counts[None] @ signals]).astype(np.float64)

    m = all_votes.m
    total = np.zeros((2 * m + 1, m))
    with ThreadPoolExecutor(cores()) as pool:
        for part in pool.map(add, range(0, len(all_votes), _ROWS_AT_ONCE)):
            total += part
    return total[:m], total[m : 2 * m], total[2 * m]


class _SparseProducts:
    """Does so by the votes cast alone: a signal is twice the event, less the vote."""

    def __init__(self, votes: VotePatterns, voted: NDArray[np.bool_]) -> None:
        self.shape = voted.shape
        self.lf, self.row = np.nonzero(voted.T)
        self.vote, self.counts = votes.patterns.T[voted.T], votes.counts[self.row].astype(np.float64)
        self.weighted = self._matrix(slice(None), self.counts).tocsr()
        self.together = (self._matrix(slice(None), np.ones(len(self.row))).T @ self.weighted).toarray()

    def __call__(self, label: int) -> tuple[Floats, Floats, Floats]:
        some = np.flatnonzero(self.vote == label)
        events = self._matrix(some, np.ones(len(some)))
        alike = (events.T @ self._matrix(some, self.counts[some]).tocsr()).toarray()
        met = (events.T @ self.weighted).toarray()
        signals = 2 * alike.diagonal() - self.together.diagonal()
        return 2 * alike - met, 4 * alike - 2 * (met + met.T) + self.together, signals

    def _matrix(self, some: NDArray[np.int64] | slice, values: Floats) -> Any:
        """Return a sparse matrix of some votes, which are in the order of labeling functions. Shape: [u, m]."""
        from scipy.sparse import csc_array

        begins = np.searchsorted(self.lf[some], np.arange(self.shape[1] + 1))
        return csc_array((values, self.row[some], begins), shape=self.shape)


def _effects(of_events: Floats, of_signals: Floats, rate: Floats, n: int) -> Floats:
    """Take the median over triplets. Shape: [m, m], [m, m], [m] -> [m]."""
    spread = np.sqrt(of_signals.diagonal())
    usable = of_signals**2 * n > (_SIGNIFICANT * np.outer(spread, spread)) ** 2
    np.fill_diagonal(usable, False)
    others = of_events.copy()
    np.fill_diagonal(others, 0)
    effects = np.full(len(rate), np.nan)
    for lf in np.flatnonzero(rate):
        partners = choose_partners(others[lf])
        both = np.ix_(partners, partners)
        of_one = np.outer(others[lf, partners], others[lf, partners])[usable[both]]
        if of_one.size:
            effects[lf] = np.sqrt(np.median(np.abs(of_one / of_signals[both][usable[both]])))
    return np.where(_disagrees(others, spread, rate, n), -effects, effects)


def choose_partners(covariances: Floats) -> NDArray[np.int64]:
    """Choose the largest by size, and what ties with the last of them, so that the order makes no difference."""
    sizes = np.abs(covariances)
    least = np.partition(sizes, -_PARTNERS)[-_PARTNERS] if len(sizes) > _PARTNERS else 0
    return np.flatnonzero((sizes >= least) & (sizes > 0))


def _disagrees(others: Floats, spread: Floats, rate: Floats, n: int) -> NDArray[np.bool_]:
    """Say whose votes vary against the signals of the others, all in all. Shape: [m, m], [m], [m] -> [m]."""
    varying = spread > 0
    together = (others[:, varying] / spread[varying]).sum(axis=1)
    error = np.sqrt(rate * (1 - rate) * max(1, varying.sum() - 1) / n)
    return np.asarray(together < -_SIGNIFICANT * error)
