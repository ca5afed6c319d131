"""Texts as hashed n-grams of words and characters, fast: whole batches of texts at once, in any script, without an encoder."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from weaklabel.encoder.lsa import TOKEN

BITS = 18
"""N-grams are hashed into 2**BITS buckets."""

CHARACTERS = 4
"""Characters in an n-gram of characters, across words."""

READ_CHARACTERS = 2_000
"""Characters of a text that are read: more than an encoder reads."""

_AT_ONCE = 1 << 19
"""Characters of texts that are in memory together, about."""

_BASE = 0x9E3779B97F4A7C15
_MIX = 0xD6E8FEB86659FD93
_SPACE, _IN_WORD, _ALONE = 0, 1, 2

Hashes = NDArray[np.uint64]
Rows = NDArray[np.int64]
Buckets = NDArray[np.int64]


def hashed_ngrams(texts: Sequence[str]) -> Iterator[tuple[slice, list[tuple[Rows, Buckets]]]]:
    """Give the n-grams of texts, some texts at a time.

    A text's n-grams do not depend on the other texts. Case is ignored. A word is what
    `weaklabel.encoder.lsa.TOKEN` takes for one, with the marks that belong to its letters.

    Parameters
    ----------
    texts
        Length: n.

    Yields
    ------
    slice
        Which texts.
    list of (rows, buckets)
        Of words, of two words in a row, and of characters: for each n-gram the number of its text among these, rising,
        and its bucket.

    Examples
    --------
    >>> [(some, [len(rows) for rows, _ in kinds]) for some, kinds in hashed_ngrams(["Free prize!", "see you"])]
    [(slice(0, 2, None), [5, 3, 16])]
    """
    begin, size = 0, 0
    cut = [f" {text[:READ_CHARACTERS].lower()} " for text in texts]
    for end, text in enumerate(cut, 1):
        size += len(text)
        if size >= _AT_ONCE or end == len(cut):
            yield slice(begin, end), _ngrams(cut[begin:end])
            begin, size = end, 0


def _ngrams(texts: list[str]) -> list[tuple[Rows, Buckets]]:
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    row_of = np.repeat(np.arange(len(texts)), lengths)
    kinds = _kinds()[np.minimum(codes, 0x10000)]
    in_word, alone = kinds == _IN_WORD, kinds == _ALONE
    # Every text begins and ends with a space, so no word is at the edge of the array.
    begins = np.flatnonzero(in_word & ~np.roll(in_word, 1) | alone)
    ends = np.flatnonzero(in_word & ~np.roll(in_word, -1) | alone) + 1
    powers, inverses = _powers(len(codes))
    sums = np.zeros(len(codes) + 1, dtype=np.uint64)
    np.cumsum((codes.astype(np.uint64) + np.uint64(1)) * powers, out=sums[1:])
    # The polynomial hash of a stretch of characters, wherever it is: B is odd, so it has an inverse modulo 2**64.
    words = (sums[ends] - sums[begins]) * inverses[begins]
    word_row = row_of[begins]
    same = word_row[1:] == word_row[:-1]
    pairs = (words[:-1] * np.uint64(_MIX) + words[1:])[same]
    places = np.flatnonzero(row_of[CHARACTERS - 1 :] == row_of[: len(row_of) - CHARACTERS + 1])
    runs = (sums[places + CHARACTERS] - sums[places]) * inverses[places]
    return [
        (word_row, _bucket(words, 1)),
        (word_row[1:][same], _bucket(pairs, 2)),
        (row_of[places], _bucket(runs, 3)),
    ]


def _bucket(hashes: Hashes, salt: int) -> Buckets:
    mixed = (hashes + np.uint64(salt)) * np.uint64(_MIX)
    mixed ^= mixed >> np.uint64(32)
    mixed *= np.uint64(_BASE)
    return (mixed >> np.uint64(64 - BITS)).astype(np.int64)


@cache
def _kinds() -> NDArray[np.uint8]:
    """Return what each character is; the last entry is for those beyond the basic plane. Shape: [65537]."""
    kinds = np.full(0x10001, _ALONE, dtype=np.uint8)
    for code in range(0x10000):
        char = chr(code)
        if char.isspace():
            kinds[code] = _SPACE
        elif unicodedata.category(char)[0] == "M" or re.fullmatch(TOKEN, char * 2):
            kinds[code] = _IN_WORD
    return kinds


_known_powers = [np.ones(1, dtype=np.uint64), np.ones(1, dtype=np.uint64)]


def _powers(n: int) -> tuple[Hashes, Hashes]:
    """Return the first ``n`` powers of the base and of its inverse, modulo 2**64."""
    if len(_known_powers[0]) < n:
        for number, base in enumerate((_BASE, pow(_BASE, -1, 1 << 64))):
            powers = np.full(max(n, 2 * _AT_ONCE), base, dtype=np.uint64)
            powers[0] = 1
            _known_powers[number] = np.cumprod(powers, dtype=np.uint64)
    powers, inverses = _known_powers
    return powers[:n], inverses[:n]
