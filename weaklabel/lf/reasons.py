"""Why a labeling function cast its vote on a row: one line for people, and the matching places in the text."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from dataclasses import replace
from functools import partial

import polars as pl

from weaklabel.corpus.batch import Batch
from weaklabel.labels import ABSTAIN
from weaklabel.lf.core import LF, Reason, Spans, column_text

SHOWN = 5
"""Different matches that a reason names."""

LONGEST = 40
"""Characters of each that it shows."""


def reason(lf: LF, batch: Batch, row: int, vote: int) -> Reason:
    """Say why a labeling function cast its vote on a row.

    Whatever the labeling function does, this never raises; if there is no reason, it says so.

    Parameters
    ----------
    lf
        The labeling function.
    batch
        Rows, with the columns that the labeling function reads.
    row
        Place of the row in the batch, from 0.
    vote
        Its vote on that row; -1 is an abstain.

    Returns
    -------
    Reason

    Examples
    --------
    >>> from weaklabel.lf.patterns import keyword_lf
    >>> batch = Batch(pl.DataFrame({"text": ["Claim your prize, claim it now"]}))
    >>> reason(keyword_lf("prize", 1, ["prize", "claim"]), batch, 0, 1)
    Reason(text="matches 'Claim', 'prize', 'claim'", column='text', spans=((0, 5), (11, 16), (18, 23)))
    """
    if vote == ABSTAIN:
        return Reason("does not vote")
    try:
        # The same for all labeling functions, so that they share one parsed text, or one embedding, of the row.
        alone = batch.once(("alone", row), lambda: batch.part(row, row + 1))
        why = lf.reason(alone, vote)
        if why is None:
            return Reason(docstring_line(lf) or f"its code says so: {lf.name}")
        # The vote may be older than a change of the labeling function, or of the row; one that asks compares for itself.
        return why if lf.asks or lf.vote(alone)[0] == vote else replace(why, text=f"votes differently now: {why.text}")
    except (Exception, pl.exceptions.PanicException) as error:
        return Reason(f"a {lf.kind} labeling function without a reason: {first_line(f'{error}')}")


def docstring_line(lf: LF) -> str:
    """Return the first line of the docstring of what was written for a labeling function."""
    code = lf.code
    while isinstance(code, partial):
        code = code.func
    return first_line((code.__doc__ if inspect.isroutine(code) else type(code).__doc__) or "")


def cell_text(row: Batch, column: str) -> str:
    """Return what a column of a batch of one row holds, as text; "" where it is missing."""
    value = row.frame.select(column_text(column)).to_series()[0]
    return "" if value is None else str(value)


def listed(texts: Iterable[str]) -> str:
    """Return the first few different texts, quoted; "nothing" if there is none."""
    return enumerated(map(quoted, texts)) or "nothing"


def enumerated(texts: Iterable[str]) -> str:
    """Return the first few different texts, and how many more there are."""
    different = list(dict.fromkeys(texts))
    more = f" and {len(different) - SHOWN} more" if len(different) > SHOWN else ""
    return ", ".join(different[:SHOWN]) + more


def quoted(text: str) -> str:
    """Return a text in quotes, on one line, its end left out where it is long."""
    line = first_line(" ".join(text.split()))
    return f"'{line[:LONGEST]}...'" if len(line) > LONGEST else f"'{line}'"


def first_line(text: str) -> str:
    """Return the first line of a text that is not blank, without control characters."""
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return "".join(letter for letter in next(filter(None, lines), "") if letter.isprintable())


def counted(number: int, unit: str, plural: str = "s") -> str:
    """Return a number with its unit, such as ``3 words``."""
    return f"{number:,} {unit}{plural * (number != 1)}"


def limits(least: float, most: float | None) -> str:
    """Return the limits of a number in parentheses, such as ``(2 to 5)``."""
    if most is None:
        return f" (at least {least:g})"
    return f" (at most {most:g})" if least == 0 else f" ({least:g} to {most:g})"


def matches(pattern: str, text: str) -> list[tuple[int, int]]:
    r"""Return where a regex of a pattern labeling function matches, as polars finds it.

    Examples
    --------
    >>> matches(r"(?i)\bfree\b", "Free, not freely: FREE")
    [(0, 4), (18, 22)]
    """
    # polars returns what matches, but not where; so each match is put between two characters that the text does not have.
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
    merged = list[tuple[int, int]]()
    for begin, end in sorted(spans):
        if merged and begin < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        elif begin < end:
            merged.append((begin, end))
    return tuple(merged)
