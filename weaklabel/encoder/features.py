"""Texts as vectors for small models: embeddings, and features for what embeddings miss."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from copy import copy
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from weaklabel.corpus.entities import between_entities
from weaklabel.encoder.encoder import Encoder, default_model
from weaklabel.encoder.lsa import CharacterSpace, WordSpace, has_more_tokens
from weaklabel.encoder.multilingual import MULTILINGUAL
from weaklabel.encoder.readability import MANY_UNKNOWN, Readability, readability
from weaklabel.support.warn import warn

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
    - If the encoder was not made for the language of the texts (see `weaklabel.encoder.readability`): latent semantic
      analysis of n-grams of characters. A `WeakLabelWarning` says so.

    A label model that has votes may choose better than these rules: see `weaklabel.label_model.text.views`.

    Parameters
    ----------
    encoder
        Local folder or hub name of an encoder, or "multilingual"; by default the embedded one.
    max_length
        Tokens of a text that the encoder reads.
    device
        See `weaklabel.encoder.encoder.Encoder`.

    Attributes
    ----------
    views_ : tuple of str
        Which features are used: "text", and possibly "between", "words" and "characters".
    """

    views_: tuple[str, ...]

    def __init__(
        self, encoder: str | os.PathLike[str] | None = None, max_length: int = 128, device: str | None = None
    ) -> None:
        self.encoder: Encoder = Encoder(encoder, max_length=max_length, device=device)
        self.spaces_: dict[str, WordSpace] = {}

    def fit(self, texts: Sequence[str]) -> Self:
        """Decide which features to use, and fit latent semantic analysis if it is one of them."""
        self._learn(texts, self.usual_views(texts))
        return self

    def fit_transform(self, texts: Sequence[str], views: Sequence[str] | None = None) -> NDArray[np.float64]:
        """Fit, and return the vectors; the texts are read once.

        Parameters
        ----------
        texts
            Length: n.
        views
            Which of `OPTIONAL_VIEWS` to use beside the embedding; by default `usual_views`.

        Returns
        -------
        array
            Shape: [n, d].
        """
        others = self._learn(texts, self.usual_views(texts) if views is None else views)
        return _side_by_side(self._embeddings(texts) + others)

    def transform(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return a vector of length 1 for each text. Shape: [n] -> [n, d]."""
        return _side_by_side(self._embeddings(texts) + [space.transform(texts) for space in self.spaces_.values()])

    def usual_views(self, texts: Sequence[str]) -> tuple[str, ...]:
        """Return which of `OPTIONAL_VIEWS` texts need, by how the encoder reads them; a warning says if it does not."""
        views = []
        if are_long(texts, self.encoder.max_length):
            views.append("words")
        read = readability(self.encoder.model, texts)
        if read is not None and read.is_low:
            views.append("characters")
            _warn_of_language(self.encoder.model, read)
        return tuple(views)

    def all_views(self, texts: Sequence[str]) -> dict[str, NDArray[np.float64]]:
        """Return vectors by each view that can be used, fitted to these texts alone; nothing of it is kept.

        Parameters
        ----------
        texts
            Length: n.

        Returns
        -------
        dict
            "text", "between" where two entities are marked, and `OPTIONAL_VIEWS` as far as there are any n-grams. Shape of
            each: [n, d].
        """
        trial = copy(self)
        others = trial._learn(texts, OPTIONAL_VIEWS)
        return dict(zip(trial.views_, trial._embeddings(texts) + others, strict=True))

    def _learn(self, texts: Sequence[str], wanted: Sequence[str]) -> list[NDArray[np.float64]]:
        """Fit, and return the vectors of latent semantic analysis as far as it is used. Shape of each: [n, d]."""
        related = bool(len(texts)) and all(between_entities(text) is not None for text in texts)
        self.spaces_, vectors = {}, []
        for view in wanted:
            # It fails if all n-grams are in nearly all texts, or in only one.
            with suppress(ValueError):
                space = _SPACES[view]()
                vectors.append(space.fit_transform(texts))
                self.spaces_[view] = space
        self.views_ = ("text", *(["between"] if related else []), *self.spaces_)
        return vectors

    def _embeddings(self, texts: Sequence[str]) -> list[NDArray[np.float64]]:
        """Return the vectors of the encoder: of texts, and of what is between their entities. Shape of each: [n, d]."""
        vectors = [self._embed(texts)]
        if "between" in self.views_:
            parts = [between_entities(text) for text in texts]
            between = [text if part is None else part for part, text in zip(parts, texts, strict=True)]
            vectors.append(self._embed(between))
        return vectors

    def _embed(self, texts: Sequence[str]) -> NDArray[np.float64]:
        return self.encoder.encode(texts).astype(np.float64)

    def to_saved(self) -> dict[str, Any]:
        """Return the fitted state in values that JSON has, without the encoder."""
        return {"views": list(self.views_), "words": None} | {
            view: space.to_saved() for view, space in self.spaces_.items()
        }

    def restore(self, saved: dict[str, Any]) -> Self:
        """Restore what `to_saved` returned; damaged input is a KeyError or ValueError."""
        self.views_ = tuple(saved["views"])
        own = {view: saved.get(view) for view in _SPACES}
        if (
            self.views_[:1] != ("text",)
            or not {"text", "between", *_SPACES}.issuperset(self.views_)
            or any((view in self.views_) != bool(state) for view, state in own.items())
        ):
            raise ValueError(f"views of texts are {list(self.views_)}")
        self.spaces_ = {view: _SPACES[view].from_saved(state) for view, state in own.items() if state}
        return self


_SPACES: dict[str, type[WordSpace]] = {"words": WordSpace, "characters": CharacterSpace}

OPTIONAL_VIEWS = tuple(_SPACES)
"""Views that texts may have beside the embedding."""


def _side_by_side(vectors: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Join vectors of length 1 to one of length 1. Shape of each: [n, d] -> [n, sum of d]."""
    return np.hstack(vectors) / np.sqrt(len(vectors))


def _warn_of_language(model: str, read: Readability) -> None:
    """Warn that an encoder was not made for the language of texts."""
    how = (
        f"does not know {read.unknown:.0%} of their words"
        if read.unknown >= MANY_UNKNOWN
        else f"splits a word into {read.pieces:.1f} pieces of {read.letters:.1f} letters on average"
    )
    which = "the default encoder (English)" if model == str(default_model()) else f"the encoder '{Path(model).name}'"
    other = (
        "one that was made for it"
        if model == MULTILINGUAL
        else f"'{MULTILINGUAL}', which reads 16 languages, or one that was made for it"
    )
    warn(
        f"{which} was not made for the language of these texts: it {how}; n-grams of characters are read beside it where "
        f"they help, but another encoder may read these texts better: give {other} (--encoder)"
    )


def are_long(texts: Sequence[str], max_length: int) -> bool:
    """Return whether so many texts are longer than ``max_length`` tokens that latent semantic analysis is added."""
    if len(texts) < MIN_TEXTS:
        return False
    # A token of the encoder is a word or a part of one, so a text with more words is truncated.
    n_long = sum(has_more_tokens(text, max_length) for text in texts)
    return n_long >= LONG_SHARE * len(texts)
