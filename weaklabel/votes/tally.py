"""Counting votes by labeling function, in one pass over L, block by block so that the processor's cache holds each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from weaklabel.labels import ABSTAIN, INT8_CLASSES, VoteArray
from weaklabel.votes.bit_tally import FEW_CLASSES, tally_bits
from weaklabel.votes.threads import in_threads

Bools = NDArray[np.bool_]
Counts = NDArray[np.int64]

_VOTES_AT_ONCE = 1 << 18
"""Votes in a block: about as many bytes, a few times over, as a core's own cache holds."""

_SEVERAL_CLASSES = 64
"""Classes between the lowest and the highest of a labeling function from which on they are not looked for one by one."""


@dataclass
class Tally:
    """How many rows have votes, as a whole and by labeling function.

    Attributes
    ----------
    covered, overlapped, conflicted
        Rows with a vote, with two or more, and with two that differ. Shape: [1].
    seen
        Whether a labeling function votes for a class. Shape: [m, 127], or [m, k] where classes are more.
    votes, overlaps, conflicts
        How many of them a labeling function votes on. Shape: [m].
    judged, correct
        Votes on rows with gold, and those of them that are right. Shape: [m].
    """

    covered: Counts
    overlapped: Counts
    conflicted: Counts
    seen: Bools
    votes: Counts
    overlaps: Counts
    conflicts: Counts
    judged: Counts
    correct: Counts

    def __add__(self, other: Tally) -> Tally:
        sums = [getattr(self, field.name) + getattr(other, field.name) for field in fields(self)]
        return Tally(*sums)  # for ``seen``, + is "or"


def tally_votes(
    L: VoteArray, weights: Counts | None = None, gold: NDArray[np.int64] | None = None, classes: int | None = None
) -> Tally:
    """Count votes.

    Parameters
    ----------
    L
        Votes. Shape: [n, m]. Fastest where it is stored by column.
    weights
        How many rows each row stands for; None for one. Shape: [n].
    gold
        Gold, with -1 where there is none. Shape: [n].
    classes
        Number of classes that L has votes for, at most, where that is known.
    """
    classes = range_of(L)[1] + 1 if classes is None else classes
    if weights is None and 0 < classes <= FEW_CLASSES and L.size and L.dtype == np.int8:
        parts = in_threads(len(L), lambda rows: _bit_tally(L[rows], _part(gold, rows), classes))
    else:
        parts = in_threads(len(L), lambda rows: _tally(L[rows], _part(weights, rows), _part(gold, rows), classes))
    return sum(parts[1:], start=parts[0])


def range_of(L: VoteArray) -> tuple[int, int]:
    """Return the lowest and the highest vote; -1 and -1 where there is none."""

    def of_rows(rows: slice) -> tuple[int, int]:
        # By columns, each of which is still in the cache when it is read again.
        ends = [(int(votes.min()), int(votes.max())) for votes in L[rows].T]
        lowest, highest = zip(*ends, strict=True)
        return min(lowest), max(highest)

    if not L.size:
        return ABSTAIN, ABSTAIN
    lowest, highest = zip(*in_threads(len(L), of_rows), strict=True)
    return min(lowest), max(highest)


def blocks(L: VoteArray) -> Iterator[tuple[slice, VoteArray]]:
    """Yield L in blocks of rows that fit the processor's cache, stored by column."""
    at_once = rows_at_once(L.shape[1])
    for start in range(0, len(L), at_once):
        rows = slice(start, start + at_once)
        yield rows, L[rows] if L.strides[0] == 1 else np.asfortranarray(L[rows])


