"""Is one set of predictions better than another on the same gold? A paired bootstrap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from weaklabel.errors import ScoreError, nearest
from weaklabel.scoring.inputs import Abstain, check_options, read_task
from weaklabel.scoring.intervals import count_cells, percentile_interval, resample
from weaklabel.scoring.measures import INTERVAL_METRICS, Floats, count_classes, measures


@dataclass(frozen=True)
class PairedDifference:
    """Difference of one metric between two sets of predictions, a minus b.

    Attributes
    ----------
    metric
        One of accuracy, precision, recall, f1, macro_f1, mcc.
    difference
        On all rows; above 0 where a is better.
    low, high
        Its interval; one that excludes 0 says that the difference is not an accident of the sampled rows.
    confidence
        Of the interval, between 0 and 1.
    n
        Rows with gold.
    """

    metric: str
    difference: float
    low: float
    high: float
    confidence: float
    n: int

    def __str__(self) -> str:
        bounds = f"{self.confidence:.0%} interval [{self.low:+.3f}, {self.high:+.3f}]"
        return f"{self.metric} {self.difference:+.3f}, {bounds}, {self.n:,} rows"


def paired_difference(
    Y: ArrayLike,
    preds_a: ArrayLike,
    preds_b: ArrayLike,
    metric: str = "f1",
    *,
    labels: Sequence[str] | None = None,
    positive: str | int | None = None,
    abstain: Abstain = "miss",
    intervals: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> PairedDifference:
    """Bootstrap the difference of ``metric`` between two sets of predictions for the same rows, a minus b.

    Each replicate draws the same rows for both, so that what makes a row hard for both cancels out. Source: Efron and
    Tibshirani 1993; for text classification, Berg-Kirkpatrick et al. 2012. Parameters are those of `score`.

    Raises
    ------
    ScoreError
        As in `score`; unknown metric; no replicate asked for.

    Examples
    --------
    >>> gold = [0, 1] * 50
    >>> found = paired_difference(gold, gold, [0, 0] * 50, "accuracy")
    >>> found.difference, found.low > 0
    (0.5, True)
    """
    if metric not in INTERVAL_METRICS:
        metrics = ", ".join(INTERVAL_METRICS)
        raise ScoreError(f"unknown metric '{metric}'{nearest(metric, INTERVAL_METRICS)}; metrics are {metrics}")
    check_options(abstain, intervals, confidence, least=1)
    task = read_task(Y, [preds_a, preds_b], labels, positive)
    (gold, *sides), counts = count_cells(task.gold, *(prediction.classes for prediction in task.predictions))

    def difference(weights: Floats) -> Floats:
        a, b = (
            measures(count_classes(gold, side, weights, len(task.labels), drop=abstain == "drop"), task.positive)[
                metric
            ]
            for side in sides
        )
        return np.asarray(a - b)[..., None]

    ((low, high),) = percentile_interval(resample(counts, intervals, seed, difference), confidence)
    return PairedDifference(metric, float(difference(counts)[0]), low, high, confidence, len(task.gold))
