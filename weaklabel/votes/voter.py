"""Getting the votes of labeling functions batch by batch: in this process, or in guarded ones, where they may hang or crash."""

from __future__ import annotations

import math
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from queue import LifoQueue
from types import TracebackType
from typing import Any

from weaklabel.corpus.batch import Batch
from weaklabel.errors import LFError, VoteError
from weaklabel.labels import MAX_CARDINALITY
from weaklabel.lf.core import LF, Place
from weaklabel.lf.identity import identity_of
from weaklabel.lf.packs import LFCollection
from weaklabel.support.memory import total_memory
from weaklabel.support.progress import Stage, say
from weaklabel.support.threads import cores
from weaklabel.votes.checking import ClassForm, ask, ask_together, join_votes
from weaklabel.votes.form import LFVotes, VoteForm
from weaklabel.votes.workers.guard import Order, VoteGuard
from weaklabel.votes.workers.protocol import TIME_LIMIT, WHOLE, LFHealth, can_limit, steps

WAKE_UP = 0.2
"""Seconds after which a wait for votes checks for Ctrl-C."""

SHARE_OF_MEMORY = 0.6
"""Share of the machine's memory that guarded processes may hold together, unless the caller sets it."""

ROWS_AT_FIRST = 1_024
"""Rows of a batch that a guarded process is asked for at first: a large model takes seconds over them."""

SECONDS_A_REQUEST = 2.0
"""How long a guarded process should be busy with what it is asked for at once, so that progress is seen."""

SLOW_SECONDS = 3.0
SLOW_SHARE = 0.5
"""Time of a labeling function, and share of the time of all, from which on it is named as the slow one."""

LEAST_MEMORY = 2 << 30
"""Bytes that a guarded process may hold on any machine by default: libraries for models alone take a gigabyte."""


