r"""Pattern labeling functions: declared rather than written, and evaluated column-wise, all in one pass.

Patterns are Rust regexes, run by polars in time linear in the text: none takes forever. They agree with Python's `re`,
except that:

- lookaround and backreferences are refused;
- ``$`` is the end of the text only, not also the place before a line break that ends it;
- ``\w``, and so ``\b``, takes combining marks and zero-width joiners for word characters and numbers such as "²" and
  "½" for none, where Python has it the other way round;
- ignoring case, "i" is not "İ" (Turkish, dotted) or "ı" (dotless), which Python treats as one letter;
- ``\s`` leaves out the four ASCII separators U+001C to U+001F.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Literal

import polars as pl

from weaklabel.corpus.batch import TEXT, Batch
from weaklabel.errors import LFError
from weaklabel.labels import ABSTAIN, INT8_CLASSES
from weaklabel.lf.core import Reason, check_label, check_name, column_text
from weaklabel.lf.expressions import ExpressionLF
from weaklabel.lf.reasons import cell_text, counted, joined, limits, listed, matches, quoted
from weaklabel.lf.regexes import (
    check_bounds,
    check_keywords_pattern,
    check_pattern,
    check_words,
    keyword_literals,
    relaxed,
    required_literals,
)
from weaklabel.lf.spelling import is_unspaced, keyword_pattern, takes_particles
from weaklabel.support.warn import warn

MAX_KEYWORDS = 1000
"""Keywords in one regex; beyond about this many the matcher's cache overflows and it becomes 50 times slower."""


@dataclass(frozen=True, eq=False)
class PatternLF(ExpressionLF):
    """A labeling function that is declared rather than written; made by the functions of this module.

    Attributes
    ----------
    kind : str
        What it reads: "keyword", "regex", "count", "length", "lookup" or "external".
    pattern : str or None
        Regex whose matches in the column decide; None where the column's value does.
    bounds : tuple of int and int or None
        Least and greatest number of matches for a vote; None is no limit.
    settings : dict
        The arguments that it was made with, except for name, label and those that have their defaults.
    """

    kind: str = "pattern"
    pattern: str | None = None
    bounds: tuple[int, int | None] = (1, None)
    settings: Mapping[str, Any] = field(default_factory=dict)

    def reason(self, row: Batch, vote: int) -> Reason:
        """See `LF.reason`."""
        column = self.columns[0]
        text = cell_text(row, column)
        if self.pattern is None:
            return Reason(f"{column} = {quoted(text)}", column, joined([(0, len(text))]))
        if self.kind == "length":
            number = pl.Series([text]).str.count_matches(self.pattern)[0]
            return Reason(f"{counted(number, 'word' if self.pattern == WORD else 'character')}{limits(*self.bounds)}")
        spans = matches(self.pattern, text)
        shown = listed(text[begin:end] for begin, end in spans)
        if self.bounds == (1, None):
            return Reason(f"matches {shown}", column, joined(spans))
        how_many = f"{counted(len(spans), 'match', 'es')}{limits(*self.bounds)}"
        return Reason(f"{how_many}: {shown}" if spans else how_many, column, joined(spans))

    def options(self) -> dict[str, Any]:
        """See `LF.options`."""
        return dict(self.settings)

    def __repr__(self) -> str:
        return f"{self.kind}_lf({self.name!r})"


def keyword_lf(
    name: str,
    label: int,
    keywords: Iterable[str],
    *,
    column: str = TEXT,
    whole_word: bool | None = None,
    ignore_case: bool = True,
    min_count: int = 1,
) -> PatternLF:
    r"""Vote where a text contains one of the keywords.

    Spellings that people take for the same match: straight and curly apostrophes and quotation marks, the kinds of
    hyphens, composed and decomposed accents, and any run of white space for a space.

    Parameters
    ----------
    name
        Name of the labeling function.
    label
        Class it votes for, 0..32,766.
    keywords
        1 to 1,000 words or phrases; a space in one matches any run of white space. For more, use `lexicon_lf`.
    column
        Column to read.
    whole_word
        Whether only whole words match: there is a word boundary ``\b`` at each edge of a keyword that is a letter, digit
        or underscore, so that "c++" and "$" work too. By default each keyword goes by its script: Chinese, Japanese, Thai,
        Lao, Khmer and Burmese, which put no spaces between words, match anywhere; all others match as whole words, and a
        word in Hangul also with Korean particles behind it.
    ignore_case
        Match upper and lower case alike.
    min_count
        Number of occurrences, not overlapping, that it takes.

    Raises
    ------
    LFError
        No keywords, too many, or one that is blank; a wrong name, label or count.

    Examples
    --------
    >>> lf = keyword_lf("subscribe", 1, ["subscribe", "my channel"])
    >>> lf.vote(Batch(pl.DataFrame({"text": ["SUBSCRIBE now", "see my  channel", "my channels"]})))
    array([ 1,  1, -1], dtype=int8)
    """
    words = check_words(check_name(name), keywords)
    if len(words) > MAX_KEYWORDS:
        raise LFError(f"LF '{name}': {len(words)} keywords are more than {MAX_KEYWORDS}; use lexicon_lf for long lists")
    if whole_word:
        _warn_of_whole_words(name, words)
    pattern = check_keywords_pattern(name, keyword_pattern(words, whole_word), ignore_case)
    plain, literals = keyword_literals(words, whole_word)
    sure = plain if ignore_case and min_count == 1 else frozenset[bytes]()
    lf = _counting("keyword", name, label, column, pattern, min_count, None)
    settings = {"column": column, "whole_word": whole_word, "ignore_case": ignore_case, "min_count": min_count}
    return replace(lf, literals=literals, sure=sure, settings=_changed(keyword_lf, keywords=words, **settings))


