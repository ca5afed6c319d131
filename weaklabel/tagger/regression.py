"""Logistic regression on soft targets: features that are on or off, given by their columns, and dense ones beside them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from weaklabel.support.progress import stage

Floats = NDArray[np.float32]

_KEPT_STEPS = 6
"""Steps that L-BFGS keeps: each takes the memory of the weights twice."""


class Weights(NamedTuple):
    """Weights of features for each class.

    Attributes
    ----------
    columns
        Those of the columns that have weights. Shape: [c].
    sparse, dense, intercept
        Shape: [c, k], [d, k] and [k].
    """

    columns: NDArray[np.int32]
    sparse: Floats
    dense: Floats
    intercept: Floats


def regress(
    columns: NDArray[np.int32],
    dense: Floats,
    targets: NDArray[np.float64],
    weights: NDArray[np.float64],
    *,
    C: float,
    tol: float,
    max_iter: int,
) -> tuple[Weights, bool]:
    """Minimise the weighted soft cross-entropy plus the square of the weights, by L-BFGS.

    Parameters
    ----------
    columns
        For each row the columns of the features that it has. Shape: [n, f].
    dense
        Other features; they may have 0 columns. Shape: [n, d].
    targets
        Class probabilities. Shape: [n, k].
    weights
        How much each row counts. Shape: [n].
    C
        Inverse strength of regularisation, as in scikit-learn.
    tol
        Of the mean gradient.
    max_iter
        Most steps.

    Returns
    -------
    tuple
        The weights, and whether the minimum was reached. A column that only one row has gets no weights.
    """
    from scipy.optimize import minimize

    used = weights > 0
    columns, dense, targets = columns[used], dense[used], targets[used]
    share = weights[used] / weights[used].sum()
    kept, counts = np.unique(columns, return_counts=True)
    kept = kept[counts > 1]
    X = _matrix(columns, kept)
    backwards = X.T.tocsr()
    k, c, d = targets.shape[1], len(kept), dense.shape[1]
    strength = 1 / (C * weights[used].sum())
    soft, rows = targets.astype(np.float32), share.astype(np.float32)[:, None]
    start = np.zeros((c + d + 1, k))
    start[-1] = np.log(np.maximum(share @ targets, 1e-6))

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        W = flat.reshape(c + d + 1, k)
        low = W.astype(np.float32)
        logits = X @ low[:c] + low[-1]
        if d:
            logits += dense @ low[c:-1]
        logits -= logits.max(axis=1, keepdims=True)
        powers = np.exp(logits)
        total = powers.sum(axis=1, keepdims=True)
        value = float(np.sum(rows * soft * (np.log(total) - logits), dtype=np.float64))
        off = rows * (powers / total - soft)
        gradient = np.empty_like(W)
        gradient[:c] = backwards @ off
        gradient[c:-1] = dense.T @ off
        gradient[-1] = off.sum(axis=0, dtype=np.float64)
        gradient[:-1] += strength * W[:-1]
        progress.advance()
        return value + 0.5 * strength * float(np.sum(W[:-1] ** 2)), gradient.reshape(-1)

    with stage("fitting the linear tagger", None, "steps") as progress:
        done: Any = minimize(
            loss,
            start.reshape(-1),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": max_iter, "maxfun": 2 * max_iter, "maxcor": _KEPT_STEPS, "gtol": tol, "ftol": 1e-9},
        )
    W = done.x.reshape(c + d + 1, k).astype(np.float32)
    return Weights(kept.astype(np.int32), W[:c], W[c:-1], W[-1]), bool(done.success)


def logits_of(weights: Weights, columns: NDArray[np.int32], dense: Floats) -> NDArray[np.float64]:
    """Return the score of each class. Shape: [n, f], [n, d] -> [n, k]."""
    logits = _matrix(columns, weights.columns) @ weights.sparse + weights.intercept
    if dense.shape[1]:
        logits += dense @ weights.dense
    return logits.astype(np.float64)


def _matrix(columns: NDArray[np.int32], kept: NDArray[Any]) -> Any:
    """Return a sparse matrix of the columns that are kept. Shape: [n, len(kept)]."""
    from scipy.sparse import csr_matrix

    n = len(columns)
    place = np.searchsorted(kept, columns)
    has = place < len(kept)
    has[has] = kept[place[has]] == columns[has]
    indptr = np.concatenate([[0], np.cumsum(has.sum(axis=1))])
    return csr_matrix((np.ones(int(indptr[-1]), np.float32), place[has], indptr), shape=(n, len(kept)))
