"""How good the probabilities themselves are; every function takes rows that have both gold and probabilities."""

from __future__ import annotations

import numpy as np

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
    confidence = probs.max(axis=1)
    correct = probs.argmax(axis=1) == Y
    # Bins are open below and closed above, so that a confidence of 1 falls into the last.
    number = np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)
    gap = np.bincount(number, weights=confidence - correct, minlength=BINS)
    return float(np.abs(gap).sum() / len(Y))
