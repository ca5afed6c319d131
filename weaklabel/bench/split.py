"""A benchmark set and its splits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from weaklabel.labels import ABSTAIN, Labels, VoteArray
from weaklabel.votes.tally import has_vote

Metric: TypeAlias = Literal["accuracy", "f1", "span f1"]

LIMIT_SEED = 0
"""Seed of the draw of fewer rows: the same rows for every model and every seed."""


@dataclass(frozen=True)
class Split:
    """Rows of a benchmark set.

    Attributes
    ----------
    L
        Votes. Shape: [n, m].
    Y
        Gold; -1 if there is none, and for all rows if it is hidden. Shape: [n].
    texts
        Shape: [n]; None where the set has no texts.
    refused
        Rows of the file that could not be read, and why, a sentence each; they are in nothing else.
    """

    L: VoteArray
    Y: Labels
    texts: tuple[str, ...] | None
    refused: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.L)

    def take(self, rows: NDArray[np.int64]) -> Split:
        """Return the rows with these numbers."""
        texts = None if self.texts is None else tuple(self.texts[row] for row in rows)
        return Split(self.L[rows], self.Y[rows], texts, self.refused)


@dataclass(frozen=True)
class BenchSet:
    """A benchmark set; its train gold is not in it.

    Attributes
    ----------
    name
        Name of the folder, or of the file without its extension.
    path
        Where it was read from.
    labels
        Class names. Length: k.
    train, valid, test
        Its splits; valid may be empty.
    content
        Hash of its files.
    limit, limit_test
        How many train and test rows were drawn; None where all are there.
    notes
        What was left out or drawn, a sentence each.
    metric, positive
        What its file says that it is scored by, "accuracy" or "f1", and the class that F1 is of; None where it does not.
    lfs
        File of labeling functions that vote in place of the votes in the set; None where these are used.
    """

    name: str
    path: Path
    labels: tuple[str, ...]
    train: Split
    valid: Split
    test: Split
    content: str
    limit: int | None = None
    notes: tuple[str, ...] = ()
    limit_test: int | None = None
    metric: Metric | None = None
    positive: str | None = None
    lfs: Path | None = None

    @property
    def m(self) -> int:
        """Number of labeling functions."""
        return int(self.train.L.shape[1])

    @property
    def k(self) -> int:
        """Number of classes."""
        return len(self.labels)

    @property
    def has_texts(self) -> bool:
        """Whether classifiers can be trained on it."""
        return self.train.texts is not None and self.test.texts is not None

    @property
    def coverage(self) -> float:
        """Share of train rows with at least one vote, 0 to 1."""
        return float(has_vote(self.train.L).mean())

    def without_texts(self) -> BenchSet:
        """Return the set with votes alone."""
        train, valid, test = (replace(split, texts=None) for split in (self.train, self.valid, self.test))
        return replace(self, train=train, valid=valid, test=test)

    def limited(self, limit: int | None, limit_test: int | None = None) -> BenchSet:
        """Return the set with at most ``limit`` train and ``limit_test`` test rows, and a note that says so."""
        train, train_notes = _drawn(self.train, limit, "train")
        test, test_notes = _drawn(self.test, limit_test, "test")
        if not [*train_notes, *test_notes]:
            return self
        return replace(
            self,
            train=train,
            test=test,
            limit=limit if train_notes else self.limit,
            limit_test=limit_test if test_notes else self.limit_test,
            notes=(*self.notes, *train_notes, *test_notes),
        )


def _drawn(split: Split, limit: int | None, name: str) -> tuple[Split, list[str]]:
    rows = limited_rows(len(split), limit)
    if rows is None:
        return split, []
    return split.take(rows), [f"{limit:,} of {len(split):,} {name} rows, drawn with seed {LIMIT_SEED}"]


def limited_rows(n: int, limit: int | None) -> NDArray[np.int64] | None:
    """Return the numbers of ``limit`` of ``n`` rows, in order; None where none has to go."""
    if limit is None or limit >= n:
        return None
    return np.sort(np.random.default_rng(LIMIT_SEED).permutation(n)[:limit])


def hidden(n: int) -> Labels:
    """Return gold that nobody may see. Shape: [n]; all -1."""
    return np.full(n, ABSTAIN, dtype=np.int64)


def texts_or_none(texts: Sequence[str]) -> tuple[str, ...] | None:
    """Return the texts, or None where all of them are blank, as in sets that publish votes alone."""
    return tuple(texts) if any(text.strip() for text in texts) else None
