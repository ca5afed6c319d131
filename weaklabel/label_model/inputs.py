"""What a label model is given: votes in any form, texts, and gold labels of a development set."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.errors import LabelModelError
from weaklabel.labels import ABSTAIN, MAX_CARDINALITY, Labels, VoteArray, check_L
from weaklabel.support.warn import warn
from weaklabel.votes.matrix import GivenVotes, Votes
from weaklabel.votes.patterns import VotePatterns


def checked_votes(L: GivenVotes, cardinality: int) -> VoteArray | VotePatterns:
    """Return votes as an array or as patterns, whose every vote is one of ``cardinality`` classes.

    Raises
    ------
    VoteError
        L is not a label matrix, or has a vote outside the classes.
    LabelModelError
        There is no such cardinality.
    """
    if not isinstance(cardinality, int | np.integer) or not 1 <= cardinality <= MAX_CARDINALITY:
        raise LabelModelError(f"cardinality must be 1 to {MAX_CARDINALITY}, not {cardinality!r}")
    votes = L.patterns() if isinstance(L, Votes) else L
    if isinstance(votes, VotePatterns):
        check_L(votes.patterns, cardinality)
        return votes
    return check_L(votes, cardinality)


def texts_and_gold(
    second: ArrayLike | Sequence[str] | None, texts: Sequence[str] | None
) -> tuple[Sequence[str] | None, ArrayLike | None]:
    """Tell texts and gold labels apart in the second argument of ``fit``, which takes both, as Snorkel and scikit-learn do.

    Parameters
    ----------
    second
        Gold labels (Snorkel's ``Y_dev``, scikit-learn's ``y``), or texts.
    texts
        Texts that were given by name.

    Returns
    -------
    texts
        None where there are none.
    gold
        None where there is none; not checked.

    Raises
    ------
    LabelModelError
        Texts were given twice, or ``texts`` holds numbers.
    """
    if texts is not None and _holds_numbers(texts):
        raise LabelModelError("texts must be strings, not numbers; give gold labels as Y_dev")
    if second is None:
        return texts, None
    if _holds_numbers(second):
        return texts, second
    if texts is not None:
        raise LabelModelError("texts were given twice, as the second argument and by name; give gold labels as Y_dev")
    return second, None  # type: ignore[return-value]  # what is not a string in it, `as_texts` refuses


def refuse_numbers(texts: Sequence[str] | None) -> None:
    """Refuse numbers in the place of texts, also where the model does not use texts.

    Raises
    ------
    LabelModelError
        There are numbers.
    """
    if texts is not None and _holds_numbers(texts):
        raise LabelModelError("texts must be strings, not numbers; predictions take no gold labels")


def _holds_numbers(values: Any) -> bool:
    kind = getattr(getattr(values, "dtype", None), "kind", None)
    if kind is not None and kind != "O":
        return bool(kind in "biuf")
    if not isinstance(values, Sized) or not len(values):
        return False
    return isinstance(next(iter(values)), int | float | np.number | np.bool_)  # type: ignore[call-overload]


def voting_lfs(votes: VotePatterns) -> NDArray[np.bool_]:
    """Return which labeling functions vote on any row, and warn of those that do not. Shape: [m]."""
    voting = votes.patterns.max(axis=0, initial=ABSTAIN) >= 0
    if not voting.any():
        nothing = f"no labeling function votes on any of the {votes.n} rows, so no row gets a label"
        warn(nothing)
    elif not voting.all():
        unused = f"{(~voting).sum()} of {votes.m} labeling functions never vote and are left out of the label model"
        warn(unused)
    return voting


def dev_class_balance(Y_dev: Labels, cardinality: int) -> NDArray[np.float64]:
    """Return the shares of the classes in gold labels of a development set, as Snorkel takes them.

    Where gold lacks a class, which Snorkel refuses, one row is added to each class, and a `WeakLabelWarning` says so.

    Parameters
    ----------
    Y_dev
        Shape: [n]; rows with -1 are left out.
    cardinality
        Number of classes.

    Returns
    -------
    array
        Shape: [k]; above 0, sums to 1.

    Raises
    ------
    LabelModelError
        There is no gold label.
    """
    rows = np.bincount(Y_dev[Y_dev != ABSTAIN], minlength=cardinality)
    if not rows.any():
        raise LabelModelError(f"none of the {len(Y_dev)} labels in Y_dev is gold; leave it out, or give class_balance")
    missing = np.flatnonzero(rows == 0)
    if len(missing):
        classes = ", ".join(str(number) for number in missing[:5]) + (", ..." if len(missing) > 5 else "")
        warn(f"Y_dev has no row of class {classes}; one row is added to each class, so that none has probability 0")
        rows += 1
    return np.asarray(rows / rows.sum())
