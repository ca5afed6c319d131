"""A fast imitation of what a slow model says of texts: a linear model of hashed n-grams, learned from its answers."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.encoder.hashed import BITS, hashed_ngrams
from weaklabel.support.progress import stage

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Floats = NDArray[np.float64]

PENALTY = 0.1
"""Of the squared weights, where a text has length 1."""

MAX_RANK = 32
"""Most directions of the scores that are learned: of many classes, those in which they differ most."""

MIN_KNOWN = 0.5
"""Share of a text's words that must have been seen in two texts, for the text to be one that can be judged."""

_ITERATIONS = 40
_MIN_TEXTS = 2


class Imitation:
    """Learns scores of texts from examples, by ridge regression on TF-IDF of hashed n-grams (see `hashed_ngrams`).

    N-grams of words and those of characters count the same, each scaled to length 1. N-grams that are in one text only
    are left out.

    Parameters
    ----------
    texts
        Length: n.
    scores
        What to learn. Shape: [n, k].
    folds
        Fold of each text, from 0. Shape: [n].

    Attributes
    ----------
    judged : array
        The scores of each text by a fit on the other folds. Shape: [n, k].
    known : array
        Whether each text can be judged by the other folds, see `MIN_KNOWN`. Shape: [n].

    Notes
    -----
    A text's scores do not depend on the other texts. 100,000 short texts or more take a second of a core.

    Examples
    --------
    >>> texts = ["win a prize", "win cash now", "see you at lunch", "lunch at noon"] * 5
    >>> spam = np.array([[1.0], [1.0], [0.0], [0.0]] * 5)
    >>> scores, known = Imitation.learn(texts, spam, np.arange(20) % 4).score(["win a lunch prize", "qqq"])
    >>> bool(scores[0, 0] > 0.5), known.tolist()
    (True, [True, False])
    """

    judged: Floats
    known: NDArray[np.bool_]

    def __init__(self, idf: NDArray[np.float32], weights: NDArray[np.float32], basis: Floats, mean: Floats) -> None:
        self._idf, self._weights, self._basis, self._mean = idf, weights, basis, mean

    @classmethod
    def learn(cls, texts: Sequence[str], scores: Floats, folds: NDArray[np.int64]) -> Imitation:
        """Learn from examples; see the class."""
        with stage("learning to read fast", len(texts), "texts") as progress:
            judged, known = np.empty_like(scores), np.empty(len(texts), dtype=bool)
            for fold in np.unique(folds).tolist():
                out = np.flatnonzero(folds == fold)
                rest = np.flatnonzero(folds != fold)
                part = cls._fit([texts[row] for row in rest.tolist()], scores[rest])
                judged[out], known[out] = part.score([texts[row] for row in out.tolist()])
                progress.advance(len(out))
            fitted = cls._fit(texts, scores)
        fitted.judged, fitted.known = judged, known
        return fitted

    @classmethod
    def _fit(cls, texts: Sequence[str], scores: Floats) -> Imitation:
        mean = scores.mean(axis=0)
        # The directions in which scores differ most.
        values, vectors = np.linalg.eigh((scores - mean).T @ (scores - mean))
        basis = vectors[:, ::-1][:, : min(MAX_RANK, int((values > 1e-9 * max(values[-1], 1e-300)).sum()))]
        idf = _rarity(texts)
        used = np.flatnonzero(idf)
        model = cls(idf, np.zeros((len(idf), basis.shape[1]), np.float32), basis, mean)
        X = _stacked(list(model._vectors(texts)))[:, used]
        weights = X.T @ _ridge(X, ((scores - mean) @ basis).astype(np.float32))
        # In half precision a file has a tenth of the size of numbers as text, and is read back exactly.
        model._weights[used] = weights.astype(np.float16)
        return model

    def score(self, texts: Sequence[str]) -> tuple[Floats, NDArray[np.bool_]]:
        """Return scores of texts, and which of them can be judged, see `MIN_KNOWN`. Shape: [n] -> [n, k], [n]."""
        scores, known = np.empty((len(texts), len(self._mean))), np.empty(len(texts), dtype=bool)
        with stage("reading texts fast", len(texts), "texts") as progress:
            for some, parts, is_known in self._vectors(texts):
                scores[some] = np.sum([part @ self._weights for part in parts], axis=0) @ self._basis.T + self._mean
                known[some] = is_known
                progress.advance(some.stop - some.start)
        return scores, known

    def _vectors(self, texts: Sequence[str]) -> Any:
        """Give vectors of some texts at a time, as matrices that add up to them, and which of them can be judged."""
        from scipy.sparse import csr_matrix

        for some, kinds in hashed_ngrams(texts):
            n = some.stop - some.start
            values = [self._idf[buckets] for _, buckets in kinds]
            of_words, of_pairs, characters = (
                np.bincount(rows, value.astype(np.float64) ** 2, n).astype(np.float64)
                for (rows, _), value in zip(kinds, values, strict=True)
            )
            words = of_words + of_pairs
            scales = [_over_root(words), _over_root(words), _over_root(characters)]
            parts = []
            for (rows, buckets), value, scale in zip(kinds, values, scales, strict=True):
                starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=n))])
                shape = (n, len(self._idf))
                parts.append(csr_matrix((value * scale[rows], buckets.astype(np.int32), starts), shape=shape))
            (rows, _), seen = kinds[0], values[0] > 0
            known = np.bincount(rows[seen], minlength=n) >= np.maximum(1, MIN_KNOWN * np.bincount(rows, minlength=n))
            yield some, parts, known

    def to_saved(self) -> dict[str, Any]:
        """Return the fitted state in values that JSON has."""
        used = np.flatnonzero(self._idf)
        return {
            "bits": BITS,
            "buckets": _packed(used, "<u4"),
            "idf": _packed(self._idf[used], "<f4"),
            "weights": _packed(self._weights[used], "<f2"),
            "basis": self._basis.tolist(),
            "mean": self._mean.tolist(),
        }

    @classmethod
    def from_saved(cls, saved: dict[str, Any], k: int) -> Imitation:
        """Restore what `to_saved` returned for ``k`` scores; damaged input is a KeyError or ValueError."""
        used = _unpacked(saved["buckets"], "<u4").astype(np.int64)
        basis, mean = np.array(saved["basis"], dtype=np.float64), np.array(saved["mean"], dtype=np.float64)
        of_used, weights = _unpacked(saved["idf"], "<f4"), _unpacked(saved["weights"], "<f2")
        if saved["bits"] != BITS or mean.shape != (k,) or basis.ndim != 2 or len(basis) != k:
            raise ValueError("the fast reader has another number of buckets or classes")
        if (used >= 1 << BITS).any() or not all(np.isfinite(part).all() for part in (basis, mean, of_used, weights)):
            raise ValueError("the fast reader has numbers that are not finite, or buckets that do not exist")
        idf = np.zeros(1 << BITS, dtype=np.float32)
        idf[used] = of_used
        table = np.zeros((1 << BITS, basis.shape[1]), dtype=np.float32)
        table[used] = weights.reshape(len(used), basis.shape[1])
        return cls(idf, table, basis, mean)


