"""How good the probabilities themselves are; every function takes rows that have both gold and probabilities."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from weaklabel.labels import Labels, Probs

BINS = 15
"""Equal-width bins of the calibration error, as in Guo et al. 2017."""


def brier(probs: Probs, Y: Labels) -> float:
    """Mean squared distance between the probabilities and the one-hot gold (Brier 1950).

    With two classes it is halved, which makes it the squared error of one class's probability: 0..1; else 0..2.
    """
    k = probs.shape[1]
    distance = ((probs - np.eye(k)[Y]) ** 2).sum(axis=1).mean()
    return float(distance / 2 if k == 2 else distance)


def log_loss(probs: Probs, Y: Labels) -> float:
    """Mean negative natural logarithm of the gold class's probability, which is clipped at 2.2e-16."""
    given = probs[np.arange(len(Y)), Y]
    return float(-np.log(np.clip(given, np.finfo(np.float64).eps, 1.0)).mean())


def calibration_error(probs: Probs, Y: Labels) -> float:
    """Expected calibration error: gap between confidence and accuracy, averaged over rows by bin of confidence; 0..1.

    Source: Naeini et al. 2015, Guo et al. 2017. Confidence is the largest probability of the row.
    """
    bins = confidence_bins(probs, Y)
    return float(np.abs(bins.confidence - bins.right).sum() / len(Y))


class ConfidenceBins(NamedTuple):
    """Of each bin: its rows, the sum of their confidence, and how many of them are right. Shape: [BINS] each."""

    rows: NDArray[np.int64]
    confidence: NDArray[np.float64]
    right: NDArray[np.int64]


def confidence_bins(probs: Probs, Y: Labels) -> ConfidenceBins:
    """Sort rows into bins of confidence, of which the calibration error and its chart are made."""
    confidence = probs.max(axis=1, initial=0)
    right = probs.argmax(axis=1) == Y
    # Bins are open below and closed above, so that a confidence of 1 falls into the last.
    number = np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)
    return ConfidenceBins(
        np.bincount(number, minlength=BINS),
        np.bincount(number, weights=confidence, minlength=BINS).astype(np.float64),
        np.bincount(number[right], minlength=BINS),
    )


def roc_auc(probs: Probs, gold: Labels, positive: int | None) -> float | None:
    """Return the area under the ROC curve of class ``positive``, or the mean over all classes, each against the rest.

    Ties count half, as in scikit-learn. None where a class that it needs is not in gold, or is all of it.

    Parameters
    ----------
    probs
        Shape: [n, k].
    gold
        Shape: [n]; 0..k-1.
    positive
        A class, or None for all of them.
    """
    classes = range(probs.shape[1]) if positive is None else [positive]
    areas = [_area(probs[:, label], gold == label) for label in classes]
    defined = [area for area in areas if area is not None]
    return float(np.mean(defined)) if len(defined) == len(areas) else None


def _area(scores: NDArray[np.float64], is_class: NDArray[np.bool_]) -> float | None:
    """Return the share of pairs of a row of the class and one of another that the scores put in order."""
    n_class = int(is_class.sum())
    n_others = len(scores) - n_class
    if not n_class or not n_others:
        return None
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2  # the mean rank of each score, from 1
    wins = ranks[place][is_class].sum() - n_class * (n_class + 1) / 2
    return float(wins / (n_class * n_others))
