"""Lexicon labeling functions: word lists of any length, counted or weighed, over one shared pass over the tokens."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from weaklabel.corpus.batch import TEXT, Batch
from weaklabel.errors import LFError
from weaklabel.labels import ABSTAIN, VoteArray, as_votes
from weaklabel.lf.core import LF, Place, Reason, check_columns, check_label, check_name, column_text
from weaklabel.lf.reasons import cell_text, enumerated, joined, limits, listed, matches, quoted
from weaklabel.lf.regexes import check_keywords_pattern, check_words
from weaklabel.lf.spelling import canonical, entry_of, is_unspaced, is_word_character, keyword_pattern
from weaklabel.support.encodings import NotUtf8, utf8
from weaklabel.support.threads import check_fork

_SPACES = re.compile(r"[^\S\x1c-\x1f]+")  # what polars takes for white space: Python adds four separators

ROUNDING = 1e-9
"""How far a sum of weights may fall short of the minimum, so that ten times 0.1 reaches 1."""


class LexiconLF(LF):
    """A labeling function that adds up the entries of a lexicon in a text; see `lexicon_lf`.

    It is not a polars expression: polars does not share work between expressions that look into lists, so that ten lexicons
    would split the texts ten times.
    """

    kind = "lexicon"
    label: int
    place = Place.IN_PROCESS

    def __init__(
        self, name: str, label: int, weights: Mapping[str, float], least: float, ignore_case: bool, column: str
    ) -> None:
        self.name = name
        self.columns: tuple[str, ...] = (column,)
        self.label = label
        self.least = least
        self.ignore_case = ignore_case
        self.words: dict[str, float] = {}
        others: dict[str, float] = {}
        for entry, weight in weights.items():
            is_word = all(map(is_word_character, entry)) and not is_unspaced(entry)
            (self.words if is_word else others)[entry] = weight
        self.others: list[tuple[dict[str, float], str]] = (
            [(others, check_keywords_pattern(name, keyword_pattern(others, None), False))] if others else []
        )

    def vote(self, batch: Batch) -> VoteArray:
        """Vote on every row of ``batch``; see `LF.vote`."""
        check_columns(self.name, self.columns, batch)
        return as_votes(np.where(self.sums(batch) >= self.least - ROUNDING, self.label, ABSTAIN), self.label + 1)

    def sums(self, batch: Batch) -> NDArray[np.float64]:
        """Return the sum of the weights of all entries found in each row. Shape: [n]."""
        (column,) = self.columns
        shared = (column, self.ignore_case)
        text = batch.once(
            ("plain text", *shared),
            lambda: plain(batch.frame.select(column_text(column)).to_series(), self.ignore_case),
        )
        sums = np.zeros(len(batch))
        if self.words:
            tokens = batch.once(("tokens", *shared), lambda: FoundTokens(text.str.extract_all(r"\w+")))
            sums += tokens.sums(self.words)
        for entries, pattern in self.others:
            sums += FoundTokens(text.str.extract_all(pattern)).sums(entries)
        return sums

    def identity(self) -> Any:
        """See `LF.identity`."""
        return [pl.__version__, super().identity()]

    def reason(self, row: Batch, vote: int) -> Reason:
        """See `LF.reason`."""
        (column,) = self.columns
        entries = entries_in(self, cell_text(row, column))
        spans = joined((begin, end) for begin, end, _, _ in entries)
        if all(weight == 1 for _, _, _, weight in entries):
            least = "" if self.least == 1 else limits(self.least, None)
            return Reason(f"finds {listed(entry for _, _, entry, _ in entries)}{least}", column, spans)
        weighed = enumerated(f"{quoted(entry)} {weight:+g}" for _, _, entry, weight in entries)
        return Reason(f"finds {weighed}: {self.sums(row)[0]:g} together{limits(self.least, None)}", column, spans)

    def options(self) -> dict[str, Any]:
        """See `LF.options`."""
        n_entries = len(self.words) + sum(len(entries) for entries, _ in self.others)
        return {"entries": n_entries, "min": self.least, "ignore_case": self.ignore_case}

    def __repr__(self) -> str:
        return f"lexicon_lf({self.name!r})"


class FoundTokens:
    """The strings found in each row, each distinct one kept once.

    Parameters
    ----------
    lists
        Lists of strings, or null, for each row. Length: n.
    """

    def __init__(self, lists: pl.Series) -> None:
        lengths = lists.list.len().fill_null(0).to_numpy()
        strings = lists.filter(pl.Series(lengths > 0)).explode()
        self.n: int = len(lists)
        self.rows: NDArray[np.int_] = np.repeat(np.arange(self.n), lengths)
        self.vocabulary: Any = strings.unique(maintain_order=True)
        self.codes: Any = strings.cast(pl.Enum(self.vocabulary)).to_physical().to_numpy()
        # Only what is not ASCII has other spellings, except for the few characters that `canonical` replaces by plain ones.
        self.odd: list[tuple[int, str]] = [
            (place, canonical(string))
            for place, string in enumerate(self.vocabulary.to_list())
            if not string.isascii() or "`" in string
        ]

    def sums(self, weights: Mapping[str, float]) -> NDArray[np.float64]:
        """Return the sum of the weights of each row's strings, 0 for a string that has none. Shape: [n]."""
        worth = self.vocabulary.replace_strict(
            list(weights), list(weights.values()), default=0.0, return_dtype=pl.Float64
        ).to_numpy()
        odd = [(place, entry_of(string, weights)) for place, string in self.odd]
        if odd:
            worth = worth.copy()
            worth[[place for place, _ in odd]] = [0.0 if entry is None else weights[entry] for _, entry in odd]
        # bincount counts in whole numbers if there is nothing to weigh
        return np.bincount(self.rows, weights=worth[self.codes], minlength=self.n).astype(np.float64)


