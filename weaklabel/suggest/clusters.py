"""Rows without votes, grouped, each group with the phrases that set it apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weaklabel.encoder.lsa import latent_vectors
from weaklabel.suggest.evidence import Evidence
from weaklabel.suggest.phrases import Phrases, is_keyword
from weaklabel.suggest.result import Cluster

Floats = NDArray[np.float64]

_DIMENSIONS = 64

_ROWS_A_CLUSTER = 50
_MOST_CLUSTERS = 12
_LEAST_ROWS = 5
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


def uncovered_clusters(points: Floats, phrases: Phrases, known: Evidence, seed: int) -> list[Cluster]:
    """Group the rows without votes by what they say (k-means on `text_space`).

    Returns
    -------
    list
        Largest first; groups that no phrase sets apart are left out.
    """
    rows = np.flatnonzero(known.uncovered & points.any(axis=1))
    number = min(_MOST_CLUSTERS, len(rows) // _ROWS_A_CLUSTER + 1)
    if len(rows) < _LEAST_ROWS:
        return []
    from sklearn.cluster import MiniBatchKMeans

    model = MiniBatchKMeans(number, random_state=seed, n_init=3, batch_size=4096).fit(points[rows])
    near = (points[rows] * model.cluster_centers_[model.labels_]).sum(axis=1)
    found = []
    for group in range(number):
        inside = np.flatnonzero(model.labels_ == group)
        members = rows[inside[np.argsort(-near[inside], kind="stable")]]
        telling = characteristic_phrases(phrases, members)
        if len(members) >= _LEAST_ROWS and telling:
            found.append(Cluster(tuple(members.tolist()), tuple(telling), *_guess(known, members)))
    return sorted(found, key=lambda cluster: (-len(cluster.rows), cluster.rows))


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


def _guess(known: Evidence, rows: NDArray[np.int64]) -> tuple[int | None, float | None]:
    mass = known.probs[rows].sum(axis=0)
    if not mass.any():
        return None, None
    return int(mass.argmax()), float(mass.max() / mass.sum())