def _rarity(texts: Sequence[str]) -> NDArray[np.float32]:
    """Return the inverse document frequency of each bucket, 0 where it is in too few texts. Shape: [buckets]."""
    counts = np.zeros(1 << BITS)
    for _, kinds in hashed_ngrams(texts):
        for rows, buckets in kinds:
            counts += np.bincount(np.unique((rows << BITS) | buckets) & ((1 << BITS) - 1), minlength=1 << BITS)
    idf = np.log((1 + len(texts)) / (1 + counts)) + 1
    return np.where(counts >= _MIN_TEXTS, idf, 0).astype(np.float32)


def _over_root(squares: Floats) -> NDArray[np.float32]:
    """Return what makes two blocks with these squared lengths have length 1 together."""
    return np.divide(1, np.sqrt(2 * squares), out=np.zeros_like(squares), where=squares > 0).astype(np.float32)


def _stacked(blocks: list[Any]) -> csr_matrix:
    from scipy.sparse import vstack

    return vstack([sum(parts[1:], parts[0]) for _, parts, _ in blocks], format="csr")


def _ridge(X: csr_matrix, targets: NDArray[np.float32]) -> NDArray[np.float32]:
    """Solve (X X^T + penalty) a = targets by conjugate gradients, all columns side by side. Shape: [n, f], [n, r] -> [n, r]."""
    Xt = X.T.tocsr()
    solution = np.zeros_like(targets)
    rest, direction = targets.copy(), targets.copy()
    norm = (rest**2).sum(axis=0)
    for _ in range(_ITERATIONS):
        image = X @ (Xt @ direction) + PENALTY * direction
        step = norm / np.maximum((direction * image).sum(axis=0), 1e-30)
        solution += step * direction
        rest -= step * image
        norm, before = (rest**2).sum(axis=0), norm
        direction = rest + norm / np.maximum(before, 1e-30) * direction
    return solution


def _packed(array: NDArray[Any], kind: str) -> str:
    return base64.b64encode(array.astype(kind).tobytes()).decode("ascii")


def _unpacked(text: str, kind: str) -> NDArray[Any]:
    return np.frombuffer(base64.b64decode(text, validate=True), dtype=kind)
