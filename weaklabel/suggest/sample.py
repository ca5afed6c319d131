"""Which rows suggestions are looked for in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from weaklabel.support.hashing import sampling_numbers

MOST_ROWS = 50_000
MOST_CHARACTERS = 15_000_000
"""Beyond these a sample says as much; phrases of one that large are found in seconds."""


def sampled_rows(texts: Sequence[str]) -> NDArray[np.int64]:
    """Return the rows to read, in order: all, or as many as may be, by a hash of their texts and of their number.

    Examples
    --------
    >>> sampled_rows(["one", "two", "three"])
    array([0, 1, 2])
    """
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    if len(texts) <= MOST_ROWS and lengths.sum() <= MOST_CHARACTERS:
        return np.arange(len(texts))
    hashes = sampling_numbers(f"{row} {text}" for row, text in enumerate(texts))
    order = np.argsort(hashes, kind="stable")[:MOST_ROWS]
    fit = int(np.searchsorted(np.cumsum(lengths[order]), MOST_CHARACTERS, side="right"))
    return np.sort(order[: max(fit, 1)])
