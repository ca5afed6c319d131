"""Majority vote, with an explicit and deterministic tie policy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weaklabel.label_model.base import BaseLabelModel
from weaklabel.label_model.checks import in_blocks
from weaklabel.label_model.evidence import count_by_class
from weaklabel.label_model.gold import GoldVotes
from weaklabel.labels import INT8_CLASSES, Probs, VoteArray
from weaklabel.support.threads import in_threads
from weaklabel.votes.patterns import VotePatterns
from weaklabel.votes.tally import blocks, has_vote

Floats = NDArray[np.float64]


class MajorityVote(BaseLabelModel):
    """The class with the most votes; classes that tie share the probability.

    It predicts without having been fitted, too: fitting only finds ``lf_accuracies_``.

    Parameters
    ----------
    cardinality, tie_break_policy, seed
        See `BaseLabelModel`.

    Attributes
    ----------
    lf_accuracies_ : array
        How often each labeling function agrees with the majority; a tie counts by share. Shape: [m].

    Examples
    --------
    >>> MajorityVote().predict_proba([[0, 0, -1], [-1, 0, 1], [-1, -1, -1]])
    array([[1. , 0. ],
           [0.5, 0.5],
           [nan, nan]])
    """

    def _look_back(self, votes: VotePatterns, gold: GoldVotes | None = None) -> None:
        # No vote count contradicts unanimous votes, nor gives a class without a vote.
        self._warn_of_doubts(votes, gold)

    def _fit(self, all_votes: VotePatterns) -> None:
        agreed, voted, weights = np.zeros(all_votes.m), np.zeros(all_votes.m), all_votes.weights()
        for rows in in_blocks(len(all_votes), self.cardinality):
            agreed += self._agreed(
                all_votes.patterns[rows], all_votes.counts[rows], None if weights is None else weights[rows]
            )
        for lf, votes in enumerate(all_votes.patterns.T):
            voted[lf] = _count(votes >= 0, weights)
        self.lf_accuracies_: NDArray[np.float64] = np.divide(
            agreed, voted, out=np.full(all_votes.m, np.nan), where=voted > 0
        )

    def _agreed(self, patterns: VoteArray, counts: NDArray[np.int64], weights: NDArray[np.int64] | None) -> Floats:
        """Count the rows on which each labeling function agrees with the majority, a tie by its share. Shape: [m]."""
        probs = majority_probs(patterns, self.cardinality)
        # One winner as a vote, and the few rows that tie apart.
        tied = probs.max(axis=1, initial=0) < 1
        winner = np.where(tied, -2, probs.argmax(axis=1)).astype(patterns.dtype)
        some = np.flatnonzero(tied)
        agreed = np.zeros(patterns.shape[1])
        for lf, votes in enumerate(patterns.T):
            of_tied = votes[some]
            shares = np.where(of_tied >= 0, probs[some, of_tied], 0)
            agreed[lf] = _count(votes == winner, weights) + shares @ counts[some]
        return agreed

    def _check_width(self, m: int) -> None:
        if hasattr(self, "lf_accuracies_"):
            super()._check_width(m)

    def _answered(self, rows: VoteArray) -> NDArray[np.bool_]:
        return has_vote(rows)  # no fit, so no labeling function is left out

    def _predict_patterns(self, patterns: VoteArray) -> Probs:
        return majority_probs(patterns, self.cardinality)


def majority_probs(patterns: VoteArray, cardinality: int) -> Probs:
    """Return 1 for the class with the most votes; classes that tie share it, all of them if there is no vote.

    Shape: [u, m] -> [u, k].
    """
    if cardinality > INT8_CLASSES:
        n_votes = count_by_class(patterns, cardinality)
        best = n_votes == n_votes.max(axis=1, keepdims=True)
        return np.divide(best, best.sum(axis=1, keepdims=True), out=n_votes)
    probs = np.empty((len(patterns), cardinality))
    narrow = np.uint8 if patterns.shape[1] < 256 else np.uint16

    def fill(part: slice) -> None:
        start = part.start
        for rows, block in blocks(patterns[part]):
            n_votes = np.stack(
                [np.add.reduce((block == label).view(np.uint8), axis=1, dtype=narrow) for label in range(cardinality)]
            )
            best = n_votes == n_votes.max(axis=0)
            share = 1 / best.sum(axis=0, dtype=np.uint8)
            np.multiply(best.T, share[:, None], out=probs[start + rows.start : start + rows.start + len(block)])

    in_threads(len(patterns), fill)
    return probs


def _count(chosen: NDArray[np.bool_], weights: NDArray[np.int64] | None) -> float:
    return float(np.count_nonzero(chosen) if weights is None else weights[chosen].sum())
