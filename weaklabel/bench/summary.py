"""From cells to figures: means over seeds with intervals, differences to majority vote, choice by gold of valid, curves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from weaklabel.bench.cells import Clean
from weaklabel.labels import Labels
from weaklabel.scoring.intervals import percentile_interval, resample
from weaklabel.scoring.measures import Floats, count_classes, measures
from weaklabel.scoring.span_counts import count_spans, measure_spans
from weaklabel.units import Spans

REPLICATES = 1000
CONFIDENCE = 0.95
_SEED = 0


@dataclass(frozen=True)
class CellPredictions:
    """Gold and predictions of all cells.

    Attributes
    ----------
    gold
        Test gold of each set, -1 where a row has none. Shape: [n]; or its spans.
    preds
        Predicted classes, or spans, of the test rows, one per cell, in the order of the cells; None if a cell failed.
    """

    gold: Mapping[str, Labels | Spans]
    preds: Sequence[Labels | Spans | None]


@dataclass(frozen=True)
class Summary:
    """The metric of a set for one pair of label model and classifier, over seeds.

    Attributes
    ----------
    set, track, label_model, classifier, clean_per_class, start
        As in the cells that it sums up.
    mean, sd
        Over seeds; sd (of a sample) is None for one seed, both if every cell failed.
    n_seeds, n_failed
        Cells that have a score, and that have none.
    low, high
        95% bootstrap interval of the mean, resampling test rows and seeds.
    difference, difference_low, difference_high
        To majority vote with the same classifier, on the same rows and seeds; None for majority vote itself and where
        it is not there.
    """

    set: str
    track: str
    label_model: str | None
    classifier: str | None
    clean_per_class: Clean | None
    start: str | None
    mean: float | None
    sd: float | None
    n_seeds: int
    n_failed: int
    low: float | None = None
    high: float | None = None
    difference: float | None = None
    difference_low: float | None = None
    difference_high: float | None = None


@dataclass(frozen=True)
class _Group:
    """Cells that differ in their seed alone: the scores, and bootstrap replicates [r] of each, by seed."""

    scores: Mapping[int, float]
    replicates: Mapping[int, Floats]
    n_failed: int


_KEY = ("set", "track", "label_model", "classifier", "clean_per_class", "start")


def summarise(results: Mapping[str, Any], predictions: CellPredictions) -> list[Summary]:
    """Sum up the cells of a benchmark.

    Every cell of a set is scored on the same bootstrap draws of its test rows, so that differences are paired.

    Parameters
    ----------
    results
        With ``sets`` and ``cells``.
    predictions
        Of the same cells.
    """
    groups: dict[tuple[Any, ...], _Group] = {}
    for name, entry in results["sets"].items():
        groups |= _groups_of(name, entry, results["cells"], predictions)
    baselines = {name: baseline_of(entry) for name, entry in results["sets"].items()}
    return [_summary(key, group, groups.get(_majority_of(key, baselines))) for key, group in groups.items()]


def baseline_of(entry: Mapping[str, Any]) -> str:
    """Return the label model that every other is compared with on a set: majority vote, on words where it has spans."""
    return "word-vote" if entry["metric"] == "span f1" else "majority"


def _groups_of(
    name: str, entry: Mapping[str, Any], cells: Sequence[Mapping[str, Any]], predictions: CellPredictions
) -> dict[tuple[Any, ...], _Group]:
    mine = [(cell, preds) for cell, preds in zip(cells, predictions.preds, strict=True) if cell["set"] == name]
    scored = [preds for _, preds in mine if preds is not None]
    replicates = iter(_replicates(predictions.gold[name], scored, entry).T)
    groups: dict[tuple[Any, ...], dict[str, Any]] = {}
    for cell, preds in mine:
        group = groups.setdefault(tuple(cell[part] for part in _KEY), {"scores": {}, "replicates": {}, "n_failed": 0})
        if preds is None:
            group["n_failed"] += 1
        else:
            group["scores"][cell["seed"]] = cell["scores"]["metric"]
            group["replicates"][cell["seed"]] = next(replicates)
    return {key: _Group(**group) for key, group in groups.items()}


def _replicates(gold: Labels | Spans, scored: Sequence[Any], entry: Mapping[str, Any]) -> Floats:
    """Score all predictions on the same draws of rows. Shape: [replicates, len(scored)]."""
    if isinstance(gold, Spans):
        return _span_replicates(gold, scored, int(entry["k"]))
    has_gold = gold >= 0
    columns, k = [preds[has_gold] for preds in scored], int(entry["k"])
    positive = None if entry["positive"] is None else entry["labels"].index(entry["positive"])

    def score_all(drawn: Floats) -> Floats:
        values = [measures(count_classes(gold[has_gold], preds, drawn, k, drop=False), positive) for preds in columns]
        return np.stack([scores_of_seed[entry["metric"]] for scores_of_seed in values], axis=-1)

    if not columns:
        return np.empty((REPLICATES, 0))
    return resample(np.ones(int(has_gold.sum())), REPLICATES, _SEED, score_all)


def _span_replicates(gold: Spans, scored: Sequence[Spans], k: int) -> Floats:
    counts = [count_spans(gold, predicted, k) for predicted in scored]

    def score_all(drawn: Floats) -> Floats:
        values = [measure_spans(np.tensordot(drawn, of_cell, axes=1)).micro[2] for of_cell in counts]
        return np.stack(values, axis=-1)

    if not scored:
        return np.empty((REPLICATES, 0))
    return resample(np.ones(gold.n_rows), REPLICATES, _SEED, score_all)


def _majority_of(key: tuple[Any, ...], baselines: Mapping[str, str]) -> tuple[Any, ...]:
    parts = dict(zip(_KEY, key, strict=True)) | {"clean_per_class": None}
    parts["label_model"] = baselines[parts["set"]]
    if parts["track"] == "clean_labels":
        parts["start"] = "weak"
    return tuple(parts.values())


def _summary(key: tuple[Any, ...], group: _Group, majority: _Group | None) -> Summary:
    scores = np.array(list(group.scores.values()))
    n = len(scores)
    mean, sd = float(scores.mean()) if n else None, float(scores.std(ddof=1)) if n > 1 else None
    bounds: dict[str, Any] = {}
    if n:
        low, high = _interval([group.replicates[seed] for seed in group.scores])
        bounds = {"low": low, "high": high}
    if majority is not None and majority is not group:
        bounds |= _difference(group, majority)
    which = dict(zip(_KEY, key, strict=True))
    return Summary(**which, mean=mean, sd=sd, n_seeds=n, n_failed=group.n_failed, **bounds)


def _difference(group: _Group, majority: _Group) -> dict[str, float]:
    both = [seed for seed in group.scores if seed in majority.scores]
    if not both:
        return {}
    low, high = _interval([group.replicates[seed] - majority.replicates[seed] for seed in both])
    difference = float(np.mean([group.scores[seed] - majority.scores[seed] for seed in both]))
    return {"difference": difference, "difference_low": low, "difference_high": high}


def _interval(by_seed: Sequence[Floats]) -> tuple[float, float]:
    """Resample seeds for each replicate of the rows, and return the interval of the mean."""
    replicates = np.stack(by_seed, axis=1)
    seeds = np.random.default_rng(_SEED).integers(len(by_seed), size=replicates.shape)
    means = np.take_along_axis(replicates, seeds, axis=1).mean(axis=1)
    return percentile_interval(means[:, None], CONFIDENCE)[0]


def plain(summaries: Sequence[Summary]) -> list[dict[str, Any]]:
    """Return summaries as plain dicts."""
    return [asdict(summary) for summary in summaries]


@dataclass(frozen=True)
class Crossing:
    """From how many clean labels on a classifier does as well on these alone as on weak labels.

    Attributes
    ----------
    set, label_model, classifier
        Whose curve it is.
    above
        The largest tried number of clean labels per class that stays below; None if none does.
    at
        The smallest from which on none stays below ("all": all train gold); None if there is none.
    """

    set: str
    label_model: str
    classifier: str
    above: Clean | None
    at: Clean | None

    def __str__(self) -> str:
        """Say it in a sentence.

        Examples
        --------
        >>> print(Crossing("youtube", "snorkel", "bert", 10, 50))
        youtube: clean labels alone overtake snorkel + bert between 10 and 50 per class
        """
        who = f"{self.set}: clean labels alone"
        weak = f"{self.label_model} + {self.classifier}"
        if self.at is None:
            return f"{who} do not reach {weak}, not with {_amount(self.above)}"
        if self.above is None:
            return f"{who} do as well as {weak} with {_amount(self.at)} already"
        if self.at == "all":
            return f"{who} overtake {weak} beyond {_amount(self.above)}, with all of them at the latest"
        return f"{who} overtake {weak} between {self.above} and {self.at} per class"


def crossings(summaries: Sequence[Summary]) -> list[Crossing]:
    """Find, for each weak line of a clean-labels curve, where clean labels alone reach it."""
    curve = [summary for summary in summaries if summary.track == "clean_labels" and summary.mean is not None]
    crossed = []
    for weak in (summary for summary in curve if summary.start == "weak"):
        key = (weak.set, weak.classifier, "clean")
        clean = [
            summary
            for summary in curve
            if (summary.set, summary.classifier, summary.start) == key and summary.label_model is None
        ]
        if clean:
            points = sorted(
                ((summary.clean_per_class, summary.mean) for summary in clean), key=lambda point: _size(point[0])
            )
            crossed.append(_crossing(weak, points))
    return crossed


def _crossing(weak: Summary, points: Iterable[tuple[Clean | None, float | None]]) -> Crossing:
    above: Clean | None = None
    at: Clean | None = None
    for amount, mean in points:
        if mean is not None and weak.mean is not None and mean < weak.mean:
            above, at = amount, None
        elif at is None:
            at = amount
    return Crossing(weak.set, str(weak.label_model), str(weak.classifier), above, at)


def _size(amount: Clean | None) -> float:
    return float("inf") if amount == "all" or amount is None else float(amount)


def _amount(amount: Clean | None) -> str:
    return "all train gold" if amount == "all" else f"{amount} per class"


SELECTED = "selected"
"""The name of the best label model on valid."""


def select_on_valid(cells: Sequence[Mapping[str, Any]], n_valid: int) -> list[tuple[int, dict[str, Any]]]:
    """Choose, for each classifier and for the label models themselves, what scores best on valid; the first on a tie.

    One model is chosen for all seeds: the highest mean among those with a score for every cell.

    Parameters
    ----------
    cells
        Of one set; only those of the track "validation_gold" take part, by their ``valid_score``.
    n_valid
        Valid rows with gold, for the reason given.

    Returns
    -------
    list
        Positions of the chosen cells, and copies of them under the name "selected".
    """
    selected = []
    for classifier in dict.fromkeys(cell["classifier"] for cell in cells):
        scores: dict[str, list[float | None]] = {}
        for cell in cells:
            if cell["track"] == "validation_gold" and cell["classifier"] == classifier:
                scores.setdefault(cell["label_model"], []).append(cell["valid_score"])
        means = {
            name: sum(present) / len(present)
            for name, values in scores.items()
            if len(present := [value for value in values if value is not None]) == len(values)
        }
        if not means:
            continue
        best = max(means, key=means.__getitem__)
        why = f"{best}, best of {len(means)} with {means[best]:.3f} on {n_valid:,} valid rows"
        selected += [
            (position, {**cell, "label_model": SELECTED, "why": why})
            for position, cell in enumerate(cells)
            if (cell["track"], cell["classifier"], cell["label_model"]) == ("validation_gold", classifier, best)
        ]
    return selected
