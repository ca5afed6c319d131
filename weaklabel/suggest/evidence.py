"""Evidence for the classes of rows, and what follows for the rows on which a pattern votes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from weaklabel.labels import ABSTAIN, Labels, Probs, VoteArray, row_blocks
from weaklabel.votes.tally import has_vote

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = NDArray[np.float64]

_GOLD_WEIGHT = 5.0
"""Rows whose label is only probable that a gold row counts for."""

_PRIOR_ROWS = 4.0
"""Rows of the class balance that every estimate begins with."""

_SURE = 1.64
"""Standard errors by which an estimate is lowered: 95% that the truth is above."""


@dataclass(frozen=True)
class Evidence:
    """What is known of rows.

    Attributes
    ----------
    probs
        Probabilities, 0 where nothing is known; gold is sure. Shape: [n, k].
    weight
        How much a row counts; 0 where nothing is known. Shape: [n].
    uncovered
        Rows on which no labeling function votes. Shape: [n].
    balance
        Shares of the classes. Shape: [k].
    gold
        Shape: [n]; -1 if there is none.
    """

    probs: Floats
    weight: Floats
    uncovered: NDArray[np.bool_]
    balance: Floats
    gold: Labels


def gather(probs: Probs, uncovered: NDArray[np.bool_], gold: Labels, balance: Floats | None = None) -> Evidence:
    """Combine the label model's probabilities and gold for some rows.

    Parameters
    ----------
    probs, uncovered, gold
        Of the same rows; see `Evidence`, but that probabilities are NaN where nothing is known.
    balance
        Shares of the classes where they are known; by default those among the rows.
    """
    has_evidence = ~np.isnan(probs).any(axis=1) | (gold != ABSTAIN)
    sure = np.where(has_evidence[:, None], np.nan_to_num(probs), 0.0)
    judged = np.flatnonzero(gold != ABSTAIN)
    sure[judged] = np.eye(probs.shape[1])[gold[judged]]
    weight = has_evidence.astype(np.float64)
    weight[judged] = _GOLD_WEIGHT
    if balance is None:
        balance = _balance(sure.sum(axis=0), int(has_evidence.sum()))
    return Evidence(sure, weight, uncovered, balance, gold)


@dataclass(frozen=True, eq=False)
class RowProbs:
    """The label model's probabilities of all rows, without a number for each row where many have the same ones, or none.

    Attributes
    ----------
    table
        Probabilities; NaN where nothing is known. Shape: [t, k].
    places
        Which line of the table a row has; -1: nothing is known of it. None: line i is row i's. Shape: [n].
    """

    table: Probs
    places: NDArray[np.int64] | None = None

    def of(self, rows: slice | NDArray[np.int64]) -> Probs:
        """Return the probabilities of some rows, NaN where nothing is known. Shape: [r, k]."""
        if self.places is None:
            return self.table[rows]
        places = self.places[rows]
        probs = np.full((len(places), self.table.shape[1]), np.nan)
        probs[places >= 0] = self.table[places[places >= 0]]
        return probs


class CorpusEvidence:
    """What is known of all rows of a corpus, made block by block, since they may be millions.

    Parameters
    ----------
    L
        Votes. Shape: [n, m].
    probs
        Of the label model.
    gold
        Shape: [n]; -1 if there is none.

    Attributes
    ----------
    uncovered
        Rows on which no labeling function votes. Shape: [n].
    balance
        Shares of the classes. Shape: [k].
    """

    def __init__(self, L: VoteArray, probs: RowProbs, gold: Labels) -> None:
        self._probs = probs
        self.gold = gold
        self.uncovered = ~has_vote(L)
        mass, n_rows = np.zeros(probs.table.shape[1]), 0
        for rows in row_blocks(len(gold)):
            block = gather(probs.of(rows), self.uncovered[rows], gold[rows])
            mass += block.probs.sum(axis=0)
            n_rows += int((block.weight > 0).sum())
        self.balance: Floats = _balance(mass, n_rows)

    def at(self, rows: slice) -> Evidence:
        """Return what is known of some rows."""
        return gather(self._probs.of(rows), self.uncovered[rows], self.gold[rows], self.balance)

    def blocks(self) -> Iterator[tuple[slice, Evidence]]:
        """Give all rows block by block, with what is known of them."""
        for rows in row_blocks(len(self.gold)):
            yield rows, self.at(rows)

    def sample(self, rows: NDArray[np.int64]) -> Evidence:
        """Return the evidence for a sample of rows, with the sample's own class shares. Shape: [s]."""
        return gather(self._probs.of(rows), self.uncovered[rows], self.gold[rows])


def _balance(mass: Floats, n_rows: int) -> Floats:
    """Return the shares of the classes among ``n_rows`` rows, from the sums of their probabilities. Shape: [k]."""
    return np.asarray((mass + 1) / (n_rows + len(mass)))


@dataclass(frozen=True)
class Judged:
    """The precision of patterns by the evidence.

    Attributes
    ----------
    label
        The class that a pattern is most evidence for. Shape: [c].
    shares
        Estimated shares of the classes among its rows. Shape: [c, k].
    edge
        How far the precision is, for sure, on the way from the class's share to 1; 0 or less where it may be by chance.
        So a pattern for a class that most rows have is measured with the same rule as one for a rare class. Shape: [c].
    """

    label: NDArray[np.int64]
    shares: Floats
    edge: Floats

    @property
    def precision(self) -> Floats:
        """Estimated share of its rows that are of its class. Shape: [c]."""
        precisions: Floats = self.shares[np.arange(len(self.label)), self.label]
        return precisions


def judge(hits: csr_array, evidence: Evidence, label: NDArray[np.int64] | None = None) -> Judged:
    """Judge patterns by the rows on which they vote, all of them and the uncovered ones: by what is worse.

    Parameters
    ----------
    hits
        1 where a pattern votes. Shape: [n, c].
    evidence
        What is known of the rows.
    label
        The class that each pattern is for; by default the one that it is most evidence for. Shape: [c].
    """
    fresh = evidence.weight * evidence.uncovered
    mean, low = _bounds(hits, evidence.probs, evidence.weight, evidence.balance)
    if fresh.any():
        # Shrunk towards what is known of all its rows: a word seldom changes its meaning where nobody voted.
        _, new_low = _bounds(hits, evidence.probs, fresh, mean)
        low = np.minimum(low, new_low)
    edges = (low - evidence.balance) / (1 - evidence.balance)
    if label is None:
        label = edges.argmax(axis=1)
    return Judged(label, mean, edges[np.arange(len(label)), label])


def estimated_shares(mass: Floats, rows: Floats, prior: Floats) -> Floats:
    """Return the shares of the classes among the rows of patterns, shrunk towards ``prior``.

    Parameters
    ----------
    mass
        Sums of the rows' probabilities, times their weights. Shape: [c, k].
    rows
        Sums of their weights. Shape: [c].
    prior
        Shape: [k] or [c, k].
    """
    return np.asarray((mass + _PRIOR_ROWS * prior) / (rows + _PRIOR_ROWS)[:, None])


def _bounds(hits: csr_array, probs: Floats, weight: Floats, prior: Floats) -> tuple[Floats, Floats]:
    """Return means and lower confidence bounds, shrunk towards ``prior``. Shape: [c, k]."""
    rows = hits.T @ weight
    mean = estimated_shares(hits.T @ (probs * weight[:, None]), rows, prior)
    return mean, mean - _SURE * np.sqrt(mean * (1 - mean) / (rows + _PRIOR_ROWS)[:, None])
