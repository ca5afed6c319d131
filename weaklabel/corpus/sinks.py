"""Writers of one format each: rows of a corpus with new columns, batch by batch, into an open binary file.

Before them, values as text: fields of delimited files, and JSON.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from itertools import repeat
from json.encoder import encode_basestring
from types import SimpleNamespace
from typing import Any, BinaryIO, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from weaklabel.corpus.batch import Batch
from weaklabel.corpus.frame import why_object
from weaklabel.corpus.open import Encoding
from weaklabel.corpus.python_values import is_missing
from weaklabel.corpus.records import Dialect, split_end
from weaklabel.errors import CorpusError


@dataclass(frozen=True)
class NewColumns:
    """New columns of consecutive rows.

    Attributes
    ----------
    frame
        Values: a row for each row; or, with ``index``, the rows that occur, each once.
    index
        Row of ``frame`` for each row. A label model's output depends on a row's votes alone, and there are far fewer
        vote patterns than rows.
    """

    frame: pl.DataFrame
    index: NDArray[np.integer] | None = None

    def __len__(self) -> int:
        return self.frame.height if self.index is None else len(self.index)

    def rows(self) -> pl.DataFrame:
        """Return the values row by row."""
        return self.frame if self.index is None else self.frame[self.index]

    def spread(self, texts: list[str]) -> list[str]:
        """Return for each row the value in ``texts`` for its row in ``frame``. Length: n."""
        return texts if self.index is None else [texts[row] for row in self.index.tolist()]

    def spread_columns(self, as_texts: Callable[[pl.Series], list[str]]) -> list[list[str]]:
        """Return each column as texts, a text for each row."""
        return [self.spread(as_texts(column)) for column in self.frame]


def _plain(value: object) -> str:
    if isinstance(value, (date, time, timedelta, Decimal, complex)) or type(value).__module__.startswith("pandas."):
        return str(value)
    raise ValueError(f"{type(value).__name__} is not JSON")


_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")
"""What a cell begins with that Excel, LibreOffice or Sheets would compute, full-width forms included."""

_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?([eE][+-]?\d+)?")

_ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=_plain).encode


def as_fields(column: pl.Series) -> list[str]:
    """Return values as fields: null and NaN empty, booleans ``true``/``false``, nested values as JSON. Length: n."""
    if column.dtype == pl.Object:
        return [
            json.loads(text) if text.startswith('"') else "" if text == "null" else text for text in as_json(column)
        ]
    if column.dtype.is_nested():
        return ["" if text == "null" else text for text in as_json(column)]
    if column.dtype.is_float():
        column = column.fill_nan(None)
    return _cast(column).fill_null("").to_list()


def as_json(column: pl.Series) -> list[str]:
    """Return values as JSON: null and NaN ``null``, dates as ISO text. Length: n.

    Raises
    ------
    CorpusError
        An infinite number, or another value for which JSON has no form.
    """
    if column.dtype == pl.Object:
        return [_object_as_json(column.name, value) for value in column.to_list()]
    try:
        if column.dtype.is_nested():
            return [_ENCODE(value) for value in column.to_list()]
        if column.dtype.is_float():
            column = column.fill_nan(None)
            if column.is_infinite().any():
                raise ValueError("an infinite number")
    except ValueError as error:
        raise CorpusError(f"column '{column.name}' holds what JSON cannot ({error}): write Parquet") from None
    if column.dtype.is_float() or column.dtype.is_integer() or column.dtype == pl.Boolean:
        return column.cast(pl.String).fill_null("null").to_list()
    return ["null" if text is None else encode_basestring(text) for text in _cast(column).to_list()]


def _object_as_json(name: str, value: object) -> str:
    """Return one of the Python values that Arrow could not hold as JSON."""
    if is_missing(value):
        return "null"
    try:
        text = _ENCODE(value)
        text.encode()
    except (ValueError, TypeError) as error:
        raise CorpusError(
            f"column '{name}' holds {value!r:.50}, which cannot be written ({error}): convert it, or leave it out"
        ) from None
    return text


def spreadsheet_safe(fields: list[str]) -> list[str]:
    """Put an apostrophe before every field that a spreadsheet would take for a formula; plain numbers stay.

    Examples
    --------
    >>> spreadsheet_safe(["=1+2", "-5", "@sum", "hello"])
    ["'=1+2", '-5', "'@sum", 'hello']
    """
    return [f"'{field}" if field[:1] in _FORMULA and not _NUMBER.fullmatch(field) else field for field in fields]


def json_key(name: str) -> str:
    """Return ``name`` as a JSON string."""
    return encode_basestring(name)


def delimited(rows: Iterable[Iterable[str]], delimiter: str, quoting: bool, quote_char: str = '"') -> list[str]:
    """Return each row as a record without line end, quoted only where needed.

    Raises
    ------
    CorpusError
        A value needs quotes, and the file has none.
    """
    records: list[str] = []
    writer = csv.writer(
        SimpleNamespace(write=records.append),
        delimiter=delimiter,
        quotechar=quote_char if quoting else None,
        quoting=csv.QUOTE_MINIMAL if quoting else csv.QUOTE_NONE,
        # So that fields with either character are quoted; taken off again, since every record has its own line end.
        lineterminator="\r\n",
    )
    try:
        writer.writerows(rows)
    except csv.Error:
        raise CorpusError(
            f"a new value or column name holds {delimiter!r} or a line end, and the input has no quoting: "
            "write JSONL or Parquet"
        ) from None
    return [record[:-2] for record in records]


def _cast(column: pl.Series) -> pl.Series:
    try:
        return column.cast(pl.String)
    except pl.exceptions.PolarsError:
        raise CorpusError(f"column '{column.name}' holds {column.dtype}, which is not text: write Parquet") from None


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


@dataclass(frozen=True)
class DelimitedForm:
    """How a delimited file is written in UTF-8."""

    delimiter: str
    header: bool = True
    line_end: str = "\n"
    quote_char: str = '"'
    has_mark: bool = False
    """Whether it begins with a byte order mark."""
    names_delimiter: bool = False
    """Whether a line before the header names the delimiter to Excel."""


class DelimitedSink:
    """Anything to CSV or TSV: quoted where needed; ``safe`` cells are not formulas to a spreadsheet."""

    def __init__(self, handle: BinaryIO, form: DelimitedForm, safe: bool = False) -> None:
        self.handle = handle
        self.form = form
        self.safe = safe

    def start(self, batch: Batch, new: NewColumns) -> None:
        """Write what comes before the header, if it is wanted, and the header."""
        if self.form.has_mark:
            self.handle.write(codecs.BOM_UTF8)
        if self.form.names_delimiter:
            self.handle.write(f"sep={self.form.delimiter}{self.form.line_end}".encode())
        if self.form.header:
            self._write([[name] for name in (*batch.stored.columns, *new.frame.columns)])

    def write(self, batch: Batch, new: NewColumns) -> None:
        """Write the rows."""
        self._write([*map(as_fields, batch.stored), *new.spread_columns(as_fields)])

    def close(self) -> None:
        """Write nothing."""

    def _write(self, columns: list[list[str]]) -> None:
        if self.safe:
            columns = [spreadsheet_safe(column) for column in columns]
        rows = zip(*columns, strict=True)
        records = delimited(rows, self.form.delimiter, quoting=True, quote_char=self.form.quote_char)
        self.handle.write("".join(record + self.form.line_end for record in records).encode())


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


class LinesSink:
    """Rows that hold their line of JSON in a column: UTF-8."""

    def __init__(self, handle: BinaryIO, column: str) -> None:
        self.handle = handle
        self.column = column

    def start(self, batch: Batch, new: NewColumns) -> None:
        """Write nothing."""

    def write(self, batch: Batch, new: NewColumns) -> None:
        """Write the rows."""
        self.handle.write("".join(f"{line}\n" for line in batch.stored[self.column].to_list()).encode())

    def close(self) -> None:
        """Write nothing."""


class JsonArraySink:
    """Anything to a JSON array: UTF-8, one object a line; written as JSON Lines by ``lines``.

    Without `start`, as for a part of an output, every object has its comma before it.
    """

    is_started: bool

    def __init__(self, handle: BinaryIO, lines: Callable[[BinaryIO], Sink]) -> None:
        self.handle = handle
        self.lines = lines
        self.is_started = False
        self.is_first: bool = False

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
