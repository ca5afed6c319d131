"""Data frames of polars and pandas as a corpus: native types, rows in their order, the index left aside."""

from __future__ import annotations

import hashlib
import io
import sys
from collections.abc import Iterator
from typing import Any

import polars as pl

from weaklabel.corpus.chunk import START, Chunk, Mark, Source
from weaklabel.errors import CorpusError

_ROWS = 1 << 16
"""Rows given at a time."""


def is_frame(source: Any) -> bool:
    """Return whether ``source`` is a data frame, without importing pandas."""
    pandas = sys.modules.get("pandas")
    return isinstance(source, pl.DataFrame) or (pandas is not None and isinstance(source, pandas.DataFrame))


class FrameSource(Source):
    """A data frame.

    Raises
    ------
    CorpusError
        A column name is no string or stands twice, or pandas values of a column cannot be held by one type.
    """

    format = "frame"
    name = "data frame"

    def __init__(self, frame: Any) -> None:
        self.frame = frame if isinstance(frame, pl.DataFrame) else _from_pandas(frame)
        self.schema = dict(self.frame.schema)

    def extent(self) -> int:
        """See `Source`."""
        return self.frame.height

    def chunks(self, start: Mark = START, stop: Mark | None = None) -> Iterator[Chunk]:
        """Give the rows from ``start`` to ``stop``; see `Source`."""
        end = self.frame.height if stop is None else stop.place
        for place in range(start.place, end, _ROWS):
            rows = self.frame[place : min(place + _ROWS, end)]
            yield Chunk(rows, Mark(place + rows.height))

    def sha256(self) -> str:
        """Return the SHA-256 of the frame as an Arrow IPC file, in hex."""
        buffer = io.BytesIO()
        self.frame.write_ipc(buffer)
        return hashlib.sha256(buffer.getbuffer()).hexdigest()


def _from_pandas(frame: Any) -> pl.DataFrame:
    import pyarrow as pa

    names = list(frame.columns)
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise CorpusError(f"data frame: column names must be distinct strings, not {names}")
    try:
        return pl.from_pandas(frame)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise CorpusError(
            f"data frame: a column mixes types ({error}): convert it, for example by astype(str)"
        ) from None
