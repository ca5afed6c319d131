"""Snorkel's overlaps matrix, from vote patterns instead of rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weaklabel.labels import Votes8
from weaklabel.votes.patterns import VotePatterns

_CELLS_AT_ONCE = 1 << 22
"""Cells of the indicator matrix that exist at a time: 32 MiB."""


def count_overlaps(found: VotePatterns, cardinality: int) -> NDArray[np.float64]:
    """Count for each two (labeling function, class) how many rows have both votes.

    Parameters
    ----------
    found
        Votes.
    cardinality
        Number of classes.

    Returns
    -------
    array
        Shape: [m*k, m*k], labeling function ``i`` voting ``y`` at ``i*k + y``. Whole numbers: float64 adds them
        exactly up to 2**53 rows, so the order of adding does not matter.
    """
    d = found.m * cardinality
    total = np.zeros((d, d))
    step = max(1, _CELLS_AT_ONCE // max(1, d))
    for start in range(0, len(found), step):
        votes = _indicators(found.patterns[start : start + step], cardinality)
        total += (votes * found.counts[start : start + step, None]).T @ votes
    return total


def _indicators(patterns: Votes8, cardinality: int) -> NDArray[np.float64]:
    """Shape: [u, m] -> [u, m*k]; 1 where the labeling function votes the class."""
    u, m = patterns.shape
    return (
        (patterns[:, :, None] == np.arange(cardinality, dtype=np.int8)).reshape(u, m * cardinality).astype(np.float64)
    )
