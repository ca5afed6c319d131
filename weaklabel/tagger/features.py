"""Features of words for a linear tagger: what a word and its neighbors look like, hashed into a fixed number of columns.

Only different words are looked at one by one; what they give together with their neighbors is mixed as numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeAlias
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from weaklabel.units import Units

Codes: TypeAlias = NDArray[np.uint64]

VERSION = 1
"""Of the features; a saved tagger of another version is refused."""

_LONGEST = 64
"""Characters of a word that are looked at; more belong to no word of a language."""


def shape(word: str) -> str:
    """Return a word with its letters as ``X`` and ``x``, those without case as ``c``, and its digits as ``d``.

    Examples
    --------
    >>> [shape(word) for word in ("McCoys", "B-52", "\u6771", "\u00c9cole")]
    ['XxXxxx', 'X-dd', 'c', 'Xxxxx']
    """
    return "".join(
        "X"
        if letter.isupper()
        else "x"
        if letter.islower()
        else "d"
        if letter.isdigit()
        else "c"
        if letter.isalpha()
        else letter
        for letter in word[:_LONGEST]
    )


def short_shape(word: str) -> str:
    """Return the shape with repeats left out.

    Examples
    --------
    >>> [short_shape(word) for word in ("McCoys", "B-52", "1,000.5")]
    ['XxXx', 'X-d', 'd,d.d']
    """
    return re.sub(r"(.)\1+", r"\1", shape(word))


_OF_A_WORD: dict[str, Callable[[str], str]] = {
    "word": lambda word: word,
    "lower": lambda word: word.lower(),
    "shape": shape,
    "short": short_shape,
    **{f"prefix{n}": (lambda word, n=n: word.lower()[:n]) for n in (1, 2, 3, 4)},  # type: ignore[misc]
    **{f"suffix{n}": (lambda word, n=n: word.lower()[-n:]) for n in (1, 2, 3, 4)},  # type: ignore[misc]
}
"""What is looked at of each different word."""

_TEMPLATES: tuple[tuple[tuple[str, int], ...], ...] = (
    *(((name, 0),) for name in _OF_A_WORD),
    *((("lower", at),) for at in (-3, -2, -1, 1, 2, 3)),
    *((("short", at),) for at in (-2, -1, 1, 2)),
    *(((name, at),) for at in (-1, 1) for name in ("word", "prefix3", "suffix3")),
    (("lower", -1), ("lower", 0)),
    (("lower", 0), ("lower", 1)),
    (("lower", -2), ("lower", -1)),
    (("lower", 1), ("lower", 2)),
    (("lower", -1), ("short", 0)),
    (("short", 0), ("lower", 1)),
    (("lower", -1), ("lower", 1)),
    (("short", -1), ("short", 0)),
    (("short", 0), ("short", 1)),
    (("short", -1), ("short", 0), ("short", 1)),
    (("suffix3", 0), ("short", 0), ("short", -1)),
)
"""Each template is one feature of each word: properties of words at these distances, taken together."""

N_TEMPLATES = len(_TEMPLATES)


def word_codes(texts: Sequence[str], words: Units) -> tuple[NDArray[np.int64], list[str]]:
    """Return the number of each word among the different words, and these. Shape of the numbers: [n_words]."""
    place: dict[str, int] = {}
    codes = np.fromiter((place.setdefault(word, len(place)) for word in words.texts(texts)), np.int64, len(words))
    return codes, list(place)


def hashed_features(texts: Sequence[str], words: Units, bits: int) -> NDArray[np.int32]:
    """Return the columns of the features of each word: one for each template, each 0 to before ``2 ** bits``.

    Parameters
    ----------
    texts, words
        Texts and their words. Length: n.
    bits
        Logarithm of the number of columns.

    Returns
    -------
    array of int32
        Shape: [n_words, N_TEMPLATES].
    """
    codes, vocabulary = word_codes(texts, words)
    # One number more for what is before the first word of a text and behind its last.
    of_word = {
        name: _mixed(
            np.array([crc32(look(word).encode("utf-8", "surrogatepass")) for word in vocabulary] + [1 << 32], np.uint64)
        )
        for name, look in _OF_A_WORD.items()
    }
    at = {distance: _neighbors(codes, words.offsets, distance, len(vocabulary)) for distance in range(-3, 4)}
    columns = np.empty((len(words), N_TEMPLATES), dtype=np.int32)
    mask = np.uint64((1 << bits) - 1)
    with np.errstate(over="ignore"):
        for number, template in enumerate(_TEMPLATES):
            value = np.full(len(words), number, dtype=np.uint64)
            for name, distance in template:
                value = _mixed(value * np.uint64(0x9E3779B97F4A7C15) + of_word[name][at[distance]])
            columns[:, number] = (value & mask).astype(np.int32)
    return columns


def _neighbors(codes: NDArray[np.int64], offsets: NDArray[np.int64], distance: int, outside: int) -> NDArray[np.int64]:
    """Return the code of the word at a distance from each word, ``outside`` where the text has none there."""
    n = len(codes)
    place = np.arange(n) + distance
    row = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    inside = (place >= offsets[row]) & (place < offsets[row + 1])
    return np.where(inside, codes[np.clip(place, 0, max(n - 1, 0))] if n else codes, outside)


def _mixed(values: Codes) -> Codes:
    """Return a hash of each number (splitmix64's finalizer)."""
    with np.errstate(over="ignore"):
        values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(values ^ (values >> np.uint64(31)))
