"""The section of a report on single rows: cards with the text, the votes, and why they were cast."""

from __future__ import annotations

from collections.abc import Sequence

from weaklabel.corpus.batch import TEXT
from weaklabel.page.cards import Card, Cards, Passage, VoteLine
from weaklabel.page.page import Group, Section, Text
from weaklabel.report.examples import Example, Spoken
from weaklabel.report.insight import Insight


def rows_to_look_at(insight: Insight) -> Section | None:
    """Show the rows that teach most; None where there are none."""
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
    said = "no label" if example.label < 0 else labels[example.label]
    if example.confidence is not None:
        said = f"{said} ({example.confidence:.2f})"
    notes = [said]
    if example.gold >= 0:
        notes.append(f"gold: {labels[example.gold]}")
    if example.spoken and example.alike > 1:
        notes.append(f"{example.alike:,} rows have these votes")
    passages = [Passage(pieces, "" if column == TEXT else column) for column, pieces in example.passages.items()]
    votes = [_line(one, labels) for one in example.spoken]
    return Card(f"Row {example.row}", "; ".join(notes), passages, votes)


def _line(one: Spoken, labels: Sequence[str]) -> VoteLine:
    weight = "" if one.log_odds is None else f"{one.log_odds:+.2f}"
    return VoteLine("" if one.label is None else labels[one.label], one.label, one.name, one.why, weight)
