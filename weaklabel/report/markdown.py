"""The report of a run, as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from weaklabel.errors import visible
from weaklabel.report.answers import (
    ANSWER_COLUMNS,
    ANSWERS_CAPTION,
    SAMPLE_COLUMNS,
    SAMPLES_CAPTION,
    answer_rows,
    sample_rows,
)
from weaklabel.report.asked import (
    CURVE_COLUMNS,
    CURVE_NOTE,
    LF_COLUMNS,
    SPENT_COLUMNS,
    AskedSummary,
    curve_rows,
    lf_rows as asked_lf_rows,
    spent_rows,
)
from weaklabel.report.text import (
    RULE_COLUMNS,
    SPAN_STAGE_COLUMNS,
    STEP_COLUMNS,
    lf_columns,
    lf_rows,
    rule_rows,
    span_stage_rows,
    stage_caption,
    stage_columns,
    stage_rows,
    step_rows,
)
from weaklabel.scoring import Scores
from weaklabel.scoring.spans import SpanScores
from weaklabel.support.table import cell_text, numeric

if TYPE_CHECKING:
    import pandas as pd

CEILING = "gold_ceiling"
"""The stage that is trained on gold: shown with the others, never chosen as the best stage."""

BASELINE = "majority_class"
"""The stage that gives every row the same label: shown in tables, left out of charts."""

_SPECIAL = re.compile(r"[\\`*_\[\]|~$#!]")
_LIST_OR_RULE = re.compile(r"^(?:(\d*)([-+=.)])|\s)")
"""What begins a list, a rule or indented code at the beginning of a line."""

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


@dataclass(frozen=True)
class RunSummary:
    """What a run did, as plain values; `run_report` turns it into Markdown.

    Attributes
    ----------
    title, corpus
        Names, as the user knows them.
    n_rows, n_rejects
        Rows that were read, and rows that could not be; rows in the input are the sum.
    labels
        Class names.
    lf_summary
        LF analysis, one row a labeling function, or None.
    label_counts
        Rows by the label that the label model gave; rows without one under a name such as "(no label)".
    counted
        What ``label_counts`` counts: rows, or spans.
    label_model, settings
        Values by name; a mapping inside shows as ``outer.inner``.
    scores
        By stage; empty without gold.
    span_scores
        The same of spans.
    problems
        Of labeling functions, a sentence each.
    prepared
        What each step before labeling did, by its name; see `weaklabel.job.transform_job.Transformation`.
    training
        What a classifier was trained on, by its name, where these are not all rows.
    answers
        How language models answered held-out rows before and after the training, by name of the classifier; see
        `weaklabel.generator.quality.describe_answers`.
    warnings
        A sentence each.
    files
        What each file of the run folder holds.
    asked
        What language models, and labeling functions that were asked about some rows only, cost and brought; None
        where there are none.
    timings
        Seconds by step.
    versions
        Of packages.
    """

    title: str
    corpus: str
    n_rows: int
    n_rejects: int
    labels: Sequence[str]
    lf_summary: pd.DataFrame | None = None
    label_counts: Mapping[str, int] = field(default_factory=dict)
    counted: str = "rows"
    label_model: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, Scores] = field(default_factory=dict)
    span_scores: Mapping[str, SpanScores] = field(default_factory=dict)
    problems: Sequence[str] = ()
    prepared: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    training: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)
    asked: AskedSummary | None = None
    versions: Mapping[str, str] = field(default_factory=dict)


def run_report(run: RunSummary) -> str:
    """Render a run as Markdown (GitHub's dialect, for the tables); all names and values are escaped.

    Raises
    ------
    ScoreError
        The stages were not all scored in the same way.
    """
    sections = {
        "What was run": _overview(run),
        "Preparing the corpus": _prepared(run.prepared),
        "Scores": _span_scores(run.span_scores) if run.span_scores else _scores(run.scores),
        "Labeling functions": _labeling_functions(run.lf_summary),
        "Language models": _asked(run.asked),
        "Label balance": _balance(run.label_counts, run.counted),
        "Label model": _mapping(run.label_model),
        "Training rows": _mapping(run.training),
        "Answers of language models": _answers(run.answers),
        "Problems of labeling functions": _bullets(run.problems),
        "Warnings": _bullets(run.warnings),
        "Files": markdown_table(run.files.items(), ["file", "what it holds"]),
        "Settings": _mapping(run.settings),
        "Timings": markdown_table(run.timings.items(), ["step", "seconds"]),
        "Versions": _mapping(run.versions),
    }
    parts = [f"# {escape(run.title)}", *(f"## {title}\n\n{body}" for title, body in sections.items() if body)]
    return "\n\n".join(parts) + "\n"


def escape(text: str) -> str:
    """Escape ``text`` so that Markdown shows it literally, on one line, inside a heading, table or sentence.

    Examples
    --------
    >>> print(escape("a|b <script> *c*"))
    a\\|b &lt;script&gt; \\*c\\*
    """
    # visible() also shows line ends as escapes.
    text = "".join(_ENTITIES.get(char, char) for char in visible(text))
    return _SPECIAL.sub(r"\\\g<0>", text)


def markdown_table(rows: Iterable[Sequence[Any]], columns: Sequence[str]) -> str:
    """Render rows as a Markdown table, every cell escaped; columns of numbers are aligned to the right."""
    cells = [list(row) for row in rows]
    if not cells:
        return ""
    rule = ["---:" if numeric(row[number] for row in cells) else "---" for number in range(len(columns))]
    lines = [
        [escape(column) for column in columns],
        rule,
        *([escape(cell_text(cell)) for cell in row] for row in cells),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def best_stage(stages: Mapping[str, Scores]) -> str | None:
    """Name of the stage with the highest F1, the first on a tie, among those not trained on gold; None if there is none."""
    without_gold = {name: scores.f1 for name, scores in stages.items() if name != CEILING}
    return max(without_gold, key=lambda name: without_gold[name], default=None)


def _overview(run: RunSummary) -> str:
    lines = [
        f"Corpus {escape(run.corpus)}: {run.n_rows + run.n_rejects:,} rows in the input, {run.n_rows:,} of them read, "
        f"{run.n_rejects:,} rejected.",
        f"Labels: {', '.join(map(escape, run.labels))}.",
    ]
    if run.lf_summary is not None:
        lines.append(f"Labeling functions: {len(run.lf_summary):,}.")
    if "seed" in run.settings:
        lines.append(f"Seed: {escape(value_text(run.settings['seed']))}.")
    return "\n".join(f"- {line}" for line in lines)


def _prepared(steps: Mapping[str, Mapping[str, Any]]) -> str:
    tables = [markdown_table(step_rows(steps), STEP_COLUMNS), markdown_table(rule_rows(steps), RULE_COLUMNS)]
    return "\n\n".join(table for table in tables if table)


def _scores(stages: Mapping[str, Scores]) -> str:
    if not stages:
        return "No stage was scored: no gold was given."
    parts = [escape(stage_caption(stages)), markdown_table(stage_rows(stages), stage_columns(stages))]
    if CEILING in stages:
        parts.append(f"{escape(CEILING)} was trained on gold; no other stage was.")
    notes = [f"{stage}: {note}" for stage, scores in stages.items() for note in scores.notes]
    parts += [_bullets(notes)] if notes else []
    best = best_stage(stages)
    if best is not None:
        parts.append(
            f"Confusion matrix of {escape(best)}, the stage with the highest F1 (rows gold, columns predicted):"
        )
        parts.append(_confusion(stages[best]))
    return "\n\n".join(parts)


def _span_scores(stages: Mapping[str, SpanScores]) -> str:
    caption = "A span is right if its begin, its end and its label are."
    parts = [caption, markdown_table(span_stage_rows(stages), SPAN_STAGE_COLUMNS)]
    if CEILING in stages:
        parts.append(f"{escape(CEILING)} was trained on gold; no other stage was.")
    return "\n\n".join(parts)


def _confusion(scores: Scores) -> str:
    rows = ([label, *row] for label, row in zip(scores.labels, scores.confusion, strict=True))
    return markdown_table(rows, ["gold", *scores.labels, "(abstained)"])


def _labeling_functions(summary: pd.DataFrame | None) -> str:
    return "" if summary is None else markdown_table(lf_rows(summary), lf_columns(summary))


def _asked(asked: AskedSummary | None) -> str:
    if asked is None:
        return ""
    parts = [markdown_table(spent_rows(asked), SPENT_COLUMNS), markdown_table(asked_lf_rows(asked), LF_COLUMNS)]
    if len(asked.curve) > 1:
        parts += [escape(CURVE_NOTE), markdown_table(curve_rows(asked), CURVE_COLUMNS)]
    return "\n\n".join(part for part in parts if part)


def _balance(counts: Mapping[str, int], unit: str) -> str:
    total = sum(counts.values())
    rows = ((label, count, count / total if total else None) for label, count in counts.items())
    return markdown_table(rows, ["label", unit, "share"])


def _answers(answers: Mapping[str, Mapping[str, Any]]) -> str:
    if not answers:
        return ""
    tables = [
        ANSWERS_CAPTION,
        markdown_table(answer_rows(answers), ANSWER_COLUMNS),
        SAMPLES_CAPTION,
        markdown_table(sample_rows(answers), SAMPLE_COLUMNS),
    ]
    return "\n\n".join(table for table in tables if table)


def _mapping(values: Mapping[str, Any]) -> str:
    return markdown_table(((name, value_text(value)) for name, value in flat(values)), ["name", "value"])


def flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield settings by name; those of a mapping inside come as ``outer.inner``."""
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def value_text(value: Any) -> str:
    """Return a setting as text; a float keeps six significant digits, unlike in a column of scores."""
    if isinstance(value, list | tuple):
        return ", ".join(map(value_text, value))
    return f"{value:.6g}" if isinstance(value, float) else cell_text(value)


def _bullets(sentences: Sequence[str]) -> str:
    return (
        "\n".join(f"- {_LIST_OR_RULE.sub(_escaped_beginning, escape(sentence))}" for sentence in sentences) or "None."
    )


def _escaped_beginning(start: re.Match[str]) -> str:
    return f"{start[1]}\\{start[2]}" if start[2] else "&#32;"
