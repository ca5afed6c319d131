"""Which rows a reader should look at: those that labeling functions quarrel over, doubt, or leave out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weaklabel.labels import ABSTAIN, Labels, Probs
from weaklabel.votes import VotePatterns
from weaklabel.votes.meetings import VoteFigures

EACH = 6
"""Rows of each kind."""

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Picked:
    """Rows of one kind.

    Attributes
    ----------
    title, words
        A heading, and a sentence that says what these rows are.
    rows
        Row numbers, the most telling first.
    """

    title: str
    words: str
    rows: Sequence[int]


def pick_rows(
    found: VotePatterns, figures: VoteFigures, probs: Probs, preds: Labels, gold: Labels | None, seed: int
) -> list[Picked]:
    """Pick rows, one a vote pattern, so that each shows something new; kinds without any are left out."""
    of_rows = found.rows()
    first = np.full(len(found), found.n, dtype=np.int64)
    np.minimum.at(first, of_rows, np.arange(found.n))
    conflicted = _by_conflict(found, figures, first)
    seen = set(of_rows[conflicted.rows].tolist())
    kinds = [conflicted, _by_margin(probs, of_rows, seen), _uncovered(figures, of_rows, seed)]
    if gold is not None:
        kinds.insert(0, _sure_and_wrong(probs, preds, gold, of_rows))
    return [kind for kind in kinds if kind.rows]


def _by_conflict(found: VotePatterns, figures: VoteFigures, first: Rows) -> Picked:
    order = np.lexsort((first, -found.counts, -figures.against))
    chosen = order[figures.against[order] > 0][:EACH]
    total = int(found.counts[figures.against > 0].sum())
    words = (
        f"{_rows(total)} votes that contradict each other; these have the most votes against the majority. "
        "Which labeling function is wrong?"
    )
    return Picked("Most conflicted", words, first[chosen].tolist())


def _by_margin(probs: Probs, of_rows: Rows, seen: set[int]) -> Picked:
    """Find the rows whose two most probable classes are closest, other than those already picked."""
    if probs.shape[1] < 2 or not len(probs):
        return Picked("Least certain", "", [])
    top = np.partition(probs, -2, axis=1)[:, -2:]
    margin = top[:, 1] - top[:, 0]
    there = np.flatnonzero(~np.isnan(margin))
    rows = _one_a_pattern(there[np.argsort(margin[there], kind="stable")], of_rows, set(seen))
    words = "Of all other votes, these leave the two most probable classes closest together: one more would decide."
    return Picked("Least certain", words, rows)


def _uncovered(figures: VoteFigures, of_rows: Rows, seed: int) -> Picked:
    rows = np.flatnonzero(figures.voting[of_rows] == 0) if len(of_rows) else np.zeros(0, dtype=np.int64)
    chosen = np.sort(np.random.default_rng(seed).permutation(rows)[:EACH])
    words = (
        f"{_rows(len(rows))} no vote at all; these are drawn at random. What could a new labeling function look for?"
    )
    return Picked("Uncovered", words, chosen.tolist())


def _sure_and_wrong(probs: Probs, preds: Labels, gold: Labels, of_rows: Rows) -> Picked:
    wrong = np.flatnonzero((gold != ABSTAIN) & (preds != ABSTAIN) & (preds != gold))
    confidence = probs[wrong].max(axis=1, initial=0)
    order = wrong[np.argsort(-confidence, kind="stable")]
    words = (
        f"{_rows(len(wrong))} a label other than gold; of these the label model is surest. "
        "Either a labeling function errs, or gold does."
    )
    return Picked("Sure and wrong", words, _one_a_pattern(order, of_rows, set()))


def _rows(count: int) -> str:
    return "1 row has" if count == 1 else f"{count:,} rows have"


def _one_a_pattern(rows: Rows, of_rows: Rows, seen: set[int]) -> list[int]:
    """Return the first few of ``rows`` whose patterns are new."""
    chosen = list[int]()
    for row in rows.tolist():
        if of_rows[row] not in seen:
            seen.add(int(of_rows[row]))
            chosen.append(row)
        if len(chosen) == EACH:
            break
    return chosen
