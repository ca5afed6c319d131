"""Selection by the labels of a row's nearest neighbors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weaklabel.select.base import Floats, LabeledRows, Selector
from weaklabel.support.progress import stage

_ROWS_AT_ONCE = 1024
"""Rows whose distances to all candidates are in memory together."""


class ByNeighbors(Selector):
    """Base class of selectors that look at the nearest neighbors of a row; parameters as for `CutStatistic`."""

    def __init__(self, n_neighbors: int = 20, max_candidates: int = 20_000, seed: int = 0) -> None:
        super().__init__(seed)
        self.n_neighbors = n_neighbors
        self.max_candidates = max_candidates

    def _nearest(self, rows: LabeledRows) -> tuple[Floats, NDArray[np.int64]]:
        """Return distances and row numbers of the neighbors of each row, see `nearest`."""
        candidates = np.arange(len(rows))
        if len(rows) > self.max_candidates:
            candidates = np.sort(
                np.random.default_rng(self.seed).choice(candidates, self.max_candidates, replace=False)
            )
        return nearest(rows.features, candidates, self.n_neighbors)


class CutStatistic(ByNeighbors):
    r"""Rows whose neighbors have the same label more often than chance would give.

    Each row is joined with its nearest neighbors; an edge between rows of different labels is cut. With edge weights
    :math:`w_{ij} = 1 / (1 + d_{ij})` and the share :math:`p` of a row's class, the sum :math:`J` of a row's cut weights has
    the mean :math:`(1 - p) \sum_j w_{ij}` and the variance :math:`p (1 - p) \sum_j w_{ij}^2` if labels had nothing to do
    with places. The score is :math:`-(J - \text{mean}) / \text{deviation}`.

    Parameters
    ----------
    n_neighbors
        Neighbors of a row, from 1.
    max_candidates
        Rows among which neighbors are looked for; more are drawn at random.
    seed
        Of the draw; see `Selector`.

    References
    ----------
    Muhlenbach, Lallich and Zighed, "Identifying and handling mislabelled instances", Journal of Intelligent Information
    Systems 2004; for weak labels: Lang, Vijayaraghavan and Sontag, "Training subset selection for weak supervision",
    NeurIPS 2022.
    """

    def _score(self, rows: LabeledRows) -> Floats:
        distances, neighbors = self._nearest(rows)
        weights = np.where(neighbors >= 0, 1 / (1 + distances), 0)
        cut = (weights * (rows.labels[neighbors] != rows.labels[:, None])).sum(axis=1)
        share = (np.bincount(rows.labels, minlength=rows.k) / len(rows))[rows.labels]
        mean = (1 - share) * weights.sum(axis=1)
        deviation = np.sqrt(share * (1 - share) * (weights**2).sum(axis=1))
        # A single class, or no neighbor: nothing can be said of the row.
        return -np.divide(cut - mean, deviation, out=np.zeros(len(rows)), where=deviation > 0)


def nearest(features: NDArray[np.floating], candidates: NDArray[np.int64], n: int) -> tuple[Floats, NDArray[np.int64]]:
    """Return the distances of each row to its nearest candidates, and their row numbers; -1 where there are too few.

    A row is no neighbor of itself. Shape: [rows, d], [c], n -> [rows, n], [rows, n].
    """
    X = np.asarray(features, dtype=np.float32)
    pool = X[candidates]
    squares = (pool**2).sum(axis=1)
    width = min(n, len(candidates))
    distances = np.full((len(X), n), np.inf)
    neighbors = np.full((len(X), n), -1, dtype=np.int64)
    with stage("comparing rows", len(X), "rows") as progress:
        for start in range(0, len(X), _ROWS_AT_ONCE):
            block = X[start : start + _ROWS_AT_ONCE]
            apart = squares - 2 * (block @ pool.T) + (block**2).sum(axis=1)[:, None]
            own = candidates == np.arange(start, start + len(block))[:, None]
            apart[own] = np.inf
            chosen = np.argpartition(apart, width - 1, axis=1)[:, :width]
            near = np.take_along_axis(apart, chosen, axis=1)
            of_block = slice(start, start + len(block))
            distances[of_block, :width] = np.sqrt(np.maximum(near, 0))
            neighbors[of_block, :width] = np.where(np.isfinite(near), candidates[chosen], -1)
            progress.advance(len(block))
    return distances, neighbors
