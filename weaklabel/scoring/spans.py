"""Scoring spans against gold spans: a span is right where begin, end and label are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from weaklabel.errors import ScoreError, visible
from weaklabel.scoring.intervals import percentile_interval, resample, wilson
from weaklabel.scoring.measures import Floats
from weaklabel.scoring.result import ClassScores
from weaklabel.units.spans import Numbers, Spans

KINDS = ("right", "type", "boundary", "type and boundary", "missed")
"""What becomes of a gold span; the errors of one that overlaps several predicted spans are those of the closest."""


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
    per_label
        Length: k; ``support`` is the number of gold spans.
    n_gold, n_predicted
        Numbers of spans.
    errors
        How many gold spans are right, have the wrong type, wrong boundaries, both, or are missed, and how many predicted
        spans are ``spurious``: they overlap no gold span.
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
    per_label: tuple[ClassScores, ...]
    n_gold: int
    n_predicted: int
    errors: dict[str, int]
    confidence: float
    intervals: dict[str, tuple[float, float]]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as values that JSON has."""
        return asdict(self)

    def __str__(self) -> str:
        def interval(name: str) -> str:
            return "[{:.3f}, {:.3f}]".format(*self.intervals[name]) if name in self.intervals else ""

        shown = {"precision": "precision", "recall": "recall", "f1": "F1", "macro_f1": "macro F1"}
        lines = [
            f"{self.n_gold:,} gold spans and {self.n_predicted:,} predicted spans in {self.n:,} texts; exact matches count",
            *(f"  {text:<9}  {getattr(self, name):.3f} {interval(name)}".rstrip() for name, text in shown.items()),
            "  " + ", ".join(f"{kind} {number:,}" for kind, number in self.errors.items()),
        ]
        width = max(map(len, self.labels))
        lines += [
            f"  {visible(each.label):<{width}}  precision {each.precision:.3f}  recall {each.recall:.3f}  "
            f"F1 {each.f1:.3f}  {each.support:,} spans"
            for each in self.per_label
        ]
        return "\n".join(lines)


