"""The spans that a labeling function returns, and checks of them: type, place in the text, label."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from weaklabel.errors import LFError, VoteError
from weaklabel.labels import MAX_CARDINALITY, NOT_ENTITY
from weaklabel.lf.core import VoteNote
from weaklabel.units import Spans

Span: TypeAlias = tuple[int, int, int]
"""Begin and end in the text, in code points, and the number of a label, or NOT_ENTITY."""

SpanAnswer: TypeAlias = "Spans | Sequence[Sequence[Span] | BaseException]"
"""The spans of a batch: for each row a list of them, or the exception that its vote ended in; or columns for all rows."""


class WrongSpan(Exception):
    """Something that is no span, in the answer of a labeling function; the message says what is wrong with it."""


class NotedSpans(list[Span]):
    """The spans of a row with notes, which are counted by kind and shown with problems, but are no failures.

    Parameters
    ----------
    spans
        The spans.
    notes
        The notes.
    """

    def __init__(self, spans: Iterable[Span], notes: Iterable[VoteNote]) -> None:
        super().__init__(spans)
        self.notes = tuple(notes)


@dataclass(frozen=True, eq=False)
class CheckedSpans:
    """The spans of a batch that are fit for use.

    Attributes
    ----------
    spans : Spans
        In code points of the text, sorted, each once; the label is 0 or more, or NOT_ENTITY.
    failures : dict
        From the place of a row in the batch to what is wrong with its answer; such a row has no spans.
    notes : list of (int, VoteNote)
        Place of a row in the batch, and the note on it.
    """

    spans: Spans
    failures: dict[int, str]
    notes: list[tuple[int, VoteNote]]


def check_spans(
    name: str, answer: SpanAnswer | Any, texts: Sequence[str], n_labels: int = MAX_CARDINALITY
) -> CheckedSpans:
    """Check the spans that a labeling function gives for a batch.

    Parameters
    ----------
    name
        Name of the labeling function.
    answer
        What its ``vote`` returned.
    texts
        The texts in which it marks spans. Length: n.
    n_labels
        Number of labels, inner nodes of a hierarchy included.

    Raises
    ------
    VoteError
        There is not an answer for each row.

    Examples
    --------
    >>> checked = check_spans("names", [[(0, 3, 0)], [(2, 9, 0)], ValueError("no name")], ["Ada left", "Ada", ""], 1)
    >>> checked.spans.of_row(0), checked.failures
    ([(0, 3, 0)], {1: 'the span from 2 to 9 ends after the text, which has 3 characters', 2: 'ValueError: no name'})
    """
    failures: dict[int, str] = {}
    notes: list[tuple[int, VoteNote]] = []
    if isinstance(answer, Spans):
        if answer.n_rows != len(texts):
            raise VoteError(_wrong_number(name, answer.n_rows, len(texts)))
        table = np.stack([answer.row, answer.begin, answer.end, answer.label], axis=1)
    else:
        table = _table_of_lists(name, answer, len(texts), failures, notes)
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    wrong = _is_wrong(table, lengths, n_labels)
    for at in np.flatnonzero(wrong)[::-1].tolist():  # backwards, so that the first of a row is the one reported
        row, begin, end, label = table[at].tolist()
        failures[row] = _what_is_wrong(begin, end, label, int(lengths[row]), n_labels)
    if wrong.any():
        table = table[~np.isin(table[:, 0], list(failures))]
    return CheckedSpans(_sorted(table, len(texts)), dict(sorted(failures.items())), notes)


def _table_of_lists(
    name: str, answer: Any, n_rows: int, failures: dict[int, str], notes: list[tuple[int, VoteNote]]
) -> np.ndarray:
    """Return spans as rows of a table, of lists whose parts are of the right types. Shape: [n, 4]."""
    if isinstance(answer, str | bytes | dict) or not hasattr(answer, "__len__"):
        raise VoteError(
            f"LF '{name}' returned a {type(answer).__name__} for a batch; it must return spans for each row"
        )
    if len(answer) != n_rows:
        raise VoteError(_wrong_number(name, len(answer), n_rows))
    flat: list[int] = []
    for row, spans in enumerate(answer):
        if not spans and isinstance(spans, list | tuple):
            of_row: list[int] | None = []
        elif isinstance(spans, BaseException):
            failures[row] = message_of(spans)
            continue
        else:
            of_row = _numbers(row, spans)
        if of_row is None:
            failures[row] = _wrong_type(spans)
            continue
        flat += of_row
        if isinstance(spans, NotedSpans):
            notes += [(row, note) for note in spans.notes]
    return np.array(flat, dtype=np.int64).reshape(-1, 4)


def _numbers(row: int, spans: Any) -> list[int] | None:
    """Return row, begin, end and label of each span of a row, one after the other; None where something is no span."""
    if not isinstance(spans, Iterable) or isinstance(spans, str | bytes | dict):
        return None
    flat: list[int] = []
    for span in spans:
        if not isinstance(span, tuple | list) or len(span) != 3 or not all(map(is_whole, span)):
            return None
        flat += [row, *map(int, span)]
    return flat


def is_whole(value: Any) -> bool:
    """Say whether a value is a whole number that fits into 64 bits; a bool is none."""
    is_number = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return is_number and -(1 << 62) < int(value) < 1 << 62


def _is_wrong(table: np.ndarray, lengths: np.ndarray, n_labels: int) -> np.ndarray:
    row, begin, end, label = table.T
    is_label = ((label >= 0) & (label < n_labels)) | (label == NOT_ENTITY)
    wrong: np.ndarray = (begin < 0) | (end <= begin) | (end > lengths[row]) | ~is_label
    return wrong


def _what_is_wrong(begin: int, end: int, label: int, length: int, n_labels: int) -> str:
    span = f"the span from {begin} to {end}"
    if begin < 0:
        return f"{span} begins before the text"
    if end <= begin:
        return f"{span} is empty" if end == begin else f"{span} ends before it begins"
    if end > length:
        return f"{span} ends after the text, which has {length} characters"
    return f"{span} has label {label}, which is outside 0..{n_labels - 1}"


def _wrong_type(spans: Any) -> str:
    kind = type(spans).__name__
    if not isinstance(spans, Iterable) or isinstance(spans, str | bytes | dict):
        return f"{spans!r:.60} is of type {kind}; return a list of spans, [] where there is none"
    span = next(
        each for each in spans if not isinstance(each, tuple | list) or len(each) != 3 or not all(map(is_whole, each))
    )
    return f"{span!r:.60} is no span; a span is (begin, end, number of the label)"


def _wrong_number(name: str, n: int, n_rows: int) -> str:
    return f"LF '{name}' returned spans of {n} rows for a batch of {n_rows} rows; it must return spans for each row"


def _sorted(table: np.ndarray, n_rows: int) -> Spans:
    if len(table) > 1:
        table = table[np.lexsort(table.T[::-1])]
        is_new = np.ones(len(table), dtype=bool)
        is_new[1:] = (table[1:] != table[:-1]).any(axis=1)
        table = table[is_new]
    row, begin, end, label = (np.ascontiguousarray(column) for column in table.T)
    return Spans(row, begin, end, label, n_rows)


def message_of(error: BaseException) -> str:
    """Return what an exception in the place of a row's spans says."""
    text = str(error) if isinstance(error, WrongSpan | LFError) else f"{type(error).__name__}: {error}"
    return text.strip().partition("\n")[0][:200]
