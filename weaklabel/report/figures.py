"""What a report counts: confidences, calibration, classes. All of it is small, however many rows there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weaklabel.labels import ABSTAIN, Labels, Probs, row_blocks
from weaklabel.scoring.calibration import BINS as CALIBRATION_BINS, confidence_bins

Counts = NDArray[np.int64]

BINS = 20
"""Of confidence, between chance and 1."""


@dataclass(frozen=True)
class Histogram:
    """Counted values: one more edge than counts; ``without`` are rows that have no value."""

    counts: Sequence[int]
    edges: Sequence[float]
    without: int = 0


def count_confidence(probs: Probs) -> Histogram:
    """Count rows by their largest probability. Shape: [n, k]."""
    k = probs.shape[1]
    edges = np.linspace(1 / k if k > 1 else 0.0, 1.0, BINS + 1)
    counts, without = np.zeros(BINS, dtype=np.int64), 0
    for rows in row_blocks(len(probs)):
        confidence = probs[rows].max(axis=1, initial=0)
        there = confidence[~np.isnan(confidence)]
        # A sum of 1 may come out a little beside it.
        counts += np.histogram(np.clip(there, edges[0], 1.0), edges)[0]
        without += len(confidence) - len(there)
    return Histogram(counts.tolist(), edges.tolist(), without)


@dataclass(frozen=True)
class Calibration:
    """How sure and how often right: mean confidence, share that is right, and rows, by bin of confidence."""

    confidence: Sequence[float]
    accuracy: Sequence[float]
    rows: Sequence[int]


def count_calibration(probs: Probs, Y: Labels) -> Calibration:
    """Compare confidence with gold, on rows that have both, in the bins of the calibration error. Shape: [n, k], [n]."""
    n, confidence, right = (np.zeros(CALIBRATION_BINS) for _ in range(3))
    for rows in row_blocks(len(Y)):
        there = (Y[rows] != ABSTAIN) & ~np.isnan(probs[rows]).any(axis=1)
        bins = confidence_bins(probs[rows][there], Y[rows][there])
        n, confidence, right = n + bins.rows, confidence + bins.confidence, right + bins.right
    mean, share = (np.divide(sums, n, out=np.zeros(len(n)), where=n > 0).tolist() for sums in (confidence, right))
    return Calibration(mean, share, n.astype(np.int64).tolist())


def count_labels(Y: Labels, k: int) -> Counts:
    """Count the rows of each class; those without one are left out. Shape: [n] -> [k]."""
    # Counted with the abstains, which are left out afterwards: taking them out before would copy all labels.
    counts = sum((np.bincount(Y[rows] + 1, minlength=k + 1) for rows in row_blocks(len(Y))), np.zeros(k + 1, np.int64))
    return np.asarray(counts[1:])
