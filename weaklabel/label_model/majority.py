"""Majority vote, with an explicit and deterministic tie policy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weaklabel.label_model.base import LabelModel
from weaklabel.labels import ABSTAIN, Probs, Votes8
from weaklabel.votes.patterns import VotePatterns


class MajorityVote(LabelModel):
    """The class with the most votes; classes that tie share the probability.

    It predicts without having been fitted, too: fitting only finds ``lf_accuracies_``.

    Parameters
    ----------
    cardinality, tie_break_policy, seed
        See `LabelModel`.

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

    def _fit(self, found: VotePatterns) -> None:
        probs = majority_probs(found.patterns, self.cardinality)
        self.lf_accuracies_ = np.full(found.m, np.nan)
        for lf, votes in enumerate(found.patterns.T):
            voted = np.flatnonzero(votes != ABSTAIN)
            if len(voted):
                self.lf_accuracies_[lf] = np.average(probs[voted, votes[voted]], weights=found.counts[voted])

    def _check_width(self, m: int) -> None:
        if hasattr(self, "lf_accuracies_"):
            super()._check_width(m)

    def _predict_patterns(self, patterns: Votes8) -> Probs:
        return majority_probs(patterns, self.cardinality)


def majority_probs(patterns: Votes8, cardinality: int) -> Probs:
    """Return 1 for the class with the most votes; classes that tie share it, all of them where there is no vote.

    Shape: [u, m] -> [u, k].
    """
    n_votes: NDArray[np.int64] = np.zeros((len(patterns), cardinality), dtype=np.int64)
    for votes in patterns.T:
        voted = np.flatnonzero(votes != ABSTAIN)
        n_votes[voted, votes[voted]] += 1
    best = n_votes == n_votes.max(axis=1, keepdims=True)
    return best / best.sum(axis=1, keepdims=True)
