"""Work on rows in several threads: numpy releases Python's lock, so arrays are processed on all cores."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

ROWS_PER_THREAD = 1 << 16
"""Fewer rows than this are not worth a thread."""


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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
