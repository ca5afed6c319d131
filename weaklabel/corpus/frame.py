"""Tables and rows in memory as a corpus: data frames, Arrow tables, data sets, lists of texts, dicts or any objects.

Columns are kept as Arrow has them, for pattern labeling functions and for writing. Where that is not what row labeling
functions would see in pandas (tuples, sets, periods, time stamps, missing numbers ...), the Python values are kept next to
them; see `PythonValues`. A column that Arrow cannot hold at all is a column of Python objects.
"""

from __future__ import annotations

import dataclasses
import io
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, time
from types import SimpleNamespace
from typing import Any, NamedTuple
from uuid import uuid4

import polars as pl

from weaklabel.corpus.batch import TEXT, column_name
from weaklabel.corpus.parts import START, Chunk, Mark, Source
from weaklabel.corpus.python_values import PythonValues, UncarriedError, is_missing
from weaklabel.errors import CorpusError
from weaklabel.support.hashing import sha256_of_bytes, sha256_of_parts

_ROWS = 1 << 16
"""Rows given at a time."""

_PLAIN = frozenset({str, bool, int, bytes, date, time, type(None)})
"""Types whose values come back from Arrow as they were."""

ROW = "row"
"""The column of rows that have no fields of their own."""


class Table(NamedTuple):
    """Columns, and the Python values kept with them."""

    frame: pl.DataFrame
    python_values: PythonValues | None = None


class FrameSource(Source):
    """Rows in memory.

    Raises
    ------
    CorpusError
        ``given`` is neither a table nor rows, or two columns share a name.
    """

    frame: Any
    python_values: PythonValues | None

    format = "frame"
    name = "data frame"

    def __init__(self, given: Any) -> None:
        self.frame, self.python_values = as_table(given)
        self.schema: dict[str, pl.DataType] = dict(self.frame.schema)
        self._sha256: str | None = None

    def extent(self) -> int:
        """See `Source`."""
        return self.frame.height

    def chunks(self, start: Mark = START, stop: Mark | None = None) -> Iterator[Chunk]:
        """Give the rows from ``start`` to ``stop``; see `Source`."""
        end = self.frame.height if stop is None else stop.place
        for place in range(start.place, end, _ROWS):
            rows = self.frame[place : min(place + _ROWS, end)]
            yield Chunk(rows, Mark(place + rows.height))

    def describe(self, name: str) -> str:
        """See `Source`."""
        column = self.frame[name]
        return why_object(column.to_list()) if column.dtype == pl.Object else super().describe(name)

    def sha256(self) -> str:
        """Return the SHA-256 of the frame as an Arrow IPC file, and of the Python values kept with it, in hex.

        Where the content of a value cannot be hashed, it is a number that no other corpus has.
        """
        if self._sha256 is None:
            self._sha256 = self._digest()
        return self._sha256

    def _digest(self) -> str:
        try:
            return sha256_of_parts(self._content())
        except UncarriedError:
            return sha256_of_bytes(uuid4().bytes)

    def _content(self) -> Iterator[Any]:
        buffer = io.BytesIO()
        objects = [name for name, dtype in self.schema.items() if dtype == pl.Object]
        self.frame.drop(objects).write_ipc(buffer)
        yield buffer.getbuffer()
        python_values = self.python_values or PythonValues()
        whole = PythonValues(
            {name: self.frame[name].to_list() for name in objects} | python_values.columns, python_values.rows
        )
        if whole:
            for part in whole.content(self.frame.height):
                yield json.dumps(part).encode()


