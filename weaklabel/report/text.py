"""Result objects as text for terminals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from weaklabel.errors import ScoreError
from weaklabel.scoring import Scores
from weaklabel.scoring.spans import SpanScores
from weaklabel.support.table import table

if TYPE_CHECKING:
    import pandas as pd

STEP_COLUMNS = ("step", "rows in", "kept", "dropped", "changed", "new")
RULE_COLUMNS = ("step", "rule", "dropped", "changed")

_STAGE_METRICS = {"precision": "precision", "recall": "recall", "F1": "f1", "accuracy": "accuracy"}


def lf_columns(summary: pd.DataFrame) -> list[str]:
    """Headings of an LF analysis: ``LF`` and the frame's columns."""
    return ["LF", *map(str, summary.columns)]


def lf_rows(summary: pd.DataFrame) -> list[list[Any]]:
    """Rows of an LF analysis: the name, then the frame's values, each of its column's type."""
    # Column by column: a row of a frame with mixed columns would turn whole numbers into floats.
    values = [summary.iloc[:, number].tolist() for number in range(summary.shape[1])]
    return [list(row) for row in zip(map(str, summary.index), *values, strict=True)]


SPAN_STAGE_COLUMNS = ("stage", "precision", "recall", "F1", "95% interval of F1", "macro F1", "texts", "gold spans")


def span_stage_rows(stages: Mapping[str, SpanScores]) -> list[list[Any]]:
    """Return the scores of stages that give spans, one row a stage."""
    rows = []
    for stage, scores in stages.items():
        low, high = scores.intervals.get("f1", (None, None))
        interval = "-" if low is None else f"{low:.3f} to {high:.3f}"
        figures = [scores.precision, scores.recall, scores.f1]
        rows.append([stage, *figures, interval, scores.macro_f1, scores.n, scores.n_gold])
    return rows


def span_scores_table(stages: Mapping[str, SpanScores]) -> str:
    """Render the scores of several stages that give spans side by side."""
    return table(span_stage_rows(stages), SPAN_STAGE_COLUMNS)


def scores_of_stages(stages: Mapping[str, Scores] | Mapping[str, SpanScores]) -> str:
    """Render the scores of several stages of a run, whether they label texts or spans."""
    of_spans = {name: scores for name, scores in stages.items() if isinstance(scores, SpanScores)}
    return span_scores_table(of_spans) if of_spans else scores_table(stages)  # type: ignore[arg-type]


def scores_table(stages: Mapping[str, Scores]) -> str:
    """Render the scores of several stages side by side, with intervals where there are any.

    Raises
    ------
    ScoreError
        Stages differ in classes, positive class, treatment of abstains or confidence of intervals.
    """
    if not stages:
        return "No stage was scored: no gold was given."
    return f"{stage_caption(stages)}\n\n{table(stage_rows(stages), stage_columns(stages))}"


def stage_caption(stages: Mapping[str, Scores]) -> str:
    """Describe the figures of `stage_rows`: class or average, rows, intervals, abstains."""
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
            *(with_interval(scores, metric) for metric in _STAGE_METRICS.values()),
            *(getattr(scores, name) for name in ("coverage", *tail)),
        ]
        for stage, scores in stages.items()
    ]


def with_interval(scores: Scores, metric: str) -> str:
    """Return a measure with its interval, where it has one."""
    value = f"{getattr(scores, metric):.3f}"
    if metric not in scores.intervals:
        return value
    low, high = scores.intervals[metric]
    return f"{value} [{low:.3f}, {high:.3f}]"


def _same_n(stages: Mapping[str, Scores]) -> bool:
    return len({scores.n for scores in stages.values()}) == 1


def _common(stages: Mapping[str, Scores]) -> Scores:
    """Return the first of the stages, after checking that the others were scored in the same way."""
    first_name, first = next(iter(stages.items()))
    for name, scores in stages.items():
        for field in ("labels", "positive", "abstain", "confidence"):
            expected, actual = getattr(first, field), getattr(scores, field)
            if expected != actual:
                raise ScoreError(
                    f"stages '{first_name}' and '{name}' differ in {field} ({expected!r} and {actual!r}); "
                    "score both in the same way to show them side by side"
                )
    return first


def step_rows(steps: Mapping[str, Mapping[str, Any]]) -> list[list[Any]]:
    """Return a row for each step: its name, rows in, kept and dropped, changes by all rules together, and new rows."""
    return [
        [
            name,
            done["rows"],
            done["kept"],
            done["rows"] - done["kept"],
            sum(done["changed"].values()),
            done.get("added", 0),
        ]
        for name, done in steps.items()
    ]


def rule_rows(steps: Mapping[str, Mapping[str, Any]]) -> list[list[Any]]:
    """Return a row for each rule of each step that dropped or changed a row."""
    return [
        [name, rule, done["dropped"].get(rule, 0), done["changed"].get(rule, 0)]
        for name, done in steps.items()
        for rule in dict.fromkeys([*done["dropped"], *done["changed"]])
        if done["dropped"].get(rule) or done["changed"].get(rule)
    ]
