"""Vectors of words for the text-aware label model: principal components of encoder states, also of the words around."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from weaklabel.encoder.words import WordEncoder, word_shapes
from weaklabel.label_model.sequence.arrays import from_text, to_text
from weaklabel.units import Units
from weaklabel.units.spans import Numbers

Vectors = NDArray[np.float32]

COMPONENTS = 300
NEIGHBOR_COMPONENTS = 100
NEIGHBORS = (-2, -1, 1, 2)


class WordFeatures:
    """Turns words in their texts into vectors: encoder states and spelling as principal components, with those of neighbors.

    Parameters
    ----------
    encoder
        Local folder or hub name of an encoder; by default the embedded one.
    """

    mean_: NDArray[np.float32]
    components_: NDArray[np.float32]

    def __init__(self, encoder: str | None = None) -> None:
        self.encoder: WordEncoder = WordEncoder(encoder)

    def fit_transform(self, texts: tuple[str, ...], words: Units) -> Vectors:
        """Learn the components, and return the vectors of the words. Shape: [n_words, d]."""
        states = self._states(texts, words)
        self.mean_ = states.mean(axis=0, dtype=np.float64).astype(np.float32)
        scale = states.std(axis=0, dtype=np.float64).astype(np.float32) + np.float32(1e-3)
        centered = (states - self.mean_) / scale
        values, vectors = np.linalg.eigh(centered.T @ centered / np.float32(max(1, len(states))))
        kept = np.argsort(-values, kind="stable")[:COMPONENTS]
        # One factor for all components, so that they keep their weights and have a variance of about 1.
        factor = max(float(values[kept].mean()), 1e-6) ** -0.5
        self.components_ = (vectors[:, kept] / scale[:, None] * factor).astype(np.float32)
        return self._with_neighbors(states, words.offsets)

    def transform(self, texts: tuple[str, ...], words: Units) -> Vectors:
        """Return the vectors of words. Shape: [n_words, d]."""
        return self._with_neighbors(self._states(texts, words), words.offsets)

    def _states(self, texts: tuple[str, ...], words: Units) -> Vectors:
        return np.hstack([self.encoder.encode(texts, words), word_shapes(texts, words)])

    def _with_neighbors(self, states: Vectors, offsets: Numbers) -> Vectors:
        own = (states - self.mean_) @ self.components_
        width = min(NEIGHBOR_COMPONENTS, own.shape[1])
        views = [own]
        row = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        for step in NEIGHBORS:
            place = np.arange(len(own)) + step
            inside = (place >= 0) & (place < len(own))
            inside[inside] = row[place[inside]] == row[inside]
            view = np.zeros((len(own), width), dtype=np.float32)
            view[inside] = own[place[inside], :width]
            views.append(view)
        return np.hstack(views)

    def to_saved(self) -> dict[str, Any]:
        """Return the fitted state in values that JSON has, without the encoder."""
        return {"mean": to_text(self.mean_), "components": to_text(self.components_)}

    def restore(self, saved: dict[str, Any]) -> Self:
        """Restore what `to_saved` returned; damaged input is a KeyError or ValueError."""
        self.mean_, self.components_ = from_text(saved["mean"]), from_text(saved["components"])
        if self.mean_.ndim != 1 or self.components_.ndim != 2 or len(self.mean_) != len(self.components_):
            raise ValueError("the mean and the components of word vectors do not fit together")
        return self
