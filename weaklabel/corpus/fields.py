"""Fields inside a column, by dotted paths such as ``data.text``: of JSON objects, as JSON or as text, and of structs."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from weaklabel.corpus.jsonl import JsonlSource, at_path
from weaklabel.corpus.parts import Source
from weaklabel.support.naming import setting

SEARCHED_ROWS = 1000
"""Rows of a column of text in which a field is looked for."""


@dataclass(frozen=True)
class Field:
    """A field inside a column.

    Attributes
    ----------
    name
        The dotted path.
    head
        The column that it begins with.
    rest
        The path inside the column.
    dtype
        The type of its values.
    """

    name: str
    head: str
    rest: str
    dtype: pl.DataType

    def column(self, rows: pl.DataFrame) -> pl.Series:
        """Return its values as a column; null where a row has no such field. Length: n."""
        values = rows[self.head]
        if values.dtype == pl.String:
            return pl.Series(self.name, at_path(values.to_list(), self.rest), dtype=pl.String)
        for name in self.rest.split("."):
            values = values.struct.field(name)
        return values.alias(self.name)


def field_of(source: Source, path: str) -> Field | None:
    """Return the field at a dotted path; None if there is none.

    A column of text may hold JSON objects, as it does where `weaklabel label` wrote JSON rows to CSV or Parquet.
    """
    parts = path.split(".")
    for length in range(1, len(parts)):
        head, rest = ".".join(parts[:length]), parts[length:]
        if head not in source.schema:
            continue
        if isinstance(source, JsonlSource):
            is_there = path not in source.text or path in source.paths
            return Field(path, head, ".".join(rest), pl.String()) if is_there else None
        dtype: pl.DataType | None = source.schema[head]
        if dtype == pl.String and _has_field(source, head, ".".join(rest)):
            return Field(path, head, ".".join(rest), pl.String())
        for name in rest:
            dtype = _inner(dtype, name)
        if dtype is not None:
            return Field(path, head, ".".join(rest), dtype)
    return None


def _has_field(source: Source, head: str, rest: str) -> bool:
    """Return whether one of the first rows has a JSON object with such a field."""
    first = next(iter(source.chunks()), None)
    return first is not None and any(
        value is not None for value in at_path(first.frame[head].head(SEARCHED_ROWS).to_list(), rest)
    )


def _inner(dtype: pl.DataType | None, name: str) -> pl.DataType | None:
    if not isinstance(dtype, pl.Struct):
        return None
    inner = dict(dtype.to_schema()).get(name)
    return inner() if isinstance(inner, type) else inner


def inside(name: str, dtype: pl.DataType) -> str:
    """Say in the end of a sentence what to name instead of a column that is not text."""
    if not isinstance(dtype, pl.Struct):
        return ": join them to one text first" if isinstance(dtype, (pl.List, pl.Array)) else ": convert it to text"
    fields = dict(dtype.to_schema())
    inner = next((key for key, kind in fields.items() if kind == pl.String), next(iter(fields), None))
    return "" if inner is None else f": name a field of it, such as {setting('corpus.text', f'{name}.{inner}')}"
