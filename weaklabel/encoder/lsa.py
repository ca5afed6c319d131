"""Texts by their words: which occur together, so that a few numbers tell of a long text as a whole."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from weaklabel.support.progress import stage

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import TfidfVectorizer

# A token is a word, a punctuation mark or emoji ("!" tells spam), or a single character of the scripts that put no
# spaces between words, whose n-grams are then character n-grams.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
TOKEN = rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+|[^\w\s]"

NGRAMS = (1, 2)
MAX_FEATURES = 50_000

MOST_COMMON = 0.05
"""Share of texts from which on an n-gram is too common to tell what a text is about."""

_ITERATIONS = 3


class WordSpace:
    """Latent semantic analysis: TF-IDF of uncommon word n-grams, by its first singular vectors, scaled to length 1.

    Parameters
    ----------
    n_dimensions
        Most numbers a text; fewer where there are fewer n-grams.

    Attributes
    ----------
    components_ : array
        What each n-gram adds to each number, before the scaling; as exact as half precision. Shape: [n-grams, d].

    References
    ----------
    Deerwester et al., Indexing by Latent Semantic Analysis, JASIS 1990.
    """

    vectorizer_: TfidfVectorizer
    components_: NDArray[np.float64]

    def __init__(self, n_dimensions: int = 100) -> None:
        self.n_dimensions = n_dimensions

    def fit(self, texts: Sequence[str]) -> Self:
        """Learn n-grams and components from texts; see `fit_transform`."""
        self.fit_transform(texts)
        return self

    def fit_transform(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Learn n-grams and components from texts, and return their vectors. Shape: [n] -> [n, d].

        Raises
        ------
        ValueError
            The texts have fewer than two n-grams that occur twice and are not common.
        """
        from sklearn.decomposition import TruncatedSVD

        self.vectorizer_ = new_tfidf(NGRAMS, min_df=2, max_df=MOST_COMMON, max_features=MAX_FEATURES)
        with stage("counting words", len(texts), "texts") as told:
            counts = self.vectorizer_.fit_transform(told.over(texts))
        if counts.shape[1] < 2:
            raise ValueError("the texts have one n-gram only that tells some of them from others")
        most = min(self.n_dimensions, counts.shape[1] - 1)
        found = TruncatedSVD(most, n_iter=_ITERATIONS, random_state=0).fit(counts)
        # A file in half precision has a tenth of the size that numbers in text would have, and is read back as it was.
        self.components_ = np.ascontiguousarray(found.components_.T).astype(np.float16).astype(np.float64)
        return self._project(counts)

    def transform(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return vectors of length 1, or 0 for a text with no known n-gram. Shape: [n] -> [n, d]."""
        with stage("counting words", len(texts), "texts") as told:
            return self._project(self.vectorizer_.transform(told.over(texts)))

    def _project(self, counts: Any) -> NDArray[np.float64]:
        rows = np.asarray(counts @ self.components_)
        length = np.sqrt((rows**2).sum(axis=1, keepdims=True))
        return np.divide(rows, length, out=np.zeros_like(rows), where=length > 0)

    def to_saved(self) -> dict[str, Any]:
        """Return what was learned as names, numbers and lists."""
        return {
            "ngrams": ngrams_of(self.vectorizer_),
            "idf": self.vectorizer_.idf_.tolist(),
            "components": base64.b64encode(self.components_.astype("<f2").tobytes()).decode("ascii"),
        }

    @classmethod
    def from_saved(cls, saved: dict[str, Any]) -> WordSpace:
        """Take back what `to_saved` gave; damaged input is a KeyError or ValueError."""
        names = saved["ngrams"]
        components = np.frombuffer(base64.b64decode(saved["components"], validate=True), dtype="<f2")
        space = cls(len(components) // len(names))
        if not np.isfinite(components).all() or len(set(names)) < len(names):
            raise ValueError("the words have weights that are not finite, or are named twice")
        space.components_ = components.reshape(len(names), space.n_dimensions).astype(np.float64)
        space.vectorizer_ = restored_tfidf(NGRAMS, names, np.array(saved["idf"]))
        return space


def latent_vectors(counts: Any, n_dimensions: int, seed: int) -> NDArray[np.float64]:
    """Return vectors of length 1 by latent semantic analysis, of texts whose terms were counted already.

    Parameters
    ----------
    counts
        Sparse counts of terms. Shape: [n, terms].
    n_dimensions
        Numbers a text: fewer than texts and terms.
    seed
        Of the randomised decomposition.

    Returns
    -------
    array
        0 for a text without any term. Shape: [n, n_dimensions].
    """
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.preprocessing import normalize

    weighted = TfidfTransformer().fit_transform(counts)
    vectors: NDArray[np.float64] = normalize(TruncatedSVD(n_dimensions, random_state=seed).fit_transform(weighted))
    return vectors


def has_more_tokens(text: str, number: int) -> bool:
    """Say whether a text has more than ``number`` tokens, as `TOKEN` tells them; its end is not looked at for that."""
    return next(islice(re.finditer(TOKEN, text), number, None), None) is not None


def new_tfidf(ngrams: tuple[int, int], **options: Any) -> TfidfVectorizer:
    """Make TF-IDF of n-grams of `TOKEN`, of so many tokens to so many; ``options`` are scikit-learn's."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(token_pattern=TOKEN, ngram_range=tuple(ngrams), sublinear_tf=True, **options)


def ngrams_of(vectorizer: TfidfVectorizer) -> list[str]:
    """Return the n-grams of a fitted vectorizer in the order of its columns."""
    return sorted(vectorizer.vocabulary_, key=vectorizer.vocabulary_.__getitem__)


def restored_tfidf(ngrams: tuple[int, int], names: Sequence[str], idf: NDArray[np.float64]) -> TfidfVectorizer:
    """Make the fitted vectorizer that had these n-grams as columns, and these weights."""
    vectorizer = new_tfidf(ngrams, vocabulary={name: number for number, name in enumerate(names)})
    vectorizer.idf_ = idf
    return vectorizer
