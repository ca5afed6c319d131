"""Votes that are spans: what a labeling function marks in each row, checked and sent, in code points of the row's text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from reprlib import repr as shorten
from typing import Any

import numpy as np

from weaklabel.corpus.batch import Batch
from weaklabel.errors import VoteError
from weaklabel.labels import NOT_ENTITY
from weaklabel.lf.spans.answers import NotedSpans, WrongSpan
from weaklabel.units.offsets import row_of_units
from weaklabel.units.spans import Numbers, Spans
from weaklabel.votes.form import FIRST, LFVotes, VoteForm, add_problems, error_message
from weaklabel.votes.matrix import Note, Problem, Problems


@dataclass(frozen=True, eq=False)
class RowSpans:
    """The spans that one labeling function marks in consecutive rows; its length is the number of rows.

    Attributes
    ----------
    offsets : array
        The spans of row ``i`` are ``offsets[i]`` to before ``offsets[i + 1]``. Shape: [n_rows + 1].
    begin, end, label : array
        Places in code points, and the number of a label, or -2 for "not an entity". Shape: [n].
    """

    offsets: Numbers
    begin: Numbers
    end: Numbers
    label: Numbers

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def row(self) -> Numbers:
        """The row of each span. Shape: [n]."""
        return row_of_units(self.offsets)

    def of_row(self, row: int) -> list[tuple[int, int, int]]:
        """Return begin, end and label of each span of a row."""
        some = slice(self.offsets[row], self.offsets[row + 1])
        return list(zip(self.begin[some].tolist(), self.end[some].tolist(), self.label[some].tolist(), strict=True))


class SpanForm(VoteForm):
    """Votes that are spans of the row's text.

    Parameters
    ----------
    n_labels
        Number of labels, the inner ones of a hierarchy included; a span's label is below it, or -2.
    labels
        Their names, for messages; not needed.
    """

    def __init__(self, n_labels: int, labels: Sequence[str] = ()) -> None:
        self.n_labels = n_labels
        self.labels: tuple[str, ...] = tuple(labels)

    def check(self, name: str, votes: Any, batch: Batch) -> LFVotes:
        """See `VoteForm`; a row with a span that is none loses all its spans of this labeling function."""
        messages: dict[int, str] = {}
        notes = list[Note]()
        if isinstance(votes, Spans):
            if votes.n_rows != len(batch):
                raise VoteError(f"LF '{name}' returned spans of {votes.n_rows} rows for a batch of {len(batch)} rows")
            rows = np.bincount(votes.row, minlength=len(batch))
            counts, table = rows, np.stack([votes.begin, votes.end, votes.label], axis=1)
        else:
            spans_of_rows = _as_rows(name, votes, batch)
            notes = [note for row, spans in enumerate(spans_of_rows) for note in _notes(batch.start + row, spans)]
            counts, table = _as_table(spans_of_rows, messages)
        row = np.repeat(np.arange(len(batch)), counts)
        begin, end, label = table.T
        is_wrong = (begin < 0) | (end <= begin) | (end > _text_lengths(batch)[row])
        is_wrong |= ((label < 0) & (label != NOT_ENTITY)) | (label >= self.n_labels)
        for place in np.flatnonzero(is_wrong).tolist():
            messages.setdefault(int(row[place]), self._message(batch, int(row[place]), *table[place].tolist()))
        if messages:
            bad = np.zeros(len(batch), dtype=bool)
            bad[list(messages)] = True
            table, counts = table[~bad[row]], np.where(bad, 0, counts)
            begin, end, label = table.T
        offsets = np.concatenate([[0], np.cumsum(counts)])
        columns = (np.ascontiguousarray(column) for column in (begin, end, label))
        first = tuple(Problem(batch.start + bad_row, messages[bad_row]) for bad_row in sorted(messages)[:FIRST])
        failed = Problems(len(messages), first) if messages else None
        noted = (Problems(0, (), (note,)) for note in notes)
        return LFVotes(RowSpans(offsets, *columns), add_problems([failed, *noted]))

    def silent(self, n: int) -> RowSpans:
        """See `VoteForm`."""
        none = np.empty(0, np.int64)
        return RowSpans(np.zeros(n + 1, np.int64), none, none, none)

    def joined(self, parts: Sequence[RowSpans]) -> RowSpans:
        """See `VoteForm`."""
        if len(parts) == 1:
            return parts[0]
        parts = [self.silent(0), *parts]
        counts = np.concatenate([np.diff(part.offsets) for part in parts])
        columns = (np.concatenate([getattr(part, name) for part in parts]) for name in ("begin", "end", "label"))
        return RowSpans(np.concatenate([[0], np.cumsum(counts)]), *columns)

    def pack(self, votes: RowSpans) -> tuple[dict[str, Any], bytes]:
        """See `VoteForm`."""
        columns = (votes.offsets, votes.begin, votes.end, votes.label)
        return {"rows": len(votes)}, np.concatenate(columns).astype(np.int64, copy=False).tobytes()

    def unpack(self, header: Mapping[str, Any], body: bytes) -> RowSpans:
        """See `VoteForm`."""
        values = np.frombuffer(body, dtype=np.int64)
        offsets, rest = values[: header["rows"] + 1], values[header["rows"] + 1 :]
        return RowSpans(offsets, *rest.reshape(3, -1))

    def to_dict(self) -> dict[str, Any]:
        """See `VoteForm`."""
        return {"n_labels": self.n_labels, "labels": self.labels}

    def _message(self, batch: Batch, row: int, begin: int, end: int, label: int) -> str:
        name = repr(self.labels[label]) if 0 <= label < len(self.labels) else label
        span = f"span ({begin}, {end}, {name})"
        if not 0 <= begin < end:
            return f"{span} is empty, or begins before 0; a span is (begin, end, label) with 0 <= begin < end"
        length = int(_text_lengths(batch)[row])
        if end > length:
            return f"{span} ends beyond the text, which has {length} characters"
        return f"{span} has a label outside 0..{self.n_labels - 1}, which is not {NOT_ENTITY} (not an entity) either"


def _text_lengths(batch: Batch) -> Numbers:
    """Return the length of each text in code points. Shape: [n]."""

    def lengths() -> Numbers:
        return np.fromiter(map(len, batch.texts), dtype=np.int64, count=len(batch))

    return batch.once("text lengths", lengths)


def _as_rows(name: str, votes: Any, batch: Batch) -> list[Any]:
    try:
        rows = list(votes)
    except TypeError:
        raise VoteError(
            f"LF '{name}' returned {shorten(votes)} for a batch; it must return a list of spans for each row"
        ) from None
    if len(rows) != len(batch):
        raise VoteError(
            f"LF '{name}' returned {len(rows)} answers for a batch of {len(batch)} rows; "
            "it must return a list of spans for each row"
        )
    return rows


def _notes(row: int, spans: Any) -> list[Note]:
    """Return the notes on the spans of a row."""
    if not isinstance(spans, NotedSpans):
        return []
    return [Note(note.what, 1, Problem(row, note.detail), note.is_final) for note in spans.notes]


def _as_table(rows: list[Any], messages: dict[int, str]) -> tuple[Numbers, Numbers]:
    """Return the number of spans of each row, and begin, end and label of all; rows that have no spans get a message."""
    if not set(map(type, rows)) <= {list, tuple}:
        rows = [_checked_row(row, spans, messages) for row, spans in enumerate(rows)]
    spans = list(chain.from_iterable(rows))
    if not set(map(type, spans)) <= {tuple} or not set(map(len, spans)) <= {3}:
        rows = [_checked_row(row, spans, messages) for row, spans in enumerate(rows)]
        spans = list(chain.from_iterable(rows))
    if not set(map(type, chain.from_iterable(spans))) <= {int}:
        rows = [_checked_row(row, spans, messages) for row, spans in enumerate(rows)]
        spans = list(chain.from_iterable(rows))
    counts = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
    return counts, np.fromiter(chain.from_iterable(spans), dtype=np.int64, count=3 * len(spans)).reshape(-1, 3)


def _checked_row(row: int, spans: Any, messages: dict[int, str]) -> list[tuple[int, int, int]]:
    """Return the spans of a row as plain numbers; none, with a message, where one is not a span."""
    if isinstance(spans, BaseException):
        messages[row] = str(spans) if isinstance(spans, WrongSpan) else error_message(spans)
        return []
    try:
        if isinstance(spans, str | bytes | Mapping):
            raise TypeError
        checked = [_checked_span(span) for span in spans]
    except TypeError:
        messages[row] = f"{shorten(spans)} of type {type(spans).__name__} is not a list of spans; return [] for none"
        return []
    except ValueError as error:
        messages[row] = str(error)
        return []
    return checked


def _checked_span(span: Any) -> tuple[int, int, int]:
    """Return a span as three numbers; a ValueError says what is wrong with it."""
    values = list(span) if isinstance(span, tuple | list | np.ndarray) else []
    are_numbers = all(isinstance(value, int | np.integer) and not isinstance(value, bool) for value in values)
    if len(values) != 3 or not are_numbers:
        raise ValueError(f"{shorten(span)} is not a span; a span is (begin, end, label number)")
    if not all(-(2**62) < value < 2**62 for value in values):
        raise ValueError(f"span {shorten(span)} is out of range")
    begin, end, label = map(int, values)
    return begin, end, label
