"""Labeling functions that should be looked at: redundant, contradictory, near chance, or without any vote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weaklabel.labels import ABSTAIN
from weaklabel.suggest.evidence import CorpusEvidence
from weaklabel.suggest.result import LFProblem
from weaklabel.votes.matrix import Votes
from weaklabel.votes.tally import Counts, VoteCounts, count_votes

Floats = NDArray[np.float64]

_FEW = 10
"""Votes below which a labeling function cannot be judged."""

_REPEATED = 0.95
"""Share of an LF's votes that another one casts, too, from which it is redundant."""

_USUAL = 0.75
"""Share of a class that an LF must find for it to mean nothing that smaller ones are repeated."""

_SERIOUS = 0.2
"""Share of its votes on which an LF must contradict another: those for different classes do so wherever they overlap."""

_SKILL = 0.2
"""Share of the way from chance to certainty below which a labeling function is near chance."""

_SURE = 1.64


@dataclass
class _VoteSums:
    """Sums over the votes of each labeling function.

    Attributes
    ----------
    known
        Votes for each class on rows of which something is known. Shape: [m, k].
    weight, right
        Of these rows the weights, and the weights times the probability of the class voted for. Shape: [m].
    mass
        Probabilities of the classes voted for. Shape: [m, k].
    of_class
        Probabilities of each class, over all rows. Shape: [k].
    judged, correct
        Votes on rows with gold, and those of them that are right. Shape: [m].
    """

    known: Floats
    weight: Floats
    right: Floats
    mass: Floats
    of_class: Floats
    judged: Counts
    correct: Counts


def _sum_votes(votes: Votes, evidence: CorpusEvidence) -> _VoteSums:
    """Compare votes with what is known of the rows, in one pass."""
    m, k = votes.m, votes.cardinality
    whole = np.zeros((2, m), dtype=np.int64)
    sums = _VoteSums(np.zeros((m, k)), np.zeros(m), np.zeros(m), np.zeros((m, k)), np.zeros(k), *whole)
    for rows, block in evidence.blocks():
        sums.of_class += block.probs.sum(axis=0)
        for lf, cast in enumerate(votes.L[rows].T):
            voted = np.flatnonzero(cast != ABSTAIN)
            label = cast[voted].astype(np.int64)
            probs, weight = block.probs[voted, label], block.weight[voted]
            sums.known[lf] += np.bincount(label[weight > 0], minlength=k)
            sums.weight[lf] += weight.sum()
            sums.right[lf] += (weight * probs).sum()
            sums.mass[lf] += np.bincount(label, probs, minlength=k)
            gold = block.gold[voted]
            sums.judged[lf] += (gold != ABSTAIN).sum()
            sums.correct[lf] += (gold == label).sum()
    return sums


def weak_lfs(votes: Votes, evidence: CorpusEvidence) -> list[LFProblem]:
    """Find labeling functions that do not pull their weight, worst kinds first.

    Parameters
    ----------
    votes
        On all rows.
    evidence
        What is known of the same rows.
    """
    counted = count_votes(votes.patterns(), votes.cardinality)
    sums = _sum_votes(votes, evidence)
    never = [
        LFProblem(
            name, "never votes", None, f"'{name}' never votes on these {votes.n:,} rows: fix its pattern, or drop it."
        )
        for name, rows in zip(votes.lf_names, counted.votes.sum(axis=1), strict=True)
        if not rows
    ]
    return [
        *never,
        *_near_chance(votes.lf_names, sums, counted, evidence.balance),
        *_contradictory(votes, evidence, counted),
        *_redundant(votes.lf_names, sums, counted),
    ]


def _near_chance(names: Sequence[str], sums: _VoteSums, counted: VoteCounts, balance: Floats) -> list[LFProblem]:
    """Compare the expected accuracy with that of always giving the same class to random rows."""
    problems = []
    for lf, name in enumerate(names):
        n, cast = int(sums.known[lf].sum()), int(counted.votes[lf].sum())
        if n < min(_FEW, cast or 1):
            continue  # it has more votes, but too few are on rows of which something is known
        right = float(sums.right[lf] / sums.weight[lf])
        chance = float(sums.known[lf] @ balance / n)
        few = n < _FEW
        error = 0.0 if few else _SURE * np.sqrt(right * (1 - right) / n)
        if right + error < chance + _SKILL * (1 - chance):
            gold = int(sums.correct[lf]), int(sums.judged[lf])
            problems.append(LFProblem(name, "near chance", None, _chance_text(name, cast, gold, right, chance, few)))
    return problems


