"""Which side each group of rows is put on, by a hash of what is in it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weaklabel.dedup.shingles import Hashes, Numbers


def by_hash(keys: Hashes, shares: NDArray[np.float64], seed: int) -> Numbers:
    """Put each group on a side by its key alone, so that it stays there when rows are added.

    Parameters
    ----------
    keys
        A hash of what is in each group. Shape: [groups].
    shares
        Shares of the sides; they add up to 1. Shape: [sides].
    seed
        Another seed is another split.

    Returns
    -------
    NDArray[np.int64]
        Shape: [groups]. The shares are met on average.
    """
    sides = np.searchsorted(np.cumsum(shares), _uniform(keys, seed), side="right")
    return np.minimum(sides, len(shares) - 1).astype(np.int64)


def stratified(keys: Hashes, group: Numbers, stratum: Numbers, shares: NDArray[np.float64], seed: int) -> Numbers:
    """Put groups on sides so that each side gets its share of the rows of each stratum.

    A group belongs to the stratum of most of its rows. The groups of a stratum stand in the order of a hash and are cut
    where the shares are reached, so that added rows move only groups that are near a cut.

    Parameters
    ----------
    keys, shares, seed
        As for `by_hash`.
    group, stratum
        Of each row. Shape: [n].

    Returns
    -------
    NDArray[np.int64]
        Shape: [groups].
    """
    n_strata = int(stratum.max()) + 1
    cells, counts = np.unique(group * n_strata + stratum, return_counts=True)
    order = np.lexsort((cells % n_strata, -counts, cells // n_strata))
    first = np.unique(cells[order] // n_strata, return_index=True)[1]
    of_group = cells[order][first] % n_strata
    sizes = np.bincount(group, minlength=len(keys))
    place = _uniform(keys, seed)
    sides = np.zeros(len(keys), np.int64)
    for each in np.unique(of_group).tolist():
        members = np.flatnonzero(of_group == each)
        members = members[np.lexsort((keys[members], place[members]))]
        ends = np.cumsum(sizes[members])
        middles = (ends - sizes[members] / 2) / ends[-1]
        sides[members] = np.minimum(np.searchsorted(np.cumsum(shares), middles, side="right"), len(shares) - 1)
    return sides


def _uniform(keys: Hashes, seed: int) -> NDArray[np.float64]:
    """Return a number from 0 to 1 for each key (by the finalizer of SplitMix64)."""
    start = (seed * 0x9E3779B97F4A7C15 + 0xD1B54A32D192ED03) & 0xFFFFFFFFFFFFFFFF
    mixed = keys ^ np.uint64(start)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) / float(1 << 53)
