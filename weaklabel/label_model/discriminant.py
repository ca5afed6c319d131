"""Linear discriminant analysis of vectors with soft labels, cross-fitted: every row is judged by others."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from weaklabel.labels import Probs

Floats = NDArray[np.float64]
_Sums: TypeAlias = tuple[Floats, Floats, Floats]

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
        self.rows = [np.flatnonzero(folds == fold) for fold in range(n_folds)]
        self.parts = [X[rows] for rows in self.rows]
        self._all_squares = [part.T @ part for part in self.parts]
        self.use(np.ones(len(X), dtype=bool))

    def use(self, used: NDArray[np.bool_]) -> CrossFitted:
        """Fit on these rows only from now on. Shape: [n]."""
        self._used = [used[rows] for rows in self.rows]
        self._squares = [
            _square(part, some, square)
            for part, some, square in zip(self.parts, self._used, self._all_squares, strict=True)
        ]
        return self

    def judge(self, labels: Probs) -> Floats:
        """Return log probabilities of all rows, each by the other folds. Shape: [n, k] -> [n, k]."""
        judged, sums = np.empty_like(labels), self._sums(labels)
        for fold, (rows, part) in enumerate(zip(self.rows, self.parts, strict=True)):
            weights, bias = _rule(sums[:fold] + sums[fold + 1 :])
            judged[rows] = normalised(part @ weights + bias)
        return judged

    def fit(self, labels: Probs) -> tuple[Floats, Floats]:
        """Return weights [d, k] and bias [k] of a linear rule for new rows, fitted on all folds."""
        return _rule(self._sums(labels))

    def _sums(self, labels: Probs) -> list[_Sums]:
        """Return for each fold, of its used rows, how many each class has, their sums [k, d], and all their squares."""
        found = []
        for rows, part, used, square in zip(self.rows, self.parts, self._used, self._squares, strict=True):
            shares = np.where(used[:, None], labels[rows], 0)
            found.append((shares.sum(axis=0), shares.T @ part, square))
        return found


def _square(part: Floats, used: NDArray[np.bool_], of_all: Floats) -> Floats:
    """Return ``X.T @ X`` of the used rows: of all but the others, where those are fewer."""
    fewer = used if 2 * used.sum() < len(used) else ~used
    square: Floats = part[fewer].T @ part[fewer]
    return square if fewer is used else of_all - square


def _rule(sums: list[_Sums]) -> tuple[Floats, Floats]:
    """Return the linear rule that rows with these sums give."""
    rows, vectors, square = (np.sum(values, axis=0) for values in zip(*sums, strict=True))
    size = rows + 1e-3
    means = vectors / size[:, None]
    total = size.sum()
    within = square / total - (means * (size / total)[:, None]).T @ means
    spread = np.trace(within) / len(within)
    within *= 1 - SHRINKAGE
    within[np.diag_indices_from(within)] += SHRINKAGE * spread + 1e-9
    weights = np.linalg.solve(within, means.T)
    bias = np.log(size / total) - 0.5 * (means.T * weights).sum(axis=0)
    # A class that no row has: its mean stands at 0, which texts unlike all others are near to.
    return weights, np.where(rows > _LEAST_SHARE, bias, _NEVER)


def temperature(judged: Floats, labels: Probs) -> float:
    """Return what to multiply log probabilities by so that they fit labels best. Shape: [n, k], [n, k]."""
    losses = [-(labels * normalised(judged * factor)).sum() for factor in _TEMPERATURES]
    return float(_TEMPERATURES[int(np.argmin(losses))])


def normalised(scores: Floats) -> Floats:
    """Turn scores into log probabilities. Shape: [n, k]."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))
