"""Phrases of texts: words, runs of two or three, beginnings of texts, and slots for numbers.

A phrase is written as words with one space between. ``^`` before it means the beginning of the text, ``0`` for any
number of 1 to 4 digits, ``00000`` for any longer one; so a phrase with neither is a keyword, and one with either a
regex. Scripts without spaces between words give runs of 2 to 4 characters instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from weaklabel.suggest.runs import START, Tokens
from weaklabel.support.progress import stage
from weaklabel.units.words import UNSPACED

if TYPE_CHECKING:
    from scipy.sparse import csr_array

SHORT_NUMBER, LONG_NUMBER = "0", "00000"
SLOTS = {LONG_NUMBER: r"\d{5,}", SHORT_NUMBER: r"\d{1,4}"}

MAX_WORDS = 3
"""Words of the longest phrase."""

MAX_CHARACTERS = 4
"""Characters of the longest run, from 2 on, that serves as a word where a script does not separate words."""

_UNSPACED = re.compile(f"{UNSPACED}+")
# Words separated by white space alone form a run: a phrase of a keyword LF does not reach across a comma.
_BREAKS = re.compile(r"[^\w\s'’£$€¥₹]+|(?<!\w)['’]+|['’]+(?!\w)|[£$€¥₹]+(?!\d)|(?<!\w)_+(?!\w)")
_EDGE = re.compile(r"\w")
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True)
class Phrases:
    """Which phrase occurs in which text.

    Attributes
    ----------
    names
        The phrases, sorted. Length: v.
    hits
        1 where a phrase occurs in a text. Shape: [n, v].
    """

    names: list[str]
    hits: csr_array


def find_phrases(texts: Sequence[str], min_texts: int) -> Phrases:
    """Find the phrases that occur in at least ``min_texts`` of the texts and not in all of them."""
    import numpy as np
    from scipy.sparse import csr_array

    words, characters = Tokens(" "), Tokens("")
    with stage("finding phrases", len(texts), "texts") as reading:
        for text in reading.over(texts):
            for run in word_runs(text):
                _add(run, words, characters)
            words.end_text()
            characters.end_text()
    parts = [*words.frequent(MAX_WORDS, min_texts), *list(characters.frequent(MAX_CHARACTERS, min_texts))[2:]]
    names = [name for part in parts for name in part.names]
    before = np.cumsum([0, *(len(part.names) for part in parts)])
    columns = np.concatenate([part.runs + first for part, first in zip(parts, before, strict=False)])
    rows = np.concatenate([part.texts for part in parts])
    hits = csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(texts), len(names)))
    counts = np.bincount(columns, minlength=len(names))
    some = sorted((number for number in range(len(names)) if counts[number] < len(texts)), key=names.__getitem__)
    return Phrases([names[number] for number in some], csr_array(hits[:, some]))


def word_runs(text: str) -> Iterator[list[str]]:
    """Yield the words of a text, lower case and with slots for numbers, in runs that are separated by white space alone.

    The first run begins with ``^`` where the text begins with a word.

    Examples
    --------
    >>> list(word_runs("Call 09061701461 now, win £500!"))
    [['^', 'call', '00000', 'now'], ['win', '£0']]
    """
    slotted = _DIGITS.sub(_slot, text.lower())
    for number, chunk in enumerate(_BREAKS.split(slotted)):
        words = chunk.split()
        if words:
            yield [START, *words] if number == 0 else words


def pattern_of(*phrases: str) -> str:
    r"""Return the regex of a phrase, or of phrases that differ in one word, to be used ignoring case.

    Examples
    --------
    >>> print(pattern_of("^call 00000"))
    ^\s*call\s+\d{5,}\b
    >>> print(pattern_of("how many", "how much"))
    \bhow\s+(?:many|much)\b
    """
    places = [list(dict.fromkeys(words)) for words in zip(*map(words_of, phrases), strict=True)]
    before = "" if START in places[0] or not _EDGE.match(places[0][0]) else r"\b"
    after = r"\b" if _EDGE.match(places[-1][0][-1]) else ""
    anchored = places[0] == [START]
    pattern = r"\s+".join(map(_alternatives, places[anchored:]))
    return (r"^\s*" if anchored else before) + pattern + after


def is_keyword(phrase: str) -> bool:
    """Whether a phrase has words only, no slot and no anchor."""
    return not phrase.startswith(START) and SHORT_NUMBER not in phrase


def words_of(phrase: str) -> list[str]:
    """Return the words of a phrase; the anchor is one of them."""
    return [START] * phrase.startswith(START) + phrase.removeprefix(START).split(" ")


def part_of(inner: str, outer: str) -> bool:
    """Whether the words of a phrase occur in another one, in the same order and next to each other."""
    words, others = words_of(inner), words_of(outer)
    return any(others[place : place + len(words)] == words for place in range(len(others) - len(words) + 1))


def _alternatives(words: list[str]) -> str:
    patterns = [_word_pattern(word) for word in words]
    return patterns[0] if len(patterns) == 1 else f"(?:{'|'.join(patterns)})"


def _word_pattern(word: str) -> str:
    pieces = _DIGITS.split(word)
    slots = [SLOTS[number] for number in _DIGITS.findall(word)]
    escaped = [pl.escape_regex(piece) for piece in pieces]
    return escaped[0] + "".join(slot + piece for slot, piece in zip(slots, escaped[1:], strict=True))


def _slot(number: re.Match[str]) -> str:
    return LONG_NUMBER if len(number[0]) >= len(LONG_NUMBER) else SHORT_NUMBER


def _add(run: list[str], words: Tokens, characters: Tokens) -> None:
    """Add a run of words; words of a script without spaces are added as characters, and split the run."""
    spaced: list[str] = []
    for word in run:
        unspaced = [] if word.isascii() else _UNSPACED.findall(word)
        if unspaced:
            words.add(spaced)
            spaced = []
        else:
            spaced.append(word)
        for piece in unspaced:
            characters.add(piece)
    words.add(spaced)
