"""A process for labeling functions that may hang, crash or eat memory, and finding which of them is the cause."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from weaklabel import errors
from weaklabel.corpus.batch import Batch
from weaklabel.errors import VoteError, WeakLabelError
from weaklabel.lf.core import LF
from weaklabel.lf.identity import Identity
from weaklabel.support.child import end, killed, receive, send, start
from weaklabel.votes.checking import fault, join_votes
from weaklabel.votes.form import LFVotes, VoteForm
from weaklabel.votes.workers.protocol import WHOLE, LFHealth, finer, pack_batch, seconds_for, took_longer, unpack_step

GRACE = 1.0
"""Seconds after which a process is ended whose labeling function does not even stop for the alarm in it."""

SECONDS_TO_END = 5.0
"""How long a process may take to end once its pipe is closed."""


@dataclass(frozen=True)
class Order:
    """What a guarded process is to do.

    Attributes
    ----------
    lfs
        The labeling functions that vote there.
    health
        The health of each, shared between guards.
    specs, loader
        The specs by which the process loads them, and what loads them; see `weaklabel.lf.packs.LFCollection`.
    identity
        What they are, so that the process does not use others.
    form
        What a vote is.
    time_limit
        Seconds for one row.
    memory_limit
        Bytes that the process may hold, or None.
    threads
        Threads that numerical libraries may start in it.
    """

    lfs: Sequence[LF]
    health: Sequence[LFHealth]
    specs: tuple[str, ...]
    loader: str
    identity: Identity
    form: VoteForm
    time_limit: float
    memory_limit: int | None
    threads: int

    def header(self) -> dict[str, Any]:
        """Return it as a message."""
        return {
            "specs": self.specs,
            "loader": self.loader,
            "identity": asdict(self.identity),
            "names": [lf.name for lf in self.lfs],
            "form": self.form.to_dict(),
            "time_limit": self.time_limit,
            "memory_limit": self.memory_limit,
        }


_STRAY = "sent an unexpected reply"
"""The message for a process into whose pipe another process writes; its votes cannot be trusted."""


class _Down(Exception):
    """The process is gone; the message says how it ended."""


@dataclass
class _Turn:
    """One labeling function's votes on a batch, as far as they have come."""

    number: int
    n: int
    begin: int = 0
    stride: int = WHOLE
    retried: int = -1
    is_first: bool = False
    is_slow: bool = False
    is_faulty: bool = False
    parts: list[LFVotes] = field(default_factory=list)

    def header(self) -> dict[str, Any]:
        """Return it as a message: what is left to do."""
        return {"number": self.number, "begin": self.begin, "stride": self.stride, "is_first": self.is_first}

    @property
    def rows(self) -> int:
        """Rows that are asked for next."""
        return min(self.stride, self.n - self.begin)

    @property
    def is_over(self) -> bool:
        return self.begin >= self.n

    def add(self, votes: LFVotes) -> None:
        self.parts.append(votes)
        self.begin += len(votes.votes)