def _chance_text(name: str, cast: int, gold: tuple[int, int], right: float, chance: float, few: bool) -> str:
    correct, judged = gold
    by = f", {correct} of {judged} on gold" if judged else ""
    votes = "1 vote" if cast == 1 else f"{cast:,} votes"
    if few:
        return (
            f"'{name}' has only {votes}, too few to judge it (estimated precision {right:.2f}{by}, chance "
            f"{chance:.2f}): widen it, or look at its rows."
        )
    return (
        f"'{name}' is near chance: estimated precision {right:.2f} on {votes}{by}, where chance gives {chance:.2f}: narrow "
        "it, or drop it."
    )


def _contradictory(votes: Votes, evidence: CorpusEvidence, counted: VoteCounts) -> list[LFProblem]:
    """Find pairs that disagree, for sure, on more than half of the rows on which both vote."""
    pairs = []
    for first, second in zip(*np.nonzero(np.triu(counted.together >= _FEW, 1)), strict=True):
        both = counted.together[first, second]
        share = counted.differ[first, second] / both
        if share - _SURE * np.sqrt(share * (1 - share) / both) > 0.5:
            pairs.append((int(first), int(second)))
    problems = []
    for (first, second), (for_one, for_other) in zip(pairs, _sides(votes, evidence, pairs), strict=True):
        worse, better, sided = (first, second, for_other) if for_other >= for_one else (second, first, for_one)
        both, differ = int(counted.together[first, second]), int(counted.differ[first, second])
        if differ < _SERIOUS * counted.votes[worse].sum():
            continue
        text = (
            f"'{votes.lf_names[worse]}' contradicts '{votes.lf_names[better]}' on {differ:,} of the {both:,} rows on "
            f"which both vote, and the labels agree with the latter on about {sided:,.0f}: look at these rows, and narrow "
            "the one that is wrong."
        )
        problems.append(LFProblem(votes.lf_names[worse], "contradictory", votes.lf_names[better], text))
    return problems


def _sides(votes: Votes, evidence: CorpusEvidence, pairs: Sequence[tuple[int, int]]) -> Floats:
    """Estimate on how many rows each of two labeling functions is right, of those where they differ. Shape: [p, 2]."""
    sums, n_known, n_differ = np.zeros((len(pairs), 2)), np.zeros(len(pairs)), np.zeros(len(pairs))
    for rows, block in evidence.blocks() if pairs else ():
        L = votes.L[rows]
        for number, (first, second) in enumerate(pairs):
            differ = np.flatnonzero(
                (L[:, first] != ABSTAIN) & (L[:, second] != ABSTAIN) & (L[:, first] != L[:, second])
            )
            sums[number] += [block.probs[differ, L[differ, lf]].sum() for lf in (first, second)]
            n_known[number] += (block.weight[differ] > 0).sum()
            n_differ[number] += len(differ)
    return np.asarray(sums * (n_differ / np.maximum(n_known, 1))[:, None])


def _redundant(names: Sequence[str], sums: _VoteSums, counted: VoteCounts) -> list[LFProblem]:
    """Find labeling functions nearly all of whose votes another one casts, too, though not by finding whole classes."""
    # The share of each class on which each labeling function votes for it, as the labels have it. Shape: [m, k].
    recall = sums.mass / np.maximum(sums.of_class, 1e-12)
    rows_of_each = counted.votes.sum(axis=1)
    problems: list[LFProblem] = []
    left_out: set[int] = set()
    for lf in np.argsort(rows_of_each, kind="stable").tolist():
        rows = rows_of_each[lf]
        if rows < _FEW:
            continue
        repeated = counted.together[lf] - counted.differ[lf]
        repeated[[lf, *left_out]] = 0
        usual = recall @ (counted.votes[lf] / rows)
        repeated[(usual >= _USUAL) & (rows_of_each > 2 * rows)] = 0
        other = int(repeated.argmax())
        if repeated[other] >= _REPEATED * rows:
            left_out.add(lf)
            problems.append(_redundancy(names, lf, other, int(repeated[other]), rows_of_each))
    return problems


def _redundancy(names: Sequence[str], number: int, other: int, repeated: int, rows: Counts) -> LFProblem:
    share = (
        f"all {repeated:,} of its votes" if repeated == rows[number] else f"{repeated:,} of its {rows[number]:,} votes"
    )
    text = (
        f"'{names[number]}' repeats '{names[other]}': {share} are cast by that one too, which has "
        f"{rows[other]:,}: drop it, or join the two."
    )
    return LFProblem(names[number], "redundant", names[other], text)
