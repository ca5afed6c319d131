"""Logistic regression on TF-IDF and on the vectors of a frozen encoder, together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from weaklabel.classifier.linear import LinearClassifier
from weaklabel.classifier.targets import Uncovered
from weaklabel.encoder.features import TextFeatures
from weaklabel.encoder.named import check_encoder
from weaklabel.errors import ClassifierError

VECTOR_LENGTH = 0.5
"""Root mean square length of the centered vectors; a text's TF-IDF has length 1. Longer vectors outweigh the words where these
tell more than the encoder does, as in long reviews."""


class HybridClassifier(LinearClassifier):
    """A `LinearClassifier` that also reads the vectors of an encoder, which is not trained.

    TF-IDF tells classes by the words of the training texts, and knows no other words. An encoder also knows words that are
    like these, but may miss the one word that tells a class. Together they gain most where there are few training texts.
    Computing vectors takes most of the time; those of texts that a label model has read with the same encoder are cached.

    Parameters
    ----------
    labels, C, ngrams, max_features, uncovered, seed
        As for `LinearClassifier`.
    model
        Encoder of the vectors: a folder or hub name; by default the embedded one. See `weaklabel.encoder.features.TextFeatures`
        for what else is read of relations, of long texts, and of languages that the encoder was not made for.
    max_length
        Tokens of a text that the encoder reads; the TF-IDF is of the whole text.
    device
        As for `torch.device`; by default the GPU if there is one.

    Attributes
    ----------
    coef_ : array
        Weight of each n-gram, then of each dimension of the vectors, for each class. Shape: [k, features].
    intercept_ : array
        Shape: [k]; minus infinity for a class that no training row had.

    Examples
    --------
    >>> texts = ["win cash now", "free cash prize", "see you at lunch", "lunch at home"]
    >>> classifier = HybridClassifier(labels=("ham", "spam")).fit(texts, [1, 1, 0, 0])
    >>> classifier.predict(["money for nothing", "eat at noon"])
    array([1, 0])
    """

    run_params: ClassVar[frozenset[str]] = frozenset({"device"})
    text_features_: TextFeatures
    center_: NDArray[np.float64]
    scale_: float

    def __init__(
        self,
        labels: Sequence[str] | None = None,
        *,
        model: str | Path | None = None,
        max_length: int = 128,
        C: float = 10.0,
        ngrams: tuple[int, int] = (1, 2),
        max_features: int = 200_000,
        uncovered: Uncovered = "drop",
        seed: int = 0,
        device: str | None = None,
    ) -> None:
        super().__init__(labels, C=C, ngrams=ngrams, max_features=max_features, uncovered=uncovered, seed=seed)
        self.model = model
        self.max_length = max_length
        self.device = device

    def check_params(self, validated: bool) -> None:
        """Refuse an encoder that cannot be loaded; see `Classifier.check_params`."""
        check_encoder(None if self.model is None else str(self.model))
        super().check_params(validated)

    def _fit_features(self, texts: list[str]) -> Any:
        words = super()._fit_features(texts)
        self.text_features_ = self._new_text_features()
        vectors = self.text_features_.fit_transform(texts)
        self.center_ = vectors.mean(axis=0)
        length = float(np.sqrt(((vectors - self.center_) ** 2).sum(axis=1).mean()))
        self.scale_ = VECTOR_LENGTH / length if length > 0 else 0.0
        return self._joined(words, vectors)

    def _features(self, texts: Sequence[str]) -> Any:
        return self._joined(super()._features(texts), self.text_features_.transform(texts))

    def _joined(self, words: Any, vectors: NDArray[np.float64]) -> Any:
        from scipy.sparse import csr_array, hstack

        if vectors.shape[1] != len(self.center_):
            raise ClassifierError(
                f"the encoder's vectors have {vectors.shape[1]} dimensions, those that it was trained on {len(self.center_)}: "
                "the encoder is another one"
            )
        return hstack([csr_array(words), csr_array((vectors - self.center_) * self.scale_)], format="csr")

    def _new_text_features(self) -> TextFeatures:
        return TextFeatures(self.model, self.max_length, self.device)

    def _write(self, folder: Path) -> dict[str, Any]:
        state = super()._write(folder)
        np.savez(folder / "vectors.npz", center=self.center_, scale=self.scale_)
        return state | {"text_features": self.text_features_.to_saved()}

    def _read_features(self, folder: Path, state: dict[str, Any]) -> int:
        n_words = super()._read_features(folder, state)
        self.text_features_ = self._new_text_features().restore(state["text_features"])
        with np.load(folder / "vectors.npz", allow_pickle=False) as arrays:
            self.center_, self.scale_ = arrays["center"], float(arrays["scale"])
        if self.center_.ndim != 1 or not (np.isfinite(self.center_).all() and np.isfinite(self.scale_)):
            raise ValueError("vectors.npz is not a vector and a number that are finite")
        return n_words + len(self.center_)
