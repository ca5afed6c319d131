"""Where in a text a labeling function finds what it looks for: offsets in code points."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

import polars as pl

from weaklabel.lf.lexicon import LexiconLF, plain
from weaklabel.lf.spelling import canonical, entry_of

Spans: TypeAlias = tuple[tuple[int, int], ...]
"""Begin and end of places in a text."""


class FoundEntry(NamedTuple):
    """An entry of a lexicon, found in a text."""

    begin: int
    end: int
    entry: str
    weight: float


def matches(pattern: str, text: str) -> list[tuple[int, int]]:
    r"""Return where a regex of a pattern labeling function matches, as polars finds it.

    Examples
    --------
    >>> matches(r"(?i)\bfree\b", "Free, not freely: FREE")
    [(0, 4), (18, 22)]
    """
    # polars tells what matches, but not where; so each match is put between two characters that the text has not.
    mark = next(letter for letter in map(chr, range(0xE000, 0xF8FF)) if letter not in text)
    # "(?:)" changes no regex, and keeps polars from taking one without special characters, and "$0" with it, as it is.
    pieces = pl.Series([text]).str.replace_all(f"(?:){pattern}", f"{mark}${{0}}{mark}")[0].split(mark)
    spans, at = list[tuple[int, int]](), 0
    for number, piece in enumerate(pieces):
        if number % 2:
            spans.append((at, at + len(piece)))
        at += len(piece)
    return spans


def joined(spans: Iterable[tuple[int, int]]) -> Spans:
    """Return the spans sorted, those that overlap as one, those without a character left out.

    Examples
    --------
    >>> joined([(5, 9), (0, 3), (2, 4), (7, 7)])
    ((0, 4), (5, 9))
    """
    whole = list[tuple[int, int]]()
    for begin, end in sorted(spans):
        if whole and begin < whole[-1][1]:
            whole[-1] = (whole[-1][0], max(whole[-1][1], end))
        elif begin < end:
            whole.append((begin, end))
    return tuple(whole)


def entries_in(lf: LexiconLF, text: str) -> list[FoundEntry]:
    """Return the entries of a lexicon in the order in which they stand in the text, as its vote counts them."""
    bare = plain(pl.Series([text]), lf.ignore_case)[0]
    origins = _origins(text, lf.ignore_case)
    sought = [(lf.words, r"\w+")] * bool(lf.words) + lf.others
    found = (
        FoundEntry(origins[begin], origins[end - 1] + 1, entry, entries[entry])
        for entries, pattern in sought
        for begin, end in matches(pattern, bare)
        if (entry := entry_of(canonical(bare[begin:end]), entries)) is not None
    )
    return sorted(found)


def _origins(text: str, ignore_case: bool) -> list[int]:
    """Return the place in the text of each character of what `plain` makes of it: lower case may be longer than upper."""
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
