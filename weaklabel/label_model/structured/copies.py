"""Who may copy whom: a forest over labeling functions, from how often they vote alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weaklabel.label_model.overlaps import class_covariances

Floats = NDArray[np.float64]


def agreement(overlaps: Floats, n: int, cardinality: int) -> Floats:
    """Correlate the votes of each two labeling functions, whatever the reason that they vote alike.

    Parameters
    ----------
    overlaps
        How many rows have each two votes, labeling function ``i`` voting ``y`` at ``i*k + y``. Shape: [m*k, m*k].
    n
        Rows.
    cardinality
        Number of classes k.

    Returns
    -------
    array
        Of saying the same, -1 to 1; 0 of a labeling function with itself. Shape: [m, m].
    """
    m = len(overlaps) // cardinality
    covariances, variances = np.zeros((m, m)), np.zeros(m)
    for of_class, spread in class_covariances(overlaps, n, cardinality):
        covariances += of_class
        variances += spread
    deviations = np.sqrt(variances)
    scale = np.outer(deviations, deviations)
    correlations = np.divide(covariances, scale, out=np.zeros((m, m)), where=scale > 0)
    np.fill_diagonal(correlations, 0)
    return correlations


def copy_forest(strength: Floats) -> NDArray[np.int64]:
    """Give each labeling function that copies the one it copies.

    It is the strongest spanning forest (Prim, 1957) over pairs with a positive strength. Each tree grows from its
    member with the most strength in all: where several copy one, that one is alike to all of them, and they less to
    each other.

    Parameters
    ----------
    strength
        Symmetric; 0 where two do not copy each other. Shape: [m, m].

    Returns
    -------
    array
        Number of the one that is copied, -1 where there is none. Shape: [m].
    """
    m = len(strength)
    leaders, placed, total = np.full(m, -1), np.zeros(m, dtype=bool), strength.sum(axis=1)
    for root in np.argsort(-total, kind="stable"):
        if placed[root] or total[root] <= 0:
            continue
        placed[root] = True
        nearest, best = np.full(m, root), np.where(placed, 0, strength[root])
        while best.max() > 0:
            new = int(best.argmax())
            leaders[new], placed[new] = nearest[new], True
            closer = ~placed & (strength[new] > best)
            nearest[closer] = new
            best = np.where(placed, 0, np.maximum(best, strength[new]))
    return leaders


def leaders_first(leaders: NDArray[np.int64]) -> list[int]:
    """Order labeling functions so that each comes after the one it copies."""
    depth = np.zeros(len(leaders), dtype=np.int64)
    at = leaders.copy()
    while (at >= 0).any():
        depth += at >= 0
        at = np.where(at >= 0, leaders[at], -1)
    return np.argsort(depth, kind="stable").tolist()


def trees(leaders: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the root of each labeling function's tree; its own number where it copies nobody. Shape: [m]."""
    roots = np.arange(len(leaders))
    for lf in leaders_first(leaders):
        if leaders[lf] >= 0:
            roots[lf] = roots[leaders[lf]]
    return roots
