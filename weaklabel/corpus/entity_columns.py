"""The columns that hold the two entities of each row: where they are in the text, which is then marked for models."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from weaklabel.corpus.entities import MOST_WORDS, Span, mark_entities
from weaklabel.errors import CorpusError

_SPAN = re.compile(r"\s*(?:([0-9]{1,18})-([0-9]{1,18})|\[\s*([0-9]{1,18})\s*,\s*([0-9]{1,18})\s*\])\s*")
"""Begin and end, as ``27-34`` or as a list, which JSONL gives as it is written there."""

_SHOWN = 60
"""Characters of a text or a value that an error shows."""


@dataclass(frozen=True)
class EntityColumns:
    """The two columns of a corpus that say between which entities of its text each row is about.

    A value is a span in characters of the text, half open, ``27-34`` or the list ``[27, 34]``; or the entity's own words,
    looked for exactly as they are, at word boundaries if they are there, else anywhere. Of words that occur
    there several times, those two places count that are nearest to each other without overlapping, the first such two.

    Attributes
    ----------
    first, second
        Names of the columns.
    corpus
        What to call the corpus in messages.
    """

    first: str
    second: str
    corpus: str

    def marked(self, rows: pl.DataFrame, texts: Sequence[str], start: int) -> list[str]:
        """Return the texts as models read them, see `mark_entities`: `MOST_WORDS` around the entities.

        Parameters
        ----------
        rows
            With both columns. Length: n.
        texts
            What the rows say. Length: n.
        start
            Number in the corpus of the first row, from 0.

        Raises
        ------
        CorpusError
            An entity is empty, its words are not in the text, or its span leaves it; the message says where.
        """
        values = zip(rows[self.first].to_list(), rows[self.second].to_list(), texts, strict=True)
        return [self._mark(first, second, text, row) for row, (first, second, text) in enumerate(values, start)]

    def _mark(self, first: Any, second: Any, text: str, row: int) -> str:
        firsts, seconds = self._places(first, text, row, self.first), self._places(second, text, row, self.second)
        return mark_entities(text, *_nearest(firsts, seconds), words=MOST_WORDS)

    def _places(self, value: Any, text: str, row: int, column: str) -> list[Span]:
        """Return where an entity may be, in order."""
        try:
            return _places_of(value, text)
        except ValueError as error:
            where = f"{self.corpus}, row {row} (rows count from 0), column '{column}'"
            raise CorpusError(f"{where}: {error}, such as 27-34") from None


def _places_of(value: Any, text: str) -> list[Span]:
    """Return where a value places an entity; a `ValueError` says why there is no such place, and what to give."""
    written = "" if value is None else str(value)
    if not written.strip():
        raise ValueError("the entity is empty; give its words exactly as in the text, or their span")
    match = _SPAN.fullmatch(written)
    if match:
        begin, end = (int(place) for place in match.groups() if place is not None)
        if end > len(text) or not text[begin:end].strip():
            raise ValueError(
                f"the span {written.strip()} holds no part of the text, which has {len(text)} characters; give begin and "
                "end of the entity, counted from 0"
            )
        return [(begin, end)]
    places = _occurrences(written, text)
    if not places:
        raise ValueError(
            f"{_beginning(written)} is not in the text {_beginning(text)}; give words exactly as in the text, or "
            "their span"
        )
    return places


def _occurrences(words: str, text: str) -> list[Span]:
    exact = re.escape(words)
    starts = [match.start() for match in re.finditer(rf"(?<!\w)(?={exact}(?!\w))", text)]
    starts = starts or [match.start() for match in re.finditer(f"(?={exact})", text)]
    return [(start, start + len(words)) for start in starts]


def _nearest(firsts: list[Span], seconds: list[Span]) -> tuple[Span, Span]:
    """Return the nearest two that do not overlap, of such the first; the first of each where all of them do."""
    return min(_neighbours(firsts, seconds), key=_distance, default=(firsts[0], seconds[0]))


def _neighbours(firsts: list[Span], seconds: list[Span]) -> Iterator[tuple[Span, Span]]:
    """Give each of ``firsts`` with the last of ``seconds`` before it and the first behind it: in linear time almost."""
    begins, ends = [begin for begin, _ in seconds], [end for _, end in seconds]
    for first in firsts:
        before, behind = bisect_right(ends, first[0]) - 1, bisect_left(begins, first[1])
        if before >= 0:
            yield first, seconds[before]
        if behind < len(seconds):
            yield first, seconds[behind]


def _distance(pair: tuple[Span, Span]) -> tuple[int, int]:
    """Return the characters between two places, and where the one that comes first begins."""
    left, right = sorted(pair)
    return right[0] - left[1], left[0]


def _beginning(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")
