"""JSON Lines files: every value a string, numbers exactly as they are written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import NoneType
from typing import Any

import polars as pl

from weaklabel.corpus.chunk import START, Chunk, Mark, Source
from weaklabel.corpus.open import TextFile, is_packed
from weaklabel.corpus.records import split_end
from weaklabel.corpus.rejects import Reject
from weaklabel.errors import CorpusError


class JsonlSource(Source):
    """A JSON Lines file; parameters as for `weaklabel.corpus.read_corpus`.

    Its columns are the keys of all objects in the order in which they are first seen, so it is read once beforehand,
    as far as ``limit`` asks.

    Raises
    ------
    CorpusError
        The file is empty, or no line is a JSON object.
    """

    format = "jsonl"

    def __init__(self, path: Path, name: str, text: Sequence[str], encoding: str | None, limit: int | None) -> None:
        self.path: Path = path
        self.name = name
        self.text = frozenset(text)
        self.file = TextFile.at(path, name, encoding)
        self.encoding = self.file.encoding
        self.schema = {key: pl.String() for key in self._keys(limit)}

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
        for objects, raws, rejects, end in self._objects(self.text, start, stop):
            columns = {name: _column([found.get(name) for found in objects]) for name in self.schema}
            yield Chunk(pl.DataFrame(columns), end, raws, rejects)

    def _keys(self, limit: int | None) -> dict[str, None]:
        # Objects without a text are looked at too: where none has one, the error can then say what there is.
        keys: dict[str, None] = {}
        count = 0
        first: Reject | None = None
        for objects, _, rejects, _ in self._objects(required=frozenset()):
            first = first or next((reject for _, reject in rejects), None)
            for found in objects:
                if limit is not None and count >= limit:
                    return keys
                keys.update(dict.fromkeys(found))
                count += not self.text.isdisjoint(found)
        if first and not keys:
            raise CorpusError(
                f"{self.name}: no line is a JSON object; line {first.line}: {first.reason}: give one object a line"
            )
        return keys

    def _objects(
        self, required: frozenset[str], start: Mark = START, stop: Mark | None = None
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
                    objects.append(_parse(line, required))
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


def _parse(line: str, required: frozenset[str]) -> dict[str, Any]:
    """Return the object on ``line``; a `ValueError` says why it is none, or has none of the keys ``required``."""
    try:
        found = _DECODER.decode(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at character {error.pos + 1}") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("not a JSON object")
    if required and required.isdisjoint(found):
        raise ValueError(f"no key {' or '.join(repr(name) for name in sorted(required))}")
    if "\\u" in line and not _is_unicode(found):
        raise ValueError("half of a surrogate pair, which is no character")
    return found


class _Number(str):
    """A number as it is written."""


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"duplicate key '{next(key for key in keys if keys.count(key) > 1)}'")
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_distinct, parse_int=_Number, parse_float=_Number, parse_constant=_Number)
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


def _is_unicode(value: Any) -> bool:
    try:
        _compact(value).encode()
    except UnicodeEncodeError:
        return False
    return True