def as_table(given: Any) -> Table:
    """Return whatever holds rows as a table.

    Parameters
    ----------
    given
        A pandas or polars frame, lazy or not, or Series; an Arrow table; a data set of the package ``datasets``; a
        mapping from column to values; or an iterable of texts, or of dicts, dataclasses, named tuples or other objects.

    Raises
    ------
    CorpusError
        It is none of these, two columns share a name, columns differ in length, or some rows are texts and some are not.
    """
    if isinstance(given, pl.LazyFrame):
        given = given.collect()
    if isinstance(given, pl.DataFrame):
        return Table(given)
    if isinstance(given, pl.Series):
        return Table(pl.DataFrame({TEXT: given}))
    pandas, pyarrow, numpy = (sys.modules.get(name) for name in ("pandas", "pyarrow", "numpy"))
    if pandas is not None and isinstance(given, pandas.DataFrame):
        return _of_columns([(name, given.iloc[:, place]) for place, name in enumerate(given.columns)])
    if pandas is not None and isinstance(given, pandas.Series):
        return _of_columns([(TEXT, given)])
    if pyarrow is not None and isinstance(given, pyarrow.Table | pyarrow.RecordBatch):
        return _of_arrow(given)
    if hasattr(given, "features") and hasattr(given, "with_format") and hasattr(given, "__len__"):
        return _of_arrow(given.with_format("arrow")[:])
    if isinstance(given, Mapping):
        return _of_mapping(given)
    if numpy is not None and isinstance(given, numpy.ndarray) and given.ndim == 1:
        given = given.tolist()
    if not isinstance(given, Iterable) or isinstance(given, str | bytes):
        raise CorpusError(
            f"a corpus is a path, '-', a data frame, or rows such as a list of texts or dicts, not {type(given).__name__}"
        )
    return _of_rows(list(given))


def why_object(values: Sequence[Any]) -> str:
    """Say in a few words why Arrow cannot hold the values, naming the first row that shows it."""
    first: tuple[type, int] | None = None
    for row, value in enumerate(values):
        if is_missing(value):
            continue
        if isinstance(value, str) and not _is_encodable(value):
            return f"has a lone surrogate (half a character) in row {row}, {value[:50]!r}"
        if first is not None and type(value) is not first[0]:
            return f"mixes types: {first[0].__name__} in row {first[1]}, {type(value).__name__} in row {row}"
        first = first or (type(value), row)
    return f"holds values of type {first[0].__name__ if first else 'object'}"


def _of_columns(columns: Sequence[tuple[Any, Any]]) -> Table:
    """Make a table of columns, each a pandas Series or a list."""
    names = [column_name(name) for name, _ in columns]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise CorpusError(f"data frame: more than one column is called '{twice[0]}'; give each its own name")
    made, python_values = list[pl.Series](), dict[str, Any]()
    for name, (_, values) in zip(names, columns, strict=True):
        if hasattr(values, "sparse"):
            values = values.sparse.to_dense()
        column, is_whole = _from_list(name, values) if isinstance(values, list) else _from_pandas(name, values)
        made.append(column)
        if not is_whole:
            # A copy: what is done to the frame later must not change the rows behind the columns.
            python_values[name] = values.copy()
    return Table(pl.DataFrame(made), PythonValues(python_values) if python_values else None)


def _from_pandas(name: str, series: Any) -> tuple[pl.Series, bool]:
    """Return a column, and whether its values are those that the rows of the frame have."""
    import pandas as pd

    kind = series.dtype.kind
    if kind in "biufmM" or isinstance(series.dtype, pd.StringDtype):
        try:
            column = pl.from_pandas(series.rename(name))  # in which NaN becomes null
        except (Exception, pl.exceptions.PanicException):  # 16-byte floats, or half a character
            pass
        else:
            return column, kind not in "mM" and not series.hasnans
    return _from_list(name, series.tolist())


def _from_list(name: str, values: list[Any]) -> tuple[pl.Series, bool]:
    """Return a column, and whether its values are those given."""
    types = set(map(type, values))
    is_plain = types <= _PLAIN and len(types - {type(None)}) <= 1  # polars takes False for 0
    present = values if is_plain else [None if is_missing(value) else value for value in values]
    try:
        column = pl.Series(name, present, strict=True)
    except (Exception, pl.exceptions.PanicException):
        return pl.Series(name, values, dtype=pl.Object), True
    if column.dtype == pl.Object or str(column.dtype) in ("Int128", "UInt128"):
        return pl.Series(name, values, dtype=pl.Object), True
    if is_plain:
        return column, True
    if all(map(_is_same, present, column.to_list())):
        return column, False
    return pl.Series(name, values, dtype=pl.Object), True


