"""Delimited files: the records of their physical lines, and their dialect.

Which records are good, which are rejected and why; rejected ones are kept with their line number and raw text, so that
nothing is lost. The dialect (delimiter, quoting, line ends) is found by trying which one reads most consistently.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from weaklabel.corpus.open import Encoding
from weaklabel.errors import CorpusError
from weaklabel.support.naming import setting


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


SAMPLE = 64 << 10
"""Characters from the beginning of the file by which the dialect is found."""

DELIMITERS = (",", "\t", ";", "|")
_NAMES = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}
_SPELLINGS = {"\\t": "\t", "tab": "\t"}
_END_NAMES = {"\n": "LF", "\r\n": "CRLF", "\r": "CR"}


@dataclass(frozen=True)
class Dialect:
    r"""How a delimited file is written.

    Attributes
    ----------
    delimiter
        One character.
    quoting
        Whether ``quote_char`` quotes a field; else it is a character like any other, and a record is a line.
    line_end
        That of the first line: ``\n``, ``\r\n`` or ``\r``.
    header
        Whether the first record names the columns.
    encoding
        Codec and byte order mark.
    quote_char
        One character, usually ``"``.
    comment
        What a line begins with that is a comment, where a record could begin; None if there are no comments.
    skip_rows
        Lines before the header that are no part of the table, a ``sep=`` line among them.
    sep_line
        The first line, with its end, where it is Excel's ``sep=;``: it names the delimiter, and stays in a copy.

    Examples
    --------
    >>> print(Dialect(",", True, "\r\n", True, Encoding("utf-8", b"\xef\xbb\xbf")))
    comma-delimited, quoted, CRLF, utf-8 with BOM, with header
    """

    delimiter: str
    quoting: bool
    line_end: str
    header: bool
    encoding: Encoding
    quote_char: str = '"'
    comment: str | None = None
    skip_rows: int = 0
    sep_line: str | None = None

    def __str__(self) -> str:
        return ", ".join(
            (
                f"{_NAMES.get(self.delimiter, repr(self.delimiter))}-delimited",
                "quoted" if self.quoting else "unquoted",
                _END_NAMES[self.line_end],
                str(self.encoding),
                "with header" if self.header else "without header",
                *([f"fields quoted by {self.quote_char}"] if self.quote_char != '"' else []),
                *(["first line sep="] if self.sep_line else []),
            )
        )


def check_delimiter(delimiter: str) -> str:
    r"""Return ``delimiter`` (also spelt ``\t`` or ``tab``); what is not a single usable character is a `CorpusError`."""
    delimiter = _SPELLINGS.get(delimiter, delimiter)
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise CorpusError(f"the delimiter must be one character, such as , ; | or tab, not {delimiter!r}")
    return delimiter


def check_quote_char(quote_char: str) -> str:
    """Return ``quote_char``; what is not a single usable character is a `CorpusError`."""
    if len(quote_char) != 1 or quote_char in "\r\n\t ,;|":
        raise CorpusError(f"the quote character must be one character, such as \" or ', not {quote_char!r}")
    return quote_char


def check_comment(comment: str) -> str:
    """Return ``comment``; an empty one, or one that begins as any line may, is a `CorpusError`."""
    if not comment.strip() or "\n" in comment or "\r" in comment or comment[0] in "\"'":
        raise CorpusError(f"what comment lines begin with must be characters such as # or //, not {comment!r}")
    return comment


@dataclass(frozen=True)
class Asked:
    """What is given of a dialect; see `Dialect`, and None where it is to be found."""

    delimiter: str | None = None
    quoting: bool | None = None
    header: bool = True
    quote_char: str | None = None
    comment: str | None = None
    skip_rows: int = 0

    def checked(self, name: str) -> Asked:
        """Return it with the spelling of the delimiter resolved; a `CorpusError` says which does not make sense."""
        if self.skip_rows < 0:
            raise CorpusError(f"skip_rows must be 0 or more lines, not {self.skip_rows}")
        quote_char = None if self.quote_char is None else check_quote_char(self.quote_char)
        if quote_char is not None and self.quoting is False:
            raise CorpusError(f"{name}: a quote character makes no sense without quoting: leave one of them out")
        delimiter = None if self.delimiter is None else check_delimiter(self.delimiter)
        if delimiter is not None and delimiter == quote_char:
            raise CorpusError(f"{name}: {delimiter!r} cannot be both the delimiter and the quote character")
        if self.comment is not None:
            check_comment(self.comment)
        return replace(self, delimiter=delimiter, quoting=self.quoting if quote_char is None else True)


def check_columns(asked: Asked, columns: Sequence[str] | None, name: str) -> None:
    """Refuse names for the columns of a table that names them itself."""
    if asked.header and columns:
        raise CorpusError(
            f"{name}: columns are named only where the file has no header; say {setting('corpus.header', False)}"
        )


_ANY_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)")
_SEP = re.compile(r"\"?sep=([^\r\n])\"?(\r\n|\n|\r)", re.IGNORECASE)


def detect(sample: str, asked: Asked, encoding: Encoding) -> Dialect:
    """Find the dialect of a file that begins with ``sample``; what is given is taken as given.

    Raises
    ------
    CorpusError
        There are fewer lines than are to be skipped.
    """
    sep = _SEP.match(sample)
    skipped = max(asked.skip_rows, 1 if sep else 0)
    delimiter = asked.delimiter if asked.delimiter is not None or sep is None else check_delimiter(sep[1])
    quote_char = asked.quote_char or '"'
    # By the table alone: a stray quote before it does not count.
    line_end = _line_end(_ANY_LINE.sub("", sample, count=skipped) if skipped else sample, quote_char)
    sample = without_lines(sample, skipped, line_end[-1])
    dialect = _detect(sample, delimiter, asked, quote_char, line_end, encoding)
    return replace(dialect, skip_rows=skipped, sep_line=sep[0] if sep else None)


def without_lines(text: str, lines: int, end: str) -> str:
    """Return ``text`` without its first lines; where it has fewer, nothing."""
    place = 0
    for _ in range(lines):
        place = text.find(end, place) + 1
        if not place:
            return ""
    return text[place:]


def _detect(
    sample: str, delimiter: str | None, asked: Asked, quote_char: str, line_end: str, encoding: Encoding
) -> Dialect:
    quoting, comment = asked.quoting, asked.comment
    split_at = line_end[-1]
    sample = sample[:SAMPLE]
    is_whole = len(sample) < SAMPLE
    text = sample if is_whole else sample[: sample.rfind(split_at) + 1] or sample
    lines = [line + split_at for line in text.removesuffix(split_at).split(split_at)]
    marks = [delimiter] if delimiter else [mark for mark in DELIMITERS if mark != quote_char]
    trials = [_try(lines, is_whole, mark, quoting, quote_char, comment) for mark in marks]
    # max takes the first of equals, so comma is before tab. Rounded, so that a few bad lines do not outweigh the width.
    best = max(trials, key=lambda trial: (trial.is_table, round(trial.share, 2), trial.width))
    return Dialect(best.delimiter, best.quoting, line_end, asked.header, encoding, quote_char, comment)


def _line_end(sample: str, quote_char: str) -> str:
    """Return the first line end outside quotes; a lone carriage return ends lines only where it comes first."""
    quote = re.escape(quote_char)
    match = re.search(r"\r\n|\n|\r(?!\Z)", re.sub(f"{quote}[^{quote}]*{quote}", "", sample[:SAMPLE]))
    return match[0] if match else "\n"


@dataclass(frozen=True)
class _Trial:
    """How the sample reads with one delimiter and quoting."""

    delimiter: str
    quoting: bool
    width: int
    rows: int
    rejects: int
    share: float
    """Part of the text that is in good records."""
    quoted: int
    """Good records with a quote at the beginning of a field."""

    @property
    def is_table(self) -> bool:
        return self.width > 1 and self.share >= 0.5


def _try(
    lines: list[str], is_whole: bool, delimiter: str, quoting: bool | None, quote_char: str, comment: str | None
) -> _Trial:
    if not is_whole:
        lines = lines[: _cut(lines, delimiter, quote_char, comment)]
    if quoting is not None:
        return _trial(lines, is_whole, delimiter, quoting, quote_char, comment)
    quoted, plain = (_trial(lines, is_whole, delimiter, quotes, quote_char, comment) for quotes in (True, False))
    # Quotes are plain characters where reading them as quotes fails for more than one in ten of the fields that
    # begin with one; or where they come in pairs that swallow whole lines which read well on their own. The latter
    # holds for tabs only: texts hold commas, so that lines of a quoted text can pass for rows by chance.
    fails = plain.rejects < quoted.rejects and quoted.rejects - plain.rejects > quoted.quoted / 10
    swallows = (
        delimiter == "\t"
        and plain.width == quoted.width > 1
        and plain.rejects <= quoted.rejects
        and plain.rows > quoted.rows + quoted.rejects
    )
    return plain if fails or swallows else quoted


def _trial(
    lines: list[str], is_whole: bool, delimiter: str, quoting: bool, quote_char: str, comment: str | None
) -> _Trial:
    parser = RecordParser(delimiter, quoting, quote_char=quote_char, comment=comment)
    records = parser.parse(lines, final=is_whole)
    opening = re.compile(f"(?:^|{re.escape(delimiter)}){re.escape(quote_char)}")
    return _Trial(
        delimiter,
        quoting,
        parser.width or 1,
        len(records.rows),
        # A record that is open at the end of the sample may be a long text, or the work of a stray quote.
        len(records.rejects) + (records.used < len(lines)),
        sum(map(len, records.raws)) / max(1, sum(map(len, lines[: records.used]))),
        sum(1 for raw in records.raws if opening.search(raw)),
    )


def _cut(lines: list[str], delimiter: str, quote_char: str, comment: str | None) -> int:
    """Leave out a short quoted record that the end of the sample cuts in two."""
    used = RecordParser(delimiter, True, quote_char=quote_char, comment=comment).parse(lines, final=False).used
    rest = sum(map(len, lines[used:]))
    return used if used and rest <= SAMPLE / 16 else len(lines)
