"""``dedup_corpus``: drop duplicates of a corpus of any size."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from weaklabel.corpus import Corpus, read_corpus
from weaklabel.dedup.survivors import KEEP, Keep
from weaklabel.dedup.transform import Dedup
from weaklabel.dedup.verdict import THRESHOLD
from weaklabel.errors import ConfigError, CorpusError, nearest
from weaklabel.job.engine import Engine
from weaklabel.job.transform import check_text, transform_corpus
from weaklabel.job.transform_job import Transformation
from weaklabel.support.files import check_outputs

LEAST_THRESHOLD = 0.4
"""Least similarity at which near-duplicates can be looked for: below it, most texts would be candidates."""

StrPath = str | os.PathLike[str]


def dedup_corpus(
    source: Any,
    out: StrPath | None = None,
    *,
    text: str | Sequence[str] = "text",
    threshold: float = THRESHOLD,
    keep_row: Keep = "longest",
    votes: str | None = None,
    lfs: Sequence[StrPath] = (),
    against: Sequence[StrPath] = (),
    semantic: float | None = None,
    clusters: StrPath | None = None,
    keep: Sequence[StrPath] = (),
    engine: Engine | None = None,
    progress: bool = False,
) -> Transformation:
    """Drop duplicates and near-duplicates of a corpus of any size.

    No two rows that stay are near-duplicates, and each row that is dropped is a near-duplicate of one that stays. Which
    rows stay does not depend on workers, nor, unless the first row is kept, on the order of the rows.

    Parameters
    ----------
    source
        A `Corpus`, or whatever `read_corpus` takes.
    out
        Where to write; rows that are dropped go to ``OUT.rejects.jsonl``. By default, the rows are returned.
    text
        Columns that hold the text, if ``source`` is not a `Corpus`.
    threshold
        Jaccard similarity from which on two texts are near-duplicates, 0.4 to 1; see `weaklabel.dedup.shingles`.
    keep_row
        Which of several rows stays: ``longest``, ``first``, or ``votes`` (the one with the most votes, of these the longest).
    votes
        Column with the number of votes of each row.
    lfs
        Labeling functions whose votes are counted instead, as `load_lfs` takes them.
    against
        Files with rows, such as gold, validation or test rows, of which no near-duplicate may stay. Their text is in
        columns of the same names.
    semantic
        Also drop rows whose embeddings have this cosine or more, 0.5 to 1. Every text is compared with every one that stays.
    clusters
        File to write all rows to that have a duplicate: .csv, .jsonl or .parquet.
    keep
        Files with rejects of an earlier call: the rows in them are not dropped.
    engine
        Who works on the parts of the corpus; by default this process.
    progress
        Show progress on stderr.

    Returns
    -------
    Transformation
        What was dropped, by rule ("exact", "near", "semantic", "contamination"); with ``frame`` where no output was named.

    Raises
    ------
    ConfigError
        An option has a wrong value.
    CorpusError
        A file cannot be read or written, or a column is missing.

    Examples
    --------
    >>> texts = ["Win a prize today, call now", "WIN a prize today,  call now", "Win a prize today, call now!", "See you"]
    >>> done = dedup_corpus({"text": texts})
    >>> done.frame["text"].to_list(), dict(done.dropped)
    (['Win a prize today, call now!', 'See you'], {'near': 1, 'exact': 1})
    """
    corpus = source if isinstance(source, Corpus) else read_corpus(source, text=text)
    transform = deduper(
        corpus,
        threshold=threshold,
        keep_row=keep_row,
        votes=votes,
        lfs=lfs,
        against=against,
        semantic=semantic,
        clusters=clusters,
    )
    return transform_corpus(corpus, transform, out, keep=keep, engine=engine, progress=progress)


def deduper(
    corpus: Corpus,
    *,
    threshold: float = THRESHOLD,
    keep_row: Keep = "longest",
    votes: str | None = None,
    lfs: Sequence[StrPath] = (),
    against: Sequence[StrPath] = (),
    semantic: float | None = None,
    clusters: StrPath | None = None,
) -> Dedup:
    """Return the transform that drops duplicates of a corpus, all of it checked before any work; see `dedup_corpus`.

    Raises
    ------
    ConfigError, CorpusError
        As for `dedup_corpus`.
    """
    if not LEAST_THRESHOLD <= threshold <= 1:
        raise ConfigError(f"dedup: the threshold must be from {LEAST_THRESHOLD} to 1, not {threshold}")
    if semantic is not None and not 0.5 <= semantic <= 1:
        raise ConfigError(f"dedup: the cosine of 'semantic' must be from 0.5 to 1, not {semantic}")
    if keep_row not in KEEP:
        raise ConfigError(
            f"dedup: there is no row to keep named '{keep_row}'{nearest(keep_row, KEEP)}: {', '.join(KEEP)}"
        )
    if keep_row == "votes" and (votes is None) == (not lfs):
        raise ConfigError(
            "dedup: to keep the row with the most votes, name a column with their number or labeling functions"
        )
    if keep_row != "votes" and (votes is not None or lfs):
        raise ConfigError('dedup: votes decide only with keep_row = "votes"')
    check_text(corpus, "deduplicated")
    if votes is not None and votes not in corpus.empty().stored.columns:
        raise CorpusError(
            f"{corpus.name}: no column '{votes}'{nearest(votes, corpus.columns)} with numbers of votes; columns are "
            f"{', '.join(corpus.columns)}"
        )
    for path in against:
        read_corpus(path, text=corpus.text)  # names what is missing
    if clusters is not None:
        check_outputs([clusters], {"the corpus": corpus.files(), "a file to check against": list(against)})
        if Path(clusters).suffix not in (".csv", ".jsonl", ".parquet"):
            raise ConfigError(f"dedup: clusters are written to .csv, .jsonl or .parquet, not to {clusters}")
    return Dedup(
        text=tuple(corpus.text),
        threshold=float(threshold),
        keep=keep_row,
        votes=votes,
        lfs=tuple(str(spec) for spec in lfs),
        against=tuple(str(Path(path).absolute()) for path in against),
        semantic=semantic,
        clusters=None if clusters is None else str(Path(clusters).absolute()),
        source=corpus.name,
    )