def score_spans(
    gold: Spans,
    predicted: Spans,
    labels: Sequence[str],
    *,
    intervals: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> SpanScores:
    """Score predicted spans against gold spans by exact match of begin, end and label.

    Of tagged words, the scores are those of seqeval: `weaklabel.units.spans.spans_of_tags` has its default and its strict mode.

    Parameters
    ----------
    gold, predicted
        Spans of the same texts, both in code points or both in words. A span counts once.
    labels
        Names of the labels. Length: k.
    intervals
        Number of bootstrap replicates over texts; 0 for no intervals.
    confidence
        Between 0 and 1.
    seed
        Of the bootstrap.

    Raises
    ------
    ScoreError
        The spans are of different numbers of texts, or have a label that has no name.

    Examples
    --------
    >>> gold = Spans.of_rows([[(0, 3, 0), (8, 12, 1)], [(2, 5, 0)]])
    >>> predicted = Spans.of_rows([[(0, 3, 0), (7, 12, 1)], []])
    >>> scores = score_spans(gold, predicted, ["PER", "LOC"], intervals=0)
    >>> scores.precision, round(scores.recall, 3), scores.errors["boundary"], scores.errors["missed"]
    (0.5, 0.333, 1, 1)
    """
    if gold.n_rows != predicted.n_rows:
        raise ScoreError(
            f"gold spans are of {gold.n_rows} texts, and predicted spans of {predicted.n_rows}; give both for the same texts"
        )
    k = len(labels)
    highest = int(max(gold.label.max(initial=-1), predicted.label.max(initial=-1)))
    if highest >= k:
        raise ScoreError(f"a span has label {highest}, but only {k} labels have names; give the names of all labels")
    is_right = np.isin(predicted.keys(), gold.keys())
    counts = np.stack(
        [
            _count(predicted.take(is_right), k),
            _count(predicted, k),
            _count(gold, k),
        ],
        axis=2,
    )
    measured = _measures(counts.sum(axis=0)[None].astype(np.float64))
    precision, recall, f1 = (value[0].tolist() for value in measured.of_label)
    support = counts[:, :, 2].sum(axis=0).tolist()
    names = tuple(map(str, labels))
    return SpanScores(
        labels=names,
        n=gold.n_rows,
        precision=float(measured.micro[0][0]),
        recall=float(measured.micro[1][0]),
        f1=float(measured.micro[2][0]),
        macro_precision=float(measured.macro[0][0]),
        macro_recall=float(measured.macro[1][0]),
        macro_f1=float(measured.macro[2][0]),
        per_label=tuple(map(ClassScores, names, precision, recall, f1, support)),
        n_gold=len(gold),
        n_predicted=len(predicted),
        errors=_errors(gold, predicted, is_right),
        confidence=confidence,
        intervals=_intervals(counts, intervals, confidence, seed),
    )


class _Measures(NamedTuple):
    """Precision, recall and F1: of each label [r, k], over all spans [r], and as means over labels [r]."""

    of_label: tuple[Floats, Floats, Floats]
    micro: tuple[Floats, Floats, Floats]
    macro: tuple[Floats, Floats, Floats]


def _count(spans: Spans, k: int) -> Numbers:
    """Return how many spans each row has of each label. Shape: [n_rows, k]."""
    return np.bincount(spans.row * k + spans.label, minlength=spans.n_rows * k).reshape(spans.n_rows, k)


def _measures(counts: Floats) -> _Measures:
    """Shape: [r, k, 3], of right, predicted and gold spans."""
    of_label = _ratios(counts)
    occurs = counts[:, :, 1:].sum(axis=2) > 0
    n = np.maximum(occurs.sum(axis=1), 1)
    precision, recall, f1 = ((value * occurs).sum(axis=1) / n for value in of_label)
    return _Measures(of_label, _ratios(counts.sum(axis=1)), (precision, recall, f1))


def _ratios(counts: Floats) -> tuple[Floats, Floats, Floats]:
    right, predicted, gold = np.moveaxis(counts, -1, 0)
    precision, recall = _divided(right, predicted), _divided(right, gold)
    return precision, recall, _divided(2 * right, predicted + gold)


def _divided(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


def _intervals(counts: Numbers, replicates: int, confidence: float, seed: int) -> dict[str, tuple[float, float]]:
    if not replicates or not len(counts):
        return {}
    n, k = counts.shape[:2]
    cells, of_cell = np.unique(counts.reshape(n, -1), axis=0, return_counts=True)

    def measure(drawn: Floats) -> Floats:
        measured = _measures((drawn @ cells).reshape(len(drawn), k, 3))
        return np.stack([*measured.micro, measured.macro[2]], axis=1)

    values = resample(of_cell.astype(np.float64), replicates, seed, measure)
    bounds = dict(zip(("precision", "recall", "f1", "macro_f1"), percentile_interval(values, confidence), strict=True))
    right, predicted, gold = counts.sum(axis=(0, 1)).tolist()
    for name, of in (("precision", predicted), ("recall", gold)):
        if of and bounds[name][0] == bounds[name][1]:  # all right or all wrong: a bootstrap has no width there
            bounds[name] = wilson(right / of, of, confidence)
    return bounds


def _errors(gold: Spans, predicted: Spans, is_right: NDArray[np.bool_]) -> dict[str, int]:
    kinds = dict.fromkeys(KINDS, 0)
    matched = np.isin(gold.keys(), predicted.keys())
    kinds["right"] = int(matched.sum())
    wrong, missed = predicted.take(~is_right), gold.take(~matched)
    spurious = 0
    by_row: dict[int, list[tuple[int, int, int]]] = {}
    for row in np.unique(np.concatenate([wrong.row, missed.row])).tolist():
        by_row[row] = predicted.of_row(row)
        for begin, end, label in missed.of_row(row):
            over = [span for span in by_row[row] if span[0] < end and begin < span[1]]
            if not over:
                kinds["missed"] += 1
            elif any(span[:2] == (begin, end) for span in over):
                kinds["type"] += 1
            elif any(span[2] == label for span in over):
                kinds["boundary"] += 1
            else:
                kinds["type and boundary"] += 1
        of_gold = gold.of_row(row)
        for begin, end, _ in wrong.of_row(row):
            spurious += not any(span[0] < end and begin < span[1] for span in of_gold)
    return kinds | {"spurious": spurious}
