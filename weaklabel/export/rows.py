"""Rows as exports write them: by part of the split, and a few at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from weaklabel.export.corpus import LabeledCorpus, LabeledPart
from weaklabel.export.selection import TRAIN
from weaklabel.units import SpanRows, Spans


def split_of(part: LabeledPart) -> list[str]:
    """Return the part of a split that each row belongs to: `TRAIN` where the corpus is not divided. Length: n."""
    return [TRAIN] * len(part) if part.split is None else [name or TRAIN for name in part.split]


def by_split(part: LabeledPart) -> Iterator[tuple[str, LabeledPart]]:
    """Give the rows of each part of the split that occurs, in order of first occurrence."""
    splits = split_of(part)
    names = list(dict.fromkeys(splits))
    of_row = np.array(splits, dtype=object)
    for name in names:
        yield name, part.take(of_row == name)


def blocks(part: LabeledPart, rows: int, characters: int) -> Iterator[LabeledPart]:
    """Give rows a few at a time: at most so many, with texts of at most so many characters together, but at least one."""
    starts, held = [0], 0
    for row, text in enumerate(part.texts):
        if row > starts[-1] and (row - starts[-1] >= rows or held + len(text) > characters):
            starts.append(row)
            held = 0
        held += len(text)
    places = np.arange(len(part))
    for start, end in zip(starts, [*starts[1:], len(part)], strict=True):
        if end > start:
            yield part.take((places >= start) & (places < end))


def empty_part(corpus: LabeledCorpus) -> LabeledPart:
    """Return no rows of a corpus, with its columns."""
    none = np.empty(0, dtype=np.int64)
    frame = pl.DataFrame(schema=corpus.schema)
    if corpus.task == "spans":
        spans = SpanRows(Spans.of_rows([]), np.empty(0), np.empty(0, dtype=bool), corpus.labels)
        return LabeledPart.of_spans(none, frame, [], spans)
    return LabeledPart(none, frame, [], none, np.empty((0, len(corpus.labels))))