def _warn_of_whole_words(name: str, words: list[str]) -> None:
    """Warn of words that hardly ever are separate words in a text."""
    for is_risky, why in (
        (is_unspaced, "its script has no spaces between words"),
        (takes_particles, "Korean writes particles onto words"),
    ):
        if word := next(filter(is_risky, words), None):
            warn(
                f"LF '{name}': '{word}' is matched as a whole word, though {why}; leave whole_word out",
                stacklevel=3,
            )


def regex_lf(name: str, label: int, pattern: str, *, column: str = TEXT, ignore_case: bool = False) -> PatternLF:
    r"""Vote where a regex matches anywhere in a text.

    Parameters
    ----------
    name
        Name of the labeling function.
    label
        Class it votes for, 0..32,766.
    pattern
        Rust regex (https://docs.rs/regex); much like Python's, see the top of this module. It takes time linear in
        the text, whatever the pattern.
    column
        Column to read.
    ignore_case
        Match upper and lower case alike.

    Raises
    ------
    LFError
        The pattern is empty, invalid, or has lookaround or backreferences; a wrong name or label.

    Examples
    --------
    >>> lf = regex_lf("link", 1, r"https?://")
    >>> lf.vote(Batch(pl.DataFrame({"text": ["see http://example.org", "no link"]})))
    array([ 1, -1], dtype=int8)
    """
    checked = check_pattern(check_name(name), pattern, ignore_case)
    settings = _changed(regex_lf, pattern=pattern, column=column, ignore_case=ignore_case)
    return replace(_counting("regex", name, label, column, checked, 1, None), settings=settings)


def count_lf(
    name: str,
    label: int,
    pattern: str,
    *,
    min: int = 1,
    max: int | None = None,
    column: str = TEXT,
    ignore_case: bool = False,
) -> PatternLF:
    """Vote where a regex matches ``min`` to ``max`` times, without overlaps; other parameters as of `regex_lf`.

    Raises
    ------
    LFError
        As of `regex_lf`; or the bounds are not whole numbers, are empty, or hold for every text.

    Examples
    --------
    >>> lf = count_lf("shouting", 1, "!", min=3)
    >>> lf.vote(Batch(pl.DataFrame({"text": ["wow!!!", "wow!"]})))
    array([ 1, -1], dtype=int8)
    """
    checked = check_pattern(check_name(name), pattern, ignore_case)
    settings = _changed(count_lf, pattern=pattern, min=min, max=max, column=column, ignore_case=ignore_case)
    return replace(_counting("count", name, label, column, checked, min, max), settings=settings)


def length_lf(
    name: str,
    label: int,
    *,
    min: int | None = None,
    max: int | None = None,
    unit: Literal["words", "chars"] = "words",
    column: str = TEXT,
) -> PatternLF:
    """Vote where a text is ``min`` to ``max`` units long.

    Parameters
    ----------
    name
        Name of the labeling function.
    label
        Class it votes for, 0..32,766.
    min, max
        Bounds, included; at least one of them.
    unit
        "words", which are what white space separates, or "chars", which are Unicode code points.
    column
        Column to read.

    Raises
    ------
    LFError
        The bounds are not whole numbers, are empty, or hold for every text; a wrong name, label or unit.

    Examples
    --------
    >>> lf = length_lf("short", 0, max=2)
    >>> lf.vote(Batch(pl.DataFrame({"text": ["see you", "see you later"]})))
    array([ 0, -1], dtype=int8)
    """
    if unit not in ("words", "chars"):
        raise LFError(f"LF '{check_name(name)}': unit must be 'words' or 'chars', not {unit!r}")
    text = column_text(column)
    least = 0 if min is None else min
    check_bounds(name, least, max)
    hit = has_words(text, least, max) if unit == "words" else within(text.str.len_chars(), least, max)
    lf = _pattern_lf("length", name, label, column, hit)
    settings = _changed(length_lf, min=min, max=max, unit=unit, column=column)
    return replace(lf, pattern=WORD if unit == "words" else CHARACTER, bounds=(least, max), settings=settings)


