"""``split_corpus``: divide a corpus into training, validation and test rows."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from weaklabel.corpus import Corpus, read_corpus
from weaklabel.dedup.corpus import LEAST_THRESHOLD
from weaklabel.dedup.verdict import THRESHOLD
from weaklabel.errors import ConfigError, CorpusError, nearest
from weaklabel.job.engine import Engine
from weaklabel.job.transform import check_text, transform_corpus
from weaklabel.job.transform_job import Transformation
from weaklabel.split.transform import Split

SHARES: Mapping[str, float] = {"train": 0.8, "valid": 0.1, "test": 0.1}
"""Splits and their shares of the rows, if nothing else is said."""


def split_corpus(
    source: Any,
    out: str | os.PathLike[str] | None = None,
    *,
    text: str | Sequence[str] = "text",
    shares: Mapping[str, float] = SHARES,
    column: str = "split",
    group_by: Sequence[str] = (),
    stratify: str | None = None,
    threshold: float = THRESHOLD,
    seed: int = 0,
    move_leaks: bool = False,
    engine: Engine | None = None,
    progress: bool = False,
) -> Transformation:
    """Divide a corpus into training, validation and test rows, with near-duplicates on one side.

    Rows that are near-duplicates, or equal in a column of ``group_by``, directly or through other rows, are a group, and a
    group is never divided. Where the corpus has the column already, nothing is divided: it is checked.

    Parameters
    ----------
    source
        A `Corpus`, or whatever `read_corpus` takes.
    out
        Where to write. By default, the rows are returned.
    text
        Columns that hold the text, if ``source`` is not a `Corpus`.
    shares
        Splits and their shares of the rows; they add up to 1. Without ``stratify``, a group's side follows from a hash of
        what is in it, so that rows keep their side when others are added, and shares are met on average.
    column
        The column with the split.
    group_by
        Columns, such as an author: rows that are equal in one of them are put on one side. Empty values join nothing.
    stratify
        A column, such as a label: each split gets its share of the rows of each value. Added rows then move a few rows.
    threshold
        Jaccard similarity from which on two texts are near-duplicates, 0.4 to 1; see `weaklabel.dedup_corpus`.
    seed
        Another seed is another split.
    move_leaks
        Where the column is there already: move groups that it divides to the first split.
    engine
        Who works on the parts of the corpus; by default this process.
    progress
        Show progress on stderr.

    Returns
    -------
    Transformation
        ``summary`` has the rows of each split and value, and how many rows are like one in another split.

    Raises
    ------
    ConfigError
        An option has a wrong value.
    CorpusError
        The corpus cannot be read, a column is missing, or the output cannot be written.

    Examples
    --------
    >>> texts = ["It rains.", "it  RAINS.", "The sun is out.", "The sun is out!", "Snow fell at night.", "Fog all day."]
    >>> done = split_corpus({"text": texts}, shares={"train": 0.5, "test": 0.5})
    >>> sides = done.frame["split"].to_list()
    >>> sides[0] == sides[1], sides[2] == sides[3], done.summary["rows like a row of another split"]
    (True, True, {})
    """
    corpus = source if isinstance(source, Corpus) else read_corpus(source, text=text)
    transform = splitter(
        corpus,
        shares=shares,
        column=column,
        group_by=group_by,
        stratify=stratify,
        threshold=threshold,
        seed=seed,
        move_leaks=move_leaks,
    )
    return transform_corpus(corpus, transform, out, engine=engine, progress=progress)


def splitter(
    corpus: Corpus,
    *,
    shares: Mapping[str, float] = SHARES,
    column: str = "split",
    group_by: Sequence[str] = (),
    stratify: str | None = None,
    threshold: float = THRESHOLD,
    seed: int = 0,
    move_leaks: bool = False,
) -> Split:
    """Return the transform that divides a corpus, all of it checked before any work; see `split_corpus`.

    Raises
    ------
    ConfigError, CorpusError
        As for `split_corpus`.
    """
    if not 2 <= len(shares) <= 60 or abs(sum(shares.values()) - 1) > 1e-6 or min(shares.values()) <= 0:
        given = ", ".join(f"{name}={share:g}" for name, share in shares.items())
        raise ConfigError(
            f"split: give two splits or more whose shares add up to 1, such as train=0.8,test=0.2, not {given}"
        )
    if not LEAST_THRESHOLD <= threshold <= 1:
        raise ConfigError(f"split: the threshold must be from {LEAST_THRESHOLD} to 1, not {threshold}")
    check_text(corpus, "split")
    columns = corpus.empty().stored.columns
    for name in (*group_by, *([] if stratify is None else [stratify])):
        if name not in columns:
            raise CorpusError(
                f"{corpus.name}: no column '{name}'{nearest(name, columns)} to split by; columns are {', '.join(columns)}"
            )
    exists = column in columns
    if move_leaks and not exists:
        raise ConfigError(f"split: there is no column '{column}' whose leaks could be moved")
    return Split(
        text=tuple(corpus.text),
        shares=dict(shares),
        column=column,
        exists=exists,
        group_by=tuple(group_by),
        stratify=stratify,
        threshold=float(threshold),
        seed=seed,
        move_leaks=move_leaks,
    )
