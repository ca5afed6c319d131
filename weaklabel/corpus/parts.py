"""From a source to parts of a corpus.

A source gives chunks of rows, as large as suits the source. These are cut to batches, or gathered to parts: pieces that
can be read by themselves, in any order and by any process, and add up to the corpus.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import polars as pl

from weaklabel.corpus.batch import Batch
from weaklabel.corpus.open import Encoding, fingerprint, sha256
from weaklabel.corpus.python_values import PythonValues
from weaklabel.corpus.records import Dialect, Reject


@dataclass(frozen=True)
class Mark:
    """A place in the input at which reading can begin, always between two records.

    Attributes
    ----------
    place
        Bytes before it in a text file (unpacked, with its byte order mark), files before it in a folder, else rows.
    line
        Number of the physical line that begins there, from 1, in a text file.
    """

    place: int = 0
    line: int = 1


START = Mark()


@dataclass(frozen=True)
class Chunk:
    """Consecutive rows, and the records rejected among them.

    Attributes
    ----------
    frame
        The good rows.
    raws
        The raw record of each row, with its line end, where the input is lines.
    rejects
        Each with the number of good rows of this chunk that are before it.
    end
        Where it ends in the input, and the next one begins.
    """

    frame: pl.DataFrame
    end: Mark
    raws: list[str] | None = None
    rejects: list[tuple[int, Reject]] = field(default_factory=list)

    def head(self, rows: int) -> Chunk:
        """Return the chunk as if the input ended with the last of its first ``rows`` good rows."""
        if rows > self.frame.height:
            return self
        raws = self.raws[:rows] if self.raws is not None else None
        return Chunk(self.frame.head(rows), self.end, raws, [pair for pair in self.rejects if pair[0] < rows])


class Source(ABC):
    """A kind of input. A new kind is one class with these members, and a line in `read_corpus`."""

    path: Path | None = None
    """Where it is on the disk."""
    name: str
    """For messages."""
    format: str
    """csv, tsv, jsonl, json, parquet, folder or frame."""
    schema: dict[str, pl.DataType]
    """The columns in order."""
    encoding: Encoding = Encoding()
    dialect: Dialect | None = None
    header: str | None = None
    """The raw header, with its line end, where there is one."""
    skipped: int = 0
    """Lines before the header, or before the first row, that are no part of the table."""
    python_values: PythonValues | None = None
    """Python values of the rows that the columns do not hold as they are."""

    @property
    def seekable(self) -> bool:
        """Whether marks have places, so that reading may begin at one."""
        return True

    def records(self, start: Mark, stop: Mark) -> list[str] | None:
        """Return the raw records between two marks where each line is a good one; None where that is unknown."""
        return None

    def extent(self) -> int | None:
        """Return the place at which the input ends, None where only reading it shows that."""
        return None

    def hint(self, wanted: str) -> str:
        """Say in the end of a sentence how column ``wanted``, which is not there, may be found; "" where nothing helps."""
        return ""

    @abstractmethod
    def chunks(self, start: Mark = START, stop: Mark | None = None) -> Iterator[Chunk]:
        """Read from ``start``, where a chunk ended in an earlier pass, to ``stop`` or the end.

        The chunks are cut at the same marks in every pass.
        """

    def files(self) -> list[Path]:
        """Return the files that are read; none of a data frame."""
        return [self.path] if self.path else []

    def fingerprint(self) -> Hashable:
        """Return something that differs once the input has changed: size and time of the file."""
        return fingerprint(self.path) if self.path else None

    def describe(self, name: str) -> str:
        """Say in a few words what column ``name`` holds."""
        return f"holds {self.schema[name]}"

    def sha256(self) -> str:
        """Return the SHA-256 of the file as it is on disk, in hex."""
        assert self.path is not None
        return sha256(self.path)


def in_batches(chunks: Iterable[Chunk], size: int) -> Iterator[tuple[pl.DataFrame, list[str] | None]]:
    """Cut and join ``chunks`` to ``size`` rows each; the last may have fewer, none is empty."""
    frames: list[pl.DataFrame] = []
    raws: list[str] = []
    held = 0
    for chunk in chunks:
        position = 0
        while position < chunk.frame.height:
            part = chunk.frame.slice(position, size - held)
            frames.append(part)
            if chunk.raws is not None:
                raws += chunk.raws[position : position + part.height]
            position += part.height
            held += part.height
            if held == size:
                yield pl.concat(frames), raws or None
                frames, raws, held = [], [], 0
    if held:
        yield pl.concat(frames), raws or None


PART_ROWS = 50_000
"""Rows from which on a part is complete, unless fewer are asked for; it ends with the chunk that reaches them."""

PART_CHUNKS = 16
"""Chunks of input from which on a part is complete, so that long texts do not fill the memory."""


@dataclass(frozen=True)
class Part:
    """Where a part of a corpus is.

    Attributes
    ----------
    number
        From 0, in the order of the input.
    start, end
        Places in the input.
    first_row
        Number in the corpus of its first row.
    n_rows
        Good rows; may be 0 where all records are rejects.
    """

    number: int
    start: Mark
    end: Mark
    first_row: int
    n_rows: int

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> Self:
        """Make it from what `to_dict` returned."""
        return cls(**fields | {"start": Mark(**fields["start"]), "end": Mark(**fields["end"])})


@dataclass(frozen=True)
class PartRows:
    """A part as it was read: its rows, and the records rejected among them."""

    part: Part
    batch: Batch
    rejects: list[Reject]


@dataclass
class _Gathered:
    """Chunks on their way to become a part."""

    number: int
    start: Mark
    first_row: int
    chunks: list[Chunk]
    rows_wanted: int

    @property
    def n_rows(self) -> int:
        return sum(chunk.frame.height for chunk in self.chunks)

    @property
    def is_full(self) -> bool:
        return self.n_rows >= self.rows_wanted or len(self.chunks) >= PART_CHUNKS

    def part(self) -> Part:
        return Part(self.number, self.start, self.chunks[-1].end, self.first_row, self.n_rows)

    def next(self) -> _Gathered:
        return _Gathered(self.number + 1, self.chunks[-1].end, self.first_row + self.n_rows, [], self.rows_wanted)


def in_parts(
    chunks: Iterable[Chunk], after: Part | None, seekable: bool, rows: int | None = None
) -> Iterator[tuple[Part, list[Chunk]]]:
    """Gather chunks to parts; where reading cannot begin in the middle of the input, all of it is one part."""
    wanted = PART_ROWS if rows is None else rows
    held = _Gathered(0, START, 0, [], wanted)
    if after is not None:
        held = _Gathered(after.number + 1, after.end, after.first_row + after.n_rows, [], wanted)
    for chunk in chunks:
        held.chunks.append(chunk)
        if seekable and held.is_full:
            yield held.part(), held.chunks
            held = held.next()
    if held.chunks:
        yield held.part(), held.chunks


def joined(chunks: list[Chunk], empty: pl.DataFrame) -> tuple[pl.DataFrame, list[str] | None, list[Reject]]:
    """Return the rows of all chunks, their raw records where the input is lines, and their rejects."""
    frame = pl.concat([empty, *(chunk.frame for chunk in chunks)], rechunk=True)
    raws = [raw for chunk in chunks for raw in chunk.raws or ()]
    rejects = [reject for chunk in chunks for _, reject in chunk.rejects]
    is_lines = any(chunk.raws is not None for chunk in chunks)
    return frame, raws if is_lines else None, rejects
