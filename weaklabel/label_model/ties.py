"""From probabilities to classes, where several classes may tie: always stated, always deterministic."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weaklabel.errors import LabelModelError, nearest
from weaklabel.labels import ABSTAIN, INT8_CLASSES, Labels, Probs, VoteArray

POLICIES = ("abstain", "first", "random")

TOLERANCE = 1e-5
"""Probabilities closer than this tie, as in Snorkel."""


def check_policy(policy: str) -> str:
    """Return ``policy``, or raise a `LabelModelError` that lists the policies."""
    if policy not in POLICIES:
        raise LabelModelError(
            f"unknown tie_break_policy '{policy}'{nearest(str(policy), POLICIES)}; policies are {', '.join(POLICIES)}"
        )
    return policy


def break_ties(probs: Probs, patterns: VoteArray, policy: str, seed: int) -> Labels:
    """Return the most probable class of each pattern, ties broken by ``policy``.

    Parameters
    ----------
    probs
        Shape: [u, k]; all NaN where there is no answer.
    patterns
        The votes behind them, from which "random" draws. Shape: [u, m].
    policy
        "abstain", "first" or "random".
    seed
        Seed of "random".

    Returns
    -------
    Labels
        Shape: [u]; -1 where there is no answer.
    """
    highest, preds = _highest(probs)
    n_tied = _n_tied(probs, highest)
    several = np.flatnonzero(n_tied > 1)
    if policy == "abstain":
        preds[several] = ABSTAIN
    else:
        tied = highest[several, None] - probs[several] < TOLERANCE
        if policy == "random":
            turn = np.mod(_hash_votes(patterns[several], seed), n_tied[several].astype(np.uint64))
            tied &= tied.cumsum(axis=1) > turn[:, None]
        preds[several] = tied.argmax(axis=1)
    preds[np.isnan(highest)] = ABSTAIN
    return preds


def sure_labels(probs: Probs, covered: NDArray[np.bool_]) -> Probs:
    """Give each row to its most probable classes in equal shares, to all classes where it is not covered. Shape: [n, k]."""
    best = probs >= probs.max(axis=1, keepdims=True) - TOLERANCE
    best[~covered] = True
    return best / best.sum(axis=1, keepdims=True)


def _highest(probs: Probs) -> tuple[NDArray[np.float64], Labels]:
    """Return the highest probability and its class: class by class, which is faster than along the short rows."""
    if probs.shape[1] > INT8_CLASSES:
        return probs.max(axis=1), probs.argmax(axis=1)
    highest, preds = probs[:, 0].copy(), np.zeros(len(probs), dtype=np.int64)
    for label in range(1, probs.shape[1]):
        higher = probs[:, label] > highest
        preds[higher] = label
        np.maximum(highest, probs[:, label], out=highest)
    return highest, preds


def _n_tied(probs: Probs, highest: NDArray[np.float64]) -> NDArray[np.integer]:
    """Count the classes that tie, the most probable one among them. Shape: [n, k], [n] -> [n]."""
    if probs.shape[1] > INT8_CLASSES:
        return np.asarray((highest[:, None] - probs < TOLERANCE).sum(axis=1))
    n_tied = np.zeros(len(probs), dtype=np.uint8)
    for column in probs.T:
        n_tied += highest - column < TOLERANCE
    return n_tied


def _hash_votes(patterns: VoteArray, seed: int) -> NDArray[np.uint64]:
    """Hash the votes of each pattern; abstains add nothing. Shape: [u, m] -> [u]."""
    total = np.full(len(patterns), seed % 2**64, dtype=np.uint64)
    for position in range(patterns.shape[1]):
        votes = patterns[:, position]
        number = votes.astype(np.uint64)
        keys = (number & np.uint64(255)) + np.uint64((position + 1) << 8)
        keys += (number >> np.uint64(8)) << np.uint64(40)  # of classes beyond 255
        total += np.where(votes == ABSTAIN, np.uint64(0), _mix(keys))
    return _mix(total)


def _mix(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scatter keys over 64 bits by the finaliser of SplitMix64 (Steele, Lea and Flood, 2014)."""
    keys = keys + np.uint64(0x9E3779B97F4A7C15)
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))
