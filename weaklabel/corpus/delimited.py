"""CSV and TSV files: every value a string, every good record kept raw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from weaklabel.corpus.chunk import START, Chunk, Mark, Source
from weaklabel.corpus.dialect import SAMPLE, Dialect, check_delimiter, detect
from weaklabel.corpus.open import TextFile, is_packed
from weaklabel.corpus.records import RecordParser, Records
from weaklabel.errors import CorpusError
from weaklabel.warn import warn


class DelimitedSource(Source):
    """A CSV or TSV file; parameters as for `weaklabel.corpus.read_corpus`.

    Raises
    ------
    CorpusError
        The file is empty, or its header is broken, or has empty or duplicate names.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        format: str,
        delimiter: str | None,
        quoting: bool | None,
        encoding: str | None,
        header: bool,
        columns: Sequence[str] | None,
    ) -> None:
        if header and columns:
            raise CorpusError(f"{name}: columns are named only where the file has no header; say header=False")
        self.path: Path = path
        self.name = name
        self.format = format
        self.file = TextFile.at(path, name, encoding)
        self.encoding = self.file.encoding
        sample = next(self.file.texts(), "")[:SAMPLE]
        asked = "\t" if format == "tsv" and delimiter is None else delimiter
        mark = None if asked is None else check_delimiter(asked)
        self.dialect: Dialect = detect(sample, mark, quoting, header, self.encoding)
        if quoting is None and not self.dialect.quoting and '"' in sample:
            warn(
                f"{name}: its quotes do not pair up, so they are read as plain characters; if fields are quoted, "
                "--quoting puts the rows with a broken quote among the rejects",
                stacklevel=3,
            )
        first, self.header = self._first_record(header)
        names = first if header else list(columns or (f"column_{number + 1}" for number in range(len(first))))
        if len(names) != len(first):
            raise CorpusError(f"{name}: {len(names)} columns are named, but the first record has {len(first)}")
        _check_names(names, name)
        self.schema = {column: pl.String() for column in names}

    @property
    def seekable(self) -> bool:
        """See `Source`."""
        return self.file.seekable

    def records(self, start: Mark, stop: Mark) -> list[str] | None:
        """See `Source`; nothing is parsed, since lines are counted only."""
        blocks = self.file.line_blocks(self.dialect.line_end[-1], start.place, stop.place)
        return [line for block in blocks for line in block][self.dialect.header and start == START :]

    def extent(self) -> int | None:
        """See `Source`."""
        return None if is_packed(self.path) else self.path.stat().st_size

    def chunks(self, start: Mark = START, stop: Mark | None = None) -> Iterator[Chunk]:
        """Read from ``start`` to ``stop``; see `Source`."""
        dialect = self.dialect
        expected = "header has" if dialect.header else "expected"
        skip = dialect.header and start == START
        parser = RecordParser(dialect.delimiter, dialect.quoting, len(self.schema), expected)
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
        for block in self.file.line_blocks(self.dialect.line_end[-1], start.place, stop.place if stop else None):
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

    def _first_record(self, header: bool) -> tuple[list[str], str | None]:
        parser = RecordParser(self.dialect.delimiter, self.dialect.quoting)
        records, _ = next(self._records(parser), (Records(), START))
        if not records.rows or (header and records.rejects and not records.rejects[0][0]):
            reason = records.rejects[0][1].reason if records.rejects else "blank line"
            raise CorpusError(f"{self.name}: line 1: {reason}, where the column names should be: mend that line")
        return records.rows[0], records.raws[0] if header else None


def _check_names(names: Sequence[str], where: str) -> None:
    empty = [str(number) for number, name in enumerate(names, start=1) if not name]
    if empty:
        raise CorpusError(
            f"{where}: column {', '.join(empty)} has no name in the header: name it (an index that pandas wrote? "
            "write with index=False), or read with header=False"
        )
    twice = [f"'{name}'" for name, count in Counter(names).items() if count > 1]
    if twice:
        raise CorpusError(f"{where}: column {', '.join(twice)} stands more than once in the header: rename one")
