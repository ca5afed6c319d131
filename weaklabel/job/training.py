"""The rows of a labeled corpus that a classifier is trained on: all of them, or a sample of a large corpus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from weaklabel.corpus import Corpus
from weaklabel.errors import ConfigError
from weaklabel.labels import Probs
from weaklabel.support.mapped import release
from weaklabel.support.progress import stage

if TYPE_CHECKING:
    from weaklabel.classifier import Classifier

_AT_ONCE = 1 << 18
"""Rows of probabilities that are in memory together."""


@dataclass(frozen=True, eq=False)
class TrainingRows:
    """Rows to train on, with the label model's probabilities.

    Attributes
    ----------
    rows
        Their numbers in the corpus, in order. Shape: [r].
    texts
        As models read them. Length: r.
    probs
        Class probabilities; all NaN where a row has no label. Shape: [r, k].
    n_trainable
        Rows to choose from.
    """

    rows: NDArray[np.int64]
    texts: list[str]
    probs: Probs
    n_trainable: int

    @property
    def is_sample(self) -> bool:
        """Whether there are more rows than these."""
        return len(self.rows) < self.n_trainable

    def describe(self) -> str:
        """Say in one sentence that this is a sample; "" if it is not."""
        return sample_note(len(self.rows), self.n_trainable)


def sample_note(rows: int, n_trainable: int) -> str:
    """Say in one sentence that so many of the rows are a sample; "" if they are all."""
    if rows == n_trainable:
        return ""
    return f"It was trained on {rows:,} of {n_trainable:,} rows, picked by a hash of row number and seed (max_rows)."


def training_rows(
    corpus: Corpus,
    probs: Probs,
    classifier: Classifier,
    max_rows: int | None = None,
    *,
    seed: int = 0,
    held_out: NDArray[np.bool_] | None = None,
    always: NDArray[np.int64] | None = None,
) -> TrainingRows:
    """Pick the rows that a classifier is trained on, and read their texts, in memory that does not grow with the corpus.

    All rows are given to it where they are at most ``max_rows``. Otherwise only those that it can learn from are, and where
    these are too many, those with the lowest hashes of row number and seed. That is a fair sample, also of texts that occur
    often, and depends on nothing else.

    Parameters
    ----------
    corpus
        Where the texts are.
    probs
        Class probabilities of all rows. Shape: [n, k].
    classifier
        The classifier to train.
    max_rows
        Most rows; by default `Classifier.max_rows`.
    seed
        Of the choice.
    held_out
        Rows that must not be trained on. Shape: [n].
    always
        Numbers of rows that are always taken.

    Raises
    ------
    CorpusError
        The corpus has changed, or an entity is not in its text.
    """
    n = len(probs)
    most = classifier.max_rows if max_rows is None else max_rows
    takes_all = classifier.uses_unlabeled or n - (0 if held_out is None else int(held_out.sum())) <= most
    n_trainable = 0
    kept, hashes = np.empty(0, np.int64), np.empty(0, np.uint64)
    for begin in range(0, n, _AT_ONCE):
        end = min(begin + _AT_ONCE, n)
        usable = np.ones(end - begin, bool) if takes_all else ~np.isnan(probs[begin:end, 0])
        if held_out is not None:
            usable &= ~held_out[begin:end]
        rows = begin + np.flatnonzero(usable)
        n_trainable += len(rows)
        kept, hashes = np.concatenate([kept, rows]), np.concatenate([hashes, row_hashes(rows, seed)])
        if len(kept) > most:
            lowest = np.sort(np.argpartition(hashes, most)[:most])
            kept, hashes = kept[lowest], hashes[lowest]
    release(probs)
    if always is not None:
        kept = np.union1d(kept, always)
    return TrainingRows(kept, texts_of(corpus, kept, n), np.array(probs[kept], dtype=np.float64), n_trainable)


def texts_of(corpus: Corpus, rows: NDArray[np.int64], n: int | None = None) -> list[str]:
    """Return the texts of some rows, as models read them, in one pass over the corpus.

    Parameters
    ----------
    corpus
        Where to read them.
    rows
        Row numbers in ascending order. Shape: [r].
    n
        Number of rows of the corpus, if known.
    """
    texts: list[str] = []
    with stage(f"reading {corpus.name}", n, "rows") as shown:
        for batch in corpus.batches():
            first, last = np.searchsorted(rows, [batch.start, batch.start + len(batch)])
            if last - first == len(batch):
                texts += batch.model_texts
            elif first < last:
                of_batch = batch.model_texts
                texts += [of_batch[row] for row in (rows[first:last] - batch.start).tolist()]
            shown.advance(len(batch))
            if last == len(rows):
                break
    return texts


def check_trainable(covered: int, corpus: Corpus) -> None:
    """Refuse to train a classifier if no labeling function votes: it could learn only the class balance.

    Parameters
    ----------
    covered
        Rows with a vote.
    corpus
        What was labeled.

    Raises
    ------
    ConfigError
        Names the corpus and says what to look at.
    """
    if not covered:
        raise ConfigError(
            f"{corpus.name}: no labeling function votes on any row, so there is nothing to train on: check the text column "
            f"({', '.join(corpus.text)}), and what each labeling function does with weaklabel analyze"
        )


def lowest_rows(rows: NDArray[np.int64], most: int, seed: int) -> NDArray[np.int64]:
    """Return the rows with the lowest hashes of row number and seed, at most so many, in ascending order."""
    if len(rows) <= most:
        return rows
    return np.sort(rows[np.argpartition(row_hashes(rows, seed), most)[:most]])


def row_hashes(rows: NDArray[np.int64], seed: int) -> NDArray[np.uint64]:
    """Return a hash of each row number and the seed (splitmix64). Shape: [r]."""
    with np.errstate(over="ignore"):
        mixed = rows.astype(np.uint64) + np.uint64(seed + 1) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return mixed ^ (mixed >> np.uint64(31))
