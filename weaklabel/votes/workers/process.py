"""Starting and ending the processes in which labeling functions vote under guard."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

THREAD_POOLS = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""What tells numerical libraries how many threads to start; the user's own setting holds."""


def killed(number: int) -> str:
    """Return the message for a process that ended by a signal."""
    return f"killed its process (signal {number}, {signal.strsignal(number)})"


def start(threads: int) -> subprocess.Popen[bytes]:
    """Start a process that runs `weaklabel.votes.workers.worker`, with stdin and stdout as pipes to it."""
    # No fork of this process: its threads and models would be copied half alive. Nor is __main__ imported again.
    code = f"import sys; sys.path[:] = {sys.path!r}; from weaklabel.votes.workers.worker import main; main()"
    pools = {name: os.environ.get(name, str(threads)) for name in THREAD_POOLS}
    return subprocess.Popen(
        [sys.executable, "-c", code, str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **pools},
        # Of its own, so that Ctrl-C reaches this process alone, and what a labeling function starts ends with it.
        start_new_session=True,
    )


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it started; on Linux also what left its session."""
    started = _descendants(process.pid)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    for number in started:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(number, signal.SIGKILL)
    process.wait()


def _descendants(ancestor: int) -> list[int]:
    """Return the processes that a process started, and those that they started; nothing where there is no /proc."""
    children: dict[int, list[int]] = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            # The name in parentheses may hold anything; state and parent follow it.
            parent = int(place.read_text(errors="replace").rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(place.parent.name))
    found, left = list[int](), [ancestor]
    while left:
        below = children.get(left.pop(), [])
        found += below
        left += below
    return found
