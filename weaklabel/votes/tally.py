"""Counting votes by labeling function, and by pairs of them, block by block so that the processor's cache holds each."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import reduce
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from weaklabel.labels import ABSTAIN, INT8_CLASSES, VoteArray
from weaklabel.support.threads import cores, in_threads
from weaklabel.votes.patterns import VotePatterns

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
        Gold, with -1 if there is none. Shape: [n].
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
    """Return the lowest and the highest vote; -1 and -1 if there is none."""

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
    voted = np.empty(len(L), dtype=np.bool_)
    for rows, block in blocks(L):
        some = block if usable is None or usable.all() else block[:, usable]
        voted[rows] = np.maximum.reduce(some, axis=1, initial=ABSTAIN) >= 0
    return voted


def _part(values: NDArray[np.int64] | None, rows: slice) -> NDArray[np.int64] | None:
    return None if values is None else values[rows]


def _bit_tally(L: VoteArray, gold: NDArray[np.int64] | None, classes: int) -> Tally:
    counts = tally_bits(np.asfortranarray(L) if L.strides[0] != 1 else L, gold, classes)
    seen = _nothing_seen(L.shape[1], classes)
    seen[:, :classes] = counts.pop("by_class") > 0
    return Tally(seen=seen, **counts)


def _nothing_seen(m: int, classes: int) -> Bools:
    return np.zeros((m, max(INT8_CLASSES, classes)), dtype=np.bool_)


def _tally(L: VoteArray, weights: Counts | None, gold: NDArray[np.int64] | None, n_classes: int) -> Tally:
    m = L.shape[1]
    row_counts = np.zeros(3, dtype=np.int64)
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
            row_counts[number] += np.count_nonzero(of_rows) if weight is None else weight[of_rows].sum()
        by_lf["votes"].add(voted, weight)
        by_lf["overlaps"].add(np.logical_and(voted, two[:, None], out=chosen), weight)
        by_lf["conflicts"].add(np.logical_and(voted, differ[:, None], out=chosen), weight)
        if gold is not None:
            has_gold = gold[rows] != ABSTAIN
            # No vote is -2, nor a class beyond their type.
            right = np.where(has_gold & (gold[rows] < np.iinfo(L.dtype).max), gold[rows], -2).astype(L.dtype)
            by_lf["correct"].add(np.equal(block, right[:, None], out=chosen), weight)
            by_lf["judged"].add(np.logical_and(voted, has_gold[:, None], out=chosen), weight)
        classes.add(block)
    covered, overlapped, conflicted = np.split(row_counts, 3)
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


FEW_CLASSES = 4
"""Classes up to which a pass over L for each of them is faster than other ways to count the classes of a row."""

_ROWS = 1 << 19
"""Votes of a labeling function that are packed together: they fit a core's own cache, and keep it busy for long enough
that threads do not wait for each other."""

Bits: TypeAlias = NDArray[np.uint64]


def tally_bits(L: VoteArray, gold: Counts | None, classes: int) -> dict[str, Counts]:
    """Count votes; the keys are those of `Tally`, except for ``seen``, in whose place are the votes by class.

    Parameters
    ----------
    L
        Votes, stored by column. Shape: [n, m].
    gold
        Gold, with -1 if there is none. Shape: [n].
    classes
        Number of classes that L has votes for, at most.

    Returns
    -------
    dict
        ``by_class`` has the shape [m, classes].
    """
    by_class = _bits_by_class(L, classes)
    voted = reduce(np.bitwise_or, by_class)
    covered, two = _one_and_two(voted)
    _, conflicted = _one_and_two(np.bitwise_or.reduce(by_class, axis=1))
    counts = np.array([_ones(bits) for bits in by_class])
    tally = {
        **{name: _ones(rows[None]) for name, rows in (("covered", covered), ("overlapped", two))},
        "conflicted": _ones(conflicted[None]),
        "votes": counts.sum(axis=0),
        "overlaps": _ones(voted, two),
        "conflicts": _ones(voted, conflicted),
        "judged": np.zeros(L.shape[1], np.int64),
        "correct": np.zeros(L.shape[1], np.int64),
        "by_class": counts.T,
    }
    if gold is not None:
        tally["judged"] = _ones(voted, _packed(gold != ABSTAIN, voted.shape[1]))
        for label, bits in enumerate(by_class):
            tally["correct"] += _ones(bits, _packed(gold == label, voted.shape[1]))
    return tally


def _bits_by_class(L: VoteArray, classes: int) -> Bits:
    """Return a bit for each row where a labeling function votes for a class. Shape: [n, m] -> [classes, m, n / 64]."""
    n, m = L.shape
    bits = np.zeros((classes, m, -(-n // 64)), dtype=np.uint64)
    octets = bits.view(np.uint8)
    equal = np.empty(_ROWS, dtype=np.bool_)
    for lf in range(m):
        for start in range(0, n, _ROWS):
            votes = L[start : start + _ROWS, lf]
            place = slice(start // 8, -(-(start + len(votes)) // 8))
            # All that is not class 0 is packed as a one, without a comparison.
            octets[0, lf, place] = np.packbits(votes.view(np.uint8))
            for label in range(1, classes):
                octets[label, lf, place] = np.packbits(np.equal(votes, label, out=equal[: len(votes)]))
    bits[0] ^= _packed(np.ones(n, dtype=np.bool_), bits.shape[2])
    return bits


def _packed(chosen: NDArray[np.bool_], words: int) -> Bits:
    """Return a bit a row. Shape: [n] -> [words]."""
    padded = np.zeros(words * 64, dtype=np.bool_)
    padded[: len(chosen)] = chosen
    return np.packbits(padded).view(np.uint64)


def _one_and_two(bits: Bits) -> tuple[Bits, Bits]:
    """Return where one of the rows of ``bits`` has a one, and where two or more have. Shape: [r, w] -> 2 x [w]."""
    some, two, both = bits[0].copy(), np.zeros_like(bits[0]), np.empty_like(bits[0])
    for row in bits[1:]:
        np.bitwise_and(some, row, out=both)
        np.bitwise_or(two, both, out=two)
        np.bitwise_or(some, row, out=some)
    return some, two


def _ones(bits: Bits, chosen: Bits | None = None) -> Counts:
    """Count ones in each row of ``bits``, where ``chosen`` has one too. Shape: [r, w] -> [r]."""
    counts: Counts = np.bitwise_count(bits if chosen is None else bits & chosen).sum(axis=1, dtype=np.int64)
    return counts


Floats = NDArray[np.float64]

_AT_ONCE = 1 << 14

SPARSE = 0.1
"""Share of true values below which it is faster to look at these alone."""

_CELLS_AT_ONCE = 1 << 21
"""Rows times classes, or labeling functions, that are counted together where votes are counted one by one."""


@dataclass(frozen=True, eq=False)
class VoteCounts:
    """Counts of votes.

    Attributes
    ----------
    together, differ
        Rows on which two labeling functions both vote, and on which their votes differ. Shape: [m, m].
    votes_a_row
        Rows with 0, 1, ... m votes. Shape: [m + 1].
    votes
        Of each labeling function for each class. Shape: [m, k].
    against
        Of each vote pattern, its votes against the class that has most of them. Shape: [u].
    voting
        Of each vote pattern, its votes. Shape: [u].
    """

    together: Counts
    differ: Counts
    votes_a_row: Counts
    votes: Counts
    against: Counts
    voting: Counts


def count_votes(patterns: VotePatterns, k: int) -> VoteCounts:
    """Count votes of patterns; ``k`` is the number of classes.

    It takes memory for pairs of labeling functions, not of their classes (see `count_overlaps`, which does).
    """
    if k > INT8_CLASSES:
        return _count_sparse(patterns, k)
    m, u = patterns.m, len(patterns)
    together, agree = np.zeros((m, m)), np.zeros((m, m))
    of_each = np.zeros((m, k), dtype=np.int64)
    voting, most = np.zeros(u, dtype=np.int64), np.zeros(u, dtype=np.int64)
    # A class is looked for only among those that vote for it: most labeling functions know one class.
    seen = tally_votes(patterns.patterns, classes=k).seen
    voters = [np.flatnonzero(seen[:, label]) for label in range(k)]
    for start in range(0, u, _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        block, weights = patterns.patterns[rows], patterns.counts[rows]
        voting[rows] = (block >= 0).sum(axis=1)
        together += cooccurrences(block >= 0, weights)
        for label, lfs in enumerate(voters):
            if len(lfs):
                hits = block[:, lfs] == label
                agree[np.ix_(lfs, lfs)] += cooccurrences(hits, weights)
                of_each[lfs, label] += weights @ hits
                np.maximum(most[rows], hits.sum(axis=1), out=most[rows])
    votes_a_row = np.bincount(voting, patterns.counts.astype(np.float64), minlength=m + 1).astype(np.float64)
    return VoteCounts(_whole(together), _whole(together - agree), _whole(votes_a_row), of_each, voting - most, voting)


def agreements(patterns: VotePatterns, k: int) -> Floats:
    """Count the rows on which each two labeling functions cast the same vote, of ``k`` classes. Shape: [m, m]."""
    if k > INT8_CLASSES:
        counted = _count_sparse(patterns, k)
        return (counted.together - counted.differ).astype(np.float64)
    seen = tally_votes(patterns.patterns, classes=k).seen

    def count(start: int) -> Floats:
        rows, agree = slice(start, start + _AT_ONCE), np.zeros((patterns.m, patterns.m))
        for label in np.flatnonzero(seen.any(axis=0)).tolist():
            lfs = np.flatnonzero(seen[:, label])
            agree[np.ix_(lfs, lfs)] += cooccurrences(patterns.patterns[rows][:, lfs] == label, patterns.counts[rows])
        return agree

    with ThreadPoolExecutor(cores()) as pool:
        return np.asarray(sum(pool.map(count, range(0, len(patterns), _AT_ONCE)), np.zeros((patterns.m, patterns.m))))


def _count_sparse(patterns: VotePatterns, k: int) -> VoteCounts:
    """Count by the votes cast: of so many classes, a row has votes for few."""
    from scipy.sparse import csr_array

    m, u = patterns.m, len(patterns)
    together, agree, of_each = np.zeros((m, m)), np.zeros((m, m)), np.zeros(m * k)
    voting, most = np.zeros(u, dtype=np.int64), np.zeros(u, dtype=np.int64)
    at_once = max(1, _CELLS_AT_ONCE // max(1, k, m))
    for start in range(0, u, at_once):
        rows = slice(start, min(u, start + at_once))
        block, weights = patterns.patterns[rows], patterns.counts[rows].astype(np.float64)
        row, lf = np.nonzero(block >= 0)
        vote = block[row, lf].astype(np.intp)
        # Those who vote for the same class of a row share a column.
        place, n_places = row * k + vote, len(block) * k
        votes = csr_array((np.ones(len(row)), (place, lf)), shape=(n_places, m))
        weighted = csr_array((weights[row], (place, lf)), shape=(n_places, m))
        agree += (votes.T @ weighted).toarray()
        together += cooccurrences(block >= 0, patterns.counts[rows])
        of_each += np.bincount(lf * k + vote, weights[row], minlength=m * k)
        voting[rows] = np.bincount(row, minlength=len(block))
        most[rows] = np.diff(votes.indptr).reshape(len(block), k).max(axis=1, initial=0)
    votes_a_row = np.bincount(voting, patterns.counts.astype(np.float64), minlength=m + 1).astype(np.float64)
    differ, votes = _whole(together - agree), _whole(of_each.reshape(m, k))
    return VoteCounts(_whole(together), differ, _whole(votes_a_row), votes, voting - most, voting)


def cooccurrences(hits: NDArray[np.bool_], weights: Counts, others: NDArray[np.bool_] | None = None) -> Floats:
    """Count the rows on which each two columns of ``hits``, or one of it and one of ``others``, are both true.

    Parameters
    ----------
    hits
        Shape: [u, m].
    weights
        How often each row counts. Shape: [u].
    others
        By default ``hits``. Shape: [u, o].

    Returns
    -------
    array
        Whole numbers, which float64 adds exactly below 2**53. Shape: [m, o].
    """
    if np.count_nonzero(hits) < SPARSE * hits.size:
        from scipy.sparse import csr_array

        true = csr_array(hits, dtype=np.float64)
        weighted = true.multiply(weights[:, None]).tocsr()
        return (weighted.T @ (true if others is None else csr_array(others, dtype=np.float64))).toarray()
    votes = hits.astype(np.float64)
    return (votes * weights[:, None]).T @ (votes if others is None else others.astype(np.float64))


def _whole(values: Floats) -> Counts:
    return np.rint(values).astype(np.int64)
