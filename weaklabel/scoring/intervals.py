"""Intervals of what was measured on a sample: of a share (Wilson), and of any statistic of counts (bootstrap)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from weaklabel.labels import Labels
from weaklabel.scoring.measures import ClassCounts, Floats, measures
from weaklabel.support.progress import stage

_NUMBERS_AT_ONCE = 2**22
"""Drawn counts held in memory at once, about 32 MB; the draws do not depend on it."""


def count_cells(*columns: Labels) -> tuple[list[Labels], Floats]:
    """Group equal rows of ``columns``, values -1 and up; gives each group's values by column, and its rows' number.

    Shape: each column [n] -> [c], counts [c].
    """
    # One number a row sorts many times faster than the rows themselves.
    shape = tuple(int(column.max()) + 2 for column in columns)
    codes, counts = np.unique(np.ravel_multi_index([column + 1 for column in columns], shape), return_counts=True)
    return [column.astype(np.int64) - 1 for column in np.unravel_index(codes, shape)], counts.astype(np.float64)


def resample(counts: Floats, replicates: int, seed: int, statistic: Callable[[Floats], Floats]) -> Floats:
    """Draw bootstrap replicates of the counts and measure each.

    Parameters
    ----------
    counts
        Shape: [c]; rows of each cell, none of them 0.
    statistic
        Takes drawn counts [r, c] and gives [r, s].

    Returns
    -------
    Floats
        Shape: [replicates, s].
    """
    rng = np.random.default_rng(seed)
    n = int(counts.sum())
    step = max(1, _NUMBERS_AT_ONCE // len(counts))
    sizes = [min(step, replicates - start) for start in range(0, replicates, step)]
    shares = counts / n
    measured = []
    with stage("bootstrap", replicates, "replicates") as progress:
        for size in sizes:
            measured.append(statistic(rng.multinomial(n, shares, size=size).astype(np.float64)))
            progress.advance(size)
    return np.concatenate(measured)


def percentile_interval(values: Floats, confidence: float) -> list[tuple[float, float]]:
    """Central interval of each column of ``values`` [replicates, s]; Efron's percentile method. Length: s."""
    tail = (1 - confidence) / 2
    low, high = np.quantile(values, [tail, 1 - tail], axis=0)
    return list(zip(low.tolist(), high.tolist(), strict=True))


def wilson(value: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """Return the interval of a share.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".

    Parameters
    ----------
    value
        The share in the sample, 0..1.
    n
        Size of the sample, above 0; it may be an effective size, which need not be whole.
    confidence
        Between 0 and 1.

    Examples
    --------
    >>> low, high = wilson(0.9, 10)
    >>> round(low, 3), round(high, 3)
    (0.596, 0.982)
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    centre = (value + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(value * (1 - value) / n + z**2 / (4 * n**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def wilson_intervals(
    counts: ClassCounts, positive: int | None, confidence: float = 0.95
) -> dict[str, tuple[float, float]]:
    """Return intervals of scores from Wilson intervals, which have a width even where all rows are right, or all wrong.

    Accuracy, precision and recall are shares. F1 is 2J / (1 + J) for the share J of hits among the rows that are of a class
    or predicted to be. A macro average has the averages of the classes' bounds, which is cautious: it takes all classes to
    be at their bounds at once. The bound of MCC is its value where each class's recall is at its bound and the errors fall
    on all other classes alike. A score that is 0/0 has no width.

    Parameters
    ----------
    counts
        Of one sample. Shape: [k].
    positive
        Class that precision, recall and F1 are of; None for macro averages.
    confidence
        Between 0 and 1.

    Returns
    -------
    dict
        (low, high) by metric: those of `weaklabel.scoring.measures.INTERVAL_METRICS`.
    """

    def bounds(hits: Floats, n: Floats) -> Floats:
        """Shape: [k], [k] -> [2, k]."""
        pairs = [
            wilson(hit / size, size, confidence) if size else (0.0, 0.0) for hit, size in zip(hits, n, strict=True)
        ]
        return np.array(pairs).T

    jaccard = bounds(counts.hits, counts.predicted + counts.support - counts.hits)
    recall = bounds(counts.hits, counts.support)
    classes = {
        "precision": bounds(counts.hits, counts.predicted),
        "recall": recall,
        "f1": 2 * jaccard / (1 + jaccard),
    }
    total = counts.total[None]
    (low,), (high,) = bounds(counts.hits.sum(keepdims=True), total)
    intervals = {"accuracy": (float(low), float(high)), "macro_f1": _pair(classes["f1"].mean(axis=1))}
    for name, values in classes.items():
        intervals[name] = _pair(values.mean(axis=1) if positive is None else values[:, positive])
    mcc = float(measures(counts, positive)["mcc"])
    beyond = [_mcc_at(recall[side], counts.support) for side in (0, 1)]
    return intervals | {"mcc": (min(beyond[0], mcc), max(beyond[1], mcc)) if mcc else (0.0, 0.0)}


def _pair(values: Floats) -> tuple[float, float]:
    low, high = values.tolist()
    return low, high


def _mcc_at(recall: Floats, support: Floats) -> float:
    """Return MCC where classes have this recall, and the errors of each are spread over all others. Shape: [k], [k]."""
    present = support > 0
    if not present.any():
        return 0.0
    hits, others = (support * recall)[present], max(1, int(present.sum()) - 1)
    wrong = support[present] - hits
    predicted = hits + (wrong.sum() - wrong) / others
    counts = ClassCounts(hits, predicted, support[present], support.sum())
    return float(measures(counts, None)["mcc"])


@dataclass(frozen=True)
class Share:
    """A share and its 95% interval, each 0..1; None where nothing was counted.

    Attributes
    ----------
    hits, n
        ``hits`` of ``n`` were counted; in a weighted estimate the value is not their ratio.
    """

    value: float | None
    low: float | None
    high: float | None
    hits: int
    n: int


def share(hits: int, n: int) -> Share:
    """Return ``hits`` of ``n`` with their Wilson interval.

    Examples
    --------
    >>> result = share(9, 10)
    >>> result.value, round(result.low, 3), round(result.high, 3)
    (0.9, 0.596, 0.982)
    """
    if n == 0:
        return Share(None, None, None, 0, 0)
    return Share(hits / n, *wilson(hits / n, n), hits, n)
