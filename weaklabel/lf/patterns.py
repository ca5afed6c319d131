r"""Pattern labeling functions: declared rather than written, and evaluated column-wise, all in one pass.

Patterns are Rust regexes, run by polars in time linear in the text: no pattern hangs. They agree with Python's `re`
but for these:

- lookaround and backreferences are refused;
- ``$`` is the end of the text only, not also the place before a line break that ends it;
- ``\w``, and so ``\b``, takes combining marks and zero-width joiners for word characters and numbers such as "²" and
  "½" for none, where Python has it the other way round;
- ignoring case, "i" is not "İ" (Turkish, dotted) or "ı" (dotless), which Python treats as one letter;
- ``\s`` leaves out the four ASCII separators U+001C to U+001F.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import polars as pl

from weaklabel.corpus.batch import TEXT, Batch
from weaklabel.errors import LFError
from weaklabel.labels import ABSTAIN, INT8_CLASSES, VoteArray
from weaklabel.lf.core import BatchLF, check_columns, check_label, check_name
from weaklabel.lf.lengths import CHARACTER, WORD, has_words, within
from weaklabel.lf.literals import keyword_literals, relaxed, required_literals
from weaklabel.lf.regexes import check_bounds, check_keywords_pattern, check_pattern, check_words
from weaklabel.lf.spelling import is_unspaced, keyword_pattern, takes_particles
from weaklabel.support.warn import warn

MAX_KEYWORDS = 1000
"""Keywords in one regex; beyond about this many the matcher's cache overflows and it becomes 50 times slower."""


@dataclass(frozen=True, eq=False)
class PatternLF(BatchLF):
    """A labeling function that is a polars expression; made by the functions of this module.

    Attributes
    ----------
    name : str
        Name of the labeling function.
    columns : tuple of str
        Columns that the expression reads.
    expr : polars.Expr
        Gives the vote as Int8 (Int16 for a class beyond 126), -1 where the labeling function abstains.
    kind : str
        What it looks at: "keyword", "regex", "count", "length", "lookup" or "external".
    label : int or None
        The class that it votes for, where that is one.
    literals : frozenset of bytes
        Of these, every text that it votes on contains one, once folded; see `weaklabel.lf.literals`. Empty: unknown.
    sure : frozenset of bytes
        Those of the literals that are enough for a vote wherever no character beyond ASCII stands beside them.
    loose : polars.Expr or None
        True wherever it can vote, and told faster than the vote.
    pattern : str or None
        Regex whose matches in the column decide; None where the column's value does.
    bounds : tuple of int and int or None
        Least and greatest number of matches for a vote; None is no limit.
    """

    name: str
    columns: tuple[str, ...]
    expr: pl.Expr
    kind: str
    label: int | None = None
    literals: frozenset[bytes] = frozenset()
    sure: frozenset[bytes] = frozenset()
    loose: pl.Expr | None = None
    pattern: str | None = None
    bounds: tuple[int, int | None] = (1, None)

    def vote(self, batch: Batch) -> VoteArray:
        """Vote on every row of ``batch``; see `LF.vote`."""
        check_columns(self.name, self.columns, batch)
        votes: VoteArray = batch.frame.select(self.expr).to_series().to_numpy()
        return votes

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
        Whether only whole words match: a word boundary ``\b`` stands beside each edge of a keyword that is a letter, digit
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
    return replace(_counting("keyword", name, label, column, pattern, min_count, None), literals=literals, sure=sure)


def _warn_of_whole_words(name: str, words: list[str]) -> None:
    """Warn of words that hardly ever stand alone in a text."""
    for odd, why in (
        (is_unspaced, "its script has no spaces between words"),
        (takes_particles, "Korean writes particles onto words"),
    ):
        if word := next(filter(odd, words), None):
            warn(
                f"LF '{name}': '{word}' is looked for as a whole word, though {why}; leave whole_word out",
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
    pattern = check_pattern(check_name(name), pattern, ignore_case)
    return _counting("regex", name, label, column, pattern, 1, None)


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
        As of `regex_lf`; or the bounds are no whole numbers, are empty, or hold for every text.

    Examples
    --------
    >>> lf = count_lf("shouting", 1, "!", min=3)
    >>> lf.vote(Batch(pl.DataFrame({"text": ["wow!!!", "wow!"]})))
    array([ 1, -1], dtype=int8)
    """
    pattern = check_pattern(check_name(name), pattern, ignore_case)
    return _counting("count", name, label, column, pattern, min, max)


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
        The bounds are no whole numbers, are empty, or hold for every text; a wrong name, label or unit.

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
    return replace(lf, pattern=WORD if unit == "words" else CHARACTER, bounds=(least, max))


def lookup_lf(name: str, column: str, votes: Mapping[str, int]) -> PatternLF:
    """Vote by the value of a column.

    Parameters
    ----------
    name
        Name of the labeling function.
    column
        Column to read.
    votes
        From value, compared as text, to the class it speaks for; any other value abstains.

    Raises
    ------
    LFError
        ``votes`` is empty, or a value is no text or speaks for no class 0..32,766; a wrong name.

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
    return PatternLF(name, (column,), lookup(column, numbers), "lookup")


def column_text(column: str) -> pl.Expr:
    """Return the column as text; what is missing stays null, so that nothing votes on it."""
    return pl.col(column).cast(pl.String)


def lookup(column: str, votes: Mapping[str, int]) -> pl.Expr:
    """Return the expression that looks a column's value up in ``votes``, -1 where it is not there."""
    dtype = _dtype(max(votes.values(), default=ABSTAIN))
    values, numbers = pl.Series(list(votes), dtype=pl.String), pl.Series(list(votes.values()), dtype=dtype)
    return column_text(column).replace_strict(values, numbers, default=ABSTAIN, return_dtype=dtype)


def _counting(kind: str, name: str, label: int, column: str, pattern: str, least: int, most: int | None) -> PatternLF:
    check_bounds(name, least, most)
    text = column_text(column)
    # whether there is a match at all is faster to tell than how many there are
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
