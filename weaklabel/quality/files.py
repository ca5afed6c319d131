"""Checks of labels in files: which rows to check, and what decisions say."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl

from weaklabel.corpus import Corpus
from weaklabel.quality.check import QualityCheck
from weaklabel.support.files import atomic_path

ROW, TEXT = "row", "text"
"""Columns of a file with rows to check: the number of the row, from 1, and its text."""


def write_to_check(path: str | os.PathLike[str], corpus: Corpus, check: QualityCheck) -> int:
    """Write the rows to check next, in their order, as CSV, without their labels: who sees them tends to agree with them.

    Parameters
    ----------
    path
        Replaced once the new file is whole.
    corpus
        The rows that the check is of.
    check
        See `weaklabel.quality.check_labels`.

    Returns
    -------
    int
        How many rows were written.
    """
    places = {int(row): place for place, row in enumerate(check.next_rows)}
    texts, begin = [""] * len(places), 0
    for batch in corpus.batches():
        for row in places.keys() & set(range(begin, begin + len(batch))):
            texts[places[row]] = batch.model_texts[row - begin]
        begin += len(batch)
    frame = pl.DataFrame({ROW: check.next_rows + 1, TEXT: texts}, schema={ROW: pl.Int64, TEXT: pl.String})
    with atomic_path(Path(path)) as part:
        frame.write_csv(part)
    return len(frame)
