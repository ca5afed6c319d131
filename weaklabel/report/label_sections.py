"""The sections of a report on labels: votes and confidence, scores against gold, and rows to look at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from weaklabel.corpus.batch import TEXT
from weaklabel.page.charts import Estimate, bars, calibration, heat_map, histogram
from weaklabel.page.page import (
    Block,
    Card,
    Cards,
    Chart,
    Charts,
    DataTable,
    Fold,
    Group,
    Passage,
    Section,
    Text,
    VoteLine,
)
from weaklabel.report.insight import Insight
from weaklabel.report.markdown import BASELINE, best_stage
from weaklabel.report.rows import Example, Spoken
from weaklabel.scoring import Scores

_MOST_BARS = 20
_MOST_VOTES = 10


def votes_and_labels(insight: Insight) -> Section:
    """Show votes a row, confidence, and the balance of classes."""
    if not insight.run.n_rows:
        return Section("Votes and labels", [Text("There are no rows.")])
    charts = Charts([_balance_chart(insight), _votes_chart(insight), _confidence_chart(insight)])
    return Section("Votes and labels", [charts, _balance_table(insight)])


def _votes_chart(insight: Insight) -> Chart:
    rows = insight.votes.votes_a_row
    highest = int(np.max(np.flatnonzero(rows), initial=0))
    last = min(highest, _MOST_VOTES)
    names = ["no vote", *("1 vote" if votes == 1 else f"{votes} votes" for votes in range(1, last + 1))]
    counts = rows[: last + 1].tolist()
    if highest > last:
        names[-1], counts[-1] = f"{last} votes or more", int(rows[last:].sum())
    svg = bars(names, {"rows": [Estimate(count) for count in counts]}, "rows", alt="Rows by their number of votes")
    return Chart(svg, f"Votes a row: {counts[0]:,} rows have none; a label can be no better than the votes behind it.")


def _confidence_chart(insight: Insight) -> Chart:
    bins = insight.confidence
    svg = histogram(bins.counts, bins.edges, "confidence", alt="Rows by confidence")
    left_out = f" {bins.without:,} rows have no probability and are left out." if bins.without else ""
    return Chart(svg, f"Confidence of the label model: what piles up on the left is undecided.{left_out}")


def _balance_chart(insight: Insight) -> Chart:
    labels, order = insight.run.labels, _largest(insight)
    series = {name: [_share(counts, label) for label in order] for name, counts in insight.balance.items()}
    svg = bars([labels[label] for label in order], series, "share", alt="Class balance of votes, labels and gold")
    more = f" The {_MOST_BARS} largest classes." if len(labels) > len(order) else ""
    among = "votes, labels and gold" if "gold" in insight.balance else "votes and labels"
    return Chart(svg, f"Class balance among {among}: where bars of a class differ, it is over- or underrated.{more}")


def _share(counts: Any, label: int) -> Estimate | None:
    total = int(counts.sum())
    return Estimate(float(counts[label]) / total) if total else None


def _largest(insight: Insight) -> Sequence[int]:
    counts = insight.balance["labels"] + insight.balance["votes"]
    order = np.argsort(-counts, kind="stable")[:_MOST_BARS]
    return list(range(len(counts))) if len(counts) <= _MOST_BARS else order.tolist()


def _balance_table(insight: Insight) -> Block:
    rows = []
    for number, label in enumerate(insight.run.labels):
        cells: list[Any] = [label]
        for counts in insight.balance.values():
            share = _share(counts, number)
            cells += [int(counts[number]), None if share is None else f"{share.value:.1%}"]
        rows.append(cells)
    columns = ["class", *(part for name in insight.balance for part in (name, "share"))]
    return Fold("Class balance as a table", [DataTable(columns, rows)])


_MOST_CLASSES = 30
_MISTAKES = 15


def against_gold(insight: Insight) -> Section | None:
    """Show confusion matrices, the most frequent mistakes, scores by class, and calibration; None without gold."""
    scores = {stage: stage_scores for stage, stage_scores in insight.run.scores.items() if stage != BASELINE}
    best = best_stage(scores)
    if best is None:
        return None
    confusions = Charts([_confusion(stage, stage_scores) for stage, stage_scores in scores.items()])
    parts: list[Block] = [
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
        shares, scores.labels, columns, "share of the gold class", alt=f"Confusion matrix of {stage}", highest=1
    )
    return Chart(svg, f"{stage}: gold on the left, predicted below; mistakes are off the diagonal.")


def _mistakes(stage: str, scores: Scores) -> DataTable:
    columns = [*scores.labels, "(abstained)"]
    cells = [
        (count, number, label, column, sum(row))
        for number, (label, row) in enumerate(zip(scores.labels, scores.confusion, strict=True))
        for column, count in zip(columns, row, strict=True)
        if count and column != label
    ]
    cells.sort(key=lambda cell: (-cell[0], cell[1]))
    rows = [[label, column, count, f"{count / total:.1%}"] for count, _, label, column, total in cells[:_MISTAKES]]
    return DataTable(
        ["gold", "predicted", "rows", "of the gold class"], rows, f"The most frequent mistakes of {stage}."
    )


def _counts(scores: dict[str, Scores]) -> list[Block]:
    """Return the matrices as tables of counts, where they are small enough to be read."""
    first = next(iter(scores.values()))
    if len(first.labels) > _MOST_CLASSES:
        return []
    columns = ["gold", *first.labels, "(abstained)"]
    tables = [
        DataTable(
            columns,
            [[label, *row] for label, row in zip(stage_scores.labels, stage_scores.confusion, strict=True)],
            stage,
        )
        for stage, stage_scores in scores.items()
    ]
    return [Fold("Confusion matrices in rows", tables)]


def _classes(scores: Scores) -> Block:
    rows = [
        [class_scores.label, class_scores.precision, class_scores.recall, class_scores.f1, class_scores.support]
        for class_scores in scores.per_class
    ]
    table = DataTable(["class", "precision", "recall", "F1", "gold rows"], rows)
    return table if len(rows) <= _MOST_CLASSES else Fold(f"All {len(rows)} classes", [table])


def _calibration(insight: Insight, stage: str, scores: Scores | None) -> Chart:
    bins = insight.calibration[stage]
    svg = calibration(bins.confidence, bins.accuracy, bins.rows, alt=f"Calibration of {stage}")
    error = (
        ""
        if scores is None or scores.calibration_error is None
        else f" Gap on average: {scores.calibration_error:.3f}."
    )
    return Chart(
        svg, f"{stage}: dots below the dashed line are surer than they are right; large dots are many rows.{error}"
    )


def rows_to_look_at(insight: Insight) -> Section | None:
    """Show rows worth reading; None if there are none."""
    how = Text(
        "Marked is what a labeling function found, in the colour of the class it votes for. The figure behind its name is "
        "what the vote adds to the log-odds of the row's label."
    )
    groups = [
        Group(
            kind.title,
            [Text(kind.words), Cards([_card(insight, insight.examples[row]) for row in kind.rows])],
        )
        for kind in insight.picked
    ]
    return Section("Rows to look at", [how, *groups]) if groups else None


def _card(insight: Insight, example: Example) -> Card:
    labels = insight.run.labels
    label = "no label" if example.label < 0 else labels[example.label]
    if example.confidence is not None:
        label = f"{label} ({example.confidence:.2f})"
    notes = [label]
    if example.gold >= 0:
        notes.append(f"gold: {labels[example.gold]}")
    if example.spoken and example.alike > 1:
        notes.append(f"{example.alike:,} rows have these votes")
    passages = [Passage(pieces, "" if column == TEXT else column) for column, pieces in example.passages.items()]
    votes = [_line(evidence, labels) for evidence in example.spoken]
    return Card(f"Row {example.row}", "; ".join(notes), passages, votes)


def _line(evidence: Spoken, labels: Sequence[str]) -> VoteLine:
    weight = "" if evidence.log_odds is None else f"{evidence.log_odds:+.2f}"
    return VoteLine(
        "" if evidence.label is None else labels[evidence.label], evidence.label, evidence.name, evidence.why, weight
    )
