"""Labels for EM to start from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weaklabel.labels import Probs, VoteArray
from weaklabel.votes.tally import has_vote

Floats = NDArray[np.float64]

_DOUBT = 0.02
"""Probability that is shared out among all classes."""

_NATS_A_VOTE = np.log(2)
"""How much a vote says for its class."""


def labels_by_shares(L: VoteArray, counts: Floats, cardinality: int, weights: Floats) -> Probs:
    """Label rows by the shares of their votes, which count as much as ``weights`` [m] say. Shape: [n, m] -> [n, k]."""
    votes = _weighed(L, cardinality, weights) + 1e-9
    shares = votes / votes.sum(axis=1, keepdims=True)
    return _with_silent(L, counts, (shares + _DOUBT / cardinality) / (1 + _DOUBT))


def labels_by_counts(L: VoteArray, counts: Floats, cardinality: int, weights: Floats, others: float) -> Probs:
    """Label rows by numbers of votes, two for each one against.

    Parameters
    ----------
    others
        Prior odds of any class against the one with the most votes in all: 1 if no class is larger than others.
    """
    votes = _weighed(L, cardinality, weights)
    prior = np.full(cardinality, np.log(others))
    prior[(votes * counts[:, None]).sum(axis=0).argmax()] = 0
    scores = votes * _NATS_A_VOTE + prior
    probs = np.exp(scores - scores.max(axis=1, keepdims=True))
    probs /= probs.sum(axis=1, keepdims=True)
    return _with_silent(L, counts, (1 - _DOUBT) * probs + _DOUBT / cardinality)


def _weighed(L: VoteArray, cardinality: int, weights: Floats) -> Floats:
    return np.stack([np.equal(L, label) @ weights for label in range(cardinality)], axis=1)


def _with_silent(L: VoteArray, counts: Floats, probs: Probs) -> Probs:
    """Give rows without votes the mean of the others, and take away classes that nobody votes for."""
    cast = np.array([np.equal(L, label).any() for label in range(probs.shape[1])])
    probs = probs * cast / np.maximum((probs * cast).sum(axis=1, keepdims=True), 1e-300)
    voted = has_vote(L)
    mean = (probs * counts[:, None])[voted].sum(axis=0)
    probs[~voted] = mean / mean.sum() if voted.any() else 1 / probs.shape[1]
    return probs
