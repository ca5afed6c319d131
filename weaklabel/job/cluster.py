"""A Dask cluster as the engine: its workers vote on parts, label and write them, on any number of machines.

Every worker reads its parts from the input and writes its results into the job's folder, so all machines must see both under
the same path. The label model is fitted here, on the merged vote patterns: a small table,
whatever the number of rows. What a worker does is at the end: it makes the job again from its order, once, and works on
parts of it.
"""

from __future__ import annotations

import json
import logging
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self, TypeAlias, TypeVar

from weaklabel.config import LabelModelSettings
from weaklabel.corpus import Corpus, read_corpus
from weaklabel.corpus.parts import Part
from weaklabel.errors import CorpusError, WeakLabelError, require
from weaklabel.job.engine import WritingJob
from weaklabel.job.folder import unpacked
from weaklabel.job.predict import PredictJob, load_trained
from weaklabel.job.spans.work import SpanJob, SurveyJob
from weaklabel.job.voting import LabelOptions, PartSummary, VotingJob
from weaklabel.job.work import LabelJob
from weaklabel.lf.identity import Identity, check_same
from weaklabel.lf.packs import load_lfs

T = TypeVar("T")

PARTS_A_WORKER = 3
"""Parts submitted at a time for each worker: enough that none waits, few enough that a worker that joins late gets some."""

RETRIES = 3
"""How often a part is given to another worker when its worker dies."""


