"""What a label model assumes of labeling functions beforehand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weaklabel.errors import LabelModelError
from weaklabel.labels import ABSTAIN, Labels
from weaklabel.support.warn import warn


def check_prior(accuracy: float, votes: float, share: float, cardinality: int) -> None:
    """Refuse an accuracy that is not above chance, or a smoothing that is none.

    Raises
    ------
    LabelModelError
        ``prior_accuracy`` is not above 1/k and below 1, ``prior_votes`` not above 0, or ``prior_share`` not from 0 to
        below 1.
    """
    chance = max(2, cardinality)
    if not 1 / chance < accuracy < 1:
        raise LabelModelError(
            f"prior_accuracy must be above 1/{chance}, which is chance, and below 1, not {accuracy!r}"
        )
    if not (votes > 0 and 0 <= share < 1):
        raise LabelModelError(
            f"prior_votes must be above 0 and prior_share from 0 to below 1, not {votes!r} and {share!r}"
        )


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
