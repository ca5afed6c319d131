"""Applying labeling functions to a corpus, batch by batch, with nothing lost and every problem counted.

Votes are made in this process, or in guarded processes, where labeling functions may hang or crash.
"""

from __future__ import annotations

import math
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from copy import deepcopy
from pathlib import Path
from queue import LifoQueue
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.corpus import Corpus, read_corpus
from weaklabel.corpus.batch import TEXT, Batch
from weaklabel.corpus.corpus import can_be_text
from weaklabel.errors import LFError, VoteError, nearest
from weaklabel.labels import ABSTAIN, MAX_CARDINALITY, VoteArray, as_votes, check_label_names
from weaklabel.lf.core import LF, Place, check_label_order
from weaklabel.lf.foreign import as_lf
from weaklabel.lf.packs import LFCollection, identity_of
from weaklabel.support.progress import Stage, say, showing, stage
from weaklabel.support.threads import cores
from weaklabel.support.warn import warn
from weaklabel.votes.cascade import Answers, choose_rows, first_places, needs_answers, second_places, vote_shares
from weaklabel.votes.checking import ClassForm, ErrorBudget, ask, ask_together, join_votes
from weaklabel.votes.form import LFVotes, VoteForm, numbered
from weaklabel.votes.matrix import Problems, Votes
from weaklabel.votes.patterns import VotePatterns, vote_patterns
from weaklabel.votes.tally import has_vote
from weaklabel.votes.workers.guard import Order, VoteGuard
from weaklabel.votes.workers.protocol import TIME_LIMIT, WHOLE, LFHealth, can_limit, steps

CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")
"""The file in which Linux has a container's memory limit."""

WAKE_UP = 0.2
"""Seconds after which a wait for votes checks for Ctrl-C."""

SHARE_OF_MEMORY = 0.6
"""Share of the machine's memory that guarded processes may hold together, unless the caller sets it."""


ROWS_AT_FIRST = 1_024
"""Rows of a batch that a guarded process is asked for at first: a large model takes seconds over them."""

ROWS_TO_CHOOSE_FROM = 50_000
"""Rows from which those are gathered that a labeling function is asked about several at once."""

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
        self.lfs = tuple(lfs)
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
    try:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return None
    with suppress(OSError, ValueError):  # not in a container, or in one without a limit ("max")
        total = min(total, int(CONTAINER_LIMIT.read_text(encoding="ascii")))
    return max(LEAST_MEMORY, math.floor(total * SHARE_OF_MEMORY / workers))