class Voter:
    """Labeling functions with what it takes to get their votes; a context manager, which ends its processes.

    With ``workers``, labeling functions that run code of others run in guarded processes. One that raises, returns
    something that is not a vote, takes too long over a row, wants more memory than allowed or ends its process loses its
    own votes on the rows concerned, which its problems name; the votes of all others are the same as without it. Column
    expressions and lexicons, which run no code but ours, stay in this process.

    Parameters
    ----------
    lfs
        Labeling functions with distinct names.
    top
        Number of classes; a vote must be below it.
    form
        What a vote is; by default a class number below ``top``.
    pack
        The collection that the labeling functions come from; needed with ``workers``: each process loads it again, and
        compares what it gets with what is here.
    workers
        Guarded processes; they start with the first batches, no more of them than batches, and stay until the end.
        0 stays in this process, where a labeling function that crashes takes everything down.
    time_limit
        Seconds that a labeling function may take over one row. By default 10 in guarded processes and without limit in
        this one, where it works in the main thread on Unix, and cannot stop what hangs in C. See `seconds_for` for
        what it means for a batch.
    memory_limit
        Bytes that one guarded process may hold (on Linux); beyond it, a labeling function gets a `MemoryError`. By
        default 60% of the machine's memory, divided by ``workers``, and 2 GiB at least.

    Raises
    ------
    LFError
        There are ``workers``, but labeling functions that come from no pack.
    VoteError
        A number is out of range, or a time limit cannot be kept here.

    Examples
    --------
    >>> import polars as pl
    >>> from weaklabel.lf.core import labeling_function
    >>> @labeling_function()
    ... def asks(x):
    ...     return 0 if x.text.endswith("?") else -1
    >>> batch = Batch(pl.DataFrame({"text": ["lunch?", "no"]}))
    >>> with Voter([asks], top=2) as voter:
    ...     [votes.votes.tolist() for _, found in voter.vote([batch]) for votes in found]
    [[0, -1]]
    """

    def __init__(
        self,
        lfs: Sequence[LF],
        *,
        top: int = MAX_CARDINALITY,
        form: VoteForm | None = None,
        pack: LFCollection | None = None,
        workers: int = 0,
        time_limit: float | None = None,
        memory_limit: int | None = None,
    ) -> None:
        _check_numbers(workers, time_limit, memory_limit)
        self.lfs: tuple[LF, ...] = tuple(lfs)
        self._form = form or ClassForm(top)
        self._time_limit = time_limit
        self._health = {lf.name: LFHealth(lf.name) for lf in lfs}
        self.stage: Stage | None = None
        self._rows_at_once = ROWS_AT_FIRST
        self._in_process = [lf for lf in lfs if lf.place is Place.IN_PROCESS]
        others = [lf for lf in lfs if lf.place is not Place.IN_PROCESS]
        self._guarded, self._alone = (others, []) if workers else ([], others)
        self._threads = ThreadPoolExecutor(cores(), "weaklabel-votes") if self._in_process else None
        self._ahead = max(cores() if self._in_process else 1, 2 * workers if self._guarded else 1)
        self._asked: set[str] = set()
        self._guards: list[VoteGuard] = []
        self._pool: ThreadPoolExecutor | None = None
        if self._guarded:
            if pack is None or not pack.specs:
                raise LFError(
                    f"workers need labeling functions from a pack, and LF '{self._guarded[0].name}' comes from none: "
                    "put it into a .py file and load that with load_lfs, or use workers=0"
                )
            order = Order(
                lfs=self._guarded,
                health=[self._health[lf.name] for lf in self._guarded],
                specs=pack.specs,
                loader=pack.loader,
                identity=identity_of(pack.only([lf.name for lf in self._guarded])),
                form=self._form,
                time_limit=TIME_LIMIT if time_limit is None else time_limit,
                memory_limit=memory_limit or _share_of_memory(workers),
                threads=max(1, cores() // workers),
            )
            self._guards = [VoteGuard(order) for _ in range(workers)]
            self._idle: LifoQueue[VoteGuard] = LifoQueue()
            for guard in self._guards:
                self._idle.put(guard)
            self._pool = ThreadPoolExecutor(workers, thread_name_prefix="weaklabel-guard")

    def vote(self, batches: Iterable[Batch]) -> Iterator[tuple[Batch, list[LFVotes]]]:
        """Let all labeling functions vote.

        Parameters
        ----------
        batches
            The rows. At most two a guarded process, or one a core, are under way at once, so that memory stays bounded.

        Yields
        ------
        tuple
            A batch, in the order of ``batches``, and the votes on it in the order of the labeling functions.

        Raises
        ------
        VoteError
            A labeling function does not return a vote for each row, ended more than 20 processes, or spent more than
            15 minutes on rows over which it took too long; or a process cannot start.
        LFError
            What a labeling function says is wrong with itself, or a process cannot load a pack.
        """
        under_way: deque[tuple[Batch, list[Future[dict[str, LFVotes]]]]] = deque()
        for batch in batches:
            under_way.append((batch, self._submit(batch)))
            if len(under_way) >= self._ahead:
                yield self._collect(*under_way.popleft())
        while under_way:
            yield self._collect(*under_way.popleft())

    def slowest(self) -> str | None:
        """Name the labeling function that takes most of the time, and its speed; None where none is much slower.

        Column expressions, which vote all together, are left out.
        """
        all_health = list(self._health.values())
        worst, total = max(all_health, key=lambda each: each.seconds), sum(each.seconds for each in all_health)
        if len(all_health) < 2 or worst.seconds < max(SLOW_SECONDS, SLOW_SHARE * total) or not worst.rows:
            return None
        speed = worst.rows / worst.seconds
        return f"slowest LF '{worst.name}', {speed:,.{0 if speed >= 10 else 1}f} rows/s"

    def say_slowest(self) -> None:
        """Say at the end, where progress is shown, which labeling function took most of the time."""
        slowest = self.slowest()
        if slowest is not None:
            say(f"voting: {slowest}; without it voting is faster")

    def close(self) -> None:
        """End all processes."""
        for guard in self._guards:
            guard.close()
        for pool in (self._pool, self._threads):
            if pool is not None:
                pool.shutdown(cancel_futures=True)

    def __enter__(self) -> Voter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is not None:
            self.stop_asking()
        self.close()

    def stop_asking(self) -> None:
        """Let threads that ask language models end at once: `close` would wait for all replies."""
        if any(lf.asks for lf in self.lfs):
            from weaklabel.llm.asking import stop_asking

            stop_asking()

    def _submit(self, batch: Batch) -> list[Future[dict[str, LFVotes]]]:
        """Let threads vote on the batch: with our own code, and by waiting for guarded processes."""
        futures = []
        if self._threads is not None:
            futures.append(self._threads.submit(self._vote_in_process, batch))
        if self._pool is not None:
            futures.append(self._pool.submit(self._vote_elsewhere, batch))
        return futures

    def _collect(self, batch: Batch, parts: list[Future[dict[str, LFVotes]]]) -> tuple[Batch, list[LFVotes]]:
        # In the main thread, where a time limit works.
        votes = {lf.name: self._vote_alone(lf, batch) for lf in self._alone}
        for part in parts:
            votes.update(_await(part))
        if self.stage is not None:
            self.stage.begin(-len(batch) if self._guarded else 0)
            self.stage.note = self.slowest() or ""
        return batch, [votes[lf.name] for lf in self.lfs]

    def _vote_elsewhere(self, batch: Batch) -> dict[str, LFVotes]:
        """Have a guarded process vote on the batch, on as many rows at once as take it a second or two."""
        guard = self._idle.get()
        votes: list[list[LFVotes]] = []
        try:
            begin = 0
            while begin < len(batch) or not votes:
                rows, began = self._rows_at_once, time.monotonic()
                some = batch if begin == 0 and rows >= len(batch) else batch.part(begin, begin + rows)
                votes.append(guard.vote(some))
                begin += len(some)
                if self.stage is not None:
                    self.stage.begin(len(some))
                self._adapt(time.monotonic() - began, rows)
        finally:
            self._idle.put(guard)
        joined = (join_votes(parts, self._form) for parts in zip(*votes, strict=True))
        return dict(zip((lf.name for lf in self._guarded), joined, strict=True))

    def _adapt(self, seconds: float, rows: int) -> None:
        """Ask for more rows at once, or fewer; a model had to be loaded for the first ones, so speed is judged generously."""
        if seconds < SECONDS_A_REQUEST / 2:
            self._rows_at_once = min(2 * rows, WHOLE)
        elif seconds > 2 * SECONDS_A_REQUEST and rows > ROWS_AT_FIRST:
            self._rows_at_once = rows // 2

    def _vote_in_process(self, batch: Batch) -> dict[str, LFVotes]:
        votes: dict[str, LFVotes] = {}
        together: dict[Callable[[Sequence[LF], Batch], list[Any]], list[LF]] = {}
        for lf in self._in_process:
            evaluate = lf.evaluator()
            if evaluate is not None:
                together.setdefault(evaluate, []).append(lf)
                continue
            with self._timed(lf, batch):
                votes[lf.name] = ask(lf.name, lf.vote, batch, self._form)
        for evaluate, lfs in together.items():
            votes |= zip((lf.name for lf in lfs), ask_together(lfs, evaluate, batch, self._form), strict=True)
        return votes

    @contextmanager
    def _timed(self, lf: LF, batch: Batch) -> Iterator[None]:
        began = time.monotonic()
        yield
        self._health[lf.name].note_time(time.monotonic() - began, len(batch))

    def _vote_alone(self, lf: LF, batch: Batch) -> LFVotes:
        if self.stage is not None:
            self.stage.note = self.slowest() or f"LF '{lf.name}'"
        with self._timed(lf, batch):
            return self._vote_here(lf, batch)

    def _vote_here(self, lf: LF, batch: Batch) -> LFVotes:
        health, parts, row = self._health[lf.name], list[LFVotes](), batch.start
        limit = self._time_limit
        if limit is not None and not can_limit():
            raise VoteError("time_limit with workers=0 works in the main thread on Unix only; use workers=1")
        is_first, is_slow, is_faulty, stride = lf.name not in self._asked, False, False, health.stride
        self._asked.add(lf.name)
        for step in steps(lf, batch, self._form, limit, stride=stride, is_first=is_first):
            stride = step.stride
            if step.votes is None:
                is_slow = True
                continue
            if step.overdue and limit is not None:
                is_faulty = True
                health.note_overdue(row, limit)
            parts.append(step.votes)
            row += len(step.votes.votes)
        if is_slow and not is_faulty:
            health.watch(stride)
        return join_votes(parts, self._form)


def _await(future: Future[dict[str, LFVotes]]) -> dict[str, LFVotes]:
    # With polars' signal handler a signal does not end a wait: only a wait with a timeout notices Ctrl-C.
    while not wait([future], timeout=WAKE_UP).done:
        pass
    return future.result()


def _check_numbers(workers: int, time_limit: float | None, memory_limit: int | None) -> None:
    if workers < 0:
        raise VoteError(f"workers must be 0 (this process) or more, not {workers}")
    if workers and os.name != "posix":
        raise VoteError("guarded processes need Linux or macOS; use workers=0")
    if time_limit is not None and not time_limit > 0:
        raise VoteError(f"time_limit must be a number of seconds above 0, not {time_limit}")
    if memory_limit is not None and memory_limit < 1:
        raise VoteError(f"memory_limit must be a number of bytes above 0, not {memory_limit}")


def _share_of_memory(workers: int) -> int | None:
    """Return the bytes that each of ``workers`` processes may hold; None where the machine's memory is unknown."""
    total = total_memory()
    return None if total is None else max(LEAST_MEMORY, math.floor(total * SHARE_OF_MEMORY / workers))
