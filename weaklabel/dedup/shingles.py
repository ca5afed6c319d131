"""Shingles: the overlapping pieces of a text by which texts are compared.

Two texts are near-duplicates where the Jaccard similarity of their sets of shingles, |A & B| / |A | B|, reaches a threshold
(Broder, "On the resemblance and containment of documents", 1997). There are two forms of shingles:

characters
    five characters, or three where the first is Chinese, Japanese or Korean; of the normalised text, spaces included.
words
    three words; a word is a run of letters and digits, of 16 at most, or a single character of a script that is written
    without spaces.

A text is long from 500 characters on. Two long texts are compared by words, any other two by characters, so that each pair
has one form, whichever side of the limit its texts are on. Pieces are told apart by hashes of 64 bits.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

LONG_TEXT = 500
"""Characters of a normalised text from which on it is long."""

CHARACTERS, DENSE_CHARACTERS, WORDS = 5, 3, 3
"""Pieces of a shingle: characters, characters if the first is Chinese, Japanese or Korean, words."""

LONGEST_WORD = 16
"""Characters of a word; a longer run of letters is several words."""

BLOCK = 1 << 17
"""Characters that are hashed at once: as many as fit into the cache of a processor."""

Hashes = NDArray[np.uint64]
Numbers = NDArray[np.int64]

_DENSE = ((0x3040, 0x30FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xAC00, 0xD7AF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))
"""Kana, ideographs, and Hangul."""

_NO_SPACES = (*_DENSE, (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF))
"""Scripts written without spaces, Korean (whose characters are syllables) among them: also Thai, Lao, Burmese, Khmer."""

_POWER = np.uint64(0x9E3779B97F4A7C15)
_INVERSE = np.uint64(pow(int(_POWER), -1, 1 << 64))


@dataclass(frozen=True)
class Texts:
    """Normalised texts, one after the other.

    Attributes
    ----------
    codes
        Code points. Shape: [characters].
    ends
        Where each text ends in ``codes``. Shape: [n].
    """

    codes: NDArray[np.uint32]
    ends: Numbers

    @classmethod
    def of(cls, texts: Sequence[str]) -> Texts:
        """Lay texts, which are normalised already, one after the other."""
        codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        return cls(codes, np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)), dtype=np.int64))

    @property
    def starts(self) -> Numbers:
        """Where each text begins. Shape: [n]."""
        return np.concatenate([np.zeros(1, np.int64), self.ends[:-1]]) if len(self.ends) else self.ends

    @property
    def lengths(self) -> Numbers:
        """Characters of each text. Shape: [n]."""
        return self.ends - self.starts

    def strings(self) -> list[str]:
        """Return the texts. Length: n."""
        data, starts = self.codes.tobytes(), self.starts.tolist()
        places = zip(starts, self.ends.tolist(), strict=True)
        return [data[4 * start : 4 * end].decode("utf-32-le", "surrogatepass") for start, end in places]

    def take(self, rows: Numbers) -> Texts:
        """Return some of the texts."""
        if len(rows) == len(self.ends):
            return self
        lengths = self.lengths[rows]
        return Texts(self.codes[ranges(self.starts[rows], lengths)], np.cumsum(lengths, dtype=np.int64))

    def blocks(self) -> Iterator[Texts]:
        """Cut into pieces of about `BLOCK` characters, of one text at least."""
        begin, start = 0, 0
        while begin < len(self.ends):
            end = max(begin + 1, int(np.searchsorted(self.ends, start + BLOCK, side="right")))
            stop = int(self.ends[end - 1])
            yield Texts(self.codes[start:stop], self.ends[begin:end] - start)
            begin, start = end, stop


@dataclass(frozen=True)
class Shingles:
    """Hashes of the shingles of texts, text after text, with repetitions unless `distinct` made them.

    Attributes
    ----------
    hashes
        Shape: [shingles].
    counts
        Shingles of each text; 0 for a text that is too short to have one. Shape: [n].
    """

    hashes: Hashes
    counts: Numbers


def ranges(starts: Numbers, lengths: Numbers) -> Numbers:
    """Return the numbers from each start on, as many as its length says, one range after the other.

    Examples
    --------
    >>> ranges(np.array([5, 20]), np.array([2, 3])).tolist()
    [5, 6, 20, 21, 22]
    """
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total, dtype=np.int64) + np.repeat(starts - (ends - lengths), lengths)


def character_shingles(texts: Texts) -> Shingles:
    """Return the shingles of characters of one block of texts."""
    codes, n = texts.codes, len(texts.codes)
    left = np.repeat(texts.ends, texts.lengths) - np.arange(n)  # characters from here to the end of the text
    padded = np.concatenate([codes, np.zeros(CHARACTERS - 1, np.uint32)]).astype(np.uint64)
    rolled = np.zeros(n, np.uint64)
    size = np.full(n, CHARACTERS, np.int64)
    dense = _within(codes, _DENSE) if n and codes.max() >= _DENSE[0][0] else None
    for piece in range(CHARACTERS):
        if piece == DENSE_CHARACTERS and dense is not None:
            short = rolled[dense]
        rolled *= _POWER
        rolled += padded[piece : piece + n]
    if dense is not None:
        rolled[dense] = short ^ np.uint64(1 << 63)
        size[dense] = DENSE_CHARACTERS
    there = left >= size
    return Shingles(_mixed(rolled[there]), _sums(there, texts))


def word_shingles(texts: Texts) -> Shingles:
    """Return the shingles of words of one block of texts."""
    codes, n = texts.codes, len(texts.codes)
    kind = _kinds()[np.minimum(codes, 0xFFFF)]
    if n and codes.max() > 0xFFFF:
        kind = np.where(codes > 0xFFFF, np.where(_within(codes, _NO_SPACES), _SINGLE, _LETTER), kind).astype(np.uint8)
    first = np.zeros(n, bool)
    first[texts.starts[texts.lengths > 0]] = True
    before = np.concatenate([np.zeros(1, np.uint8), kind[:-1]])
    starts = (kind == _SINGLE) | ((kind == _LETTER) & (first | (before != _LETTER)))
    is_end = np.ones(n, bool)
    is_end[:-1] = (kind[1:] != _LETTER) | (kind[:-1] != _LETTER) | first[1:]
    begins = np.flatnonzero(starts)
    lengths = np.flatnonzero(is_end & (kind != _OTHER)) + 1 - begins
    if len(lengths) and lengths.max() > LONGEST_WORD:
        pieces = -(-lengths // LONGEST_WORD)
        offset = ranges(np.zeros(len(pieces), np.int64), pieces) * LONGEST_WORD
        begins, lengths = np.repeat(begins, pieces) + offset, np.repeat(lengths, pieces) - offset
        lengths = np.minimum(lengths, LONGEST_WORD)
    words = _word_hashes(codes, begins, lengths)
    per_text = np.diff(np.searchsorted(begins, np.concatenate([np.zeros(1, np.int64), texts.ends])))
    counts = np.maximum(per_text - (WORDS - 1), 0)
    places = ranges(np.cumsum(per_text) - per_text, counts)
    rolled = np.zeros(len(places), np.uint64)
    for piece in range(WORDS):
        rolled *= _POWER
        rolled += words[places + piece]
    return Shingles(_mixed(rolled), counts)


def distinct(shingles: Shingles) -> Shingles:
    """Return each text's different shingles, sorted."""
    ordered = sorted_each(shingles.hashes, shingles.counts)
    is_new = ~repeats(ordered, shingles.counts)
    ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(is_new)])
    edges = np.concatenate([np.zeros(1, np.int64), np.cumsum(shingles.counts)])
    return Shingles(ordered[is_new], np.diff(ends[edges]))


