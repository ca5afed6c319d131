"""From votes to class probabilities, and back.

The evidence of the votes of a row is added up to its class probabilities; given these, it is counted how often each vote
occurs with each class.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from weaklabel.label_model.moments import of_lf, votes_of_bytes
from weaklabel.labels import INT8_CLASSES, Probs, VoteArray
from weaklabel.support.threads import cores, in_threads
from weaklabel.votes.patterns import pack_bytes, votes_a_byte
from weaklabel.votes.tally import blocks

Floats = NDArray[np.float64]

_ROWS_AT_ONCE = 1 << 13

_TABLE_BYTES = 5 << 18
"""What a table may take, so that the processor's cache holds it."""

_CELLS_AT_ONCE = 1 << 18
"""Votes, or scores of classes, in a block of rows where votes are added up one by one: they stay in a core's cache."""

_MAX_TABLED = INT8_CLASSES + 2
"""Kinds of votes up to which there are tables: a class, the abstain, and agreement with another labeling function."""

_FEW = 1 << 12
"""Rows up to which making tables takes longer than adding up vote by vote."""


def probs_by_evidence(L: VoteArray, evidence: NDArray[np.float64], prior: NDArray[np.float64]) -> Probs:
    """Return class probabilities in proportion to ``exp(prior + evidence of each vote)``.

    The sums for all combinations of a few labeling functions' votes are in a table, so that a row needs one look for
    them together. How many they are depends on the numbers of votes and classes alone, and few rows, for which no table is
    made, are added up in the same order: no row's probabilities depend on the other rows, not even in rounding.

    Parameters
    ----------
    L
        Votes -1..v-2. Shape: [n, m].
    evidence
        Log likelihood of each class, or of whatever else is asked for, by vote; the abstain first. Shape: [m, v, k].
    prior
        Log prior probabilities. Shape: [k].

    Returns
    -------
    Probs
        Shape: [n, k].
    """
    base, k = evidence.shape[1:]
    if base > _MAX_TABLED:
        return _by_votes_cast(L, evidence, prior)
    together, n_bytes = _votes_a_table(base, k)
    size = base ** votes_a_byte(base)
    # Packed votes fill whole bytes with abstains, which are no evidence.
    filled = np.concatenate([evidence, np.zeros((-len(evidence) % votes_a_byte(base), base, k))])
    groups = [filled[first : first + together] for first in range(0, len(filled), together)]
    if len(L) <= _FEW:
        return softmax(_scores(L, groups, prior))
    tables = [_table(group) for group in groups]
    probs = np.empty((len(L), k))

    def fill(part: slice) -> None:
        for start in range(part.start, part.stop, _ROWS_AT_ONCE):
            rows = slice(start, min(part.stop, start + _ROWS_AT_ONCE))
            scores, rows_of_table = np.tile(prior, (rows.stop - rows.start, 1)), np.empty((rows.stop - rows.start, k))
            packed = pack_bytes(L[rows], base)
            for number, table in enumerate(tables):
                entry = _entries(packed[:, number * n_bytes : (number + 1) * n_bytes], size)
                scores += table.take(entry, axis=0, out=rows_of_table, mode="clip")
            probs[rows] = softmax(scores)

    in_threads(len(L), fill)
    return probs


def probs_by_weights(L: VoteArray, weights: NDArray[np.float64], prior: NDArray[np.float64]) -> Probs:
    """Return class probabilities where a vote is evidence for its own class only, and an abstain for none.

    It takes time in proportion to the votes, however many classes there are.

    Parameters
    ----------
    L
        Votes. Shape: [n, m].
    weights
        What a vote adds to the log-odds of its class. Shape: [m].
    prior
        Log prior probabilities. Shape: [k].
    """
    scores = count_by_class(L, len(prior), weights)
    scores += prior
    return softmax(scores)


