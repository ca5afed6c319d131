"""Bootstrap intervals from counts: resampling n rows is drawing n cells by their shares."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from weaklabel.labels import Labels
from weaklabel.scoring.tally import Floats
from weaklabel.support.progress import stage

_NUMBERS_AT_ONCE = 2**22
"""Drawn counts held in memory at once, about 32 MB; the draws do not depend on it."""


def count_cells(*columns: Labels) -> tuple[list[Labels], Floats]:
    """Group equal rows of ``columns``, values -1 and up; gives each group's values by column, and its rows' number.

    Shape: each column [n] -> [c], counts [c].
    """
    # One number a row sorts many times faster than the rows themselves.
    shape = tuple(int(column.max()) + 2 for column in columns)
    codes, counts = np.unique(np.ravel_multi_index([column + 1 for column in columns], shape), return_counts=True)
    return [column.astype(np.int64) - 1 for column in np.unravel_index(codes, shape)], counts.astype(np.float64)


def resample(counts: Floats, replicates: int, seed: int, statistic: Callable[[Floats], Floats]) -> Floats:
    """Draw bootstrap replicates of the counts and measure each.

    Parameters
    ----------
    counts
        Shape: [c]; rows of each cell, none of them 0.
    statistic
        Takes drawn counts [r, c] and gives [r, s].

    Returns
    -------
    Floats
        Shape: [replicates, s].
    """
    rng = np.random.default_rng(seed)
    n = int(counts.sum())
    step = max(1, _NUMBERS_AT_ONCE // len(counts))
    sizes = [min(step, replicates - start) for start in range(0, replicates, step)]
    shares = counts / n
    found = []
    with stage("bootstrap", replicates, "replicates") as told:
        for size in sizes:
            found.append(statistic(rng.multinomial(n, shares, size=size).astype(np.float64)))
            told.advance(size)
    return np.concatenate(found)


def percentile_interval(values: Floats, confidence: float) -> list[tuple[float, float]]:
    """Central interval of each column of ``values`` [replicates, s]; Efron's percentile method. Length: s."""
    tail = (1 - confidence) / 2
    low, high = np.quantile(values, [tail, 1 - tail], axis=0)
    return list(zip(low.tolist(), high.tolist(), strict=True))
