"""Selection by what each row is worth to a model that is judged on a little gold: Shapley values and influence."""

from __future__ import annotations

import numpy as np

from weaklabel.labels import ABSTAIN
from weaklabel.select.base import Floats, LabeledRows, Selector
from weaklabel.select.head import LinearHead
from weaklabel.support.progress import stage

_GOLD_AT_ONCE = 32
"""Rows with gold whose distances to all rows are in memory together."""


class KnnShapley(Selector):
    r"""Rows by their Shapley value for a classifier of nearest neighbors that is judged on rows with gold.

    The value of a row is exact. For one row with gold of class :math:`y`, with the :math:`N` others sorted by their
    distance, :math:`s_N = [y_N = y] / N` and
    :math:`s_i = s_{i+1} + ([y_i = y] - [y_{i+1} = y]) / K \cdot \min(K, i) / i`; values are means over rows with gold.

    Parameters
    ----------
    n_neighbors
        Neighbors :math:`K` of the classifier, from 1.
    seed
        See `Selector`.

    References
    ----------
    Jia et al., "Efficient task-specific data valuation for nearest neighbor algorithms", VLDB 2019.
    """

    needs_gold = True

    def __init__(self, n_neighbors: int = 10, seed: int = 0) -> None:
        super().__init__(seed)
        self.n_neighbors = n_neighbors

    def _score(self, rows: LabeledRows) -> Floats:
        assert rows.gold is not None
        known, pool = rows.known(), np.flatnonzero(rows.gold == ABSTAIN)
        values = np.zeros(len(rows))
        if not len(pool):
            return values
        X = np.asarray(rows.features, dtype=np.float32)
        squares, labels = (X[pool] ** 2).sum(axis=1), rows.labels[pool]
        with stage("valuing rows", len(known), "rows with gold") as progress:
            for start in range(0, len(known), _GOLD_AT_ONCE):
                block = known[start : start + _GOLD_AT_ONCE]
                order = np.argsort(squares - 2 * (X[block] @ X[pool].T), axis=1, kind="stable")
                shapley = _shapley_of_sorted(labels[order] == rows.gold[block][:, None], self.n_neighbors)
                of_pool = np.zeros(len(pool))
                for each, own in zip(order, shapley, strict=True):
                    of_pool[each] += own
                values[pool] += of_pool / len(known)
                progress.advance(len(block))
        return values


def _shapley_of_sorted(is_right: np.ndarray, n_neighbors: int) -> Floats:
    """Return the Shapley values of rows in the order of their distance, for each row with gold. Shape: [g, n] -> [g, n]."""
    right = is_right.astype(np.float64)
    n = right.shape[1]
    place = np.arange(1, n)
    steps = (right[:, :-1] - right[:, 1:]) / n_neighbors * np.minimum(n_neighbors, place) / place
    last = right[:, -1:] / n * min(n_neighbors, n) / n_neighbors
    return np.asarray(np.hstack([last + np.cumsum(steps[:, ::-1], axis=1)[:, ::-1], last]))


class Influence(Selector):
    r"""Rows by how much the loss on rows with gold would fall if they counted more, for the linear proxy model.

    With the gradients of the losses at the fitted coefficients, the score of a row is
    :math:`\nabla L_{gold}^T H^{-1} \nabla \ell_i`; :math:`H` is the Hessian of the training loss.

    Parameters
    ----------
    curvature
        Whether the Hessian is used. Without it, the score is the product of both gradients.
    seed
        See `Selector`.

    References
    ----------
    Koh and Liang, "Understanding black-box predictions via influence functions", ICML 2017; without curvature: Pruthi et al.,
    "Estimating training data influence by tracing gradient descent", NeurIPS 2020, at the last checkpoint.
    """

    needs_gold = True

    def __init__(self, curvature: bool = True, seed: int = 0) -> None:
        super().__init__(seed)
        self.curvature = curvature

    def _score(self, rows: LabeledRows) -> Floats:
        assert rows.gold is not None
        known, is_pool = rows.known(), rows.gold == ABSTAIN
        if not is_pool.any():
            return np.zeros(len(rows))
        head, targets = LinearHead(rows.features), np.eye(rows.k)[rows.labels]
        coefs = head.fit(targets, is_pool)
        probs = head.predict_proba(coefs)
        of_gold = head.inputs[known].T @ (probs[known] - np.eye(rows.k)[rows.gold[known]]) / len(known)
        direction = _solved(head, probs, is_pool, of_gold) if self.curvature else of_gold
        return np.asarray(((head.inputs @ direction) * (probs - targets)).sum(axis=1))


def _solved(head: LinearHead, probs: Floats, is_pool: np.ndarray, wanted: Floats) -> Floats:
    """Solve H x = wanted by conjugate gradients; H is the Hessian of the training loss. Shape: [c, k] -> [c, k]."""
    from scipy.sparse.linalg import LinearOperator, cg

    Z, P = head.inputs[is_pool], probs[is_pool]
    penalty = np.full((Z.shape[1], 1), 1 / head.C)

    def product(flat: Floats) -> Floats:
        logits = Z @ flat.reshape(wanted.shape)
        change = P * (logits - (P * logits).sum(axis=1, keepdims=True))
        return np.asarray((Z.T @ change + penalty * flat.reshape(wanted.shape)).ravel())

    operator = LinearOperator((wanted.size, wanted.size), matvec=product, dtype=np.float64)
    solution, _ = cg(operator, wanted.ravel(), rtol=1e-4, maxiter=100)
    return np.asarray(solution.reshape(wanted.shape))
