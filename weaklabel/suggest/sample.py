"""The sample of rows in which suggestions are looked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weaklabel.support.hashing import sampling_numbers

MOST_ROWS = 50_000
MOST_CHARACTERS = 15_000_000
"""Largest sample. More rows would not change what is suggested much; phrases of this many are found in seconds."""


@dataclass(frozen=True, eq=False)
class RowSample:
    """Some rows, in the order of the corpus, and their texts. Shape: [s], [s]."""

    rows: NDArray[np.int64]
    texts: list[str]


def draw_sample(batches: Iterable[list[str]], most_rows: int | None = None) -> RowSample:
    """Draw the rows in which suggestions are looked for: all, or as many as `MOST_ROWS` and `MOST_CHARACTERS` allow.

    Which rows these are is decided by a hash of each text and of its row number, so that they are the same every time.
    Only the texts of the sample are kept in memory.

    Parameters
    ----------
    batches
        All texts.
    most_rows
        Most rows, if fewer than `MOST_ROWS`.

    Examples
    --------
    >>> draw_sample([["one", "two"], ["three"]]).rows
    array([0, 1, 2])
    """
    most_rows = MOST_ROWS if most_rows is None else min(most_rows, MOST_ROWS)
    hashes, rows, lengths = (np.empty(0, dtype=np.int64) for _ in range(3))
    texts: list[str] = []
    n = 0
    for batch in batches:
        numbers = sampling_numbers(f"{row} {text}" for row, text in enumerate(batch, n))
        hashes = np.concatenate([hashes, numbers])
        rows = np.concatenate([rows, np.arange(n, n + len(batch))])
        lengths = np.concatenate([lengths, np.fromiter(map(len, batch), np.int64, len(batch))])
        n += len(batch)
        # A row that is left out now would be left out in the end, too: rows that come later only push it further down.
        order = np.lexsort((rows, hashes))[:most_rows]
        fit = int(np.searchsorted(np.cumsum(lengths[order]), MOST_CHARACTERS, side="right"))
        kept = np.sort(order[: max(fit, 1)])
        both = texts + batch
        hashes, rows, lengths, texts = hashes[kept], rows[kept], lengths[kept], [both[place] for place in kept.tolist()]
    return RowSample(rows, texts)
