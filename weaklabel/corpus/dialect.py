"""How a delimited file is written: delimiter, quoting, line ends. Found by trying which reads most consistently."""

from __future__ import annotations

import re
from dataclasses import dataclass

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
        Whether ``"`` quotes a field; else it is a character like any other, and a record is a line.
    line_end
        That of the first line: ``\n``, ``\r\n`` or ``\r``.
    header
        Whether the first record names the columns.
    encoding
        Codec and byte order mark.

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

    def __str__(self) -> str:
        return ", ".join(
            (
                f"{_NAMES.get(self.delimiter, repr(self.delimiter))}-delimited",
                "quoted" if self.quoting else "unquoted",
                _END_NAMES[self.line_end],
                str(self.encoding),
                "with header" if self.header else "without header",
            )
        )


def check_delimiter(delimiter: str) -> str:
    r"""Return ``delimiter`` (also spelt ``\t`` or ``tab``); what is no single usable character is a `CorpusError`."""
    delimiter = _SPELLINGS.get(delimiter, delimiter)
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise CorpusError(f"the delimiter must be one character, such as , ; | or tab, not {delimiter!r}")
    return delimiter


def detect(sample: str, delimiter: str | None, quoting: bool | None, header: bool, encoding: Encoding) -> Dialect:
    """Find the dialect of a file that begins with ``sample``; what is given is taken as given."""
    line_end = _line_end(sample)
    split_at = line_end[-1]
    is_whole = len(sample) < SAMPLE
    text = sample if is_whole else sample[: sample.rfind(split_at) + 1] or sample
    lines = [line + split_at for line in text.removesuffix(split_at).split(split_at)]
    trials = [_try(lines, is_whole, mark, quoting) for mark in ([delimiter] if delimiter else DELIMITERS)]
    # max takes the first of equals, so comma stands before tab. Rounded, lest a few bad lines outweigh the width.
    best = max(trials, key=lambda trial: (trial.is_table, round(trial.share, 2), trial.width))
    return Dialect(best.delimiter, best.quoting, line_end, header, encoding)


def _line_end(sample: str) -> str:
    """Return the first line end outside quotes; a lone carriage return ends lines only where it comes first."""
    found = re.search(r"\r\n|\n|\r(?!\Z)", re.sub(r'"[^"]*"', "", sample))
    return found[0] if found else "\n"


@dataclass(frozen=True)
class _Trial:
    """How the sample reads with one delimiter and quoting."""

    delimiter: str
    quoting: bool
    width: int
    rows: int
    rejects: int
    share: float
    """Part of the text that stands in good records."""
    quoted: int
    """Good records with a quote at the beginning of a field."""

    @property
    def is_table(self) -> bool:
        return self.width > 1 and self.share >= 0.5


def _try(lines: list[str], is_whole: bool, delimiter: str, quoting: bool | None) -> _Trial:
    if not is_whole:
        lines = lines[: _cut(lines, delimiter)]
    if quoting is not None:
        return _trial(lines, is_whole, delimiter, quoting)
    quoted, plain = (_trial(lines, is_whole, delimiter, quotes) for quotes in (True, False))
    # Quotes are plain characters where reading them as quotes fails for more than one in ten of the fields that
    # begin with one; or where they come in pairs that swallow whole lines which read well on their own. The latter
    # says something of tabs only: texts hold commas, so that lines of a quoted text can pass for rows by chance.
    fails = plain.rejects < quoted.rejects and quoted.rejects - plain.rejects > quoted.quoted / 10
    swallows = (
        delimiter == "\t"
        and plain.width == quoted.width > 1
        and plain.rejects <= quoted.rejects
        and plain.rows > quoted.rows + quoted.rejects
    )
    return plain if fails or swallows else quoted


def _trial(lines: list[str], is_whole: bool, delimiter: str, quoting: bool) -> _Trial:
    parser = RecordParser(delimiter, quoting)
    records = parser.parse(lines, final=is_whole)
    opening = re.compile(rf'(?:^|{re.escape(delimiter)})"')
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


def _cut(lines: list[str], delimiter: str) -> int:
    """Leave out a short quoted record that the end of the sample cuts in two."""
    used = RecordParser(delimiter, True).parse(lines, final=False).used
    rest = sum(map(len, lines[used:]))
    return used if used and rest <= SAMPLE / 16 else len(lines)
