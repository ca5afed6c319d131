"""One row, as a reviewer sees it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from weaklabel.corpus.batch import TEXT, Batch
from weaklabel.decisions import Decision
from weaklabel.labels import ABSTAIN
from weaklabel.lf.core import LF, Place, Reason
from weaklabel.lf.reasons import reason
from weaklabel.review.standing import Standing


@dataclass(frozen=True)
class VoteView:
    """What one labeling function says of a row: a class name, or None where it abstains, and why it voted."""

    lf: str
    label: str | None
    reason: Reason | None


@dataclass(frozen=True)
class RowView:
    """One row with all that is known of it.

    Attributes
    ----------
    row
        Number in the corpus, from 0.
    text
        What it says.
    columns
        The other columns that labeling functions see.
    votes
        Of every labeling function, in the order of L's columns.
    probabilities
        By class name; empty where the label model says nothing.
    label, confidence
        What the label model says, and the probability of that; None where it says nothing or classes tie.
    decisions
        By reviewer, what each said last; withdrawn decisions are left out.
    gold
        Class name that most reviewers decided on, None where nobody did or they tie.
    """

    row: int
    text: str
    columns: Mapping[str, Any]
    votes: tuple[VoteView, ...]
    probabilities: Mapping[str, float]
    label: str | None
    confidence: float | None
    decisions: Mapping[str, Decision]
    gold: str | None


def view(
    now: Standing, batch: Batch, row: int, labels: Sequence[str], decisions: Mapping[str, Decision], gold: int
) -> RowView:
    """Gather what is known of a row.

    Parameters
    ----------
    now
        Votes and labels.
    batch
        The corpus.
    row
        Number of the row.
    labels
        Class names.
    decisions
        What each reviewer says of the row.
    gold
        Class that most of them gave it, or -1.
    """
    alone = batch.part(row, row + 1)
    (columns,) = alone.frame.to_dicts()
    votes = []
    for lf, number in zip(now.lfs or (), now.votes.L[row].tolist(), strict=True):
        why = None if number == ABSTAIN else reason(lf, alone, 0, number)
        votes.append(VoteView(lf.name, None if number == ABSTAIN else labels[number], why))
    probs, pred = now.probs[row], int(now.preds[row])
    known = not np.isnan(probs).all()
    return RowView(
        row=row,
        text=columns.pop(TEXT),
        columns=columns,
        votes=tuple(votes),
        probabilities=dict(zip(labels, probs.tolist(), strict=True)) if known else {},
        label=None if pred == ABSTAIN else labels[pred],
        confidence=float(probs[pred]) if known and pred != ABSTAIN else None,
        decisions=decisions,
        gold=None if gold == ABSTAIN else labels[gold],
    )


def uses_models(lfs: Iterable[LF] | None) -> bool:
    """Say whether any labeling function may ask a parser or a network why it votes."""
    return any(lf.place is not Place.IN_PROCESS for lf in lfs or ())
