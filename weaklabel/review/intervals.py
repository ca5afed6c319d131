"""Shares with their intervals."""

from __future__ import annotations

from dataclasses import dataclass

from weaklabel.scoring.wilson import wilson


@dataclass(frozen=True)
class Share:
    """A share and its 95% interval, each 0..1, None where there is nothing to count.

    Attributes
    ----------
    hits, n
        ``hits`` of ``n`` were counted; in a weighted estimate the value is not their ratio.
    """

    value: float | None
    low: float | None
    high: float | None
    hits: int
    n: int


def share(hits: int, n: int) -> Share:
    """Return ``hits`` of ``n`` with their Wilson interval.

    Examples
    --------
    >>> found = share(9, 10)
    >>> found.value, round(found.low, 3), round(found.high, 3)
    (0.9, 0.596, 0.982)
    """
    if n == 0:
        return Share(None, None, None, 0, 0)
    return Share(hits / n, *wilson(hits / n, n), hits, n)
