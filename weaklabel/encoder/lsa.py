"""Latent semantic analysis and TF-IDF: texts as vectors, by which words occur together."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from weaklabel.support.progress import stage

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import TfidfVectorizer

# A token is a word, a punctuation mark or emoji ("!" is a sign of spam), or a single character of the scripts that put no
# spaces between words, whose n-grams are then character n-grams.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
TOKEN = rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+|[^\w\s]"

NGRAMS = (1, 2)
MAX_FEATURES = 50_000

MAX_DOCUMENT_SHARE = 0.05
"""N-grams in a larger share of the texts are left out: they are too common to say what a text is about."""

_ITERATIONS = 3


class WordSpace:
    """Latent semantic analysis: TF-IDF of uncommon word n-grams, by its first singular vectors, scaled to length 1.

    Parameters
    ----------
    n_dimensions
        Length of a vector; smaller if there are fewer n-grams.

    Attributes
    ----------
    components_ : array
        What each n-gram adds to each dimension, before the scaling, in half precision. Shape: [n-grams, d].

    References
    ----------
    Deerwester et al., Indexing by Latent Semantic Analysis, JASIS 1990.
    """

    max_share: ClassVar[float] = MAX_DOCUMENT_SHARE
    """N-grams in a larger share of the texts are left out."""

    vectorizer_: TfidfVectorizer
    components_: NDArray[np.float64]

    @staticmethod
    def _vectorizer(**options: Any) -> TfidfVectorizer:
        return new_tfidf(NGRAMS, **options)

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

        self.vectorizer_ = self._vectorizer(min_df=2, max_df=self.max_share, max_features=MAX_FEATURES)
        with stage("counting words", len(texts), "texts") as progress:
            counts = self.vectorizer_.fit_transform(progress.over(texts))
        if counts.shape[1] < 2:
            raise ValueError("the texts have only one n-gram that is neither rare nor common")
        width = min(self.n_dimensions, counts.shape[1] - 1)
        svd = TruncatedSVD(width, n_iter=_ITERATIONS, random_state=0).fit(counts)
        # In half precision a file has a tenth of the size of numbers as text, and is read back exactly.
        self.components_ = np.ascontiguousarray(svd.components_.T).astype(np.float16).astype(np.float64)
        return self._project(counts)

    def transform(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return vectors of length 1, or 0 for a text without any of the n-grams. Shape: [n] -> [n, d]."""
        with stage("counting words", len(texts), "texts") as progress:
            return self._project(self.vectorizer_.transform(progress.over(texts)))

    def _project(self, counts: Any) -> NDArray[np.float64]:
        rows = np.asarray(counts @ self.components_)
        length = np.sqrt((rows**2).sum(axis=1, keepdims=True))
        return np.divide(rows, length, out=np.zeros_like(rows), where=length > 0)

    def to_saved(self) -> dict[str, Any]:
        """Return the fitted state in values that JSON has."""
        return {
            "ngrams": ngrams_of(self.vectorizer_),
            "idf": self.vectorizer_.idf_.tolist(),
            "components": base64.b64encode(self.components_.astype("<f2").tobytes()).decode("ascii"),
        }

    @classmethod
    def from_saved(cls, saved: dict[str, Any]) -> Self:
        """Restore what `to_saved` returned; damaged input is a KeyError or ValueError."""
        names = saved["ngrams"]
        components = np.frombuffer(base64.b64decode(saved["components"], validate=True), dtype="<f2")
        space = cls(len(components) // len(names))
        if not np.isfinite(components).all() or len(set(names)) < len(names):
            raise ValueError("the words have weights that are not finite, or are named twice")
        space.components_ = components.reshape(len(names), space.n_dimensions).astype(np.float64)
        space.vectorizer_ = restored_tfidf(cls._vectorizer, names, np.array(saved["idf"]))
        return space


CHARACTER_NGRAMS = (1, 4)

_CHARACTERS_READ = 400


class CharacterSpace(WordSpace):
    """Latent semantic analysis of n-grams of characters within words, from the beginning of each text.

    They need no tokenizer and no spaces between words: in Chinese, they are characters and words.

    Parameters
    ----------
    n_dimensions
        Length of a vector; smaller if there are fewer n-grams.
    """

    max_share: ClassVar[float] = 0.5

    def __init__(self, n_dimensions: int = 150) -> None:
        super().__init__(n_dimensions)

    def fit_transform(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """See `WordSpace.fit_transform`."""
        return super().fit_transform(_beginnings(texts))

    def transform(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """See `WordSpace.transform`."""
        return super().transform(_beginnings(texts))

    @staticmethod
    def _vectorizer(**options: Any) -> TfidfVectorizer:
        from sklearn.feature_extraction.text import TfidfVectorizer

        return TfidfVectorizer(analyzer="char_wb", ngram_range=CHARACTER_NGRAMS, sublinear_tf=True, **options)


def _beginnings(texts: Sequence[str]) -> list[str]:
    return [text[:_CHARACTERS_READ] for text in texts]


def latent_vectors(counts: Any, n_dimensions: int, seed: int) -> NDArray[np.float64]:
    """Return vectors of texts by latent semantic analysis of given counts, for the texts at hand only.

    Parameters
    ----------
    counts
        How often each word occurs in each text, sparse. Shape: [n, words].
    n_dimensions
        Length of a vector, below the numbers of texts and words.
    seed
        Of the randomized decomposition.

    Returns
    -------
    array
        Vectors of length 1, or 0 for a text without any of the words. Shape: [n, n_dimensions].
    """
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.preprocessing import normalize

    weighted = TfidfTransformer().fit_transform(counts)
    vectors: NDArray[np.float64] = normalize(TruncatedSVD(n_dimensions, random_state=seed).fit_transform(weighted))
    return vectors


def has_more_tokens(text: str, number: int) -> bool:
    """Return whether a text has more than ``number`` tokens of the pattern `TOKEN`; it is read only so far."""
    return next(islice(re.finditer(TOKEN, text), number, None), None) is not None


def new_tfidf(ngrams: tuple[int, int], **options: Any) -> TfidfVectorizer:
    """Make a TF-IDF vectorizer of n-grams of `TOKEN`; ``ngrams`` is their smallest and largest size."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(token_pattern=TOKEN, ngram_range=tuple(ngrams), sublinear_tf=True, **options)


def ngrams_of(vectorizer: TfidfVectorizer) -> list[str]:
    """Return the n-grams of a fitted vectorizer in the order of its columns."""
    return sorted(vectorizer.vocabulary_, key=vectorizer.vocabulary_.__getitem__)


def restored_tfidf(
    make: Callable[..., TfidfVectorizer], names: Sequence[str], idf: NDArray[np.float64]
) -> TfidfVectorizer:
    """Make the fitted vectorizer with these n-grams as columns, and these weights; ``make`` takes its vocabulary."""
    vectorizer = make(vocabulary={name: number for number, name in enumerate(names)})
    vectorizer.idf_ = idf
    return vectorizer
