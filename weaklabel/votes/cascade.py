"""The cascade: costly labeling functions are asked only about rows on which the cheap ones are silent, disagree or are unsure.

All labeling functions with ``where="all"`` vote first. A first label model on their votes says how sure the label of each
row is, and each of the others is then asked about its rows alone; on all other rows it abstains. Everything here is by vote
pattern, so that the rows do not depend on parts, workers or machines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from weaklabel.errors import LFError
from weaklabel.labels import Probs, VoteArray
from weaklabel.lf.core import ALL_ROWS, LF, check_where
from weaklabel.votes.patterns import VotePatterns
from weaklabel.votes.tally import has_vote

Answers: TypeAlias = Callable[[VoteArray], Probs]
"""Gives class probabilities of vote patterns, as `weaklabel.label_model.BaseLabelModel.predict_proba` does."""

_DIGITS = 6
"""Decimals of a probability that count, so that the last bits of a sum do not choose rows."""

_EVERY_HASH = (1 << 64) - 1


def first_places(lfs: Sequence[LF]) -> tuple[int, ...]:
    """Return the places of the labeling functions that are asked about all rows.

    Raises
    ------
    LFError
        A labeling function names no such rows, or there are only such as wait for the votes of others.
    """
    for lf in lfs:
        check_where(lf.name, lf.where, lf.below, lf.max_rows)
    first = tuple(place for place, lf in enumerate(lfs) if lf.where == ALL_ROWS)
    if lfs and not first:
        raise LFError(
            f"LF '{lfs[0].name}' is asked where={lfs[0].where!r}, by the votes of other labeling functions, but all of them "
            "wait for others: give at least one with where='all'"
        )
    return first


def second_places(lfs: Sequence[LF]) -> tuple[int, ...]:
    """Return the places of the labeling functions that are asked about some rows only, by the votes of the others."""
    return tuple(place for place, lf in enumerate(lfs) if lf.where != ALL_ROWS)


def rows_to_ask(lfs: Iterable[LF]) -> dict[str, list[Any]]:
    """Return about which rows each labeling function is asked that is not asked about all, by name, as JSON has it."""
    return {lf.name: [lf.where, lf.below, lf.max_rows] for lf in lfs if lf.where != ALL_ROWS}


def needs_answers(lfs: Iterable[LF]) -> bool:
    """Return whether the rows of a labeling function depend on a first label model, and not on the votes alone."""
    return any(lf.where == "uncertain" or (lf.where == "conflict" and lf.max_rows is not None) for lf in lfs)


@dataclass(frozen=True, eq=False)
class RowChoice:
    """The rows that one labeling function is asked about, by the votes of those that were asked about all.

    Attributes
    ----------
    where, below
        See `weaklabel.lf.LF`.
    answers
        The first label model; None where the votes alone decide, or where there are none.
    last
        How sure the surest row is that is taken: with ``max_rows``, the least sure rows are; 2 takes all.
    last_hash
        Of the rows that are exactly as sure as that one, those whose number's hash is at most this are taken.
    count
        Rows that are taken of the corpus whose votes it was made of.
    """

    where: str
    below: float
    answers: Answers | None
    last: float = 2.0
    last_hash: int = _EVERY_HASH
    count: int = 0

    def rows(self, votes: VotePatterns, first_row: int) -> NDArray[np.bool_]:
        """Say which rows are taken.

        Parameters
        ----------
        votes
            Votes of the labeling functions that were asked about all rows, with the pattern of each row. Shape: [n, m].
        first_row
            Number of the first row in the corpus.

        Returns
        -------
        array
            Shape: [n].
        """
        sure, fits = self._sure(votes.patterns)
        inverse = votes.rows()
        taken: NDArray[np.bool_] = (fits & (sure < self.last))[inverse]
        at_last = fits & (sure == self.last)
        if at_last.any():
            places = np.flatnonzero(at_last[inverse])
            taken[places] = row_hashes(first_row + places) <= np.uint64(self.last_hash)
        return taken

    def _sure(self, patterns: VoteArray) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return how sure each pattern's label is, 0 where it has none, and whether its rows may be taken. Shape: [u] each."""
        voted = has_vote(patterns)
        sure = np.zeros(len(patterns))
        if self.answers is not None and voted.any():
            best = self.answers(patterns[voted]).max(axis=1)
            sure[voted] = np.round(np.nan_to_num(best, nan=0.0), _DIGITS)
        if self.where == "uncovered":
            return sure, ~voted
        if self.where == "conflict":
            return sure, have_conflict(patterns)
        return sure, sure < self.below


def choose_rows(
    lf: LF, table: VotePatterns, parts: Callable[[], Iterable[tuple[int, VotePatterns]]], answers: Answers | None
) -> RowChoice:
    """Decide which rows of a corpus a labeling function is asked about.

    Parameters
    ----------
    lf
        The labeling function.
    table
        The vote patterns of all rows, of the labeling functions that were asked about all of them. Shape: [n, m].
    parts
        Gives the same part by part: the number of the first row, and the votes with the pattern of each row. It is called
        where ``max_rows`` takes some of several rows that are equally sure.
    answers
        The first label model; None if there is no vote at all.
    """
    choice = RowChoice(lf.where, lf.below, answers if needs_answers([lf]) else None)
    sure, fits = choice._sure(table.patterns)
    n = int(table.counts[fits].sum())
    if lf.max_rows is None or n <= lf.max_rows:
        return RowChoice(choice.where, choice.below, choice.answers, count=n)
    order = np.argsort(sure[fits], kind="stable")
    ends = np.cumsum(table.counts[fits][order])
    last = float(sure[fits][order][np.searchsorted(ends, lf.max_rows)])
    left = lf.max_rows - int(table.counts[fits & (sure < last)].sum())
    of_last = RowChoice(choice.where, choice.below, choice.answers, last)
    hashes = np.concatenate([row_hashes(np.empty(0, np.int64)), *(_at_last(of_last, *part) for part in parts())])
    last_hash = int(np.partition(hashes, left - 1)[left - 1])
    return RowChoice(choice.where, choice.below, choice.answers, last, last_hash, lf.max_rows)


def _at_last(choice: RowChoice, first_row: int, votes: VotePatterns) -> NDArray[np.uint64]:
    sure, fits = choice._sure(votes.patterns)
    return row_hashes(first_row + np.flatnonzero((fits & (sure == choice.last))[votes.rows()]))


def have_conflict(patterns: VoteArray) -> NDArray[np.bool_]:
    """Say which rows have votes for different classes. Shape: [n, m] -> [n]."""
    if not patterns.shape[1]:
        return np.zeros(len(patterns), bool)
    highest = patterns.max(axis=1)
    lowest = np.where(patterns < 0, np.iinfo(patterns.dtype).max, patterns).min(axis=1)
    disagree: NDArray[np.bool_] = (highest >= 0) & (lowest < highest)
    return disagree


def vote_shares(cardinality: int) -> Answers:
    """Return a first label model without a fit: the share of a row's votes that each class has."""

    def shares(patterns: VoteArray) -> Probs:
        counts = np.stack([(patterns == label).sum(axis=1) for label in range(cardinality)], axis=1)
        total = counts.sum(axis=1, keepdims=True)
        return np.divide(counts, total, out=np.full(counts.shape, np.nan), where=total > 0)

    return shares


def row_hashes(rows: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return a number for each row number, all different and in no order: splitmix64 (Steele and others, 2014)."""
    with np.errstate(over="ignore"):
        mixed: Any = rows.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        hashes: NDArray[np.uint64] = mixed ^ (mixed >> np.uint64(31))
    return hashes
