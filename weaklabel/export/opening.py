"""Opening a file that holds rows with labels: what ``weaklabel label`` or ``weaklabel run`` wrote."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from weaklabel.corpus import Batch, Corpus, read_corpus
from weaklabel.errors import ExportError, nearest
from weaklabel.export.corpus import ROWS_AT_ONCE, LabeledCorpus, LabeledPart, Source, Task
from weaklabel.label_names import encode_labels, find_labels
from weaklabel.labels import Labels, Probs, VoteArray, check_label_names
from weaklabel.support.hashing import sha256_of_file
from weaklabel.support.progress import stage
from weaklabel.units import SPANS, read_spans

SPLIT = "split"
"""The column with the parts of a split, if nothing else is said."""

_SPANS = re.compile(rf"(weak\d*_)?{SPANS}")
"""Names of columns with spans that weaklabel wrote."""

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

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes that have a column of probabilities."""
        return self.names(self.probs, _PROB)

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
    task: Task | None = None,
    **reading: Any,
) -> LabeledCorpus:
    """Open a file with labels, or with a column of labeled spans.

    Parameters
    ----------
    path
        The file, or whatever else `weaklabel.read_corpus` takes, with a column of labels; one of probabilities for each
        class, such as ``p_spam``, and votes, such as ``vote_prize``, are used if they are there. Or with a column ``spans``;
        see `weaklabel.units.read_spans`.
    labels
        Class names, in order; by default those of the probability columns, else those in the column of labels or of spans.
    prefix
        How the columns with labels begin, such as ``weak_``; found if there is only one.
    gold
        A column with gold, against which labels are scored; it is not exported. Where labels have a prefix, a column
        ``label`` is taken for gold.
    with_gold
        Export the gold column as one of the others.
    split
        The column with the parts of a split; ``split`` if there is such a column.
    task
        Whether its labels are of whole ``texts`` or of ``spans``; by the columns if not given.
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
    if task == "spans" or (task is None and holds_spans(corpus, prefix)):
        column = spans_column_of(corpus, prefix)
        if gold is None and column != SPANS and SPANS in corpus.columns:
            gold = SPANS
        if gold is not None:
            corpus = read_corpus(path, text=text, **reading, hide=[gold])
        return open_spans(corpus, column, labels, gold, with_gold, _split_column(corpus, split))
    columns = LabelColumns.of(corpus, prefix)
    if gold is None and columns.label != _LABEL and _LABEL in corpus.columns:
        gold = _LABEL
    if gold is not None:
        corpus = read_corpus(path, text=text, **reading, hide=[gold])
    split = _split_column(corpus, split)
    names = check_label_names(_names(corpus, columns, labels), corpus.name)
    if columns.probs and tuple(names) != columns.classes:
        found = ", ".join(columns.classes)
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


def _split_column(corpus: Corpus, split: str | None) -> str | None:
    """Return the column with the parts of a split; None where there is none."""
    if split is not None and not corpus.has_column(split):
        raise ExportError(f"{corpus.name} has no column '{split}'{nearest(split, corpus.columns)}")
    return SPLIT if split is None and SPLIT in corpus.columns else split


def holds_spans(corpus: Corpus, prefix: str | None = None) -> bool:
    """Say whether a file holds labeled spans and no labels of whole texts, by its columns."""
    if prefix is not None:
        return prefix + SPANS in corpus.columns and prefix + _LABEL not in corpus.columns
    has_labels = any(
        name.removesuffix(_CONFIDENCE) + _LABEL in corpus.columns
        for name in corpus.columns
        if name.endswith(_CONFIDENCE)
    )
    return bool(_span_columns(corpus)) and not has_labels


def spans_column_of(corpus: Corpus, prefix: str | None = None) -> str:
    """Return the column with labeled spans: the last one that was added, where there are several.

    Raises
    ------
    ExportError
        There is none.
    """
    there = _span_columns(corpus) if prefix is None else [prefix + SPANS] * ((prefix + SPANS) in corpus.columns)
    if not there:
        name = (prefix or "") + SPANS
        raise ExportError(
            f"{corpus.name} has no column '{name}' with spans{nearest(name, corpus.columns)}; columns are "
            f"{', '.join(corpus.columns)}"
        )
    return there[-1]


def _span_columns(corpus: Corpus) -> list[str]:
    named = [name for name in corpus.columns if _SPANS.fullmatch(name)]
    return sorted(named, key=lambda name: (len(name), name))


def open_spans(
    corpus: Corpus,
    column: str,
    labels: Sequence[str] | None,
    gold: str | None,
    with_gold: bool,
    split: str | None,
) -> LabeledCorpus:
    """Open rows with a column of spans; the arguments are those of `open_labeled_file`.

    Parameters
    ----------
    corpus
        The rows; a gold column is hidden in it.
    column
        With the spans.
    labels
        Names of the labels, in order; those that occur if None.
    gold
        Column with true spans; None for none.
    with_gold
        Export hidden columns, too.
    split
        Column with the parts of a split; None for none.

    Raises
    ------
    WeakLabelError
        A cell holds something else than spans of its text, or nothing says which labels there are.
    """
    names, has_probs = _survey_spans(corpus, column, labels)
    where = f"{corpus.name}, column '{column}'"
    behind = corpus.columns[corpus.columns.index(column) + 1 :]
    own = {column, *takewhile(lambda name: name.startswith(f"{column}_"), behind)}  # and the votes, where they are

    def frame(batch: Batch) -> pl.DataFrame:
        return batch.stored.drop(own if with_gold else own | set(batch.hide), strict=False)

    def parts() -> Iterator[LabeledPart]:
        for batch in corpus.batches(ROWS_AT_ONCE):
            source, texts, start = batch.source, batch.texts, batch.start
            yield LabeledPart.of_spans(
                np.arange(start, start + len(batch)),
                frame(batch),
                texts,
                read_spans(source[column], texts, names, where=where, first_row=start),
                None if split is None else split_values(source, split),
                None
                if gold is None
                else read_spans(source[gold], texts, names, where=f"{corpus.name}, column '{gold}'", first_row=start),
            )

    return LabeledCorpus(
        name=Path(corpus.name).name,
        labels=names,
        lf_names=(),
        text=corpus.text,
        schema=frame(corpus.empty()).schema,
        read=parts,
        corpus=corpus,
        splits=() if split is None else split_names(corpus, split),
        has_probs=has_probs,
        source=Source(
            title=Path(corpus.name).name,
            gold="" if gold is None else f"gold (column '{gold}')",
            inputs={Path(file).name: sha256_of_file(file) for file in corpus.files() if file.is_file()},
        ),
        files=tuple(corpus.files()),
        task="spans",
    )


def _survey_spans(corpus: Corpus, column: str, labels: Sequence[str] | None) -> tuple[tuple[str, ...], bool]:
    """Return the names of the labels, and whether spans have probabilities; every span is checked."""
    where, seen, has_probs = f"{corpus.name}, column '{column}'", dict[str, None](), False
    with stage(f"reading '{column}'", unit="rows") as progress:
        for batch in corpus.batches(ROWS_AT_ONCE):
            rows = read_spans(batch.source[column], batch.texts, labels, where=where, first_row=batch.start)
            seen |= dict.fromkeys(rows.labels)
            has_probs = has_probs or not np.isnan(rows.probs).all()
            progress.advance(len(batch))
    if labels is None and not seen:
        raise ExportError(f"{where} holds no span, so nothing says which labels there are; name them (labels)")
    names = tuple(labels) if labels is not None else find_labels(seen, (), where)
    return tuple(check_label_names(names, corpus.name)), has_probs


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
        return columns.classes
    return find_labels(corpus.values(columns.label), (), corpus.name)


def as_numbers(column: pl.Series) -> tuple[NDArray[np.float64], int | None]:
    """Return the cells of a column as numbers, NaN where they are empty, and the first row that holds something else."""
    numbers = column.cast(pl.Float64, strict=False)
    empty = column.is_null() if column.dtype != pl.String else column.is_null() | (column == "")
    wrong = (numbers.is_null() & ~empty).arg_true()
    return numbers.fill_null(np.nan).to_numpy(), int(wrong[0]) if len(wrong) else None


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
            probs[:, number], wrong = as_numbers(source[name])
            if wrong is not None:
                raise ExportError(
                    f"{self.corpus.name}, column '{name}', row {start + wrong}: {source[name][wrong]!r} is not a probability"
                )
        return probs
