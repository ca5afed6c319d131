"""The interval of a share."""

from __future__ import annotations

import math

_Z = 1.959963984540054
"""Of the normal distribution: 95% lie within so many standard deviations."""


def wilson(value: float, n: float) -> tuple[float, float]:
    """Return the 95% interval of a share that was seen in ``n`` draws, above 0, which may be an effective number.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".

    Examples
    --------
    >>> low, high = wilson(0.9, 10)
    >>> round(low, 3), round(high, 3)
    (0.596, 0.982)
    """
    centre = (value + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * math.sqrt(value * (1 - value) / n + _Z**2 / (4 * n**2))
    return max(0.0, centre - half), min(1.0, centre + half)
