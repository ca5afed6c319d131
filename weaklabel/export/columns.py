"""What tables of labeled rows add to the columns of a corpus: label, confidence, probabilities, or spans; an id if wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from weaklabel.corpus.row_ids import row_ids
from weaklabel.errors import ExportError, nearest
from weaklabel.export.corpus import LabeledCorpus, LabeledPart
from weaklabel.export.opening import SPLIT
from weaklabel.job.output import DECIMALS, label_columns
from weaklabel.units import SPANS, SpanRows, spans_column

PROBS_AS = ("columns", "map", "list", "none")
"""How probabilities are written: a column for each class, one object by class, one list by class number, or not at all."""


@dataclass(frozen=True)
class TableColumns:
    """The columns of a table of labeled rows.

    Parameters
    ----------
    corpus
        What is written.
    probs
        One of `PROBS_AS`.
    prefix
        Before the name of each new column.
    keep
        Columns of the corpus that are written; None for all.
    row_id
        Name of a column for ids of rows, see `row_ids`; "" for none.

    Raises
    ------
    ExportError
        Probabilities cannot be written so; or a column of the corpus does not exist, or has the name of a new one.
    """

    corpus: LabeledCorpus
    probs: str = "columns"
    prefix: str = ""
    keep: Sequence[str] | None = None
    row_id: str = ""

    def __post_init__(self) -> None:
        if self.probs not in PROBS_AS:
            raise ExportError(f"probs: '{self.probs}' is none of {', '.join(PROBS_AS)}{nearest(self.probs, PROBS_AS)}")
        columns = self.corpus.schema
        missing = [name for name in self.keep or () if name not in columns]
        if missing:
            raise ExportError(
                f"columns: {self.corpus.name} has no column '{missing[0]}'{nearest(missing[0], columns)}; columns are "
                f"{', '.join(columns)}"
            )
        kept = columns if self.keep is None else self.keep
        clash = [f"'{name}'" for name in self.names() if name in kept]
        if clash:
            raise ExportError(
                f"{self.corpus.name} has a column {', '.join(clash)} already, which the export adds: give the new columns "
                "a prefix (prefix=weak_), or say which columns are written (columns)"
            )

    @property
    def label(self) -> str:
        """Name of the column with labels."""
        return self.prefix + "label"

    @property
    def spans(self) -> str:
        """Name of the column with spans."""
        return self.prefix + SPANS

    @property
    def keeps_probs(self) -> bool:
        """Whether spans have their probabilities, and rows the least of them."""
        return self.corpus.has_probs and self.probs != "none"

    def names(self) -> list[str]:
        """Return the names of the new columns."""
        if self.corpus.task == "spans":
            least = [self.prefix + "confidence"] * self.keeps_probs
            return [*[self.row_id] * bool(self.row_id), self.spans, *least, *[SPLIT] * self._adds_split]
        probs = {"columns": [f"p_{name}" for name in self.corpus.labels], "none": []}.get(self.probs, ["probs"])
        numbers = ["confidence", *probs] if self.corpus.has_probs else []
        row_id, split = [self.row_id] * bool(self.row_id), [SPLIT] * self._adds_split
        return [*row_id, self.label, *(self.prefix + name for name in numbers), *split]

    @property
    def _adds_split(self) -> bool:
        """Whether rows are divided, and no column says how."""
        return bool(self.corpus.splits) and SPLIT not in (self.corpus.schema if self.keep is None else self.keep)

    def kept(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the columns of the corpus that are written."""
        return frame if self.keep is None else frame.select(self.keep)

    def new(self, part: LabeledPart) -> pl.DataFrame:
        """Return the new columns, with labels by their names; those of rows without one are null."""
        if part.spans is not None:
            return self._of_spans(part, part.spans)
        added = label_columns(part.preds, part.probs, self.corpus.labels)
        ids = [pl.Series(row_ids(part.frame, part.rows.tolist()), dtype=pl.String)] if self.row_id else []
        columns = [*ids, added["label"]]
        if self.corpus.has_probs:
            columns += [added["confidence"], *self._probs(part, added)]
        if self._adds_split:
            columns.append(pl.Series(part.split or [], dtype=pl.String))
        return pl.DataFrame(dict(zip(self.names(), columns, strict=True)))

    def _of_spans(self, part: LabeledPart, rows: SpanRows) -> pl.DataFrame:
        columns = [pl.Series(row_ids(part.frame, part.rows.tolist()), dtype=pl.String)] if self.row_id else []
        probs = rows.probs if self.keeps_probs else None
        columns.append(spans_column(rows.spans, part.texts, self.corpus.labels, probs, rows.is_known))
        if self.keeps_probs:
            least = np.where(rows.is_known, rows.least_probs(), np.nan)
            columns.append(pl.Series(np.round(least, DECIMALS), nan_to_null=True))
        if self._adds_split:
            columns.append(pl.Series(part.split or [], dtype=pl.String))
        return pl.DataFrame(dict(zip(self.names(), columns, strict=True)))

    def _probs(self, part: LabeledPart, added: pl.DataFrame) -> list[pl.Series]:
        of_classes = added.get_columns()[2:]
        if self.probs == "columns":
            return of_classes
        if self.probs == "list":
            return [probs_lists(part)]
        if self.probs == "map":
            of_class = [column.alias(name) for column, name in zip(of_classes, self.corpus.labels, strict=True)]
            return [pl.DataFrame(of_class).to_struct("probs")]
        return []


def probs_lists(part: LabeledPart) -> pl.Series:
    """Return the probabilities of each row as an array, null where it has none. Shape: [n, k]."""
    rounded = np.round(part.probs, DECIMALS)
    lists = pl.Series("probs", rounded, dtype=pl.Array(pl.Float64, rounded.shape[1]))
    undefined = pl.Series("undefined", np.isnan(rounded).any(axis=1))
    return pl.select(pl.when(undefined).then(None).otherwise(lists).alias("probs"))["probs"]
