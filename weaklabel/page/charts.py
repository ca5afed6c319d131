"""Charts for pages: each a function from data to an ``<svg>`` element, escaped, with text as text.

All take ``alt``, a description of the chart for readers who cannot see it; it is unique on a page.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from weaklabel.page.svg import FAINT, INK, SERIES, WIDTH, drawing, name_in_chart, room_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARKERS = "osD^vP"
_LF_MARKERS = "oDs^"
_DASHES = ("-", "--", ":", "-.")
_BAR = 18
_MAX_SHOWN_NUMBERS = 12
_MIN_FONT = 8
_HEAT = "#4f86d0"
"""Colour of pixels, which cannot follow the page: visible on a light and on a dark background."""


class Line(NamedTuple):
    """A line through points in order of ``x``, with a band from ``low`` to ``high`` where it has one.

    Lengths are equal; a point whose ``y`` is None is left out.
    """

    x: Sequence[float]
    y: Sequence[float | None]
    low: Sequence[float | None] = ()
    high: Sequence[float | None] = ()


def bars(names: Sequence[str], series: Mapping[str, Sequence[Estimate | None]], axis: str, *, alt: str) -> str:
    """Draw horizontal bars from 0, grouped by name, with intervals as whiskers; None leaves a gap.

    Parameters
    ----------
    names
        Of the groups, from the top.
    series
        One value a group each; a legend names them where there are several.
    axis
        What the values are.
    """
    labels = [name_in_chart(name) for name in names]
    step = 0.8 / max(1, len(series))
    high = _BAR * len(labels) * max(1.0, 0.6 * len(series)) + 8
    with drawing(alt, high, left=room_for(labels), legend=legend_lines(series)) as chart:
        for number, values in enumerate(series.values()):
            present = [(row, value) for row, value in enumerate(values) if value is not None]
            places = [row + (number - (len(series) - 1) / 2) * step for row, _ in present]
            colour = SERIES[number % len(SERIES)]
            chart.axes.barh(places, [value.value for _, value in present], 0.9 * step, color=colour, label=f"{number}")
            whiskers(chart.axes, [value for _, value in present], places, INK, 1.0)
        label_rows(chart.axes, labels, axis)
        legend(chart.axes, series)
    return chart.svg


def dots(
    names: Sequence[str],
    values: Sequence[Estimate | None],
    axis: str,
    *,
    alt: str,
    reference: float | None = None,
) -> str:
    """Draw a dot with its interval for each name, on an axis that need not begin at 0; None leaves a gap.

    Parameters
    ----------
    names, values
        From the top. Of equal length.
    axis
        What the values are.
    reference
        A value to compare with, drawn as a dashed line.
    """
    labels = [name_in_chart(name) for name in names]
    present = [(row, value) for row, value in enumerate(values) if value is not None]
    with drawing(alt, _BAR * len(labels) + 8, left=room_for(labels)) as chart:
        places = [float(row) for row, _ in present]
        whiskers(chart.axes, [value for _, value in present], places, SERIES[0], 2.0)
        chart.axes.plot([value.value for _, value in present], places, "o", color=SERIES[0], markersize=6)
        if reference is not None:
            chart.axes.axvline(reference, color=INK, linewidth=0.8, linestyle="--")
        label_rows(chart.axes, labels, axis)
    return chart.svg


def lines(
    series: Mapping[str, Line], x_axis: str, y_axis: str, *, alt: str, ticks: Mapping[float, str] | None = None
) -> str:
    """Draw lines with bands; they differ in colour, dashes and markers.

    Parameters
    ----------
    series
        By name, as in the legend.
    ticks
        If ``x`` is a position and not a quantity: the text to show at each.
    """
    with drawing(alt, 210, left=56, legend=legend_lines(series)) as chart:
        for number, line in enumerate(series.values()):
            colour, dashes = SERIES[number % len(SERIES)], _DASHES[number % len(_DASHES)]
            present = [place for place, y in enumerate(line.y) if y is not None]
            x, y = select(line.x, present), select(line.y, present)
            marker = _MARKERS[number % len(_MARKERS)]
            chart.axes.plot(x, y, dashes, color=colour, marker=marker, markersize=5, label=f"{number}")
            banded = [place for place in present if line.low and None not in (line.low[place], line.high[place])]
            low, high = select(line.low, banded), select(line.high, banded)
            chart.axes.fill_between(select(line.x, banded), low, high, color=colour, alpha=0.18, linewidth=0)
        if ticks is not None:
            chart.axes.set_xticks(list(ticks), [name_in_chart(text) for text in ticks.values()])
        axes_text(chart.axes, x_axis, y_axis)
        chart.axes.grid(axis="y")
        legend(chart.axes, series)
    return chart.svg


def histogram(counts: Sequence[int], edges: Sequence[float], x_axis: str, y_axis: str = "rows", *, alt: str) -> str:
    """Draw a histogram of values that are already counted.

    Parameters
    ----------
    counts, edges
        As `numpy.histogram` returns them: one more edge than counts.
    """
    with drawing(alt, 170, left=80) as chart:
        chart.axes.stairs(counts, edges, fill=True, color=SERIES[0], linewidth=0)
        axes_text(chart.axes, x_axis, y_axis)
        chart.axes.grid(axis="y")
        chart.axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
    return chart.svg


def calibration(confidence: Sequence[float], accuracy: Sequence[float], rows: Sequence[int], *, alt: str) -> str:
    """Draw accuracy against confidence; on the dashed line they are equal.

    Parameters
    ----------
    confidence, accuracy
        Mean of each bin, 0..1.
    rows
        In each bin; a dot's area shows its share, and a bin without rows has no dot.
    """
    total = max(1, sum(rows))
    present = [place for place, count in enumerate(rows) if count]
    with drawing(alt, 250, left=56, right=100) as chart:
        chart.axes.plot([0, 1], [0, 1], "--", color=INK, linewidth=0.8)
        x, y = select(confidence, present), select(accuracy, present)
        chart.axes.plot(x, y, color=SERIES[0], linewidth=1)
        chart.axes.scatter(
            x, y, [14 + 400 * rows[place] / total for place in present], SERIES[0], alpha=0.75, clip_on=False
        )
        chart.axes.set(xlim=(0, 1.03), ylim=(0, 1.03))
        axes_text(chart.axes, "confidence", "share that is right")
        chart.axes.grid()
    return chart.svg


def heat_map(
    values: Sequence[Sequence[float | None]],
    rows: Sequence[str],
    columns: Sequence[str],
    axis: str,
    *,
    alt: str,
    highest: float | None = None,
) -> str:
    """Draw a matrix as shades: nothing at 0, full colour at ``highest``; a small one shows its numbers as well.

    Parameters
    ----------
    values
        At least 0; None is left empty. Shape: [rows, columns].
    rows, columns
        Names; those of columns are vertical.
    axis
        What the values are; the text below adds what full colour stands for.
    highest
        Default: the largest value.
    """
    top = highest or max((value for line in values for value in line if value is not None), default=0) or 1.0
    labels, heads = [name_in_chart(name) for name in rows], [name_in_chart(name) for name in columns]
    left, foot = room_for(labels), room_for(heads)
    # Where there is no room for every name, every second or third is shown.
    every = max(1, math.ceil(_MIN_FONT * len(columns) / (WIDTH - left - 12)))
    font = min(11.0, every * (WIDTH - left - 12) / max(1, len(columns)))
    left, foot = left * font / 11, foot * font / 11
    side = min(40.0, (WIDTH - left - 12) / max(1, len(columns)))
    with drawing(
        alt, side * max(1, len(rows)), left=left, right=WIDTH - left - side * len(columns), bottom=foot + 36
    ) as chart:
        _shades(chart.axes, values, top)
        chart.axes.set(xlim=(-0.5, max(1, len(columns)) - 0.5), ylim=(max(1, len(rows)) - 0.5, -0.5), aspect="auto")
        chart.axes.set_yticks(range(0, len(labels), every), labels[::every])
        chart.axes.set_xticks(range(0, len(heads), every), heads[::every], rotation=90)
        chart.axes.tick_params(length=0, labelsize=font)
        chart.axes.figure.text(0.5, 0.02, f"{axis}; full colour: {top:.3g}", ha="center")
    return chart.svg


def _shades(axes: Axes, values: Sequence[Sequence[float | None]], top: float) -> None:
    if max(len(values), len(values[0]) if values else 0) > _MAX_SHOWN_NUMBERS:
        _pixels(axes, values, top)
        return
    for row, line in enumerate(values):
        for column, value in enumerate(line):
            if value is None:
                continue
            shade = min(1.0, max(0.0, value / top))
            axes.fill_between(
                [column - 0.48, column + 0.48], row - 0.46, row + 0.46, color=SERIES[0], alpha=0.75 * shade, linewidth=0
            )
            axes.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=9)


def _pixels(axes: Axes, values: Sequence[Sequence[float | None]], top: float) -> None:
    """Draw a large matrix as an image of one pixel a value: thousands of shapes would make a slow page."""
    import numpy as np
    from matplotlib.colors import to_rgb

    shades = np.array([[value or 0.0 for value in line] for line in values]) / top
    image = np.empty((*shades.shape, 4))
    image[..., :3], image[..., 3] = to_rgb(_HEAT), shades.clip(0, 1)
    axes.imshow(image, interpolation="none")


class Estimate(NamedTuple):
    """A value, with its interval where it has one."""

    value: float
    low: float | None = None
    high: float | None = None


def whiskers(axes: Axes, values: Sequence[Estimate], places: Sequence[float], colour: str, width: float) -> None:
    """Draw the intervals of those values that have one."""
    bounds = [(value.low, value.high, place) for value, place in zip(values, places, strict=True)]
    spans = [(low, high, place) for low, high, place in bounds if low is not None and high is not None]
    if spans:
        low, high, y = zip(*spans, strict=True)
        axes.hlines(y, low, high, color=colour, linewidth=width)


def label_rows(axes: Axes, labels: Sequence[str], axis: str) -> None:
    """Write the names next to the plot, from the top, and label the axis below it."""
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes_text(axes, axis, "")


def axes_text(axes: Axes, x_axis: str, y_axis: str) -> None:
    """Label the axes; "" leaves one without a label."""
    axes.set_xlabel(name_in_chart(x_axis))
    axes.set_ylabel(name_in_chart(y_axis))
    axes.tick_params(color=FAINT)


def legend_lines(series: Mapping[str, Any]) -> int:
    """Lines that a legend takes: none where there is one series only."""
    return len(series) if len(series) > 1 else 0


def legend(axes: Axes, series: Mapping[str, Any]) -> None:
    """Name the series above the plot, one a line, where there are several."""
    if len(series) > 1:
        drawn = axes.legend(
            loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2, handlelength=2.6, labelspacing=0.35
        )
        # Set afterwards: as a label, a name that begins with an underscore would be left out.
        for text, name in zip(drawn.get_texts(), series, strict=True):
            text.set_text(name_in_chart(name))


def select(values: Sequence[Any], places: Sequence[int]) -> list[Any]:
    """Return the values at the given positions."""
    return [values[place] for place in places]


def compared(names: Sequence[str], series: Mapping[str, Sequence[Estimate | None]], axis: str, *, alt: str) -> str:
    """Draw a line for each name with a marker for each series, so that differences show; None leaves a gap.

    Parameters
    ----------
    names
        From the top.
    series
        One value a name each, from 0 to 1, in the order of the legend.
    axis
        What the values are.
    """
    labels = [name_in_chart(name) for name in names]
    with drawing(alt, _BAR * len(labels) + 8, left=room_for(labels), legend=legend_lines(series)) as chart:
        for number, values in enumerate(series.values()):
            present = [(float(row), value) for row, value in enumerate(values) if value is not None]
            places, colour = [row for row, _ in present], SERIES[number % len(SERIES)]
            whiskers(chart.axes, [value for _, value in present], places, colour, 2.0)
            marker = _LF_MARKERS[number % len(_LF_MARKERS)]
            x = [value.value for _, value in present]
            chart.axes.plot(x, places, marker, color=colour, markersize=6, label=f"{number}")
        label_rows(chart.axes, labels, axis)
        legend(chart.axes, series)
    return chart.svg


def stacked(
    names: Sequence[str], series: Mapping[str, Sequence[float]], colours: Sequence[int], axis: str, *, alt: str
) -> str:
    """Draw a bar for each name, stacked from the series, from 0.

    Parameters
    ----------
    names
        From the top.
    series
        One value a name each, at least 0, in the order of the parts and of the legend.
    colours
        Number of each part's colour, from 0.
    axis
        What the values are.
    """
    labels = [name_in_chart(name) for name in names]
    begin = np.zeros(len(labels))
    with drawing(alt, _BAR * len(labels) + 8, left=room_for(labels), legend=legend_lines(series)) as chart:
        for number, (values, colour) in enumerate(zip(series.values(), colours, strict=True)):
            width = np.asarray(values, dtype=np.float64)
            places = np.arange(len(labels))
            chart.axes.barh(places, width, 0.7, left=begin, color=SERIES[colour], label=f"{number}")
            begin = begin + width
        label_rows(chart.axes, labels, axis)
        legend(chart.axes, series)
    return chart.svg
