"""One row, and one labeling function, as a reviewer sees them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from weaklabel.corpus.batch import TEXT, Batch
from weaklabel.decisions import Decision
from weaklabel.labels import ABSTAIN, Labels
from weaklabel.lf.core import LF, Place, Reason
from weaklabel.lf.reasons import reason
from weaklabel.review.state import Snapshot
from weaklabel.scoring.intervals import Share, share
from weaklabel.votes import LFAnalysis


@dataclass(frozen=True)
class VoteView:
    """The vote of one labeling function on a row (a class name; None if it abstains), and its reason."""

    lf: str
    label: str | None
    reason: Reason | None


@dataclass(frozen=True)
class RowView:
    """One row with all information on it.

    Attributes
    ----------
    row
        Number in the corpus, from 0.
    text
        The text.
    columns
        The other columns that labeling functions see.
    votes
        Of every labeling function, in the order of L's columns.
    probabilities
        By class name; empty if the label model gives none.
    label, confidence
        The label by the label model, and its probability; None if there is none, or a tie.
    decisions
        The last decision of each reviewer, by name; withdrawn decisions are left out.
    gold
        Class name that most reviewers decided on; None if there is no decision, or a tie.
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
    snapshot: Snapshot, batch: Batch, row: int, labels: Sequence[str], decisions: Mapping[str, Decision], gold: int
) -> RowView:
    """Collect the information on a row.

    Parameters
    ----------
    snapshot
        Votes and labels.
    batch
        The corpus.
    row
        Number of the row.
    labels
        Class names.
    decisions
        Decisions on the row, by reviewer.
    gold
        Class that most of them gave it, or -1.
    """
    alone = batch.part(row, row + 1)
    (columns,) = alone.frame.to_dicts()
    votes = []
    for lf, number in zip(snapshot.lfs or (), snapshot.votes.L[row].tolist(), strict=True):
        why = None if number == ABSTAIN else reason(lf, alone, 0, number)
        votes.append(VoteView(lf.name, None if number == ABSTAIN else labels[number], why))
    probs, pred = snapshot.probs[row], int(snapshot.preds[row])
    has_probs = not np.isnan(probs).all()
    return RowView(
        row=row,
        text=columns.pop(TEXT),
        columns=columns,
        votes=tuple(votes),
        probabilities=dict(zip(labels, probs.tolist(), strict=True)) if has_probs else {},
        label=None if pred == ABSTAIN else labels[pred],
        confidence=float(probs[pred]) if has_probs and pred != ABSTAIN else None,
        decisions=decisions,
        gold=None if gold == ABSTAIN else labels[gold],
    )


def uses_models(lfs: Iterable[LF] | None) -> bool:
    """Return whether the reasons of any labeling function need a parser or a network."""
    return any(lf.place is not Place.IN_PROCESS for lf in lfs or ())


@dataclass(frozen=True)
class LFLine:
    """Statistics of one labeling function.

    Attributes
    ----------
    name, kind
        As ``weaklabel lfs`` gives them.
    labels
        Names of the classes that it votes for on this corpus.
    coverage, overlaps, conflicts
        As of `weaklabel.LFAnalysis`, 0..1.
    precision
        Share of its votes on decided rows that are correct.
    estimate
        Share of its votes that the label model expects to be correct, as Est. Acc. of `weaklabel.LFAnalysis`; None if the
        label model was fitted without it.
    """

    name: str
    kind: str
    labels: tuple[str, ...]
    coverage: float
    overlaps: float
    conflicts: float
    precision: Share
    estimate: float | None


def lf_lines(snapshot: Snapshot, labels: Sequence[str], gold: Labels) -> list[LFLine]:
    """Return the lines of the table, in the order of L's columns. Length: m."""
    if snapshot.lfs is None:
        return []
    analysis = LFAnalysis(snapshot.votes)
    accuracies = [] if snapshot.model is None else snapshot.model.lf_accuracies_.tolist()
    estimates = dict(zip(snapshot.model_lfs, accuracies, strict=True))
    judged = np.flatnonzero(gold >= 0)
    of_judged, truth = snapshot.votes.L[judged], gold[judged][:, None]
    right, given = ((of_judged >= 0) & (of_judged == truth)).sum(axis=0), (of_judged >= 0).sum(axis=0)
    rows = zip(
        snapshot.lfs,
        analysis.lf_polarities(),
        *(np.nan_to_num(shares()) for shares in (analysis.lf_coverages, analysis.lf_overlaps, analysis.lf_conflicts)),
        strict=True,
    )
    return [
        LFLine(
            lf.name,
            lf.kind,
            tuple(labels[number] for number in polarity),
            float(coverage),
            float(overlaps),
            float(conflicts),
            share(int(right[column]), int(given[column])),
            _number(estimates.get(lf.name)),
        )
        for column, (lf, polarity, coverage, overlaps, conflicts) in enumerate(rows)
    ]


def _number(value: float | None) -> float | None:
    return None if value is None or np.isnan(value) else value
