"""Labeling functions that should be looked at: redundant, contradictory, near chance, or silent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from weaklabel.labels import ABSTAIN, Labels, VoteArray
from weaklabel.suggest.evidence import Evidence
from weaklabel.suggest.result import LFProblem
from weaklabel.votes.matrix import Votes
from weaklabel.votes.meetings import Counts, VoteFigures, count_votes

Floats = NDArray[np.float64]

_FEW = 10
"""Votes below which next to nothing can be said of a labeling function."""

_REPEATED = 0.95
"""Share of an LF's votes that another one casts, too, from which it is redundant."""

_USUAL = 0.75
"""Share of a class that an LF must find for it to mean nothing that smaller ones are repeated."""

_SERIOUS = 0.2
"""Share of its votes on which an LF must contradict another: those for different classes do so wherever they meet."""

_SKILL = 0.2
"""Share of the way from chance to certainty below which a labeling function is near chance."""

_SURE = 1.64


def weak_lfs(votes: Votes, known: Evidence) -> list[LFProblem]:
    """Find labeling functions that do not pull their weight, worst kinds first.

    Parameters
    ----------
    votes
        On all rows.
    known
        What is known of the same rows.
    """
    counted = count_votes(votes.patterns(), votes.cardinality)
    rows_of_each = counted.votes.sum(axis=1)
    silent = [
        LFProblem(
            name, "never votes", None, f"'{name}' never votes on these {votes.n:,} rows: mend its pattern, or drop it."
        )
        for name, rows in zip(votes.lf_names, rows_of_each, strict=True)
        if not rows
    ]
    return [
        *silent,
        *_near_chance(votes, known),
        *_contradictory(votes, known, counted),
        *_redundant(votes, known, counted),
    ]


def _near_chance(votes: Votes, known: Evidence) -> list[LFProblem]:
    """Compare the expected accuracy with that of always giving the same class to random rows."""
    found = []
    for number, name in enumerate(votes.lf_names):
        cast = votes.L[:, number]
        rows = np.flatnonzero((cast != ABSTAIN) & (known.weight > 0))
        if not len(rows):
            continue
        right = float(np.average(known.probs[rows, cast[rows]], weights=known.weight[rows]))
        chance = float(known.balance[cast[rows]].mean())
        few = len(rows) < _FEW
        error = 0.0 if few else _SURE * np.sqrt(right * (1 - right) / len(rows))
        if right + error < chance + _SKILL * (1 - chance):
            found.append(LFProblem(name, "near chance", None, _chance_text(name, known.gold, cast, right, chance, few)))
    return found


def _chance_text(name: str, gold: Labels, cast: VoteArray, right: float, chance: float, few: bool) -> str:
    number = int((cast != ABSTAIN).sum())
    judged = np.flatnonzero((cast != ABSTAIN) & (gold != ABSTAIN))
    by = f", {int((gold[judged] == cast[judged]).sum())} of {len(judged)} on gold" if len(judged) else ""
    votes = "1 vote" if number == 1 else f"{number:,} votes"
    if few:
        return (
            f"'{name}' has only {votes}, too few to know what it is worth (estimated precision {right:.2f}{by}, chance "
            f"{chance:.2f}): widen it, or look at its rows."
        )
    return (
        f"'{name}' is near chance: estimated precision {right:.2f} on {votes}{by}, where chance gives {chance:.2f}: narrow "
        "it, or drop it."
    )


def _contradictory(votes: Votes, known: Evidence, counted: VoteFigures) -> list[LFProblem]:
    """Find pairs that disagree, for sure, on more than half of the rows on which both vote."""
    found = []
    for one, other in zip(*np.nonzero(np.triu(counted.together >= _FEW, 1)), strict=True):
        met = counted.together[one, other]
        share = counted.differ[one, other] / met
        if share - _SURE * np.sqrt(share * (1 - share) / met) <= 0.5:
            continue
        rows = np.flatnonzero((votes.L[:, one] != ABSTAIN) & (votes.L[:, other] != ABSTAIN))
        rows = rows[votes.L[rows, one] != votes.L[rows, other]]
        for_one = known.probs[rows, votes.L[rows, one]].sum()
        for_other = known.probs[rows, votes.L[rows, other]].sum()
        worse, better, sided = (one, other, for_other) if for_other >= for_one else (other, one, for_one)
        if len(rows) < _SERIOUS * counted.votes[worse].sum():
            continue
        text = (
            f"'{votes.lf_names[worse]}' contradicts '{votes.lf_names[better]}' on {len(rows):,} of the {met:,} rows on "
            f"which both vote, and the labels side with the latter on about {sided:,.0f}: look at these rows, and narrow "
            "the one that is wrong."
        )
        found.append(LFProblem(votes.lf_names[worse], "contradictory", votes.lf_names[better], text))
    return found


def _redundant(votes: Votes, known: Evidence, counted: VoteFigures) -> list[LFProblem]:
    """Find labeling functions nearly all of whose votes another one casts, too, though not by finding whole classes."""
    found_of_class, rows_of_each = _recall(votes, known), counted.votes.sum(axis=1)
    found: list[LFProblem] = []
    gone: set[int] = set()
    for number in np.argsort(rows_of_each, kind="stable").tolist():
        rows = rows_of_each[number]
        if rows < _FEW:
            continue
        repeated = counted.together[number] - counted.differ[number]
        repeated[[number, *gone]] = 0
        usual = found_of_class @ (counted.votes[number] / rows)
        repeated[(usual >= _USUAL) & (rows_of_each > 2 * rows)] = 0
        other = int(repeated.argmax())
        if repeated[other] >= _REPEATED * rows:
            gone.add(number)
            found.append(_redundancy(votes.lf_names, number, other, int(repeated[other]), rows_of_each))
    return found


def _recall(votes: Votes, known: Evidence) -> Floats:
    """Return the share of each class on which each labeling function votes for it, as the labels have it. Shape: [m, k]."""
    found = np.zeros((votes.m, votes.cardinality))
    for number, cast in enumerate(votes.L.T):
        rows = np.flatnonzero(cast != ABSTAIN)
        found[number] = np.bincount(cast[rows], known.probs[rows, cast[rows]], minlength=votes.cardinality)
    return found / np.maximum(known.probs.sum(axis=0), 1e-12)


def _redundancy(names: Sequence[str], number: int, other: int, repeated: int, rows: Counts) -> LFProblem:
    share = (
        f"all {repeated:,} of its votes" if repeated == rows[number] else f"{repeated:,} of its {rows[number]:,} votes"
    )
    text = (
        f"'{names[number]}' repeats '{names[other]}': {share} are cast by that one too, which has "
        f"{rows[other]:,}: drop it, or join the two."
    )
    return LFProblem(names[number], "redundant", names[other], text)
