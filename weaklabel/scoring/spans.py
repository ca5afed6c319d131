"""Scoring spans against gold spans: a span is right where begin, end and label are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from weaklabel.errors import ScoreError, VoteError, nearest, visible
from weaklabel.scoring.calibration import calibration_error
from weaklabel.scoring.inputs import check_options
from weaklabel.scoring.intervals import percentile_interval, resample, wilson
from weaklabel.scoring.measures import Floats
from weaklabel.scoring.paired import PairedDifference
from weaklabel.scoring.result import ClassScores
from weaklabel.scoring.span_counts import (
    ERROR_KINDS,
    SPAN_METRICS,
    check_spans,
    count_spans,
    distinct_counts,
    label_confusion,
    measure_spans,
    span_errors,
)
from weaklabel.support.table import html_table, table
from weaklabel.units.spans import Numbers, Spans, TagScheme
from weaklabel.units.tags import read_tags

_SHOWN = {"precision": "precision", "recall": "recall", "f1": "F1", "macro_f1": "macro F1"}


@dataclass(frozen=True)
class SpanScores:
    """How good predicted spans are against gold; made by `score_spans`.

    Attributes
    ----------
    labels
        Names of the labels. Length: k.
    n
        Texts.
    precision, recall, f1
        Over the spans of all labels together (micro average), 0..1; 0/0 counts as 0.
    macro_precision, macro_recall, macro_f1
        Plain means over the labels that gold or predictions have.
    weighted_precision, weighted_recall, weighted_f1
        Means over the labels, weighted by their number of gold spans.
    per_label
        Length: k; ``support`` is the number of gold spans.
    n_gold, n_predicted
        Numbers of spans.
    errors
        How many gold spans are right, have the wrong type, wrong boundaries, both, or are missed, and how many predicted
        spans are ``spurious``: they overlap no gold span. A gold span that overlaps several predicted ones has the error of
        the closest.
    label_errors
        The same for each label: that of gold, or, of spurious spans, as predicted. Length: k.
    confusion
        Labels of spans at the same places: rows gold, columns predicted; the last row has predicted spans at places where
        gold has none, the last column gold spans at places where none is predicted. Shape: [k + 1, k + 1].
    brier, calibration_error
        Of the probabilities that predicted spans are right: mean squared error, and expected calibration error over 15
        bins, 0..1. None where no span has a probability.
    confidence, intervals
        (low, high) by metric, by bootstrap over texts: precision, recall, f1, macro_f1; empty where not asked for.
    """

    labels: tuple[str, ...]
    n: int
    precision: float
    recall: float
    f1: float
    macro_precision: float
    macro_recall: float
    macro_f1: float
    weighted_precision: float
    weighted_recall: float
    weighted_f1: float
    per_label: tuple[ClassScores, ...]
    n_gold: int
    n_predicted: int
    errors: Mapping[str, int]
    label_errors: tuple[Mapping[str, int], ...]
    confusion: tuple[tuple[int, ...], ...]
    brier: float | None
    calibration_error: float | None
    confidence: float
    intervals: Mapping[str, tuple[float, float]]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain lists, dicts, numbers and strings; None where a measure is not defined."""
        plain: dict[str, Any] = json.loads(self.to_json())
        return plain

    def to_json(self) -> str:
        """Return everything as indented JSON."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> SpanScores:
        """Make scores of what `to_dict` gave.

        Raises
        ------
        ScoreError
            A field is missing or unknown.
        """
        if wrong := sorted({each.name for each in fields(cls)} ^ set(plain)):
            raise ScoreError(f"scores: missing or unknown field '{wrong[0]}'; give what SpanScores.to_dict() returned")
        return cls(
            **{
                **plain,
                "labels": tuple(plain["labels"]),
                "per_label": tuple(ClassScores(**each) for each in plain["per_label"]),
                "label_errors": tuple(plain["label_errors"]),
                "confusion": tuple(tuple(row) for row in plain["confusion"]),
                "intervals": {name: (low, high) for name, (low, high) in plain["intervals"].items()},
            }
        )

    def __str__(self) -> str:
        lines = [
            self._title,
            *(f"  {shown:<9}  {getattr(self, name):.3f}{self._interval(name)}" for name, shown in _SHOWN.items()),
        ]
        if self.brier is not None:
            error = self.calibration_error
            lines.append(
                f"  Brier {self.brier:.3f}, calibration error {error:.3f} (predicted spans with probabilities)"
            )
        lines.append("  " + ", ".join(f"{kind} {number:,}" for kind, number in self.errors.items()))
        columns = ["label", "precision", "recall", "F1", "gold spans", *ERROR_KINDS[1:]]
        return "\n".join([*map(visible, lines), "", table(self._rows(), columns)])

    def _repr_html_(self) -> str:
        measures = [(shown, getattr(self, name), self._interval(name).strip()) for name, shown in _SHOWN.items()]
        of_probabilities = {"Brier": self.brier, "calibration error": self.calibration_error}
        measures += [(name, value, "") for name, value in of_probabilities.items() if value is not None]
        columns = ["label", "precision", "recall", "F1", "gold spans", *ERROR_KINDS[1:]]
        return html_table(measures, ["measure", "value", "interval"], title=self._title, bars=["value"]) + html_table(
            self._rows(), columns, bars=["F1"]
        )

    @property
    def _title(self) -> str:
        return f"{self.n_gold:,} gold spans and {self.n_predicted:,} predicted spans in {self.n:,} texts; exact matches count"

    def _rows(self) -> list[tuple[Any, ...]]:
        return [
            (each.label, each.precision, each.recall, each.f1, each.support, *(kinds[kind] for kind in ERROR_KINDS[1:]))
            for each, kinds in zip(self.per_label, self.label_errors, strict=True)
        ]

    def _interval(self, name: str) -> str:
        if name not in self.intervals:
            return ""
        low, high = self.intervals[name]
        return f"  {self.confidence:.0%} [{low:.3f}, {high:.3f}]"


def score_spans(
    gold: Spans,
    predicted: Spans,
    labels: Sequence[str],
    *,
    probs: ArrayLike | None = None,
    intervals: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> SpanScores:
    """Score predicted spans against gold spans by exact match of begin, end and label.

    Of tagged words, the scores are those of seqeval: `score_tags` has its default and its strict mode.

    Parameters
    ----------
    gold, predicted
        Spans of the same texts, both in code points or both in words. A span counts once.
    labels
        Names of the labels. Length: k.
    probs
        How probable it is that each predicted span is right, 0..1; NaN where that is not known. Shape: [n_predicted].
    intervals
        Number of bootstrap replicates over texts; 0 for no intervals. Precision and recall that are 0 or 1 in every text
        have Wilson intervals instead, since a bootstrap has no width there.
    confidence
        Of the intervals, between 0 and 1.
    seed
        Of the bootstrap.

    Raises
    ------
    ScoreError
        The spans are of different numbers of texts, or have a label that has no name; or a probability is outside 0..1.

    Examples
    --------
    >>> gold = Spans.of_rows([[(0, 3, 0), (8, 12, 1)], [(2, 5, 0)]])
    >>> predicted = Spans.of_rows([[(0, 3, 0), (7, 12, 1)], []])
    >>> scores = score_spans(gold, predicted, ["PER", "LOC"], intervals=0)
    >>> scores.precision, round(scores.recall, 3), scores.errors["boundary"], scores.errors["missed"]
    (0.5, 0.333, 1, 1)
    """
    check_options("miss", intervals, confidence)
    check_spans(gold, predicted, labels)
    k, names = len(labels), tuple(map(str, labels))
    counts = count_spans(gold, predicted, k)
    measured = measure_spans(counts.sum(axis=0)[None].astype(np.float64))
    averages = {
        f"{average}{name}": float(value[0])
        for average, values in (("", measured.micro), ("macro_", measured.macro), ("weighted_", measured.weighted))
        for name, value in zip(("precision", "recall", "f1"), values, strict=True)
    }
    errors = span_errors(gold, predicted, k)
    precision, recall, f1 = (value[0].tolist() for value in measured.of_label)
    brier, calibration = _probability_scores(gold, predicted, probs)
    return SpanScores(
        labels=names,
        n=gold.n_rows,
        **averages,
        per_label=tuple(map(ClassScores, names, precision, recall, f1, counts[:, :, 2].sum(axis=0).tolist())),
        n_gold=len(gold),
        n_predicted=len(predicted),
        errors=dict(zip(ERROR_KINDS, errors.sum(axis=1).tolist(), strict=True)),
        label_errors=tuple(dict(zip(ERROR_KINDS, kinds, strict=True)) for kinds in errors.T.tolist()),
        confusion=tuple(tuple(row) for row in label_confusion(gold, predicted, k).tolist()),
        brier=brier,
        calibration_error=calibration,
        confidence=confidence,
        intervals=_intervals(counts, intervals, confidence, seed),
    )


def score_tags(
    gold: Sequence[Iterable[str]],
    predicted: Sequence[Iterable[str]],
    labels: Sequence[str] | None = None,
    *,
    scheme: TagScheme = "default",
    intervals: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> SpanScores:
    """Score predicted tags of words against gold tags; the scores are those of seqeval.

    Parameters
    ----------
    gold, predicted
        The tags of each text, such as B-PER, I-PER and O; see `weaklabel.units.read_tags`.
    labels
        Names of the labels; by default those that occur, sorted. Length: k.
    scheme
        What opens a span: ``default`` is seqeval's default mode, ``strict`` its strict mode for IOB2.
    intervals, confidence, seed
        As in `score_spans`.

    Raises
    ------
    ScoreError
        Gold and predictions are not of the same words, or a tag is not one of the scheme.

    Examples
    --------
    >>> gold, predicted = [["B-PER", "I-PER", "O", "B-LOC"]], [["B-PER", "I-PER", "O", "I-LOC"]]
    >>> score_tags(gold, predicted, intervals=0).f1, round(score_tags(gold, predicted, scheme="strict", intervals=0).f1, 3)
    (1.0, 0.667)
    """
    both = [[list(tags) for tags in texts] for texts in (gold, predicted)]
    if len(both[0]) != len(both[1]):
        raise ScoreError(f"gold has tags of {len(both[0])} texts, and predictions of {len(both[1])}")
    for text, (of_gold, of_predicted) in enumerate(zip(*both, strict=True)):
        if len(of_gold) != len(of_predicted):
            raise ScoreError(f"text {text}: gold has {len(of_gold)} tags, and predictions have {len(of_predicted)}")
    try:
        spans, names = read_tags([*both[0], *both[1]], labels, scheme)
    except VoteError as error:
        raise ScoreError(f"tags of gold, then of predictions: {error}") from None
    n = len(both[0])
    is_gold = spans.row < n
    shifted = Spans(spans.row % max(n, 1), spans.begin, spans.end, spans.label, n)
    sides = [shifted.take(chosen) for chosen in (is_gold, ~is_gold)]
    return score_spans(sides[0], sides[1], names, intervals=intervals, confidence=confidence, seed=seed)


def paired_span_difference(
    gold: Spans,
    predicted_a: Spans,
    predicted_b: Spans,
    labels: Sequence[str],
    metric: str = "f1",
    *,
    intervals: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> PairedDifference:
    """Bootstrap the difference of ``metric`` between two predictions of spans for the same texts, a minus b.

    Each replicate draws the same texts for both; see `paired_difference`.

    Parameters
    ----------
    gold, predicted_a, predicted_b, labels, intervals, confidence, seed
        As in `score_spans`.
    metric
        precision, recall, f1 or macro_f1.

    Raises
    ------
    ScoreError
        As in `score_spans`; the metric is unknown, no replicate is asked for, or there is no text.

    Examples
    --------
    >>> gold = Spans.of_rows([[(0, 3, 0)], [(2, 5, 0)]] * 40)
    >>> result = paired_span_difference(gold, gold, gold.take(gold.begin == 0), ["PER"], "recall")
    >>> result.difference, result.low > 0
    (0.5, True)
    """
    if metric not in SPAN_METRICS:
        raise ScoreError(
            f"unknown metric '{metric}'{nearest(metric, SPAN_METRICS)}; metrics of spans are {', '.join(SPAN_METRICS)}"
        )
    check_options("miss", intervals, confidence, least=1)
    for predicted in (predicted_a, predicted_b):
        check_spans(gold, predicted, labels)
    if not gold.n_rows:
        raise ScoreError("there are no texts, so there is nothing to compare")
    k, place = len(labels), SPAN_METRICS.index(metric)
    both = np.stack([count_spans(gold, predicted, k) for predicted in (predicted_a, predicted_b)], axis=1)
    cells, of_cell = distinct_counts(both)

    def difference(drawn: Floats) -> Floats:
        counts = np.tensordot(drawn, cells, axes=1)
        a, b = (measure_spans(counts[:, side]).metrics()[:, place] for side in (0, 1))
        return (a - b)[:, None]

    ((low, high),) = percentile_interval(resample(of_cell, intervals, seed, difference), confidence)
    value = float(difference(of_cell[None])[0, 0])
    return PairedDifference(metric, value, low, high, confidence, gold.n_rows)


def _intervals(counts: Numbers, replicates: int, confidence: float, seed: int) -> dict[str, tuple[float, float]]:
    if not replicates or not len(counts):
        return {}
    cells, of_cell = distinct_counts(counts)

    def measure(drawn: Floats) -> Floats:
        return measure_spans(np.tensordot(drawn, cells, axes=1)).metrics()

    values = resample(of_cell, replicates, seed, measure)
    bounds = dict(zip(SPAN_METRICS, percentile_interval(values, confidence), strict=True))
    right, predicted, gold = counts.sum(axis=(0, 1)).tolist()
    for name, of in (("precision", predicted), ("recall", gold)):
        if of and bounds[name][0] == bounds[name][1]:  # all right or all wrong: a bootstrap has no width there
            bounds[name] = wilson(right / of, of, confidence)
    return bounds


def _probability_scores(gold: Spans, predicted: Spans, probs: ArrayLike | None) -> tuple[float | None, float | None]:
    """Return the Brier score and the calibration error of the probabilities of predicted spans, if any has one."""
    if probs is None:
        return None, None
    given = np.asarray(probs, dtype=np.float64)
    if given.shape != (len(predicted),):
        raise ScoreError(f"probs have shape {given.shape} for {len(predicted)} predicted spans; give one for each span")
    is_given = ~np.isnan(given)
    if not is_given.any():
        return None, None
    right = np.isin(predicted.keys(), gold.keys())[is_given]
    given = given[is_given]
    if given.min() < 0 or given.max() > 1:
        raise ScoreError(f"probs: {given[(given < 0) | (given > 1)][0]} is not a probability between 0 and 1")
    return float(np.square(given - right).mean()), calibration_error(given[:, None], np.where(right, 0, 1))
