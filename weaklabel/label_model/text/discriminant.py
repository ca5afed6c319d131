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

_MIN_SHARE = 1e-6
"""Rows, in all, from which on a class exists."""

_NEVER = -1e6
"""Log probability of a class that no row has."""

_TEMPERATURES = 1e-3, 10.0
"""Range of what log probabilities are multiplied by. Vectors of many classes with few rows each need very little."""

_STEP = 0.01
"""Tolerance of its logarithm."""


class CrossFitted:
    """Classifies the rows of a fold by a fit on the other folds, and new rows by a fit on all.

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
        self.rows: list[NDArray[np.intp]] = [np.flatnonzero(folds == fold) for fold in range(n_folds)]
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
            others = sums[:fold] + sums[fold + 1 :]
            weights, bias = linear_rule(others)
            seen = np.sum([of_fold[0] for of_fold in others], axis=0)
            judged[rows] = _with_unseen(normalised(part @ weights + bias), seen, seen + sums[fold][0])
        return judged

    def fit(self, labels: Probs) -> tuple[Floats, Floats]:
        """Return weights [d, k] and bias [k] of a linear rule for new rows, fitted on all folds."""
        return linear_rule(self._sums(labels))

    def score(self, weights: Floats, bias: Floats) -> Floats:
        """Return the scores of all rows under a linear rule. Shape: [d, k], [k] -> [n, k]."""
        scores = np.empty((sum(len(rows) for rows in self.rows), len(bias)))
        for rows, part in zip(self.rows, self.parts, strict=True):
            scores[rows] = part @ weights + bias
        return scores

    def _sums(self, labels: Probs) -> list[_Sums]:
        """Return for each fold, of its used rows, how many each class has, their sums [k, d], and all their squares."""
        sums = []
        for rows, part, used, square in zip(self.rows, self.parts, self._used, self._squares, strict=True):
            shares = np.where(used[:, None], labels[rows], 0)
            sums.append((shares.sum(axis=0), shares.T @ part, square))
        return sums


def _square(part: Floats, used: NDArray[np.bool_], of_all: Floats) -> Floats:
    """Return ``X.T @ X`` of the used rows: of all but the others, where those are fewer."""
    fewer = used if 2 * used.sum() < len(used) else ~used
    square: Floats = part[fewer].T @ part[fewer]
    return square if fewer is used else of_all - square


def linear_rule(sums: list[_Sums]) -> tuple[Floats, Floats]:
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
    # A class that no row has: its mean would be 0, which texts unlike all others are near to.
    return weights, np.where(rows > _MIN_SHARE, bias, _NEVER)


def _with_unseen(judged: Floats, rows: Floats, in_all: Floats) -> Floats:
    """Give classes whose rows are all in the judged fold the probability that the next row would be of them.

    As if one row more had been seen, which is of any of them. Shape: [n, k], [k], [k] -> [n, k].
    """
    unseen = (rows <= _MIN_SHARE) & (in_all > _MIN_SHARE)
    if unseen.any():
        judged[:, unseen] = -np.log((rows.sum() + 1) * unseen.sum())
        judged = normalised(judged)
    return judged


def stratified_folds(labels: Probs, hashes: NDArray[np.int64], n_folds: int) -> NDArray[np.int64]:
    """Share out the rows of each class evenly among folds; rows of one hash come into the same fold.

    The order of rows does not matter. Of a class with fewer hashes than there are folds, some folds have none.

    Parameters
    ----------
    labels
        Class probabilities; all equal where a row has no information. Shape: [n, k].
    hashes
        Of texts. Shape: [n].
    n_folds
        How many.

    Returns
    -------
    array
        0 to ``n_folds`` - 1. Shape: [n].
    """
    different, of_row = np.unique(hashes, return_inverse=True)
    labeled = labels.max(axis=1) > labels.min(axis=1)
    totals = np.zeros((len(different), labels.shape[1]))
    np.add.at(totals, of_row[labeled], labels[labeled])
    classes = np.where(totals.any(axis=1), totals.argmax(axis=1), -1)
    # Low bits of a hash decide the order within a class: the sampler took the rows of low hashes.
    order = np.lexsort((different, different % 65_521, classes))
    folds = np.empty(len(different), dtype=np.int64)
    folds[order] = np.arange(len(different)) % n_folds
    return folds[of_row]


def temperature(judged: Floats, labels: Probs) -> float:
    """Return what to multiply log probabilities by so that they fit labels best. Shape: [n, k], [n, k]."""
    from scipy.optimize import minimize_scalar

    wanted = float((labels * judged).sum())

    def loss(log_factor: float) -> float:
        factor = float(np.exp(log_factor))
        return float(labels.sum(axis=1) @ log_totals(judged * factor)) - factor * wanted

    return float(
        np.exp(minimize_scalar(loss, bounds=np.log(_TEMPERATURES), method="bounded", options={"xatol": _STEP}).x)
    )


def log_totals(scores: Floats) -> Floats:
    """Return the log of the summed exponentials of each row. Shape: [n, k] -> [n]."""
    highest = scores.max(axis=1)
    return np.asarray(highest + np.log(np.exp(scores - highest[:, None]).sum(axis=1)))


def normalised(scores: Floats) -> Floats:
    """Turn scores into log probabilities. Shape: [n, k]."""
    return np.asarray(scores - log_totals(scores)[:, None])
