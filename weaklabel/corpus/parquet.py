"""Parquet files: native types, read in pieces."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from weaklabel.corpus.parts import START, Chunk, Mark, Source
from weaklabel.errors import CorpusError

_ROWS = 1 << 14
"""Rows read at a time."""


class ParquetSource(Source):
    """A Parquet file.

    Raises
    ------
    CorpusError
        It is not a readable Parquet file, or has a column name twice.
    """

    format = "parquet"

    def __init__(self, path: Path, name: str) -> None:
        import pyarrow.parquet as pq

        self.path: Path = path
        self.name = name
        with self._errors(), pq.ParquetFile(path) as file:
            arrow = file.schema_arrow
            if len(set(arrow.names)) < len(arrow.names):
                raise CorpusError(f"{name}: a column name appears more than once among {', '.join(arrow.names)}")
            self.n_rows: int = file.metadata.num_rows
            self.schema: dict[str, pl.DataType] = dict(_frame(arrow.empty_table()).schema)

    def extent(self) -> int:
        """See `Source`."""
        return self.n_rows

    def chunks(self, start: Mark = START, stop: Mark | None = None) -> Iterator[Chunk]:
        """Read from ``start`` to ``stop``; see `Source`."""
        import pyarrow.parquet as pq

        place = 0
        with self._errors(), pq.ParquetFile(self.path, pre_buffer=False) as file:
            end = file.metadata.num_rows if stop is None else stop.place
            for group in range(file.num_row_groups):
                rows = file.metadata.row_group(group).num_rows
                if place + rows <= start.place or place >= end:
                    place += rows
                    continue
                for batch in file.iter_batches(batch_size=_ROWS, row_groups=[group]):
                    place += batch.num_rows
                    if start.place < place <= end:
                        yield Chunk(_frame(batch), Mark(place))

    @contextmanager
    def _errors(self) -> Iterator[None]:
        import pyarrow as pa

        try:
            yield
        except (pa.ArrowException, OSError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise CorpusError(f"{self.name}: not a readable Parquet file: {reason}") from None


def _frame(arrow: object) -> pl.DataFrame:
    frame = pl.from_arrow(arrow)
    assert isinstance(frame, pl.DataFrame)
    return frame
