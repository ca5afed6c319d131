"""Detects a process that was forked after polars had started its threads, which a fork does not copy."""

from __future__ import annotations

import os
import re
from pathlib import Path

from weaklabel.errors import WeakLabelError

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
        return True  # not Linux: there is no way to know, and this module is only loaded with polars
    for task in tasks.iterdir():
        try:
            if re.match(r"polars-\d", (task / "comm").read_text()):
                return True
        except OSError:
            continue  # it has ended
    return False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_child=_after_in_child)
