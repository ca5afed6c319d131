"""Counts of right, predicted and gold spans of texts, the measures that follow, and what becomes of wrong spans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from weaklabel.errors import ScoreError
from weaklabel.scoring.measures import Floats
from weaklabel.units.spans import Numbers, Spans, overlap_pairs

ERROR_KINDS = ("right", "type", "boundary", "type and boundary", "missed", "spurious")
"""What becomes of a gold span, and, last, predicted spans that overlap no gold span."""

SPAN_METRICS = ("precision", "recall", "f1", "macro_f1")
"""What is given an interval, and can be compared in pairs."""


class SpanMeasures(NamedTuple):
    """Precision, recall and F1: of each label [r, k], over all spans [r], and as means over labels [r]."""

    of_label: tuple[Floats, Floats, Floats]
    micro: tuple[Floats, Floats, Floats]
    macro: tuple[Floats, Floats, Floats]
    weighted: tuple[Floats, Floats, Floats]

    def metrics(self) -> Floats:
        """Return `SPAN_METRICS`. Shape: [r, 4]."""
        return np.stack([*self.micro, self.macro[2]], axis=1)


def check_spans(gold: Spans, predicted: Spans, labels: Sequence[str]) -> None:
    """Refuse spans of other texts, or with labels that have no name.

    Raises
    ------
    ScoreError
        So it is.
    """
    if gold.n_rows != predicted.n_rows:
        raise ScoreError(
            f"gold spans are of {gold.n_rows} texts, and predicted spans of {predicted.n_rows}; give both for the same texts"
        )
    highest = int(max(gold.label.max(initial=-1), predicted.label.max(initial=-1)))
    if highest >= len(labels):
        raise ScoreError(
            f"a span has label {highest}, but only {len(labels)} labels have names; give the names of all labels"
        )


def count_spans(gold: Spans, predicted: Spans, k: int) -> Numbers:
    """Count of each row and label the right, predicted and gold spans. Shape: [n_rows, k, 3]."""
    is_right = np.isin(predicted.keys(), gold.keys())
    return np.stack([_count(predicted.take(is_right), k), _count(predicted, k), _count(gold, k)], axis=2)


def _count(spans: Spans, k: int) -> Numbers:
    """Return how many spans each row has of each label. Shape: [n_rows, k]."""
    return np.bincount(spans.row * k + spans.label, minlength=spans.n_rows * k).reshape(spans.n_rows, k)


def measure_spans(counts: Floats) -> SpanMeasures:
    """Measure counts of right, predicted and gold spans; 0/0 is 0. Shape: [r, k, 3]."""
    of_label = _ratios(counts)
    occurs = counts[:, :, 1:].sum(axis=2) > 0
    n = np.maximum(occurs.sum(axis=1), 1)
    precision, recall, f1 = ((value * occurs).sum(axis=1) / n for value in of_label)
    support = counts[:, :, 2]
    by_support = tuple(_divided((value * support).sum(axis=1), support.sum(axis=1)) for value in of_label)
    weighted_precision, weighted_recall, weighted_f1 = by_support
    return SpanMeasures(
        of_label,
        _ratios(counts.sum(axis=1)),
        (precision, recall, f1),
        (weighted_precision, weighted_recall, weighted_f1),
    )


def _ratios(counts: Floats) -> tuple[Floats, Floats, Floats]:
    right, predicted, gold = np.moveaxis(counts, -1, 0)
    precision, recall = _divided(right, predicted), _divided(right, gold)
    return precision, recall, _divided(2 * right, predicted + gold)


def _divided(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


def distinct_counts(counts: Numbers) -> tuple[Numbers, Floats]:
    """Return the different counts of rows, and how many rows have each: what a bootstrap draws.

    Shape: [n_rows, ...] -> [c, ...], [c].
    """
    n = len(counts)
    cells, of_cell = np.unique(counts.reshape(n, -1), axis=0, return_counts=True)
    return cells.reshape(-1, *counts.shape[1:]), of_cell.astype(np.float64)


def span_errors(gold: Spans, predicted: Spans, k: int) -> Numbers:
    """Count what becomes of the spans, by label: of gold, or, of spurious ones, as predicted; see `error_kinds`.

    Returns
    -------
    array
        In the order of `ERROR_KINDS`. Shape: [6, k].
    """
    kinds, is_spurious = error_kinds(gold, predicted)
    labels = [gold.label[kinds == kind] for kind in range(len(ERROR_KINDS) - 1)]
    return np.stack([np.bincount(label, minlength=k) for label in (*labels, predicted.label[is_spurious])])


def error_kinds(gold: Spans, predicted: Spans) -> tuple[Numbers, NDArray[np.bool_]]:
    """Return what becomes of each gold span, and which predicted spans are spurious.

    A gold span that is not found has the error of the closest predicted span that overlaps it: another label at the same
    places, the same label at other places, or another label at other places. A predicted span is spurious if it overlaps
    no gold span.

    Returns
    -------
    tuple
        Of each gold span its number in `ERROR_KINDS`, and of each predicted span whether it is spurious. Shape: [n_gold],
        [n_predicted].
    """
    gold_found = np.isin(gold.keys(), predicted.keys())
    missed = gold.take(~gold_found)
    of_missed, other = overlap_pairs(missed, predicted)
    same_places = (missed.begin[of_missed] == predicted.begin[other]) & (missed.end[of_missed] == predicted.end[other])
    same_label = missed.label[of_missed] == predicted.label[other]
    is_type, is_boundary, overlaps = (
        _any(of_missed, chosen, len(missed)) for chosen in (same_places, same_label, np.ones(len(other), dtype=bool))
    )
    kinds = np.zeros(len(gold), dtype=np.int64)
    kinds[~gold_found] = np.select([is_type, is_boundary, overlaps], [1, 2, 3], default=4)
    is_wrong = ~np.isin(predicted.keys(), gold.keys())
    wrong = predicted.take(is_wrong)
    of_wrong, _ = overlap_pairs(wrong, gold)
    is_spurious = is_wrong.copy()
    is_spurious[is_wrong] = ~_any(of_wrong, np.ones(len(of_wrong), dtype=bool), len(wrong))
    return kinds, is_spurious


def _any(positions: Numbers, chosen: NDArray[np.bool_], n: int) -> NDArray[np.bool_]:
    """Return of each of ``n`` whether it is among the chosen positions. Shape: [p], [p] -> [n]."""
    result = np.zeros(n, dtype=bool)
    result[positions[chosen]] = True
    return result


def label_confusion(gold: Spans, predicted: Spans, k: int) -> Numbers:
    """Count which label spans at the same places have. Shape: [k + 1, k + 1].

    Rows are gold, columns predicted; the last row has predicted spans at places where gold has none, and the last column
    gold spans at places where none is predicted.
    """
    of_gold, of_predicted = overlap_pairs(gold, predicted)
    same = (gold.begin[of_gold] == predicted.begin[of_predicted]) & (gold.end[of_gold] == predicted.end[of_predicted])
    of_gold, of_predicted = of_gold[same], of_predicted[same]
    table = np.zeros((k + 1, k + 1), dtype=np.int64)
    np.add.at(table, (gold.label[of_gold], predicted.label[of_predicted]), 1)
    everything = np.ones(len(of_gold), dtype=bool)
    table[:k, k] = np.bincount(gold.label[~_any(of_gold, everything, len(gold))], minlength=k)
    table[k, :k] = np.bincount(predicted.label[~_any(of_predicted, everything, len(predicted))], minlength=k)
    return table
