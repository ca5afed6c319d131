"""JSON files with one array of objects: read one object at a time, with the rules of JSON Lines for each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from weaklabel.corpus.jsonl import DECODER, JsonlSource, check_object
from weaklabel.corpus.open import CHUNK, MAX_LINE, TextFile
from weaklabel.corpus.parts import START, Mark
from weaklabel.corpus.records import Reject, split_end
from weaklabel.errors import CorpusError
from weaklabel.support.naming import setting

_SPACE = re.compile(r"[ \t\r\n]*")
_LINE_BREAK = re.compile(r"[ \t]*[\r\n][ \t\r\n]*")
_PLAIN_DECODER = json.JSONDecoder()

_NEAR_END = 16
"""Characters before the end of what has been read within which an error may be due to what has not."""


class JsonArraySource(JsonlSource):
    """A JSON file with an array of objects; parameters as for `weaklabel.corpus.read_corpus`.

    A position in it is after an object, before the comma. The record of a row is the object on one line.

    Raises
    ------
    CorpusError
        The file is empty, is not an array, or is not JSON; or no element is an object.
    """

    format = "json"

    def records(self, start: Mark, stop: Mark) -> None:
        """See `Source`; an object may have any number of lines."""

    def _none_is_an_object(self, first: Reject) -> str:
        return f"{self.name}: no element of the array is a JSON object; line {first.line}: {first.reason}"

    def _objects(
        self, start: Mark = START, stop: Mark | None = None, *, checked: bool = True
    ) -> Iterator[tuple[list[dict[str, Any]], list[str], list[tuple[int, Reject]], Mark]]:
        objects: list[dict[str, Any]] = []
        raws: list[str] = []
        rejects: list[tuple[int, Reject]] = []
        size = 0
        mark = start
        for value, raw, line, mark, n_characters in _elements(self.file, self.name, start, stop):
            flat = _LINE_BREAK.sub(" ", raw)
            try:
                if isinstance(value, ValueError):
                    raise value
                objects.append(check_object(value, raw, self.text if checked else ()))
                raws.append(flat + "\n")
            except ValueError as error:
                rejects.append((len(objects), Reject(line, str(error), flat)))
            size += n_characters
            if size >= CHUNK:
                yield objects, raws, rejects, mark
                objects, raws, rejects, size = [], [], [], 0
        if objects or rejects:
            yield objects, raws, rejects, mark


def json_objects(path: Path) -> Iterator[tuple[int, dict[str, Any] | ValueError, str]]:
    """Read the objects of a JSON file one by one: the elements of an array, or one a line, as the file begins.

    Numbers are text, as they are written.

    Yields
    ------
    int, dict or ValueError, str
        The line at which an object begins, the object or why there is none, and its text.

    Raises
    ------
    CorpusError
        The file cannot be read, or is not JSON.
    """
    file = TextFile.at(path, str(path))
    if next(file.texts(), "").lstrip("\ufeff \t\r\n").startswith("["):
        for value, raw, line, _, _ in _elements(file, file.name):
            yield line, _checked(value, raw), raw
        return
    number = 0
    for block in file.line_blocks():
        for text in block:
            number += 1
            raw = split_end(text)[0]
            if not raw.strip():
                continue
            try:
                yield number, _checked(DECODER.decode(raw), raw), raw
            except json.JSONDecodeError as error:
                yield number, ValueError(f"not JSON: {error.msg} at character {error.pos + 1}"), raw
            except RecursionError:
                yield number, ValueError("nested too deeply"), raw
            except ValueError as error:
                yield number, error, raw


def _checked(value: Any, raw: str) -> dict[str, Any] | ValueError:
    try:
        if isinstance(value, ValueError):
            raise value
        return check_object(value, raw, ())
    except ValueError as error:
        return error


def _elements(
    file: TextFile, name: str, start: Mark = START, stop: Mark | None = None
) -> Iterator[tuple[Any, str, int, Mark, int]]:
    """Give each element, or why it is none; its raw text, its line, the mark behind it, and characters used for it."""
    text = _Text(file, name, start, stop)
    if start == START:
        text.take("[", "a JSON array begins with [")
        if text.next() == "]":
            return text.end()
    else:
        if text.next() in ("]", ""):
            return text.end()
        text.take(",", "elements of an array are parted by commas")
    while True:
        yield text.element()
        after = text.next()
        if after == "" and stop is not None:
            return None
        if after == "]":
            return text.end()
        text.take(",", "elements of an array are parted by commas")


class _Text:
    """The text of a file with a place in it, of which only what is needed is in memory."""

    def __init__(self, file: TextFile, name: str, start: Mark, stop: Mark | None) -> None:
        self.file = file
        self.name = name
        self.pieces = file.texts(start.place, stop.place if stop else None)
        self.text = ""
        self.at = 0
        self.marked = 0
        self.mark = Mark(file.begin(start.place), start.line)

    def next(self) -> str:
        """Return the next character that is not white space, "" at the end of the file."""
        while True:
            match = _SPACE.match(self.text, self.at)
            self.at = match.end() if match else self.at
            if self.at < len(self.text):
                return self.text[self.at]
            if not self._more():
                return ""

    def take(self, character: str, why: str) -> None:
        """Step over a character that must come next."""
        actual = self.next()
        if actual != character:
            what = f"found {actual!r}" if actual else "the file ends"
            raise CorpusError(f"{self.name}: line {self._line()}: not a JSON array: {why}, and {what}: repair the file")
        self.at += 1

    def end(self) -> None:
        """Step over what closes the array; there must be nothing behind it."""
        if self.next():
            self.at += 1
        if self.next():
            raise CorpusError(
                f"{self.name}: line {self._line()}: there is something after the array; for one value a line give "
                f"{setting('corpus.format', 'jsonl')}"
            )

    def element(self) -> tuple[Any, str, int, Mark, int]:
        """Read one value; see `_elements`."""
        self.next()
        line = self._line()
        while True:
            try:
                value, end = self._decoded()
                break
            except json.JSONDecodeError as error:
                if self._may_go_on(error) and self._more(len(self.text) - self.at):
                    continue
                where = self._line(error.pos)
                raise CorpusError(f"{self.name}: line {where}: not JSON: {error.msg}: repair the file") from None
            except RecursionError:
                raise CorpusError(f"{self.name}: line {line}: nested too deeply: make it flat") from None
        # A number at the end of what has been read may continue.
        raw = self.text[self.at : end]
        self.at = end
        before = self.text[self.marked : end]
        self.mark = Mark(self.mark.place + self.file.size_of([before]), self.mark.line + before.count("\n"))
        self.marked = end
        return value, raw, line, self.mark, len(before)

    def _decoded(self) -> tuple[Any, int]:
        try:
            value, end = DECODER.raw_decode(self.text, self.at)
        except json.JSONDecodeError:
            raise
        except ValueError as error:  # a key that appears twice
            value, (_, end) = error, _PLAIN_DECODER.raw_decode(self.text, self.at)
        if end == len(self.text) and self._more():
            return self._decoded()  # a number may continue
        return value, end

    def _may_go_on(self, error: json.JSONDecodeError) -> bool:
        return error.pos >= len(self.text) - _NEAR_END or error.msg.startswith("Unterminated string")

    def _more(self, least: int = 1) -> bool:
        """Read on, by so many characters at least; False at the end of the file."""
        if self.marked > CHUNK:
            self.text, self.at, self.marked = self.text[self.marked :], self.at - self.marked, 0
        pieces: list[str] = []
        size = 0
        while size < least and (piece := next(self.pieces, "")):
            pieces.append(piece)
            size += len(piece)
        self.text += "".join(pieces)
        if len(self.text) - self.marked > MAX_LINE:
            raise CorpusError(f"{self.name}: line {self.mark.line}: an element has more than {MAX_LINE:,} characters")
        return size > 0

    def _line(self, at: int | None = None) -> int:
        return self.mark.line + self.text.count("\n", self.marked, self.at if at is None else at)
