"""The report of a labeled corpus as one HTML page: nothing to load, nothing to run, everything escaped."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from weaklabel.page.charts import Estimate, Line, dots, lines
from weaklabel.page.page import Block, Chart, Charts, DataTable, Facts, Fold, Section, Text, page
from weaklabel.report.answers import (
    ANSWER_COLUMNS,
    ANSWERS_CAPTION,
    SAMPLE_COLUMNS,
    SAMPLES_CAPTION,
    answer_rows,
    sample_rows,
)
from weaklabel.report.asked import language_models
from weaklabel.report.insight import Epochs, Insight
from weaklabel.report.label_sections import against_gold, rows_to_look_at, votes_and_labels
from weaklabel.report.lf_sections import labeling_functions, overlaps_and_conflicts, suggestions
from weaklabel.report.markdown import BASELINE, CEILING, RunSummary, best_stage, flat, value_text
from weaklabel.report.prepared import prepared
from weaklabel.report.spans import SpanInsight, span_sections
from weaklabel.report.text import lf_columns, lf_rows, stage_caption, stage_columns, stage_rows
from weaklabel.scoring import Scores

_MOST_LABELS = 20
_MOST_NOTES = 3
_METRICS = {"F1": "f1", "accuracy": "accuracy"}


def at_a_glance(insight: Insight) -> Section:
    """Show how much there is, how much of it is labeled, and how well."""
    run = insight.run
    parts: list[Block] = [Facts(_facts(insight)), Text(_labels(run))]
    if notes := len(run.warnings) + len(run.problems):
        parts.append(Text(f"{notes} {'warning' if notes == 1 else 'warnings'}: see the section Warnings."))
    return Section("At a glance", [*parts, *_scores(run)])


def _percent(value: float) -> str:
    """Return a share as percent, "-" if there is none."""
    return "-" if math.isnan(value) else f"{value:.1%}"


def _facts(insight: Insight) -> dict[str, str]:
    run = insight.run
    labeled = int(insight.balance["labels"].sum())
    facts = {
        "rows": f"{run.n_rows:,}",
        "rows that could not be read": f"{run.n_rejects:,}",
        "labeling functions": f"{0 if run.lf_summary is None else len(run.lf_summary):,}",
        "of rows have a vote": _percent(insight.coverage),
        "have several votes": _percent(insight.overlap),
        "have votes that conflict": _percent(insight.conflict),
        "of rows have a label": _percent(labeled / run.n_rows if run.n_rows else math.nan),
    }
    best = best_stage(run.scores)
    return facts | ({} if best is None else {f"best F1: {best}": f"{run.scores[best].f1:.3f}"})


def _labels(run: RunSummary) -> str:
    rest = len(run.labels) - _MOST_LABELS
    more = f" and {rest} more" if rest > 0 else ""
    return f"{run.corpus}: {len(run.labels)} classes, {', '.join(run.labels[:_MOST_LABELS])}{more}."


def _scores(run: RunSummary) -> list[Block]:
    if not run.scores:
        return [
            Text(
                "No gold was given, so nothing here says how often a label is right; where precision is estimated, it is "
                "the label model that estimates it, from how labeling functions agree."
            )
        ]
    words = [stage_caption(run.scores)]
    if CEILING in run.scores:
        words.append(f"{CEILING} was trained on gold: what perfect labels would give.")
    charts = [_score_chart(run, name, metric) for name, metric in _METRICS.items()]
    return [Charts(charts), DataTable(stage_columns(run.scores), stage_rows(run.scores), " ".join(words)), *_notes(run)]


def _notes(run: RunSummary) -> list[Block]:
    notes: list[Block] = [Text(f"{stage}: {note}.") for stage, scores in run.scores.items() for note in scores.notes]
    return notes if len(notes) <= _MOST_NOTES else [Fold(f"{len(notes)} notes on these scores", notes)]


def _score_chart(run: RunSummary, name: str, metric: str) -> Chart:
    values = {stage: _estimate(scores, metric) for stage, scores in run.scores.items() if stage != BASELINE}
    svg = dots(list(values), list(values.values()), name, alt=f"{name} of every stage with its interval")
    return Chart(svg, f"{name}: further right is better; where two intervals overlap, the stages may be as good.")


def _estimate(scores: Scores, metric: str) -> Estimate:
    return Estimate(getattr(scores, metric), *scores.intervals.get(metric, (None, None)))


_LOSSES = {"loss": "training", "validation_loss": "validation"}
_SCORES = "validation_"


def training(insight: Insight) -> Section | None:
    """Show how training went, an epoch a point; None where no classifier kept a log."""
    logs = {name: log for name, log in insight.training.items() if log}
    if not logs:
        return None
    charts = [chart for name, log in logs.items() if len(log) > 1 for chart in _curves(name, log)]
    rows = [
        [name, log[-1]["epoch"], log[0]["loss"], log[-1]["loss"], log[-1].get("validation_loss"),
         sum(entry["seconds"] for entry in log), log[-1]["texts_per_second"]]
        for name, log in logs.items()
    ]  # fmt: skip
    columns = ["classifier", "epochs", "first loss", "last loss", "validation loss", "seconds", "texts a second"]
    table = DataTable(columns, rows, "The loss is the mean since the point before.")
    parts: list[Block] = [Charts(charts), table] if charts else [table]
    return Section("Training", parts)


def answers(insight: Insight) -> Section | None:
    """Show how language models answered before and after they were trained; None where there is none."""
    if not insight.run.answers:
        return None
    table = DataTable(ANSWER_COLUMNS, answer_rows(insight.run.answers), ANSWERS_CAPTION)
    samples = DataTable(SAMPLE_COLUMNS, sample_rows(insight.run.answers), SAMPLES_CAPTION)
    return Section("Answers of language models", [table, samples])


def _curves(name: str, log: Epochs) -> list[Chart]:
    epochs = [float(entry["epoch"]) for entry in log]
    losses = {title: _line(epochs, log, key) for key, title in _LOSSES.items() if key in log[0]}
    words = f"{name}: loss should fall and level off; where validation loss rises again, it learns by heart."
    charts = [Chart(lines(losses, "epoch", "loss", alt=f"Loss of {name} by epoch"), words)]
    scores = [key for key in log[0] if key.startswith(_SCORES) and key not in _LOSSES]
    if scores:
        series = {key.removeprefix(_SCORES): _line(epochs, log, key) for key in scores}
        svg = lines(series, "epoch", "score", alt=f"Validation scores of {name} by epoch")
        charts.append(Chart(svg, f"{name}: scores on rows held out of training; the best epoch is kept."))
    return charts


def _line(epochs: list[float], log: Epochs, key: str) -> Line:
    return Line(epochs, [entry.get(key) for entry in log])


_OPEN = 10


def warnings_given(run: RunSummary) -> Section | None:
    """List what labeling functions did wrong and what was warned of; None if there is nothing."""
    sentences = [*run.problems, *run.warnings]
    if not sentences:
        return None
    table = DataTable(["warning"], [[sentence] for sentence in sentences])
    return Section("Warnings", [table if len(sentences) <= _OPEN else Fold(f"All {len(sentences)} warnings", [table])])


def how_it_was_made(run: RunSummary) -> Section:
    """Show settings, versions, timings and files, folded."""
    tables = {
        "Label model": _values(run.label_model),
        "Training rows": _values(run.training),
        "Settings": _values(run.settings),
        "Timings": DataTable(["step", "seconds"], list(run.timings.items())),
        "Versions": _values(run.versions),
        "Files": DataTable(["file", "what it holds"], list(run.files.items())),
    }
    return Section("How this was made", [Fold(title, [table]) for title, table in tables.items() if table.rows])


def _values(values: Mapping[str, Any]) -> DataTable:
    return DataTable(["name", "value"], [[name, value_text(value)] for name, value in flat(values)])


def asked_models(insight: Insight) -> Section | None:
    """Show what language models cost and brought; None where none was asked."""
    return language_models(insight.run.asked)


_SECTIONS = (
    at_a_glance,
    prepared,
    labeling_functions,
    overlaps_and_conflicts,
    asked_models,
    votes_and_labels,
    against_gold,
    suggestions,
    rows_to_look_at,
    training,
    answers,
)

_LAST_SECTIONS = (warnings_given, how_it_was_made)
"""Sections of the reports on texts and on spans."""


def html_report(insight: Insight) -> str:
    """Render what was gathered; see `weaklabel.report.insight.gather`."""
    made = [*(section(insight) for section in _SECTIONS), *(section(insight.run) for section in _LAST_SECTIONS)]
    lead = "Results of the labeling functions and the label model on this corpus, and what to check next."
    return page(insight.run.title, [section for section in made if section is not None], lead=lead)


def span_html_report(run: RunSummary, insight: SpanInsight, lead: str) -> str:
    """Render the report of a run with labels for spans; ``lead`` says what the texts in it are."""
    made = [*span_sections(insight), _span_lfs(run), *(section(run) for section in _LAST_SECTIONS)]
    return page(run.title, [section for section in made if section is not None], lead=lead)


def _span_lfs(run: RunSummary) -> Section | None:
    """Show what each labeling function marked in the whole corpus."""
    if run.lf_summary is None:
        return None
    return Section("Labeling functions", [DataTable(lf_columns(run.lf_summary), lf_rows(run.lf_summary))])
