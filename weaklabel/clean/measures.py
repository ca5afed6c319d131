"""What filters measure of texts: numbers of characters, words and lines, shares of them, and repetition.

Each measure is an array with a number for each text; NaN means that a filter does not apply to the text. What several
measures need, such as the words, is found once.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from weaklabel.clean.language import ANY_LANGUAGE, CONFIDENCE, LANGUAGE, SURE, UNDETERMINED
from weaklabel.clean.letters import UNIT, evidence
from weaklabel.clean.repairs import lines_of
from weaklabel.units.words import UNSPACED

Numbers: TypeAlias = NDArray[np.float64]

TOKEN = rf"{UNSPACED}|[^\s--{UNSPACED}]+"
"""Rust regex of a token: a run of characters other than white space; in scripts without spaces each character."""

WORD = rf"{UNSPACED}|[^\s--{UNSPACED}]*[\w--{UNSPACED}][^\s--{UNSPACED}]*"
"""Rust regex of a word: a token with a letter or a digit."""

_WITH_LETTER = rf"{UNSPACED}|[^\s--{UNSPACED}]*[\p{{L}}--{UNSPACED}][^\s--{UNSPACED}]*"

STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")
"""Of English, which Gopher counts."""

SHORT_LINE = 30
"""Characters of a short line at most, as FineWeb has it."""

_SENTENCE_END = r"[.!?]+['\"”’)\]]*(?:\s|$)|[。！？]+"


class Measures:
    """Measures of texts.

    Parameters
    ----------
    texts
        The texts, none missing. Length: n.
    languages
        As of `languages_of`, where a rule asks for them.
    """

    def __init__(self, texts: pl.Series, languages: pl.DataFrame | None = None) -> None:
        self.texts = texts
        self.languages = languages

    @cached_property
    def confidence(self) -> Numbers:
        """Confidence that the text is in its language. Shape: [n]."""
        assert self.languages is not None, "a rule on the confidence asks for languages"
        return self.languages[CONFIDENCE].to_numpy()

    def is_in_other_language(self, languages: tuple[str, ...]) -> NDArray[np.bool_]:
        """Return whether the text is surely in none of some languages; no text is, if "any" is one of them. Shape: [n]."""
        assert self.languages is not None, "a rule on the language asks for languages"
        if ANY_LANGUAGE in languages:
            return np.zeros(len(self.texts), dtype=np.bool_)
        is_other = ~self.languages[LANGUAGE].is_in([*languages, UNDETERMINED]).to_numpy()
        return is_other & (self.confidence >= SURE)

    def count(self, pattern: str) -> Numbers:
        """Return how often a regex matches in each text. Shape: [n]."""
        return self.texts.str.count_matches(pattern).to_numpy().astype(np.float64)

    @cached_property
    def characters(self) -> Numbers:
        """Number of characters. Shape: [n]."""
        return self.texts.str.len_chars().to_numpy().astype(np.float64)

    @cached_property
    def visible_characters(self) -> Numbers:
        """Number of characters that are not white space. Shape: [n]."""
        return self.count(r"\S")

    @cached_property
    def tokens(self) -> Numbers:
        """Number of tokens. Shape: [n]."""
        return self.count(TOKEN)

    @cached_property
    def words(self) -> Numbers:
        """Number of words. Shape: [n]."""
        return self.count(WORD)

    @cached_property
    def is_spaced(self) -> NDArray[np.bool_]:
        """Whether at most half of the words are single characters of a script without spaces. Shape: [n]."""
        return self.count(UNSPACED) * 2 <= self.words

    def in_spaced(self, numbers: Numbers) -> Numbers:
        """Return the numbers, NaN for texts in scripts without spaces, of whose words they would say nothing."""
        return np.where(self.is_spaced, numbers, np.nan)

    @cached_property
    def mean_word_length(self) -> Numbers:
        """Characters of a word, on average. Shape: [n]."""
        in_words = self.texts.str.extract_all(WORD).list.join("").str.len_chars().to_numpy().astype(np.float64)
        return self.in_spaced(_share(in_words, self.words))

    @cached_property
    def alphabetic_words(self) -> Numbers:
        """Share of the tokens that have a letter. Shape: [n]."""
        return _share(self.count(_WITH_LETTER), self.tokens)

    @cached_property
    def stop_words(self) -> Numbers:
        """Number of frequent English words. Shape: [n]."""
        return self.in_spaced(self.count(rf"(?i)\b(?:{'|'.join(STOP_WORDS)})\b"))

    @cached_property
    def symbols_per_word(self) -> Numbers:
        """Number of hash signs or of ellipses, whichever are more, per word. Shape: [n]."""
        return _share(np.maximum(self.count("#"), self.count(r"\.\.\.|…")), self.words)

    @cached_property
    def sentences(self) -> Numbers:
        """Number of sentences: ends of sentences, and what stands behind the last. Shape: [n]."""
        without_end = ~self.texts.str.contains(r"^\s*$|(?:[.!?]['\"”’)\]]*|[。！？])\s*$").to_numpy()
        return self.count(_SENTENCE_END) + without_end

    @cached_property
    def symbol_share(self) -> Numbers:
        """Share of the visible characters that are neither letters, marks nor digits. Shape: [n]."""
        return _share(self.count(r"[^\s\p{L}\p{M}\p{N}]"), self.visible_characters)

    @cached_property
    def digit_share(self) -> Numbers:
        """Share of the visible characters that are digits. Shape: [n]."""
        return _share(self.count(r"\p{N}"), self.visible_characters)

    @cached_property
    def uppercase_share(self) -> Numbers:
        """Share of the letters with case that are capitals. Shape: [n]."""
        return _share(self.count(r"\p{Lu}"), self.count(r"[\p{Lu}\p{Ll}]"))

    @cached_property
    def replacement_share(self) -> Numbers:
        """Share of the visible characters that stand for lost ones: U+FFFD, and private use. Shape: [n]."""
        return _share(self.count(r"[\x{FFFD}\p{Co}]"), self.visible_characters)

    # -------------------------------------------------------------- lines

    @cached_property
    def lines(self) -> pl.DataFrame:
        """The lines that are not blank: ``row`` of the text, ``line``, its ``length``, ``again`` if it stood before."""
        return (
            lines_of(self.texts)
            .filter(pl.col("line") != "")
            .with_columns(again=~pl.struct("row", "line").is_first_distinct(), length=pl.col("line").str.len_chars())
        )

    def line_share(self, condition: pl.Expr) -> Numbers:
        """Return the share of each text's lines for which an expression is true. Shape: [n]."""
        rows = self.lines["row"].to_numpy()
        which = self.lines.select(condition.cast(pl.Float64)).to_series().to_numpy()
        n = len(self.texts)
        return _share(np.bincount(rows, which, n), np.bincount(rows, minlength=n).astype(np.float64))

    def repeated_characters(self, units: pl.DataFrame) -> Numbers:
        """Return the share of each text's characters that are in lines or paragraphs that stood before. Shape: [n]."""
        again = units.filter("again")
        in_units = np.bincount(again["row"].to_numpy(), again["length"].to_numpy(), len(self.texts))
        return _share(in_units, self.characters)

    @cached_property
    def bullet_lines(self) -> Numbers:
        """Share of the lines that begin with a bullet. Shape: [n]."""
        return self.line_share(pl.col("line").str.contains(r"^[•‣⁃◦▪▫●○■□–*-]\s?"))

    @cached_property
    def ellipsis_lines(self) -> Numbers:
        """Share of the lines that end in an ellipsis. Shape: [n]."""
        return self.line_share(pl.col("line").str.contains(r"(?:\.\.\.|…)$"))

    @cached_property
    def punctuated_lines(self) -> Numbers:
        """Share of the lines that end in punctuation. Shape: [n]."""
        return self.line_share(pl.col("line").str.contains(r"[.!?'\"。！？”’」』]$"))

    @cached_property
    def short_lines(self) -> Numbers:
        """Share of the lines of at most 30 characters. Shape: [n]."""
        return self.line_share(pl.col("length") <= SHORT_LINE)

    @cached_property
    def line_breaks_per_word(self) -> Numbers:
        """Number of line breaks per word. Shape: [n]."""
        return _share(self.count("\n"), self.words)

    @cached_property
    def duplicate_lines(self) -> Numbers:
        """Share of the lines that stood before in the text. Shape: [n]."""
        return self.line_share(pl.col("again"))

    @cached_property
    def duplicate_line_characters(self) -> Numbers:
        """Share of the characters that are in lines that stood before. Shape: [n]."""
        return self.repeated_characters(self.lines)

    @cached_property
    def paragraphs(self) -> pl.DataFrame:
        """The paragraphs, as `lines` has lines: what blank lines part."""
        marked = self.texts.str.replace_all(r"\n[^\S\n]*\n\s*", "\x1d")
        return (
            pl.DataFrame({"line": marked.str.split("\x1d")})
            .with_row_index("row")
            .explode("line")
            .with_columns(pl.col("line").str.strip_chars())
            .filter(pl.col("line") != "")
            .with_columns(again=~pl.struct("row", "line").is_first_distinct(), length=pl.col("line").str.len_chars())
        )

    @cached_property
    def duplicate_paragraphs(self) -> Numbers:
        """Share of the paragraphs that stood before in the text. Shape: [n]."""
        rows, n = self.paragraphs["row"].to_numpy(), len(self.texts)
        again = self.paragraphs["again"].to_numpy().astype(np.float64)
        return _share(np.bincount(rows, again, n), np.bincount(rows, minlength=n).astype(np.float64))

    @cached_property
    def duplicate_paragraph_characters(self) -> Numbers:
        """Share of the characters that are in paragraphs that stood before. Shape: [n]."""
        return self.repeated_characters(self.paragraphs)

    # ------------------------------------------------------------ n-grams

    @cached_property
    def grams(self) -> Grams:
        """The runs of tokens that occur more than once in a text."""
        return Grams(self.texts, self.characters)

    # ---------------------------------------------------------- gibberish

    @cached_property
    def gibberish(self) -> Numbers:
        """Share of the visible characters that are in tokens that look random. Shape: [n].

        A token does by itself (see `looks_random`), or as one of several that together are no language (see
        `weaklabel.clean.letters.evidence`).
        """
        lists = self.texts.str.extract_all(TOKEN)
        counts = lists.list.len().to_numpy()
        tokens = lists.filter(counts > 0).explode()
        rows = np.repeat(np.arange(len(self.texts)), counts)
        vocabulary = tokens.unique(maintain_order=True)
        if not len(tokens):
            return _share(np.zeros(len(self.texts)), self.visible_characters)
        codes = tokens.cast(pl.Enum(vocabulary)).to_physical().to_numpy()
        lengths = vocabulary.str.len_chars().to_numpy().astype(np.float64)
        words = evidence(vocabulary.set(vocabulary.str.contains(_NO_WORDS), "").to_list())
        # A word that is said again and again says nothing new.
        pairs = np.unique(np.stack([rows, codes]), axis=1)
        of_text = np.zeros(len(self.texts), np.int64)
        np.add.at(of_text, pairs[0], words[pairs[1]])
        is_random = (looks_random(vocabulary) | (words < -CERTAIN * UNIT))[codes]
        is_random |= (words < 0)[codes] & (of_text < -CERTAIN * UNIT)[rows]
        return _share(np.bincount(rows, lengths[codes] * is_random, len(self.texts)), self.visible_characters)


