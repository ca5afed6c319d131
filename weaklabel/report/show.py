"""Texts with their spans marked, for notebooks and terminals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from weaklabel.errors import VoteError, visible
from weaklabel.page.excerpt import LONGEST
from weaklabel.page.marks import MarkedPart, excerpt_parts, marks_of, notebook_html, plain_text
from weaklabel.units import SpanRows, Spans, Units, find_words, in_code_points

MAX_SHOWN = 20
"""Texts that are shown."""


class LabeledSpans(Protocol):
    """Spans that count words, with probabilities, as a label model or a tagger gives them."""

    @property
    def spans(self) -> Spans:
        """The spans."""

    @property
    def probs(self) -> NDArray[np.float64] | None:
        """Their probabilities."""


@dataclass(frozen=True)
class ShownSpans:
    """Texts with marks; a notebook shows them in color, and `str` with brackets.

    Attributes
    ----------
    rows
        Numbers of the texts that are shown.
    passages
        What is shown of each: a name, such as "gold", and the parts.
    n_rows
        Number of texts in all.
    """

    rows: tuple[int, ...]
    passages: tuple[tuple[tuple[str, tuple[MarkedPart, ...]], ...], ...]
    n_rows: int

    def __str__(self) -> str:
        lines = []
        for row, passages in zip(self.rows, self.passages, strict=True):
            for name, parts in passages:
                lines.append(f"{row}  {f'{name}: ' if name else ''}{plain_text(parts)}")
        return "\n".join([*lines, *self._rest])

    def _repr_html_(self) -> str:
        lines = []
        for row, passages in zip(self.rows, self.passages, strict=True):
            for name, parts in passages:
                named = f"<span style=opacity:.75>{escape(visible(name))}: </span>" if name else ""
                number = f"<span style=opacity:.75>{row}</span> "
                lines.append(f'<div dir="auto" style="line-height:2.1">{number}{named}{notebook_html(parts)}</div>')
        return "<div>" + "".join([*lines, *(f"<p>{rest}</p>" for rest in self._rest)]) + "</div>"

    @property
    def _rest(self) -> list[str]:
        left = self.n_rows - len(self.rows)
        return [f"and {left:,} more texts"] if left else []


def show_spans(
    texts: Sequence[str],
    spans: Spans | SpanRows | LabeledSpans,
    labels: Sequence[str] | None = None,
    *,
    words: Units | None = None,
    gold: Spans | SpanRows | None = None,
    rows: Sequence[int] | None = None,
    longest: int = LONGEST,
) -> ShownSpans:
    """Show texts with their spans marked.

    Parameters
    ----------
    texts
        The texts. Length: n_rows.
    spans
        In code points; or what a label model or a tagger gives, which counts words.
    labels
        Names of the labels; not needed for what `read_spans` gave. Length: k.
    words
        The words that spans count; `find_words` if they count words and these are not given.
    gold
        Gold spans, in code points, shown below the others.
    rows
        Numbers of the texts to show; the first 20 by default.
    longest
        Characters of a text; a longer one is cut around its spans.

    Raises
    ------
    VoteError
        The labels are not given, the spans are of another number of texts, or a row does not exist.

    Examples
    --------
    >>> print(show_spans(["Ada Lovelace wrote."], Spans.of_rows([[(0, 12, 0)]]), ["PER"]))
    0  [Ada Lovelace](PER) wrote.
    """
    given, probs, names = _given(texts, spans, labels, words)
    shown = list(range(min(len(texts), MAX_SHOWN))) if rows is None else [int(row) for row in rows]
    notes = None if probs is None else ["" if np.isnan(prob) else f"{prob:.2f}" for prob in probs]
    kinds = [("", given, names, notes)]
    if gold is not None:
        of_gold, _, gold_names = _given(texts, gold, names, None)
        kinds = [("spans", given, names, notes), ("gold", of_gold, gold_names, None)]
    for row in shown:
        if not 0 <= row < len(texts):
            raise VoteError(f"there is no row {row}; there are {len(texts)} texts, counted from 0")
    passages = tuple(
        tuple(
            (name, excerpt_parts(texts[row], marks_of(each, row, each_names, each_notes), longest))
            for name, each, each_names, each_notes in kinds
        )
        for row in shown
    )
    return ShownSpans(tuple(shown), passages, len(texts))


def _given(
    texts: Sequence[str],
    spans: Spans | SpanRows | LabeledSpans,
    labels: Sequence[str] | None,
    words: Units | None,
) -> tuple[Spans, NDArray[np.float64] | None, Sequence[str]]:
    """Return spans in code points, their probabilities, and the names of their labels."""
    probs = None if isinstance(spans, Spans) else spans.probs
    places = spans if isinstance(spans, Spans) else spans.spans
    names = spans.labels if isinstance(spans, SpanRows) else labels
    if places.n_rows != len(texts):
        raise VoteError(f"there are {len(texts)} texts, but spans of {places.n_rows}; give the texts of the spans")
    if names is None:
        raise VoteError("name the labels of the spans: show_spans(texts, spans, labels)")
    if len(places) and places.label.max() >= len(names):
        raise VoteError(f"a span has label {places.label.max()}, but there are {len(names)} labels; name all of them")
    if words is not None or not isinstance(spans, Spans | SpanRows):
        places = in_code_points(places, find_words(texts) if words is None else words)
    return places, probs, names
