"""Two entities of a text, marked so that a text classifier can predict the relation between them.

Where they are is said by two columns of the corpus.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import polars as pl

from weaklabel.errors import CorpusError

Span = tuple[int, int]

GAP = " ... "
"""Shown where words were left out."""

MOST_WORDS = 90
"""Words that models are given of a text with two entities, those nearest to them: encoders read the first tokens only."""


def mark_entities(text: str, span1: Sequence[int], span2: Sequence[int], *, words: int | None = None) -> str:
    """Mark two entities: the first as ``@ entity @``, the second as ``# entity #``.

    Punctuation that every vocabulary has needs no new tokens to be learned, and does as well as they (Zhou and Chen,
    "An Improved Baseline for Sentence-level Relation Extraction", 2022). Mark the texts that a classifier is trained
    on and those that it predicts; labeling functions read the text as it is.

    Parameters
    ----------
    text
        What the spans count in.
    span1, span2
        Begin and end of each entity in characters, half open. They may come in any order, nest and overlap.
    words
        Most words to keep, as split at white space; by default all. The entities are kept whatever it is, then what
        is between them, then what is nearest around them, so that no limit on tokens cuts an entity away.

    Raises
    ------
    CorpusError
        A span is not two whole numbers, leaves the text, or holds nothing but white space; or ``words`` is below 1.

    Examples
    --------
    >>> mark_entities("The calendar has a cast of ferrets.", (27, 34), (19, 23))
    'The calendar has a # cast # of @ ferrets @.'
    >>> mark_entities("It was a long day until rain met the old roof of tin", (24, 28), (41, 45), words=6)
    'until @ rain @ met the old # roof #'
    """
    first, second = (_checked(text, span, name) for span, name in ((span1, "span1"), (span2, "span2")))
    marks = _marks(first, second)
    if words is None:
        return _marked(text, (0, len(text)), marks)
    if words < 1:
        raise CorpusError(f"words must be 1 or more, not {words}")
    return GAP.join(_marked(text, run, marks) for run in _runs(text, first, second, words))


_ENTITIES = re.compile(r"@ .+? @", re.DOTALL), re.compile(r"# .+? #", re.DOTALL)


def between_entities(text: str) -> str | None:
    """Return the stretch of a text from one entity that `mark_entities` marked through the other, or None without them.

    Examples
    --------
    >>> between_entities("The calendar has a # cast # of @ ferrets @.")
    '# cast # of @ ferrets @'
    >>> between_entities("The calendar has a cast of ferrets.")
    """
    first, second = (entity.search(text) for entity in _ENTITIES)
    if not first or not second:
        return None
    return text[min(first.start(), second.start()) : max(first.end(), second.end())]


def _checked(text: str, span: Sequence[int], name: str) -> Span:
    if isinstance(span, str) or len(span) != 2 or not all(isinstance(place, Integral) for place in span):
        raise CorpusError(f"{name} must be two whole numbers, the entity's begin and end, not {span!r}")
    begin, end = int(span[0]), int(span[1])
    if not 0 <= begin < end <= len(text):
        raise CorpusError(
            f"{name} {begin}-{end} is not part of the text, which has {len(text)} characters: {text[:40]!r}"
        )
    entity = text[begin:end]
    if not entity.strip():
        raise CorpusError(f"{name} {begin}-{end} holds nothing but white space, in the text {text[:40]!r}")
    return begin + len(entity) - len(entity.lstrip()), end - len(entity) + len(entity.rstrip())


def _marks(first: Span, second: Span) -> list[tuple[int, str]]:
    """Return what is put in where, in order: at one place ends before begins, and the wider entity outside."""
    ordered = []
    for number, ((begin, end), sign) in enumerate(((first, "@"), (second, "#"))):
        length = end - begin
        ordered.append(((begin, 1, -length, number), f"{sign} "))
        ordered.append(((end, 0, length, -number), f" {sign}"))
    return [(key[0], mark) for key, mark in sorted(ordered)]


def _marked(text: str, run: Span, marks: list[tuple[int, str]]) -> str:
    begin, end = run
    pieces, place = [], begin
    for at, mark in marks:
        if begin <= at <= end:
            pieces += [text[place:at], mark]
            place = at
    return "".join([*pieces, text[place:end]])


def _runs(text: str, first: Span, second: Span, words: int) -> Iterator[Span]:
    """Give the stretches of text that are kept, from a word's begin to a word's end."""
    places = [match.span() for match in re.finditer(r"\S+", text)]
    entities = [
        word
        for word, (begin, end) in enumerate(places)
        if any(begin < stop and start < end for start, stop in (first, second))
    ]

    def far(word: int) -> tuple[bool, int]:
        outside = not entities[0] <= word <= entities[-1]
        return outside, min(abs(word - entity) for entity in entities)

    nearest = sorted(range(len(places)), key=far)
    kept = sorted(nearest[: max(words, len(entities))])
    begin = kept[0]
    for word, following in zip(kept, [*kept[1:], -1], strict=True):
        if following != word + 1:
            yield places[begin][0], places[word][1]
            begin = following


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
