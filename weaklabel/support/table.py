"""Tables: text for terminals, and HTML for notebooks.

Text is aligned by display width, so that Chinese names and emoji do not shift the columns. HTML is escaped, bounded in
size, and in the colours of the page around it.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from html import escape
from itertools import islice
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


MAX_ROWS, MAX_COLUMNS, MAX_CHARACTERS = 20, 20, 100
"""Largest numbers of rows, columns and characters of a cell; what is left out is counted."""

_CELL = "padding:.15em .6em;border:0;border-bottom:1px solid rgba(128,128,128,.3);vertical-align:top"


def html_table(
    rows: Iterable[Sequence[Any]],
    columns: Sequence[str],
    *,
    title: str = "",
    total: int | None = None,
    bars: Collection[str] = (),
) -> str:
    """Render rows as an HTML table of at most `MAX_ROWS` rows and `MAX_COLUMNS` columns.

    Parameters
    ----------
    rows
        As many cells each as there are columns.
    columns
        Headings.
    title
        Stands above.
    total
        How many rows there are; by default as many as are given.
    bars
        Columns of numbers, mostly 0..1, with a bar next to each number: to the left of a line where it is below 0.

    Examples
    --------
    >>> print(html_table([("<b>", 0.25)], ["LF", "share"]))  # doctest: +ELLIPSIS
    <div ...>&lt;b&gt;</td>...>0.250</td></tr></tbody></table></div>
    """
    given = list(rows) if total is None else list(islice(rows, MAX_ROWS))
    shown, names = given[:MAX_ROWS], list(columns)[:MAX_COLUMNS]
    right = [numeric(row[place] for row in shown) for place in range(len(names))]
    largest = {
        place: max([1e-12, *(abs(row[place]) for row in shown if _finite(row[place]))])
        for place, name in enumerate(names)
        if name in bars
    }
    head = "".join(_cell("th", _text(name), right[place]) for place, name in enumerate(names))
    body = "".join(
        "<tr>"
        + "".join(
            _cell("td", _text(row[place]) + _bar(row[place], largest.get(place)), right[place])
            for place in range(len(names))
        )
        + "</tr>"
        for row in shown
    )
    more = []
    if (left := (len(given) if total is None else total) - len(shown)) > 0:
        more.append(f"{left:,} more rows")
    if (left := len(columns) - len(names)) > 0:
        more.append(f"{left:,} more columns")
    above = f"<div style='margin:.3em 0'>{_text(title, 3 * MAX_CHARACTERS)}</div>" if title else ""
    below = f"<div style='margin:.3em 0;opacity:.7'>and {' and '.join(more)}</div>" if more else ""
    return (
        f"<div style='color:inherit;overflow-x:auto'>{above}<table style='border-collapse:collapse;color:inherit'>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{below}</div>"
    )


def _cell(tag: str, content: str, right: bool) -> str:
    return f"<{tag} style='{_CELL};text-align:{'right' if right else 'left'}'>{content}</{tag}>"


def _text(value: Any, limit: int = MAX_CHARACTERS) -> str:
    """Return a cell as escaped text of at most ``limit`` characters; much longer text is truncated before it is formatted."""
    if isinstance(value, str):
        value = " ".join(value[: 4 * limit].split())
    text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else cell_text(value)
    return escape(visible(text if len(text) <= limit else text[: limit - 1] + "\u2026"))


def _bar(value: Any, largest: float | None) -> str:
    if largest is None or not _finite(value):
        return ""
    width, colour = 40 * abs(value) / max(largest, 1.0), "rgba(80,130,220,.7)" if value >= 0 else "rgba(220,110,60,.7)"
    return (
        "<span style='display:inline-block;width:42px;text-align:left;margin-left:.5em'><span style='display:inline-block;"
        f"height:.6em;width:{width:.0f}px;background:{colour}'></span></span>"
    )


def _finite(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
