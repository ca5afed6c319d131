"""What several charts have in common: names beside the axes, whiskers, legends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from weaklabel.page.svg import FAINT, name_in_chart

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Estimate(NamedTuple):
    """A value, with its interval where it has one."""

    value: float
    low: float | None = None
    high: float | None = None


def whiskers(axes: Axes, values: Sequence[Estimate], places: Sequence[float], colour: str, width: float) -> None:
    """Draw the intervals of those values that have one."""
    known = [(value.low, value.high, place) for value, place in zip(values, places, strict=True)]
    spans = [(low, high, place) for low, high, place in known if low is not None and high is not None]
    if spans:
        low, high, y = zip(*spans, strict=True)
        axes.hlines(y, low, high, color=colour, linewidth=width)


def names_down(axes: Axes, labels: Sequence[str], axis: str) -> None:
    """Name the places 0, 1, ... beside the plot, from the top, and below it the axis."""
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes_text(axes, axis, "")


def axes_text(axes: Axes, x_axis: str, y_axis: str) -> None:
    """Say what the axes are; "" says nothing."""
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


def at(values: Sequence[Any], places: Sequence[int]) -> list[Any]:
    """Return the values at some places."""
    return [values[place] for place in places]
