"""A transformation function of numbers and dates: others of the same form."""

from __future__ import annotations

import re
from datetime import date, timedelta

from weaklabel.augment.core import Rng, TextTransformation

_DATE = re.compile(r"(?<!\d)(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?!\d)")
_YEAR = range(1900, 2100)
_NUMBER = re.compile(r"\d+")
MOST_DAYS = 60
"""How far a date is moved."""

MOST_YEARS = 3
"""How far a year is moved."""


class Numbers(TextTransformation):
    """Other numbers with as many digits, years and dates that are near; in the digits of the same script.

    Parts of a number such as 1,000.50 keep their form; a first digit that is not 0 stays so. Dates are found as year, month,
    day, and stay dates.

    Examples
    --------
    >>> import numpy as np
    >>> Numbers().change("call 0800 555 on 2024-02-28 for £1,000", np.random.default_rng(0))
    'call 0230 801 on 2024-04-20 for £9,069'
    """

    name = "numbers"

    def change(self, text: str, rng: Rng) -> str | None:
        """See `TextTransformation`."""
        parts, at = list[str](), 0
        for match in _DATE.finditer(text):
            moved = _moved(match, rng)
            if moved is not None:
                parts += [_NUMBER.sub(lambda number: _other(number[0], rng), text[at : match.start()]), moved]
                at = match.end()
        return "".join([*parts, _NUMBER.sub(lambda number: _other(number[0], rng), text[at:])])


def _moved(match: re.Match[str], rng: Rng) -> str | None:
    year, mark, month, day = match.groups()
    try:
        days = int(rng.integers(1, MOST_DAYS + 1)) * (1 if rng.integers(2) else -1)
        new = date(int(year), int(month), int(day)) + timedelta(days=days)
    except (ValueError, OverflowError):
        return None
    parts = [
        _in_digits_of(str(value).zfill(len(old)), old)
        for value, old in ((new.year, year), (new.month, month), (new.day, day))
    ]
    return mark.join(parts)


def _other(digits: str, rng: Rng) -> str:
    if len(digits) == 4 and int(digits) in _YEAR:
        year = int(digits) + int(rng.integers(1, MOST_YEARS + 1)) * (1 if rng.integers(2) else -1)
        return _in_digits_of(str(year), digits)
    is_padded = int(digits[0]) == 0
    new = [int(rng.integers(10)) for _ in digits]
    new[0] = 0 if is_padded else int(rng.integers(1, 10))
    return _in_digits_of("".join(map(str, new)), digits)


def _in_digits_of(digits: str, like: str) -> str:
    """Return digits in the scripts of others: the zero of a digit is as far below it as its value says."""
    zeros = [ord(digit) - int(digit) for digit in like]
    return "".join(chr(zeros[min(place, len(zeros) - 1)] + int(digit)) for place, digit in enumerate(digits))
