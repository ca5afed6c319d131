"""Linear discriminant analysis of vectors with soft labels, cross-fitted: every row is judged by others."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from weaklabel.labels import Probs

Floats = NDArray[np.float64]

SHRINKAGE = 0.3
"""How far the covariance is drawn to that of a sphere."""

_LEAST_SHARE = 1e-6
"""Rows, in all, from which on a class exists."""

_NEVER = -1e6
"""Log probability of a class that no row has."""

_TEMPERATURES = np.geomspace(0.2, 3, 16)


class CrossFitted:
    """Classifies the rows of a fold by what the other folds say, and new rows by what all say.

    All classes share one covariance, so a fit takes a few sums and one linear system; soft labels are weights.

    Parameters
    ----------
    X
        Vectors. Shape: [n, d].
    folds
        Fold of each row. Shape: [n].
    n_folds
        How many.
    """

    def __init__(self, X: Floats, folds: NDArray[np.int64], n_folds: int) -> None:
        self.X, self.folds = X, folds
        self.rows = [np.flatnonzero(folds == fold) for fold in range(n_folds)]

    def use(self, used: NDArray[np.bool_]) -> CrossFitted:
        """Fit on these rows only from now on. Shape: [n]."""
        self._used = [rows[used[rows]] for rows in self.rows]
        self._squares = [self.X[rows].T @ self.X[rows] for rows in self._used]
        return self

    def judge(self, labels: Probs) -> Floats:
        """Return log probabilities of all rows, each by the other folds. Shape: [n, k] -> [n, k]."""
        judged = np.empty_like(labels)
        for fold, rows in enumerate(self.rows):
            weights, bias = self._fit(labels, [other for other in range(len(self.rows)) if other != fold])
            judged[rows] = normalised(self.X[rows] @ weights + bias)
        return judged

    def fit(self, labels: Probs) -> tuple[Floats, Floats]:
        """Return weights [d, k] and bias [k] of a linear rule for new rows, fitted on all folds."""
        return self._fit(labels, range(len(self.rows)))

    def _fit(self, labels: Probs, folds: Iterable[int]) -> tuple[Floats, Floats]:
        chosen = list(folds)
        rows = np.concatenate([self._used[fold] for fold in chosen])
        square = np.sum([self._squares[fold] for fold in chosen], axis=0)
        shares = labels[rows]
        size = shares.sum(axis=0) + 1e-3
        means = (shares.T @ self.X[rows]) / size[:, None]
        total = size.sum()
        within = square / total - (means * (size / total)[:, None]).T @ means
        spread = np.trace(within) / len(within)
        within *= 1 - SHRINKAGE
        within[np.diag_indices_from(within)] += SHRINKAGE * spread + 1e-9
        weights = np.linalg.solve(within, means.T)
        bias = np.log(size / total) - 0.5 * (means.T * weights).sum(axis=0)
        # A class that no row has: its mean stands at 0, which texts unlike all others are near to.
        return weights, np.where(shares.sum(axis=0) > _LEAST_SHARE, bias, _NEVER)


def temperature(judged: Floats, labels: Probs) -> float:
    """Return what to multiply log probabilities by so that they fit labels best. Shape: [n, k], [n, k]."""
    losses = [-(labels * normalised(judged * factor)).sum() for factor in _TEMPERATURES]
    return float(_TEMPERATURES[int(np.argmin(losses))])


def normalised(scores: Floats) -> Floats:
    """Turn scores into log probabilities. Shape: [n, k]."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))
