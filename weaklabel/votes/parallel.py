"""Labeling functions in several processes: each loads the packs itself, and batches come back in order."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache
from multiprocessing import get_context

import polars as pl

from weaklabel.corpus.batch import TEXT, Batch
from weaklabel.errors import LFError, VoteError
from weaklabel.lf.core import LF
from weaklabel.lf.packs import load_lfs
from weaklabel.votes.evaluate import LFVotes, vote_by_batch


def vote_in_processes(
    specs: tuple[str, ...], names: Sequence[str], batches: Iterator[Batch], top: int, workers: int
) -> Iterator[tuple[Batch, list[LFVotes]]]:
    """Let labeling functions vote in ``workers`` processes; the same votes as in one, in the same order.

    Parameters
    ----------
    specs
        What each process gives to `load_lfs`.
    names
        Which of the labeling functions that this loads are asked.
    batches
        The rows. At most two batches a process are under way at once, so that memory stays bounded.
    top
        Number of classes.
    workers
        Number of processes; they are spawned, so that neither threads nor models are copied half alive.

    Yields
    ------
    tuple
        A batch, and the votes on it in the order of ``names``.

    Raises
    ------
    VoteError
        A process died.
    """
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
    under_way: deque[tuple[Batch, Future[list[LFVotes]]]] = deque()
    try:
        for batch in batches:
            under_way.append(
                (batch, pool.submit(_vote, specs, tuple(names), _to_bytes(batch), bool(batch.text), batch.start, top))
            )
            if len(under_way) >= 2 * workers:
                yield _result(under_way)
        while under_way:
            yield _result(under_way)
    except BrokenProcessPool as error:
        raise VoteError(
            "a worker process died, perhaps for want of memory; use workers=1, and in a script call apply_lfs "
            "below if __name__ == '__main__':"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _result(under_way: deque[tuple[Batch, Future[list[LFVotes]]]]) -> tuple[Batch, list[LFVotes]]:
    batch, votes = under_way.popleft()
    return batch, votes.result()


def _to_bytes(batch: Batch) -> bytes:
    buffer = io.BytesIO()
    batch.frame.write_ipc(buffer)
    return buffer.getvalue()


def _vote(
    specs: tuple[str, ...], names: tuple[str, ...], frame: bytes, has_text: bool, start: int, top: int
) -> list[LFVotes]:
    return vote_by_batch(_load(specs, names), Batch(pl.read_ipc(frame), (TEXT,) if has_text else (), start), top)


@lru_cache(maxsize=1)
def _load(specs: tuple[str, ...], names: tuple[str, ...]) -> list[LF]:
    """Load the packs in a worker process, once."""
    found = {lf.name: lf for lf in load_lfs(*specs)}
    for name in names:
        if name not in found:
            raise LFError(f"LF '{name}' is missing when {', '.join(specs)} is loaded again in a worker process")
    return [found[name] for name in names]
