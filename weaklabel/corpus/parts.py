"""Parts of a corpus: pieces that can be read by themselves, in any order and by any process, and add up to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Self

import polars as pl

from weaklabel.corpus.batch import Batch
from weaklabel.corpus.chunk import START, Chunk, Mark
from weaklabel.corpus.rejects import Reject

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