def sorted_each(values: Hashes, counts: Numbers) -> Hashes:
    """Sort consecutive pieces of an array, of ``counts`` values each.

    Pieces of similar length are rows of a matrix, since numpy sorts many short rows much faster than one long array.
    """
    ordered = np.empty_like(values)
    starts = np.cumsum(counts) - counts
    width_class = np.ceil(2 * np.log2(np.maximum(counts, 1))).astype(np.int64)
    for each in np.unique(width_class).tolist():
        pieces = np.flatnonzero(width_class == each)
        places = ranges(starts[pieces], counts[pieces])
        width = int(counts[pieces].max())
        inside = np.arange(width) < counts[pieces, None]
        matrix = np.full((len(pieces), width), np.iinfo(np.uint64).max, np.uint64)
        matrix[inside] = values[places]
        matrix.sort(axis=1)
        ordered[places] = matrix[inside]
    return ordered


def repeats(ordered: Hashes, counts: Numbers) -> NDArray[np.bool_]:
    """Say of each value of sorted pieces whether the one before it, in the same piece, is equal."""
    is_repeat = np.zeros(len(ordered), bool)
    is_repeat[1:] = ordered[1:] == ordered[:-1]
    is_repeat[(np.cumsum(counts) - counts)[counts > 0]] = False
    return is_repeat


def _word_hashes(codes: NDArray[np.uint32], begins: Numbers, lengths: Numbers) -> Hashes:
    """Hash pieces of ``codes``: differences of a running polynomial, divided by the power at which each begins."""
    n = len(codes)
    powers = np.concatenate([np.ones(1, np.uint64), np.full(n, _POWER, np.uint64)]).cumprod()
    inverses = np.concatenate([np.ones(1, np.uint64), np.full(n, _INVERSE, np.uint64)]).cumprod()
    running = np.concatenate([np.zeros(1, np.uint64), (codes.astype(np.uint64) * powers[:n]).cumsum()])
    hashes: Hashes = (running[begins + lengths] - running[begins]) * inverses[begins]
    return _mixed(hashes + lengths.astype(np.uint64))


def _mixed(hashes: Hashes) -> Hashes:
    """Mix bits, in place (the finalizer of SplitMix64, Steele and others, OOPSLA 2014)."""
    hashes ^= hashes >> np.uint64(30)
    hashes *= np.uint64(0xBF58476D1CE4E5B9)
    hashes ^= hashes >> np.uint64(27)
    hashes *= np.uint64(0x94D049BB133111EB)
    hashes ^= hashes >> np.uint64(31)
    return hashes


def _sums(there: NDArray[np.bool_], texts: Texts) -> Numbers:
    running = np.concatenate([np.zeros(1, np.int64), np.cumsum(there)])
    sums: Numbers = running[texts.ends] - running[texts.starts]
    return sums


def _within(codes: NDArray[np.uint32], scripts: Sequence[tuple[int, int]]) -> NDArray[np.bool_]:
    inside = np.zeros(len(codes), bool)
    for first, last in scripts:
        inside |= (codes >= first) & (codes <= last)
    return inside


_OTHER, _LETTER, _SINGLE = 0, 1, 2


@cache
def _kinds() -> NDArray[np.uint8]:
    """Say of each character up to U+FFFF whether it is part of a word (letter, digit, mark), a word alone, or neither."""
    letters = [unicodedata.category(chr(code))[0] in "LMN" for code in range(0x10000)]
    kinds = np.where(letters, _LETTER, _OTHER).astype(np.uint8)
    kinds[_within(np.arange(0x10000, dtype=np.uint32), _NO_SPACES) & (kinds == _LETTER)] = _SINGLE
    return kinds
