"""Whose votes texts learn from: a labeling function that drowns out the others is heard, but teaches nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weaklabel.label_model.majority import majority_probs
from weaklabel.label_model.text.discriminant import CrossFitted, normalised, temperature
from weaklabel.labels import Probs, VoteArray
from weaklabel.votes.tally import has_vote

Floats = NDArray[np.float64]

LEAST_GAIN = 0.05
"""Share of the entropy of labels that texts must tell more where a labeling function is left out, for it not to teach."""

_LEAST_SHARE = 0.05
"""Share of the rows with votes on which a labeling function must vote to be able to drown out others."""

_OTHERS = 3
"""Others that must vote for each class of a labeling function that does not teach: one or two would teach it by themselves."""

_MOST_TRIED = 12
"""Labeling functions that are tried, those of the most votes first."""


def choose_teachers(model: CrossFitted, L: VoteArray, k: int) -> NDArray[np.bool_]:
    """Say which labeling functions texts shall learn from: all, or all but one.

    A labeling function that votes on very many rows labels most of what texts are taught, and texts then agree with it,
    be it right or wrong. Where it is wrong, its labels are harder to tell from texts than those of the others: without it
    texts tell more of what majority vote says, out of fold, as a share of its entropy.

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
        Shape: [m]; True where a labeling function teaches. One does that votes for a class for which fewer than three
        others do.
    """
    votes = (L >= 0).sum(axis=0)
    often = np.flatnonzero(votes >= max(1, _LEAST_SHARE * has_vote(L).sum()))
    teaches = np.ones(L.shape[1], dtype=bool)
    told = {}
    for lf in often[np.argsort(-votes[often], kind="stable")][:_MOST_TRIED]:
        others = np.asfortranarray(np.delete(L, lf, axis=1))
        if all(_voters(others, label) >= _OTHERS for label in np.unique(L[L[:, lf] >= 0, lf])):
            told[int(lf)] = _told(model, others, k)
    if told:
        most = max(told, key=told.__getitem__)
        teaches[most] = told[most] - _told(model, L, k) < LEAST_GAIN
    return teaches


def gain(judged: Floats, labels: Probs) -> float:
    """Return the nats by which log probabilities tell of labels more than the class balance does. Shape: [n, k], [n, k]."""
    return _entropy(labels) + float((labels * judged).sum(axis=1).mean())


def _voters(L: VoteArray, label: int) -> int:
    """Return how many labeling functions vote for a class."""
    return int(np.count_nonzero(np.equal(L, label).any(axis=0)))


def _told(model: CrossFitted, L: VoteArray, k: int) -> float:
    """Return what share of the entropy of majority vote's labels texts tell."""
    covered = has_vote(L)
    labels = majority_probs(L, k)
    judged, labels = model.use(covered).judge(labels)[covered], labels[covered]
    entropy = _entropy(labels)
    return gain(normalised(judged * temperature(judged, labels)), labels) / entropy if entropy > 0 else 0.0


def _entropy(labels: Probs) -> float:
    balance = labels.mean(axis=0)
    return float(-(balance * np.log(np.maximum(balance, 1e-12))).sum())
