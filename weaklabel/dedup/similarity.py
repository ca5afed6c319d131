"""The exact Jaccard similarity of candidates."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from weaklabel.dedup.shingles import Hashes, Numbers, Texts, distinct, ranges, repeats, sorted_each
from weaklabel.dedup.sketches import SHINGLES

BLOCK_BYTES = 1 << 17
"""Bytes of text that are compared at once."""


def jaccard(
    texts: Callable[[Numbers], Texts], sizes: Numbers, form: str, left: Numbers, right: Numbers
) -> NDArray[np.float64]:
    """Return the Jaccard similarity of the shingles of pairs of texts.

    Parameters
    ----------
    texts
        Gives the texts of some numbers, ascending.
    sizes
        About the size of each text, by number, in bytes.
    form
        Of `weaklabel.dedup.sketches.FORMS`.
    left, right
        Numbers of the texts of each pair. Shape: [pairs].

    Returns
    -------
    NDArray[np.float64]
        Shape: [pairs]. 0 where neither text has a shingle.
    """
    similarities = np.empty(len(left))
    for block in _blocks(sizes[left] + sizes[right]):
        numbers, places = np.unique(np.concatenate([left[block], right[block]]), return_inverse=True)
        shingles = distinct(SHINGLES[form](texts(numbers)))
        starts = np.cumsum(shingles.counts) - shingles.counts
        pairs = len(places) // 2
        similarities[block] = _similarities(shingles.hashes, starts, shingles.counts, places[:pairs], places[pairs:])
    return similarities


def _similarities(
    hashes: Hashes, starts: Numbers, counts: Numbers, left: Numbers, right: Numbers
) -> NDArray[np.float64]:
    both = counts[left] + counts[right]
    begins = np.cumsum(both) - both
    values = np.empty(int(both.sum()), np.uint64)
    values[ranges(begins, counts[left])] = hashes[ranges(starts[left], counts[left])]
    values[ranges(begins + counts[left], counts[right])] = hashes[ranges(starts[right], counts[right])]
    is_shared = np.concatenate([np.zeros(1, np.int64), np.cumsum(repeats(sorted_each(values, both), both))])
    shared = is_shared[begins + both] - is_shared[begins]
    similarities: NDArray[np.float64] = shared / np.maximum(both - shared, 1)
    return similarities


def _blocks(sizes: Numbers) -> Iterator[slice]:
    """Cut pairs into blocks of about `BLOCK_BYTES`, of one pair at least."""
    ends = np.cumsum(sizes)
    begin = 0
    while begin < len(sizes):
        done = int(ends[begin - 1]) if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, done + BLOCK_BYTES, side="right")))
        yield slice(begin, end)
        begin = end
