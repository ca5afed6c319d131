"""From probabilities to classes and back, and the rows that some labeling function votes on.

Where several classes tie, the choice is always stated and deterministic.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.errors import LabelModelError, nearest
from weaklabel.labels import ABSTAIN, INT8_CLASSES, Labels, Probs, VoteArray, check_L, check_probs, check_Y
from weaklabel.votes.matrix import GivenVotes, Votes
from weaklabel.votes.patterns import VotePatterns
from weaklabel.votes.tally import has_vote

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
        Shape: [u, k]; all NaN if there is no answer.
    patterns
        The votes behind them, from which "random" draws. Shape: [u, m].
    policy
        "abstain", "first" or "random".
    seed
        Seed of "random".

    Returns
    -------
    Labels
        Shape: [u]; -1 if there is no answer.
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


Rows = TypeVar("Rows")


def probs_to_preds(probs: ArrayLike, tie_break_policy: str = "abstain", seed: int = 0) -> Labels:
    """Return the most probable class of each row.

    Parameters
    ----------
    probs
        Shape: [n, k]; all NaN where a row has no votes.
    tie_break_policy
        What to return where the most probable classes tie: "abstain" (-1), "first" (the lowest), or "random" (any of them, by
        a hash of the row's number and the seed).
    seed
        Of "random".

    Returns
    -------
    Labels
        Shape: [n]; -1 where a row is all NaN, and on ties under "abstain".

    Raises
    ------
    VoteError, LabelModelError
        They are not probabilities; the policy is unknown.

    Examples
    --------
    >>> probs_to_preds([[0.8, 0.2], [0.5, 0.5], [np.nan, np.nan]])
    array([ 0, -1, -1])
    """
    checked = check_probs(probs)
    if not checked.size:
        return np.full(len(checked), ABSTAIN, dtype=np.int64)
    numbers: NDArray[Any] = np.arange(len(checked))[:, None]
    return break_ties(checked, numbers, check_policy(tie_break_policy), seed)


def preds_to_probs(preds: ArrayLike, cardinality: int) -> Probs:
    """Return probability 1 for the class of each row, and NaN for all where it is -1. Shape: [n] -> [n, k].

    Raises
    ------
    VoteError
        A class is outside -1..k-1.

    Examples
    --------
    >>> preds_to_probs([1, -1], 2)
    array([[ 0.,  1.],
           [nan, nan]])
    """
    checked = check_Y(preds, cardinality=cardinality)
    probs = np.eye(cardinality)[checked]
    probs[checked == ABSTAIN] = np.nan
    return probs


def filter_unlabeled_dataframe(X: Rows, y: ArrayLike, L: GivenVotes) -> tuple[Rows, NDArray[Any]]:
    """Return the rows on which some labeling function votes, and their ``y``; called as Snorkel's.

    Parameters
    ----------
    X
        A pandas or polars frame or Series, an array, or a list. Length: n.
    y
        Probabilities, or classes. Length: n.
    L
        Label matrix, its patterns, or `Votes`. Shape: [n, m].

    Raises
    ------
    LabelModelError
        ``X``, ``y`` and ``L`` are not of one length.

    Examples
    --------
    >>> filter_unlabeled_dataframe(["a", "b"], [[0.9, 0.1], [0.5, 0.5]], [[0, -1], [-1, -1]])
    (['a'], array([[0.9, 0.1]]))
    """
    votes = L.patterns() if isinstance(L, Votes) else L
    covered = has_vote(votes.patterns)[votes.rows()] if isinstance(votes, VotePatterns) else has_vote(check_L(votes))
    values, rows = np.asarray(y), np.flatnonzero(covered)
    n = len(X)  # type: ignore[arg-type]
    if not n == len(values) == len(covered):
        raise LabelModelError(f"X has {n} rows, y {len(values)} and L {len(covered)}; they must have as many")
    given: Any = X
    if hasattr(given, "iloc"):
        return given.iloc[rows], values[rows]
    kept: Any = [given[row] for row in rows.tolist()] if isinstance(given, list | tuple) else given[rows]
    return kept, values[rows]