def lexicon_lf(
    name: str,
    label: int,
    lexicon: str | os.PathLike[str] | Iterable[str] | Mapping[str, float],
    *,
    column: str = TEXT,
    ignore_case: bool = True,
    min_count: int = 1,
    min_weight: float | None = None,
) -> LexiconLF:
    r"""Vote where a text holds enough entries of a lexicon.

    Single words are compared with the text's tokens (``\w+``), so a lexicon may have any number of them. Entries that
    are no single token ("check out", "don't", ":)") are looked for as whole words, the longest where several begin at
    the same place, and those in a script without spaces (Chinese, Japanese, Thai) anywhere. An occurrence counts once
    as a word and once as part of an entry of several words, if the lexicon has both. Spellings that people take for the
    same match, and words in Hangul match with particles behind them, as in `keyword_lf`.

    Parameters
    ----------
    name
        Name of the labeling function.
    label
        Class it votes for, 0..32,766.
    lexicon
        Path of a UTF-8 file with an entry a line, then a TAB and a weight if wanted (a line that begins with # is a
        comment, an empty one is skipped); or words; or a mapping from word to weight. An entry without a weight
        weighs 1.
    column
        Column to read.
    ignore_case
        Compare lower-cased words.
    min_count
        Number of entries found in the text, repeats included, that it takes; weights do not matter.
    min_weight
        Instead of ``min_count``: sum of the weights of the entries found that it takes; above 0.

    Raises
    ------
    LFError
        The file is missing or a line of it is wrong (says which); the lexicon is empty or has an entry twice with
        different weights; a wrong name, label or minimum.

    Examples
    --------
    >>> lf = lexicon_lf("praise", 1, {"good": 1, "great": 2, "bad": -2}, min_weight=2)
    >>> lf.vote(Batch(pl.DataFrame({"text": ["Great!", "good good", "great but bad"]})))
    array([ 1,  1, -1], dtype=int8)
    """
    entries = _entries(check_name(name), lexicon)
    least = _least(name, min_count, min_weight)
    weights = _weights(name, entries, ignore_case)
    if min_weight is None:
        weights = dict.fromkeys(weights, 1.0)
    return LexiconLF(name, check_label(name, label), weights, least, ignore_case, column)


class _Entry(NamedTuple):
    text: str
    weight: float
    origin: str


def _entries(name: str, lexicon: Any) -> list[_Entry]:
    if isinstance(lexicon, str | os.PathLike):
        return _read(name, Path(lexicon))
    words = check_words(name, lexicon)
    if isinstance(lexicon, Mapping):
        return [_Entry(word, _weight(lexicon[word], f"LF '{name}': entry '{word}'"), "") for word in words]
    return [_Entry(word, 1.0, "") for word in words]


