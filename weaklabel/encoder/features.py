"""Texts as vectors for small models: embeddings, and features for what embeddings miss."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from weaklabel.corpus.entities import between_entities
from weaklabel.encoder.encoder import Encoder
from weaklabel.encoder.lsa import WordSpace, has_more_tokens

LONG_SHARE = 0.25
"""If a larger share of the texts is longer than the encoder reads, latent semantic analysis is added."""

MIN_TEXTS = 1000
"""Fewest texts for latent semantic analysis."""

SKIMMED_TOKENS = 32
"""Tokens of a long text that are enough for the encoder if latent semantic analysis covers all its words."""


class TextFeatures:
    """Turns texts into vectors: the embedding of a text, joined with features for what the embedding misses.

    - If two entities are marked in every text (see `weaklabel.corpus.mark_entities`): the embedding of the text between
      them, which mostly says how they are related.
    - If a quarter of the texts or more has more words than the encoder reads: latent semantic analysis of all words. It is
      not used for short texts: their few words are those that labeling functions look for, so a model would learn the
      labels back from them, with their errors.

    Parameters
    ----------
    encoder
        Local folder or hub name of an encoder; by default the embedded one.
    max_length
        Tokens of a text that the encoder reads.
    device
        See `weaklabel.encoder.encoder.Encoder`.

    Attributes
    ----------
    views_ : tuple of str
        Which features are used: "text", and possibly "between" and "words".
    """

    views_: tuple[str, ...]

    def __init__(
        self, encoder: str | os.PathLike[str] | None = None, max_length: int = 128, device: str | None = None
    ) -> None:
        self.encoder = Encoder(encoder, max_length=max_length, device=device)
        self.words_: WordSpace | None = None

    def fit(self, texts: Sequence[str]) -> Self:
        """Decide which features to use, and fit latent semantic analysis if it is one of them."""
        self._learn(texts)
        return self

    def fit_transform(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Fit, and return the vectors; the texts are read once. Shape: [n] -> [n, d]."""
        return self._side_by_side(texts, self._learn(texts))

    def transform(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return a vector of length 1 for each text. Shape: [n] -> [n, d]."""
        return self._side_by_side(texts, None if self.words_ is None else self.words_.transform(texts))

    def _learn(self, texts: Sequence[str]) -> NDArray[np.float64] | None:
        """Fit, and return the vectors of latent semantic analysis if it is used. Shape: [n, d]."""
        related = bool(len(texts)) and all(between_entities(text) is not None for text in texts)
        self.words_, by_words = None, None
        if are_long(texts, self.encoder.max_length):
            space = WordSpace()
            # It fails if all words are in nearly all texts, or in only one.
            with suppress(ValueError):
                by_words = space.fit_transform(texts)
                self.words_ = space
        self.views_ = ("text", *(["between"] if related else []), *(["words"] if self.words_ else []))
        return by_words

    def _side_by_side(self, texts: Sequence[str], by_words: NDArray[np.float64] | None) -> NDArray[np.float64]:
        views = [self._embed(texts)]
        if "between" in self.views_:
            parts = [between_entities(text) for text in texts]
            views.append(self._embed([text if part is None else part for part, text in zip(parts, texts, strict=True)]))
        if by_words is not None:
            views.append(by_words)
        return np.hstack(views) / np.sqrt(len(views))

    def _embed(self, texts: Sequence[str]) -> NDArray[np.float64]:
        return self.encoder.encode(texts).astype(np.float64)

    def to_saved(self) -> dict[str, Any]:
        """Return the fitted state in values that JSON has, without the encoder."""
        return {"views": list(self.views_), "words": self.words_ and self.words_.to_saved()}

    def restore(self, saved: dict[str, Any]) -> Self:
        """Restore what `to_saved` returned; damaged input is a KeyError or ValueError."""
        self.views_ = tuple(saved["views"])
        possible = {"text", "between", "words"}
        if (
            self.views_[:1] != ("text",)
            or not possible.issuperset(self.views_)
            or ("words" in self.views_) != bool(saved["words"])
        ):
            raise ValueError(f"views of texts are {list(self.views_)}")
        self.words_ = WordSpace.from_saved(saved["words"]) if saved["words"] else None
        return self


def are_long(texts: Sequence[str], max_length: int) -> bool:
    """Return whether so many texts are longer than ``max_length`` tokens that latent semantic analysis is added."""
    if len(texts) < MIN_TEXTS:
        return False
    # A token of the encoder is a word or a part of one, so a text with more words is truncated.
    n_long = sum(has_more_tokens(text, max_length) for text in texts)
    return n_long >= LONG_SHARE * len(texts)