def count_by_class(L: VoteArray, k: int, weights: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """Add up the votes of each row for each class, or what they weigh. Shape: [n, m], [m] -> [n, k]."""
    counts = np.empty((len(L), k))

    def fill(part: slice) -> None:
        into = counts[part]
        for rows, (row, lf, vote) in votes_cast(L[part], k):
            of_votes = None if weights is None else weights[lf]
            into[rows] = np.bincount(row * k + vote, of_votes, minlength=into[rows].size).reshape(-1, k)

    in_threads(len(L), fill)
    return counts


def votes_cast(L: VoteArray, k: int) -> Iterator[tuple[slice, tuple[NDArray[np.intp], ...]]]:
    """Yield for blocks of rows the row (from the block's first), labeling function and class of each vote.

    Votes come by labeling function, so that the sum for a row does not depend on its block, not even in rounding.
    """
    at_once = max(1, _CELLS_AT_ONCE // max(1, k, L.shape[1]))
    for start in range(0, len(L), at_once):
        rows = slice(start, min(len(L), start + at_once))
        block = L[rows].T
        lf, row = np.nonzero(block >= 0)
        yield rows, (row, lf, block[lf, row].astype(np.intp))


def _by_votes_cast(L: VoteArray, evidence: NDArray[np.float64], prior: NDArray[np.float64]) -> Probs:
    """Start from the evidence of abstains and correct it by votes: with many classes tables are large and votes rare."""
    abstains = prior + evidence[:, 0].sum(axis=0)
    probs = np.empty((len(L), len(prior)))

    def fill(part: slice) -> None:
        for start in range(part.start, part.stop, _ROWS_AT_ONCE):
            rows = slice(start, min(part.stop, start + _ROWS_AT_ONCE))
            scores = np.tile(abstains, (rows.stop - rows.start, 1))
            for votes, of_votes in zip(L[rows].T, evidence, strict=True):
                voted = np.flatnonzero(votes >= 0)
                scores[voted] += of_votes[votes[voted].astype(np.intp) + 1] - of_votes[0]
            probs[rows] = softmax(scores)

    in_threads(len(L), fill)
    return probs


def vote_evidence(L: VoteArray, evidence: NDArray[np.float64]) -> NDArray[np.float64]:
    """Add up the evidence of each row's votes. Shape: [n, m], [m, k+1, k] -> [n, k]."""
    scores = np.zeros((len(L), evidence.shape[2]))
    for votes, of_votes in zip(L.T, evidence, strict=True):
        scores += of_votes[votes.astype(np.intp) + 1]
    return scores


def _scores(L: VoteArray, groups: Sequence[NDArray[np.float64]], prior: NDArray[np.float64]) -> NDArray[np.float64]:
    """Add up what tables of the same groups of labeling functions would hold. Shape: [n, k]."""
    scores, first = np.tile(prior, (len(L), 1)), 0
    for group in groups:
        votes = L[:, first : first + len(group)]
        scores += vote_evidence(votes[:, ::-1], group[: votes.shape[1]][::-1])
        first += len(group)
    return scores


def _votes_a_table(base: int, k: int) -> tuple[int, int]:
    """Return how many votes index a table, and in how many bytes they are packed: two, if the table is not too large."""
    digits = votes_a_byte(base)
    n_bytes = 2 if base ** (2 * digits) * k * 8 <= _TABLE_BYTES else 1
    return digits * n_bytes, n_bytes


def _table(evidence: NDArray[np.float64]) -> NDArray[np.float64]:
    """Add up the evidence of all combinations of votes, the last vote changing fastest. Shape: [.., k].

    It begins with the last vote: numbers are then added to long rows, which is several times faster.
    """
    table = evidence[-1].T
    for more in evidence[-2::-1]:
        table = (more.T[:, :, None] + table[:, None, :]).reshape(len(table), -1)
    return np.ascontiguousarray(table.T)


def _entries(packed: NDArray[np.uint8], size: int) -> NDArray[np.intp]:
    """Say which entry of a table a row's votes are, packed into one byte or two. Shape: [n, 1 or 2] -> [n]."""
    entry = packed[:, 0].astype(np.intp)
    for byte in packed.T[1:]:
        entry *= size
        entry += byte
    return entry


def softmax(scores: NDArray[np.float64]) -> Probs:
    """Turn scores into probabilities, in place. Shape: [n, k] -> [n, k]."""
    return log_sum_and_softmax(scores)[1]


def log_sum_and_softmax(scores: NDArray[np.float64]) -> tuple[NDArray[np.float64], Probs]:
    """Return the log of each row's summed exponentials, and its softmax, in place. Shape: [n, k] -> [n], [n, k].

    It goes class by class, which is faster than along the short rows.
    """
    if scores.shape[1] > 2 * INT8_CLASSES:  # two, since a model may have two states a class
        tops = scores.max(axis=1)
        scores -= tops[:, None]
        np.exp(scores, out=scores)
        sums = scores.sum(axis=1)
        scores /= sums[:, None]
        return tops + np.log(sums), scores
    highest, total = scores[:, 0].copy(), np.zeros(len(scores))
    for column in scores.T[1:]:
        np.maximum(highest, column, out=highest)
    scores -= highest[:, None]
    np.exp(scores, out=scores)
    for column in scores.T:
        total += column
    scores /= total[:, None]
    return highest + np.log(total), scores


_MAX_PROBABILITY = 0.98
"""Upper limit of P(vote | class): no labeling function always votes the same."""

_MIN_PROBABILITY = 1e-12

_ROWS_COUNTED_AT_ONCE = 1 << 17
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

    m: int
    k: int

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
        for start in range(0, len(byte), _ROWS_COUNTED_AT_ONCE):
            rows = slice(start, start + _ROWS_COUNTED_AT_ONCE)
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
    """Return the expected share of votes that are right; NaN if there are none. Shape: [m, k, k] -> [m]."""
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
