"""New columns of a batch, written out once for all rows that share their values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray


@dataclass(frozen=True)
class NewColumns:
    """New columns of consecutive rows.

    Attributes
    ----------
    frame
        Values: a row for each row; or, with ``index``, the rows that occur, each once.
    index
        Row of ``frame`` for each row. A label model's output depends on a row's votes alone, and there are far fewer
        vote patterns than rows.
    """

    frame: pl.DataFrame
    index: NDArray[np.integer] | None = None

    def __len__(self) -> int:
        return self.frame.height if self.index is None else len(self.index)

    def rows(self) -> pl.DataFrame:
        """Return the values row by row."""
        return self.frame if self.index is None else self.frame[self.index]

    def spread(self, texts: list[str]) -> list[str]:
        """Return for each row the value in ``texts`` for its row in ``frame``. Length: n."""
        return texts if self.index is None else [texts[row] for row in self.index.tolist()]

    def spread_columns(self, as_texts: Callable[[pl.Series], list[str]]) -> list[list[str]]:
        """Return each column as texts, a text for each row."""
        return [self.spread(as_texts(column)) for column in self.frame]
