"""Between a guard and its process: time limits, the health of labeling functions, and the messages.

A labeling function that takes too long, or ends the process, loses its own votes only. Messages are a JSON header with raw
bytes behind it, rows as Arrow, never pickles.
"""

from __future__ import annotations

import io
import math
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import Any, TypeVar

import polars as pl

from weaklabel.corpus.batch import TEXT, Batch
from weaklabel.corpus.python_values import PythonValues
from weaklabel.errors import VoteError
from weaklabel.lf.core import LF
from weaklabel.votes.checking import CLASSES, ClassForm, ask, fault
from weaklabel.votes.form import LFVotes, VoteForm
from weaklabel.votes.matrix import Problems
from weaklabel.votes.spans.form import SpanForm
from weaklabel.votes.texts import TextForm

T = TypeVar("T")

TIME_LIMIT = 10.0
"""Seconds that a labeling function may take over one row in a guarded process, unless the caller sets it."""

WHOLE = 2**62
"""The stride of a labeling function that votes on whole batches."""

FAST_ROWS = 10_000
"""Rows over which a labeling function that is called row by row may spend the limit before it is watched."""

SLOW_ROWS = 20
"""Rows over which any other kind may spend the limit: a large model takes half a second over one."""


FIRST_TIME = 10
"""How many times as long the first votes in a process may take: a model may have to be loaded for them."""


class TimeLimitReached(BaseException):
    """The time limit is over; not an `Exception`, so that a labeling function's own ``except`` does not catch it."""


@dataclass(frozen=True)
class VoteReply:
    """The result of one request for votes.

    Attributes
    ----------
    stride
        Rows that the labeling function is asked for at once, from here on.
    votes
        Its votes on the next rows; None where it took too long and is asked for fewer rows.
    overdue
        It took too long over the single row of ``votes``.
    """

    stride: int
    votes: LFVotes | None
    overdue: bool = False


def steps(
    lf: LF,
    batch: Batch,
    form: VoteForm = CLASSES,
    time_limit: float | None = None,
    *,
    begin: int = 0,
    stride: int = WHOLE,
    is_first: bool = False,
) -> Iterator[VoteReply]:
    """Let a labeling function vote on a batch, ``stride`` rows at a time, and find the rows that take too long.

    Parameters
    ----------
    lf
        The labeling function.
    batch
        The rows.
    form
        What a vote is.
    time_limit
        Seconds for one row; see `seconds_for`. None sets no limit; a limit works in the main thread only.
    begin
        Row of the batch to begin with.
    stride
        Rows to ask for at once; falls by itself where they take too long.
    is_first
        These are the first votes that this process asks it for.
    """
    while begin < len(batch):
        is_whole = begin == 0 and stride >= len(batch)
        part = batch if is_whole else batch.part(begin, begin + stride)
        seconds = seconds_for(lf, len(part), time_limit, is_first)
        is_first = False
        try:
            votes = _limited(partial(ask, lf.name, lf.vote, part, form), seconds)
        except TimeLimitReached:
            if len(part) > 1:
                stride = finer(lf, len(part))
                yield VoteReply(stride, None)
                continue
            assert time_limit is not None
            yield VoteReply(stride, fault(part.start, took_longer(time_limit), form), overdue=True)
        else:
            yield VoteReply(stride, votes)
        begin += len(part)


def seconds_for(lf: LF, rows: int, time_limit: float | None, is_first: bool = False) -> float:
    """Return how long a labeling function may take over ``rows`` rows; infinite without a limit.

    One row has the limit. More rows at once have more, so that a healthy one is not interrupted: one in Python that is called
    row by row loses little when it is, since its rows are then timed one by one, and has the limit for each 10,000
    rows; all others, which do work for a batch at once and may ask a large model, have it for each 20. The first votes
    in a process may take ten times as long.
    """
    if time_limit is None:
        return math.inf
    times = max(1.0, rows / (FAST_ROWS if lf.by_row else SLOW_ROWS))
    return time_limit * times * (FIRST_TIME if is_first else 1)


