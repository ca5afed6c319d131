"""One cell of a benchmark: what is trained on what, and the key under which its outcome is kept."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

import weaklabel
from weaklabel.bench.models import new_classifier, new_label_model
from weaklabel.bench.split import BenchSet
from weaklabel.cache import content_of
from weaklabel.versions import versions

Track: TypeAlias = Literal["no_gold", "validation_gold", "clean_labels"]
Start: TypeAlias = Literal["weak", "clean", "weak+clean"]
Clean: TypeAlias = int | Literal["all"]

# What an outcome hangs on besides the cell: code, by room, and the libraries that do the sums.
_LABEL_MODEL_CODE = ("labels.py", "corpus", "encoder.py", "votes", "label_model", "bench/split.py", "bench/work.py")
_CLASSIFIER_CODE = (*_LABEL_MODEL_CODE, "device.py", "classifier", "bench/models.py", "bench/draw.py")
_PACKAGES = ("numpy", "scikit-learn", "torch", "transformers")


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
        On a clean-labels curve: how many clean labels a class, and what they are used with.
    """

    set: str
    track: Track
    label_model: str | None
    classifier: str | None
    seed: int
    clean_per_class: Clean | None = None
    start: Start | None = None

    def __str__(self) -> str:
        """Say in words what the cell is.

        Examples
        --------
        >>> print(Cell("youtube", "no_gold", "snorkel", "linear", 0))
        youtube: snorkel + linear, seed 0
        """
        parts = [part for part in (self.label_model, self.classifier) if part]
        if self.clean_per_class is not None and self.start != "weak":
            parts.append(f"{self.clean_per_class} clean labels" + (" a class" if self.clean_per_class != "all" else ""))
        track = ", validation gold" if self.track == "validation_gold" else ""
        return f"{self.set}: {' + '.join(parts)}{track}, seed {self.seed}"

    @property
    def uses_votes(self) -> bool:
        """Whether a real label model is behind it."""
        return self.label_model is not None and self.start != "clean"

    def without_classifier(self) -> Cell:
        """Return the cell of the label model behind a classifier."""
        track: Track = "validation_gold" if self.track == "validation_gold" else "no_gold"
        return replace(self, track=track, classifier=None, clean_per_class=None, start=None)

    def as_weak(self) -> Cell:
        """Return the cell whose outcome this one shares: a curve's weak end is a classifier without clean labels."""
        return replace(self, track="no_gold", start=None) if self.start == "weak" else self


def cell_key(cell: Cell, bench_set: BenchSet) -> str:
    """Return the hash of everything that a cell's outcome hangs on, and not of how it is scored.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    cell = cell.as_weak()
    parts: dict[str, Any] = asdict(cell) | {
        "set": [bench_set.content, bench_set.labels],
        "limit": bench_set.limit,
        "versions": versions(_PACKAGES),
        "code": _code_of(_CLASSIFIER_CODE if cell.classifier else _LABEL_MODEL_CODE),
    }
    if cell.uses_votes:
        parts["label_model"] = repr(new_label_model(str(cell.label_model), bench_set.k, cell.seed))
    elif cell.start == "clean":
        parts["label_model"] = None  # the ceiling and a curve's "all" are the same
    if cell.classifier:
        parts["classifier"] = repr(new_classifier(cell.classifier, bench_set.labels, cell.seed))
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@lru_cache
def _code_of(rooms: tuple[str, ...]) -> str:
    """Return the hash of our source, so that an outcome of other code is never taken for one of this."""
    root = Path(weaklabel.__file__).parent
    files = [file for room in rooms for file in sorted((root / room).rglob("*.py")) or [root / room]]
    return hashlib.sha256("".join(content_of(file) for file in files).encode()).hexdigest()