def _share(part: NDArray[Any], whole: NDArray[Any]) -> Numbers:
    """Return ``part / whole``, and NaN where the whole is 0."""
    return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)


CERTAIN = 18
"""Words are random where that is e to this power times as likely as that they are of a language."""

_NO_WORDS = r"[\d@#/\\_=<>{}|%]|^-+\p{L}|\w\.\w"
"""Addresses, code and options of commands: letters in them follow other rules."""

_ADDRESS = r"(?i)://|\bwww\.|[?&]\w+=|^[^@\s]+@[^@\s]+\.[a-z]|^[\w.-]+\.[a-z]{2,}(?:/|$)"
_MIXED = r"\d\p{L}+\d+\p{L}+\d|\p{L}\d+\p{L}+\d+\p{L}+\d*\p{L}"
_CASES = r"\p{Ll}\p{Lu}+\p{Ll}+\p{Lu}+\p{Ll}*\p{Lu}"
_VOWELS = "aeiouyàáâãäåæèéêëìíîïòóôõöøùúûüýÿāăąēĕėęěīĭįıōŏőœūŭůűųơưǎǐǒǔạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ"
_CONSONANTS = rf"[\p{{Latin}}--{_VOWELS}{_VOWELS.upper()}]"
_NO_VOWEL = rf"^[^\p{{L}}]*{_CONSONANTS}{{7,}}[^\p{{L}}]*$"
_CONSONANT_RUN = rf"{_CONSONANTS}{{8,}}"
_ONE_LETTER = "^(?:" + "|".join(f"{letter}{{6,}}" for letter in "abcdefghijklmnopqrstuvwxyz") + ")$"
_DRAWN_OUT = "(?i)" + "|".join(letter * 3 for letter in "abcdefghijklmnopqrstuvwxyz")
_LONG = r"[\p{Latin}\d]{51,}"


