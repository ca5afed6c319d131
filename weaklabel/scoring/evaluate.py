"""Scoring predictions against gold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from weaklabel.errors import ScoreError
from weaklabel.labels import ABSTAIN, Labels, Probs
from weaklabel.scoring.calibration import brier, calibration_error, log_loss, roc_auc
from weaklabel.scoring.inputs import Abstain, check_options, read_task
from weaklabel.scoring.intervals import count_cells, percentile_interval, resample, wilson_intervals
from weaklabel.scoring.measures import INTERVAL_METRICS, ClassCounts, Floats, count_classes, measures, per_class
from weaklabel.scoring.result import ClassScores, Scores

_NO_WIDTH = 1e-9
"""Width up to which all replicates measure the same, except for rounding."""

Metric: TypeAlias = Callable[[Labels, Labels, Probs | None], Any]
"""A measure of the user's own; see `score`."""


def score(
    Y: ArrayLike,
    predictions: ArrayLike,
    *,
    probs: ArrayLike | None = None,
    labels: Sequence[str] | None = None,
    positive: str | int | None = None,
    abstain: Abstain = "miss",
    intervals: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
    metrics: Mapping[str, Metric] | None = None,
) -> Scores:
    """Score predictions against gold.

    Where scikit-learn defines a measure, the value is the same (with ``labels=range(k)`` and ``zero_division=0``).

    Parameters
    ----------
    Y
        Gold. Shape: [n]; class numbers 0..k-1 or class names. A row with -1, NaN, None or an empty name has no gold: it is
        left out and counted as unlabeled.
    predictions
        Class numbers or names, shape [n], -1 or empty where abstained; or probabilities, shape [n, k], all NaN where
        abstained (on a tie the lowest class counts as predicted). The columns of a data frame of probabilities are found by
        the names of their classes, p_spam or spam. Rows are matched by position.
    probs
        Probabilities behind class predictions, where ties or thresholds make these more than the most probable class.
        Shape: [n, k]; Brier score, log loss and calibration error are then of these.
    labels
        Class names; by default the numbers as text, at least two, or the names that occur, sorted. Near-equal names are
        matched with a `WeakLabelWarning`, as are class numbers written as text.
    positive
        Name or number of the class that ``precision``, ``recall`` and ``f1`` are of. By default class 1 of two
        classes; with more, they are macro averages.
    abstain
        "miss": an abstained row is wrong, and its class was not found (lower accuracy and recall). "drop": measures
        are computed on the covered rows alone.
    intervals
        Bootstrap replicates; 0 gives no intervals.
    confidence
        Of the intervals, between 0 and 1. They are percentile intervals of the bootstrap; where these have no width, since
        every row is right, or every one is wrong, they are computed from Wilson intervals (see
        `weaklabel.scoring.intervals.wilson_intervals`): 20 of 20 right is an accuracy of 0.839 to 1.
    seed
        Of the bootstrap.
    metrics
        Measures of your own, by name: functions that take gold [n], predicted classes [n] (-1 where abstained) and
        probabilities [n, k] (or None), and return a number, or a dict of numbers by name. They get the rows with gold,
        under "drop" the covered ones.

    Raises
    ------
    ScoreError
        Lengths differ, a class is unknown, predictions and gold share no class, no row has gold, an option is out of
        range, or ``probs`` are given with predictions that are probabilities already.

    Examples
    --------
    >>> result = score([0, 0, 1, 1, -1], [0, 1, 1, -1, 0], labels=("ham", "spam"), intervals=0)
    >>> result.n, result.unlabeled, result.coverage
    (4, 1, 0.75)
    >>> result.accuracy, result.precision, result.recall, result.f1
    (0.5, 0.5, 0.5, 0.5)
    """
    check_options(abstain, intervals, confidence)
    task = read_task(Y, [predictions] if probs is None else [predictions, probs], labels, positive)
    if probs is not None and (task.predictions[0].probs is not None or task.predictions[1].probs is None):
        raise ScoreError("probs must be probabilities [n, k] given with predictions that are classes [n]")
    names, gold, predicted = task.labels, task.gold, task.predictions[0].classes
    (cell_gold, cell_predicted), counts = count_cells(gold, predicted)

    def count(weights: Floats) -> ClassCounts:
        return count_classes(cell_gold, cell_predicted, weights, len(names), drop=abstain == "drop")

    def interval_metrics(weights: Floats) -> Floats:
        values = measures(count(weights), task.positive)
        return np.stack([values[name] for name in INTERVAL_METRICS], axis=-1)

    counted = count(counts)
    bounds: dict[str, tuple[float, float]] = {}
    if intervals:
        replicates = resample(counts, intervals, seed, interval_metrics)
        bounds = dict(zip(INTERVAL_METRICS, percentile_interval(replicates, confidence), strict=True))
        without_width = [name for name, (low, high) in bounds.items() if high - low < _NO_WIDTH]
        if without_width:
            exact = wilson_intervals(counted, task.positive, confidence)
            bounds |= {name: exact[name] for name in without_width}
    values: dict[str, Any] = {name: float(value) for name, value in measures(counted, task.positive).items()}
    values |= _probability_scores(task.predictions[-1].probs, gold)
    return Scores(
        labels=names,
        positive=None if task.positive is None else names[task.positive],
        average="macro" if task.positive is None else "positive",
        abstain=abstain,
        n=len(gold),
        unlabeled=task.unlabeled,
        coverage=float((predicted != ABSTAIN).mean()),
        per_class=_class_scores(names, counted),
        confusion=_confusion(gold, predicted, len(names)),
        confidence=confidence,
        intervals=bounds,
        notes=_notes(names, counted),
        roc_auc=_roc_auc(task.predictions[-1].probs, gold, task.positive),
        custom=_custom(metrics or {}, gold, predicted, task.predictions[-1].probs, drop=abstain == "drop"),
        **values,
    )


