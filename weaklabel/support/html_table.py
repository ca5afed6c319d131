"""Small HTML tables for notebooks: escaped, bounded in size, and in the colours of the page around them."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from html import escape
from itertools import islice
from numbers import Real
from typing import Any

from weaklabel.errors import visible
from weaklabel.support.table import cell_text, numeric

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
