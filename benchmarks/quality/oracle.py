"""A ceiling of what votes can tell: simple models whose parameters are counted in the gold that they are scored on."""

import numpy as np

from weaklabel.label_model.balance import class_balance_from_gold
from weaklabel.label_model.evidence import probs_by_evidence
from weaklabel.label_model.majority import majority_probs
from weaklabel.labels import Labels, Probs, VoteArray
from weaklabel.votes.tally import has_vote


def oracles(L: VoteArray, Y: Labels, k: int) -> dict[str, Probs]:
    """Return what each member of the family says of the rows, fitted on their gold.

    Rows without a vote get the class balance of such rows.

    Parameters
    ----------
    L
        Shape: [n, m].
    Y
        Gold of the same rows. Shape: [n].
    k
        Number of classes.

    Returns
    -------
    dict
        Majority vote; votes weighted by the log odds of their labeling function's accuracy, with all classes as likely
        beforehand or not; naive Bayes over votes, and over votes and abstains. Counts are smoothed by one row.
        Shape of each: [n, k].
    """
    counts = _counts(L, Y, k)
    prior = np.log(class_balance_from_gold(Y, k))
    answers = {
        "majority vote": majority_probs(L, k),
        "weighted vote": probs_by_evidence(L, _weights(counts), np.zeros(k)),
        "weighted vote with class balance": probs_by_evidence(L, _weights(counts), prior),
        "naive Bayes": probs_by_evidence(L, _likelihoods(counts, abstains=False), prior),
        "naive Bayes with abstains": probs_by_evidence(L, _likelihoods(counts, abstains=True), prior),
    }
    silent = ~has_vote(L)
    for probs in answers.values():
        probs[silent] = class_balance_from_gold(Y[silent], k)
    return answers


def _counts(L: VoteArray, Y: Labels, k: int) -> np.ndarray:
    """Count rows by labeling function, vote (the abstain first) and class. Shape: [m, k+1, k]."""
    votes = np.stack([vote == L for vote in range(-1, k)]).astype(np.float64)
    return np.einsum("vnm,ny->mvy", votes, np.eye(k)[Y])


def _likelihoods(counts: np.ndarray, abstains: bool) -> np.ndarray:
    """Return log P(vote | class), with one row more of each class, shared as the votes of all rows are."""
    rates = counts.sum(axis=2, keepdims=True) + 1
    rates /= rates.sum(axis=1, keepdims=True)
    shares = np.log((counts + rates) / (counts.sum(axis=1, keepdims=True) + 1))
    if not abstains:
        shares[:, 0] = 0
    return shares


def _weights(counts: np.ndarray) -> np.ndarray:
    """Return, for the class voted for, the log odds of the labeling function's accuracy against chance."""
    k = counts.shape[2]
    voted = counts[:, 1:]
    right = (voted.diagonal(axis1=1, axis2=2).sum(axis=1) + 1 / k) / (voted.sum(axis=(1, 2)) + 1)
    evidence = np.zeros_like(counts)
    evidence[:, 1 + np.arange(k), np.arange(k)] = np.log(right * (k - 1) / (1 - right))[:, None]
    return evidence
