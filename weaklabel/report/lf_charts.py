"""Charts that compare labeling functions; see `weaklabel.page.charts` for what all charts share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from weaklabel.page.axes import Estimate, legend, legend_lines, names_down, whiskers
from weaklabel.page.svg import SERIES, drawing, name_in_chart, room_for

_MARKERS = "oDs^"
_BAR = 18


def compared(names: Sequence[str], series: Mapping[str, Sequence[Estimate | None]], axis: str, *, alt: str) -> str:
    """Draw a line a name with a marker for each series, so that what differs stands apart; None leaves a gap.

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
            there = [(float(row), value) for row, value in enumerate(values) if value is not None]
            places, colour = [row for row, _ in there], SERIES[number % len(SERIES)]
            whiskers(chart.axes, [value for _, value in there], places, colour, 2.0)
            marker = _MARKERS[number % len(_MARKERS)]
            x = [value.value for _, value in there]
            chart.axes.plot(x, places, marker, color=colour, markersize=6, label=f"{number}")
        names_down(chart.axes, labels, axis)
        legend(chart.axes, series)
    return chart.svg


def stacked(
    names: Sequence[str], series: Mapping[str, Sequence[float]], colours: Sequence[int], axis: str, *, alt: str
) -> str:
    """Draw a bar a name that is made of the series, one behind the other from 0.

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
        names_down(chart.axes, labels, axis)
        legend(chart.axes, series)
    return chart.svg
