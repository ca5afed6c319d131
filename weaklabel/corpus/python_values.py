"""Values that Arrow cannot hold: kept as Python values next to the columns of a corpus, for row labeling functions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from weaklabel.corpus.objects import UncarriedError, decode, encode
from weaklabel.errors import CorpusError


class PythonValues:
    """Python values of rows, by column; or the rows as they were given.

    Parameters
    ----------
    columns
        Values by column: lists, or pandas Series, whose values are made to Python objects batch by batch. Length: n.
    rows
        The rows themselves, where the corpus was created from Python objects. Length: n.
    first
        Row of the corpus at which they begin.
    left_out
        Why a column is missing here, by column.
    """

    def __init__(
        self,
        columns: Mapping[str, Any] | None = None,
        rows: Sequence[Any] | None = None,
        first: int = 0,
        left_out: Mapping[str, str] | None = None,
    ) -> None:
        self.columns = dict(columns or {})
        self.rows = rows
        self.first = first
        self.left_out = dict(left_out or {})

    def __bool__(self) -> bool:
        return bool(self.columns) or self.rows is not None or bool(self.left_out)

    @cached_property
    def are_mappings(self) -> bool:
        """Whether the rows were given as mappings, such as dicts."""
        return self.rows is not None and all(isinstance(row, Mapping) for row in self.rows)

    def values(self, name: str, start: int, stop: int) -> list[Any]:
        """Return the values of a column in rows ``start`` to before ``stop`` of the corpus."""
        column = self.columns[name]
        part = getattr(column, "iloc", column)[start - self.first : stop - self.first]
        items: list[Any] = part.tolist() if hasattr(part, "tolist") else part
        return items

    def objects(self, start: int, stop: int) -> list[Any] | None:
        """Return the rows as they were given, None where the corpus was not created from rows."""
        return None if self.rows is None else list(self.rows[start - self.first : stop - self.first])

    def pack(self, names: Sequence[str], start: int, stop: int) -> dict[str, Any] | None:
        """Return rows ``start`` to before ``stop`` as JSON takes them, for `unpack` in another process.

        Raises
        ------
        CorpusError
            The rows are Python objects of types that only this process has.
        """
        if not self:
            return None
        packed: dict[str, Any] = {"columns": {}, "rows": None, "left_out": dict(self.left_out)}
        rows = self.objects(start, stop)
        if rows is not None:
            try:
                packed["rows"] = [encode(row) for row in rows]
            except UncarriedError as error:
                raise CorpusError(
                    f"rows that hold a {error} cannot be sent to the processes of workers; use workers=0, or give the "
                    "rows as a data frame"
                ) from None
            return packed
        for name in names:
            if name not in self.columns:
                continue
            try:
                packed["columns"][name] = [encode(value) for value in self.values(name, start, stop)]
            except UncarriedError as error:
                packed["left_out"][name] = (
                    f"column '{name}' holds a {error}, which cannot be sent to the processes of workers; use workers=0, "
                    "or convert the column"
                )
        return packed

    @classmethod
    def unpack(cls, packed: Mapping[str, Any] | None, start: int) -> PythonValues | None:
        """Return what `pack` packed, from row ``start`` on."""
        if packed is None:
            return None
        columns = {name: [decode(value) for value in values] for name, values in packed["columns"].items()}
        rows = packed["rows"]
        return cls(columns, None if rows is None else [decode(row) for row in rows], start, packed["left_out"])

    def content(self, n: int, step: int = 10_000) -> Iterator[Any]:
        """Yield all values as JSON takes them, a piece at a time, for a hash of them.

        Raises
        ------
        UncarriedError
            The content of a value cannot be hashed.
        """
        for start in range(0, n, step):
            for row in self.objects(start, min(n, start + step)) or ():
                yield encode(row)
            for name in self.columns:
                yield [name, [encode(value) for value in self.values(name, start, min(n, start + step))]]


class JsonPythonValues(PythonValues):
    """The values of JSON records as JSON has them: numbers, truth values, lists and objects, where columns hold text.

    Parameters
    ----------
    records
        The records of the rows, one JSON object each; decoded only once they are asked for.
    first
        Row of the corpus at which they begin.
    """

    def __init__(self, records: Sequence[str], first: int) -> None:
        self._records = records
        self.rows = None
        self.first = first
        self.left_out = {}

    def __bool__(self) -> bool:
        return True

    @cached_property
    def columns(self) -> dict[str, Any]:  # type: ignore[override]
        """By name, the values of those columns that hold more than text."""
        rows: list[dict[str, Any]] = [_DECODER.decode(record) for record in self._records]
        typed = {name for row in rows for name, value in row.items() if not isinstance(value, str | None)}
        return {name: [row.get(name) for row in rows] for name in sorted(typed)}


def _whole(digits: str) -> int | str:
    try:
        return int(digits)
    except ValueError:  # more digits than Python makes a number of
        return digits


_DECODER = json.JSONDecoder(parse_int=_whole)
