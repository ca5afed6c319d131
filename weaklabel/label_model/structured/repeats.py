"""Labeling functions that repeat one another, found before anything is known of the classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weaklabel.label_model.overlaps import class_covariances
from weaklabel.label_model.triplet_moments import choose_partners

Floats = NDArray[np.float64]

_SIGNIFICANT = 2.0
"""Standard errors from 0 of a covariance that triplets use."""

_SURE = 4.0
"""Standard errors by which two labeling functions must vote alike too often."""

_LEAST = 0.1
"""Correlation from which it matters."""


def find_repeats(overlaps: Floats, n: int, cardinality: int) -> Floats:
    r"""Find who votes alike more often than any class can explain.

    For a class y, let :math:`e_i` say whether labeling function i votes y. If votes are independent given whether Y = y,
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
    known = spread > 1e-9
    deviations = np.sqrt(np.where(known, spread, 1))
    repeated = np.where(np.outer(known, known), left / np.outer(deviations, deviations), 0)
    np.fill_diagonal(repeated, 0)
    sure = (repeated > _LEAST) & (repeated * np.sqrt(n) > _SURE)
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
