"""A corpus: rows that can be read in batches, as often as wanted, without ever lying in memory as a whole."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from weaklabel.corpus.batch import TEXT, Batch
from weaklabel.corpus.entities import EntityColumns
from weaklabel.corpus.fields import Field, field_of, inside
from weaklabel.corpus.open import JSON_FORMATS
from weaklabel.corpus.parts import START, Chunk, Mark, Part, PartRows, Source, in_batches, in_parts, joined
from weaklabel.corpus.python_values import JsonPythonValues, PythonValues
from weaklabel.corpus.records import Dialect, Reject
from weaklabel.errors import CorpusError, nearest
from weaklabel.support.naming import setting
from weaklabel.support.progress import stage
from weaklabel.support.table import html_table

if TYPE_CHECKING:
    import pandas as pd

_ROWS_AT_ONCE = 10_000
"""Rows of a batch, unless another size is asked for."""

_SHOWN_ROWS = 5
"""Of a corpus, in a notebook."""

THE_CORPUS = "the corpus itself"
"""What messages call it where it is about to be overwritten."""

STDIN = "standard input"
"""Name of a corpus that is read from standard input."""


class Corpus:
    """Rows of text; made by `weaklabel.corpus.read_corpus`.

    Parameters
    ----------
    source
        Where the rows come from.
    text
        Columns that hold the text.
    limit
        Use the first ``limit`` good rows only.
    on_reject
        Called with every rejected record as soon as it is met.
    keep
        Held as long as the corpus lives: a temporary file, for example.
    hide
        Columns that labeling functions must not see.
    arguments
        What another process gives to `read_corpus` to read the same; None for a data frame.
    entities
        Two columns with the entities that are marked in what models read, or ().

    Attributes
    ----------
    rejects : list of Reject
        Records left out in the latest pass, so far; every pass starts with a new list.

    Raises
    ------
    CorpusError
        A text column does not exist or holds lists or structs, or a column to hide does not exist or is the text; or
        the entities are no two columns that labeling functions may see.
    """

    def __init__(
        self,
        source: Source,
        text: Sequence[str],
        limit: int | None = None,
        on_reject: Callable[[Reject], object] | None = None,
        keep: object = None,
        hide: Sequence[str] = (),
        arguments: dict[str, Any] | None = None,
        entities: Sequence[str] = (),
    ) -> None:
        self.source = source
        self.text: tuple[str, ...] = tuple(text)
        self.limit = limit
        self.on_reject = on_reject
        self.hide: tuple[str, ...] = tuple(hide)
        self.arguments = arguments
        self.rejects: list[Reject] = []
        self._keep = keep
        self._count: int | None = None
        self._fingerprint = source.fingerprint()
        self._fields: dict[str, Field] = {}
        for name in self.text:
            self._check_column(
                name, f"; name the column with the text ({setting('corpus.text')})" if name == TEXT else ""
            )
            dtype = self.schema[name]
            if not can_be_text(dtype):
                what = source.describe(name) if name in source.schema else f"holds {dtype}"
                raise CorpusError(f"{self.name}: column '{name}' {what}, not text{inside(name, dtype)}")
        for name in self.hide:
            self._check_column(name)
            if name in self.text:
                raise CorpusError(f"{self.name}: column '{name}' is the text and cannot be hidden")
        self._python_values = source.python_values
        if (
            source.python_values is not None
            and not source.python_values.are_mappings
            and (hide or self.text not in ((), (TEXT,)))
        ):
            # Objects are shown as they are, unless something on them must not be seen, or is not there.
            self._python_values = PythonValues(source.python_values.columns)
        self._entities: EntityColumns | None = None
        if entities:
            self.mark(entities)

    @property
    def name(self) -> str:
        """The path, or what else the rows come from."""
        return self.source.name

    @property
    def path(self) -> Path | None:
        """Where the input is on the disk; None for a data frame."""
        return self.source.path

    def files(self) -> list[Path]:
        """Return the files that rows are read from; of standard input, what it is redirected from."""
        if self.name == STDIN:
            return [Path("/dev/stdin")]
        return self.source.files()

    @property
    def format(self) -> str:
        """One of csv, tsv, jsonl, json, parquet, folder, frame."""
        return self.source.format

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return (*self.source.schema, *self._fields)

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """Types of the columns: all strings, except from Parquet and data frames."""
        return self.source.schema | {name: field.dtype for name, field in self._fields.items()}

    @property
    def stamp(self) -> tuple[Any, ...]:
        """Size and time of the input when it was opened, by which a change is noticed; () where it has none."""
        return self._fingerprint if isinstance(self._fingerprint, tuple) else ()

    @property
    def dialect(self) -> Dialect | None:
        """How a delimited file is written; None for other input."""
        return self.source.dialect

    @property
    def entities(self) -> tuple[str, ...]:
        """The columns whose entities are marked in what models read; () if there are none."""
        return () if self._entities is None else (self._entities.first, self._entities.second)

    def mark(self, entities: Sequence[str]) -> None:
        """Mark from now on, in what models read, the entities that two columns hold; see `read_corpus`.

        Raises
        ------
        CorpusError
            They are not two columns of the corpus, one is the text or hidden, or the corpus has no text.
        """
        if isinstance(entities, str) or len(set(entities)) != 2 or len(entities) != 2:
            raise CorpusError(
                f"{self.name}: entities are two different columns, such as ('e1', 'e2'), not {entities!r}"
            )
        if not self.text:
            raise CorpusError(f"{self.name}: entities are marked in a text, and no text column is given: give one")
        for name in entities:
            self._check_column(name)
            if name in (*self.text, TEXT):
                raise CorpusError(f"{self.name}: column '{name}' is the text and cannot be an entity")
            if name in self.hide:
                raise CorpusError(f"{self.name}: column '{name}' is an entity and cannot be hidden")
        first, second = entities
        self._entities = EntityColumns(first, second, self.name)
        if self.arguments is not None:
            self.arguments |= {"entities": self.entities}

    def batches(self, size: int = _ROWS_AT_ONCE) -> Iterator[Batch]:
        """Read the corpus from its start, ``size`` rows at a time.

        Raises
        ------
        CorpusError
            The file has changed since `read_corpus`, or turns out to be unreadable.
        """
        if size < 1:
            raise CorpusError(f"a batch must have at least one row, not {size}")
        return self._batches(size)

    def parts(self, after: Part | None = None, rows: int | None = None) -> Iterator[PartRows]:
        """Read the corpus in parts, which are the same in every pass; rejects are given with each of them.

        Parameters
        ----------
        after
            Begin behind this part, without reading what is before it (a packed file is unpacked all the same).
        rows
            Rows from which on a part is complete, by default 50,000; it ends with the chunk of input, of a MiB in a
            text file, that reaches them.

        Raises
        ------
        CorpusError
            The file has changed since `read_corpus`, or turns out to be unreadable.
        """
        start, before = (after.end, after.first_row + after.n_rows) if after else (START, 0)
        for part, chunks in in_parts(self._limited(start, before), after, self.source.seekable, rows):
            yield self._part_rows(part, chunks)
        self._check_unchanged()

    def read_part(self, part: Part) -> PartRows:
        """Read a part that `parts` gave, here or in another process that opened the same input in the same way."""
        self._check_unchanged()
        is_cut = part.first_row + part.n_rows == self.limit
        chunks, rows = list[Chunk](), 0
        for chunk in self.source.chunks(part.start, part.end):
            chunks.append(chunk.head(part.n_rows - rows) if is_cut else chunk)
            rows += chunks[-1].frame.height
            if is_cut and rows == part.n_rows:
                break
        if rows != part.n_rows:
            raise CorpusError(f"{self.name}: part {part.number} has {rows} rows and had {part.n_rows}: it has changed")
        return self._part_rows(part, chunks)

    def read_records(self, part: Part) -> PartRows:
        """Read a part to copy its raw records only: where each of its lines is one, they need not be parsed again.

        The batch then has no column but the record.
        """
        self._check_unchanged()
        lines = part.end.line - part.start.line
        if part.start == START:
            lines -= self.source.skipped + (self.source.header is not None)
        if (
            self.source.path
            and lines == part.n_rows
            and (raws := self.source.records(part.start, part.end)) is not None
        ):
            batch = Batch(pl.DataFrame({"record": raws}), (), part.first_row, raws)
            if len(batch) == part.n_rows:
                return PartRows(part, batch, [])
        return self.read_part(part)

    def read_rows(self, rows: Iterable[int]) -> Iterator[tuple[int, Batch]]:
        """Read some rows, each as a batch of one, in one pass that ends with the last of them.

        Parameters
        ----------
        rows
            Row numbers, from 0, in any order; one that is given twice is read once.

        Yields
        ------
        int, Batch
            The number of the row, and the row; in the order of the corpus.

        Raises
        ------
        CorpusError
            The row does not exist, or the file has changed since `read_corpus`.
        """
        wanted = deque(sorted(set(rows)))
        if not wanted:
            return
        if wanted[0] < 0:
            raise CorpusError(f"{self.name} has no row {wanted[0]}: rows count from 0")
        start = 0
        for frame, raws in in_batches(self._limited(START, 0), _ROWS_AT_ONCE):
            end = start + frame.height
            if wanted[0] < end:
                batch = self.batch(frame, start, raws)
                while wanted and wanted[0] < end:
                    row = wanted.popleft()
                    yield row, batch.part(row - start, row - start + 1)
            if not wanted:
                return
            start = end
        raise CorpusError(f"{self.name} has no row {wanted[0]}: it has {start:,} rows, counted from 0")

    def values(self, name: str) -> Values:
        """Return the values of column ``name`` to be iterated over, once or several times, without a list of them all.

        Raises
        ------
        CorpusError
            The column does not exist.
        """
        self._check_column(name)
        return Values(self, name)

    def texts(self) -> list[str]:
        """Return the text of every row, as labeling functions read it. Length: n."""
        return [text for batch in self.batches_with_progress() for text in batch.texts]

    def model_texts(self) -> list[str]:
        """Return the text of every row as label models and classifiers read it: with its entities marked, if it has any.

        Length: n.

        Raises
        ------
        CorpusError
            An entity is empty or not in its text; the message has the row, the column and what to do.
        """
        return [text for batch in self.batches_with_progress() for text in batch.model_texts]

    def frame(self) -> pl.DataFrame:
        """Return all rows, with the columns of the corpus as they were read."""
        return pl.concat([self.empty().source, *(batch.source for batch in self.batches())], rechunk=True)

    def to_pandas(self) -> pd.DataFrame:
        """Return all rows as a pandas data frame; `frame` returns them as a polars one."""
        return self.frame().to_pandas()

    def column(self, name: str) -> list[Any]:
        """Return the values of column ``name``; see `values` where they are too many for a list. Length: n."""
        return list(self.values(name))

    def empty(self) -> Batch:
        """Return a batch of no rows."""
        return self.batch(pl.DataFrame(schema=self.schema))

    def batch(self, rows: pl.DataFrame, start: int = 0, raws: Sequence[str] | None = None) -> Batch:
        """Return rows of this corpus, with its columns, as a batch."""
        missing = [field.column(rows) for field in self._fields.values() if field.name not in rows.columns]
        # Where gold is a field, the column that holds it is not shown either.
        heads = [self._fields[name].head for name in self.hide if name in self._fields]
        fields = tuple(self._fields)
        hide = tuple(dict.fromkeys((*self.hide, *heads)))
        python_values = (
            JsonPythonValues(raws, start) if raws and self.source.format in JSON_FORMATS else self._python_values
        )
        return Batch(rows.with_columns(missing), self.text, start, raws, hide, self._entities, python_values, fields)

    def sha256(self) -> str:
        """Return the SHA-256 of the input as it is on disk, in hex."""
        self._check_unchanged()
        with stage(f"checking {self.name}"):
            return self.source.sha256()

    def __len__(self) -> int:
        """Return the number of good rows; reads the corpus unless a whole pass has been made."""
        if self._count is None:
            with stage(f"reading {self.name}", unit="rows") as progress:
                for chunk in self._chunks():
                    progress.advance(chunk.frame.height)
        assert self._count is not None
        return self._count

    @property
    def known_length(self) -> int | None:
        """The number of good rows, where a whole pass has been made; else None."""
        return self._count

    def __bool__(self) -> bool:
        # Without it, `if corpus` would read the whole file to get the length.
        return True

    def __repr__(self) -> str:
        return f"Corpus({self.name!r}, columns={self.columns}, text={self.text})"

    def _repr_html_(self) -> str:
        # A pass over the corpus would start its list of rejects again, and a few rows need none.
        first = next(self._limited(START, 0), None)
        rows = self.empty().source if first is None else first.frame.head(_SHOWN_ROWS)
        size = "" if self._count is None else f", {self._count:,} rows"
        title = f"Corpus {self.name}{size}, text in {', '.join(self.text) or 'no column'}"
        return html_table(rows.iter_rows(), self.columns, title=title)

    def _batches(self, size: int) -> Iterator[Batch]:
        start = 0
        for frame, raws in in_batches(self._chunks(), size):
            yield self.batch(frame, start, raws)
            start += frame.height

    def batches_with_progress(self, size: int = _ROWS_AT_ONCE) -> Iterator[Batch]:
        """Read the corpus from its start, as `batches` does, and show how far it is."""
        with stage(f"reading {self.name}", self._count, "rows") as progress:
            for batch in self.batches(size):
                yield batch
                progress.advance(len(batch))

    def _part_rows(self, part: Part, chunks: list[Chunk]) -> PartRows:
        frame, raws, rejects = joined(chunks, pl.DataFrame(schema=self.source.schema))
        return PartRows(part, self.batch(frame, part.first_row, raws), rejects)

    def _chunks(self) -> Iterator[Chunk]:
        rejects = self.rejects = []
        count = 0
        for chunk in self._limited(START, 0):
            for _, reject in chunk.rejects:
                rejects.append(reject)
                if self.on_reject:
                    self.on_reject(reject)
            count += chunk.frame.height
            yield chunk
        self._check_unchanged()
        self._count = count

    def _limited(self, start: Mark, rows: int) -> Iterator[Chunk]:
        """Read from ``start``, after ``rows`` good rows, to the end or the limit."""
        self._check_unchanged()
        if start != START and rows == self.limit:
            return
        for chunk in self.source.chunks(start):
            if self.limit is not None:
                chunk = chunk.head(self.limit - rows)
            rows += chunk.frame.height
            yield chunk
            if rows == self.limit:
                break

    def _check_unchanged(self) -> None:
        if self.source.fingerprint() != self._fingerprint:
            raise CorpusError(f"{self.name} changed while it was being used: read it again with read_corpus")

    def has_column(self, name: str) -> bool:
        """Whether the corpus has a column of this name, or a field at this dotted path."""
        if name in self.source.schema or name in self._fields:
            return True
        field = field_of(self.source, name)
        if field is None:
            return False
        self._fields[name] = field
        return True

    def _check_column(self, name: str, advice: str = "") -> None:
        if not self.has_column(name):
            names = ", ".join(self.columns) or "none at all"
            raise CorpusError(
                f"{self.name}: no column '{name}'{nearest(name, self.columns)}; columns are {names}"
                f"{self.source.hint(name) or advice}"
            )


class Values:
    """The values of a column of a corpus, which every iteration reads again, a batch at a time; see `Corpus.values`."""

    def __init__(self, corpus: Corpus, name: str) -> None:
        self._corpus = corpus
        self._name = name

    def __iter__(self) -> Iterator[Any]:
        for part in self.batches():
            yield from part

    def batches(self) -> Iterator[list[Any]]:
        """Give the values of one batch after the other."""
        for batch in self._corpus.batches_with_progress():
            yield batch.source[self._name].to_list()


def can_be_text(dtype: pl.DataType) -> bool:
    """Say whether values of this type can be read as text."""
    return not dtype.is_nested() and dtype not in (pl.Binary, pl.Object)
