"""One pass of voting over a corpus, whatever a vote is: counted, checked against the error budget, and kept."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic

from weaklabel.corpus.parts import Part
from weaklabel.errors import CorpusError, WeakLabelError
from weaklabel.job.engine import Engine, LocalEngine, expect
from weaklabel.job.folder import ONCE
from weaklabel.job.store import T
from weaklabel.job.voting import C, PartSummary, VotingJob
from weaklabel.lf.packs import check_files
from weaklabel.support.files import write_json
from weaklabel.support.progress import stage
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
    """Apply the labeling functions that are asked about all rows; those that cost money in this process, which counts it."""
    here = [place for place in first if job.lfs.lfs[place].asks]
    turns = [(tuple(first), engine)]
    if here and engine.is_shared:
        there = tuple(place for place in first if place not in here)
        turns = [*([(there, engine)] if there else []), (tuple(first), LocalEngine())]
    for turn, voter in turns:
        job.begin_turn(turn)
        budget = ErrorBudget(job.options.error_budget)
        with stage("voting", unit="rows") as job.stage:
            voted = counted(voter.vote(job), budget, job)
        budget.check()
    return voted


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
