"""Rows of tables (CSV, TSV, JSONL, JSON arrays, Parquet) as documents; `weaklabel.corpus.read_corpus` reads them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

import polars as pl

from weaklabel.collect.blobs import Blob
from weaklabel.collect.decoding import Unreadable, of_collecting
from weaklabel.collect.source import RENAMED, Document, Rejected
from weaklabel.config import CollectSettings
from weaklabel.corpus import Batch, Corpus, read_corpus
from weaklabel.corpus.batch import check_names
from weaklabel.corpus.open import JSON_FORMATS, detect_encoding, format_by_name
from weaklabel.corpus.parts import Part
from weaklabel.corpus.records import Asked, check_columns
from weaklabel.corpus.sinks import as_json
from weaklabel.corpus.transform import PLACE, PROVENANCE, SHA256, SOURCE, STEPS, TIME
from weaklabel.errors import CorpusError
from weaklabel.support.hashing import sha256_of_bytes

_WRONG_BYTE = re.compile(r"\bbyte \d+ is not ")


def read_table(
    blob: Blob, settings: CollectSettings, parts: Sequence[Part] | None = None, format: str | None = None
) -> Iterator[Document | Rejected]:
    """Read the rows of a table.

    Parameters
    ----------
    blob
        The table.
    settings
        How it is read; all but text columns and encoding is of CSV and TSV files alone.
    parts
        The parts to read; by default all.
    format
        As of `weaklabel.corpus.read_corpus`, if the name of the table does not tell.

    Raises
    ------
    Unreadable
        It cannot be read as a table, or lacks the text column.
    """
    with blob.as_file() as path:
        corpus = open_table(path, blob.source, settings, format)
        rows = corpus.parts() if parts is None else (corpus.read_part(part) for part in parts)
        try:
            for part in rows:
                for reject in part.rejects:
                    yield Rejected(blob.source, f"line {reject.line}", "row", reject.reason, reject.raw)
                yield from documents(part.batch, blob, part.part.first_row, is_json=corpus.format in JSON_FORMATS)
        except CorpusError as error:
            raise Unreadable(_rule(error), _reason(error, path, blob.source)) from None


def open_table(path: Path, name: str, settings: CollectSettings, format: str | None = None) -> Corpus:
    """Open a table with its text columns.

    Raises
    ------
    Unreadable
        It cannot be read as a table, or lacks the text column.
    """
    arguments: dict[str, Any] = {"format": format or format_by_name(name)}
    if arguments["format"] in ("csv", "tsv"):
        arguments |= settings.table_reading()
    elif settings.encoding is not None and arguments["format"] != "parquet":
        arguments["encoding"] = settings.encoding
    arguments["text"] = settings.text
    try:
        corpus = read_corpus(path, **arguments)
        check_names(corpus.columns, corpus.name)
        return corpus
    except CorpusError as error:
        rule, reason = _rule(error), _reason(error, path, name)
    try:
        read_corpus(path, **arguments | {"text": ()})
    except CorpusError:
        raise Unreadable(rule, reason) from None
    raise Unreadable("columns", reason)


def check_reading(settings: CollectSettings) -> None:
    """Refuse settings that no table can be read with, before the first is opened.

    Raises
    ------
    CorpusError
        The encoding does not exist, or what is said of CSV files does not make sense.
    """
    detect_encoding(b"", settings.encoding, "collect")
    dialect = (settings.delimiter, settings.quoting, settings.header, settings.quote_char, settings.comment)
    check_columns(Asked(*dialect, settings.skip_rows).checked("collect"), settings.columns, "collect")


def _rule(error: CorpusError) -> str:
    return "encoding" if _WRONG_BYTE.search(str(error)) else "broken"


def _reason(error: CorpusError, path: Path, name: str) -> str:
    """Return a message without the name of the file, which stands elsewhere."""
    return of_collecting(str(error).removeprefix(f"{path}: ").replace(str(path), name))


def documents(batch: Batch, blob: Blob, first_row: int, is_json: bool = False) -> Iterator[Document]:
    """Give the rows of a batch as documents.

    Rows that were collected before keep their provenance.

    Parameters
    ----------
    batch
        The rows.
    blob
        The table.
    first_row
        Number in the table of the first of them, from 0.
    is_json
        Whether the rows are objects of JSON: what is a number or true or false there stays one.
    """
    frame = batch.stored
    texts = batch.texts
    is_collected = set(PROVENANCE) <= set(frame.columns)
    # A single text column becomes the text; where several are joined, each stays, too.
    others = frame.drop(batch.text if len(batch.text) == 1 else [], strict=False).drop(
        PROVENANCE if is_collected else []
    )
    plain = others.with_columns(as_plain(column) for column in others)
    renamed = {name: RENAMED + name for name in blob.columns if name in plain.columns}
    rows: Iterable[dict[str, Any]] = plain.iter_rows(named=True)
    if is_json and batch.raw is not None:
        rows = map(with_values_of_json, rows, batch.raw)
    provenance = frame.select(list(PROVENANCE)).rows(named=True) if is_collected else None
    for number, (text, row) in enumerate(zip(texts, rows, strict=True)):
        columns = {**blob.columns, **{renamed.get(name, name): value for name, value in row.items()}}
        if provenance is None:
            sha256 = sha256_of_bytes(text.encode("utf-8", "surrogatepass"))
            yield Document(text, blob.source, f"row {first_row + number + 1}", sha256, blob.time, columns=columns)
        else:
            old = {name: value or "" for name, value in provenance[number].items()}
            steps = tuple(filter(None, old[STEPS].split("; ")))
            yield Document(text, old[SOURCE], old[PLACE], old[SHA256], old[TIME] or None, steps, row)


def with_values_of_json(row: dict[str, Any], line: str) -> dict[str, Any]:
    """Return a row in which numbers, true and false are what they are in its line of JSON, instead of text.

    Numbers that no double holds, such as 1e999, stay text.

    Examples
    --------
    >>> with_values_of_json({"a": "5", "b": "5", "c": "[1]"}, '{"a": 5, "b": "5", "c": [1]}')
    {'a': 5, 'b': '5', 'c': '[1]'}
    """
    typed = _DECODER.decode(line)
    return {name: typed[name] if type(typed.get(name)) in _SCALARS else value for name, value in row.items()}


def _finite(number: str) -> float | str:
    value = float(number)
    return value if isfinite(value) else number


_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=str)
_SCALARS = (bool, int, float)


def as_plain(column: pl.Series) -> pl.Series:
    """Return a column with values that every format holds: lists and structs as JSON, other types as text."""
    dtype = column.dtype
    if dtype.is_nested() or dtype == pl.Object:
        values = as_json(column)
        return pl.Series(column.name, [None if value == "null" else value for value in values], dtype=pl.String)
    if dtype == pl.Binary:
        hexadecimal = [None if value is None else value.hex() for value in column.to_list()]
        return pl.Series(column.name, hexadecimal, dtype=pl.String)
    if isinstance(dtype, pl.Datetime):
        return column.dt.cast_time_unit("us") if dtype.time_zone is None else column.dt.convert_time_zone("UTC")
    is_kept = (dtype.is_numeric() and not dtype.is_decimal()) or dtype in (pl.String, pl.Boolean, pl.Date, pl.Null)
    return column if is_kept else column.cast(pl.String)