def _read(name: str, path: Path) -> list[_Entry]:
    """Read a lexicon file; see `lexicon_lf`."""
    try:
        content = utf8(path.read_bytes(), f"LF '{name}': lexicon {path}")
    except NotUtf8 as error:
        raise LFError(str(error)) from None
    except OSError as error:
        raise LFError(
            f"LF '{name}': cannot read lexicon {path}: {error.strerror or error}; give the path of a file, or a list of words"
        ) from None
    entries = []
    # Not str.splitlines, which also splits at separators that may be inside an entry.
    for number, line in enumerate(content.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        origin = f"lexicon {path}, line {number}"
        text = line.strip(" ")
        if text.strip() and not text.startswith("#"):
            entries.append(_parse(text, f"LF '{name}': {origin}", origin))
    if not entries:
        raise LFError(f"LF '{name}': lexicon {path} has no entries; write one a line")
    return entries


def _parse(line: str, where: str, origin: str) -> _Entry:
    word, tab, weight = line.partition("\t")
    if not word.strip():
        raise LFError(f"{where}: the word before the TAB is missing")
    return _Entry(word.strip(), _weight(weight.strip(), where) if tab else 1.0, origin)


def _weight(value: Any, where: str) -> float:
    try:
        weight = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        weight = math.nan
    if not math.isfinite(weight):
        raise LFError(f"{where}: the weight must be a finite number such as 1 or -0.5, not {value!r}")
    return weight


def _least(name: str, min_count: int, min_weight: float | None) -> float:
    if isinstance(min_count, bool) or not isinstance(min_count, int) or min_count < 1:
        raise LFError(f"LF '{name}': min_count must be a whole number, 1 or more, not {min_count!r}")
    if min_weight is None:
        return min_count
    if min_count != 1:
        raise LFError(f"LF '{name}': give min_count or min_weight, not both")
    least = _weight(min_weight, f"LF '{name}': min_weight")
    if least <= 0:
        raise LFError(
            f"LF '{name}': min_weight must be above 0, not {min_weight}: it would vote on texts without any entry"
        )
    return least


def _weights(name: str, entries: list[_Entry], ignore_case: bool) -> dict[str, float]:
    """Return the weight of each entry in its plain form."""
    first: dict[str, _Entry] = {}
    for entry in entries:
        text = canonical(_SPACES.sub(" ", entry.text.lower() if ignore_case else entry.text).strip())
        earlier = first.setdefault(text, entry)
        if earlier.weight != entry.weight:
            where = f" ({earlier.origin}; {entry.origin})" if entry.origin else ""
            raise LFError(f"LF '{name}': '{text}' weighs both {earlier.weight:g} and {entry.weight:g}{where}; keep one")
    return {text: entry.weight for text, entry in first.items()}


def plain(texts: pl.Series, ignore_case: bool) -> pl.Series:
    """Return the texts with every run of white space as one space, in lower case if that is to be ignored."""
    check_fork()
    # Single spaces, which is nearly all white space, stay untouched: six times faster.
    return (texts.str.to_lowercase() if ignore_case else texts).str.replace_all(r"\s\s+|[^\S ]", " ")


class FoundEntry(NamedTuple):
    """An entry of a lexicon, found in a text."""

    begin: int
    end: int
    entry: str
    weight: float


def entries_in(lf: LexiconLF, text: str) -> list[FoundEntry]:
    """Return the entries of a lexicon in the order in which they are in the text, as its vote counts them."""
    bare = plain(pl.Series([text]), lf.ignore_case)[0]
    origins = _origins(text, lf.ignore_case)
    sought = [(lf.words, r"\w+")] * bool(lf.words) + lf.others
    entries_found = (
        FoundEntry(origins[begin], origins[end - 1] + 1, entry, entries[entry])
        for entries, pattern in sought
        for begin, end in matches(pattern, bare)
        if (entry := entry_of(canonical(bare[begin:end]), entries)) is not None
    )
    return sorted(entries_found)


def _origins(text: str, ignore_case: bool) -> list[int]:
    """Return the position in the text of each character of its `plain` form: lower case may be longer than upper."""
    lower, origins = text, list(range(len(text)))
    if ignore_case:
        letters = pl.Series(list(text), dtype=pl.String).str.to_lowercase()
        origins = [place for place, letter in enumerate(letters) for _ in letter]
        lower = "".join(letters)
    return [origins[place] for place in _kept(lower)]


def _kept(text: str) -> Iterator[int]:
    """Yield the places of the characters that stay when every run of white space becomes one."""
    is_space = pl.Series(list(text), dtype=pl.String).str.contains(r"\s").to_list()
    for place, space in enumerate(is_space):
        if not (space and place and is_space[place - 1]):
            yield place
