"""Work on rows in several threads: numpy releases Python's lock, so arrays are processed on all cores.

A process that was forked after polars had started its threads lacks them: `check_fork` refuses to work in it.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from weaklabel.errors import WeakLabelError

T = TypeVar("T")

ROWS_PER_THREAD = 1 << 16
"""Fewer rows than this are not worth a thread."""


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


MOST_WORKERS = 4
"""Processes that are started on this machine, unless a user asks for more."""


def workers_for(asked: int | None = None) -> int:
    """Return how many processes do the work: as many as are asked for, or one per core, up to `MOST_WORKERS`."""
    return min(cores(), MOST_WORKERS) if asked is None else asked


def in_threads(n: int, work: Callable[[slice], T]) -> list[T]:
    """Call ``work`` for slices that make up ``range(n)``, at the same time; return the results in the rows' order.

    The result must not depend on the number of slices. There is at least one, which may be empty.
    """
    parts = max(1, min(cores(), n // ROWS_PER_THREAD))
    slices = [slice(n * part // parts, n * (part + 1) // parts) for part in range(parts)]
    if parts == 1:
        return [work(slices[0])]
    with ThreadPoolExecutor(parts) as pool:
        return list(pool.map(work, slices))


_had_threads = False
_is_stuck = False


def check_fork() -> None:
    """Refuse to work in a process in which polars would wait forever.

    Raises
    ------
    WeakLabelError
        It was forked after polars had started its threads; says what to do.
    """
    if _is_stuck:
        raise WeakLabelError(
            "this process was forked from one in which weaklabel had already worked, and polars would wait in it for threads "
            "that a fork does not copy: start processes by spawn or forkserver (multiprocessing.get_context('spawn')), or "
            "fork before weaklabel is used"
        )


def _before() -> None:
    global _had_threads
    _had_threads = _has_polars_threads()


def _after_in_child() -> None:
    global _is_stuck
    _is_stuck = _is_stuck or _had_threads


def _has_polars_threads() -> bool:
    tasks = Path("/proc/self/task")
    if not tasks.is_dir():
        return "polars" in sys.modules  # not Linux: there is no way to know
    for task in tasks.iterdir():
        try:
            if re.match(r"polars-\d", (task / "comm").read_text()):
                return True
        except OSError:
            continue  # it has ended
    return False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_child=_after_in_child)
