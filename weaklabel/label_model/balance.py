"""The class balance, P(Y): given, estimated from votes, or counted in gold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.errors import LabelModelError
from weaklabel.label_model.majority import majority_probs
from weaklabel.labels import ABSTAIN, check_Y
from weaklabel.votes.patterns import VotePatterns
from weaklabel.votes.tally import has_vote


def find_class_balance(
    wanted: str | Sequence[float] | NDArray[np.float64] | None, votes: VotePatterns, cardinality: int
) -> NDArray[np.float64]:
    """Return the class balance that ``wanted`` stands for.

    Parameters
    ----------
    wanted
        ``"majority"`` (estimated from the votes), ``"uniform"`` or None, or one share a class.
    votes
        Votes, for "majority".
    cardinality
        Number of classes.

    Returns
    -------
    array
        Shape: [k]; above 0, sums to 1.

    Raises
    ------
    LabelModelError
        The way is unknown, or the shares are not one a class, above 0, and 1 in sum.
    """
    if wanted is None:
        wanted = "uniform"
    if isinstance(wanted, str):
        if wanted == "uniform":
            return np.full(cardinality, 1 / cardinality)
        if wanted == "majority":
            return majority_class_balance(votes, cardinality)
        raise LabelModelError(
            f"unknown class_balance '{wanted}'; give majority, uniform, or one share a class such as [0.8, 0.2]"
        )
    shares = np.asarray(wanted, dtype=np.float64)
    if shares.shape != (cardinality,):
        raise LabelModelError(f"class_balance has {shares.size} shares for {cardinality} classes")
    if not (shares > 0).all() or abs(shares.sum() - 1) > 1e-6:
        raise LabelModelError(f"class_balance must be above 0 for every class and sum to 1, not {shares.tolist()}")
    return shares


def majority_class_balance(votes: VotePatterns, cardinality: int) -> NDArray[np.float64]:
    """Estimate the class balance as majority vote labels the rows that have votes.

    One row is added to each class, so that none has probability 0.

    Parameters
    ----------
    votes
        Votes.
    cardinality
        Number of classes.

    Returns
    -------
    array
        Shape: [k]; above 0, sums to 1.
    """
    rows = (votes.counts * has_vote(votes.patterns)) @ majority_probs(votes.patterns, cardinality) + 1
    return np.asarray(rows / rows.sum())


def class_balance_from_gold(Y: ArrayLike, cardinality: int) -> NDArray[np.float64]:
    """Count the class balance in gold.

    One row is added to each class, so that a class that gold lacks is rare but possible.

    Parameters
    ----------
    Y
        Gold. Shape: [n]; rows with -1 are left out.
    cardinality
        Number of classes.

    Returns
    -------
    array
        Shape: [k]; above 0, sums to 1.

    Raises
    ------
    VoteError
        Y is no gold of so many classes.

    Examples
    --------
    >>> class_balance_from_gold([0, 0, 1, -1, 0], 3)
    array([0.57142857, 0.28571429, 0.14285714])
    """
    gold = check_Y(Y, cardinality=cardinality)
    rows = np.bincount(gold[gold != ABSTAIN], minlength=cardinality) + 1
    return np.asarray(rows / rows.sum())
