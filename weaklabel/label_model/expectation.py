"""Expected counts: how often each vote occurs with each class, given class probabilities."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from weaklabel.label_model.evidence import count_by_class
from weaklabel.label_model.overlaps import of_lf, votes_of_bytes
from weaklabel.labels import INT8_CLASSES, VoteArray
from weaklabel.support.threads import cores, in_threads
from weaklabel.votes.patterns import pack_bytes, votes_a_byte
from weaklabel.votes.tally import blocks

Floats = NDArray[np.float64]

_MAX_PROBABILITY = 0.98
"""Upper limit of P(vote | class): no labeling function always votes the same."""

_MIN_PROBABILITY = 1e-12

_ROWS_AT_ONCE = 1 << 17
"""Fixed, so that sums are rounded the same on any machine."""


class ExpectedVotes:
    """Counts votes by class, again and again for the same votes.

    The votes of a few labeling functions are packed into a byte, so that a look at a row counts all of them. Where there
    are too many classes for that, each labeling function's votes are looked at.

    Parameters
    ----------
    L
        Votes. Shape: [u, m].
    cardinality
        Number of classes k.
    """

    def __init__(self, L: VoteArray, cardinality: int) -> None:
        self.m, self.k, base = L.shape[1], cardinality, cardinality + 1
        self._L = L if cardinality > INT8_CLASSES else None
        if self._L is not None:
            return
        self._packed = pack_bytes(L, base)
        self._votes = votes_of_bytes(base, votes_a_byte(base))

    def count(self, weights: Floats) -> Floats:
        """Add up the weights of the rows with each vote.

        Parameters
        ----------
        weights
            How much a row counts for each class. Shape: [u, k]; fastest where it is stored by column.

        Returns
        -------
        array
            By labeling function, vote and class. Shape: [m, k, k].
        """
        if self._L is not None:
            return self._by_lf(self._L, np.ascontiguousarray(weights))
        with ThreadPoolExecutor(cores()) as pool:
            parts = list(pool.map(lambda byte: self._votes.T @ self._by_byte(byte, weights), self._packed.T))
        joined = np.concatenate(parts) if parts else np.empty((0, self.k))
        return joined[: self.m * self.k].reshape(self.m, self.k, self.k)

    def _by_lf(self, L: VoteArray, weights: Floats) -> Floats:
        counts = np.empty((self.m, self.k, self.k))

        def count(lf: int) -> None:
            counts[lf] = of_lf(L[:, lf], self.k) @ weights

        with ThreadPoolExecutor(cores()) as pool:
            list(pool.map(count, range(self.m)))
        return counts

    def _by_byte(self, byte: NDArray[np.uint8], weights: Floats) -> Floats:
        """Add up weights by the value of a byte. Shape: [u], [u, k] -> [values, k]."""
        table = np.zeros((len(self._votes), self.k))
        for start in range(0, len(byte), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            value = byte[rows].astype(np.intp)
            for label in range(self.k):
                table[:, label] += np.bincount(value, weights[rows, label], minlength=len(table))
        return table


def smoothed_likelihood(expected: Floats, rows: Floats, target: Floats, share: float, votes: float) -> Floats:
    """Return P(vote | class), smoothed by pseudo-votes. Shape: [m, k, k].

    Pseudo-votes come with rows of their own, as many as a labeling function of this coverage votes among.

    Parameters
    ----------
    expected
        How many rows each labeling function's votes share with each class. Shape: [m, k, k].
    rows
        How many rows each class has. Shape: [k].
    target
        Classes of pseudo-votes, by vote. Shape: [k, k].
    share, votes
        Pseudo-votes for each vote, and for each class that a labeling function votes for.
    """
    by_vote = expected.sum(axis=2)
    added, voted = share * by_vote + votes * (by_vote > 0), by_vote.sum(axis=1)
    more = 1 + np.divide(added.sum(axis=1), voted, out=np.zeros(len(voted)), where=voted > 0)
    likelihood = (expected + added[:, :, None] * target) / np.maximum(rows * more[:, None], _MIN_PROBABILITY)[:, None]
    return np.clip(likelihood, _MIN_PROBABILITY, _MAX_PROBABILITY)


def expected_accuracies(expected: Floats) -> Floats:
    """Return the expected share of votes that are right; NaN where there are none. Shape: [m, k, k] -> [m]."""
    voted = expected.sum(axis=2).sum(axis=1)
    return np.divide(np.einsum("jyy->j", expected), voted, out=np.full(len(voted), np.nan), where=voted > 0)


def vote_shares(L: VoteArray, cardinality: int) -> Floats:
    """Return the share of each class among a row's votes; the same for all where it has none. Shape: [u, m] -> [u, k]."""
    if cardinality > INT8_CLASSES:
        counts = count_by_class(L, cardinality)
        total = counts.sum(axis=1, keepdims=True)
        return np.where(total > 0, counts / np.maximum(total, 1), 1 / cardinality)
    shares = np.empty((len(L), cardinality), order="F")

    def fill(part: slice) -> None:
        for rows, block in blocks(L[part]):
            into = shares[part.start + rows.start : part.start + rows.start + len(block)]
            for label in range(cardinality):
                into[:, label] = np.add.reduce((block == label).view(np.uint8), axis=1, dtype=np.uint16)
            total = into.sum(axis=1, keepdims=True)
            np.divide(into, total, out=into, where=total > 0)
            into[total[:, 0] == 0] = 1 / cardinality

    in_threads(len(L), fill)
    return shares
