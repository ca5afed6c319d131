"""Opening a file that holds rows with labels: what ``weaklabel label`` or ``weaklabel run`` wrote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from weaklabel.corpus import Batch, Corpus, read_corpus
from weaklabel.errors import ExportError, nearest
from weaklabel.export.corpus import ROWS_AT_ONCE, LabeledCorpus, LabeledPart, Source
from weaklabel.label_names import encode_labels, find_labels
from weaklabel.labels import Labels, Probs, VoteArray, check_label_names
from weaklabel.support.hashing import sha256_of_file
from weaklabel.support.progress import stage

SPLIT = "split"
"""The column with the parts of a split, if nothing else is said."""

_LABEL, _CONFIDENCE, _PROB, _VOTE = "label", "confidence", "p_", "vote_"


@dataclass(frozen=True)
class LabelColumns:
    """The columns of a file that hold labels.

    Attributes
    ----------
    label
        With the name of the class of each row.
    probs
        With the probability of each class, in order; () where there are none.
    votes
        With the votes of each labeling function.
    all
        These, and that of the confidence.
    """

    label: str
    probs: tuple[str, ...]
    votes: tuple[str, ...]
    all: frozenset[str]
    prefix: str

    @classmethod
    def of(cls, corpus: Corpus, prefix: str | None) -> LabelColumns:
        """Find the columns of a file.

        Raises
        ------
        ExportError
            There is no column with labels, or several of them.
        """
        columns = corpus.columns
        if prefix is None:
            ends = [name.removesuffix(_CONFIDENCE) for name in columns if name.endswith(_CONFIDENCE)]
            prefixes = [start for start in ends if start + _LABEL in columns]
            if len(prefixes) > 1:
                shown = ", ".join(f"'{name}'" for name in prefixes)
                raise ExportError(
                    f"{corpus.name} was labeled several times, with the prefixes {shown}: say which (prefix)"
                )
            prefix = prefixes[0] if prefixes else ""
        label = prefix + _LABEL
        if label not in columns:
            raise ExportError(
                f"{corpus.name} has no column '{label}' with labels{nearest(label, columns)}; columns are "
                f"{', '.join(columns)}: give a file that weaklabel label or run wrote, or say how its columns begin (prefix)"
            )
        named = prefix + _CONFIDENCE
        behind = columns[columns.index(named) + 1 :] if named in columns else ()
        probs = tuple(takewhile(lambda name: name.startswith(prefix + _PROB), behind))
        rest = behind[len(probs) :]
        votes = tuple(takewhile(lambda name: name.startswith(prefix + _VOTE), rest))
        own = {label, *probs, *votes} | ({named} if named in columns else set())
        return cls(label, probs, votes, frozenset(own), prefix)

    def names(self, columns: Sequence[str], kind: str) -> tuple[str, ...]:
        """Return what columns are called without the prefix."""
        return tuple(name.removeprefix(self.prefix + kind) for name in columns)


def open_labeled_file(
    path: Any,
    *,
    labels: Sequence[str] | None = None,
    prefix: str | None = None,
    gold: str | None = None,
    with_gold: bool = False,
    split: str | None = None,
    text: str | Sequence[str] = "text",
    **reading: Any,
) -> LabeledCorpus:
    """Open a file with labels.

    Parameters
    ----------
    path
        The file, or whatever else `weaklabel.read_corpus` takes, with a column of labels; one of probabilities for each
        class, such as ``p_spam``, and votes, such as ``vote_prize``, are used if they are there.
    labels
        Class names, in order; by default those of the probability columns, else those in the column of labels.
    prefix
        How the columns with labels begin, such as ``weak_``; found if there is only one.
    gold
        A column with gold, against which labels are scored; it is not exported. Where labels have a prefix, a column
        ``label`` is taken for gold.
    with_gold
        Export the gold column as one of the others.
    split
        The column with the parts of a split; ``split`` if there is such a column.
    text, **reading
        See `weaklabel.read_corpus`.

    Raises
    ------
    ExportError
        A column is missing, or holds something else.
    CorpusError
        The file cannot be read.
    """
    corpus = read_corpus(path, text=text, **reading)
    columns = LabelColumns.of(corpus, prefix)
    if gold is None and columns.label != _LABEL and _LABEL in corpus.columns:
        gold = _LABEL
    if gold is not None:
        corpus = read_corpus(path, text=text, **reading, hide=[gold])
    if split is not None and not corpus.has_column(split):
        raise ExportError(f"{corpus.name} has no column '{split}'{nearest(split, corpus.columns)}")
    if split is None and SPLIT in corpus.columns:
        split = SPLIT
    names = check_label_names(_names(corpus, columns, labels), corpus.name)
    if columns.probs and tuple(names) != columns.names(columns.probs, _PROB):
        found = ", ".join(columns.names(columns.probs, _PROB))
        raise ExportError(
            f"{corpus.name} has probabilities of {found}, not of {', '.join(names)}; leave the labels out"
        )
    reader = _Reader(corpus, columns, tuple(names), gold, with_gold, split)
    return LabeledCorpus(
        name=Path(corpus.name).name,
        labels=tuple(names),
        lf_names=columns.names(columns.votes, _VOTE),
        text=corpus.text,
        schema=reader.frame(corpus.empty()).schema,
        read=reader.parts,
        corpus=corpus,
        splits=() if split is None else split_names(corpus, split),
        has_probs=bool(columns.probs),
        source=Source(
            title=Path(corpus.name).name,
            gold="" if gold is None else f"gold (column '{gold}')",
            inputs={Path(file).name: sha256_of_file(file) for file in corpus.files() if file.is_file()},
        ),
        files=tuple(corpus.files()),
    )


def split_names(corpus: Corpus, column: str) -> tuple[str, ...]:
    """Return the parts of a split, training rows first, then in the order of the corpus."""
    names: dict[str, None] = {}
    with stage(f"reading '{column}'", unit="rows") as progress:
        for batch in corpus.batches(ROWS_AT_ONCE):
            names |= dict.fromkeys(name for name in split_values(batch.source, column) if name is not None)
            progress.advance(len(batch))
    if len(names) > 60:
        raise ExportError(f"{corpus.name}: column '{column}' has more than 60 different values, so it is no split")
    return tuple(sorted(names, key=lambda name: name != "train"))


def split_values(frame: pl.DataFrame, column: str) -> list[str | None]:
    """Return the part of a split that each row belongs to; None where the cell is empty. Length: n."""
    return [value or None for value in frame[column].cast(pl.String).to_list()]


def _names(corpus: Corpus, columns: LabelColumns, labels: Sequence[str] | None) -> Sequence[str]:
    if labels is not None:
        return labels
    if columns.probs:
        return columns.names(columns.probs, _PROB)
    return find_labels(corpus.values(columns.label), (), corpus.name)


@dataclass(frozen=True)
class _Reader:
    """Reads a labeled file part by part."""

    corpus: Corpus
    columns: LabelColumns
    labels: tuple[str, ...]
    gold: str | None
    with_gold: bool
    split: str | None

    def parts(self) -> Iterator[LabeledPart]:
        for batch in self.corpus.batches(ROWS_AT_ONCE):
            source, n = batch.source, len(batch)
            yield LabeledPart(
                np.arange(batch.start, batch.start + n),
                self.frame(batch),
                batch.model_texts,
                self._encoded(source, self.columns.label),
                self._probs(source, batch.start),
                None if self.split is None else split_values(source, self.split),
                self._votes(source),
                None if self.gold is None else self._encoded(source, self.gold),
            )

    def frame(self, batch: Batch) -> pl.DataFrame:
        """Return the columns of the corpus without those of labels, and without gold unless it is asked for."""
        hidden = self.columns.all if self.with_gold else self.columns.all | set(batch.hide)
        return batch.stored.drop(hidden, strict=False)

    def _encoded(self, source: pl.DataFrame, column: str) -> Labels:
        return encode_labels(source[column].to_list(), self.labels, f"{self.corpus.name}, column '{column}'")

    def _votes(self, source: pl.DataFrame) -> VoteArray | None:
        if not self.columns.votes:
            return None
        return np.stack([self._encoded(source, name) for name in self.columns.votes], axis=1).astype(np.int16)

    def _probs(self, source: pl.DataFrame, start: int) -> Probs:
        probs = np.full((source.height, len(self.labels)), np.nan)
        for number, name in enumerate(self.columns.probs):
            given = source[name]
            numbers = given.cast(pl.Float64, strict=False)
            empty = given.is_null() if given.dtype != pl.String else given.is_null() | (given == "")
            wrong = (numbers.is_null() & ~empty).arg_true()
            if len(wrong):
                row = int(wrong[0])
                raise ExportError(
                    f"{self.corpus.name}, column '{name}', row {start + row}: {given[row]!r} is not a probability"
                )
            probs[:, number] = numbers.fill_null(np.nan).to_numpy()
        return probs
