"""How much each vote has to do with its class, from covariances of three labeling functions at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.support.threads import cores
from weaklabel.votes.patterns import VotePatterns
from weaklabel.votes.tally import SPARSE, tally_votes

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

    Memory is in proportion to the square of m, whatever k is.

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
        x; NaN where there is no vote, or no usable triplet. Shape: [m, k].

    References
    ----------
    Fu et al., ICML 2020: see `TripletLabelModel`. Centred covariances in the place of their products of -1, 0 and 1 make
    abstains and votes for one class only agree with the assumption.
    """
    n, m = max(1, votes.n), votes.m
    rates, effects = np.zeros((m, cardinality)), np.full((m, cardinality), np.nan)
    seen = tally_votes(votes.patterns, classes=cardinality).seen.any(axis=0)
    voted = votes.patterns >= 0
    sparse = np.count_nonzero(voted) < SPARSE * voted.size
    products = _SparseProducts(votes, voted) if sparse else partial(_products, votes)
    for label in np.flatnonzero(seen).tolist():
        with_events, with_signals, means = (total / n for total in products(label))
        # Squared signals count all votes; signals count those for the class less the others.
        rates[:, label] = rate = (with_signals.diagonal() + means) / 2
        if rate.any():
            of_events = with_events - np.outer(rate, means)
            of_signals = with_signals - np.outer(means, means)
            effects[:, label] = _effects(of_events, of_signals, rate, n)
    return rates, effects


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