def finer(lf: LF, rows: int) -> int:
    """Return how many rows at once a labeling function gets after a request of ``rows`` rows failed."""
    return 1 if lf.by_row else max(1, rows // 8)


def took_longer(time_limit: float) -> str:
    """Return the message for a row over which the time ran out."""
    return f"took longer than {time_limit:g} s"


def can_limit() -> bool:
    """Say whether time limits work here: on Unix, in the main thread."""
    return hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()


def _limited(call: Callable[[], T], seconds: float) -> T:
    """Return ``call()``, or raise `TimeLimitReached` after ``seconds``."""
    if math.isinf(seconds):
        return call()
    before = signal.signal(signal.SIGALRM, _stop)
    try:
        # Repeatedly, because C code that calls Python may drop the exception.
        signal.setitimer(signal.ITIMER_REAL, seconds, max(seconds / 2, 0.1))
        try:
            return call()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        # Once more: the alarm may have rung within the other finally.
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _stop(number: int, frame: FrameType | None) -> None:
    raise TimeLimitReached


MOST_ENDS = 20
"""Rows on which a labeling function may end its process; to start the next process takes a few seconds."""

MOST_SECONDS = 900.0
"""Time that a labeling function may spend on rows over which it took too long."""


@dataclass
class LFHealth:
    """How fast a labeling function is and how often it failed, in all processes together.

    Attributes
    ----------
    name
        Its name.
    stride
        Rows that it may get at once: all, unless it is slow. A single row costs about 0.2 ms, which is much compared
        with a fast one's work: one that took too long, or whose process died, because of a certain row is asked for
        fewer rows in the batch with that row only.
    seconds, rows
        Time that it took to vote, in all processes together, and rows it voted on.
    """

    name: str
    stride: int = WHOLE
    seconds: float = 0.0
    rows: int = 0
    _ends: int = 0
    _overdue: float = 0.0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def watch(self, stride: int) -> None:
        """Ask for at most ``stride`` rows at once from now on: more take too long, though no single row is the cause."""
        with self._lock:
            self.stride = min(self.stride, stride)

    def note_time(self, seconds: float, rows: int) -> None:
        """Count the time that votes took, and the rows they are on."""
        with self._lock:
            self.seconds += seconds
            self.rows += rows

    def note_end(self, row: int, reason: str) -> None:
        """Count a process that ended, or had to be ended, because of ``row``; the twenty-first is a `VoteError`."""
        with self._lock:
            self._ends += 1
            if self._ends > MOST_ENDS:
                raise VoteError(
                    f"LF '{self.name}' took its process down {self._ends} times, the last time at row {row}, where it "
                    f"{reason}; fix it or leave it out"
                )

    def note_overdue(self, row: int, time_limit: float) -> None:
        """Count the time spent on a row that took too long; more than 15 minutes in all are a `VoteError`."""
        with self._lock:
            self._overdue += time_limit
            if self._overdue > MOST_SECONDS:
                raise VoteError(
                    f"LF '{self.name}' spent {MOST_SECONDS / 60:g} minutes on rows over which it "
                    f"{took_longer(time_limit)}, the last of them row {row}; fix it, leave it out, or lower time_limit"
                )


def pack_batch(batch: Batch) -> tuple[dict[str, Any], memoryview]:
    """Return header and body for the rows of a batch, as labeling functions see them.

    Raises
    ------
    CorpusError
        The rows are Python objects that cannot be sent.
    """
    buffer, frame = io.BytesIO(), batch.frame
    objects = [name for name, dtype in frame.schema.items() if dtype == pl.Object]
    frame.drop(objects).write_ipc(buffer)
    python_values, start, stop = batch.python_values or PythonValues(), batch.start, batch.start + len(batch)
    if objects and python_values.rows is None:
        values = {name: python_values.values(name, start, stop) for name in python_values.columns}
        values |= {name: frame[name].to_list() for name in objects}
        python_values = PythonValues(values, None, start, python_values.left_out)
    header = {"start": start, "text": bool(batch.text), "hide": batch.hide, "columns": frame.columns}
    if batch.spans or batch.survey:
        header |= {"spans": batch.spans, "survey": {text: list(of.items()) for text, of in batch.survey.items()}}
    return {**header, "python_values": python_values.pack(frame.columns, start, stop)}, buffer.getbuffer()


def unpack_batch(header: dict[str, Any], body: bytes) -> Batch:
    """Return the batch that `pack_batch` packed."""
    frame, python_values = pl.read_ipc(body), PythonValues.unpack(header["python_values"], header["start"])
    columns = python_values.columns if python_values is not None else {}
    frame = frame.with_columns(
        pl.Series(name, values, dtype=pl.Object) for name, values in columns.items() if name not in frame.columns
    ).select(name for name in header["columns"] if name in frame.columns or name in columns)
    text = (TEXT,) if header["text"] else ()
    batch = Batch(frame, text, header["start"], hide=header["hide"], python_values=python_values)
    batch.spans = {name: [list(map(tuple, row)) for row in rows] for name, rows in header.get("spans", {}).items()}
    batch.survey = {text: dict(map(tuple, of)) for text, of in header.get("survey", {}).items()}
    return batch


def form_of(fields: dict[str, Any]) -> VoteForm:
    """Return the form of votes that `VoteForm.to_dict` described."""
    forms: dict[str, type[VoteForm]] = {"n_labels": SpanForm, "n_columns": TextForm, "top": ClassForm}
    return next(form for field, form in forms.items() if field in fields)(**fields)


def pack_step(step: VoteReply, form: VoteForm = CLASSES) -> tuple[dict[str, Any], bytes]:
    """Return header and body for votes."""
    header: dict[str, Any] = {"stride": step.stride, "overdue": step.overdue, "voted": step.votes is not None}
    if step.votes is None:
        return header, b""
    if step.votes.problems is not None:
        header["problems"] = step.votes.problems.to_dict()
    fields, body = form.pack(step.votes.votes)
    return header | fields, body


def unpack_step(header: dict[str, Any], body: bytes, form: VoteForm = CLASSES) -> VoteReply:
    """Return what `pack_step` packed."""
    if not header["voted"]:
        return VoteReply(header["stride"], None)
    problems = Problems.from_dict(header["problems"]) if "problems" in header else None
    return VoteReply(header["stride"], LFVotes(form.unpack(header, body), problems), header["overdue"])
