"""Why a labeling function cast its vote on a row: one line for people, and the places in the text that it found."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import polars as pl

from weaklabel.corpus.batch import Batch
from weaklabel.labels import ABSTAIN
from weaklabel.lf.core import LF, ForeignLF
from weaklabel.lf.lengths import WORD
from weaklabel.lf.lexicon import LexiconLF
from weaklabel.lf.listing import kind_of
from weaklabel.lf.parsing import SpacyLF
from weaklabel.lf.patterns import PatternLF, column_text
from weaklabel.lf.probability import ModelLF
from weaklabel.lf.spans import Spans, entries_in, joined, matches

SHOWN = 5
"""Different things found that a reason names."""

LONGEST = 40
"""Characters of each that it shows."""


@dataclass(frozen=True)
class Reason:
    """Why a labeling function voted.

    Attributes
    ----------
    text : str
        One line for people, such as ``matches 'prize', 'claim'``.
    column : str or None
        The column that ``spans`` are in.
    spans : tuple of (int, int)
        Where in that column's text it found what it looks for: begin and end in code points, sorted, not overlapping.
    """

    text: str
    column: str | None = None
    spans: Spans = ()


def reason(lf: LF, batch: Batch, row: int, vote: int) -> Reason:
    """Say why a labeling function cast its vote on a row.

    Whatever the labeling function does, this raises nothing: a reason that cannot be told says so.

    Parameters
    ----------
    lf
        The labeling function.
    batch
        Rows, with the columns that the labeling function reads.
    row
        Place of the row in the batch, from 0.
    vote
        What it voted on that row, which is not voted on anew; -1 is an abstain.

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
        one = batch.once(("alone", row), lambda: batch.part(row, row + 1))
        return _reason(lf, one, vote)
    except (Exception, pl.exceptions.PanicException) as error:
        return Reason(f"a {kind_of(lf)} labeling function that does not say why: {_line(f'{error}')}")


def _reason(lf: LF, one: Batch, vote: int) -> Reason:
    if isinstance(lf, PatternLF):
        why = _of_pattern(lf, one)
    elif isinstance(lf, LexiconLF):
        why = _of_lexicon(lf, one)
    elif isinstance(lf, ModelLF):
        why = _of_model(lf, one, vote)
    elif isinstance(lf, SpacyLF) and lf.find is not None:
        why = _of_spacy(lf, one)
    else:
        return Reason(_first_line(lf) or f"its code says so: {lf.name}")
    # Votes may have been kept from before the labeling function, or the row, was changed.
    return why if lf.vote(one)[0] == vote else replace(why, text=f"votes otherwise now: {why.text}")


def _of_pattern(lf: PatternLF, one: Batch) -> Reason:
    column = lf.columns[0]
    text = _text(one, column)
    if lf.pattern is None:
        return Reason(f"{column} = {_quoted(text)}", column, joined([(0, len(text))]))
    if lf.kind == "length":
        number = pl.Series([text]).str.count_matches(lf.pattern)[0]
        return Reason(f"{_many(number, 'word' if lf.pattern == WORD else 'character')}{_bounds(*lf.bounds)}")
    spans = matches(lf.pattern, text)
    found = _listed(text[begin:end] for begin, end in spans)
    if lf.bounds == (1, None):
        return Reason(f"matches {found}", column, joined(spans))
    counted = f"{_many(len(spans), 'match', 'es')}{_bounds(*lf.bounds)}"
    return Reason(f"{counted}: {found}" if spans else counted, column, joined(spans))


def _of_lexicon(lf: LexiconLF, one: Batch) -> Reason:
    (column,) = lf.columns
    found = entries_in(lf, _text(one, column))
    spans = joined((begin, end) for begin, end, _, _ in found)
    if all(weight == 1 for _, _, _, weight in found):
        counted = "" if lf.least == 1 else f"{_bounds(lf.least, None)}"
        return Reason(f"finds {_listed(entry for _, _, entry, _ in found)}{counted}", column, spans)
    named = _enumerated(f"{_quoted(entry)} {weight:+g}" for _, _, entry, weight in found)
    return Reason(f"finds {named}: {lf.sums(one)[0]:g} together{_bounds(lf.least, None)}", column, spans)


def _of_spacy(lf: SpacyLF, one: Batch) -> Reason:
    (column,) = lf.columns
    doc = lf.docs(one)[0]
    found = [] if lf.find is None or doc is None or isinstance(doc, Exception) else lf.find(doc)
    # spaCy's matchers call what they find by the labeling function's name.
    types = ["" if span.label_ == lf.name else f" ({span.label_})" for span in found]
    named = _enumerated(_quoted(span.text) + kind for span, kind in zip(found, types, strict=True)) or "nothing"
    return Reason(f"finds {named}", column, joined((span.start_char, span.end_char) for span in found))


def _of_model(lf: ModelLF, one: Batch, vote: int) -> Reason:
    probs, answers = lf.probabilities(one)
    share = float(probs[0, answers == vote].sum())
    asked = "is like its examples" if lf.kind == "prototype" else f"the {lf.kind} model says so"
    return Reason(f"{asked}: probability {share:.2f}{_bounds(lf.threshold, None)}")


def _first_line(lf: LF) -> str:
    """Return the first line of the docstring of what the user wrote."""
    thing: Any = lf.wrapped if isinstance(lf, ForeignLF) else lf
    written = getattr(thing, "_f", getattr(thing, "f", thing))
    while isinstance(written, partial):
        written = written.func
    is_function = inspect.isroutine(written)
    return _line((written.__doc__ if is_function else type(written).__doc__) or "")


def _text(one: Batch, column: str) -> str:
    value = one.frame.select(column_text(column)).to_series()[0]
    return "" if value is None else str(value)


def _listed(found: Iterable[str]) -> str:
    return _enumerated(map(_quoted, found)) or "nothing"


def _enumerated(found: Iterable[str]) -> str:
    """Return the first few that differ, and how many more there are."""
    different = list(dict.fromkeys(found))
    more = f" and {len(different) - SHOWN} more" if len(different) > SHOWN else ""
    return ", ".join(different[:SHOWN]) + more


def _quoted(text: str) -> str:
    line = _line(" ".join(text.split()))
    return f"'{line[:LONGEST]}...'" if len(line) > LONGEST else f"'{line}'"


def _line(text: str) -> str:
    """Return the first line of a text that is not blank, without control characters."""
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return "".join(letter for letter in next(filter(None, lines), "") if letter.isprintable())


def _many(number: int, unit: str, plural: str = "s") -> str:
    return f"{number:,} {unit}{plural * (number != 1)}"


def _bounds(least: float, most: float | None) -> str:
    if most is None:
        return f" (at least {least:g})"
    return f" (at most {most:g})" if least == 0 else f" ({least:g} to {most:g})"
