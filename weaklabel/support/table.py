"""Text tables for terminals: aligned by display width, so that Chinese names and emoji do not shift the columns."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from numbers import Integral, Real
from typing import Any

from weaklabel.errors import visible

NOTHING = "-"
"""Shown in a cell that has no value."""


def table(rows: Iterable[Sequence[Any]], columns: Sequence[str], *, digits: int = 3) -> str:
    """Render rows as an aligned table with a ruled header.

    Parameters
    ----------
    rows
        As many cells each as there are columns. None and NaN show as "-"; control characters show as escapes.
    columns
        Headings. A column of numbers is aligned to the right, any other to the left.
    digits
        Decimals of floats.

    Raises
    ------
    ValueError
        A row has more or fewer cells than there are columns.

    Examples
    --------
    >>> print(table([("check_out", 0.25), ("链接", 1.0), ("never", None)], ["LF", "Coverage"]))
    LF         Coverage
    -------------------
    check_out     0.250
    链接          1.000
    never             -
    """
    cells = [list(row) for row in rows]
    texts = [[visible(column) for column in columns], *([cell_text(cell, digits) for cell in row] for row in cells)]
    shown = []
    for number, column in enumerate(zip(*texts, strict=True)):
        width = max(map(display_width, column))
        right = numeric(row[number] for row in cells)
        shown.append([_padded(text, width, right) for text in column])
    head, *body = ("  ".join(line).rstrip() for line in zip(*shown, strict=True))
    rule = "-" * max(map(display_width, (head, *body)))
    return "\n".join([head, rule, *body])


def cell_text(value: Any, digits: int = 3) -> str:
    """Return a table cell as text: floats rounded to ``digits``, "-" for nothing, no control characters."""
    if _missing(value):
        return NOTHING
    if isinstance(value, Real) and not isinstance(value, Integral):
        return f"{float(value):.{digits}f}"
    return visible(str(value))


def numeric(values: Iterable[Any]) -> bool:
    """Whether a column holds numbers, and no other value than missing ones."""
    present = [value for value in values if not _missing(value)]
    return bool(present) and all(isinstance(value, Real) and not isinstance(value, bool) for value in present)


def display_width(text: str) -> int:
    """Columns that a terminal gives ``text``: 2 for wide characters, 0 for combining ones, else 1.

    An estimate for joined emoji, on which terminals disagree: each visible part counts.
    """
    return sum(map(_char_width, text))


def _char_width(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _missing(value: Any) -> bool:
    # pandas' NA is not a number and compares to nothing; only its name shows what it is, without importing pandas.
    nan = isinstance(value, Real) and value != value
    return value is None or nan or type(value).__name__ == "NAType"


def _padded(text: str, width: int, right: bool) -> str:
    space = " " * (width - display_width(text))
    return space + text if right else text + space