def _is_same(value: Any, carried: Any) -> bool:
    """Say whether Arrow gave a value back, except for the kind of a sequence and of what is missing."""
    if is_missing(value):
        return is_missing(carried)
    if isinstance(carried, list):
        if hasattr(value, "tolist"):
            value = value.tolist()
        return isinstance(value, list | tuple) and len(value) == len(carried) and all(map(_is_same, value, carried))
    if isinstance(carried, dict):
        return isinstance(value, dict) and value.keys() == carried.keys() and all(
            _is_same(value[key], carried[key]) for key in carried
        )  # fmt: skip
    if hasattr(value, "dtype") and hasattr(value, "item"):
        value = value.item()
    same_kind = isinstance(value, type(carried)) and isinstance(value, bool) == isinstance(carried, bool)
    return same_kind and bool(value == carried)


def _of_arrow(table: Any) -> Table:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return Table(frame)


def _of_mapping(given: Mapping[Any, Any]) -> Table:
    """Make a table of a mapping from column to values."""
    columns = []
    for name, values in given.items():
        if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
            hint = "choose one of its splits" if hasattr(values, "features") else "put one row in a list: [row]"
            raise CorpusError(
                f"a mapping must have a list of values for each column, not {name!r}: {values!r:.50}; {hint}"
            )
        columns.append((name, values.tolist() if hasattr(values, "tolist") else list(values)))
    lengths = {len(values) for _, values in columns}
    if len(lengths) > 1:
        each = ", ".join(f"{name!r} {len(values)}" for name, values in columns)
        raise CorpusError(f"the columns must have as many values each, not {each}")
    return _of_columns(columns)


def _of_rows(rows: list[Any]) -> Table:
    """Make a table of texts, or of objects: their fields are the columns."""
    if not rows or isinstance(rows[0], str) or any(isinstance(row, str) for row in rows):
        for row, text in enumerate(rows):
            if not isinstance(text, str):
                raise CorpusError(f"row {row} of the list of texts is {text!r}, which is not a text")
        return _of_columns([(TEXT, list(map(str, rows)))]) if rows else Table(_no_texts())
    fields = [_fields(row) for row in rows]
    names = dict.fromkeys(name for row_fields in fields for name in row_fields)
    columns = [(name, [row_fields.get(name) for row_fields in fields]) for name in names]
    table = _of_columns(columns or [(ROW, rows)])
    return Table(table.frame, PythonValues(table.python_values.columns if table.python_values else None, rows))


def _no_texts() -> pl.DataFrame:
    return pl.DataFrame(schema={TEXT: pl.String})


def _fields(row: Any) -> dict[str, Any]:
    """Return the fields of a row, by which pattern labeling functions read it and it is written."""
    mapping: Mapping[Any, Any]
    if isinstance(row, Mapping):
        mapping = row
    elif dataclasses.is_dataclass(row):
        mapping = {field.name: getattr(row, field.name, None) for field in dataclasses.fields(row)}
    elif hasattr(row, "_asdict"):
        mapping = row._asdict()
    elif hasattr(row, "to_dict") and not isinstance(row, SimpleNamespace):
        mapping = row.to_dict()
    elif hasattr(row, "__dict__"):
        mapping = {name: value for name, value in vars(row).items() if not str(name).startswith("_")}
    elif isinstance(row, Sequence) or hasattr(row, "tolist"):
        mapping = dict(enumerate(row.tolist() if hasattr(row, "tolist") else row)) if _is_sized(row) else {ROW: row}
    else:
        mapping = {}
    fields = {column_name(name): value for name, value in mapping.items()}
    if TEXT not in fields and not isinstance(row, Mapping) and isinstance(getattr(row, TEXT, None), str):
        fields[TEXT] = row.text
    return fields


def _is_sized(row: Any) -> bool:
    return not isinstance(row, bytes) and (not hasattr(row, "ndim") or row.ndim > 0)


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