def looks_random(tokens: pl.Series) -> NDArray[np.bool_]:
    """Say which tokens look like keys hit at random, hashes, or encoded bytes rather than words. Shape: [n] -> [n].

    That is: letters and digits that alternate three times, lower and upper case that alternate three times, seven letters
    without a vowel, eight consonants in a row, one letter six times and nothing else, or over 50 letters and digits in a
    row. Letters that draw a word out, as in "sooooo", count twice at most. Addresses of pages and mail do not count.
    """
    drawn_out = tokens.str.contains(_DRAWN_OUT)
    shortened = [re.sub(r"([^\W\d_])\1{2,}", r"\1\1", token, flags=re.IGNORECASE) for token in tokens.filter(drawn_out)]
    frame = pl.DataFrame({"token": tokens.clone().scatter(drawn_out.arg_true(), shortened), "whole": tokens})
    token = pl.col("token")
    random = (
        token.str.contains(_MIXED)
        | token.str.contains(_CASES)
        | token.str.contains(_NO_VOWEL)
        | token.str.contains(_CONSONANT_RUN)
        | pl.col("whole").str.contains(f"(?i){_ONE_LETTER}")
        | token.str.contains(_LONG)
    )
    return frame.select(random & ~token.str.contains(_ADDRESS)).to_series().to_numpy()


