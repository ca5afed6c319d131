"""The section of a report on labels: how votes are spread over rows and classes, and how sure the label model is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from weaklabel.page.charts import Estimate, bars, histogram
from weaklabel.page.page import Chart, Charts, Fold, Part, Section, Table, Text
from weaklabel.report.insight import Insight

_MOST_CLASSES = 20
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
    found = insight.confidence
    svg = histogram(found.counts, found.edges, "confidence", alt="Rows by confidence")
    left_out = f" {found.without:,} rows have no probability and are left out." if found.without else ""
    return Chart(svg, f"Confidence of the label model: what piles up on the left is undecided.{left_out}")


def _balance_chart(insight: Insight) -> Chart:
    labels, order = insight.run.labels, _largest(insight)
    series = {name: [_share(counts, label) for label in order] for name, counts in insight.balance.items()}
    svg = bars([labels[label] for label in order], series, "share", alt="Class balance of votes, labels and gold")
    more = f" The {_MOST_CLASSES} largest classes." if len(labels) > len(order) else ""
    among = "votes, labels and gold" if "gold" in insight.balance else "votes and labels"
    return Chart(svg, f"Class balance among {among}: where bars of a class differ, it is over- or underrated.{more}")


def _share(counts: Any, label: int) -> Estimate | None:
    total = int(counts.sum())
    return Estimate(float(counts[label]) / total) if total else None


def _largest(insight: Insight) -> Sequence[int]:
    counts = insight.balance["labels"] + insight.balance["votes"]
    order = np.argsort(-counts, kind="stable")[:_MOST_CLASSES]
    return list(range(len(counts))) if len(counts) <= _MOST_CLASSES else order.tolist()


def _balance_table(insight: Insight) -> Part:
    rows = []
    for number, label in enumerate(insight.run.labels):
        cells: list[Any] = [label]
        for counts in insight.balance.values():
            share = _share(counts, number)
            cells += [int(counts[number]), None if share is None else f"{share.value:.1%}"]
        rows.append(cells)
    columns = ["class", *(part for name in insight.balance for part in (name, "share"))]
    return Fold("Class balance as a table", [Table(columns, rows)])
