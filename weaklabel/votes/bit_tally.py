"""Counting votes on bits: where classes are few, a bit for each vote and class, of which 64 are counted at a time."""

from __future__ import annotations

from functools import reduce
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from weaklabel.labels import ABSTAIN, VoteArray

FEW_CLASSES = 4
"""Classes up to which a pass over L for each of them is faster than other ways to tell the classes of a row apart."""

_ROWS = 1 << 19
"""Votes of a labeling function that are packed together: they fit a core's own cache, and keep it busy for long enough
that threads do not wait for each other."""

Bits: TypeAlias = NDArray[np.uint64]
Counts: TypeAlias = NDArray[np.int64]


def tally_bits(L: VoteArray, gold: Counts | None, classes: int) -> dict[str, Counts]:
    """Count votes; the keys are those of `Tally`, but for ``seen``, in whose place stand the votes by class.

    Parameters
    ----------
    L
        Votes, stored by column. Shape: [n, m].
    gold
        Gold, with -1 where there is none. Shape: [n].
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
    found = {
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
        found["judged"] = _ones(voted, _packed(gold != ABSTAIN, voted.shape[1]))
        for label, bits in enumerate(by_class):
            found["correct"] += _ones(bits, _packed(gold == label, voted.shape[1]))
    return found


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
    one, two, both = bits[0].copy(), np.zeros_like(bits[0]), np.empty_like(bits[0])
    for row in bits[1:]:
        np.bitwise_and(one, row, out=both)
        np.bitwise_or(two, both, out=two)
        np.bitwise_or(one, row, out=one)
    return one, two


def _ones(bits: Bits, chosen: Bits | None = None) -> Counts:
    """Count ones in each row of ``bits``, where ``chosen`` has one too. Shape: [r, w] -> [r]."""
    counts: Counts = np.bitwise_count(bits if chosen is None else bits & chosen).sum(axis=1, dtype=np.int64)
    return counts
