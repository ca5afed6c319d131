"""JSON Lines files: every value a string, numbers exactly as they are written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import NoneType
from typing import Any

import polars as pl

from weaklabel.corpus.open import Encoding, TextFile, is_packed
from weaklabel.corpus.parts import START, Chunk, Mark, Source
from weaklabel.corpus.records import Reject, split_end
from weaklabel.errors import CorpusError
from weaklabel.support.naming import setting


class JsonlSource(Source):
    """A JSON Lines file; parameters as for `weaklabel.corpus.read_corpus`.

    Its columns are the keys of all objects in the order in which they are first seen, so it is read once beforehand,
    as far as ``limit`` asks.

    Raises
    ------
    CorpusError
        The file is empty, no line is a JSON object, or the text is a list or an object in all of them.
    """

    format = "jsonl"

    def __init__(self, path: Path, name: str, text: Sequence[str], encoding: str | None, limit: int | None) -> None:
        self.path: Path = path
        self.name = name
        self.text: tuple[str, ...] = tuple(text)
        self.file: TextFile = TextFile.at(path, name, encoding)
        self.encoding: Encoding = self.file.encoding
        self.paths: set[str] = set()
        self.schema: dict[str, pl.DataType] = {key: pl.String() for key in self._keys(limit)}

    @property
    def seekable(self) -> bool:
        """See `Source`."""
        return self.file.seekable

    def records(self, start: Mark, stop: Mark) -> list[str] | None:
        """See `Source`; nothing is parsed, since lines are counted only."""
        blocks = self.file.line_blocks("\n", start.place, stop.place)
        return [line for block in blocks for line in block]

    def extent(self) -> int | None:
        """See `Source`."""
        return None if is_packed(self.path) else self.path.stat().st_size

    def chunks(self, start: Mark = START, stop: Mark | None = None) -> Iterator[Chunk]:
        """Read from ``start`` to ``stop``; see `Source`."""
        for objects, raws, rejects, end in self._objects(start, stop):
            columns = {name: _column([fields.get(name) for fields in objects]) for name in self.schema}
            yield Chunk(pl.DataFrame(columns), end, raws, rejects)

    def _keys(self, limit: int | None) -> dict[str, None]:
        # Objects without a text are looked at too: where none has one, the error can then say what there is.
        keys: dict[str, None] = {}
        count = 0
        first: Reject | None = None
        nested: dict[str, Any] = {}
        for objects, _, rejects, _ in self._objects(checked=False):
            first = first or next((reject for _, reject in rejects), None)
            for fields in objects:
                if limit is not None and count >= limit:
                    return keys
                keys.update(dict.fromkeys(fields))
                try:
                    count += _check_text(fields, self.text)
                except _NestedText as error:
                    nested.setdefault(error.name, error.value)
                if self._dotted:
                    self.paths.update(name for name in self._dotted if value_at(fields, name) is not MISSING)
        if first and not keys:
            raise CorpusError(self._none_is_an_object(first))
        if nested and not count:
            name, value = next(iter(nested.items()))
            raise CorpusError(f"{self.name}: column '{name}' holds {kind_of(value)}, not text{_inside(name, value)}")
        return keys

    @property
    def _dotted(self) -> list[str]:
        return [name for name in self.text if "." in name]

    def _none_is_an_object(self, first: Reject) -> str:
        return f"{self.name}: no line is a JSON object; line {first.line}: {first.reason}: give one object a line"

    def _objects(
        self, start: Mark = START, stop: Mark | None = None, *, checked: bool = True
    ) -> Iterator[tuple[list[dict[str, Any]], list[str], list[tuple[int, Reject]], Mark]]:
        number, place = start.line - 1, self.file.begin(start.place)
        blank: list[Reject] = []
        for block in self.file.line_blocks("\n", start.place, stop.place if stop else None):
            objects: list[dict[str, Any]] = []
            raws: list[str] = []
            rejects: list[tuple[int, Reject]] = []
            for raw in block:
                number += 1
                # A blank line is a reject only once something follows: at the end of the file it is nothing.
                rejects += ((len(objects), reject) for reject in blank)
                blank = []
                line = split_end(raw)[0]
                if not line:
                    blank = [Reject(number, "blank line", "")]
                    continue
                try:
                    objects.append(_parse(line, self.text if checked else ()))
                    raws.append(raw)
                except ValueError as error:
                    rejects.append((len(objects), Reject(number, str(error), line)))
            place += self.file.size_of(block)
            if stop is not None and place == stop.place:
                rejects += ((len(objects), reject) for reject in blank)
                blank = []
            # A blank line at the end is still to be judged, and so the next chunk's.
            pending = self.file.size_of(block[-1:]) if blank else 0
            if objects or rejects:
                yield objects, raws, rejects, Mark(place - pending, number + 1 - bool(blank))


def _parse(line: str, text: Sequence[str]) -> dict[str, Any]:
    """Return the object on ``line``; a `ValueError` says why it is not one, or that it has none of the keys in ``text``."""
    try:
        value = DECODER.decode(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at character {error.pos + 1}") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return check_object(value, line, text)


def check_object(value: Any, raw: str, text: Sequence[str]) -> dict[str, Any]:
    """Return ``value``; a `ValueError` says why it is not a row."""
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    if text and not _check_text(value, text):
        raise ValueError(f"no key {' or '.join(repr(name) for name in sorted(text))}")
    if "\\u" in raw and not _is_unicode(value):
        raise ValueError("half of a surrogate pair, which is not a character")
    return value


class _NestedText(ValueError):
    """Where the text should be is a list or an object."""

    def __init__(self, name: str, value: Any) -> None:
        super().__init__(f"'{name}' is {'a list' if isinstance(value, list) else 'an object'}, not text")
        self.name = name
        self.value = value


MISSING = object()
"""Where an object has no such key or path."""


def value_at(value: Any, name: str) -> Any:
    """Return what an object has under a key, or else at a dotted path such as ``data.text``; `MISSING` if neither."""
    if not isinstance(value, dict):
        return MISSING
    if name in value:
        return value[name]
    head, dot, rest = name.partition(".")
    while dot:
        if head in value:
            return value_at(value[head], rest)
        more, dot, rest = rest.partition(".")
        head = f"{head}.{more}"
    return MISSING


def _check_text(fields: dict[str, Any], text: Sequence[str]) -> bool:
    """Return whether an object has one of the keys or paths; a list or an object there is a `_NestedText`."""
    has_one = False
    for name in text:
        value = fields[name] if name in fields else value_at(fields, name) if "." in name else MISSING
        if value is MISSING:
            continue
        if isinstance(value, (list, dict)):
            raise _NestedText(name, value)
        has_one = True
    return has_one


def kind_of(value: Any) -> str:
    """Return what a column of such values holds."""
    return "lists" if isinstance(value, list) else "objects"


def _inside(name: str, value: Any) -> str:
    if isinstance(value, list) or not value:
        return ": join them to one text first"
    inner = next((key for key, part in value.items() if type(part) is str), next(iter(value)))
    return f": name a field of it, such as {setting('corpus.text', f'{name}.{inner}')}"


def at_path(texts: Sequence[str | None], rest: str) -> list[str | None]:
    """Return what stands at a path inside values that are JSON, as text; None where nothing does. Length: n."""
    values: list[str | None] = []
    for text in texts:
        try:
            value = None if text is None else value_at(DECODER.decode(text), rest)
        except ValueError:
            value = MISSING
        values.append(None if value is MISSING else _as_text(value))
    return values


class _Number(str):
    """A number as it is written."""


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"duplicate key '{next(key for key in keys if keys.count(key) > 1)}'")
    return members


DECODER = json.JSONDecoder(object_pairs_hook=_distinct, parse_int=_Number, parse_float=_Number, parse_constant=_Number)
_ENCODE = json.JSONEncoder(ensure_ascii=False).encode


def _column(values: list[Any]) -> pl.Series:
    if not set(map(type, values)) <= {str, NoneType}:
        values = [_as_text(value) for value in values]
    return pl.Series(values, dtype=pl.String)


def _as_text(value: Any) -> str | None:
    if value is None or type(value) is str:
        return value
    return str(value) if type(value) is _Number else _compact(value)


def _compact(value: Any) -> str:
    """Write ``value`` as JSON without spaces, its numbers as they were."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{_ENCODE(key)}:{_compact(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_compact, value)) + "]"
    return str(value) if isinstance(value, _Number) else _ENCODE(value)


def changed_line(line: str, changes: Mapping[str, str | None]) -> str:
    """Return the object on a line with other values for some of its keys; all else stays as it is written there.

    Parameters
    ----------
    line
        A line with a JSON object.
    changes
        By key, the new value as `JsonlSource` has it: what was no text stays none, if its new value is JSON.

    Examples
    --------
    >>> changed_line('{"text": "a", "n": 1.50, "of": {"k": [1, "b"]}}', {"text": "A", "of": '{"k":[1,"B"]}'})
    '{"text": "A", "n": 1.50, "of": {"k":[1,"B"]}}'
    """
    members = DECODER.decode(line)
    values = {key: _compact(value) for key, value in members.items()}
    for key, new in changes.items():
        was_text = type(members.get(key)) in (str, NoneType)
        values[key] = new if new is not None and not was_text and _is_json(new) else _ENCODE(new)
    return "{" + ", ".join(f"{_ENCODE(key)}: {value}" for key, value in values.items()) + "}"


def _is_json(text: str) -> bool:
    try:
        DECODER.decode(text)
    except ValueError:
        return False
    return True


def _is_unicode(value: Any) -> bool:
    try:
        _compact(value).encode()
    except UnicodeEncodeError:
        return False
    return True
