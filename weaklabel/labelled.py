"""A labelled corpus as a file: every input column, then label, confidence, and one probability a class."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from weaklabel.corpus import Batch, Corpus, Written, write_labelled
from weaklabel.labels import Labels, Probs, VoteArray
from weaklabel.votes import Votes

if TYPE_CHECKING:
    pass

DECIMALS = 6
"""Of confidences and probabilities in files."""


def new_columns(labels: Sequence[str], lf_names: Sequence[str] = (), prefix: str = "") -> list[str]:
    """Return the names of the columns that labelling adds, in order; votes of labeling functions come last."""
    probabilities = [f"p_{name}" for name in labels]
    return [prefix + name for name in ["label", "confidence", *probabilities, *(f"vote_{name}" for name in lf_names)]]


def free_prefix(corpus: Corpus, labels: Sequence[str]) -> str:
    """Return the first of "", "weak_", "weak2_", ... under which no new column has the name of an old one."""
    prefixes = ("" if number == 0 else f"weak{'' if number == 1 else number}_" for number in count())
    return next(prefix for prefix in prefixes if not set(new_columns(labels, (), prefix)) & set(corpus.columns))


def label_columns(preds: Labels, probs: Probs, labels: Sequence[str], prefix: str = "") -> pl.DataFrame:
    """Return the new columns: empty (null) where a row has no label, or no probabilities.

    Parameters
    ----------
    preds
        Shape: [n]; -1 where there is no label.
    probs
        Shape: [n, k]; all NaN where nothing spoke for the row.
    labels
        Class names. Length: k.
    prefix
        Put before the names of the columns.
    """
    rounded = np.round(probs, DECIMALS)
    best = np.where(preds < 0, np.nan, rounded.max(axis=1, initial=0))
    columns = [_names(preds, labels), pl.Series(best, nan_to_null=True)]
    columns += [pl.Series(rounded[:, number], nan_to_null=True) for number in range(len(labels))]
    return pl.DataFrame(dict(zip(new_columns(labels, (), prefix), columns, strict=True)))


def vote_columns(L: VoteArray, labels: Sequence[str], lf_names: Sequence[str], prefix: str = "") -> list[pl.Series]:
    """Return a column with the votes of each of the first ``len(lf_names)`` labeling functions, as class names."""
    names = new_columns(labels, lf_names, prefix)[len(labels) + 2 :]
    return [_names(L[:, number], labels).alias(name) for number, name in enumerate(names)]


def write_labelled_corpus(
    out: str | Path,
    corpus: Corpus,
    votes: Votes,
    preds: Labels,
    probs: Probs,
    labels: Sequence[str],
    *,
    with_votes: bool = False,
    prefix: str = "",
) -> Written:
    """Write a corpus with what the label model says of it, and each labeling function's vote if asked."""
    lf_names = votes.lf_names if with_votes else ()

    def columns(batch: Batch) -> pl.DataFrame:
        rows = slice(batch.start, batch.start + len(batch))
        return label_columns(preds[rows], probs[rows], labels, prefix).hstack(
            vote_columns(votes.L[rows], labels, lf_names, prefix)
        )

    return write_labelled(corpus, out, columns)


def _names(numbers: NDArray[np.integer], labels: Sequence[str]) -> pl.Series:
    """Class numbers as names, -1 as null. Shape: [n]."""
    names = pl.Series(list(labels), dtype=pl.String)
    index = pl.Series(numbers.astype(np.int64), dtype=pl.Int64)
    return names.gather(index.set(index < 0, None)) if len(index) else pl.Series([], dtype=pl.String)
