"""Rows that suggestions name: groups of rows without votes, and rows to label by hand first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weaklabel.encoder.lsa import latent_vectors
from weaklabel.labels import ABSTAIN, VoteArray
from weaklabel.suggest.evidence import Evidence
from weaklabel.suggest.phrases import Phrases, is_keyword
from weaklabel.suggest.result import Cluster

Floats = NDArray[np.float64]

_DIMENSIONS = 64

_ROWS_A_CLUSTER = 50
_MOST_CLUSTERS = 12
_LEAST_IN_CLUSTER = 5
_PHRASES = 6
_TELLING = 3.0
"""Standard errors by which a phrase must be more frequent in a cluster than elsewhere."""


def text_space(phrases: Phrases, seed: int) -> NDArray[np.float64]:
    """Place texts so that those with like words are near each other (latent semantic analysis).

    Words rather than an encoder's embeddings: they cost next to nothing on 100,000 rows, serve every language, and a
    group that words make can be told apart by words, which is what a labeling function needs.

    Returns
    -------
    array
        Vectors of length 1, or 0 for a text without any frequent word. Shape: [n, d].
    """
    words = [number for number, name in enumerate(phrases.names) if " " not in name and not name.startswith("^")]
    n = phrases.hits.shape[0]
    width = min(_DIMENSIONS, len(words) - 1, n - 1)
    if width < 1:
        return np.zeros((n, 1))
    return latent_vectors(phrases.hits[:, words], width, seed)


def uncovered_clusters(points: Floats, phrases: Phrases, evidence: Evidence, seed: int) -> list[Cluster]:
    """Group the rows without votes by what they say (k-means on `text_space`).

    Returns
    -------
    list
        Largest first; groups that no phrase sets apart are left out.
    """
    rows = np.flatnonzero(evidence.uncovered & points.any(axis=1))
    number = min(_MOST_CLUSTERS, len(rows) // _ROWS_A_CLUSTER + 1)
    if len(rows) < _LEAST_IN_CLUSTER:
        return []
    from sklearn.cluster import MiniBatchKMeans

    model = MiniBatchKMeans(number, random_state=seed, n_init=3, batch_size=4096).fit(points[rows])
    near = (points[rows] * model.cluster_centers_[model.labels_]).sum(axis=1)
    clusters = []
    for group in range(number):
        inside = np.flatnonzero(model.labels_ == group)
        members = rows[inside[np.argsort(-near[inside], kind="stable")]]
        telling = characteristic_phrases(phrases, members)
        if len(members) >= _LEAST_IN_CLUSTER and telling:
            clusters.append(Cluster(tuple(members.tolist()), tuple(telling), *_guess(evidence, members)))
    return sorted(clusters, key=lambda cluster: (-len(cluster.rows), cluster.rows))


def characteristic_phrases(phrases: Phrases, rows: NDArray[np.int64]) -> list[str]:
    """Return the keywords that are more frequent in ``rows`` than in the others, the most telling first.

    The measure is the log odds ratio in standard errors, with half a text added to each count: it prefers neither
    frequent words nor accidents.

    References
    ----------
    Monroe, Colaresi and Quinn, Fightin' Words, Political Analysis 2008.
    """
    n, m = phrases.hits.shape[0], len(rows)
    everywhere = np.asarray(phrases.hits.sum(axis=0)).ravel()
    inside = np.asarray(phrases.hits[rows].sum(axis=0)).ravel()
    outside = everywhere - inside
    odds = np.log((inside + 0.5) / (m - inside + 0.5)) - np.log((outside + 0.5) / (n - m - outside + 0.5))
    score = odds / np.sqrt(1 / (inside + 0.5) + 1 / (outside + 0.5))
    chosen: list[str] = []
    for number in np.argsort(-score, kind="stable"):
        if len(chosen) == _PHRASES or score[number] < _TELLING:
            break
        name = phrases.names[number]
        if is_keyword(name) and not any(name in other or other in name for other in chosen):
            chosen.append(name)
    return chosen


def _guess(evidence: Evidence, rows: NDArray[np.int64]) -> tuple[int | None, float | None]:
    mass = evidence.probs[rows].sum(axis=0)
    if not mass.any():
        return None, None
    return int(mass.argmax()), float(mass.max() / mass.sum())


_CONFLICTS = 0.25
"""Share of the rows that is kept for those on which labeling functions contradict each other."""

_ALIKE = 0.9
"""Cosine from which a row is a near copy of another."""


def rows_to_label(points: Floats, evidence: Evidence, L: VoteArray, n: int) -> list[int]:
    """Choose rows that are uncertain, typical, and unlike each other.

    A row is worth the entropy of its probabilities times its mean cosine with all rows: uncertainty alone picks
    outliers, whose labels say nothing of other rows (information density). They are taken from the best down, and a row
    too similar to one already taken is left out, so that no ten similar rows are asked for. One in four is a row on which
    labeling functions contradict each other, for its label judges several of them at once. Rows with gold are left out;
    a row of which nothing is known counts as wholly uncertain.

    Parameters
    ----------
    points
        Texts as vectors. Shape: [n, d].
    evidence
        What is known of rows.
    L
        Votes. Shape: [n, m].
    n
        Most rows.

    References
    ----------
    Settles and Craven, An analysis of active learning strategies for sequence labeling tasks, EMNLP 2008.
    Brinker, Incorporating diversity in active learning with support vector machines, ICML 2003.
    """
    worth = _entropy(evidence) * _density(points)
    worth[evidence.gold != ABSTAIN] = 0.0
    order = np.lexsort((np.arange(len(worth)), -worth))
    order = order[worth[order] > 0]
    none = np.iinfo(L.dtype).max
    highest, lowest = L.max(axis=1, initial=ABSTAIN), np.where(L >= 0, L, none).min(axis=1, initial=none)
    conflicting = highest > lowest
    chosen = _unlike(order[conflicting[order]], points, [], round(_CONFLICTS * n))
    chosen = _unlike(order, points, chosen, n)
    return sorted(chosen, key=lambda row: (-worth[row], row))


def _entropy(evidence: Evidence) -> Floats:
    """Return the entropy of each row's probabilities as a share of the highest, 0..1. Shape: [n]."""
    k = evidence.probs.shape[1]
    terms = np.where(evidence.probs > 0, evidence.probs * np.log(np.maximum(evidence.probs, 1e-300)), 0.0)
    entropy = -terms.sum(axis=1) / np.log(max(k, 2))
    return np.where(evidence.weight > 0, entropy, 1.0)


def _density(points: Floats) -> Floats:
    """Return the mean cosine with all rows, at least 0: of vectors of length 1 that is the one with their mean."""
    return np.maximum(points @ points.mean(axis=0), 0.0) if len(points) else np.zeros(0)


def _unlike(order: NDArray[np.int64], points: Floats, chosen: list[int], n: int) -> list[int]:
    """Add rows in their order to those chosen, without any that is like one of them, up to ``n``."""
    chosen = list(chosen)
    for row in order.tolist():
        if len(chosen) >= n:
            break
        if not chosen or (points[chosen] @ points[row]).max() < _ALIKE:
            chosen.append(row)
    return chosen