def apply_lfs(
    lfs: Iterable[Any],
    corpus: Any,
    *,
    labels: Sequence[str] | None = None,
    error_budget: float | None = None,
    workers: int = 0,
    time_limit: float | None = None,
    memory_limit: int | None = None,
    batch_size: int = 50_000,
    label_model: Any = None,
    progress: bool = False,
) -> Votes:
    """Let labeling functions vote on every row of a corpus.

    Those with a ``where`` other than "all" are asked last, about the rows that it names; see `weaklabel.lf.LF`.

    Anything that is not a vote (an exception, ``None``, a bool, a float, a number outside the classes) counts as an
    abstain on that row, and as a problem of that labeling function, which a `WeakLabelWarning` reports and ``problems`` keeps.

    Parameters
    ----------
    lfs
        Labeling functions, or a collection of them as `load_lfs` gives it.
    corpus
        A corpus; a pandas or polars frame or Series, an Arrow table, a data set of the package ``datasets``; texts,
        dicts, dataclasses or other objects, in a list or as they come; or whatever else `read_corpus` reads. A column
        ``text`` is needed only where a labeling function reads it.
    labels
        Class names; by default those of the collection. Without any, a vote may be 0 to 32,766.
    error_budget
        Share of the rows, 0 to 1, on which one labeling function may fail before all is refused; 0 refuses the first
        problem. By default 5%, or 100 rows where that is more, but at most half of the rows. One that fails on each of
        the first 10,000 rows is refused at once.
    workers
        Processes for the labeling functions that run code of others: one that crashes or hangs loses its own votes on
        the rows concerned, and nothing else. The labeling functions must come from packs, because each process loads
        them by itself. 0: all run in this process, unguarded.
    time_limit
        Seconds that a labeling function may take over one row; by default 10 with ``workers``, and no limit without.
    memory_limit
        Bytes that one of the ``workers`` may hold; see `weaklabel.votes.apply.Voter`.
    batch_size
        Rows evaluated together; the votes do not depend on it.
    label_model
        What says how sure the label of a row is, for labeling functions with ``where="uncertain"``: a label model, of which
        a copy is fitted on the votes of the others. By default the share of a row's votes that are for its most frequent
        class; `weaklabel.job` takes the label model that the corpus is labeled with.
    progress
        Show progress on stderr, or in a notebook.

    Returns
    -------
    Votes

    Raises
    ------
    LFError
        There are no labeling functions, two share a name, one is not a labeling function, or one reads a column that the
        corpus lacks.
    VoteError
        A labeling function failed on more rows than the budget allows, did not return a vote for each row, or took
        down more than 20 processes.

    Examples
    --------
    >>> from weaklabel.lf.core import labeling_function
    >>> @labeling_function()
    ... def check_out(x):
    ...     return 1 if "check out" in x.text.lower() else -1
    >>> apply_lfs([check_out], ["Check out my page", "nice song"]).L
    array([[ 1],
           [-1]], dtype=int8)
    """
    if batch_size < 1:
        raise VoteError(f"batch_size must be at least 1, not {batch_size}")
    functions = _as_lfs(lfs)
    labels = getattr(lfs, "labels", None) if labels is None else labels
    names = None if labels is None else check_label_names(labels, "apply_lfs")
    if names is not None:
        for lf in functions:
            check_label_order(lf, names, "labels")
    budget = ErrorBudget(error_budget)
    rows = _as_corpus(corpus)
    check_columns(functions, rows)
    top = MAX_CARDINALITY if names is None else len(names)
    pack = lfs if isinstance(lfs, LFCollection) else None

    # Rows that are answered together stay together in whatever batches: so votes do not depend on these.
    together = math.lcm(*(lf.rows_together for lf in functions))
    batch_size = math.ceil(batch_size / together) * together
    first = first_places(functions)
    asked = [functions[place] for place in first]
    blocks = [np.empty((len(asked), 0), np.int8)]
    how: dict[str, Any] = {
        "top": top,
        "pack": pack,
        "workers": workers,
        "time_limit": time_limit,
        "memory_limit": memory_limit,
    }
    with showing(progress):
        with stage("voting", rows.known_length, "rows") as progress_stage, Voter(asked, **how) as voter:
            voter.stage = progress_stage
            for batch, votes in voter.vote(rows.batches(batch_size)):
                blocks.append(np.stack([part.votes for part in votes]))
                budget.note(_problems(asked, votes), len(batch))
                progress_stage.advance(len(batch))
            voter.say_slowest()
        budget.check()
        problems = budget.problems
        L: VoteArray = np.concatenate(blocks, axis=1).T
        if len(asked) < len(functions):
            table = vote_patterns(L)
            L = _spread(L, first, len(functions))
            for place in second_places(functions):
                answers = _answers(label_model, functions[place], table, top)
                choice = choose_rows(functions[place], table, lambda: [(0, table)], answers)
                budget = ErrorBudget(error_budget)
                # Chosen rows that are answered together are gathered from the same rows, whatever the batches.
                size = batch_size if functions[place].rows_together == 1 else ROWS_TO_CHOOSE_FROM
                votes_of_lf = _ask_about(functions[place], choice.rows(table, 0), rows, size, how, budget)
                L = L.astype(np.result_type(L, votes_of_lf), order="F", copy=False)
                L[:, place] = votes_of_lf
                problems = problems | budget.problems
    if problems:
        warn_of_problems(problems)
    return Votes(L, tuple(lf.name for lf in functions), names, problems)


def _spread(L: VoteArray, places: Sequence[int], m: int) -> VoteArray:
    """Return L with its columns at ``places`` of ``m``, and abstains in the others."""
    spread = np.full((len(L), m), ABSTAIN, L.dtype, order="F")
    spread[:, list(places)] = L
    return spread


