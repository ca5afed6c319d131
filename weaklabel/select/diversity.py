"""Selection of rows that are unlike each other, or typical of many."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weaklabel.select.base import Floats, LabeledRows, Selector
from weaklabel.select.neighbors import ByNeighbors
from weaklabel.support.progress import stage


class KCenter(Selector):
    """Rows that cover the space of texts: each next one is the farthest from those before it.

    It begins with the row that is nearest to the mean. After ``max_centers`` rows, the others follow by their distance to
    the nearest of these, farthest first.

    Parameters
    ----------
    max_centers
        Rows that are chosen one after the other, from 1.
    seed
        See `Selector`.

    References
    ----------
    Gonzalez, "Clustering to minimize the maximum intercluster distance", 1985; for choosing rows: Sener and Savarese, "Active
    learning for convolutional neural networks: a core-set approach", ICLR 2018.
    """

    def __init__(self, max_centers: int = 2000, seed: int = 0) -> None:
        super().__init__(seed)
        self.max_centers = max_centers

    def _score(self, rows: LabeledRows) -> Floats:
        X = np.asarray(rows.features, dtype=np.float32)
        squares = (X**2).sum(axis=1)
        first = int(((X - X.mean(axis=0)) ** 2).sum(axis=1).argmin())
        apart, scores = np.full(len(X), np.inf, dtype=np.float32), np.full(len(X), -np.inf)
        n_centers = min(len(X), self.max_centers)
        with stage("covering texts", n_centers, "rows") as progress:
            for number in range(n_centers):
                center = first if not number else int(apart.argmax())
                scores[center] = n_centers - number
                apart = np.minimum(apart, np.maximum(squares - 2 * (X @ X[center]) + squares[center], 0))
                apart[np.isfinite(scores)] = -1
                progress.advance()
        others = ~np.isfinite(scores)
        # Below those of all centers, in the order of distances.
        scores[others] = apart[others] / (apart[others].max(initial=0) + 1)
        return scores


class Clusters(Selector):
    """Typical rows of every region: the row nearest to the center of each cluster, then the second nearest of each, and so on.

    Parameters
    ----------
    n_clusters
        Clusters (k-means), from 1; at most as many as rows.
    seed
        Of the clusters; see `Selector`.

    References
    ----------
    Diversity by clusters, as in Xu et al., "Representative sampling for text classification using support vector machines",
    ECIR 2003.
    """

    def __init__(self, n_clusters: int = 100, seed: int = 0) -> None:
        super().__init__(seed)
        self.n_clusters = n_clusters

    def _score(self, rows: LabeledRows) -> Floats:
        from sklearn.cluster import MiniBatchKMeans

        X = np.asarray(rows.features, dtype=np.float64)
        n_clusters = min(self.n_clusters, len(np.unique(X, axis=0)))
        with stage("clustering texts"):
            model = MiniBatchKMeans(n_clusters, random_state=self.seed, n_init=3, batch_size=1024).fit(X)
        apart = np.sqrt(((X - model.cluster_centers_[model.labels_]) ** 2).sum(axis=1))
        return -_ranks_within(model.labels_.astype(np.int64), apart) - apart / (apart.max() + 1)


class Density(ByNeighbors):
    """Rows in dense regions: those whose nearest neighbors are near on average. Outliers come last.

    Parameters
    ----------
    n_neighbors
        From 1.
    max_candidates
        Rows among which neighbors are looked for; more are drawn at random.
    seed
        Of the draw; see `Selector`.
    """

    def _score(self, rows: LabeledRows) -> Floats:
        distances, neighbors = self._nearest(rows)
        there = neighbors >= 0
        return -np.where(there, distances, 0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)


def _ranks_within(groups: NDArray[np.int64], values: Floats) -> NDArray[np.float64]:
    """Return the place of each row in its group by its value, from 0, smallest first."""
    order = np.lexsort((values, groups))
    sorted_groups = groups[order]
    starts = np.flatnonzero(np.r_[True, sorted_groups[1:] != sorted_groups[:-1]])
    ranks = np.empty(len(groups))
    ranks[order] = np.arange(len(groups)) - np.repeat(starts, np.diff(np.r_[starts, len(groups)]))
    return ranks