class Grams:
    """Runs of n tokens that occur more than once in a text, for n = 2, 3 ...

    Only where a run of n - 1 tokens is repeated can one of n tokens be, so few are looked at but for texts that repeat
    themselves.

    Parameters
    ----------
    texts, characters
        The texts, and their numbers of characters. Length: n.
    """

    def __init__(self, texts: pl.Series, characters: Numbers) -> None:
        lists = texts.str.extract_all(TOKEN)
        counts = lists.list.len().to_numpy().astype(np.int64)
        tokens = lists.filter(counts > 0).explode()
        self.n: int = len(texts)
        self.characters = characters
        self.rows: NDArray[np.int_] = np.repeat(np.arange(self.n), counts)
        lengths = tokens.str.len_chars().to_numpy().astype(np.int64)
        # Characters before each token, with a space behind each, as they are counted.
        self.before = np.concatenate([[0], np.cumsum(lengths + 1)])
        vocabulary = tokens.unique(maintain_order=True)
        codes = tokens.cast(pl.Enum(vocabulary)).to_physical() if len(tokens) else pl.Series([], dtype=pl.UInt32)
        # A number for each run of n tokens that begins here, the same for the same tokens in the same text; in the first
        # place for runs of one.
        self._codes = [codes.to_numpy().astype(np.int64)]
        self._begins = [np.arange(len(tokens))]

    def level(self, n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return where repeated runs of ``n`` tokens begin, ascending, and a number for each, the same for the same run."""
        while len(self._begins) < n:
            self._extend()
        return self._begins[n - 1], self._codes[n - 1]

    def _extend(self) -> None:
        """Find the repeated runs of one token more."""
        begins, codes = self._begins[-1], self._codes[-1]
        n = len(self._begins)
        # Both the run and the one that begins a token later must be repeated, and be in one text.
        place = np.searchsorted(begins, begins + 1)
        goes_on = (place < len(begins)) & (begins + n < len(self.rows))
        goes_on[goes_on] &= begins[place[goes_on]] == begins[goes_on] + 1
        goes_on[goes_on] &= self.rows[begins[goes_on]] == self.rows[begins[goes_on] + n]
        kept, rows = begins[goes_on], self.rows[begins[goes_on]]
        runs = codes[goes_on] * (int(codes.max(initial=0)) + 1) + codes[place[goes_on]]
        is_repeated = pl.DataFrame({"row": rows, "run": runs}).is_duplicated().to_numpy()
        different, code = np.unique(runs[is_repeated], return_inverse=True)
        self._begins.append(kept[is_repeated])
        self._codes.append(np.unique(rows[is_repeated] * len(different) + code, return_inverse=True)[1])

    def top(self, n: int) -> Numbers:
        """Return the share of characters in the run of ``n`` tokens that takes most, if it is repeated. Shape: [texts]."""
        begins, codes = self.level(n)
        if not len(begins):
            return np.zeros(self.n)
        lengths = (self.before[begins + n] - self.before[begins] - 1).astype(np.float64)
        _, first, counts = np.unique(codes, return_index=True, return_counts=True)
        most = np.zeros(self.n)
        np.maximum.at(most, self.rows[begins[first]], counts * lengths[first])
        return np.minimum(_share(most, self.characters), 1.0)

    def duplicate(self, n: int) -> Numbers:
        """Return the share of characters in runs of ``n`` tokens that stood before in the text. Shape: [texts]."""
        begins, codes = self.level(n)
        if not len(begins):
            return np.zeros(self.n)
        _, first = np.unique(codes, return_index=True)
        again = np.ones(len(begins), dtype=bool)
        again[first] = False
        changes = np.zeros(len(self.rows) + 1, dtype=np.int64)
        np.add.at(changes, begins[again], 1)
        np.add.at(changes, begins[again] + n, -1)
        is_covered = np.cumsum(changes[:-1]) > 0
        lengths = np.diff(self.before)[is_covered].astype(np.float64)
        return np.minimum(_share(np.bincount(self.rows[is_covered], lengths, self.n), self.characters), 1.0)
