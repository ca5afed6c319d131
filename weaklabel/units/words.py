"""Words of texts, with their places in code points; every character but white space belongs to one word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from weaklabel.support.threads import check_fork
from weaklabel.units.offsets import row_of_units

UNSPACED = (
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u19e0-\u19ff\u3005-\u3007\u3021-\u3029\u3038-\u303b\u3041-\u309f\u30a0-\u30ff"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uaa60-\uaa7f\uf900-\ufaff\uff66-\uff9f\U0001b000-\U0001b16f"
    "\U00020000-\U000323af]"
)
"""Regex of a character of a script that puts no spaces between words: Han, kana, Thai, Lao, Khmer, Myanmar."""

_LETTERS = rf"[\w--{UNSPACED}]+"
_POSSESSIVE = r"['\u2019][sS](?-u:\b)"
_AFTER_APOSTROPHE = rf"(?:[\w--{UNSPACED}--[sS]][\w--{UNSPACED}]*|[sS]{_LETTERS})"
_MODIFIERS = r"[\p{M}\x{1F3FB}-\x{1F3FF}]*"
_SYMBOL = rf"[^\s\w]{_MODIFIERS}(?:\x{{200D}}[^\s\w]{_MODIFIERS})*"

_NUMBER = r"\p{Nd}+(?:[.,:]\p{Nd}+)+"

WORD = rf"{UNSPACED}\p{{M}}*|{_NUMBER}|{_LETTERS}(?:['\u2019]{_AFTER_APOSTROPHE})*|{_POSSESSIVE}|{_SYMBOL}"
"""Rust regex of a word: a character of an unspaced script; a number such as 1,000.5 or 10:30; a run of letters, marks and
digits, with apostrophes inside; the 's behind a word; any other character alone, an emoji with what modifies it or is joined
to it."""

_PIECE = rf"\s+|{WORD}"


@dataclass(frozen=True, eq=False)
class Units:
    """Units of some rows: where each begins and ends in the text of its row.

    Attributes
    ----------
    offsets : array
        The units of row ``i`` are ``offsets[i]`` to before ``offsets[i + 1]``. Shape: [n_rows + 1].
    begins, ends : array
        Places in the text, in code points. Shape: [n_units].
    """

    offsets: NDArray[np.int64]
    begins: NDArray[np.int64]
    ends: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.begins)

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.offsets) - 1

    @property
    def row_of(self) -> NDArray[np.int64]:
        """The row of each unit. Shape: [n_units]."""
        return row_of_units(self.offsets)

    def of_row(self, row: int) -> list[tuple[int, int]]:
        """Return begin and end of each unit of a row."""
        units = slice(self.offsets[row], self.offsets[row + 1])
        return list(zip(self.begins[units].tolist(), self.ends[units].tolist(), strict=True))

    def texts(self, texts: Sequence[str]) -> list[str]:
        """Return the text of each unit; ``texts`` are those of the rows. Length: n_units."""
        return [texts[row][begin:end] for row in range(self.n_rows) for begin, end in self.of_row(row)]


def find_words(texts: Sequence[str] | pl.Series) -> Units:
    """Find the words of texts.

    A word is a run of letters, digits and marks, an apostrophe between two of them included; the "'s" behind a word, so that
    "Ada's" has the name as a word; a number such as 1,000.5; in scripts without spaces between words (Chinese, Japanese, Thai,
    Lao, Khmer, Burmese) a single character; any other character but white space is a word of its own, and an emoji of several
    characters is one.

    Parameters
    ----------
    texts
        A missing text has no words. Length: n.

    Examples
    --------
    >>> words = find_words(["Don't go!", "", "\u6771\u4eac (2x)"])
    >>> words.texts(["Don't go!", "", "\u6771\u4eac (2x)"])
    ["Don't", 'go', '!', '\u6771', '\u4eac', '(', '2x', ')']
    >>> words.offsets.tolist(), words.of_row(0)
    ([0, 3, 3, 8], [(0, 5), (6, 8), (8, 9)])
    """
    return _split(texts)[0]


@dataclass(frozen=True, eq=False)
class SpelledWords:
    """The words of some rows, each distinct one spelled once.

    Attributes
    ----------
    units : Units
        Where the words are.
    codes : array
        The place of each word in ``vocabulary``. Shape: [n_words].
    vocabulary : Series
        The distinct words, in no particular order.
    """

    units: Units
    codes: NDArray[np.int64]
    vocabulary: pl.Series


def spell_words(texts: Sequence[str] | pl.Series) -> SpelledWords:
    """Find the words of texts as `find_words` does, and say which of them are the same.

    Work on words, such as looking them up, is then done once for each distinct one.

    Examples
    --------
    >>> words = spell_words(["so it is, is it", ""])
    >>> words.vocabulary.gather(words.codes).to_list()
    ['so', 'it', 'is', ',', 'is', 'it']
    """
    units, words = _split(texts)
    return SpelledWords(units, *_distinct(words))


def _split(texts: Sequence[str] | pl.Series) -> tuple[Units, pl.Series]:
    """Return where the words of texts are, and the words themselves."""
    check_fork()
    column = pl.Series("text", texts, dtype=pl.String).fill_null("")
    # All of the text, white space included, so that lengths add up to places.
    pieces_of_text = column.str.extract_all(_PIECE)
    counts = pieces_of_text.list.len().to_numpy().astype(np.int64)
    pieces = pieces_of_text.filter(counts > 0).explode()
    lengths = pieces.str.len_chars().to_numpy().astype(np.int64)
    is_word = ~pieces.str.contains(r"^\s")
    at = np.flatnonzero(is_word.to_numpy())
    row = np.repeat(np.arange(len(column)), counts)[at]
    lengths_of_texts = column.str.len_chars().to_numpy().astype(np.int64)
    ends = np.cumsum(lengths)[at] - (np.cumsum(lengths_of_texts) - lengths_of_texts)[row]
    offsets = np.zeros(len(column) + 1, dtype=np.int64)
    np.cumsum(np.bincount(row, minlength=len(column)), out=offsets[1:])
    return Units(offsets, ends - lengths[at], ends), pieces.filter(is_word)


def _distinct(strings: pl.Series) -> tuple[NDArray[np.int64], pl.Series]:
    """Return the place of each string among the distinct ones, and these."""
    # Categories of its own: those that all columns share by default would grow with every corpus.
    column = strings.cast(pl.Categorical(pl.Categories.random()))
    numbers = column.to_physical().to_numpy()
    distinct = column.unique()
    place_of = np.zeros(int(numbers.max(initial=0)) + 1, dtype=np.int64)
    place_of[distinct.to_physical().to_numpy()] = np.arange(len(distinct))
    return place_of[numbers], distinct.cast(pl.String)
