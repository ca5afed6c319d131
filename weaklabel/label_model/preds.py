"""From probabilities to classes and back, and the rows that some labeling function votes on."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.errors import LabelModelError
from weaklabel.label_model.ties import break_ties, check_policy
from weaklabel.labels import ABSTAIN, Labels, Probs, check_L, check_probs, check_Y
from weaklabel.votes.matrix import GivenVotes, Votes
from weaklabel.votes.patterns import VotePatterns
from weaklabel.votes.tally import has_vote

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
        They are not probabilities; there is no such policy.

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
