"""Regexes of labeling functions: made from words, and checked when they are given rather than when they run."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from weaklabel.errors import LFError
from weaklabel.forked import check_fork


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


def check_pattern(name: str, pattern: str, ignore_case: bool) -> str:
    """Return the regex with its flag; one that does not compile is an `LFError`."""
    check_fork()
    if not isinstance(pattern, str) or not pattern:
        raise LFError(f"LF '{name}': the pattern must be a regex such as r'https?://', not {pattern!r}")
    flagged = f"(?i){pattern}" if ignore_case else pattern
    try:
        pl.Series([""]).str.contains(flagged)
    except pl.exceptions.ComputeError as error:
        raise LFError(
            f"LF '{name}': the regex {_shortened(pattern)} does not work: {_reason(error)}; write it in Rust's syntax, or "
            "use `re` in a @labeling_function() where it needs lookaround or backreferences"
        ) from None
    return flagged


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
