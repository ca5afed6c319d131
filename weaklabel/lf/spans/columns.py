"""Spans from elsewhere: a column of the corpus, or a file of another system or of annotators."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from weaklabel.corpus.batch import TEXT, Batch
from weaklabel.errors import CorpusError, LFError, nearest
from weaklabel.lf.core import Reason, check_columns, check_name
from weaklabel.lf.spans.answers import Span, WrongSpan
from weaklabel.lf.spans.named import Labels, NamedSpansLF
from weaklabel.support.encodings import NotUtf8, utf8
from weaklabel.units import SPANS, read_spans


class GivenSpansLF(NamedSpansLF):
    """A labeling function whose spans were given, as a list for each row; see `column_spans` and `spans_from_jsonl`."""

    kind = "given spans"

    def cells(self, batch: Batch) -> Sequence[Any]:
        """Return what is given for each row, as `weaklabel.units.read_spans` reads it. Length: n."""
        raise NotImplementedError

    def vote(self, batch: Batch) -> list[Any]:
        """See `SpanLF.vote`; spans that do not fit their text fail."""
        cells, texts = self.cells(batch), batch.texts
        return [self._spans_of(cell, text) for cell, text in zip(cells, texts, strict=True)]

    def _spans_of(self, cell: Any, text: str) -> list[Span] | WrongSpan:
        try:
            given = read_spans([cell], [text], where=self.name)
        except CorpusError as error:
            return WrongSpan(str(error).removeprefix(f"{self.name}, row 0: ").removeprefix(f"{self.name}, row 0, "))
        return self.numbered((begin, end, given.labels[label]) for begin, end, label in given.spans.of_row(0))


class ColumnSpansLF(GivenSpansLF):
    """A labeling function that takes its spans from a column of the corpus; made by `column_spans`."""

    kind = "column"

    def __init__(self, name: str, column: str, labels: Labels, complete: bool) -> None:
        super().__init__(name, labels, complete=complete)
        self.column = column
        self.columns: tuple[str, ...] = (TEXT, column)

    def cells(self, batch: Batch) -> Sequence[Any]:
        """See `GivenSpansLF.cells`."""
        check_columns(self.name, (self.column,), batch)
        return batch.frame[self.column].to_list()

    def reason_of_span(self, row: Batch, span: Span) -> Reason:
        """See `SpanLF.reason_of_span`."""
        return Reason(f"the column {self.column} has it as {self.name_of(span[2])}")


def column_spans(
    column: str = SPANS, labels: Labels = None, name: str | None = None, *, complete: bool = False
) -> ColumnSpansLF:
    """Make a labeling function of a corpus column that holds spans, such as those of another system.

    Parameters
    ----------
    column
        Column to read: each cell a list of objects such as ``{"start": 0, "end": 12, "label": "PER"}``, as JSON text in CSV;
        empty where nothing is known. ``text``, where it is there, is compared with what the text has at that place.
    labels
        The labels that count: a list, or a mapping from the column's names to those of the pack, such as ``{"PERSON":
        "PER"}``. By default all; names that are not labels of the pack are left out and counted.
    name
        Name of the labeling function; by default the column's.
    complete
        Whether it marks all entities of its labels, so that where it marks nothing is evidence, too.

    Examples
    --------
    >>> lf = column_spans("tagger", {"PERSON": 0})
    >>> lf({"text": "Ada left Rome", "tagger": '[[0, 3, "PERSON"], [9, 13, "GPE"]]'})
    [(0, 3, 0)]
    """
    return ColumnSpansLF(check_name(column if name is None else name), column, labels, complete)


class FileSpansLF(GivenSpansLF):
    """A labeling function that takes its spans from a file, joined by a column; made by `spans_from_jsonl`."""

    kind = "external"

    def __init__(self, name: str, key: str, given: Mapping[str, Any], labels: Labels, complete: bool) -> None:
        super().__init__(name, labels, complete=complete)
        self.key = key
        self.given: dict[str, Any] = dict(given)
        self.columns: tuple[str, ...] = tuple(dict.fromkeys([TEXT, key]))

    def cells(self, batch: Batch) -> Sequence[Any]:
        """See `GivenSpansLF.cells`."""
        check_columns(self.name, (self.key,), batch)
        return [self.given.get(key) for key in batch.frame[self.key].cast(pl.String).to_list()]

    def options(self) -> dict[str, Any]:
        """See `LF.options`."""
        return {name: value for name, value in super().options().items() if name != "given"} | {"rows": len(self.given)}

    def reason_of_span(self, row: Batch, span: Span) -> Reason:
        """See `SpanLF.reason_of_span`."""
        return Reason(f"given from outside as {self.name_of(span[2])}")


def spans_from_jsonl(
    path: str | os.PathLike[str],
    *,
    key: str = TEXT,
    spans: str = SPANS,
    worker: str | None = None,
    labels: Labels = None,
    prefix: str = "",
    complete: bool = False,
) -> list[FileSpansLF]:
    """Make labeling functions of a file of spans: one, or one for each annotator or system in it.

    The file is joined to the corpus by a column that both have. In rows of the corpus that the file does not mention, nothing
    is marked.

    Parameters
    ----------
    path
        UTF-8 file with a JSON object a line, such as ``{"id": 7, "spans": [{"start": 0, "end": 3, "label": "PER"}]}``.
    key
        Field of the file and column of the corpus whose value identifies a row, compared as text; by default the text itself.
    spans
        Field with the spans; null where they are not known.
    worker
        Field that says who marked them; without it, all lines are of one labeling function.
    labels, complete
        See `column_spans`.
    prefix
        Put before each worker to make the name of the labeling function; without ``worker``, the name, by default that of the
        file.

    Returns
    -------
    list of FileSpansLF
        In the order in which the workers first appear.

    Raises
    ------
    LFError
        The file cannot be read or has no spans; or a line of it is no JSON object, lacks a field, or is a second one of a
        worker on a key; says file and line.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "crowd.jsonl")
    ...     _ = path.write_text('{"id": 7, "who": "ann", "spans": [{"start": 0, "end": 3, "label": "PER"}]}')
    ...     (ann,) = spans_from_jsonl(path, key="id", worker="who")
    >>> ann.name, ann.bind(["PER"])({"id": 7, "text": "Ada left"})
    ('ann', [(0, 3, 0)])
    """
    where = Path(path)
    by_worker: dict[str, dict[str, Any]] = {}
    for number, line in enumerate(_lines(where), start=1):
        if not line.strip():
            continue
        row = _object(line, f"{where}, line {number}")
        who = prefix or where.stem
        if worker is not None:
            who = prefix + _field(row, worker, f"{where}, line {number}")
        value = _field(row, key, f"{where}, line {number}")
        if spans not in row:
            raise LFError(f"{where}, line {number}: the field '{spans}' is missing{nearest(spans, row)}")
        given = by_worker.setdefault(who, {})
        if value in given:
            raise LFError(f"{where}, line {number}: a second line of '{who}' for the {key} '{value:.60}'; keep one")
        given[value] = row[spans]
    if not by_worker:
        raise LFError(f"{where} has no spans; it must have a JSON object on each line")
    return [FileSpansLF(check_name(who), key, given, labels, complete) for who, given in by_worker.items()]


def _lines(path: Path) -> list[str]:
    try:
        # By line feeds alone: a text may hold other separators, which JSON leaves as they are.
        return utf8(path.read_bytes(), str(path)).removeprefix("\ufeff").split("\n")
    except OSError as error:
        raise LFError(
            f"cannot read {path}: {error.strerror or error}; give the path of a JSONL file of spans"
        ) from None
    except NotUtf8 as error:
        raise LFError(str(error)) from None


def _object(line: str, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise LFError(f"{where}: no JSON: {error}") from None
    if not isinstance(row, dict):
        raise LFError(f"{where}: a {type(row).__name__}, where a JSON object is needed")
    return row


def _field(row: Mapping[str, Any], name: str, where: str) -> str:
    value = row.get(name)
    if value is None or isinstance(value, dict | list) or value == "":
        what = "is missing" if value is None else "is empty" if value == "" else "must be a text or a number"
        raise LFError(f"{where}: the field '{name}' {what}{nearest(name, set(row) - {name}) if value is None else ''}")
    return str(value)