def _answers(label_model: Any, lf: LF, votes: VotePatterns, top: int) -> Answers | None:
    """Return the first label model, where the rows of a labeling function depend on it and there are votes."""
    if not needs_answers([lf]) or not has_vote(votes.patterns).any():
        return None
    if label_model is None:
        return vote_shares(min(top, int(votes.patterns.max()) + 1))
    answers: Answers = deepcopy(label_model).fit(votes).predict_proba
    return answers


def _ask_about(
    lf: LF, chosen: NDArray[np.bool_], rows: Corpus, batch_size: int, how: Mapping[str, Any], budget: ErrorBudget
) -> VoteArray:
    """Return the votes of a labeling function on all rows: abstains where it is not asked. Shape: [n]."""
    taken: list[NDArray[np.int64]] = []
    # Rows that are answered together are grouped alike for any size of batches.
    size = max(1, len(chosen)) if lf.rows_together > 1 else batch_size

    def batches() -> Iterator[Batch]:
        for batch in rows.batches(size):
            some = np.flatnonzero(chosen[batch.start : batch.start + len(batch)])
            if len(some):
                taken.append(batch.start + some)
                yield batch.take(some)

    n_asked = int(chosen.sum())
    votes = np.full(len(chosen), ABSTAIN, np.int16)
    with stage(f"asking {lf.name}", n_asked, "rows") as progress_stage, Voter([lf], **how) as voter:
        for number, (batch, (found,)) in enumerate(voter.vote(batches())):
            votes[taken[number]] = found.votes
            if found.problems is not None:
                budget.note({lf.name: numbered(found.problems, taken[number])}, len(batch))
            else:
                budget.note({}, len(batch))
            progress_stage.advance(len(batch))
    budget.check()
    return as_votes(votes)


def _problems(functions: Sequence[LF], votes: Sequence[LFVotes]) -> dict[str, Problems]:
    return {lf.name: part.problems for lf, part in zip(functions, votes, strict=True) if part.problems is not None}


def _as_lfs(lfs: Any) -> list[LF]:
    if isinstance(lfs, str) or not isinstance(lfs, Iterable):
        raise LFError(f"lfs must be a list of labeling functions, not {lfs!r}; packs are loaded by load_lfs")
    functions = []
    for position, thing in enumerate(lfs):
        lf = as_lf(thing)
        if lf is None:
            raise LFError(
                f"lfs[{position}] is {thing!r}, which is not a labeling function; decorate a function with @labeling_function()"
            )
        functions.append(lf)
    if not functions:
        raise LFError("there are no labeling functions to apply; give at least one")
    name, uses = Counter(lf.name for lf in functions).most_common(1)[0]
    if uses > 1:
        raise LFError(f"{uses} labeling functions are called '{name}'; each needs its own name")
    return functions


def _as_corpus(corpus: Any) -> Corpus:
    if hasattr(corpus, "batches"):
        checked: Corpus = corpus
        return checked
    if isinstance(corpus, str | os.PathLike):
        return read_corpus(corpus)
    # Where no labeling function reads a text, there need be none.
    rows = read_corpus(corpus, text=())
    return Corpus(rows.source, (TEXT,)) if TEXT in rows.columns and can_be_text(rows.schema[TEXT]) else rows


def check_columns(functions: Sequence[LF], rows: Corpus) -> None:
    """Refuse, as an `LFError`, a labeling function that reads a column which the corpus lacks."""
    columns = {*rows.columns, TEXT} if rows.text else set(rows.columns)
    for lf in functions:
        for column in lf.columns:
            if column not in columns:
                raise LFError(
                    f"LF '{lf.name}' reads column '{column}', which the corpus lacks{nearest(column, columns)}; "
                    f"its columns are {', '.join(rows.columns)}"
                )


def warn_of_problems(problems: Mapping[str, Problems]) -> None:
    """Tell, by a `WeakLabelWarning`, on which rows labeling functions failed, or their votes carry notes."""
    for begin, some in (
        ("failed votes count as abstains: ", {name: each for name, each in problems.items() if each.count}),
        ("", {name: each for name, each in problems.items() if not each.count}),
    ):
        if some:
            warn(begin + "; ".join(f"LF '{name}': {each}" for name, each in some.items()), stacklevel=3)