def lookup_lf(name: str, column: str, votes: Mapping[str, int]) -> PatternLF:
    """Vote by the value of a column.

    Parameters
    ----------
    name
        Name of the labeling function.
    column
        Column to read.
    votes
        From value, compared as text, to the class to vote for; any other value abstains.

    Raises
    ------
    LFError
        ``votes`` is empty, a value is not a text or its class is not 0..32,766; a wrong name.

    Examples
    --------
    >>> lf = lookup_lf("sender", "from", {"bank": 0, "casino": 1})
    >>> lf.vote(Batch(pl.DataFrame({"text": ["a", "b", "c"], "from": ["casino", "me", None]})))
    array([ 1, -1, -1], dtype=int8)
    """
    check_name(name)
    if not isinstance(votes, Mapping) or not votes or not all(isinstance(value, str) for value in votes):
        raise LFError(f"LF '{name}': votes must map values (texts) to class numbers, not {votes!r}")
    numbers = {value: check_label(name, label) for value, label in votes.items()}
    return PatternLF(name, (column,), lookup(column, numbers), "lookup", settings={"column": column, "votes": numbers})


PATTERN_MAKERS: dict[str, Callable[..., PatternLF]] = {
    "keyword": keyword_lf,
    "regex": regex_lf,
    "count": count_lf,
    "length": length_lf,
}
"""What makes pattern labeling functions of one class, by kind: those that an editor can change."""


def _changed(maker: Callable[..., PatternLF], **given: Any) -> dict[str, Any]:
    """Return those of the arguments that are not ``maker``'s defaults."""
    defaults = _defaults(maker)
    return {name: value for name, value in given.items() if name not in defaults or value != defaults[name]}


@cache
def _defaults(maker: Callable[..., PatternLF]) -> dict[str, Any]:
    parameters = inspect.signature(maker).parameters.values()
    return {each.name: each.default for each in parameters if each.default is not inspect.Parameter.empty}


def lookup(column: str, votes: Mapping[str, int]) -> pl.Expr:
    """Return the expression that looks a column's value up in ``votes``, -1 where it is not there."""
    dtype = _dtype(max(votes.values(), default=ABSTAIN))
    values, numbers = pl.Series(list(votes), dtype=pl.String), pl.Series(list(votes.values()), dtype=dtype)
    return column_text(column).replace_strict(values, numbers, default=ABSTAIN, return_dtype=dtype)


def _counting(kind: str, name: str, label: int, column: str, pattern: str, least: int, most: int | None) -> PatternLF:
    check_bounds(name, least, most)
    text = column_text(column)
    # finding one match is faster than counting them
    once = (least, most) == (1, None)
    hit = text.str.contains(pattern) if once else within(text.str.count_matches(pattern), least, most)
    lf = replace(_pattern_lf(kind, name, label, column, hit), pattern=pattern, bounds=(least, most))
    if least == 0:
        return lf
    loose = relaxed(pattern)
    return replace(lf, literals=required_literals(pattern), loose=None if loose is None else text.str.contains(loose))


def _pattern_lf(kind: str, name: str, label: int, column: str, hit: pl.Expr) -> PatternLF:
    label = check_label(check_name(name), label)
    number = pl.lit(label, dtype=_dtype(label))
    votes = pl.when(hit).then(number).otherwise(pl.lit(ABSTAIN, dtype=_dtype(label)))
    return PatternLF(name, (column,), votes.alias(name), kind, label)


def _dtype(highest: int) -> type[pl.Int8 | pl.Int16]:
    """Return the type of votes for classes up to ``highest``; see `weaklabel.labels.vote_dtype`."""
    return pl.Int8 if highest < INT8_CLASSES else pl.Int16


WORD = r"\S+"
"""A word, as `weaklabel.lf.patterns.length_lf` counts them."""

CHARACTER = r"(?s)."
"""A Unicode code point."""

MAX_REPEATS = 64
"""Words up to which a regex finds out whether a text has so many; beyond, they are counted."""


def within(number: pl.Expr, least: int, most: int | None) -> pl.Expr:
    """Say whether a number is ``least`` to ``most``."""
    return number >= least if most is None else number.is_between(least, most)


def has_words(text: pl.Expr, least: int, most: int | None) -> pl.Expr:
    """Say whether a text has ``least`` to ``most`` words."""
    if any(bound > MAX_REPEATS for bound in (least, most or 0)):
        return within(text.str.count_matches(WORD), least, most)
    # By the first words of a text, since counting all of them takes several times as long.
    first = [rf"^\s*(?:\S+\s+){{{number}}}\S" for number in (least - 1, most or 0)]
    if least == 0:
        return ~text.str.contains(first[1])
    return text.str.contains(first[0]) if most is None else text.str.contains(first[0]) & ~text.str.contains(first[1])
