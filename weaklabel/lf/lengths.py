"""Polars expressions that say whether a number, or a number of words, lies within bounds."""

from __future__ import annotations

import polars as pl

WORD = r"\S+"
"""A word, as `weaklabel.lf.patterns.length_lf` counts them."""

CHARACTER = r"(?s)."
"""A Unicode code point."""

MAX_REPEATS = 64
"""Words up to which a regex tells whether a text has so many; beyond, they are counted."""


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
