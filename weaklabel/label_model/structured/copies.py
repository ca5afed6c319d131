"""Which labeling functions copy others: pairs that agree more often than any class explains, and the forest of copies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weaklabel.label_model.overlaps import class_covariances
from weaklabel.label_model.triplet_moments import choose_partners

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
        Of voting for the same class, -1 to 1; 0 of a labeling function with itself. Shape: [m, m].
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
    """Choose for each labeling function the one that it copies, if any.

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
    """Return the root of each labeling function's tree; its own number where it copies none. Shape: [m]."""
    roots = np.arange(len(leaders))
    for lf in leaders_first(leaders):
        if leaders[lf] >= 0:
            roots[lf] = roots[leaders[lf]]
    return roots


_SIGNIFICANT = 2.0
"""Standard errors from 0 of a covariance that triplets use."""

_SURE = 4.0
"""Standard errors by which two labeling functions must vote alike too often."""

_MIN = 0.1
"""Correlation from which it matters."""


def find_repeats(overlaps: Floats, n: int, cardinality: int) -> Floats:
    r"""Find labeling functions that agree more often than the class explains.

    For a class y, let :math:`e_i` be 1 where labeling function i votes y, else 0. If votes are independent given whether Y = y,
    then :math:`Cov(e_i, e_j) = x_i x_j`, and each three give :math:`x_i^2 = Cov(e_i, e_j) Cov(e_i, e_k) / Cov(e_j, e_k)`.
    The median over triplets is right as long as most of them are of labeling functions that do not repeat each other.
    What a covariance has beyond :math:`x_i x_j`, the class cannot explain.

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
        Correlation that is left over, 0 to 1; 0 where it is below .1 or may be an accident. Shape: [m, m].

    References
    ----------
    Moments of three labeling functions: Fu et al., "Fast and Three-rious", ICML 2020.
    """
    m = len(overlaps) // cardinality
    left, spread = np.zeros((m, m)), np.zeros(m)
    for covariances, variances in class_covariances(overlaps, n, cardinality):
        effects = np.minimum(_effects(covariances, variances, n), np.sqrt(variances))
        left += covariances - np.outer(effects, effects)
        spread += variances - effects**2
    varying = spread > 1e-9
    deviations = np.sqrt(np.where(varying, spread, 1))
    repeated = np.where(np.outer(varying, varying), left / np.outer(deviations, deviations), 0)
    np.fill_diagonal(repeated, 0)
    sure = (repeated > _MIN) & (repeated * np.sqrt(n) > _SURE)
    return np.where(sure, np.minimum(repeated, 1), 0)


def _effects(covariances: Floats, variances: Floats, n: int) -> Floats:
    """Take the median over triplets; 0 where there is none. Shape: [m, m], [m] -> [m]."""
    usable = covariances > _SIGNIFICANT * np.sqrt(np.outer(variances, variances) / max(1, n))
    np.fill_diagonal(usable, False)
    others = covariances.copy()
    np.fill_diagonal(others, 0)
    effects = np.zeros(len(variances))
    for lf in np.flatnonzero(variances > 0):
        some = choose_partners(others[lf])
        both = np.ix_(some, some)
        chosen = usable[both]
        if chosen.sum() > 2:
            squares = np.outer(others[lf, some], others[lf, some])[chosen] / covariances[both][chosen]
            effects[lf] = np.sqrt(max(0.0, float(np.median(squares))))
    return effects
