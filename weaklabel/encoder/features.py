"""Texts as the numbers that small models learn from: what an encoder makes of them, and what it would miss."""

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
"""Share of texts longer than the encoder reads from which on their words are looked at, too."""

LEAST_TEXTS = 1000
"""Texts from which on it can be learned which words go together."""

SKIMMED_TOKENS = 32
"""Tokens of a long text that are enough for a first look: all its words are looked at, too."""


class TextFeatures:
    """Turns texts into vectors: the embedding of a text and, side by side with it, what that embedding would miss.

    - Where two entities are marked in every text (see `weaklabel.corpus.mark_entities`): the embedding of the stretch
      from one to the other, which mostly says how they are related.
    - Where a quarter of the texts or more has more words than the encoder reads: latent semantic analysis of all words.
      Short texts do without: their few words are those that labeling functions look for, and the labels would be
      learned back from them, errors and all.

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
        What is looked at: "text", and where it is of use "between" and "words".
    """

    views_: tuple[str, ...]

    def __init__(
        self, encoder: str | os.PathLike[str] | None = None, max_length: int = 128, device: str | None = None
    ) -> None:
        self.encoder = Encoder(encoder, max_length=max_length, device=device)
        self.words_: WordSpace | None = None

    def fit(self, texts: Sequence[str]) -> Self:
        """Decide what to look at, and learn which words go together where they matter."""
        self._learn(texts)
        return self

    def fit_transform(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Do both, which reads the texts once. Shape: [n] -> [n, d]."""
        return self._side_by_side(texts, self._learn(texts))

    def transform(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return one vector a text, of length 1 in all. Shape: [n] -> [n, d]."""
        return self._side_by_side(texts, None if self.words_ is None else self.words_.transform(texts))

    def _learn(self, texts: Sequence[str]) -> NDArray[np.float64] | None:
        """Fit, and return the texts by their words where these are looked at. Shape: [n, d]."""
        related = bool(len(texts)) and all(between_entities(text) is not None for text in texts)
        self.words_, by_words = None, None
        if are_long(texts, self.encoder.max_length):
            space = WordSpace()
            # Words that are common to all texts, or are in one alone, tell of none what it is about.
            with suppress(ValueError):
                by_words = space.fit_transform(texts)
                self.words_ = space
        self.views_ = ("text", *(["between"] if related else []), *(["words"] if self.words_ else []))
        return by_words

    def _side_by_side(self, texts: Sequence[str], by_words: NDArray[np.float64] | None) -> NDArray[np.float64]:
        views = [self._embed(texts)]
        if "between" in self.views_:
            found = [between_entities(text) for text in texts]
            views.append(self._embed([text if part is None else part for part, text in zip(found, texts, strict=True)]))
        if by_words is not None:
            views.append(by_words)
        return np.hstack(views) / np.sqrt(len(views))

    def _embed(self, texts: Sequence[str]) -> NDArray[np.float64]:
        return self.encoder.encode(texts).astype(np.float64)

    def to_saved(self) -> dict[str, Any]:
        """Return what was decided and learned as names, numbers and lists; the encoder is named by its parameters."""
        return {"views": list(self.views_), "words": self.words_ and self.words_.to_saved()}

    def restore(self, saved: dict[str, Any]) -> Self:
        """Take back what `to_saved` gave; damaged input is a KeyError or ValueError."""
        self.views_ = tuple(saved["views"])
        known = {"text", "between", "words"}
        if (
            self.views_[:1] != ("text",)
            or not known.issuperset(self.views_)
            or ("words" in self.views_) != bool(saved["words"])
        ):
            raise ValueError(f"views of texts are {list(self.views_)}")
        self.words_ = WordSpace.from_saved(saved["words"]) if saved["words"] else None
        return self


def are_long(texts: Sequence[str], max_length: int) -> bool:
    """Say whether an encoder that reads ``max_length`` tokens misses so much that all words are looked at, too."""
    if len(texts) < LEAST_TEXTS:
        return False
    # A token of the encoder is a word or a part of one, so that a text of more words is surely cut.
    n_long = sum(has_more_tokens(text, max_length) for text in texts)
    return n_long >= LONG_SHARE * len(texts)
