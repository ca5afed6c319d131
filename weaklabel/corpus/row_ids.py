"""Ids of rows, by which a row is found again when another tool gives it back."""

from __future__ import annotations

import json
from collections.abc import Sequence

import polars as pl

from weaklabel.corpus.transform import PLACE, SOURCE
from weaklabel.errors import CorpusError, nearest
from weaklabel.support.hashing import sha256_of_text

ROW_ID = "weaklabel_id"
"""Name under which the id of a row goes to other tools, and comes back."""

ID_LENGTH = 16
"""Hexadecimal digits of an id that is a hash: among a million rows, two are the same with probability 3e-8."""


def row_ids(frame: pl.DataFrame, numbers: Sequence[int], column: str | None = None) -> list[str]:
    """Return an id for each row.

    It is the value of ``column``; or, where rows have their provenance, a hash of source and place, which stays when rows
    are added or dropped before it; or else the number of the row in the corpus, from 0.

    Parameters
    ----------
    frame
        Rows of a corpus, with its columns. Height: n.
    numbers
        The number of each in the corpus. Length: n.
    column
        A column with ids.

    Raises
    ------
    CorpusError
        There is no such column, or a row has no id in it.

    Examples
    --------
    >>> row_ids(pl.DataFrame({"text": ["a", "b"]}), [10, 11])
    ['10', '11']
    """
    if column is not None:
        if column not in frame.columns:
            raise CorpusError(
                f"there is no column '{column}' with ids{nearest(column, frame.columns)}; columns are "
                f"{', '.join(frame.columns)}"
            )
        ids: list[str] = frame[column].cast(pl.String).to_list()
        for number, value in zip(numbers, ids, strict=True):
            if not value:
                raise CorpusError(f"row {number} has no id in column '{column}'; fill the cell, or name another column")
        return ids
    plain = list(map(str, numbers))
    if not {SOURCE, PLACE} <= set(frame.columns):
        return plain
    rows = zip(frame[SOURCE].to_list(), frame[PLACE].to_list(), plain, strict=True)
    return [
        sha256_of_text(json.dumps([source, place]))[:ID_LENGTH] if source is not None and place is not None else number
        for source, place, number in rows
    ]
