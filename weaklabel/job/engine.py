"""Engines: what works on the parts of a job. They may be done in any order and on any machine: the output is the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, Protocol, TypeVar

from weaklabel.corpus import Corpus
from weaklabel.corpus.parts import Part, PartRows
from weaklabel.job.voting import PartSummary, VotingJob
from weaklabel.support.progress import Stage, stage

T = TypeVar("T")
R = TypeVar("R")


class WritingJob(Protocol):
    """A job that makes something of each part of a corpus, and keeps it in a folder."""

    corpus: Corpus
    folder: Path

    def order(self) -> dict[str, Any]:
        """Return what a worker elsewhere needs to make this job, except for the corpus; as JSON has it."""
        ...

    def parts(self, after: Part | None = None) -> Iterator[PartRows]:
        """Read the corpus in the parts of this job."""
        ...

    def done(self, number: int) -> bool:
        """Return whether part ``number`` is done."""
        ...

    def read(self, part: Part) -> PartRows:
        """Read a part as far as `write` needs it."""
        ...

    def write(self, rows: PartRows) -> None:
        """Do a part."""
        ...


class Engine(Protocol):
    """Does the two passes of a job over its corpus, and calls functions."""

    @property
    def is_shared(self) -> bool:
        """Whether other processes do the work of `map`, which cannot be given what is in memory here."""
        ...

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Call a function on each item, anywhere and in any order, and yield the results in the order of the items."""
        ...

    def vote(self, job: VotingJob[Any, Any]) -> Iterator[PartSummary[Any]]:
        """Make sure that all votes are in the job's store; yield what is counted of them, part by part, in order."""
        ...

    def write(self, job: WritingJob, parts: Sequence[Part] | None = None) -> Iterator[Part]:
        """Make sure that all parts are done, and yield them as they are.

        ``parts`` are all parts of the corpus, if known.
        """
        ...


class LocalEngine:
    """This machine: each pass reads the corpus once; labeling functions may have processes of their own.

    Parameters
    ----------
    workers
        Processes for `map`; with 1, this process does all.
    """

    def __init__(self, workers: int = 1) -> None:
        self.workers = workers

    @property
    def is_shared(self) -> bool:
        """See `Engine`."""
        return self.workers > 1

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """See `Engine`; a single item is not worth starting processes."""
        rest = iter(items)
        first = list(islice(rest, 2))
        if not self.is_shared or len(first) < 2:
            yield from map(function, chain(first, rest))
            return
        from joblib import Parallel, delayed

        parallel = Parallel(self.workers, batch_size=1, pre_dispatch="2 * n_jobs", return_as="generator")
        yield from parallel(delayed(function)(item) for item in chain(first, rest))

    def vote(self, job: VotingJob[Any, Any]) -> Iterator[PartSummary[Any]]:
        """See `Engine`; parts before the first missing one are not read again."""
        last = None
        while (votes := job.voted(last.number + 1 if last else 0)) is not None:
            last = votes.part
            yield job.summary(votes, is_new=False)
        yield from job.vote(job.parts(after=last))

    def write(self, job: WritingJob, parts: Sequence[Part] | None = None) -> Iterator[Part]:
        """See `Engine`."""
        last = None
        for part in parts or ():
            if not job.done(part.number):
                break
            last = part
            yield part
        if parts is not None and job.corpus.source.extent() is not None:
            for part in parts[last.number + 1 if last else 0 :]:
                if not job.done(part.number):
                    job.write(job.read(part))
                yield part
            return
        for rows in job.parts(after=last):  # a compressed input is decompressed once
            if not job.done(rows.part.number):
                job.write(rows)
            yield rows.part


def follow(done: Iterator[Part], what: str, corpus: Corpus, n: int | None = None) -> list[Part]:
    """Show the progress of a pass over ``n`` rows, and return all parts of the corpus."""
    parts = []
    with stage(what, n, "rows") as shown:
        for part in done:
            parts.append(part)
            shown.advance(part.n_rows)
            if n is None:
                expect(shown, corpus, part)
    return parts


def expect(shown: Stage, corpus: Corpus, part: Part) -> None:
    """Estimate the number of rows from the place where a part ends."""
    shown.expect(part.first_row + part.n_rows, part.end.place, corpus.source.extent())
