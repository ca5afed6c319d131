"""The section on language models that voted: what they cost, about how many rows they were asked, and what that brought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from weaklabel.page.charts import Line, lines
from weaklabel.page.page import Block, Chart, Charts, DataTable, Section, Text
from weaklabel.report.text import with_interval
from weaklabel.scoring import Scores

SPENT_COLUMNS = (
    "model", "requests", "tokens in", "tokens out", "money", "kept replies", "sent again", "without a reply", "off the list",
)  # fmt: skip
LF_COLUMNS = ("LF", "asked about", "rows asked", "share of rows", "votes", "abstained")
CURVE_COLUMNS = ("rows asked", "share", "tokens", "accuracy", "F1")

CURVE_NOTE = (
    "The label model is fitted again, on votes alone, with the answers on the least sure rows only, as many as each line says; "
    "so the scores are those that fewer requests would have given. They need gold, and the rows with gold are those of "
    "the other scores."
)


@dataclass(frozen=True)
class AskedLF:
    """A labeling function that was asked about some rows, or that asks a language model.

    Attributes
    ----------
    name, where
        See `weaklabel.lf.LF`.
    rows, of_rows
        Rows about which it was asked, and rows of the corpus.
    votes
        Rows on which it voted.
    """

    name: str
    where: str
    rows: int
    of_rows: int
    votes: int


@dataclass(frozen=True)
class CurvePoint:
    """The scores of the label model with the answers on some rows, and what these rows cost; ``tokens`` is None if unknown."""

    rows: int
    share: float
    tokens: int | None
    scores: Scores


@dataclass(frozen=True)
class AskedSummary:
    """What is told of language models.

    Attributes
    ----------
    spent
        Counts by model, as `weaklabel.job.asked.spent_as_json` gives them; {} where no language model was asked.
    currency
        Of the money.
    lfs
        The labeling functions.
    curve
        Scores at growing numbers of rows asked; empty without gold.
    """

    spent: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    currency: str = ""
    lfs: Sequence[AskedLF] = ()
    curve: Sequence[CurvePoint] = ()


def spent_rows(asked: AskedSummary) -> list[list[Any]]:
    """Return a row for each model."""
    return [
        [
            name,
            each["requests"],
            each["prompt_tokens"],
            each["completion_tokens"],
            "" if each["money"] is None else f"{each['money']} {asked.currency}",
            each["kept"],
            each["retries"],
            each["unknown"],
            each["off_list"],
        ]
        for name, each in asked.spent.items()
    ]


def lf_rows(asked: AskedSummary) -> list[list[Any]]:
    """Return a row for each labeling function."""
    return [
        [lf.name, lf.where, lf.rows, lf.rows / lf.of_rows if lf.of_rows else None, lf.votes, lf.rows - lf.votes]
        for lf in asked.lfs
    ]


def curve_rows(asked: AskedSummary) -> list[list[Any]]:
    """Return a row for each point of the curve."""
    return [
        [
            point.rows,
            f"{point.share:.0%}",
            "" if point.tokens is None else point.tokens,
            with_interval(point.scores, "accuracy"),
            with_interval(point.scores, "f1"),
        ]
        for point in asked.curve
    ]


def language_models(asked: AskedSummary | None) -> Section | None:
    """Show what language models cost and brought; None where none was asked."""
    if asked is None:
        return None
    parts: list[Block] = []
    if asked.spent:
        words = "All that was spent for this run folder, however often it was resumed; requests without a reply count as spent."
        parts.append(DataTable(SPENT_COLUMNS, spent_rows(asked), caption=words))
    parts.append(DataTable(LF_COLUMNS, lf_rows(asked), caption="About how many rows they were asked"))
    if len(asked.curve) > 1:
        parts += [Text(CURVE_NOTE), Charts([_chart(asked)])]
        parts.append(DataTable(CURVE_COLUMNS, curve_rows(asked), caption="Cost against quality"))
    return Section("Language models", parts)


def _chart(asked: AskedSummary) -> Chart:
    in_tokens = all(point.tokens is not None for point in asked.curve)
    x = [float(point.tokens if in_tokens and point.tokens is not None else point.rows) for point in asked.curve]
    series = {}
    for name, metric in {"F1": "f1", "accuracy": "accuracy"}.items():
        bounds = [point.scores.intervals.get(metric, (None, None)) for point in asked.curve]
        y = [getattr(point.scores, metric) for point in asked.curve]
        series[name] = Line(x, y, [low for low, _ in bounds], [high for _, high in bounds])
    what = "tokens" if in_tokens else "rows asked"
    svg = lines(series, what, "score", alt=f"Scores of the label model by {what}")
    return Chart(svg, f"Cost against quality: where the line is flat, more {what} bring nothing.")
