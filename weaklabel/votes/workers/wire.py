"""What passes between a guard and its process: a JSON header with raw bytes behind it, rows as Arrow, never pickles."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import polars as pl

from weaklabel.corpus.batch import TEXT, Batch
from weaklabel.corpus.python_values import PythonValues
from weaklabel.votes.checking import LFVotes
from weaklabel.votes.matrix import Problem, Problems
from weaklabel.votes.workers.limits import VoteReply


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
    return {**header, "python_values": python_values.pack(frame.columns, start, stop)}, buffer.getbuffer()


def unpack_batch(header: dict[str, Any], body: bytes) -> Batch:
    """Return the batch that `pack_batch` packed."""
    frame, python_values = pl.read_ipc(body), PythonValues.unpack(header["python_values"], header["start"])
    columns = python_values.columns if python_values is not None else {}
    frame = frame.with_columns(
        pl.Series(name, values, dtype=pl.Object) for name, values in columns.items() if name not in frame.columns
    ).select(name for name in header["columns"] if name in frame.columns or name in columns)
    text = (TEXT,) if header["text"] else ()
    return Batch(frame, text, header["start"], hide=header["hide"], python_values=python_values)


def pack_step(step: VoteReply) -> tuple[dict[str, Any], bytes]:
    """Return header and body for votes."""
    header: dict[str, Any] = {"stride": step.stride, "overdue": step.overdue, "voted": step.votes is not None}
    if step.votes is None:
        return header, b""
    problems = step.votes.problems
    if problems is not None:
        header["problems"] = problems.count, [(problem.row, problem.message) for problem in problems.first]
    header["dtype"] = step.votes.votes.dtype.str
    return header, step.votes.votes.tobytes()


def unpack_step(header: dict[str, Any], body: bytes) -> VoteReply:
    """Return what `pack_step` packed."""
    if not header["voted"]:
        return VoteReply(header["stride"], None)
    problems = None
    if "problems" in header:
        count, first = header["problems"]
        problems = Problems(count, tuple(Problem(row, message) for row, message in first))
    return VoteReply(header["stride"], LFVotes(np.frombuffer(body, dtype=header["dtype"]), problems), header["overdue"])
