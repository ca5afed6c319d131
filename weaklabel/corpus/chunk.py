"""What a source gives: chunks of rows, as large as suits the source. Here they are cut to the batches asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from weaklabel.corpus.dialect import Dialect
from weaklabel.corpus.open import Encoding, fingerprint, sha256
from weaklabel.corpus.python_values import PythonValues
from weaklabel.corpus.rejects import Reject


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
