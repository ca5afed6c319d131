"""Bars of signed numbers for terminals."""

from __future__ import annotations

from collections.abc import Sequence

WIDTH = 12
"""Characters of the longest bar."""


def bars(numbers: Sequence[float]) -> list[str]:
    """Draw each number as a bar: to the right of a line where it is above 0, to the left where it is below.

    Examples
    --------
    >>> bars([3.0, -1.5])
    ['            |████████████', '      ██████|            ']
    """
    longest = max(map(abs, numbers), default=0) or 1
    lengths = [round(WIDTH * abs(number) / longest) for number in numbers]
    return [
        f"{'█' * length:>{WIDTH}}|{'':{WIDTH}}" if number < 0 else f"{'':{WIDTH}}|{'█' * length:{WIDTH}}"
        for number, length in zip(numbers, lengths, strict=True)
    ]
