"""What the benchmark of selection needs of a set, computed once: vectors, and labels of two label models."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from weaklabel.bench.data import read_bench_set
from weaklabel.bench.plan import usual_metric
from weaklabel.encoder.features import TextFeatures
from weaklabel.label_model import LABEL_MODELS
from weaklabel.labels import Labels, Probs, VoteArray

SETS = ("youtube", "sms", "trec", "semeval", "chemprot", "imdb")
LABELS = ("majority", "auto")
SPLITS = ("train", "valid", "test")


@dataclass(frozen=True)
class Rows:
    """Rows of a split.

    Attributes
    ----------
    X
        Vectors of the texts. Shape: [n, d].
    L
        Votes. Shape: [n, m].
    texts
        Shape: [n].
    Y
        Gold; -1 for train rows, whose gold is hidden. Shape: [n].
    probs
        By label model; NaN in rows without a label. Shape of each: [n, k]. Empty for test rows.
    """

    X: np.ndarray
    L: VoteArray
    texts: tuple[str, ...]
    Y: Labels
    probs: dict[str, Probs]


@dataclass(frozen=True)
class Prepared:
    """A set, and the class that F1 is of; None where the set is scored by accuracy."""

    name: str
    k: int
    positive: int | None
    train: Rows
    valid: Rows
    test: Rows


def prepare(data: Path, name: str, folder: Path) -> Prepared:
    """Return a set; vectors and labels are computed once and kept in a folder."""
    source = read_bench_set(data / name)
    metric, positive = usual_metric(source)
    file = folder / f"{name}.npz"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        arrays = _computed(source)
        part = file.with_suffix(".part.npz")
        np.savez(part, **arrays)
        part.replace(file)
    arrays = dict(np.load(file))
    rows = {}
    for split in SPLITS:
        own = getattr(source, split)
        probs = {model: arrays[f"{split} {model}"] for model in LABELS if f"{split} {model}" in arrays}
        rows[split] = Rows(arrays[f"{split} X"].astype(np.float64), own.L, own.texts, own.Y, probs)
    return Prepared(name, source.k, source.labels.index(positive) if metric == "f1" else None, **rows)


def _computed(source) -> dict[str, np.ndarray]:
    arrays = {}
    features = TextFeatures()
    for split in SPLITS:
        texts = list(getattr(source, split).texts)
        X = features.fit_transform(texts) if split == "train" else features.transform(texts)
        arrays[f"{split} X"] = X.astype(np.float32)
    for model in LABELS:
        fitted = LABEL_MODELS[model](source.k, seed=0, tie_break_policy="random")
        fitted.fit(source.train.L, texts=source.train.texts)
        for split in ("train", "valid"):
            own = getattr(source, split)
            arrays[f"{split} {model}"] = fitted.predict_proba(own.L, texts=own.texts)
    return arrays
