"""What becomes of each row: it stays, or it is dropped for one that stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weaklabel.dedup.minhash import bands_for
from weaklabel.dedup.pairs import PairFinder, Pairs, surviving
from weaklabel.dedup.semantic import semantic_pairs
from weaklabel.dedup.shingles import Numbers
from weaklabel.dedup.sketches import Sketches, sketch
from weaklabel.dedup.survivors import Keep, kept_neighbors, preference

THRESHOLD = 0.7
"""Jaccard similarity from which on two texts are near-duplicates, if nothing else is said."""

RULES = ("", "exact", "near", "semantic", "contamination")
"""Rules by which rows are dropped, in the order of their numbers; 0 is a row that stays."""

STAYS, EXACT, NEAR, SEMANTIC, CONTAMINATION = range(len(RULES))


@dataclass(frozen=True)
class Verdict:
    """What becomes of each row.

    Attributes
    ----------
    rule
        Number in `RULES`. Shape: [n].
    keeper
        The row that stays instead, or the row itself. Rows that others were checked against are numbered from n on.
        Shape: [n].
    similarity
        To that row: Jaccard similarity, or cosine for "semantic". Shape: [n].
    crowded
        Texts that were not compared with all that share a band; see `weaklabel.dedup.pairs`.
    """

    rule: NDArray[np.int8]
    keeper: Numbers
    similarity: NDArray[np.float64]
    crowded: int = 0

    def count(self, rule: int) -> int:
        """Return how many rows have this verdict."""
        return int((self.rule == rule).sum())


def judge(sketches: Sketches, threshold: float, keep: Keep, n_fixed: int = 0, semantic: float | None = None) -> Verdict:
    """Decide which rows stay; see `weaklabel.dedup.survivors`.

    Parameters
    ----------
    sketches
        The rows, and after them those that they are checked against.
    threshold, semantic
        Jaccard similarity and cosine from which on texts are duplicates.
    keep
        Which row stays.
    n_fixed
        How many rows are only checked against.
    """
    n = len(sketches) - n_fixed
    if not n:
        return Verdict(np.empty(0, np.int8), np.empty(0, np.int64), np.empty(0))
    preferred = preference(sketches, keep, n_fixed)
    nodes = preferred.nodes
    finder = PairFinder(nodes, bands_for(threshold).count, threshold)
    near = finder.pairs()
    meant = Pairs.none() if semantic is None else semantic_pairs(nodes, near, semantic)
    stays = surviving(len(nodes), Pairs.joined([near, meant]))
    neighbor, similarity = kept_neighbors(len(nodes), near, stays)
    by_meaning, cosine = kept_neighbors(len(nodes), meant, stays)
    is_meant = ~stays & (neighbor == np.arange(len(nodes)))
    neighbor[is_meant], similarity[is_meant] = by_meaning[is_meant], cosine[is_meant]

    node = preferred.node_of[:n]
    is_best = nodes.rows[node] == np.arange(n)
    rule = np.where(stays[node], EXACT, np.where(is_meant[node], SEMANTIC, NEAR))
    rule = np.where(is_best, rule, EXACT)
    rule[is_best & stays[node]] = STAYS
    rule[neighbor[node] < nodes.fixed] = CONTAMINATION
    return Verdict(rule.astype(np.int8), nodes.rows[neighbor[node]], similarity[node], finder.crowded)


def judge_texts(
    texts: Sequence[str], threshold: float = THRESHOLD, keep: Keep = "longest", against: Sequence[str] = ()
) -> Verdict:
    """Decide which of some texts in memory stay.

    Parameters
    ----------
    texts
        Length: n.
    threshold
        Jaccard similarity from which on two texts are near-duplicates.
    keep
        ``first`` or ``longest``.
    against
        Texts of which no near-duplicate may stay.

    Examples
    --------
    >>> texts = ["Win a free prize today!", "win a free prize  today!", "Win a free prize today!!", "See you at noon"]
    >>> verdict = judge_texts(texts)
    >>> [RULES[rule] for rule in verdict.rule], verdict.keeper.tolist()
    (['near', 'exact', '', ''], [2, 2, 2, 3])
    """
    parts = [sketch(some, bands_for(threshold), threshold) for some in (texts, against)]
    return judge(Sketches(parts), threshold, keep, len(against))


def count_contaminated(texts: Sequence[str], held_out: Sequence[str], threshold: float = THRESHOLD) -> int:
    """Return how many of some training texts are near-duplicates of held-out ones, such as those of a test split.

    Examples
    --------
    >>> count_contaminated(["Win a free prize today!", "See you at noon"], ["WIN a free prize today!!"])
    1
    """
    return judge_texts(texts, threshold, "first", held_out).count(CONTAMINATION)
