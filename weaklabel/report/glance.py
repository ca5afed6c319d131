"""The first section of a report: the corpus and its scores at a glance."""

from __future__ import annotations

import math

from weaklabel.page.charts import Estimate, dots
from weaklabel.page.page import Chart, Charts, Facts, Fold, Part, Section, Table, Text
from weaklabel.report.insight import Insight
from weaklabel.report.markdown import BASELINE, CEILING, RunSummary, best_stage
from weaklabel.report.text import stage_caption, stage_columns, stage_rows
from weaklabel.scoring import Scores

_MOST_LABELS = 20
_MOST_NOTES = 3
_METRICS = {"F1": "f1", "accuracy": "accuracy"}


def at_a_glance(insight: Insight) -> Section:
    """Show how much there is, how much of it is labeled, and how well."""
    run = insight.run
    parts: list[Part] = [Facts(_facts(insight)), Text(_labels(run))]
    if notes := len(run.warnings) + len(run.problems):
        parts.append(Text(f"{notes} {'warning' if notes == 1 else 'warnings'}: see the section Warnings."))
    return Section("At a glance", [*parts, *_scores(run)])


def share(value: float) -> str:
    """Return a share as percent, "-" where there is none."""
    return "-" if math.isnan(value) else f"{value:.1%}"


def _facts(insight: Insight) -> dict[str, str]:
    run = insight.run
    labelled = int(insight.balance["labels"].sum())
    facts = {
        "rows": f"{run.n_rows:,}",
        "rows that could not be read": f"{run.n_rejects:,}",
        "labeling functions": f"{0 if run.lf_summary is None else len(run.lf_summary):,}",
        "of rows have a vote": share(insight.coverage),
        "have several votes": share(insight.overlap),
        "have votes that conflict": share(insight.conflict),
        "of rows have a label": share(labelled / run.n_rows if run.n_rows else math.nan),
    }
    best = best_stage(run.scores)
    return facts | ({} if best is None else {f"best F1: {best}": f"{run.scores[best].f1:.3f}"})


def _labels(run: RunSummary) -> str:
    rest = len(run.labels) - _MOST_LABELS
    more = f" and {rest} more" if rest > 0 else ""
    return f"{run.corpus}: {len(run.labels)} classes, {', '.join(run.labels[:_MOST_LABELS])}{more}."


def _scores(run: RunSummary) -> list[Part]:
    if not run.scores:
        return [
            Text(
                "There is no gold, so nothing here says how often a label is right; where precision is estimated, it is "
                "the label model that estimates it, from how labeling functions agree."
            )
        ]
    words = [stage_caption(run.scores)]
    if CEILING in run.scores:
        words.append(f"{CEILING} was trained on gold: what perfect labels would give.")
    charts = [_score_chart(run, name, metric) for name, metric in _METRICS.items()]
    return [Charts(charts), Table(stage_columns(run.scores), stage_rows(run.scores), " ".join(words)), *_notes(run)]


def _notes(run: RunSummary) -> list[Part]:
    notes: list[Part] = [Text(f"{stage}: {note}.") for stage, one in run.scores.items() for note in one.notes]
    return notes if len(notes) <= _MOST_NOTES else [Fold(f"{len(notes)} notes on these scores", notes)]


def _score_chart(run: RunSummary, name: str, metric: str) -> Chart:
    values = {stage: _estimate(scores, metric) for stage, scores in run.scores.items() if stage != BASELINE}
    svg = dots(list(values), list(values.values()), name, alt=f"{name} of every stage with its interval")
    return Chart(svg, f"{name}: further right is better; where two intervals overlap, the stages may be as good.")


def _estimate(scores: Scores, metric: str) -> Estimate:
    return Estimate(getattr(scores, metric), *scores.intervals.get(metric, (None, None)))
