"""Duplicates in meaning: texts whose embeddings have a cosine of a threshold or more.

Every text is compared with every one that stays, in blocks, so that nothing is missed; the time grows with the square of the
number of texts that stay.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weaklabel.dedup.pairs import Nodes, Pairs
from weaklabel.dedup.shingles import Numbers
from weaklabel.errors import CorpusError
from weaklabel.support.progress import stage

MOST_TEXTS = 300_000
"""Most different texts that are compared by meaning."""

_BLOCK = 1024


def semantic_pairs(nodes: Nodes, near: Pairs, threshold: float) -> Pairs:
    """Return, for each text that is dropped for its meaning, the pair with the most similar text that stays.

    Parameters
    ----------
    nodes
        The texts, by preference, with embeddings.
    near
        Near-duplicates among them.
    threshold
        The least cosine.

    Raises
    ------
    CorpusError
        There are more than `MOST_TEXTS` texts.
    """
    n = len(nodes)
    if n > MOST_TEXTS:
        raise CorpusError(
            f"{n:,} different texts are too many to compare by meaning, at most {MOST_TEXTS:,}: leave 'semantic' out, or "
            "take a part of the corpus"
        )
    vectors: NDArray[np.float32] = nodes.sketches.column("vectors")[nodes.rows]
    preferred = _by_right(n, near)
    stays = np.zeros(n, bool)
    found: list[tuple[int, int, float]] = []
    with stage("comparing by meaning", n, "texts") as progress:
        for begin in range(0, n, _BLOCK):
            block = vectors[begin : begin + _BLOCK]
            before = np.flatnonzero(stays[:begin])
            best, where = np.zeros(len(block), np.float32), np.zeros(len(block), np.int64)
            for first in range(0, len(before), 16 * _BLOCK):
                some = before[first : first + 16 * _BLOCK]
                cosines = block @ vectors[some].T
                of_some = cosines.argmax(axis=1)
                value = cosines[np.arange(len(block)), of_some]
                better = value > best
                best[better], where[better] = value[better], some[of_some[better]]
            within = block @ block.T
            for place in range(len(block)):
                node = begin + place
                if node >= nodes.fixed:
                    if stays[preferred[node]].any():
                        continue
                    here = np.flatnonzero(stays[begin:node])
                    if len(here):
                        nearest = here[int(within[place, here].argmax())]
                        if within[place, nearest] > best[place]:
                            best[place], where[place] = within[place, nearest], begin + nearest
                    if best[place] >= threshold:
                        found.append((int(where[place]), node, float(min(best[place], 1.0))))
                        continue
                stays[node] = True
            progress.advance(len(block))
    left, right, cosine = zip(*found, strict=True) if found else ((), (), ())
    order = np.argsort(np.array(left, np.int64), kind="stable")
    return Pairs(np.array(left, np.int64)[order], np.array(right, np.int64)[order], np.array(cosine, float)[order])


def _by_right(n: int, pairs: Pairs) -> list[Numbers]:
    """Return for each node the preferred nodes that are near-duplicates of it."""
    order = np.argsort(pairs.right, kind="stable")
    edges = np.searchsorted(pairs.right[order], np.arange(n + 1))
    return np.split(pairs.left[order], edges[1:-1]) if n else []
