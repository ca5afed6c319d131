"""A transformation function of named entities: each replaced by another of its type, of the training rows themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from weaklabel.augment.core import Rng, TransformationFunction
from weaklabel.augment.words import replaced
from weaklabel.corpus.batch import TEXT, Batch
from weaklabel.errors import AugmentError, LFError
from weaklabel.lf.pipelines import check_annotations, docs_of, open_pipeline
from weaklabel.votes.texts import NewText

_NEEDS = frozenset({"ENT_TYPE"})

TYPES = ("PERSON", "ORG", "GPE", "LOC", "NORP", "FAC", "PRODUCT", "EVENT", "WORK_OF_ART", "PER")
"""Types whose entities are swapped unless others are named: names, and no numbers."""


class Entities(TransformationFunction):
    """Named entities that spaCy finds, replaced by others of the same type that occur in training rows.

    Parameters
    ----------
    pipeline
        A spaCy pipeline by its name or folder.
    types
        Types of entities that are swapped, in its terms.
    """

    name = "entities"

    def __init__(self, pipeline: str = "en_core_web_sm", types: Sequence[str] = TYPES) -> None:
        if isinstance(types, str) or not types:
            raise AugmentError("transformation function 'entities': types must be a list such as ['PERSON', 'GPE']")
        self.pipeline = pipeline
        self.types: tuple[str, ...] = tuple(types)
        self._pool: dict[str, list[str]] = {}

    def prepare(self, texts: Sequence[str]) -> None:
        """Gather the entities of the training rows by their types."""
        batch = Batch(pl.DataFrame({TEXT: pl.Series(list(texts), dtype=pl.String)}))
        pool: dict[str, dict[str, None]] = {}
        for doc in self._docs(batch, TEXT):
            for entity in getattr(doc, "ents", ()):
                pool.setdefault(entity.label_, {}).setdefault(entity.text)
        # Sorted, so that draws do not depend on the order of rows.
        self._pool = {kind: sorted(texts) for kind, texts in pool.items() if kind in self.types and len(texts) > 1}

    def transform(self, batch: Batch, columns: Sequence[str], seeds: Sequence[int]) -> list[NewText | Exception]:
        """See `TransformationFunction.transform`."""
        rngs = [np.random.default_rng(seed) for seed in seeds]
        new = [list[str]() for _ in seeds]
        is_changed, errors = [False] * len(new), dict[int, Exception]()
        for column in columns:
            texts = batch.frame[column].cast(pl.String).fill_null("").to_list()
            for row, (text, doc) in enumerate(zip(texts, self._docs(batch, column), strict=True)):
                if isinstance(doc, Exception):
                    errors[row] = doc
                changed = self._swapped(text, doc, rngs[row])
                is_changed[row] |= changed is not None
                new[row].append(text if changed is None else changed)
        return [
            errors[row] if row in errors else tuple(texts) if is_changed[row] else None for row, texts in enumerate(new)
        ]

    def _docs(self, batch: Batch, column: str) -> list[Any]:
        try:
            nlp = open_pipeline("transformation function 'entities'", self.pipeline)
            check_annotations(self.name, nlp, _NEEDS)
        except LFError as error:
            raise AugmentError(str(error)) from None
        return list(docs_of(batch, nlp, column, _NEEDS))

    def _swapped(self, text: str, doc: Any, rng: Rng) -> str | None:
        new: dict[tuple[int, int], str] = {}
        for entity in getattr(doc, "ents", ()):
            others = [other for other in self._pool.get(entity.label_, ()) if other != entity.text]
            if others:
                new[entity.start_char, entity.end_char] = others[int(rng.integers(len(others)))]
        return replaced(text, new)
