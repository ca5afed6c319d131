"""From physical lines to the records of a delimited file: which are good, which are rejected and why.

Rejected records are kept with their line number and raw text, so that nothing is lost.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Reject:
    """A record that was left out.

    Attributes
    ----------
    line
        Number of its first physical line in the file, from 1; in a folder, of the file in the order of names.
    reason
        Why it was left out.
    raw
        Its text as it is in the file, without the line end; in a folder, the file's name.
    """

    line: int
    reason: str
    raw: str


RECORD_LIMIT = 128 << 20
"""Characters of the longest record; what is longer is an unclosed quote, not a row."""

_BLANK = ("\n", "\r\n", "\r")
_TOO_LONG = "record over 128 MiB"
_REASONS = {
    "unexpected end": "unterminated quote",
    "field larger": _TOO_LONG,
    "new-line character": "carriage return in an unquoted field",
    "'": "garbage after a closing quote",
}


PLAIN_TRIES = 5
"""Blocks with records of several lines, or bad ones, after which no block is expected to be without."""


@dataclass
class Records:
    """The outcome of parsing some lines.

    Attributes
    ----------
    rows, raws
        Fields and raw text of each good record.
    rejects
        Each with the number of good records before it.
    used
        How many of the lines were consumed; the others begin a record that is not yet complete.
    """

    rows: list[list[str]] = field(default_factory=list)
    raws: list[str] = field(default_factory=list)
    rejects: list[tuple[int, Reject]] = field(default_factory=list)
    used: int = 0


def split_end(raw: str) -> tuple[str, str]:
    """Split a raw record into its text and its line end.

    Examples
    --------
    >>> split_end("1,ham\\r\\n"), split_end("1,ham")
    (('1,ham', '\\r\\n'), ('1,ham', ''))
    """
    if raw.endswith("\r\n"):
        return raw[:-2], "\r\n"
    return (raw[:-1], raw[-1]) if raw.endswith(("\n", "\r")) else (raw, "")


class RecordParser:
    """Parses lines into records of one width.

    Parameters
    ----------
    delimiter, quoting
        See `Dialect`.
    width
        Number of fields of a good record; None takes that of the first record.
    expected
        What to call the width in a reason: "header has", "expected".
    quote_char, comment
        See `Dialect`.
    """

    def __init__(
        self,
        delimiter: str,
        quoting: bool,
        width: int | None = None,
        expected: str = "header has",
        *,
        quote_char: str = '"',
        comment: str | None = None,
    ) -> None:
        self.delimiter = delimiter
        self.quoting = quoting
        self.width = width
        self.expected = expected
        self.quote_char = quote_char
        self.comment = comment
        self._plain_tries = PLAIN_TRIES

    def parse(self, lines: list[str], number: int = 1, final: bool = True, more: bool = False) -> Records:
        """Parse ``lines``, the first of which is physical line ``number``.

        Where these are not the last lines of the file (``final``), a record that is still open at their end is left
        unused: only the lines that follow show what it is. So is a blank line at their end, which is nothing at
        the end of the file, unless there is ``more`` after it.
        """
        out = Records()
        stop = len(lines) - (lines[-1] in _BLANK and not more) if lines else 0
        if self.quoting:
            size = sum(map(len, lines))
            with _field_limit(size):
                if size <= RECORD_LIMIT and self._parse_plainly(lines, stop, out):
                    out.used = stop
                else:
                    out.used = self._parse_quoted(lines, stop, number, final, out)
        else:
            self._parse_unquoted(lines, stop, number, out)
            out.used = stop
        return out

    def _parse_plainly(self, lines: list[str], stop: int, out: Records) -> bool:
        """Parse lines that are each a good record, as most are, without a step of Python for each; False if some are not."""
        if self.width is None or not self._plain_tries:
            return False
        plain = lines[:stop]
        if self.comment is not None and any(line.startswith(self.comment) for line in plain):
            return False
        try:
            rows = list(self._reader(iter(plain)))
        except csv.Error:
            rows = []
        if len(rows) != len(plain) or not set(map(len, rows)) <= {self.width}:
            self._plain_tries -= 1
            return False
        out.rows, out.raws = rows, plain
        return True

    def _parse_unquoted(self, lines: list[str], stop: int, number: int, out: Records) -> None:
        for index in range(stop):
            raw = lines[index]
            if self._is_comment(raw):
                continue
            if len(raw) > RECORD_LIMIT:
                self._refuse(_TOO_LONG, raw, number + index, out)
            else:
                self._take(split_end(raw)[0].split(self.delimiter), raw, number + index, out)

    def _parse_quoted(self, lines: list[str], stop: int, number: int, final: bool, out: Records) -> int:
        start = 0
        while start < stop:
            base = start
            # A map over a range starts anywhere at no cost; slicing the list after every error would be quadratic.
            feed = None if self.comment is None else _Feed(lines, start, stop, self.comment)
            reader = self._reader(map(lines.__getitem__, range(start, stop)) if feed is None else feed)
            try:
                for fields in reader:
                    end = base + reader.line_num
                    if feed is not None:
                        start, end = feed.take()
                    raw = lines[start] if end == start + 1 else "".join(lines[start:end])
                    if len(raw) > RECORD_LIMIT:
                        raise csv.Error(_TOO_LONG)
                    # Most records end here: `_take` alone would cost a quarter of the whole time.
                    if len(fields) == self.width:
                        out.rows.append(fields)
                        out.raws.append(raw)
                    else:
                        self._take(fields, raw, number + start, out)
                    start = end
                if feed is not None:
                    start = feed.end  # behind comments at the end
            except csv.Error as error:
                if feed is not None:
                    start, _ = feed.take()
                is_open = str(error).startswith("unexpected end")
                if is_open:
                    if sum(map(len, lines[start:stop])) > RECORD_LIMIT:
                        error = csv.Error(_TOO_LONG)
                    elif not final:
                        return start
                self._refuse(_reason(error), lines[start], number + start, out)
                failed = stop if is_open else (base + reader.line_num if feed is None else feed.end) - 1
                self._parse_alone(lines, start + 1, failed, number, out)
                start = max(start + 1, failed)
        return start

    def _parse_alone(self, lines: list[str], start: int, stop: int, number: int, out: Records) -> None:
        """Parse lines inside a failed record, each as a record of its own.

        The failed record had an open quote at the end of each of them. A record that begins on one of them and is
        open at its end would thus go the same way to the same failure: no need to look, and reading stays linear.
        """
        for index in range(start, stop):
            if self._is_comment(lines[index]):
                continue
            try:
                for fields in self._reader(iter((lines[index],))):
                    self._take(fields, lines[index], number + index, out)
            except csv.Error as error:
                self._refuse(_reason(error), lines[index], number + index, out)

    def _reader(self, lines: Iterator[str]) -> csv._reader:  # type: ignore[name-defined]
        return csv.reader(lines, delimiter=self.delimiter, quotechar=self.quote_char, strict=True)

    def _is_comment(self, line: str) -> bool:
        return self.comment is not None and line.startswith(self.comment)

    def _take(self, fields: list[str], raw: str, line: int, out: Records) -> None:
        is_blank = raw in _BLANK
        if self.width is None and not is_blank:
            self.width = len(fields)
        if is_blank and self.width == 1:
            fields = [""]
        if len(fields) == self.width:
            out.rows.append(fields)
            out.raws.append(raw)
        elif is_blank:
            self._refuse("blank line", raw, line, out)
        else:
            count = f"{len(fields)} field{'s' if len(fields) != 1 else ''}"
            self._refuse(f"{count}, {self.expected} {self.width}", raw, line, out)

    def _refuse(self, reason: str, raw: str, line: int, out: Records) -> None:
        out.rejects.append((len(out.rows), Reject(line, reason, split_end(raw)[0])))


class _Feed:
    """Gives lines to a csv reader without the comments where a record could begin.

    A reader asks for a line only when it needs one, so that a record begins with the first line after `take`.
    """

    def __init__(self, lines: list[str], start: int, stop: int, comment: str) -> None:
        self.lines = lines
        self.end = start
        self.stop = stop
        self.comment = comment
        self._first: int | None = None

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        if self._first is None:
            while self.end < self.stop and self.lines[self.end].startswith(self.comment):
                self.end += 1
            self._first = self.end
        if self.end == self.stop:
            raise StopIteration
        self.end += 1
        return self.lines[self.end - 1]

    def take(self) -> tuple[int, int]:
        """Return where the present record begins and ends; the next line begins another."""
        first = self.end if self._first is None else self._first
        self._first = None
        return first, self.end


def _reason(error: csv.Error) -> str:
    message = str(error)
    return next((reason for start, reason in _REASONS.items() if message.startswith(start)), message)


@contextmanager
def _field_limit(characters: int) -> Iterator[None]:
    """Let the csv module read fields of this length, and no longer than needed: its limit is global."""
    before = csv.field_size_limit()
    csv.field_size_limit(max(before, min(characters, RECORD_LIMIT)))
    try:
        yield
    finally:
        csv.field_size_limit(before)
