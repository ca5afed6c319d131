"""Examples for a prompt: the labeled rows that are most similar to the row that is asked about, and not the row itself."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from weaklabel.corpus import read_corpus
from weaklabel.errors import LFError, WeakLabelError, nearest
from weaklabel.label_names import encode_labels
from weaklabel.lf.llm.answers import folded
from weaklabel.lf.llm.prompts import Example

NEAR_DUPLICATE = 0.7
"""Jaccard similarity of the 5-character pieces of two texts from which on they count as the same."""

PIECE = 5
_CELLS = 4_000_000
"""Similarities that are in memory at once."""

_DIGITS = 6


class ExamplePool:
    """Labeled rows from a file, of which each asked row gets the most similar ones as examples.

    Similarity is the cosine of the TF-IDF weights of short character sequences within words, so it needs no model and works
    in any language. A row that is equal to the asked row, or nearly so, is never an example for it: the model would
    only copy its label, and where the asked row is scored, its own gold would be in the prompt.

    Parameters
    ----------
    name
        Name of the labeling function, for messages.
    path
        A corpus with gold, as `read_corpus` reads it; it must not be the one that is scored.
    columns
        Columns that the prompt shows.
    label
        Column with the labels; rows without one are left out.
    labels
        Class names.

    Raises
    ------
    LFError
        The file cannot be read, lacks a column, has an unknown label, or fewer than two labeled rows.
    """

    def __init__(
        self, name: str, path: str | os.PathLike[str], columns: Sequence[str], label: str, labels: Sequence[str]
    ) -> None:
        try:
            rows = read_corpus(path, text=())
            for column in (*columns, label):
                if column not in rows.columns:
                    is_log = "text_sha256" in rows.columns
                    hint = "; it is a log of decisions: give the gold that a review exports" if is_log else ""
                    raise LFError(f"{path} lacks the column '{column}'{nearest(column, rows.columns)}{hint}")
            frame = rows.frame()
            numbers = encode_labels(frame[label].to_list(), labels, str(path))
        except WeakLabelError as error:
            raise LFError(f"LF '{name}': examples: {error}") from None
        fields = zip(*(frame[column].cast(str).fill_null("").to_list() for column in columns), strict=True)
        self.examples: list[Example] = [
            Example(tuple(row), labels[number])
            for row, number in zip(fields, numbers.tolist(), strict=True)
            if number >= 0 and any(text.strip() for text in row)
        ]
        if len(self.examples) < 2:
            raise LFError(f"LF '{name}': examples: {path} has {len(self.examples)} labeled rows; give two or more")

    def nearest_to(self, rows: Sequence[Sequence[str]], count: int) -> Iterator[list[Example]]:
        """Yield, for each row, its ``count`` most similar examples, the most similar one last."""
        at_once = max(1, _CELLS // len(self.examples))
        for begin in range(0, len(rows), at_once):
            some = ["\n".join(fields) for fields in rows[begin : begin + at_once]]
            vectorizer, matrix = self._index
            similarity = np.asarray((vectorizer.transform(some) @ matrix.T).todense()).round(_DIGITS)
            for text, of_row in zip(some, similarity, strict=True):
                yield self._chosen(text, np.argsort(-of_row, kind="stable"), count)

    def _chosen(self, text: str, order: Any, count: int) -> list[Example]:
        pieces, chosen = pieces_of(text), list[Example]()
        for place in order.tolist():
            if len(chosen) == count:
                break
            if jaccard(pieces, self._pieces[place]) < NEAR_DUPLICATE:
                chosen.append(self.examples[place])
        return chosen[::-1]

    @cached_property
    def _index(self) -> tuple[Any, Any]:
        from sklearn.feature_extraction.text import TfidfVectorizer

        vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True)
        return vectorizer, vectorizer.fit_transform(["\n".join(each.fields) for each in self.examples])

    @cached_property
    def _pieces(self) -> list[frozenset[str]]:
        return [pieces_of("\n".join(each.fields)) for each in self.examples]


def pieces_of(text: str) -> frozenset[str]:
    """Return the 5-character pieces of a text, without regard to case and spaces."""
    plain = folded(text)
    return frozenset(plain[at : at + PIECE] for at in range(max(1, len(plain) - PIECE + 1)))


def jaccard(left: frozenset[str], right: frozenset[str]) -> float:
    """Return the share of the pieces of two texts that both have."""
    return len(left & right) / len(left | right)
