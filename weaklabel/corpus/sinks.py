"""Writers of one format each: rows of a corpus with new columns, batch by batch, into an open binary file."""

from __future__ import annotations

from itertools import repeat
from typing import Any, BinaryIO, Protocol

import polars as pl

from weaklabel.corpus.batch import Batch
from weaklabel.corpus.dialect import Dialect
from weaklabel.corpus.open import Encoding
from weaklabel.corpus.records import split_end
from weaklabel.corpus.values import as_fields, as_json, delimited, json_key


class Sink(Protocol):
    """Writes one format. ``new`` holds the new columns of ``batch``, in the same rows."""

    def start(self, batch: Batch, new: pl.DataFrame) -> None:
        """Write what stands before the rows; called once, with the first batch, even where that is empty."""
        ...

    def write(self, batch: Batch, new: pl.DataFrame) -> None:
        """Write the rows."""
        ...

    def close(self) -> None:
        """Write what stands after the rows; called after a failure, too."""
        ...


class DelimitedCopy:
    """Delimited to delimited: every record copied as it stands, the new fields before its line end."""

    def __init__(self, handle: BinaryIO, dialect: Dialect, header: str | None) -> None:
        self.handle = handle
        self.dialect = dialect
        self.header = header

    def start(self, batch: Batch, new: pl.DataFrame) -> None:
        """Write byte order mark and header."""
        self.handle.write(self.dialect.encoding.bom)
        if self.header is not None:
            self._write([self.header], [[name] for name in new.columns])

    def write(self, batch: Batch, new: pl.DataFrame) -> None:
        """Write the rows."""
        self._write(list(batch.raw or ()), [as_fields(column) for column in new])

    def close(self) -> None:
        """Write nothing."""

    def _write(self, raws: list[str], columns: list[list[str]]) -> None:
        if columns:
            # An empty field in front gives the delimiter that the new fields begin with.
            tails = delimited(zip(repeat(""), *columns, strict=False), self.dialect.delimiter, self.dialect.quoting)
            ends = map(split_end, raws)
            raws = [text + tail + end for (text, end), tail in zip(ends, tails, strict=True)]
        self.handle.write(self.dialect.encoding.encode("".join(raws)))


class DelimitedSink:
    """Anything to CSV or TSV: UTF-8, LF, quoted where needed."""

    def __init__(self, handle: BinaryIO, delimiter: str, header: bool) -> None:
        self.handle = handle
        self.delimiter = delimiter
        self.header = header

    def start(self, batch: Batch, new: pl.DataFrame) -> None:
        """Write the header."""
        if self.header:
            self._write([[name] for name in (*batch.source.columns, *new.columns)])

    def write(self, batch: Batch, new: pl.DataFrame) -> None:
        """Write the rows."""
        self._write([as_fields(column) for frame in (batch.source, new) for column in frame])

    def close(self) -> None:
        """Write nothing."""

    def _write(self, columns: list[list[str]]) -> None:
        records = delimited(zip(*columns, strict=True), self.delimiter, quoting=True)
        self.handle.write("".join(record + "\n" for record in records).encode())


class JsonlCopy:
    """JSONL to JSONL: every line copied as it stands, the new keys before its closing brace."""

    def __init__(self, handle: BinaryIO, encoding: Encoding) -> None:
        self.handle = handle
        self.encoding = encoding

    def start(self, batch: Batch, new: pl.DataFrame) -> None:
        """Write the byte order mark."""
        self.handle.write(self.encoding.bom)

    def write(self, batch: Batch, new: pl.DataFrame) -> None:
        """Write the rows."""
        tails = _members([new]) if new.width else [""] * len(batch)
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

    def start(self, batch: Batch, new: pl.DataFrame) -> None:
        """Write nothing."""

    def write(self, batch: Batch, new: pl.DataFrame) -> None:
        """Write the rows."""
        self.handle.write("".join(f"{{{members}}}\n" for members in _members([batch.source, new])).encode())

    def close(self) -> None:
        """Write nothing."""


class ParquetSink:
    """Anything to Parquet, types as they are; one row group a batch."""

    def __init__(self, handle: BinaryIO) -> None:
        self.handle = handle
        self.writer: Any = None

    def start(self, batch: Batch, new: pl.DataFrame) -> None:
        """Fix the schema."""
        import pyarrow.parquet as pq

        self.writer = pq.ParquetWriter(self.handle, _arrow(batch, new).schema, compression="zstd")

    def write(self, batch: Batch, new: pl.DataFrame) -> None:
        """Write the rows."""
        self.writer.write_table(_arrow(batch, new))

    def close(self) -> None:
        """Write the footer."""
        if self.writer is not None:
            self.writer.close()


def _members(frames: list[pl.DataFrame]) -> list[str]:
    """Return each row as the members of a JSON object, without its braces."""
    columns = [
        [f"{json_key(column.name)}: {value}" for value in as_json(column)] for frame in frames for column in frame
    ]
    return list(map(", ".join, zip(*columns, strict=True)))


def _arrow(batch: Batch, new: pl.DataFrame) -> Any:
    # The oldest level: plain large strings, which every reader of Parquet knows.
    return pl.concat([batch.source, new], how="horizontal").to_arrow(compat_level=pl.CompatLevel.oldest())
