"""Python values as JSON and back, with their types: what hashes, and what crosses to another process, without pickle."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

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
