"""Labeling functions that vote by likeness to a few example texts of each class, in embedding space."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from weaklabel.corpus.batch import TEXT, Batch
from weaklabel.encoder.encoder import shared_encoder
from weaklabel.encoder.inference import distinct
from weaklabel.errors import LFError, WeakLabelError
from weaklabel.lf.probability import ModelLF, check_answers, softmax

NEAREST = 3
"""Examples of a class, the most similar ones, that a text is compared with."""

TEMPERATURE = 0.05
"""Cosine by which one class must lead another to be e times as probable."""


class _Prototypes(NamedTuple):
    """The examples as vectors, a matrix a class, and the likeness at which each class begins."""

    vectors: list[NDArray[np.float32]]
    begin: NDArray[np.float64]


class PrototypeLF(ModelLF):
    """A labeling function that votes by likeness to examples; see `prototype_lf`."""

    kind = "prototype"

    def __init__(
        self,
        name: str,
        examples: Mapping[int, Sequence[str]],
        threshold: float,
        model: str | None,
        column: str = TEXT,
    ) -> None:
        super().__init__(name, threshold, column)
        check_answers(name, examples, least=2)
        self.examples = {number: _checked(name, number, texts) for number, texts in examples.items()}
        self.model = model

    def probabilities(self, batch: Batch) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """See `ModelLF.probabilities`."""
        prototypes = self._prototypes
        encoder = shared_encoder(self.model)
        vectors = batch.once(("embedding", encoder.model, self.column), lambda: encoder.encode(self.texts(batch)))
        likeness = np.stack([_likeness(vectors @ own.T) for own in prototypes.vectors], axis=1)
        return softmax((likeness - prototypes.begin) / TEMPERATURE), np.array(list(self.examples))

    @cached_property
    def _prototypes(self) -> _Prototypes:
        try:
            encoder = shared_encoder(self.model)
            vectors = [encoder.encode(texts) for texts in self.examples.values()]
        except WeakLabelError as error:
            raise LFError(f"LF '{self.name}': {error}") from error
        return _Prototypes(vectors, np.array([_begin(number, vectors) for number in range(len(vectors))]))


def prototype_lf(
    name: str,
    examples: Mapping[int, Sequence[str]],
    *,
    threshold: float = 0.8,
    model: str | os.PathLike[str] | None = None,
    column: str = TEXT,
) -> PrototypeLF:
    """Make a labeling function of a few example texts for each class.

    A text's likeness to a class is its mean cosine similarity to the 3 most similar examples of that class. Some
    classes are tighter than others, private messages less alike than advertisements, so each class has its own
    beginning: the middle between how like its examples are to each other, and how like the other classes' examples
    are to them. What exceeds it, divided by 0.05, goes through a softmax over the classes; the most probable class is
    the vote. A text unlike all examples is no more like one class than another, and so abstains.

    Parameters
    ----------
    name
        Name of the labeling function.
    examples
        Two or more different texts for each class number, of two or more classes; about eight a class, as varied as
        the corpus, do well. Examples under -1 show what not to vote on: where they win, the text abstains.
    threshold
        Probability, from 0 to 1, below which it abstains. With two classes 0.5 votes on everything, and the default
        asks for a lead of 0.07 in cosine, 0.9 one of 0.11.
    model
        Local folder or hub name of an encoder; by default the embedded English one, `default_model`.
    column
        The column to read; its vectors are computed once a batch for all labeling functions that share the model.

    Raises
    ------
    LFError
        Examples or threshold are not as said; and at the first vote, the model cannot be loaded.

    Examples
    --------
    >>> import polars as pl
    >>> lf = prototype_lf("tone", {0: ["what a dreadful film", "boring and bad"], 1: ["I loved it", "a great film"]})
    >>> lf.vote(Batch(pl.DataFrame({"text": ["a wonderful movie", "an awful movie", "seven"]})))
    array([ 1,  0, -1], dtype=int8)
    """
    return PrototypeLF(name, examples, threshold, None if model is None else str(model), column)


def _checked(name: str, number: int, texts: Sequence[str]) -> list[str]:
    if isinstance(texts, str) or not all(isinstance(text, str) and text.strip() for text in texts):
        raise LFError(f"LF '{name}': the examples of class {number} must be a list of texts that are not blank")
    different, _ = distinct(texts)
    if len(different) < 2:
        raise LFError(
            f"LF '{name}': class {number} needs two or more different examples, since how alike they are tells "
            f"what counts as alike; it has {len(different)}"
        )
    return different


def _likeness(similarity: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean of each row's highest similarities. Shape: [n, examples] -> [n]."""
    likeness: NDArray[np.float32] = np.sort(similarity, axis=1)[:, -NEAREST:].mean(axis=1)
    return likeness


def _begin(number: int, vectors: Sequence[NDArray[np.float32]]) -> float:
    """Return the likeness at which class ``number`` begins."""
    own = vectors[number]
    among = own @ own.T
    others = among[~np.eye(len(own), dtype=bool)].reshape(len(own), -1)
    strangers = np.concatenate([part for place, part in enumerate(vectors) if place != number])
    return float(_likeness(others).mean() + _likeness(strangers @ own.T).mean()) / 2
