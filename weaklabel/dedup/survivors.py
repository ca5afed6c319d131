"""Which rows stay: the preferred ones, so that no two of them are near-duplicates and each dropped row has one that stays.

Clusters are stars, not chains: with A like B and B like C but not like A, dropping all but one of a chain would delete a
text for one that it does not resemble. In the order of preference, a row stays unless a row that stays already is a
near-duplicate of it. So the result depends on the preference and on which pairs are similar, on nothing else: not on the
order in which pairs are found, on workers, or on how the corpus is cut into parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from weaklabel.dedup.pairs import Nodes, Pairs
from weaklabel.dedup.shingles import Numbers
from weaklabel.dedup.sketches import Sketches
from weaklabel.errors import CorpusError

Keep = Literal["first", "longest", "votes"]
"""Which of several rows stays: the first, the one with the longest text, or the one with the most votes."""

KEEP: tuple[str, ...] = get_args(Keep)


@dataclass(frozen=True)
class Preference:
    """Rows by preference, and what has the same text.

    Attributes
    ----------
    nodes
        The most preferred row of each different text, by preference.
    node_of
        The node with the text of each row. Shape: [n].
    """

    nodes: Nodes
    node_of: Numbers


def preference(sketches: Sketches, keep: Keep, n_fixed: int = 0) -> Preference:
    """Put rows in the order of preference, and join those whose normalised texts are equal.

    Parameters
    ----------
    sketches
        The rows.
    keep
        What is preferred. Rows that are alike in it are ordered by their length, then by a hash of all that they hold.
    n_fixed
        The last so many rows always stay: they are what the others are checked against.
    """
    n = len(sketches)
    is_own = np.arange(n) < n - n_fixed
    position = np.arange(n)
    if keep == "first":
        order = np.lexsort((position, is_own))
    else:
        lengths, ties = sketches.column("lengths"), sketches.column("ties")
        keys = [position, ties, sketches.column("hashes")[:, 0], -lengths]
        if keep == "votes":
            votes = sketches.column("votes")
            if len(votes) != n:
                raise CorpusError("to keep the row with the most votes, say which column has their number")
            keys.append(-votes)
        order = np.lexsort((*keys, is_own))
    rank = np.empty(n, np.int64)
    rank[order] = np.arange(n)
    text = _same_text(sketches.column("hashes"))
    best = np.full(int(text.max()) + 1 if n else 0, n, np.int64)
    np.minimum.at(best, text, rank)
    by_preference = np.argsort(best)
    node = np.empty(len(best), np.int64)
    node[by_preference] = np.arange(len(best))
    rows = order[best[by_preference]]
    fixed = int((~is_own[rows]).sum())
    return Preference(Nodes(rows, sketches, fixed), node[text])


def kept_neighbors(n: int, pairs: Pairs, stays: NDArray[np.bool_]) -> tuple[Numbers, NDArray[np.float64]]:
    """Return for each node the most similar preferred one that stays, the node itself if it stays, and the similarity."""
    neighbor, similarity = np.arange(n), np.ones(n)
    useful = stays[pairs.left] & ~stays[pairs.right]
    left, right, value = pairs.left[useful], pairs.right[useful], pairs.similarity[useful]
    order = np.lexsort((left, -value, right))
    left, right, value = left[order], right[order], value[order]
    first = np.ones(len(right), bool)
    first[1:] = right[1:] != right[:-1]
    neighbor[right[first]], similarity[right[first]] = left[first], value[first]
    return neighbor, similarity


def _same_text(hashes: NDArray[np.uint64]) -> Numbers:
    """Number the different hashes of 128 bits. Shape: [n]."""
    order = np.argsort(hashes[:, 0], kind="stable")
    high, low = hashes[order, 0], hashes[order, 1]
    is_new = np.ones(len(hashes), bool)
    is_new[1:] = high[1:] != high[:-1]
    if (~is_new[1:] & (low[1:] != low[:-1])).any():  # equal in one half only
        order = np.lexsort((hashes[:, 1], hashes[:, 0]))
        is_new[1:] = (np.diff(hashes[order], axis=0) != 0).any(axis=1)
    number = np.empty(len(hashes), np.int64)
    number[order] = np.cumsum(is_new) - 1
    return number
