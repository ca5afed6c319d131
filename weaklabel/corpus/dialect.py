"""How a delimited file is written: delimiter, quoting, line ends. Found by trying which reads most consistently."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from weaklabel.corpus.open import Encoding
from weaklabel.corpus.records import RecordParser
from weaklabel.errors import CorpusError

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
