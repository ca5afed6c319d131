"""Counts of weighted (gold, predicted) cells by class, and the measures that follow from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from weaklabel.labels import ABSTAIN, Labels

Floats: TypeAlias = NDArray[np.float64]

INTERVAL_METRICS = ("accuracy", "precision", "recall", "f1", "macro_f1", "mcc")
"""What is given an interval, and can be compared in pairs."""


@dataclass(frozen=True)
class ClassCounts:
    """How often each class was right, predicted and present; leading dimensions are bootstrap replicates.

    Attributes
    ----------
    hits, predicted, support
        Shape: [..., k]; counts.
    total
        Shape: [...]; rows counted.
    """

    hits: Floats
    predicted: Floats
    support: Floats
    total: Floats


def count_classes(gold: Labels, predicted: Labels, weights: Floats, k: int, *, drop: bool) -> ClassCounts:
    """Count cells of equal gold and prediction.

    Parameters
    ----------
    gold, predicted
        Shape: [c]; gold 0..k-1, predicted -1..k-1.
    weights
        Shape: [..., c]; how many rows each cell stands for.
    drop
        Leave abstained rows out; otherwise they are rows that no class was predicted for.
    """
    if drop:
        weights = weights * (predicted != ABSTAIN)
    in_gold = np.eye(k)[gold]
    # An abstain, -1, picks the last of k + 1 rows, and the last column is cut off: it counts for no class.
    in_prediction = np.eye(k + 1)[predicted][:, :k]
    return ClassCounts(
        hits=weights @ (in_gold * in_prediction),
        predicted=weights @ in_prediction,
        support=weights @ in_gold,
        total=weights.sum(axis=-1),
    )


def per_class(counts: ClassCounts) -> tuple[Floats, Floats, Floats]:
    """Precision, recall and F1 of every class, each of shape [..., k]; 0/0 is 0."""
    return (
        _ratio(counts.hits, counts.predicted),
        _ratio(counts.hits, counts.support),
        _ratio(2 * counts.hits, counts.predicted + counts.support),
    )


def measures(counts: ClassCounts, positive: int | None) -> dict[str, Floats]:
    """Every measure of the whole, each of shape [...]; 0/0 is 0.

    ``precision``, ``recall`` and ``f1`` are those of class ``positive``, or macro averages where it is None.
    """
    classes = dict(zip(("precision", "recall", "f1"), per_class(counts), strict=True))
    hits, predicted, support = (part.sum(axis=-1) for part in (counts.hits, counts.predicted, counts.support))
    values = {"accuracy": _ratio(hits, counts.total), "mcc": _mcc(counts)}
    values |= {f"macro_{name}": value.mean(axis=-1) for name, value in classes.items()}
    values |= {
        "micro_precision": _ratio(hits, predicted),
        "micro_recall": _ratio(hits, support),
        "micro_f1": _ratio(2 * hits, predicted + support),
    }
    values |= {
        f"weighted_{name}": _ratio((value * counts.support).sum(axis=-1), support) for name, value in classes.items()
    }
    chosen = {
        name: values[f"macro_{name}"] if positive is None else value[..., positive] for name, value in classes.items()
    }
    return values | chosen


def _mcc(counts: ClassCounts) -> Floats:
    """Matthews correlation for k classes (Gorodkin 2004); abstains are one more class that gold never has."""
    total, hits = counts.total, counts.hits.sum(axis=-1)
    abstained = total - counts.predicted.sum(axis=-1)
    covariance = hits * total - (counts.predicted * counts.support).sum(axis=-1)
    spread_predicted = total**2 - (counts.predicted**2).sum(axis=-1) - abstained**2
    spread_gold = total**2 - (counts.support**2).sum(axis=-1)
    # Two roots, since the product of the spreads leaves the exact range of floats at a few thousand rows.
    return _ratio(covariance, np.sqrt(spread_predicted) * np.sqrt(spread_gold))


def _ratio(top: Floats, bottom: Floats) -> Floats:
    top, bottom = np.broadcast_arrays(top, bottom)
    return np.divide(top, bottom, out=np.zeros(top.shape), where=bottom > 0)
