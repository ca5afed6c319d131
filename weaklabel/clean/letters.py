"""How likely the letters of a word are one after the other: in a language, or when keys are hit at random.

`letters.npz` holds the probability of each letter of the Latin alphabet behind two others, over 31 languages, as counted from
the profiles of Wikipedia that the package langdetect carries (Apache License 2.0); `benchmarks/quality/letters.py` makes it.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

LETTERS = " abcdefghijklmnopqrstuvwxyz"
"""The alphabet; a blank stands before and behind a word."""

ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
"""The rows of a keyboard."""

UNIT = 12
"""Steps of a logarithm (base e) of probabilities: sums of whole numbers do not depend on their order."""

_END = 1 / 7
"""Probability that a word of random letters ends behind a letter."""

_BESIDE, _NEAR = 0.32, 0.055
"""Probability that a key is followed by one of those beside it in its row, and by one of those two keys away."""

_FOLDED = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "ß": "ss", "ł": "l", "đ": "d", "ı": "i", "þ": "th", "ð": "d"})
_MARKS = re.compile("[\u0300-\u036f]")

_RUN = re.compile(r"[^\W\d_]+")
_AGAIN = re.compile(r"(.{1,3}?)\1+.{0,2}")
_SAME = re.compile(r"(.)\1{2,}")
_WORD = re.compile("[a-z]+")

_ABBREVIATION = 6
"""Letters up to which a word in capitals is taken for an abbreviation."""


_SHORT = 3
"""Letters up to which a word that is unlike any language says nothing, since it may be one such as "brb"."""


def folded(text: str) -> str:
    """Return a text in lower case, without marks on its letters.

    Examples
    --------
    >>> folded("Ærøskøbing, Łódź")
    'aeroskobing, lodz'
    """
    lower = text.lower()
    return lower if lower.isascii() else _MARKS.sub("", unicodedata.normalize("NFD", lower.translate(_FOLDED)))


def evidence(tokens: list[str]) -> NDArray[np.int64]:
    """Return how much better a language explains the letters of each token than chance does. Shape: [n].

    That is the logarithm of the ratio of likelihoods, in `UNIT` steps: above 0 for words, below 0 for keys hit at random,
    where chance is the better of two: letters drawn at random, and keys one beside the other. What is repeated, as in
    laughter, counts once. Tokens without words in Latin letters, and abbreviations in capitals, are 0.

    Examples
    --------
    >>> [int(each) // UNIT for each in evidence(["friendship", "xkqjzvwpfh", "asdfghjkl", "hahahaha", "PDF", "北京"])]
    [5, -40, -40, 1, 0, 0]
    """
    words: list[str] = []
    owners: list[int] = []
    for number, token in enumerate(tokens):
        for word in _RUN.findall(token):
            if word.isupper() and len(word) <= _ABBREVIATION:
                continue
            plain = folded(word)
            if _WORD.fullmatch(plain):
                again = _AGAIN.fullmatch(plain)
                words.append(_SAME.sub(r"\1\1", again[1] if again else plain))
                owners.append(number)
    total = np.zeros(len(tokens), np.int64)
    if words:
        np.add.at(total, owners, _of_words(words))
    return total


def _of_words(words: list[str]) -> NDArray[np.int64]:
    """Return the evidence of words in a to z. Shape: [n]."""
    codes = np.frombuffer((" " + " ".join(words) + " ").encode(), np.uint8).astype(np.intp)
    codes = np.where(codes == 32, 0, codes - 96)
    before, after = codes[:-1], codes[1:]
    first = np.concatenate([[0], codes[:-2]])
    first[before == 0] = 0
    begins = np.flatnonzero(codes[:-1] == 0)
    language = np.add.reduceat(_in_languages()[first, before, after], begins)
    drawn, along = (np.add.reduceat(table[before, after], begins) for table in _by_chance())
    result: NDArray[np.int64] = language - np.maximum(drawn, along)
    is_short = np.fromiter(map(len, words), np.int64, len(words)) <= _SHORT
    return np.where(is_short, np.maximum(result, 0), result)


@cache
def _in_languages() -> NDArray[np.int64]:
    """Return the logarithm of the probability of a letter behind two others. Shape: [27, 27, 27]."""
    with np.load(Path(__file__).with_name("letters.npz")) as file:
        logs: NDArray[np.int64] = -file["minus_log"].astype(np.int64)
    return logs


@cache
def _by_chance() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the logarithm of the probability of a letter behind another: drawn, and along a keyboard. Shape: [27, 27]."""
    n = len(LETTERS) - 1
    drawn = np.full((n + 1, n + 1), (1 - _END) / n)
    drawn[:, 0] = _END
    drawn[0, 1:] = 1 / n
    along = np.full((n, n), (1 - 2 * (_BESIDE + _NEAR)) / n)
    for row in ROWS:
        keys = [LETTERS.index(key) - 1 for key in row]
        for distance, share in ((1, _BESIDE), (2, _NEAR)):
            for left, right in zip(keys, keys[distance:], strict=False):
                along[left, right] += share
                along[right, left] += share
    chance = drawn.copy()
    chance[1:, 1:] = along / along.sum(1, keepdims=True) * (1 - _END)
    drawn[0, 0] = chance[0, 0] = 1.0  # never looked up
    of_drawn, of_chance = (np.round(np.log(table) * UNIT).astype(np.int64) for table in (drawn, chance))
    return of_drawn, of_chance
