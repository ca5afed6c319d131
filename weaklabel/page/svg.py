"""Drawing with matplotlib into SVG that belongs into a page: the page's font and colours, light or dark, any width.

Colours are stand-ins while matplotlib draws; in the SVG they become ``currentColor`` and CSS variables, which
`weaklabel.page.page` sets for light, dark and print. Nothing of matplotlib's global state or of the user's own
matplotlibrc enters, and the same data give the same bytes.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from weaklabel.errors import visible
from weaklabel.support.table import display_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK = "#010101"
FAINT = "#020202"
SERIES = ("#030001", "#030002", "#030003", "#030004", "#030005", "#030006")
"""Stand-ins for the colours of text, of grid lines, and of the series, which repeat after six."""

LIGHT = ("#3b6fb6", "#d0503f", "#2b8a3e", "#a8790a", "#1192a8", "#9c3a86")
"""The colours of series on a light ground: distinguishable by people who are colour-blind, and readable as lines."""

WIDTH = 420
"""Width of every chart in CSS pixels before a page stretches or shrinks it."""

LONGEST_NAME = 30
"""Columns that a name may take in a chart; the tables next to it have the whole name."""

_PAGE_COLOURS = {
    INK: "currentColor",
    FAINT: "var(--faint, #8888)",
    **{stand_in: f"var(--series-{number}, {LIGHT[number - 1]})" for number, stand_in in enumerate(SERIES, 1)},
}
_FONT = 11
_STYLE = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "DejaVu Sans",
    "font.size": _FONT,
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
}
_NOT_IN_XML = re.compile("[\ufffe\uffff]")


class Drawing:
    """A chart under way: the ``axes`` to draw on, and afterwards its ``svg``."""

    axes: Axes
    svg: str = ""


@contextmanager
def drawing(
    alt: str, height: float, *, left: float = 46, right: float = 12, bottom: float = 40, legend: int = 0
) -> Iterator[Drawing]:
    """Give axes to draw on; when the block ends, ``svg`` of what it gave holds the chart.

    Parameters
    ----------
    alt
        What the chart shows, for those who cannot see it.
    height
        Of the plot itself, in CSS pixels; axis texts and legend come on top.
    left, right, bottom
        Room around the plot, in CSS pixels.
    legend
        Lines of legend above the plot.
    """
    from matplotlib import style
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    chart = Drawing()
    total = bottom + height + 8 + 18 * legend
    with style.context(["default", _STYLE | {"svg.hashsalt": f"weaklabel {visible(alt)}"}]), _any_glyph():
        figure = Figure(figsize=(WIDTH / 72, total / 72), dpi=72)
        FigureCanvasSVG(figure)
        chart.axes = figure.add_axes((left / WIDTH, bottom / total, (WIDTH - left - right) / WIDTH, height / total))
        yield chart
        file = io.BytesIO()
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(file, format="svg", transparent=True, metadata=nothing)
    chart.svg = _for_a_page(file.getvalue(), alt)


def name_in_chart(text: str) -> str:
    """Return ``text`` as a chart can show it: on one line, without invisible characters, a long middle left out.

    Examples
    --------
    >>> name_in_chart("a" * 40 + " + linear")
    'aaaaaaaaaaaaaaa…aaaaa + linear'
    """
    text = _NOT_IN_XML.sub(lambda char: ascii(char[0])[1:-1], visible(text))
    if display_width(text) <= LONGEST_NAME:
        return text
    half = (LONGEST_NAME - 1) // 2
    return f"{_fitting(text, half + 1)}…{_fitting(text[::-1], half)[::-1]}"


def _fitting(text: str, width: int) -> str:
    """Return the longest beginning of ``text`` that is at most ``width`` columns wide."""
    ends = range(min(len(text), width), 0, -1)
    return next((text[:end] for end in ends if display_width(text[:end]) <= width), "")


def room_for(names: list[str]) -> float:
    """Pixels that the longest of ``names`` takes at an axis, at least as many as a number takes."""
    # Page fonts are narrower than matplotlib's, so that its own measure would leave a gap.
    return max([46, *(0.6 * _FONT * display_width(name) + 12 for name in names)])


@contextmanager
def _any_glyph() -> Iterator[None]:
    """Keep matplotlib from warning that its font lacks a character: the reader's font draws it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from font")
        yield


def _for_a_page(markup: bytes, alt: str) -> str:
    """Rewrite matplotlib's file into an element for HTML: no prolog, namespaces, ids of groups, own fonts or size."""
    root = ElementTree.fromstring(markup)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        for name, value in list(element.attrib.items()):
            del element.attrib[name]
            element.set(name.rpartition("}")[2], _page_style(value) if name == "style" else value)
        if element.tag == "g":
            element.attrib.pop("id", None)
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.attrib |= {"role": "img", "aria-label": _NOT_IN_XML.sub("", visible(alt)), "class": "chart"}
    # The text of the last tick is centred on the edge of the plot.
    root.set("overflow", "visible")
    for defs in root.findall("defs"):
        for sheet in defs.findall("style"):
            defs.remove(sheet)  # it would style every element of the page
    return ElementTree.tostring(root, encoding="unicode")


def _page_style(declarations: str) -> str:
    kept = []
    for declaration in declarations.split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name and name != "font-family":
            kept.append(f"{name}: {_PAGE_COLOURS.get(value, value)}")
    return "; ".join(kept)
