"""How much main memory this process may take: of the machine, or of the container it runs in."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_CONTAINER = Path("/sys/fs/cgroup")
"""Where Linux keeps the limits of a container (cgroup, version 2)."""


def total_memory() -> int | None:
    """Return the bytes of main memory of the machine, or of the container if it has a limit; None if unknown."""
    try:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows
        return None
    limit = _of_container("max")
    return total if limit is None else min(total, limit)


def free_memory() -> int | None:
    """Return the bytes of main memory that this process can still take, by Linux's estimate; None if unknown."""
    try:
        with Path("/proc/meminfo").open(encoding="ascii") as handle:
            kib = {line.split(":")[0]: int(line.split()[1]) for line in handle if line.endswith("kB\n")}
        free = kib["MemAvailable"] * 1024
    except (OSError, KeyError, ValueError):
        return None
    most, used = _of_container("max"), _of_container("current")
    return free if most is None or used is None else min(free, max(0, most - used))


def _of_container(name: str) -> int | None:
    """Return a number of the container, None outside a container or if it has no limit ("max")."""
    with suppress(OSError, ValueError):
        return int((_CONTAINER / f"memory.{name}").read_text(encoding="ascii"))
    return None
