"""A benchmark set and its splits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from weaklabel.labels import ABSTAIN, Labels, VoteArray
from weaklabel.votes.tally import has_vote

LIMIT_SEED = 0
"""Seed of the draw of fewer train rows: the same rows for every model and every seed."""


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
    """

    L: VoteArray
    Y: Labels
    texts: tuple[str, ...] | None

    def __len__(self) -> int:
        return len(self.L)

    def take(self, rows: NDArray[np.int64]) -> Split:
        """Return the rows with these numbers."""
        return Split(self.L[rows], self.Y[rows], None if self.texts is None else tuple(self.texts[row] for row in rows))


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
    limit
        How many train rows were drawn; None where all are there.
    notes
        What was left out or drawn, a sentence each.
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

    def limited(self, limit: int | None) -> BenchSet:
        """Return the set with at most ``limit`` train rows, and a note that says so."""
        rows = limited_rows(len(self.train), limit)
        if rows is None:
            return self
        note = f"{limit:,} of {len(self.train):,} train rows, drawn with seed {LIMIT_SEED}"
        return replace(self, train=self.train.take(rows), limit=limit, notes=(*self.notes, note))


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
