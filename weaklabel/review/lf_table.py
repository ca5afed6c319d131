"""What every labeling function does, for a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from weaklabel.labels import Labels
from weaklabel.review.standing import Standing
from weaklabel.scoring.intervals import Share, share
from weaklabel.votes import LFAnalysis


@dataclass(frozen=True)
class LFLine:
    """What one labeling function does.

    Attributes
    ----------
    name, kind
        As ``weaklabel lfs`` gives them.
    labels
        Names of the classes that it votes for on this corpus.
    coverage, overlaps, conflicts
        As of `weaklabel.LFAnalysis`, 0..1.
    precision
        Share of its votes on decided rows that are right.
    estimate
        Share of its votes that the label model expects to be right, as Est. Acc. of `weaklabel.LFAnalysis`; None where it
        does not know the labeling function.
    """

    name: str
    kind: str
    labels: tuple[str, ...]
    coverage: float
    overlaps: float
    conflicts: float
    precision: Share
    estimate: float | None


def lf_lines(now: Standing, labels: Sequence[str], gold: Labels) -> list[LFLine]:
    """Return the lines of the table, in the order of L's columns. Length: m."""
    if now.lfs is None:
        return []
    analysis = LFAnalysis(now.votes)
    accuracies = [] if now.model is None else now.model.lf_accuracies_.tolist()
    estimates = dict(zip(now.model_lfs, accuracies, strict=True))
    judged = np.flatnonzero(gold >= 0)
    of_judged, truth = now.votes.L[judged], gold[judged][:, None]
    right, given = ((of_judged >= 0) & (of_judged == truth)).sum(axis=0), (of_judged >= 0).sum(axis=0)
    rows = zip(
        now.lfs,
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
