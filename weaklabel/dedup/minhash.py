"""MinHash signatures in bands: near-duplicates share the key of at least one band with a probability close to 1.

A signature holds the smallest value of the shingles' hashes under each of many random permutations; two texts agree in a
value with a probability that is the Jaccard similarity of their shingles (Broder, 1997). Values are taken together in
bands; texts with an equal band are candidates (Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets", section 3.4).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weaklabel.dedup.shingles import Shingles

MISSED = 0.006
"""Most pairs with a similarity of exactly the threshold that may share no band, as a share."""

MOST_VALUES = 256
"""Most values of a signature."""

_ROWS_AT_ONCE = 512
"""Texts whose shingles are permuted at once: they stay in the cache of a processor."""


@dataclass(frozen=True)
class Bands:
    """How a signature is cut into bands.

    Attributes
    ----------
    count
        Number of bands.
    rows
        Values of a band.
    """

    count: int
    rows: int

    def probability(self, similarity: float) -> float:
        """Return the probability that two texts of a Jaccard similarity share a band."""
        return float(1 - (1 - similarity**self.rows) ** self.count)


def bands_for(threshold: float) -> Bands:
    """Return the bands for a threshold: the longest of which `MOST_VALUES` suffice, since short ones give many candidates.

    Examples
    --------
    >>> bands_for(0.7)
    Bands(count=41, rows=6)
    >>> round(bands_for(0.7).probability(0.7), 4), round(bands_for(0.7).probability(0.3), 4)
    (0.9941, 0.0295)
    """
    if threshold >= 1:
        return Bands(1, 16)
    rows = 1
    for longer in range(2, 33):
        if _count(threshold, longer) * longer > MOST_VALUES:
            break
        rows = longer
    return Bands(_count(threshold, rows), rows)


def band_keys(shingles: Shingles, bands: Bands) -> NDArray[np.uint32]:
    """Return the key of each band of each text. Shape: [bands, texts]; each text must have a shingle."""
    n = len(shingles.counts)
    multipliers, masks = _permutations(bands.count * bands.rows)
    hashes = (shingles.hashes >> np.uint64(32)).astype(np.uint32)
    ends = np.cumsum(shingles.counts)
    starts = ends - shingles.counts
    keys = np.empty((bands.count, n), np.uint32)
    for first in range(0, n, _ROWS_AT_ONCE):
        last = min(first + _ROWS_AT_ONCE, n)
        some = hashes[starts[first] : ends[last - 1]]
        begins = starts[first:last] - starts[first]
        permuted = np.empty_like(some)
        for band in range(bands.count):
            key = np.zeros(last - first, np.uint64)
            for value in range(band * bands.rows, (band + 1) * bands.rows):
                np.multiply(some, multipliers[value], out=permuted)
                np.bitwise_xor(permuted, masks[value], out=permuted)
                key ^= np.minimum.reduceat(permuted, begins)
                key *= np.uint64(0x9E3779B97F4A7C15)
                key ^= key >> np.uint64(32)
            keys[band, first:last] = key.astype(np.uint32)
    return keys


def _count(threshold: float, rows: int) -> int:
    return int(np.ceil(np.log(MISSED) / np.log1p(-(threshold**rows))))


def _permutations(n: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return odd multipliers and masks: x -> (x * multiplier) ^ mask permutes the numbers of 32 bits."""
    random = np.random.Generator(np.random.PCG64(20_250_101))
    multipliers = random.integers(0, 1 << 31, n, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return multipliers, random.integers(0, 1 << 32, n, dtype=np.uint32)
