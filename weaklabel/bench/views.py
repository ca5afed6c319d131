"""What the tables and charts of a benchmark show: its results, brought into the order of a reader's questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, TypeAlias

from weaklabel.bench.summary import Summary

Results: TypeAlias = Mapping[str, Any]
"""What ``weaklabel bench -o`` writes, as plain dicts and lists."""

CEILING = "gold"
"""The name of train gold in the place of a label model; in separate tables."""

_STARTS = ("weak", "clean", "weak+clean")
_MEASURED = ("fit_seconds", "predict_seconds", "peak_mib")


@dataclass(frozen=True)
class Method:
    """A method: a label model, and the classifier trained on its labels (None for the labels themselves)."""

    label_model: str | None
    classifier: str | None

    def __str__(self) -> str:
        return " + ".join(name for name in (self.label_model, self.classifier) if name is not None)


@dataclass(frozen=True)
class Figures:
    """The results of a method on a set, over all seeds.

    Attributes
    ----------
    summary
        The set's metric with its intervals.
    details
        Means over seeds of all other scores and of times, and the highest peak memory; unknown ones are left out.
    """

    summary: Summary
    details: Mapping[str, float]

    @property
    def mark(self) -> str:
        """Say whether the difference is more than an accident of the test rows: better, worse, or nothing."""
        low, high = self.summary.difference_low, self.summary.difference_high
        return "▲" if low is not None and low > 0 else "▼" if high is not None and high < 0 else ""


@dataclass(frozen=True)
class Track:
    """All figures that saw the same kind of gold.

    Attributes
    ----------
    sets
        Sets with results, in the order of the results.
    methods
        Figures by method, then by set; sets without results are left out.
    """

    sets: tuple[str, ...]
    methods: Mapping[Method, Mapping[str, Figures]]

    def of_classifier(self, classifier: str | None) -> Track:
        """Return the methods with this classifier."""
        kept = {method: row for method, row in self.methods.items() if method.classifier == classifier}
        return Track(tuple(name for name in self.sets if any(name in row for row in kept.values())), kept)

    @property
    def classifiers(self) -> list[str | None]:
        """None for label models themselves, then classifiers in the order of the results."""
        return sorted(dict.fromkeys(method.classifier for method in self.methods), key=lambda name: name is not None)

    @property
    def common_sets(self) -> tuple[str, ...]:
        """Sets for which every method with any figure has one: means are taken over these."""
        scored = [
            {name for name, figures in row.items() if figures.summary.mean is not None} for row in self.methods.values()
        ]
        return tuple(name for name in self.sets if any(scored) and all(name in row for row in scored if row))

    def mean(self, method: Method) -> float | None:
        """Mean of the metric over `common_sets`; None if there is no such set, or the method has no figure."""
        means = [self.methods[method][name].summary.mean for name in self.common_sets if name in self.methods[method]]
        measured = [mean for mean in means if mean is not None]
        return fmean(measured) if measured else None


@dataclass(frozen=True)
class Curve:
    """Score of a classifier on a set against the number of clean labels.

    Attributes
    ----------
    amounts
        Clean labels per class, ascending; "all" is last.
    lines
        By name, then by amount; a line that uses no clean labels has the same figure at each.
    crossings
        Where clean labels alone overtake weak ones, a sentence each.
    """

    set: str
    classifier: str
    amounts: tuple[int | str, ...]
    lines: Mapping[str, Mapping[int | str, Summary]]
    crossings: tuple[str, ...]


def read_track(results: Results, track: str, *, ceiling: bool = False) -> Track:
    """Collect the figures of a track: those of the ceiling alone, or all others."""
    methods: dict[Method, dict[str, Figures]] = {}
    for summary in read_summaries(results):
        if summary.track == track and (summary.label_model == CEILING) == ceiling:
            method = Method(summary.label_model, summary.classifier)
            methods.setdefault(method, {})[summary.set] = Figures(summary, _details(results, summary))
    return Track(tuple(name for name in results["sets"] if any(name in row for row in methods.values())), methods)


def read_curves(results: Results) -> list[Curve]:
    """Collect the clean-labels curves, one a set and classifier."""
    summaries = [
        summary for summary in read_summaries(results) if summary.start is not None and summary.label_model != CEILING
    ]
    keys = dict.fromkeys((summary.set, summary.classifier) for summary in summaries)
    return [
        _curve(results, [summary for summary in summaries if (summary.set, summary.classifier) == key]) for key in keys
    ]


def read_summaries(results: Results) -> list[Summary]:
    """Return the summaries of the results as objects."""
    return [Summary(**entry) for entry in results["summary"]]


def _curve(results: Results, summaries: Sequence[Summary]) -> Curve:
    name, classifier = summaries[0].set, str(summaries[0].classifier)
    present = {cell.clean_per_class for cell in summaries if cell.start != "weak" and cell.clean_per_class is not None}
    amounts = sorted(present, key=lambda amount: float("inf") if amount == "all" else float(amount))
    lines: dict[str, dict[int | str, Summary]] = {}
    for entry in sorted(summaries, key=lambda entry: _STARTS.index(str(entry.start))):
        lines.setdefault(_line_name(entry), {}).update(dict.fromkeys(_places(entry, amounts), entry))
    lines = {name: {amount: line[amount] for amount in amounts if amount in line} for name, line in lines.items()}
    mine = [entry for entry in results["crossings"] if (entry["set"], entry["classifier"]) == (name, classifier)]
    return Curve(name, classifier, tuple(amounts), lines, tuple(entry["sentence"] for entry in mine))


def _places(summary: Summary, amounts: Sequence[int | str]) -> list[int | str]:
    """The amounts at which a figure is drawn: that of weak labels alone at each."""
    return [amount for amount in amounts if summary.start == "weak" or amount == summary.clean_per_class]


def _line_name(summary: Summary) -> str:
    if summary.start == "clean":
        return "clean labels only"
    return f"{summary.label_model} only" if summary.start == "weak" else f"{summary.label_model}, then clean labels"


def _details(results: Results, summary: Summary) -> dict[str, float]:
    key = (summary.set, summary.track, summary.label_model, summary.classifier)
    measured = [
        cell["scores"] | {name: cell[name] for name in _MEASURED}
        for cell in results["cells"]
        if (cell["set"], cell["track"], cell["label_model"], cell["classifier"]) == key and cell["error"] is None
    ]
    details = {}
    for name in dict.fromkeys(name for cell_details in measured for name in cell_details):
        values = [cell_details[name] for cell_details in measured if cell_details[name] is not None]
        if values:
            details[name] = max(values) if name == "peak_mib" else fmean(values)
    return details
