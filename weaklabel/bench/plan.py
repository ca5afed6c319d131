"""Which cells a benchmark has, in the order in which they are computed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from weaklabel.bench.cells import Cell, Clean, Track
from weaklabel.bench.defaults import DEFAULT_LABEL_MODELS, DEFAULT_SPAN_LABEL_MODELS
from weaklabel.bench.models import GOLD, check_names
from weaklabel.bench.span_data import SpanSet
from weaklabel.bench.span_models import check_span_names, missing_package
from weaklabel.bench.split import BenchSet, Metric
from weaklabel.classifier.named import for_gold
from weaklabel.encoder.named import check_encoder
from weaklabel.errors import ConfigError
from weaklabel.labels import ABSTAIN

RARE = 0.3
"""A set with two classes is scored by F1 of the rarer one where a smaller share of its test rows than this is of it."""


@dataclass(frozen=True)
class BenchSettings:
    """What a benchmark compares.

    Attributes
    ----------
    label_models, classifiers
        Names, in the order of the tables; "gold" among the label models is the ceiling: train gold in their place.
    span_label_models, taggers
        The same for sets with spans.
    seeds
        How many seeds, from 0.
    validation
        Run the track "validation_gold" too.
    clean_labels
        Numbers of clean labels per class on the clean-labels curve; empty for none.
    limit_train
        Number of train rows to draw; None for all.
    limit_test
        Number of test rows to draw; None for all.
    datasculpt
        Folder with DataSculpt's labeling functions, ``SET/MODEL.txt``: a set is compared with each file's votes, too.
    max_length
        Maximum number of tokens per text; None for the default of each model.
    encoder
        What label models read texts with, a folder or hub name; None for the default.
    metric, positive
        For all sets: "accuracy" or "f1", and the class that F1 is of. By default what meta.json in the set's folder says,
        or F1 where one of two classes is rare, see `RARE`.
    timeout
        Maximum seconds per cell.
    fresh
        Compute every cell, even if its outcome is kept.
    work
        Where outcomes are kept.

    Raises
    ------
    ConfigError
        A name is unknown or given twice, a number is out of range, or F1 lacks its class.
    """

    work: Path
    label_models: Sequence[str] = DEFAULT_LABEL_MODELS
    classifiers: Sequence[str] = ()
    span_label_models: Sequence[str] = DEFAULT_SPAN_LABEL_MODELS
    taggers: Sequence[str] = ()
    seeds: int = 1
    validation: bool = False
    clean_labels: Sequence[Clean] = ()
    limit_train: int | None = None
    limit_test: int | None = None
    datasculpt: Path | None = None
    max_length: int | None = None
    encoder: str | None = None
    metric: Metric | None = None
    positive: str | None = None
    timeout: float | None = None
    fresh: bool = False

    def __post_init__(self) -> None:
        check_names(self.label_models, self.classifiers)
        check_span_names(self.span_label_models, self.taggers)
        check_encoder(self.encoder)
        numbers = {
            "seeds": self.seeds,
            "limit_train": self.limit_train,
            "limit_test": self.limit_test,
            "max_length": self.max_length,
            "timeout": self.timeout,
        }
        for name, value in numbers.items():
            if value is not None and value <= 0:
                raise ConfigError(f"{name} must be above 0, not {value}")
        for amount in self.clean_labels:
            if amount != "all" and amount < 1:
                raise ConfigError(f"clean_labels must be 1 or more per class, or all, not {amount}")
        if self.metric == "f1" and self.positive is None:
            raise ConfigError("the metric f1 needs the positive class that it is of")
        if (self.clean_labels or GOLD in self.label_models) and not self.classifiers:
            raise ConfigError("clean labels and the ceiling 'gold' train classifiers: name one, such as linear")
        if not [*self.label_models, *self.clean_labels]:
            raise ConfigError("there is nothing to compare: name a label model")


def plan_cells(bench_set: BenchSet | SpanSet, settings: BenchSettings) -> list[Cell]:
    """Return the cells of a set; a label model comes before the classifiers that train on its labels.

    Raises
    ------
    ConfigError
        Validation gold is asked for, and the set has none; or there is nothing to compare on a set.
    """
    if isinstance(bench_set, SpanSet):
        return _span_cells(bench_set, settings)
    if settings.validation and not (bench_set.valid.Y >= 0).any():
        raise ConfigError(f"{bench_set.path} has no valid split with gold, which the validation track needs")
    classifiers = settings.classifiers if bench_set.has_texts else ()
    tracks: list[Track] = ["no_gold", *(["validation_gold"] if settings.validation else [])]  # type: ignore[list-item]
    cells = [
        *(
            Cell(bench_set.name, track, name, classifier, seed)
            for track in tracks
            for name in settings.label_models
            if name != GOLD
            for classifier in (None, *classifiers)
            for seed in range(settings.seeds)
        ),
        *_clean_cells(bench_set.name, classifiers, settings),
    ]
    return [replace(cell, max_length=settings.max_length, encoder=settings.encoder) for cell in cells]


def _span_cells(bench_set: SpanSet, settings: BenchSettings) -> list[Cell]:
    taggers = settings.taggers if bench_set.train is not None else ()
    names = [name for name in settings.span_label_models if missing_package(name) is None]
    cells = [
        Cell(bench_set.name, "no_gold", name, tagger, seed)
        for name in names
        if name != GOLD
        for tagger in (None, *taggers)
        for seed in range(settings.seeds)
    ]
    if GOLD in names:
        cells += [
            Cell(bench_set.name, "clean_labels", GOLD, tagger, seed, "all", "clean")
            for tagger in taggers
            for seed in range(settings.seeds)
        ]
    if not cells:
        raise ConfigError(
            f"on {bench_set.path}, a set with spans, there is nothing to compare: name a label model for spans"
        )
    return cells


def _clean_cells(name: str, classifiers: Sequence[str], settings: BenchSettings) -> Iterator[Cell]:
    weak = [model for model in settings.label_models if model != GOLD] if settings.clean_labels else []
    for classifier in classifiers:
        for seed in range(settings.seeds):
            for model in weak:
                yield Cell(name, "clean_labels", model, classifier, seed, None, "weak")
            for amount in settings.clean_labels:
                yield Cell(name, "clean_labels", None, classifier, seed, amount, "clean")
                for model in weak:
                    yield Cell(name, "clean_labels", model, classifier, seed, amount, "weak+clean")
            if GOLD in settings.label_models:
                yield Cell(name, "clean_labels", GOLD, classifier, seed, "all", "clean")


def scored_by(bench_set: BenchSet | SpanSet, settings: BenchSettings) -> tuple[Metric, str | None]:
    """Return a set's metric, and the class that precision, recall and F1 are of; None where they are macro averages.

    Raises
    ------
    ConfigError
        The set has no such positive class.
    """
    if isinstance(bench_set, SpanSet):
        return "span f1", None
    if settings.positive is not None:
        if settings.positive not in bench_set.labels:
            names = ", ".join(bench_set.labels)
            raise ConfigError(f"{bench_set.path} has no class '{settings.positive}'; its classes are {names}")
        return settings.metric or "f1", settings.positive
    usual, positive = usual_metric(bench_set)
    return settings.metric or usual, positive


def usual_metric(bench_set: BenchSet) -> tuple[Metric, str | None]:
    """Return what a set is scored by: what its file says, or else F1 of a rare one of two classes, or accuracy."""
    if bench_set.metric is not None:
        return bench_set.metric, bench_set.positive
    if bench_set.k != 2:
        return "accuracy", None
    gold = bench_set.test.Y[bench_set.test.Y != ABSTAIN]
    shares = np.bincount(gold, minlength=2) / len(gold)
    rare = int(shares.argmin())
    return ("f1", bench_set.labels[rare]) if shares[rare] < RARE else ("accuracy", bench_set.labels[1])


def notes_on(bench_set: BenchSet | SpanSet, settings: BenchSettings) -> list[str]:
    """Say what of the settings a set cannot have, and which gold is drawn from."""
    notes = list(bench_set.notes)
    if isinstance(bench_set, SpanSet):
        return [*notes, *_span_notes(bench_set, settings)]
    if bench_set.metric is None and scored_by(bench_set, settings)[0] == "f1" and settings.metric is None:
        notes.append("F1, as one of its two classes is rare; a key metric in its meta.json says otherwise")
    if settings.classifiers and not bench_set.has_texts:
        notes.append("no texts, so no classifier is trained")
        return notes
    if settings.encoder is not None:
        notes.append(f"label models read texts with the encoder {settings.encoder}")
    if settings.max_length is not None:
        notes.append(f"{settings.max_length} tokens of a text are read")
    if settings.clean_labels:
        notes.append("clean labels are drawn from train gold, as many of each class, by the seed")
    if settings.clean_labels or GOLD in settings.label_models:
        replaced = [(name, for_gold(name)) for name in settings.classifiers if for_gold(name) != name]
        notes += [f"on clean labels alone, {other} replaces {name}" for name, other in replaced]
    return notes


def _span_notes(bench_set: SpanSet, settings: BenchSettings) -> list[str]:
    notes = []
    if len(bench_set.recommended) < len(bench_set.test.votes.lf_names):
        notes.append(f"{bench_set.m} of {bench_set.test.votes.m} labeling functions, those that published figures use")
    missing = {name: package for name in settings.span_label_models if (package := missing_package(name)) is not None}
    for package in dict.fromkeys(missing.values()):
        names = ", ".join(name for name, needed in missing.items() if needed == package)
        notes.append(f"without {names}: {package} is not installed; pip install {package}")
    if settings.taggers and bench_set.train is None:
        notes.append("no train split, so no tagger is trained")
    if settings.validation:
        notes.append("no track with validation gold for sets with spans")
    if settings.clean_labels:
        notes.append("no clean-labels curve for sets with spans")
    return notes
