"""What is known of the classes of rows, and what that says of the rows on which a pattern votes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from weaklabel.labels import ABSTAIN, Labels, Probs

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
        Shape: [n]; -1 where there is none.
    """

    probs: Floats
    weight: Floats
    uncovered: NDArray[np.bool_]
    balance: Floats
    gold: Labels


def gather(probs: Probs, uncovered: NDArray[np.bool_], gold: Labels) -> Evidence:
    """Put together what the label model and gold say."""
    known = ~np.isnan(probs).any(axis=1) | (gold != ABSTAIN)
    sure = np.where(known[:, None], np.nan_to_num(probs), 0.0)
    judged = np.flatnonzero(gold != ABSTAIN)
    sure[judged] = np.eye(probs.shape[1])[gold[judged]]
    weight = known.astype(np.float64)
    weight[judged] = _GOLD_WEIGHT
    k = probs.shape[1]
    balance = (sure.sum(axis=0) + 1) / (known.sum() + k)
    return Evidence(sure, weight, uncovered, balance, gold)


@dataclass(frozen=True)
class Judged:
    """What the evidence says of patterns.

    Attributes
    ----------
    label
        The class that a pattern speaks for most. Shape: [c].
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
        found: Floats = self.shares[np.arange(len(self.label)), self.label]
        return found


def judge(hits: csr_array, known: Evidence) -> Judged:
    """Judge patterns by the rows on which they vote, all of them and the uncovered ones: by what is worse.

    Parameters
    ----------
    hits
        1 where a pattern votes. Shape: [n, c].
    known
        What is known of the rows.
    """
    fresh = known.weight * known.uncovered
    mean, low = _bounds(hits, known.probs, known.weight, known.balance)
    if fresh.any():
        # Shrunk towards what is known of all its rows: a word seldom changes its meaning where nobody voted.
        _, new_low = _bounds(hits, known.probs, fresh, mean)
        low = np.minimum(low, new_low)
    edges = (low - known.balance) / (1 - known.balance)
    label = edges.argmax(axis=1)
    return Judged(label, mean, edges[np.arange(len(label)), label])


def _bounds(hits: csr_array, probs: Floats, weight: Floats, prior: Floats) -> tuple[Floats, Floats]:
    """Return means and lower confidence bounds, shrunk towards ``prior``. Shape: [c, k]."""
    mass = hits.T @ (probs * weight[:, None])
    rows = (hits.T @ weight)[:, None] + _PRIOR_ROWS
    mean = (mass + _PRIOR_ROWS * prior) / rows
    return mean, mean - _SURE * np.sqrt(mean * (1 - mean) / rows)