def _class_scores(names: Sequence[str], counts: ClassCounts) -> tuple[ClassScores, ...]:
    columns = (*(part.tolist() for part in per_class(counts)), counts.support.astype(np.int64).tolist())
    return tuple(ClassScores(*row) for row in zip(names, *columns, strict=True))


def _confusion(gold: Labels, predicted: Labels, k: int) -> tuple[tuple[int, ...], ...]:
    column = np.where(predicted == ABSTAIN, k, predicted)
    table = np.bincount(gold * (k + 1) + column, minlength=k * (k + 1)).reshape(k, k + 1)
    return tuple(tuple(row) for row in table.tolist())


def _probability_scores(probs: Probs | None, gold: Labels) -> dict[str, float | None]:
    """Scores of the probabilities on the rows that have them; None where none has."""
    functions = {"brier": brier, "log_loss": log_loss, "calibration_error": calibration_error}
    covered = np.zeros(len(gold), dtype=bool) if probs is None else ~np.isnan(probs).all(axis=1)
    if probs is None or not covered.any():
        return dict.fromkeys(functions)
    return {name: function(probs[covered], gold[covered]) for name, function in functions.items()}


def _roc_auc(probs: Probs | None, gold: Labels, positive: int | None) -> float | None:
    if probs is None:
        return None
    covered = ~np.isnan(probs).all(axis=1)
    return roc_auc(probs[covered], gold[covered], positive)


def _custom(
    metrics: Mapping[str, Metric], gold: Labels, predicted: Labels, probs: Probs | None, *, drop: bool
) -> dict[str, float]:
    if drop:
        covered = predicted != ABSTAIN
        gold, predicted, probs = gold[covered], predicted[covered], None if probs is None else probs[covered]
    values: dict[str, float] = {}
    for name, function in metrics.items():
        value = function(gold, predicted, probs)
        named = value if isinstance(value, Mapping) else {name: value}
        try:
            values |= {str(key): float(number) for key, number in named.items()}
        except (TypeError, ValueError):
            raise ScoreError(
                f"metric '{name}' returned {value!r:.80}; it must return a number, or a dict of numbers"
            ) from None
    return values


def _notes(names: Sequence[str], counts: ClassCounts) -> tuple[str, ...]:
    """Say which ratios are 0/0 and given as 0."""
    if not counts.total:
        return ("no row is covered, so every measure is 0/0, given as 0",)
    notes = []
    for name, predicted, support in zip(names, counts.predicted, counts.support, strict=True):
        if not predicted and not support:
            notes.append(f"'{name}' is neither in gold nor predicted: its precision, recall and F1 are 0/0, given as 0")
        elif not predicted:
            notes.append(f"'{name}' is never predicted: its precision is 0/0, given as 0")
        elif not support:
            notes.append(f"'{name}' is not in gold: its recall is 0/0, given as 0")
    if counts.support.max() == counts.total:
        notes.append("gold has one class only: MCC is 0/0, given as 0")
    elif max(counts.predicted.max(), counts.total - counts.predicted.sum()) == counts.total:
        notes.append("every prediction is the same: MCC is 0/0, given as 0")
    return tuple(notes)
