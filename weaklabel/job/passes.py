"""One pass of voting over a corpus, whatever a vote is: counted, checked against the error budget, and kept."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic

from weaklabel.corpus.parts import Part
from weaklabel.errors import CorpusError, WeakLabelError
from weaklabel.job.engine import Engine, LocalEngine, expect
from weaklabel.job.folder import ONCE
from weaklabel.job.store import T
from weaklabel.job.voting import C, PartSummary, VotingJob
from weaklabel.lf.core import LF
from weaklabel.lf.identity import check_files
from weaklabel.support.files import write_json
from weaklabel.support.progress import say, stage
from weaklabel.support.warn import warn
from weaklabel.votes import Problems
from weaklabel.votes.cascade import rows_to_ask
from weaklabel.votes.checking import ErrorBudget

VOTED = "voted.json"
"""Written to the folder of a job when all votes are there; names the keys of the labeling functions."""

TABLES_AT_ONCE = 32
"""Tables of parts that are in memory together."""


@dataclass(frozen=True, eq=False)
class Counted(Generic[C]):
    """What a pass of voting counted.

    Attributes
    ----------
    parts
        All parts of the corpus, in order.
    table
        What is counted of the votes of all rows.
    problems
        Failures, by labeling function.
    n_rejects
        Records that could not be read.
    known_rows
        Rows whose votes were already there.
    """

    parts: Sequence[Part]
    table: C
    problems: Mapping[str, Problems]
    n_rejects: int
    known_rows: int

    @property
    def n_rows(self) -> int:
        """Rows."""
        return sum(part.n_rows for part in self.parts)


def first_votes(job: VotingJob[T, C], engine: Engine, first: Sequence[int]) -> Counted[C]:
    """Apply the labeling functions that are asked about all rows.

    Slow ones vote after the others, whose votes are then there if the job is stopped. Those that cost money vote in this
    process, which counts it.
    """
    lfs = job.lfs.lfs
    ranks = {place: _rank(lfs[place], engine) for place in first}
    turns: list[Counted[C]] = []
    for rank in sorted(set(ranks.values())) or [_FAST]:
        new = [place for place in first if ranks[place] == rank]
        job.begin_turn(new)
        budget = ErrorBudget(job.options.error_budget)
        with stage(_what(lfs, new, rank), unit="rows") as job.stage:
            if turns:
                _say_slow(lfs, new, turns[0].n_rows)
            turns.append(counted((LocalEngine() if rank == _ASKED else engine).vote(job), budget, job))
        budget.check()
    if len(turns) == 1:
        return turns[0]
    job.begin_turn(first)
    of_all = counted(stored(job, turns[0].parts), ErrorBudget(1.0), job)
    return replace(of_all, known_rows=min(turn.known_rows for turn in turns))


_FAST, _SLOW, _ASKED = range(3)

_MANY_ROWS = 5_000
"""Rows from which on it is said that slow labeling functions can be left out."""


def _rank(lf: LF, engine: Engine) -> int:
    """Say in which turn a labeling function votes."""
    if lf.asks and engine.is_shared:
        return _ASKED
    return _FAST if lf.slow is None else _SLOW


def _what(lfs: Sequence[LF], places: Sequence[int], rank: int) -> str:
    """Return what is shown while labeling functions vote: slow ones are named."""
    if rank == _FAST:
        return "voting"
    reasons = sorted({str(lfs[place].slow) for place in places})
    return f"voting by {_named(lfs[place].name for place in places)} ({', '.join(reasons)})"


def _say_slow(lfs: Sequence[LF], places: Sequence[int], n: int) -> None:
    if n >= _MANY_ROWS:
        slow = _named(lfs[place].name for place in places)
        say(
            f"the other labeling functions have voted on {n:,} rows; {slow} take longer, and --skip-slow leaves them out"
        )


def _named(names: Iterable[str]) -> str:
    """Return names for a line: the first three, quoted."""
    all_names = [f"'{name}'" for name in names]
    more = f" and {len(all_names) - 3} more" if len(all_names) > 3 else ""
    return ", ".join(all_names[:3]) + more


def stored(job: VotingJob[T, C], parts: Iterable[Part]) -> Iterator[PartSummary[C]]:
    """Give what is counted of votes that are there."""
    for part in parts:
        yield job.summary(job.stored(part.number, job.keys_in_turn), is_new=False)


def counted(summaries: Iterable[PartSummary[C]], budget: ErrorBudget, job: VotingJob[T, C]) -> Counted[C]:
    """Count the votes of all parts together."""
    parts: list[Part] = []
    tables: list[C] = []
    n_rejects = known_rows = 0
    for summary in summaries:
        budget.note(summary.problems, summary.part.n_rows)
        parts.append(summary.part)
        tables.append(summary.table)
        if len(tables) == TABLES_AT_ONCE:
            tables = [job.merged(tables)]
        n_rejects += summary.n_rejects
        if summary.is_new:
            job.stage.advance(summary.part.n_rows)
        else:
            known_rows += summary.part.n_rows
            job.stage.skip(summary.part.n_rows)
        expect(job.stage, job.corpus, summary.part)
    return Counted(parts, job.merged(tables), budget.problems, n_rejects, known_rows)


def keep_votes(job: VotingJob[Any, Any], n_parts: int) -> None:
    """Say in the folder of a job that all votes are there, and add them to the cache."""
    try:
        check_files(job.identity)
    except WeakLabelError:
        job.store.discard()
        raise
    where = rows_to_ask(job.lfs.lfs)
    write_json(job.store.folder / VOTED, {"keys": job.keys, "where": where, "parts": n_parts})
    try:
        job.store.keep(n_parts)
    except (OSError, WeakLabelError) as error:
        warn(f"votes are not kept in {job.store.cache}: {error}", stacklevel=3)


def kept_votes(job: VotingJob[T, C], folder: Path) -> Counted[C]:
    """Count the votes that `keep_votes` said are complete in a folder.

    Raises
    ------
    CorpusError
        Votes are missing, or belong to another corpus or to other labeling functions.
    """
    try:
        saved = json.loads((folder / VOTED).read_text(encoding="utf-8"))
        keys, where, n_parts = tuple(saved["keys"]), saved["where"], int(saved["parts"])
    except (OSError, ValueError, KeyError, TypeError):
        keys, where, n_parts = (), {}, 0
    now = [key for key in job.keys if not key.startswith(ONCE)]
    if (
        [key for key in keys if not key.startswith(ONCE)] != now
        or len(keys) != len(job.keys)
        or where != rows_to_ask(job.lfs.lfs)
    ):
        raise CorpusError(f"{folder} does not hold all votes on {job.corpus.name}: apply the labeling functions again")
    job.move_to(folder, keys)
    summaries = (job.summary(job.stored(number), is_new=False) for number in range(n_parts))
    return counted(summaries, ErrorBudget(1.0), job)
