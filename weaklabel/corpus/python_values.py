"""Values that Arrow cannot hold: kept as Python values next to the columns of a corpus, for row labeling functions.

They are encoded as JSON and decoded with their types where they are hashed or sent to another process, without pickle.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from weaklabel.errors import CorpusError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SCALARS = (type(None), bool, int, float, str)
_SEQUENCES: dict[str, Callable[[list[Any]], Any]] = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}
_BY_TEXT: dict[str, Callable[[str], Any]] = {
    "bytes": bytes.fromhex,
    "complex": complex,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "datetime": datetime.fromisoformat,
    "Decimal": Decimal,
}
_MISSING = ("NAType", "NaTType")


class UncarriedError(ValueError):
    """A value of a type that has no form here; the message names the type."""


def is_missing(value: Any) -> bool:
    """Say whether a value is one by which data frames mark what is missing: None, NaN, NaT or pandas's NA."""
    return value is None or (isinstance(value, float) and value != value) or type(value).__name__ in _MISSING


def encode(value: Any) -> Any:
    """Return a value as what `json.dumps` takes: a scalar as itself, anything else as a list of its type and its content.

    Raises
    ------
    UncarriedError
        The value, or one inside it, is of an unknown type.

    Examples
    --------
    >>> encode({"a": (1, None)})
    ['dict', [['a', ['tuple', [1, None]]]]]
    >>> decode(encode({1, 2})) == {1, 2}
    True
    """
    kind = type(value)
    if kind in _SCALARS:
        return value
    name = kind.__name__
    if kind in (list, tuple):
        return [name, [encode(part) for part in value]]
    if kind in (set, frozenset):
        # In an order that does not change from one process to the next.
        return [name, sorted((encode(part) for part in value), key=json.dumps)]
    if kind is dict:
        return [name, [[encode(key), encode(part)] for key, part in value.items()]]
    if kind is timedelta:
        return [name, [value.days, value.seconds, value.microseconds]]
    if kind is bytes:
        return [name, value.hex()]
    if kind in (date, time, Decimal) or (kind is datetime and value.tzinfo is None) or kind is complex:
        return [name, str(value)]
    if kind.__module__.partition(".")[0] == "numpy":
        return _encode_numpy(value)
    if kind.__module__.partition(".")[0] == "pandas":
        return _encode_pandas(value)
    raise UncarriedError(f"{kind.__module__}.{kind.__qualname__}")


def decode(coded: Any) -> Any:
    """Return the value that `encode` was given."""
    if not isinstance(coded, list):
        return coded
    name, content = coded
    if name in _SEQUENCES:
        return _SEQUENCES[name]([decode(part) for part in content])
    if name == "dict":
        return {decode(key): decode(part) for key, part in content}
    if name == "timedelta":
        return timedelta(*content)
    if name in _BY_TEXT:
        return _BY_TEXT[name](content)
    if name in ("ndarray", "generic"):
        import numpy as np

        dtype, shape, data = content
        array = np.frombuffer(bytes.fromhex(data), dtype).reshape(shape).copy()
        return array[()] if name == "generic" else array
    return _decode_pandas(name, content)


def _encode_numpy(value: Any) -> Any:
    import numpy as np

    if not isinstance(value, np.ndarray | np.generic) or value.dtype.hasobject or value.dtype.kind == "V":
        raise UncarriedError(f"{type(value).__module__}.{type(value).__qualname__}")
    name = "ndarray" if isinstance(value, np.ndarray) else "generic"
    return [name, [value.dtype.str, list(value.shape), value.tobytes().hex()]]


def _encode_pandas(value: Any) -> Any:
    name = type(value).__name__
    if name in _MISSING:
        return [name, None]
    if name == "Timestamp":
        zone = None if value.tz is None else str(value.tz)
        if zone is None or _same_instant(value, zone):
            return [name, [value.asm8.astype("int64").item(), value.unit, zone]]
    if name == "Timedelta":
        return [name, [value.asm8.astype("int64").item(), value.unit]]
    if name == "Period":
        return [name, [value.ordinal, value.freqstr]]
    if name == "Interval":
        return [name, [encode(value.left), encode(value.right), value.closed]]
    raise UncarriedError(f"pandas.{name}")


def _same_instant(value: Any, zone: str) -> bool:
    """Say whether the name of a time zone is enough to make it again."""
    try:
        return bool(value.tz_convert(zone).tz == value.tz)
    except (ValueError, KeyError, OSError):
        return False


def _decode_pandas(name: str, content: Any) -> Any:
    import pandas as pd

    if name in _MISSING:
        return pd.NA if name == "NAType" else pd.NaT
    if name == "Timestamp":
        number, unit, zone = content
        stamp = pd.Timestamp(number, unit=unit).as_unit(unit)
        return stamp if zone is None else stamp.tz_localize("UTC").tz_convert(zone)
    if name == "Timedelta":
        number, unit = content
        return pd.Timedelta(number, unit=unit).as_unit(unit)
    if name == "Period":
        ordinal, frequency = content
        return pd.Period(ordinal=ordinal, freq=frequency)
    left, right, closed = content
    return pd.Interval(decode(left), decode(right), closed)


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
        self.columns: dict[str, Any] = dict(columns or {})
        self.rows: Sequence[Any] | None = rows
        self.first = first
        self.left_out: dict[str, str] = dict(left_out or {})

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

    def take(self, rows: NDArray[np.int64]) -> PythonValues:
        """Return the values of some rows of the corpus, as of a corpus of these alone. Shape: [r]."""
        numbers = rows.tolist()
        columns = {name: [self.values(name, row, row + 1)[0] for row in numbers] for name in self.columns}
        objects = None if self.rows is None else [self.rows[row - self.first] for row in numbers]
        return PythonValues(columns, objects, 0, self.left_out)

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
        self.rows: Sequence[Any] | None = None
        self.first = first
        self.left_out: dict[str, str] = {}

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