class DaskEngine:
    """Works on the parts of a job by way of Dask; a context manager, see `weaklabel.job.engine.Engine`.

    Parameters
    ----------
    address
        Of a scheduler, such as ``tcp://host:8786``; by default a cluster on this machine, one worker per core, which
        ends with the engine.
    timeout
        Seconds to wait for the scheduler.

    Raises
    ------
    MissingPackageError
        Dask distributed is not installed.
    WeakLabelError
        No scheduler answers at the address.
    """

    def __init__(self, address: str | None = None, timeout: float = 20) -> None:
        self.address = address
        self.timeout = timeout

    def __enter__(self) -> Self:
        distributed = require("distributed", "weaklabel[dask]", "--engine dask")
        # Dask's messages about workers that come and go are of no use: the output is the same.
        for name in ("distributed", "distributed.nanny", "distributed.scheduler", "distributed.worker", "tornado"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._cluster = None
        if self.address is None:
            self._cluster = distributed.LocalCluster(threads_per_worker=1, dashboard_address=None)
        try:
            self._client = distributed.Client(self._cluster or self.address, timeout=self.timeout)
        except (OSError, TimeoutError, ValueError) as error:
            raise WeakLabelError(
                f"no Dask scheduler answers at {self.address} ({type(error).__name__}): start one with dask scheduler"
            ) from None
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()

    @property
    def is_shared(self) -> bool:
        """See `Engine`."""
        return True

    def map(self, function: Callable[[Any], T], items: Iterable[Any]) -> Iterator[T]:
        """See `Engine`; the function is sent with each item."""
        yield from self._each(items, lambda item: self._client.submit(function, item, pure=False, retries=RETRIES))

    def vote(self, job: VotingJob[Any, Any]) -> Iterator[PartSummary[Any]]:
        """See `Engine`: parts are handed out while the input is still being cut into them."""
        order = _order(job, unpacked(job.corpus, job.folder))
        last = None
        while (votes := job.voted(last.number + 1 if last else 0)) is not None:
            last = votes.part
            yield job.summary(votes, is_new=False)
        rest = (rows.part for rows in job.parts(after=last))
        yield from self._in_order(vote_part, order, rest)

    def write(self, job: WritingJob, parts: Sequence[Part] | None = None) -> Iterator[Part]:
        """See `Engine`."""
        order = _order(job, unpacked(job.corpus, job.folder))
        yield from self._in_order(write_part, order, parts or (rows.part for rows in job.parts()))

    def _in_order(self, task: Callable[[str, Part], T], order: str, parts: Iterable[Part]) -> Iterator[T]:
        """Run ``task`` on each part somewhere, and give the results in the order of the parts."""
        yield from self._each(parts, lambda part: self._client.submit(task, order, part, pure=False, retries=RETRIES))

    def _each(self, items: Iterable[Any], submit: Callable[[Any], Any]) -> Iterator[Any]:
        """Submit each item, a few for each worker at a time, and give the results in order."""
        under_way: deque[Any] = deque()
        try:
            for item in items:
                under_way.append(submit(item))
                while len(under_way) >= PARTS_A_WORKER * max(1, len(self._client.nthreads())):
                    yield self._result(under_way.popleft())
            while under_way:
                yield self._result(under_way.popleft())
        finally:
            self._client.cancel(list(under_way), force=True)

    def _result(self, future: Any) -> Any:
        from distributed import KilledWorker

        try:
            return future.result()
        except KilledWorker as error:
            raise WeakLabelError(
                f"{RETRIES + 1} workers died on the same part ({error.task}): look at their logs; "
                "run the same command again to continue"
            ) from None


def _order(job: Any, corpus: dict[str, Any]) -> str:
    """Return all that a worker needs to make the job again, as JSON."""
    stamp = job.corpus.stamp if corpus is job.corpus.arguments else read_corpus(**corpus).stamp
    cache = os.environ.get("WEAKLABEL_CACHE")
    return json.dumps({**job.order(), "corpus": corpus, "stamp": stamp, "cache": cache})


Job: TypeAlias = VotingJob[Any, Any] | SurveyJob | PredictJob

_jobs: dict[str, Job] = {}


def vote_part(order: str, part: Part) -> PartSummary[Any]:
    """Vote on a part of the job that ``order`` describes, and keep the votes in its folder."""
    job = _job(order)
    assert isinstance(job, VotingJob)
    votes = job.voted(part.number)
    if votes is not None and votes.part == part:
        return job.summary(votes, is_new=False)
    return next(job.vote([job.corpus.read_part(part)]))


def write_part(order: str, part: Part) -> Part:
    """Label or predict a part, and write it, unless that is done."""
    job = _job(order)
    if not job.done(part.number):
        job.write(job.read(part))
    return part


def _job(order: str) -> Job:
    if order not in _jobs:
        for earlier in _jobs.values():
            earlier.close()
        _jobs.clear()
        _jobs[order] = _made(json.loads(order))
    return _jobs[order]


def _made(order: dict[str, Any]) -> Job:
    if order["cache"] is not None:
        os.environ["WEAKLABEL_CACHE"] = order["cache"]
    corpus = read_corpus(**order["corpus"])
    if json.loads(json.dumps(corpus.stamp)) != order["stamp"]:
        raise CorpusError(f"{corpus.name} has changed since the job began: run the same command again")
    return _predict_job(order, corpus) if order["kind"] == "predict" else _voting_job(order, corpus)


def _voting_job(order: dict[str, Any], corpus: Corpus) -> VotingJob[Any, Any] | SurveyJob:
    settings = LabelModelSettings.model_validate(order["options"].pop("label_model"))
    lfs = load_lfs(*order["lfs"]).only(order["names"])
    check_same(
        Identity(**order["identity"]),
        lfs.names,
        lfs,
        "use the same pack, packages and Python on all machines, do not change them during the job, and run the same "
        "command again",
    )
    kind: type[VotingJob[Any, Any]] = LabelJob if order["kind"] == LabelJob.kind else SpanJob
    job = kind(
        corpus,
        lfs,
        LabelOptions(label_model=settings, **order["options"]),
        Identity(**order["identity"]),
        order["keys"],
        order["corpus_id"],
        Path(order["votes"]),
        order["cache_of_votes"] and Path(order["cache_of_votes"]),
    )
    if isinstance(job, SpanJob):
        job.begin_phase(order["phase"])
    job.begin_turn(order["turn"])
    if order["kind"] == "survey" and isinstance(job, SpanJob):
        return SurveyJob(job)
    if order["tag"]:
        job.begin_labels(order["tag"], order["out"], Path(order["folder"]))
        job.load_model()
    return job


def _predict_job(order: dict[str, Any], corpus: Corpus) -> PredictJob:
    model = load_trained(**order["loading"])
    return PredictJob(corpus, model, order["out"], order["prefix"], order["safe"], Path(order["folder"]), order["tag"])
