"""What a labeling function that marks spans returns; `weaklabel.votes.spans` checks it for whole batches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np

from weaklabel.errors import LFError, VoteError
from weaklabel.lf.core import VoteNote
from weaklabel.units import Spans

Span: TypeAlias = tuple[int, int, int]
"""Begin and end in the text, in code points, and the number of a label, or NOT_ENTITY."""

SpanAnswer: TypeAlias = "Spans | Sequence[Sequence[Span] | BaseException]"
"""The spans of a batch: for each row a list of them, or the exception that its vote ended in; or columns for all rows."""


class WrongSpan(VoteError):
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
        self.notes: tuple[VoteNote, ...] = tuple(notes)


def spans_of_one_text(name: str, answer: SpanAnswer, text: str) -> list[Span]:
    """Return the spans that LF ``name`` marked in a batch of one text, sorted.

    Raises
    ------
    LFError
        There is a span that is not within the text, or the text's vote failed.
    """
    spans = answer.of_row(0) if isinstance(answer, Spans) else answer[0]
    if isinstance(spans, WrongSpan):
        raise LFError(f"LF '{name}': {spans}")
    if isinstance(spans, BaseException):
        raise spans
    for begin, end, _ in spans:
        if not 0 <= begin < end <= len(text):
            raise LFError(
                f"LF '{name}': the span from {begin} to {end} is none of the text, which has {len(text)} characters"
            )
    return sorted(set(map(tuple, spans)))  # type: ignore[arg-type]  # three numbers each, as checked where they were made


def is_whole(value: Any) -> bool:
    """Say whether a value is a whole number that fits into 64 bits; a bool is none."""
    is_number = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return is_number and -(1 << 62) < int(value) < 1 << 62
