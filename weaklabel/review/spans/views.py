"""One row with spans, with all that is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from weaklabel.decisions import Decision
from weaklabel.review.spans.ledger import NamedSpans


@dataclass(frozen=True)
class ProposedSpan:
    """A span that the label model, or the file, proposes; ``prob`` is None where it has no probability."""

    begin: int
    end: int
    label: str
    prob: float | None


@dataclass(frozen=True)
class SpanVoteView:
    """A span that a labeling function marks; ``label`` is None where it says that there is no entity."""

    lf: str
    begin: int
    end: int
    label: str | None
    reason: str = ""


@dataclass(frozen=True)
class SpanRowView:
    """All information on a row.

    Attributes
    ----------
    row, text
        Number in the corpus, and its text.
    columns
        Its other columns.
    spans
        What is proposed, by place.
    votes
        Of the labeling functions, by place.
    silent
        Names of the labeling functions that mark nothing in the row.
    decisions
        The last decision of each reviewer, by name.
    gold
        The spans that most of them gave it; None without a decision, or on a tie.
    """

    row: int
    text: str
    columns: Mapping[str, Any]
    spans: tuple[ProposedSpan, ...]
    votes: tuple[SpanVoteView, ...]
    silent: tuple[str, ...]
    decisions: Mapping[str, Decision]
    gold: NamedSpans | None
