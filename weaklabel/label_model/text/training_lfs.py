"""Which labeling functions train the text model: a dominant one is excluded from its training targets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weaklabel.label_model.majority import majority_probs
from weaklabel.label_model.text.discriminant import CrossFitted, normalised, temperature
from weaklabel.labels import Probs, VoteArray
from weaklabel.votes.tally import has_vote

Floats = NDArray[np.float64]

MIN_GAIN = 0.05
"""Share of the entropy of labels that texts must explain more without a labeling function for it to be excluded."""

_MIN_VOTE_SHARE = 0.05
"""Share of the rows with votes on which a labeling function must vote to count as dominant."""

_MIN_OTHERS = 3
"""Others that must vote for each class of an excluded labeling function: one or two would dominate in its place."""

_MAX_TRIED = 12
"""Labeling functions that are tried, those of the most votes first."""


def choose_training_lfs(model: CrossFitted, L: VoteArray, k: int) -> NDArray[np.bool_]:
    """Choose the labeling functions whose votes make the text model's training targets: all, or all but one.

    A labeling function that votes on very many rows makes most of the targets, and the text model then agrees with it,
    right or wrong. Where it is wrong, its labels are harder to predict from texts than those of the others: without it,
    texts explain more of the labels of majority vote, out of fold, as a share of their entropy.

    Parameters
    ----------
    model
        Of the rows' vectors. What it was fitted on is changed.
    L
        Votes. Shape: [n, m].
    k
        Number of classes.

    Returns
    -------
    array
        True where a labeling function trains the text model. One that votes for a class for which fewer than three others
        vote always does. Shape: [m].
    """
    n_votes = (L >= 0).sum(axis=0)
    frequent = np.flatnonzero(n_votes >= max(1, _MIN_VOTE_SHARE * has_vote(L).sum()))
    training = np.ones(L.shape[1], dtype=bool)
    explained = {}
    for lf in frequent[np.argsort(-n_votes[frequent], kind="stable")][:_MAX_TRIED]:
        others = np.asfortranarray(np.delete(L, lf, axis=1))
        if all(_n_voters(others, label) >= _MIN_OTHERS for label in np.unique(L[L[:, lf] >= 0, lf])):
            explained[int(lf)] = explained_entropy(model, others, k)
    if explained:
        dominant = max(explained, key=explained.__getitem__)
        training[dominant] = explained[dominant] - explained_entropy(model, L, k) < MIN_GAIN
    return training


def explained_entropy(model: CrossFitted, L: VoteArray, k: int) -> float:
    """Return the share of the entropy of majority vote's labels that texts explain, out of fold."""
    covered = has_vote(L)
    labels = majority_probs(L, k)
    predicted, labels = model.use(covered).judge(labels)[covered], labels[covered]
    entropy = _entropy(labels)
    return gain(normalised(predicted * temperature(predicted, labels)), labels) / entropy if entropy > 0 else 0.0


def gain(log_probs: Floats, labels: Probs) -> float:
    """Return the nats by which log probabilities predict labels better than the class balance does. Shape: both [n, k]."""
    return _entropy(labels) + float((labels * log_probs).sum(axis=1).mean())


def _n_voters(L: VoteArray, label: int) -> int:
    """Return how many labeling functions vote for a class."""
    return int(np.count_nonzero(np.equal(L, label).any(axis=0)))


def _entropy(labels: Probs) -> float:
    balance = labels.mean(axis=0)
    return float(-(balance * np.log(np.maximum(balance, 1e-12))).sum())
