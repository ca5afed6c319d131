"""A Dask cluster as the engine: its workers vote on parts, and write them, on any number of machines.

Every worker reads its parts from the input and writes them into the job's folder by itself, so both must lie where all
machines see them under the same path. The label model is fitted here, on the merged vote patterns: a small table,
whatever the number of rows.
"""

from __future__ import annotations

import json
import logging
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from weaklabel.corpus import read_corpus
from weaklabel.corpus.open import byte_chunks, is_packed
from weaklabel.corpus.parts import Part
from weaklabel.errors import CorpusError, WeakLabelError, require
from weaklabel.job.engine import WritingJob
from weaklabel.job.remote import vote_part, write_part
from weaklabel.support.files import atomic_path
from weaklabel.support.hashing import sha256_of_json

if TYPE_CHECKING:
    from weaklabel.job.work import LabelJob, PartSummary

T = TypeVar("T")

PARTS_A_WORKER = 3
"""Parts that are handed out at once for each worker: enough that none waits, few enough that late ones get some."""

RETRIES = 3
"""Times that a part is given to another worker where its worker dies."""


class DaskEngine:
    """Works on the parts of a job by way of Dask; a context manager, see `weaklabel.job.engine.Engine`.

    Parameters
    ----------
    address
        Of a scheduler, such as ``tcp://host:8786``; by default a cluster of this machine, one worker a core, which
        ends with the engine.
    timeout
        Seconds to wait for the scheduler.

    Raises
    ------
    MissingPackageError
        Dask distributed is not installed.
    WeakLabelError
        There is no scheduler at the address.
    """

    def __init__(self, address: str | None = None, timeout: float = 20) -> None:
        self.address = address
        self.timeout = timeout

    def __enter__(self) -> Self:
        distributed = require("distributed", "weaklabel[dask]", "--engine dask")
        # What Dask has to tell of workers that come and go is not the user's: the output is the same.
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

    def vote(self, job: LabelJob) -> Iterator[PartSummary]:
        """See `Engine`: parts are handed out while the input is still being cut into them."""
        order = _order(job, self._unpacked(job))
        last = None
        while (votes := job.voted(last.number + 1 if last else 0)) is not None:
            last = votes.part
            yield job.summary(votes, is_new=False)
        rest = (rows.part for rows in job.parts(after=last))
        yield from self._in_order(vote_part, order, rest)

    def write(self, job: WritingJob, parts: Sequence[Part] | None = None) -> Iterator[Part]:
        """See `Engine`."""
        order = _order(job, self._unpacked(job))
        yield from self._in_order(write_part, order, parts or (rows.part for rows in job.parts()))

    def _in_order(self, task: Callable[[str, Part], T], order: str, parts: Iterable[Part]) -> Iterator[T]:
        """Run ``task`` on each part somewhere, and give the results in the order of the parts."""
        under_way: deque[Any] = deque()
        try:
            for part in parts:
                under_way.append(self._client.submit(task, order, part, pure=False, retries=RETRIES))
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
                f"{RETRIES + 1} workers died over the same part ({error.task}): look at their logs; "
                "the same command goes on from here"
            ) from None

    def _unpacked(self, job: WritingJob | LabelJob) -> dict[str, Any]:
        """Return how workers read the corpus; a packed one is unpacked first, since they begin in its middle."""
        arguments = job.corpus.arguments
        if arguments is None:
            raise CorpusError("a data frame cannot be shared by the workers of a cluster: write it as Parquet")
        path = Path(arguments["source"])
        if path.is_dir() or arguments["format"] == "parquet" or not is_packed(path):
            return arguments
        plain = job.folder.absolute() / f"unpacked-{sha256_of_json({'stamp': job.corpus.stamp})[:12]}"
        if not plain.exists():
            with atomic_path(plain) as part, part.open("wb") as handle:
                for piece in byte_chunks(path, str(path)):
                    handle.write(piece)
        return arguments | {"source": str(plain)}


def _order(job: Any, corpus: dict[str, Any]) -> str:
    """Return all that a worker needs to make the job anew, as JSON."""
    stamp = job.corpus.stamp if corpus is job.corpus.arguments else read_corpus(**corpus).stamp
    cache = os.environ.get("WEAKLABEL_CACHE")
    return json.dumps({**job.order(), "corpus": corpus, "stamp": stamp, "cache": cache})
