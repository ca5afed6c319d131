"""Rows whose hand label would teach the most."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weaklabel.labels import ABSTAIN, VoteArray
from weaklabel.suggest.evidence import Evidence

Floats = NDArray[np.float64]

_CONFLICTS = 0.25
"""Share of the rows that is kept for those on which labeling functions contradict each other."""

_ALIKE = 0.9
"""Cosine from which a row would say again what another one has said."""


def rows_to_label(points: Floats, known: Evidence, L: VoteArray, n: int) -> list[int]:
    """Choose rows that are uncertain, typical, and unlike each other.

    A row is worth the entropy of its probabilities times its mean cosine with all rows: uncertainty alone picks
    outliers, whose labels say nothing of other rows (information density). They are taken from the best down, and a row
    too much like one that was taken is left out, lest ten of the same be asked for. One in four is a row on which
    labeling functions contradict each other, for its label judges several of them at once. Rows with gold are left out;
    a row of which nothing is known counts as wholly uncertain.

    Parameters
    ----------
    points
        Texts as vectors. Shape: [n, d].
    known
        What is known of rows.
    L
        Votes. Shape: [n, m].
    n
        Most rows.

    References
    ----------
    Settles and Craven, An analysis of active learning strategies for sequence labeling tasks, EMNLP 2008.
    Brinker, Incorporating diversity in active learning with support vector machines, ICML 2003.
    """
    worth = _entropy(known) * _density(points)
    worth[known.gold != ABSTAIN] = 0.0
    order = np.lexsort((np.arange(len(worth)), -worth))
    order = order[worth[order] > 0]
    none = np.iinfo(L.dtype).max
    highest, lowest = L.max(axis=1, initial=ABSTAIN), np.where(L >= 0, L, none).min(axis=1, initial=none)
    conflicting = highest > lowest
    chosen = _unlike(order[conflicting[order]], points, [], round(_CONFLICTS * n))
    chosen = _unlike(order, points, chosen, n)
    return sorted(chosen, key=lambda row: (-worth[row], row))


def _entropy(known: Evidence) -> Floats:
    """Return the entropy of each row's probabilities as a share of the highest, 0..1. Shape: [n]."""
    k = known.probs.shape[1]
    terms = np.where(known.probs > 0, known.probs * np.log(np.maximum(known.probs, 1e-300)), 0.0)
    found = -terms.sum(axis=1) / np.log(max(k, 2))
    return np.where(known.weight > 0, found, 1.0)


def _density(points: Floats) -> Floats:
    """Return the mean cosine with all rows, at least 0: of vectors of length 1 that is the one with their mean."""
    return np.maximum(points @ points.mean(axis=0), 0.0) if len(points) else np.zeros(0)


def _unlike(order: NDArray[np.int64], points: Floats, chosen: list[int], n: int) -> list[int]:
    """Add rows in their order to those chosen, without any that is like one of them, up to ``n``."""
    chosen = list(chosen)
    for row in order.tolist():
        if len(chosen) >= n:
            break
        if not chosen or (points[chosen] @ points[row]).max() < _ALIKE:
            chosen.append(row)
    return chosen
