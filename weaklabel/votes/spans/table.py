"""The span votes of several labeling functions on consecutive rows, as columns; joined, chosen, and in a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import reduce
from operator import add
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from weaklabel.errors import VoteError
from weaklabel.labels import NOT_ENTITY
from weaklabel.units.spans import Numbers, Spans
from weaklabel.votes.spans.snapping import LFSpans, SpanCounts, no_spans


@dataclass(frozen=True, eq=False)
class SpanTable:
    """The spans that labeling functions mark in consecutive rows.

    Attributes
    ----------
    offsets : array
        The words of row ``i`` are ``offsets[i]`` to before ``offsets[i + 1]``. Shape: [n_rows + 1].
    columns : tuple of LFSpans
        Of each labeling function its votes. Length: m.
    """

    offsets: Numbers
    columns: tuple[LFSpans, ...]

    @classmethod
    def silent(cls, offsets: Numbers, m: int) -> Self:
        """Return the votes of ``m`` labeling functions that mark nothing."""
        nothing = no_spans(len(offsets) - 1)
        return cls(offsets, (LFSpans(nothing, nothing, SpanCounts()),) * m)

    @property
    def n(self) -> int:
        """Rows."""
        return len(self.offsets) - 1

    @property
    def m(self) -> int:
        """Labeling functions."""
        return len(self.columns)

    def only(self, places: Sequence[int]) -> Self:
        """Return the votes of the labeling functions at these places, in this order."""
        return type(self)(self.offsets, tuple(self.columns[place] for place in places))

    def beside(self, other: Self) -> Self:
        """Return the votes of the labeling functions of both on the same rows."""
        return type(self)(self.offsets, self.columns + other.columns)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return it as arrays, each in the smallest type, for ``numpy.savez``."""
        tables = [_one_table(column) for column in self.columns]
        row, begin, length, label = np.concatenate([np.empty((0, 4), np.int64), *tables]).T
        counts = [list(asdict(column.counts).values()) for column in self.columns]
        return {
            "words": _small(np.diff(self.offsets)),
            "spans": np.array([len(table) for table in tables], dtype=np.int64),
            "row": _small(row),
            "begin": _small(begin),
            "length": _small(length),
            "label": label.astype(np.int8 if label.max(initial=0) < 128 else np.int16),
            "changed": np.array(counts, dtype=np.int64).reshape(-1, len(_COUNTS)),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Make what `to_arrays` was given.

        Raises
        ------
        VoteError
            The arrays are not from there.
        """
        try:
            words, n_spans, changed = (arrays[name].astype(np.int64) for name in ("words", "spans", "changed"))
            table = [arrays[name].astype(np.int64) for name in ("row", "begin", "length", "label")]
        except KeyError as error:
            raise VoteError(f"these arrays are not span votes: {error!r} is missing") from error
        ends = np.cumsum(n_spans)
        if {len(column) for column in table} != {int(n_spans.sum())} or changed.shape != (len(n_spans), len(_COUNTS)):
            raise VoteError("these arrays are not span votes: their lengths do not fit together")
        columns = []
        for number, (begin, end) in enumerate(zip((ends - n_spans).tolist(), ends.tolist(), strict=True)):
            row, first, length, label = (column[begin:end] for column in table)
            counts = SpanCounts(*changed[number].tolist())
            columns.append(LFSpans.of_columns(row, first, first + length, label, len(words), counts))
        return cls(np.concatenate([[0], np.cumsum(words)]), tuple(columns))


_COUNTS = tuple(asdict(SpanCounts()))


def join_tables(tables: Sequence[SpanTable]) -> SpanTable:
    """Join the votes of the same labeling functions on consecutive rows; at least one table."""
    lengths = [np.diff(table.offsets) for table in tables]
    shifts = np.cumsum([0, *(table.n for table in tables)])
    columns = tuple(
        LFSpans(
            _joined([column.spans for column in of_lf], shifts),
            _joined([column.negatives for column in of_lf], shifts),
            reduce(add, (column.counts for column in of_lf)),
        )
        for of_lf in zip(*(table.columns for table in tables), strict=True)
    )
    return SpanTable(np.concatenate([[0], np.cumsum(np.concatenate(lengths))]), columns)


def _joined(parts: Sequence[Spans], shifts: Numbers) -> Spans:
    row = np.concatenate([part.row + shift for part, shift in zip(parts, shifts[:-1].tolist(), strict=True)])
    begin, end, label = (np.concatenate([getattr(part, name) for part in parts]) for name in ("begin", "end", "label"))
    return Spans(row, begin, end, label, int(shifts[-1]))


def _one_table(column: LFSpans) -> Numbers:
    """Return row, begin, length and label of all that a labeling function marks. Shape: [n, 4]."""
    negatives = column.negatives
    labels = (column.spans.label, np.full(len(negatives), NOT_ENTITY, np.int64))
    tables = (
        np.stack([spans.row, spans.begin, spans.end - spans.begin, label], axis=1)
        for spans, label in zip((column.spans, negatives), labels, strict=True)
    )
    return np.concatenate(list(tables))


def _small(values: Numbers) -> NDArray[Any]:
    return values.astype(np.min_scalar_type(int(values.max(initial=0))))
