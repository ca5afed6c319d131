"""Values as text: fields of delimited files, and JSON."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable
from datetime import date, time, timedelta
from decimal import Decimal
from json.encoder import encode_basestring
from types import SimpleNamespace

import polars as pl

from weaklabel.corpus.objects import is_missing
from weaklabel.errors import CorpusError


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
