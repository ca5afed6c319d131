"""The result of scoring, frozen: it prints, serialises and compares."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from html import escape
from typing import Any, Literal

from weaklabel.errors import ScoreError, visible
from weaklabel.support.table import html_table

COMPARED = (
    *("coverage", "accuracy", "precision", "recall", "f1"),
    *(f"{average}_{name}" for average in ("macro", "micro", "weighted") for name in ("precision", "recall", "f1")),
    *("mcc", "brier", "log_loss", "calibration_error"),
)
"""Measures of `Scores` that are single numbers."""

_SHOWN = {
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "accuracy": "accuracy",
    "macro_f1": "macro F1",
    "mcc": "MCC",
}


@dataclass(frozen=True)
class ClassScores:
    """Scores of one class; ``support`` is its number of gold rows among the rows counted."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Scores:
    """How good predictions are against gold; made by `score`.

    Attributes
    ----------
    labels
        Class names. Length: k.
    positive
        Class that ``precision``, ``recall`` and ``f1`` are of, or None where they are macro averages.
    average
        "positive" or "macro", accordingly.
    abstain
        "miss": abstained rows count as wrong; "drop": measures are of the covered rows alone.
    n, unlabeled
        Rows with gold, which are scored, and rows without, which are not.
    coverage
        Share of the n rows that have a prediction, 0..1.
    accuracy, precision, recall, f1
        0..1; as are their macro (plain mean over classes), micro (over pooled counts) and weighted (mean weighted by
        support) forms. 0/0 counts as 0, and ``notes`` says where.
    mcc
        Matthews correlation, -1..1; under "miss" an abstain is one more class that gold never has.
    per_class
        Length: k.
    confusion
        Shape: [k, k + 1]; rows gold, columns predicted, the last one abstained. Under "drop" too.
    brier, log_loss, calibration_error
        Of the probabilities, on the rows that have them whatever ``abstain`` is: Brier score (0..1 for two classes,
        else 0..2), mean negative natural log-likelihood, expected calibration error over 15 bins (0..1). None where
        predictions were classes only, or no row has probabilities.
    confidence, intervals
        (low, high) by metric: accuracy, precision, recall, f1, macro_f1, mcc; empty where not asked for.
    notes
        What to know about the figures, a sentence each.
    roc_auc
        Area under the ROC curve, 0..1, of the positive class, or the mean over all classes, each against the rest; of the
        probabilities, as ``brier``. None if there are none, or gold lacks a class.
    custom
        What the functions given to `score` as ``metrics`` returned, by name.
    """

    labels: tuple[str, ...]
    positive: str | None
    average: Literal["positive", "macro"]
    abstain: Literal["miss", "drop"]
    n: int
    unlabeled: int
    coverage: float
    accuracy: float
    precision: float
    recall: float
    f1: float
    macro_precision: float
    macro_recall: float
    macro_f1: float
    micro_precision: float
    micro_recall: float
    micro_f1: float
    weighted_precision: float
    weighted_recall: float
    weighted_f1: float
    mcc: float
    per_class: tuple[ClassScores, ...]
    confusion: tuple[tuple[int, ...], ...]
    brier: float | None
    log_loss: float | None
    calibration_error: float | None
    confidence: float
    intervals: Mapping[str, tuple[float, float]]
    notes: tuple[str, ...]
    roc_auc: float | None = None
    custom: Mapping[str, float] = field(default_factory=dict)

    @property
    def covered(self) -> int:
        """Rows with both gold and a prediction."""
        return sum(sum(row[:-1]) for row in self.confusion)

    @property
    def basis(self) -> str:
        """What precision, recall and F1 are of, in words."""
        return (
            f"of '{visible(self.positive)}'"
            if self.positive is not None
            else f"macro average of {len(self.labels)} classes"
        )

    def __str__(self) -> str:
        treated = "abstains count as misses" if self.abstain == "miss" else "abstained rows left out"
        lines = [
            f"{self.n:,} gold rows, {self.unlabeled:,} without gold, coverage {self.coverage:.3f} ({treated})",
            f"precision, recall, F1: {self.basis}",
            *(f"  {shown:<9}  {getattr(self, name):.3f}{self._interval(name)}" for name, shown in _SHOWN.items()),
        ]
        if self.brier is not None:
            error, loss = self.calibration_error, self.log_loss
            rows = "rows with probabilities"
            lines.append(f"  Brier {self.brier:.3f}, log loss {loss:.3f}, calibration error {error:.3f} ({rows})")
        if self.roc_auc is not None:
            lines.append(f"  ROC AUC {self.roc_auc:.3f}")
        lines += [f"  {name} {value:.3f}" for name, value in self.custom.items()]
        # The class comes last, so that names of any width keep the columns aligned.
        lines.append("  precision  recall     F1  support  class")
        lines += [
            f"  {scores.precision:9.3f}  {scores.recall:6.3f}  {scores.f1:5.3f}  {scores.support:7d}  {visible(scores.label)}"
            for scores in self.per_class
        ]
        return "\n".join([*lines, *(f"  note: {visible(note)}" for note in self.notes)])

    def _repr_html_(self) -> str:
        measures = [(shown, getattr(self, name), self._interval(name)) for name, shown in _SHOWN.items()]
        probabilities = {"Brier": self.brier, "log loss": self.log_loss, "calibration error": self.calibration_error}
        measures += [(name, value, "") for name, value in probabilities.items() if value is not None]
        title = f"{self.n:,} gold rows, coverage {self.coverage:.3f}; precision, recall, F1 {self.basis}"
        classes = [
            (scores.label, scores.precision, scores.recall, scores.f1, scores.support, *counts)
            for scores, counts in zip(self.per_class, self.confusion, strict=True)
        ]
        columns = [
            "class",
            "precision",
            "recall",
            "F1",
            "support",
            *(f"as {name}" for name in self.labels),
            "abstained",
        ]
        notes = "".join(f"<div>{escape(visible(note))}</div>" for note in self.notes[:10])
        return (
            html_table(measures, ["measure", "value", "interval"], title=title, bars=["value"])
            + html_table(classes, columns, bars=["F1"])
            + notes
        )

    def _interval(self, name: str) -> str:
        if name not in self.intervals:
            return ""
        low, high = self.intervals[name]
        return f"  {self.confidence:.0%} [{low:.3f}, {high:.3f}]"

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain lists, dicts, numbers and strings; None where a measure is not defined."""
        plain: dict[str, Any] = json.loads(self.to_json())
        return plain

    def to_json(self) -> str:
        """Return everything as indented JSON."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Scores:
        """Make scores of what `to_dict` gave.

        Raises
        ------
        ScoreError
            A field is missing or unknown.
        """
        plain = {"roc_auc": None, "custom": {}} | dict(plain)  # which scores of older versions lack
        names = {field.name for field in fields(cls)}
        if wrong := sorted(names ^ set(plain)):
            raise ScoreError(f"scores: missing or unknown field '{wrong[0]}'; give what Scores.to_dict() returned")
        return cls(
            **{
                **plain,
                "labels": tuple(plain["labels"]),
                "per_class": tuple(ClassScores(**field) for field in plain["per_class"]),
                "confusion": tuple(tuple(row) for row in plain["confusion"]),
                "intervals": {name: (low, high) for name, (low, high) in plain["intervals"].items()},
                "notes": tuple(plain["notes"]),
            }
        )

    def compare(self, other: Scores) -> ScoreComparison:
        """Return how far these scores lie above ``other``, measure by measure.

        For an interval of a difference on the same rows, see `paired_difference`.

        Raises
        ------
        ScoreError
            The two differ in classes, positive class or treatment of abstains.
        """
        for name in ("labels", "positive", "abstain"):
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine != theirs:
                raise ScoreError(f"scores with different {name} cannot be compared: {mine!r} and {theirs!r}")
        pairs = {name: (getattr(self, name), getattr(other, name)) for name in COMPARED}
        return ScoreComparison(
            n=self.n,
            other_n=other.n,
            differences={name: None if None in pair else pair[0] - pair[1] for name, pair in pairs.items()},
        )


@dataclass(frozen=True)
class ScoreComparison:
    """Differences between two scores, the first minus the second; made by `Scores.compare`.

    Attributes
    ----------
    n, other_n
        Gold rows of the first and the second.
    differences
        By measure; None where one of the two is not defined. For brier, log_loss and calibration_error less is better.
    """

    n: int
    other_n: int
    differences: Mapping[str, float | None]

    def __str__(self) -> str:
        rows = f"{self.n:,} gold rows" if self.n == self.other_n else f"{self.n:,} against {self.other_n:,} gold rows"
        shown = (f"  {name:<18} {value:+.3f}" for name, value in self.differences.items() if value is not None)
        return "\n".join([rows, *shown])

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain dicts and numbers."""
        return asdict(self)
