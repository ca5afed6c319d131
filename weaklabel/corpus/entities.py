"""Marking two entities in a text, so that a text classifier can predict the relation between them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from numbers import Integral

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
