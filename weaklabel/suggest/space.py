"""Texts as points: TF-IDF of their words, reduced by a truncated singular value decomposition."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weaklabel.suggest.phrases import Phrases

_DIMENSIONS = 64


def text_space(phrases: Phrases, seed: int) -> NDArray[np.float64]:
    """Place texts so that those with like words are near each other (latent semantic analysis).

    Words rather than an encoder's embeddings: they cost next to nothing on 100,000 rows, serve every language, and a
    group that words make can be told apart by words, which is what a labeling function needs.

    Returns
    -------
    array
        Vectors of length 1, or 0 for a text without any frequent word. Shape: [n, d].

    References
    ----------
    Deerwester et al., Indexing by Latent Semantic Analysis, JASIS 1990.
    """
    words = [number for number, name in enumerate(phrases.names) if " " not in name and not name.startswith("^")]
    n = phrases.hits.shape[0]
    width = min(_DIMENSIONS, len(words) - 1, n - 1)
    if width < 1:
        return np.zeros((n, 1))
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.preprocessing import normalize

    weighted = TfidfTransformer().fit_transform(phrases.hits[:, words])
    points: NDArray[np.float64] = normalize(TruncatedSVD(width, random_state=seed).fit_transform(weighted))
    return points
