"""Text tables for terminals: aligned by display width, so that Chinese names and emoji do not shift the columns."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from weaklabel.errors import ScoreError
from weaklabel.scoring import Scores

if TYPE_CHECKING:
    import pandas as pd

NOTHING = "-"
"""Stands in a cell that has no value."""

_JOINER = "\u200d"
_STAGE_METRICS = {"precision": "precision", "recall": "recall", "F1": "f1", "accuracy": "accuracy"}


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


def lf_table(summary: pd.DataFrame) -> str:
    """Render an LF analysis, one row a labeling function, with the frame's own columns; NaN shows as "-".

    Parameters
    ----------
    summary
        What `LFAnalysis.lf_summary` gives, as does Snorkel's; its index is the names.
    """
    return table(lf_rows(summary), lf_columns(summary))


def lf_columns(summary: pd.DataFrame) -> list[str]:
    """Headings of an LF analysis: ``LF`` and the frame's columns."""
    return ["LF", *map(str, summary.columns)]


def lf_rows(summary: pd.DataFrame) -> list[list[Any]]:
    """Rows of an LF analysis: the name, then the frame's values, each of the kind that its column has."""
    # Column by column: a row of a frame with mixed columns would turn whole numbers into floats.
    values = [summary.iloc[:, number].tolist() for number in range(summary.shape[1])]
    return [list(row) for row in zip(map(str, summary.index), *values, strict=True)]


def scores_table(stages: Mapping[str, Scores]) -> str:
    """Render the scores of several stages side by side, with intervals where there are any.

    Raises
    ------
    ScoreError
        Stages differ in classes, positive class, treatment of abstains or confidence of intervals.
    """
    if not stages:
        return "No stage was scored: there is no gold."
    return f"{stage_caption(stages)}\n\n{table(stage_rows(stages), stage_columns(stages))}"


def stage_caption(stages: Mapping[str, Scores]) -> str:
    """Say what the figures of `stage_rows` are of: class or average, rows, intervals, abstains."""
    first = _common(stages)
    parts = [f"Precision, recall and F1 {first.basis if first.positive is not None else f'({first.basis})'}"]
    if _same_n(stages):
        parts.append(f"{first.n:,} gold rows")
    if any(scores.intervals for scores in stages.values()):
        parts.append(f"{first.confidence:.0%} bootstrap intervals in brackets")
    parts.append("an abstain counts as a miss" if first.abstain == "miss" else "abstained rows are left out")
    return "; ".join(parts) + "."


def stage_columns(stages: Mapping[str, Scores]) -> list[str]:
    """Headings of `stage_rows`."""
    return ["stage", *_STAGE_METRICS, "coverage", *([] if _same_n(stages) else ["n"])]


def stage_rows(stages: Mapping[str, Scores]) -> list[list[Any]]:
    """One row a stage: its metrics with intervals, coverage, and n where stages differ in it."""
    tail = [] if _same_n(stages) else ["n"]
    return [
        [
            stage,
            *(_with_interval(scores, metric) for metric in _STAGE_METRICS.values()),
            *(getattr(scores, name) for name in ("coverage", *tail)),
        ]
        for stage, scores in stages.items()
    ]


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


def visible(text: str) -> str:
    """Show control, direction and other invisible characters as escapes, so that no name can forge a line.

    The joiner inside emoji stays.

    Examples
    --------
    >>> print(visible("two\\nlines"))
    two\\nlines
    """
    return "".join(char if _harmless(char) else char.encode("unicode_escape").decode("ascii") for char in text)


def display_width(text: str) -> int:
    """Columns that a terminal gives ``text``: 2 for wide characters, 0 for combining ones, else 1.

    An estimate for joined emoji, on which terminals disagree: each visible part counts.
    """
    return sum(map(_char_width, text))


def _char_width(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _harmless(char: str) -> bool:
    return char == _JOINER or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _missing(value: Any) -> bool:
    # pandas' own NA is no number and compares to nothing; its name is all that tells it without importing pandas.
    nan = isinstance(value, Real) and value != value
    return value is None or nan or type(value).__name__ == "NAType"


def _padded(text: str, width: int, right: bool) -> str:
    space = " " * (width - display_width(text))
    return space + text if right else text + space


def _with_interval(scores: Scores, metric: str) -> str:
    value = f"{getattr(scores, metric):.3f}"
    if metric not in scores.intervals:
        return value
    low, high = scores.intervals[metric]
    return f"{value} [{low:.3f}, {high:.3f}]"


def _same_n(stages: Mapping[str, Scores]) -> bool:
    return len({scores.n for scores in stages.values()}) == 1


def _common(stages: Mapping[str, Scores]) -> Scores:
    """Return the first of the stages, after checking that the others measure the same."""
    first_name, first = next(iter(stages.items()))
    for name, scores in stages.items():
        for field in ("labels", "positive", "abstain", "confidence"):
            mine, theirs = getattr(first, field), getattr(scores, field)
            if mine != theirs:
                raise ScoreError(
                    f"stages '{first_name}' and '{name}' differ in {field} ({mine!r} and {theirs!r}); "
                    "score both in the same way to show them side by side"
                )
    return first