class VoteGuard:
    """One process for labeling functions, started when first needed and again whenever it dies.

    A labeling function at which it dies is asked for fewer rows at once in a fresh process, down to the single row
    that is the cause. That row counts as a problem, and voting continues after it.

    Parameters
    ----------
    order
        What the process is to do.
    """

    def __init__(self, order: Order) -> None:
        self._order = order
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False
        # The number of the last batch sent, which every reply to it carries.
        self._request = 0
        # Which labeling functions have voted in the process.
        self._asked: set[int] = set()
        # Held while a process is started, so that none starts once the guard is closed.
        self._lock = threading.Lock()

    def vote(self, batch: Batch) -> list[LFVotes]:
        """Return the votes of each labeling function on a batch.

        Raises
        ------
        WeakLabelError
            What a labeling function raised that is wrong with itself.
        VoteError
            A labeling function took its process down too often or lost too much time, or the process cannot start.
        """
        try:
            return self._vote(batch)
        except BaseException:
            self._bury()  # its next message would belong to this batch
            raise

    def close(self) -> None:
        """End the process at once; from any thread."""
        with self._lock:
            self._closed = True
            if self._process is not None:
                end(self._process)

    def _vote(self, batch: Batch) -> list[LFVotes]:
        turns = [_Turn(number, len(batch)) for number in range(len(self._order.lfs))]
        header, body = pack_batch(batch)
        was_read = True
        while waiting := [turn for turn in turns if not turn.is_over]:
            before, was_read = was_read, self._hand_over(header, body, waiting)
            if not before and not was_read:
                raise VoteError(
                    f"a worker process ended twice while it read rows {batch.start} to "
                    f"{batch.start + len(batch) - 1}; use smaller batches, or allow more memory"
                )
            for turn in waiting if was_read else ():
                began, first = time.monotonic(), turn.begin
                is_alive = self._take(turn, batch.start)
                self._order.health[turn.number].note_time(time.monotonic() - began, turn.begin - first)
                if not is_alive:
                    break
        return [join_votes(turn.parts, self._order.form) for turn in turns]

    def _hand_over(self, header: dict[str, Any], body: memoryview, turns: Sequence[_Turn]) -> bool:
        """Send the batch and whose votes are wanted; False where the process died before it had read them."""
        try:
            self._start_if_needed()
            for turn in turns:
                turn.stride = min(turn.stride, self._order.health[turn.number].stride)
                turn.is_first = turn.number not in self._asked
            self._request += 1
            send(self._to, {**header, "request": self._request, "turns": [turn.header() for turn in turns]}, body)
            if self._receive(math.inf)[0].get("read") != self._request:
                raise _Down(_STRAY)
        except (_Down, OSError):
            self._bury()
            return False
        return True

    def _take(self, turn: _Turn, start: int) -> bool:
        """Receive the rest of a labeling function's votes; False where the process is gone: what came is kept."""
        lf, health, limit = self._order.lfs[turn.number], self._order.health[turn.number], self._order.time_limit
        while not turn.is_over:
            row = start + turn.begin
            try:
                header, body = self._receive(seconds_for(lf, turn.rows, limit, turn.is_first) + GRACE)
                if (header.get("request"), header.get("number")) != (self._request, turn.number):
                    raise _Down(_STRAY)
            except _Down as down:
                self._blame(turn, row, str(down))
                self._bury()
                return False
            turn.is_first = False
            self._asked.add(turn.number)
            step = unpack_step(header, body, self._order.form)
            turn.stride = step.stride
            turn.is_slow |= step.votes is None and not header["full"]
            if step.overdue:
                turn.is_faulty = True
                health.note_overdue(row, limit)
            if step.votes is not None:
                turn.add(step.votes)
            if header["full"]:
                health.note_end(row, "ran out of memory")
                self._bury()
                return False
        if turn.is_slow and not turn.is_faulty:
            health.watch(turn.stride)
        return True

    def _blame(self, turn: _Turn, row: int, reason: str) -> None:
        """Decide what follows from a process that ended while a labeling function voted on ``row`` and the next ones."""
        lf, health = self._order.lfs[turn.number], self._order.health[turn.number]
        if reason == killed(signal.SIGKILL) and turn.retried != turn.begin:
            turn.retried = turn.begin  # another process may have done that; once is not enough
        elif turn.rows > 1:
            turn.stride = finer(lf, turn.rows)
            turn.is_slow |= reason == took_longer(self._order.time_limit)
        else:
            health.note_end(row, reason)
            turn.is_faulty = True
            turn.add(fault(row, reason, self._order.form))

    def _receive(self, seconds: float) -> tuple[dict[str, Any], bytes]:
        """Receive a message; ends the process where none comes in time."""
        try:
            if not self._from.poll(None if math.isinf(seconds) else seconds):
                raise _Down(took_longer(self._order.time_limit))
            header, body = receive(self._from)
        except (EOFError, OSError):
            raise _Down(self._cause_of_death()) from None
        if "error" in header:
            error: type[WeakLabelError] = getattr(errors, header["error"], WeakLabelError)
            raise error(header["message"])
        return header, body

    def _cause_of_death(self) -> str:
        assert self._process is not None
        try:
            code = self._process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            return "closed the pipe of its process"
        return f"ended its process (exit code {code})" if code >= 0 else killed(-code)

    def _start_if_needed(self) -> None:
        if self._process is not None:
            return
        with self._lock:
            if self._closed:
                raise VoteError("the processes of the labeling functions are closed")
            self._process = start("weaklabel.votes.workers.worker", self._order.threads)
        self._asked = set()
        assert self._process.stdin is not None and self._process.stdout is not None
        self._to = Connection(os.dup(self._process.stdin.fileno()), readable=False)
        self._from = Connection(os.dup(self._process.stdout.fileno()), writable=False)
        self._process.stdin.close()
        self._process.stdout.close()
        try:
            send(self._to, self._order.header())
            self._receive(math.inf)
        except (_Down, OSError) as error:
            raise VoteError(
                f"a worker process could not load {', '.join(self._order.specs)}: it {error}; see its messages above"
            ) from None

    def _bury(self) -> None:
        """Drop the process, and make sure that it has ended."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            end(process)
