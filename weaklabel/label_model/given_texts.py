"""The texts that a label model is given beside votes."""

from __future__ import annotations

from collections.abc import Sequence

from weaklabel.errors import LabelModelError


def check_texts(texts: Sequence[str], n: int) -> list[str]:
    """Return the texts as a list; what is not one string for each of ``n`` rows is a `LabelModelError`."""
    if isinstance(texts, str):
        raise LabelModelError("texts must be a sequence of strings, not one string; give [text]")
    given = list(texts)
    for row, text in enumerate(given):
        if not isinstance(text, str):
            raise LabelModelError(f"text of row {row} is {text!r}, not a string; give '' for a missing text")
    if len(given) != n:
        raise LabelModelError(
            f"{len(given)} texts were given for {n} rows of votes; give one text a row, in their order"
        )
    return given
