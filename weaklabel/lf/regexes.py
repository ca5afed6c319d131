"""Regexes of labeling functions: made from words, and checked when they are given rather than when they run."""

from __future__ import annotations

import re
import threading
import warnings
from collections.abc import Iterable

import polars as pl

from weaklabel.errors import LFError
from weaklabel.support.forked import check_fork

# Python's warning filters belong to all threads: two that change them at once would leave them changed for good.
FILTERS = threading.Lock()

_CLASS_MEMBER = r"(?:[\w ]-[\w ]|[\w .,!?'/:;@#%=]|\\[dsw.\-])"
_EVERYWHERE = re.compile(
    r"(?:[^\\\[\](){}*+?|^$.]|\\[bBdDsSwW.?*+()|^$\[\]{}/\\\-]|\((?:\?:|(?!\?))|[)|^$.]|[*+?]\??|\[\^?"
    + _CLASS_MEMBER
    + r"+\])*"
)
"""What regexes of Rust and Python have in common, so that what the one compiles, the other does, too."""

_UNICODE_CLASS = re.compile(r"\\[dDsSwW]|\.|\[")
_MOST_CLASSES = 50
"""Character classes, which are large in Unicode, of a regex that is surely not too large."""

ALWAYS_COMPILES = 20_000
"""Characters of a regex of keywords that is never too large; the first that were too large had 125,000."""


def check_words(name: str, words: Iterable[str]) -> list[str]:
    """Return the different words in their order; none, or one that is no text or is blank, is an `LFError`."""
    check_fork()
    if isinstance(words, str | bytes) or not isinstance(words, Iterable):
        raise LFError(f"LF '{name}': give a list of words such as ['free', 'winner'], not {words!r}")
    different = list(dict.fromkeys(words))
    if not different:
        raise LFError(f"LF '{name}': the list of words is empty; give at least one")
    for word in different:
        if not isinstance(word, str) or not word.strip():
            raise LFError(f"LF '{name}': {word!r} is no word; a word must be a text that is not blank")
    return different


def check_keywords_pattern(name: str, pattern: str, ignore_case: bool) -> str:
    """Return the regex of keywords, which is valid by the way it is made, with its flag; too large a one is an `LFError`.

    What is short is not compiled here: that would start the threads of polars, and a pack that is loaded before a process
    forks would be of no use in its children.
    """
    return (
        check_pattern(name, pattern, ignore_case) if len(pattern) > ALWAYS_COMPILES else flagged(pattern, ignore_case)
    )


def flagged(pattern: str, ignore_case: bool) -> str:
    """Return the regex with its flag."""
    return f"(?i){pattern}" if ignore_case else pattern


def check_pattern(name: str, pattern: str, ignore_case: bool) -> str:
    """Return the regex with its flag; one that does not compile is an `LFError`."""
    check_fork()
    if not isinstance(pattern, str) or not pattern:
        raise LFError(f"LF '{name}': the pattern must be a regex such as r'https?://', not {pattern!r}")
    whole = flagged(pattern, ignore_case)
    if is_plain_regex(pattern):
        return whole
    try:
        pl.Series([""]).str.contains(whole)
    except pl.exceptions.ComputeError as error:
        raise LFError(
            f"LF '{name}': the regex {_shortened(pattern)} does not work: {_reason(error)}; write it in Rust's syntax, or "
            "use `re` in a @labeling_function() where it needs lookaround or backreferences"
        ) from None
    return whole


def is_plain_regex(pattern: str) -> bool:
    r"""Return whether a regex is surely valid for polars, which need not be asked then: asking starts its threads.

    Examples
    --------
    >>> is_plain_regex(r"https?://"), is_plain_regex(r"\bwin(ner|s)?\b"), is_plain_regex(r"a(?=b)"), is_plain_regex("(")
    (True, True, False, False)
    """
    if (
        len(pattern) > 1000
        or len(_UNICODE_CLASS.findall(pattern)) > _MOST_CLASSES
        or not _EVERYWHERE.fullmatch(pattern)
    ):
        return False
    try:
        with FILTERS, warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(pattern)
    except (re.error, Warning, OverflowError, RecursionError):
        return False
    return True


def check_bounds(name: str, least: int, most: int | None) -> None:
    """Refuse, as an `LFError`, bounds that are no whole numbers, are empty, or hold for every text."""
    for bound in (least, most):
        if bound is not None and (isinstance(bound, bool) or not isinstance(bound, int) or bound < 0):
            raise LFError(f"LF '{name}': a bound must be a whole number from 0 on, not {bound!r}")
    if most is None and least == 0:
        raise LFError(f"LF '{name}': it would vote on every text; give a min of at least 1, or a max")
    if most is not None and most < least:
        raise LFError(f"LF '{name}': no text has at least {least} and at most {most}; give a max of at least the min")


def _reason(error: Exception) -> str:
    """Return the one line of a regex error that says why."""
    text = str(error).partition("\n\nThis error occurred")[0]
    return text.rpartition("error: ")[2].strip()


def _shortened(pattern: str) -> str:
    return repr(pattern) if len(pattern) <= 200 else f"{pattern[:200]!r}..."
