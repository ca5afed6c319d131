"""CSV and TSV files: every value a string, every good record kept raw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from weaklabel.corpus.open import Encoding, TextFile, is_packed
from weaklabel.corpus.parts import START, Chunk, Mark, Source
from weaklabel.corpus.records import (
    SAMPLE,
    Asked,
    Dialect,
    RecordParser,
    Records,
    Reject,
    check_columns,
    detect,
    without_lines,
)
from weaklabel.errors import CorpusError
from weaklabel.support.naming import setting
from weaklabel.support.warn import warn

_PREAMBLE = 30
"""Lines before the header that are looked through for where the table may begin."""


class DelimitedSource(Source):
    """A CSV or TSV file; parameters as for `weaklabel.corpus.read_corpus`.

    Raises
    ------
    CorpusError
        The file is empty, or its header is broken, or has empty or duplicate names.
    """

    header: str | None

    def __init__(
        self,
        path: Path,
        name: str,
        format: str,
        encoding: str | None,
        asked: Asked,
        columns: Sequence[str] | None,
        text: Sequence[str],
    ) -> None:
        header = asked.header
        check_columns(asked, columns, name)
        self.path: Path = path
        self.name = name
        self.format = format
        self.text = text
        self.file: TextFile = TextFile.at(path, name, encoding)
        self.encoding: Encoding = self.file.encoding
        if format == "tsv" and asked.delimiter is None:
            asked = replace(asked, delimiter="\t")
        self.asked: Asked = asked.checked(name)
        self._sample = self._beginning()
        self.dialect: Dialect = detect(self._sample, self.asked, self.encoding)
        self.skipped: int = self.dialect.skip_rows
        quote = self.dialect.quote_char
        if asked.quoting is None and not self.dialect.quoting and quote in self._sample:
            warn(
                f"{name}: its quotes do not pair up, so they are read as plain characters; if fields are quoted, "
                f"{setting('corpus.quoting', True)} puts the rows with a broken quote among the rejects",
                stacklevel=3,
            )
        first, self.header = self._first_record(header)
        names = first if header else list(columns or (f"column_{number + 1}" for number in range(len(first))))
        if len(names) != len(first):
            raise CorpusError(f"{name}: {len(names)} columns are named, but the first record has {len(first)}")
        _check_names(names, name, self.hint)
        self.schema: dict[str, pl.DataType] = {column: pl.String() for column in names}

    @property
    def seekable(self) -> bool:
        """See `Source`."""
        return self.file.seekable

    def records(self, start: Mark, stop: Mark) -> list[str] | None:
        """See `Source`; nothing is parsed, since lines are counted only."""
        blocks = self.file.line_blocks(self.dialect.line_end[-1], start.place, stop.place)
        return [line for block in blocks for line in block][
            self.skipped + self.dialect.header if start == START else 0 :
        ]

    def extent(self) -> int | None:
        """See `Source`."""
        return None if is_packed(self.path) else self.path.stat().st_size

    def chunks(self, start: Mark = START, stop: Mark | None = None) -> Iterator[Chunk]:
        """Read from ``start`` to ``stop``; see `Source`."""
        dialect = self.dialect
        expected = "header has" if dialect.header else "expected"
        skip = dialect.header and start == START
        parser = self._parser(len(self.schema), expected)
        for records, end in self._records(parser, start, stop):
            rows, raws, rejects = records.rows, records.raws, records.rejects
            if skip:
                rows, raws = rows[1:], raws[1:]
                rejects = [(before - 1, reject) for before, reject in rejects]
                skip = False
            columns = {name: pl.Series([row[i] for row in rows], dtype=pl.String) for i, name in enumerate(self.schema)}
            yield Chunk(pl.DataFrame(columns), end, raws, rejects)

    def _records(
        self, parser: RecordParser, start: Mark = START, stop: Mark | None = None
    ) -> Iterator[tuple[Records, Mark]]:
        """Parse the file block by block; never one without a record or a reject."""
        held: list[str] = []
        number, place = start.line, self.file.begin(start.place)
        wanted = size = 0
        to_skip = self.skipped if start == START else 0
        for block in self.file.line_blocks(self.dialect.line_end[-1], start.place, stop.place if stop else None):
            if to_skip:
                dropped = block[:to_skip]
                to_skip -= len(dropped)
                number, place, block = number + len(dropped), place + self.file.size_of(dropped), block[len(dropped) :]
            held += block
            size += sum(map(len, block))
            # An open record is parsed again only once there is twice as much of it, which keeps reading linear.
            if size < wanted:
                continue
            records = parser.parse(held, number, final=False)
            number, place = number + records.used, place + self.file.size_of(held[: records.used])
            del held[: records.used]
            size = sum(map(len, held))
            wanted = 2 * size
            if records.rows or records.rejects:
                yield records, Mark(place, number)
        records = parser.parse(held, number, more=stop is not None)
        number, place = number + records.used, place + self.file.size_of(held[: records.used])
        if records.rows or records.rejects:
            yield records, Mark(place, number)

    def hint(self, wanted: str | None = None) -> str:
        """Return where the table seems to begin, if that is after lines that were not to be skipped.

        Parameters
        ----------
        wanted
            A column that must be there; by default the first with text.
        """
        wanted = wanted or next(iter(self.text), None)
        if self.asked.skip_rows or not self.dialect.header or wanted is None:
            return ""
        end = self.dialect.line_end[-1]
        for lines in range(self.skipped + 1, self.skipped + 1 + _PREAMBLE):
            if not without_lines(self._sample, lines, end):
                break
            if wanted in self._names_from(lines):
                before = self._sample.split(end)[self.skipped : lines]
                if all(line.startswith("#") or not line.strip() for line in before):
                    return f"; lines before the header begin with #: give {setting('corpus.comment', '#')}"
                return f"; the table seems to begin on line {lines + 1}: give {setting('corpus.skip_rows', lines)}"
        return ""

    def _names_from(self, lines: int) -> list[str]:
        """Return the first record as it is read where so many lines are skipped."""
        dialect = detect(self._sample, replace(self.asked, skip_rows=lines), self.encoding)
        end = dialect.line_end[-1]
        text = without_lines(self._sample, dialect.skip_rows, end)
        parser = RecordParser(
            dialect.delimiter, dialect.quoting, quote_char=dialect.quote_char, comment=dialect.comment
        )
        rows = parser.parse([line + end for line in text.split(end)], final=False).rows
        return rows[0] if rows else []

    def _beginning(self) -> str:
        """Return the beginning of the file, with at least `SAMPLE` characters behind the lines to skip."""
        text = ""
        rest = 0
        for piece in self.file.texts():
            text += piece
            rest = len(without_lines(text, self.asked.skip_rows, "\n" if "\n" in text else "\r"))
            if rest >= SAMPLE:
                break
        return text[: len(text) - rest + SAMPLE]

    def _parser(self, width: int | None = None, expected: str = "header has") -> RecordParser:
        dialect = self.dialect
        return RecordParser(
            dialect.delimiter, dialect.quoting, width, expected, quote_char=dialect.quote_char, comment=dialect.comment
        )

    def _first_record(self, header: bool) -> tuple[list[str], str | None]:
        parser = self._parser()
        records, _ = next(self._records(parser), (Records(), START))
        if not records.rows or (header and records.rejects and not records.rejects[0][0]):
            reject = records.rejects[0][1] if records.rejects else Reject(self.skipped + 1, "blank line", "")
            if not records.rejects and self.skipped:
                raise CorpusError(
                    f"{self.name}: nothing is left after the first {self.skipped} lines: skip fewer "
                    f"({setting('corpus.skip_rows')})"
                )
            where = "where the column names should be" if header else "where the first row should be"
            raise CorpusError(
                f"{self.name}: line {reject.line}: {reject.reason}, {where}: correct that line{self.hint() or ''}"
            )
        return records.rows[0], records.raws[0] if header else None


def _check_names(names: Sequence[str], where: str, hint: Callable[[], str]) -> None:
    empty = [str(number) for number, name in enumerate(names, start=1) if not name]
    if empty:
        raise CorpusError(
            f"{where}: column {', '.join(empty)} has no name in the header: name it (an index that pandas wrote? "
            f"write with index=False), or read with header=False{hint()}"
        )
    twice = [f"'{name}'" for name, count in Counter(names).items() if count > 1]
    if twice:
        raise CorpusError(
            f"{where}: column {', '.join(twice)} appears more than once in the header: rename one{hint()}"
        )
