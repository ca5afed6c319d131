"""The section of a report on gold: what is taken for what, and whether confidence can be believed."""

from __future__ import annotations

from weaklabel.page.charts import calibration, heat_map
from weaklabel.page.page import Chart, Charts, Fold, Group, Part, Section, Table
from weaklabel.report.insight import Insight
from weaklabel.report.markdown import BASELINE, best_stage
from weaklabel.scoring import Scores

_MOST_CLASSES = 30
_MISTAKES = 15


def against_gold(insight: Insight) -> Section | None:
    """Show confusion matrices, the most frequent mistakes, scores by class, and calibration; None without gold."""
    scores = {stage: one for stage, one in insight.run.scores.items() if stage != BASELINE}
    best = best_stage(scores)
    if best is None:
        return None
    confusions = Charts([_confusion(stage, one) for stage, one in scores.items()])
    parts: list[Part] = [
        Group("What is taken for what", [confusions, _mistakes(best, scores[best]), *_counts(scores)]),
        Group(f"Classes: {best}", [_classes(scores[best])]),
    ]
    charts = [_calibration(insight, stage, scores.get(stage)) for stage in insight.calibration if stage in scores]
    if charts:
        parts.append(Group("Can confidence be believed?", [Charts(charts)]))
    return Section("Against gold", parts)


def _confusion(stage: str, scores: Scores) -> Chart:
    shares = [[count / max(1, sum(row)) for count in row] for row in scores.confusion]
    columns = [*scores.labels, "(abstained)"]
    svg = heat_map(
        shares, scores.labels, columns, "share of the gold class", alt=f"Confusion matrix of {stage}", most=1
    )
    return Chart(svg, f"{stage}: gold on the left, predicted below; mistakes lie off the diagonal.")


def _mistakes(stage: str, scores: Scores) -> Table:
    columns = [*scores.labels, "(abstained)"]
    cells = [
        (count, number, label, column, sum(row))
        for number, (label, row) in enumerate(zip(scores.labels, scores.confusion, strict=True))
        for column, count in zip(columns, row, strict=True)
        if count and column != label
    ]
    cells.sort(key=lambda cell: (-cell[0], cell[1]))
    rows = [[label, column, count, f"{count / total:.1%}"] for count, _, label, column, total in cells[:_MISTAKES]]
    return Table(["gold", "predicted", "rows", "of the gold class"], rows, f"The most frequent mistakes of {stage}.")


def _counts(scores: dict[str, Scores]) -> list[Part]:
    """Return the matrices as tables of counts, where they are small enough to be read."""
    first = next(iter(scores.values()))
    if len(first.labels) > _MOST_CLASSES:
        return []
    columns = ["gold", *first.labels, "(abstained)"]
    tables = [
        Table(columns, [[label, *row] for label, row in zip(one.labels, one.confusion, strict=True)], stage)
        for stage, one in scores.items()
    ]
    return [Fold("Confusion matrices in rows", tables)]


def _classes(scores: Scores) -> Part:
    rows = [[one.label, one.precision, one.recall, one.f1, one.support] for one in scores.per_class]
    table = Table(["class", "precision", "recall", "F1", "gold rows"], rows)
    return table if len(rows) <= _MOST_CLASSES else Fold(f"All {len(rows)} classes", [table])


def _calibration(insight: Insight, stage: str, scores: Scores | None) -> Chart:
    found = insight.calibration[stage]
    svg = calibration(found.confidence, found.accuracy, found.rows, alt=f"Calibration of {stage}")
    error = (
        ""
        if scores is None or scores.calibration_error is None
        else f" Gap on average: {scores.calibration_error:.3f}."
    )
    return Chart(
        svg, f"{stage}: dots below the dashed line are surer than they are right; large dots are many rows.{error}"
    )
