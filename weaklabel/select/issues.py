"""Rows whose label is probably wrong, with the reasons: what a person should look at first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from weaklabel.labels import ABSTAIN
from weaklabel.select.base import LabeledRows, checked_rows
from weaklabel.select.evidence import Evidence


@dataclass(frozen=True)
class LabelIssue:
    """A row whose label is probably wrong.

    Attributes
    ----------
    row
        Its number.
    label, suggested
        Its label, and the class that it probably is of.
    margin
        Probability of the suggested class less that of the label, by a classifier that was fitted on other rows.
    reasons
        What speaks against the label, a sentence each.
    """

    row: int
    label: str
    suggested: str
    margin: float
    reasons: tuple[str, ...]


def find_label_issues(
    features: ArrayLike,
    labels: ArrayLike,
    probs: ArrayLike,
    names: Sequence[str],
    *,
    votes: ArrayLike | None = None,
    lf_names: Sequence[str] = (),
    seed: int = 0,
) -> list[LabelIssue]:
    """Find rows whose label is probably wrong, the most probable first.

    A classifier that was fitted on other rows gives each row class probabilities. A row is listed where another class is as
    probable as it is on average for rows of that class, and more probable than the label: confident learning.

    Parameters
    ----------
    features
        Vectors of the texts. Shape: [n, d].
    labels, probs
        Class of each row, 0 to k-1, and class probabilities. Shape: [n], [n, k].
    names
        Of the classes. Length: k.
    votes, lf_names
        Of the labeling functions, -1 for an abstain, and their names: they are named among the reasons. Shape: [n, m], [m].
    seed
        Of the folds.

    Raises
    ------
    SelectionError
        As for `Selector.fit`.

    References
    ----------
    Northcutt, Jiang and Chuang, "Confident learning", Journal of Artificial Intelligence Research 2021.
    """
    rows = checked_rows(features, labels, probs, votes=votes)
    evidence, each = Evidence.of(rows, seed), np.arange(len(rows))
    usual = np.array(
        [
            evidence.opinion[rows.labels == label, label].mean() if (rows.labels == label).any() else 2
            for label in range(rows.k)
        ]
    )
    others = np.where(evidence.opinion >= usual, evidence.opinion, -1.0)
    others[each, rows.labels] = -1
    suggested = others.argmax(axis=1)
    margin = others[each, suggested] - rows.of_label(evidence.opinion)
    order = np.argsort(-margin, kind="stable")
    return [
        LabelIssue(
            int(row),
            names[rows.labels[row]],
            names[suggested[row]],
            round(float(margin[row]), 4),
            tuple(_reasons(rows, evidence, int(row), int(suggested[row]), names, lf_names)),
        )
        for row in order[margin[order] > 0]
    ]


def _reasons(
    rows: LabeledRows, evidence: Evidence, row: int, other: int, names: Sequence[str], lf_names: Sequence[str]
) -> list[str]:
    label = int(rows.labels[row])
    opinion, near = evidence.opinion[row], evidence.near[row]
    reasons = [
        f"a classifier that was fitted on other rows says '{names[other]}' ({opinion[other]:.2f}) and not '{names[label]}' "
        f"({opinion[label]:.2f})"
    ]
    if near[other] > near[label]:
        reasons.append(
            f"{near[other]:.0%} of the nearest rows are labeled '{names[other]}', {near[label]:.0%} as this one"
        )
    if rows.votes is not None:
        own = rows.votes[row]
        against = [name for name, vote in zip(lf_names, own, strict=True) if vote not in (ABSTAIN, label)]
        if against:
            reasons.append(f"labeling functions that vote for another class: {', '.join(against)}")
        if not (own == label).any():
            reasons.append(f"no labeling function votes '{names[label]}'")
    return reasons