def rows_at_once(m: int) -> int:
    """Return how many rows of ``m`` votes a block has."""
    return max(1, _VOTES_AT_ONCE // max(1, m))


def unsigned(L: VoteArray) -> NDArray[np.uint8 | np.uint16]:
    """Read votes as numbers of which the abstain is the largest, so that the smallest of some is their lowest class."""
    return L.view(f"u{L.itemsize}")


def extremes(block: VoteArray) -> tuple[VoteArray, VoteArray]:
    """Return the lowest and the highest class that each row has votes for; -1 where it has none. Shape: [n, m] -> [n]."""
    votes = unsigned(block)
    lowest = np.minimum.reduce(votes, axis=1, initial=np.iinfo(votes.dtype).max)
    return lowest.view(block.dtype), np.maximum.reduce(block, axis=1, initial=ABSTAIN)


def several(voted: Bools) -> Bools:
    """Say which rows have two votes or more. Shape: [n, m] -> [n]."""
    narrow = np.uint8 if voted.shape[1] < 256 else np.uint16
    return np.asarray(np.add.reduce(voted.view(np.uint8), axis=1, dtype=narrow) > 1)


def span_of_votes(L: VoteArray) -> tuple[Bools, VoteArray, VoteArray]:
    """Say of each row whether it has two votes or more, and the lowest and the highest class. Shape: [n, m] -> 3 x [n]."""
    two = np.empty(len(L), dtype=np.bool_)
    lowest, highest = np.empty(len(L), dtype=L.dtype), np.empty(len(L), dtype=L.dtype)
    for rows, block in blocks(L):
        two[rows] = several(block >= 0)
        lowest[rows], highest[rows] = extremes(block)
    return two, lowest, highest


def has_vote(L: VoteArray, usable: Bools | None = None) -> Bools:
    """Say which rows have a vote, of those labeling functions that are ``usable``. Shape: [n, m] -> [n]."""
    found = np.empty(len(L), dtype=np.bool_)
    for rows, block in blocks(L):
        some = block if usable is None or usable.all() else block[:, usable]
        found[rows] = np.maximum.reduce(some, axis=1, initial=ABSTAIN) >= 0
    return found


def _part(values: NDArray[np.int64] | None, rows: slice) -> NDArray[np.int64] | None:
    return None if values is None else values[rows]


def _bit_tally(L: VoteArray, gold: NDArray[np.int64] | None, classes: int) -> Tally:
    found = tally_bits(np.asfortranarray(L) if L.strides[0] != 1 else L, gold, classes)
    seen = _nothing_seen(L.shape[1], classes)
    seen[:, :classes] = found.pop("by_class") > 0
    return Tally(seen=seen, **found)


def _nothing_seen(m: int, classes: int) -> Bools:
    return np.zeros((m, max(INT8_CLASSES, classes)), dtype=np.bool_)


def _tally(L: VoteArray, weights: Counts | None, gold: NDArray[np.int64] | None, n_classes: int) -> Tally:
    m = L.shape[1]
    whole = np.zeros(3, dtype=np.int64)
    by_lf = {name: _Sum(m) for name in ("votes", "overlaps", "conflicts", "judged", "correct")}
    classes = _Classes(L)
    room = np.empty((2, m, rows_at_once(m)), dtype=np.bool_)  # used again for every block: new memory costs time
    for rows, block in blocks(L):
        voted, chosen = room[:, :, : len(block)].transpose(0, 2, 1)
        weight = None if weights is None else weights[rows]
        np.greater_equal(block, 0, out=voted)
        lowest, highest = extremes(block)
        two, differ = several(voted), lowest != highest
        for number, of_rows in enumerate((highest >= 0, two, differ)):
            whole[number] += np.count_nonzero(of_rows) if weight is None else weight[of_rows].sum()
        by_lf["votes"].add(voted, weight)
        by_lf["overlaps"].add(np.logical_and(voted, two[:, None], out=chosen), weight)
        by_lf["conflicts"].add(np.logical_and(voted, differ[:, None], out=chosen), weight)
        if gold is not None:
            known = gold[rows] != ABSTAIN
            # No vote is -2, nor a class beyond their type.
            right = np.where(known & (gold[rows] < np.iinfo(L.dtype).max), gold[rows], -2).astype(L.dtype)
            by_lf["correct"].add(np.equal(block, right[:, None], out=chosen), weight)
            by_lf["judged"].add(np.logical_and(voted, known[:, None], out=chosen), weight)
        classes.add(block)
    covered, overlapped, conflicted = np.split(whole, 3)
    return Tally(
        covered, overlapped, conflicted, classes.seen(n_classes), **{name: part.total() for name, part in by_lf.items()}
    )


class _Sum:
    """Adds up blocks of booleans by column: in bytes, as wide registers do it, until these could run over."""

    def __init__(self, m: int) -> None:
        self.sums = np.zeros(m, dtype=np.int64)
        self.bytes: NDArray[np.uint8] | None = None
        self.added = 0

    def add(self, chosen: Bools, weights: Counts | None) -> None:
        if weights is not None:
            # Exact: whole numbers below 2**53.
            self.sums += (weights.astype(np.float64) @ chosen.astype(np.float64)).astype(np.int64)
            return
        if self.bytes is None:
            self.bytes = np.zeros(chosen.shape, dtype=np.uint8, order="F")
        elif self.added == 255:
            self._empty()
        into = self.bytes[: len(chosen)]
        np.add(into, chosen.view(np.uint8), out=into)
        self.added += 1

    def total(self) -> Counts:
        if self.bytes is not None:
            self._empty()
        return self.sums

    def _empty(self) -> None:
        assert self.bytes is not None
        self.sums += self.bytes.sum(axis=0, dtype=np.int64)
        self.bytes[:], self.added = 0, 0


class _Classes:
    """Finds the classes that columns have votes for: the lowest and the highest block by block, the others at the end."""

    def __init__(self, L: VoteArray) -> None:
        self.L = L
        self.highest = np.full(L.shape[1], ABSTAIN, dtype=L.dtype)
        self.lowest = unsigned(self.highest.copy())

    def add(self, block: VoteArray) -> None:
        np.minimum(self.lowest, np.minimum.reduce(unsigned(block), axis=0), out=self.lowest)
        np.maximum(self.highest, np.maximum.reduce(block, axis=0), out=self.highest)

    def seen(self, classes: int) -> Bools:
        """Shape: [m, 127] or [m, classes]."""
        seen = _nothing_seen(len(self.lowest), classes)
        for lf in np.flatnonzero(self.highest >= 0):
            votes, ends = self.L[:, lf], (int(self.lowest[lf]), int(self.highest[lf]))
            seen[lf, list(ends)] = True
            if ends[1] - ends[0] > _SEVERAL_CLASSES:
                seen[lf, votes[votes >= 0]] = True
                continue
            for label in range(ends[0] + 1, ends[1]):
                seen[lf, label] = label in votes
        return seen
