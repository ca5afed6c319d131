"""Bounds on a mean that hold at every moment, so that checking may stop as soon as enough is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_STAKES = np.linspace(0.02, 0.98, 49)
"""Shares of the largest possible stake that are bet at the same time."""

_STEPS = 40
"""Halvings of the interval in which a bound lies."""


def log_capital_below(x: Floats, mean: float, largest: float, stake: float) -> float:
    """Return the log of what is made of 1 by betting that a mean is below ``mean``.

    If it is not, the capital ever exceeds 1 / alpha with a probability of at most alpha (Ville's inequality), whenever one
    stops (Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting", JRSS B 2024).

    Parameters
    ----------
    x
        Independent draws, from 0 to ``largest``. Shape: [n].
    mean
        Above 0, below ``largest``.
    largest
        No draw can be larger.
    stake
        Share of the largest possible stake, 0 to 1, on which half of the capital is bet; the other half is spread evenly.
    """
    return _log_capital((mean - x) / (largest - mean), stake)


def log_capital_above(x: Floats, mean: float, stake: float) -> float:
    """Return the log of what is made of 1 by betting that a mean is above ``mean``; see `log_capital_below`."""
    return _log_capital((x - mean) / mean, stake)


def upper_bound(x: Floats, largest: float, alpha: float, stake: float) -> float:
    """Return a value that the mean is below, but with a probability of at most ``alpha``."""
    return _bisected(
        lambda mean: log_capital_below(x, mean, largest, stake) >= -np.log(alpha), min(1.0, largest), rising=True
    )


def lower_bound(x: Floats, largest: float, alpha: float, stake: float) -> float:
    """Return a value that the mean is above, but with a probability of at most ``alpha``."""
    return _bisected(lambda mean: log_capital_above(x, mean, stake) >= -np.log(alpha), min(1.0, largest), rising=False)


def _log_capital(gains: Floats, stake: float) -> float:
    values, counts = np.unique(gains, return_counts=True)
    # A draw of the largest possible value loses all of the largest stake, so no stake is the largest.
    logs = np.log1p(np.outer([*_STAKES, min(max(stake, 0.01), 0.99)], values)) @ counts
    weights = np.append(np.full(len(_STAKES), 0.5 / len(_STAKES)), 0.5)
    highest = logs.max()
    return float(highest + np.log((weights * np.exp(logs - highest)).sum()))


def _bisected(is_refuted: Callable[[float], bool], end: float, *, rising: bool) -> float:
    """Return the outermost mean that is not refuted: means above an upper bound are, and those below a lower one."""
    low, high = 0.0, end
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if is_refuted(middle) == rising:
            high = middle
        else:
            low = middle
    return high if rising else low
