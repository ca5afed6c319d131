"""What a report counts: confidences, calibration, classes. All of it is small, however many rows there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weaklabel.labels import ABSTAIN, Labels, Probs
from weaklabel.scoring.calibration import confidence_bins

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
    confidence = probs.max(axis=1, initial=0)
    there = confidence[~np.isnan(confidence)]
    edges = np.linspace(1 / k if k > 1 else 0.0, 1.0, BINS + 1)
    # A sum of 1 may come out a little beside it.
    counts, _ = np.histogram(np.clip(there, edges[0], 1.0), edges)
    return Histogram(counts.tolist(), edges.tolist(), len(confidence) - len(there))


@dataclass(frozen=True)
class Calibration:
    """How sure and how often right: mean confidence, share that is right, and rows, by bin of confidence."""

    confidence: Sequence[float]
    accuracy: Sequence[float]
    rows: Sequence[int]


def count_calibration(probs: Probs, Y: Labels) -> Calibration:
    """Compare confidence with gold, on rows that have both, in the bins of the calibration error. Shape: [n, k], [n]."""
    there = (Y != ABSTAIN) & ~np.isnan(probs).any(axis=1)
    rows, *sums = confidence_bins(probs[there], Y[there])
    confidence, right = (np.divide(one, rows, out=np.zeros(len(rows)), where=rows > 0) for one in sums)
    return Calibration(confidence.tolist(), right.tolist(), rows.tolist())


def count_labels(Y: Labels, k: int) -> Counts:
    """Count the rows of each class; those without one are left out. Shape: [n] -> [k]."""
    return np.bincount(Y[Y != ABSTAIN], minlength=k)
