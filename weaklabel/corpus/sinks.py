"""Writers of one format each: rows of a corpus with new columns, batch by batch, into an open binary file."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import Any, BinaryIO, Protocol

import polars as pl

from weaklabel.corpus.batch import Batch
from weaklabel.corpus.dialect import Dialect
from weaklabel.corpus.frame import why_object
from weaklabel.corpus.new_columns import NewColumns
from weaklabel.corpus.open import Encoding
from weaklabel.corpus.records import split_end
from weaklabel.corpus.values import as_fields, as_json, delimited, json_key, spreadsheet_safe
from weaklabel.errors import CorpusError

ARRAY_END = b"\n]\n"
"""What comes after the rows of a JSON array."""


class Sink(Protocol):
    """Writes one format. ``new`` holds the new columns of ``batch``, in the same rows."""

    def start(self, batch: Batch, new: NewColumns) -> None:
        """Write what comes before the rows; called once, with the first batch, even where that is empty."""
        ...

    def write(self, batch: Batch, new: NewColumns) -> None:
        """Write the rows."""
        ...

    def close(self) -> None:
        """Write what comes after the rows; called after a failure, too."""
        ...


class DelimitedCopy:
    """Delimited to delimited: every record copied unchanged, the new fields before its line end."""

    def __init__(self, handle: BinaryIO, dialect: Dialect, header: str | None) -> None:
        self.handle = handle
        self.dialect = dialect
        self.header = header

    def start(self, batch: Batch, new: NewColumns) -> None:
        """Write byte order mark, the line that names the delimiter if there is one, and header."""
        self.handle.write(self.dialect.encoding.bom)
        if self.dialect.sep_line is not None:
            self.handle.write(self.dialect.encoding.encode(self.dialect.sep_line))
        if self.header is not None:
            self._write([self.header], self._tails([[name] for name in new.frame.columns]))

    def write(self, batch: Batch, new: NewColumns) -> None:
        """Write the rows."""
        self._write(list(batch.raw or ()), new.spread(self._tails([as_fields(column) for column in new.frame])))

    def close(self) -> None:
        """Write nothing."""

    def _tails(self, columns: list[list[str]]) -> list[str]:
        # An empty field in front gives the delimiter that the new fields begin with.
        fields = zip(repeat(""), *columns, strict=False) if columns else ()
        return delimited(fields, self.dialect.delimiter, self.dialect.quoting, self.dialect.quote_char)

    def _write(self, raws: list[str], tails: list[str]) -> None:
        if tails:
            raws = [
                # Most records end so; `_before_end` alone would take as long as all the rest.
                f"{raw[:-1]}{tail}\n" if raw[-1:] == "\n" and raw[-2:-1] != "\r" else _before_end(raw, tail)
                for raw, tail in zip(raws, tails, strict=True)
            ]
        self.handle.write(self.dialect.encoding.encode("".join(raws)))


class DelimitedSink:
    """Anything to CSV or TSV: UTF-8, LF, quoted where needed; ``safe`` cells are not formulas to a spreadsheet."""

    def __init__(
        self, handle: BinaryIO, delimiter: str, header: bool, safe: bool = False, names_delimiter: bool = False
    ) -> None:
        self.handle = handle
        self.delimiter = delimiter
        self.header = header
        self.safe = safe
        self.names_delimiter = names_delimiter

    def start(self, batch: Batch, new: NewColumns) -> None:
        """Write the line that names the delimiter to Excel, if it is wanted, and the header."""
        if self.names_delimiter:
            self.handle.write(f"sep={self.delimiter}\n".encode())
        if self.header:
            self._write([[name] for name in (*batch.stored.columns, *new.frame.columns)])

    def write(self, batch: Batch, new: NewColumns) -> None:
        """Write the rows."""
        self._write([*map(as_fields, batch.stored), *new.spread_columns(as_fields)])

    def close(self) -> None:
        """Write nothing."""

    def _write(self, columns: list[list[str]]) -> None:
        if self.safe:
            columns = [spreadsheet_safe(column) for column in columns]
        records = delimited(zip(*columns, strict=True), self.delimiter, quoting=True)
        self.handle.write("".join(record + "\n" for record in records).encode())


class JsonlCopy:
    """JSONL to JSONL: every line copied unchanged, the new keys before its closing brace."""

    def __init__(self, handle: BinaryIO, encoding: Encoding) -> None:
        self.handle = handle
        self.encoding = encoding

    def start(self, batch: Batch, new: NewColumns) -> None:
        """Write the byte order mark."""
        self.handle.write(self.encoding.bom)

    def write(self, batch: Batch, new: NewColumns) -> None:
        """Write the rows."""
        tails = new.spread(_members(new.frame.columns, map(as_json, new.frame))) or [""] * len(batch)
        lines = []
        for raw, tail in zip(batch.raw or (), tails, strict=True):
            brace = raw.rindex("}")
            lines.append(f"{raw[:brace]}{', ' if tail else ''}{tail}{raw[brace:]}")
        self.handle.write(self.encoding.encode("".join(lines)))

    def close(self) -> None:
        """Write nothing."""


class JsonlSink:
    """Anything to JSONL: UTF-8, one object a line."""

    def __init__(self, handle: BinaryIO) -> None:
        self.handle = handle

    def start(self, batch: Batch, new: NewColumns) -> None:
        """Write nothing."""

    def write(self, batch: Batch, new: NewColumns) -> None:
        """Write the rows."""
        names = [*batch.stored.columns, *new.frame.columns]
        values = [*map(as_json, batch.stored), *new.spread_columns(as_json)]
        self.handle.write("".join(f"{{{members}}}\n" for members in _members(names, values)).encode())

    def close(self) -> None:
        """Write nothing."""


class JsonArraySink:
    """Anything to a JSON array: UTF-8, one object a line; written as JSON Lines by ``lines``.

    Without `start`, as for a part of an output, every object has its comma before it.
    """

    def __init__(self, handle: BinaryIO, lines: Callable[[BinaryIO], Sink]) -> None:
        self.handle = handle
        self.lines = lines
        self.is_started = False
        self.is_first = False

    def start(self, batch: Batch, new: NewColumns) -> None:
        """Open the array."""
        self.handle.write(b"[")
        self.is_started = self.is_first = True

    def write(self, batch: Batch, new: NewColumns) -> None:
        """Write the rows."""
        held = io.BytesIO()
        self.lines(held).write(batch, new)
        rows = [row for line in held.getvalue().split(b"\n") if (row := line.strip())]
        if rows:
            self.handle.write((b"\n" if self.is_first else b",\n") + b",\n".join(rows))
            self.is_first = False

    def close(self) -> None:
        """Close the array."""
        if self.is_started:
            self.handle.write(ARRAY_END)


class ParquetSink:
    """Anything to Parquet, types as they are; one row group a batch."""

    def __init__(self, handle: BinaryIO) -> None:
        self.handle = handle
        self.writer: Any = None

    def start(self, batch: Batch, new: NewColumns) -> None:
        """Fix the schema."""
        import pyarrow.parquet as pq

        self.writer = pq.ParquetWriter(self.handle, _arrow(batch, new).schema, compression="zstd")

    def write(self, batch: Batch, new: NewColumns) -> None:
        """Write the rows."""
        self.writer.write_table(_arrow(batch, new))

    def close(self) -> None:
        """Write the footer."""
        if self.writer is not None:
            self.writer.close()


def _before_end(raw: str, tail: str) -> str:
    text, end = split_end(raw)
    return text + tail + end


def _members(names: Sequence[str], columns: Iterable[list[str]]) -> list[str]:
    """Return each row as the members of a JSON object, without its braces."""
    keyed = [[f"{json_key(name)}: {value}" for value in values] for name, values in zip(names, columns, strict=True)]
    return list(map(", ".join, zip(*keyed, strict=True)))


def _arrow(batch: Batch, new: NewColumns) -> Any:
    for column in batch.source:
        if column.dtype == pl.Object:
            raise CorpusError(
                f"column '{column.name}' {why_object(column.to_list())}: convert it, or write JSONL or CSV"
            )
    # The oldest level: plain large strings, which every reader of Parquet knows.
    return pl.concat([batch.stored, new.rows()], how="horizontal").to_arrow(compat_level=pl.CompatLevel.oldest())
