"""Processes that a parent starts for work that may hang, crash or eat memory, and the messages between them."""

from __future__ import annotations

import contextlib
import ctypes
import io
import json
import os
import signal
import subprocess
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
"""Linux: the signal to get when the parent dies."""

PR_SET_CHILD_SUBREAPER = 36
"""Linux: to become the parent of descendants whose own parent dies."""


THREAD_POOLS = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Environment variables for the number of threads of numerical libraries; the user's own setting holds."""


def killed(number: int) -> str:
    """Return the message for a process that ended by a signal."""
    return f"killed its process (signal {number}, {signal.strsignal(number)})"


def start(module: str, threads: int) -> subprocess.Popen[bytes]:
    """Start a process that runs ``main()`` of a module, with stdin and stdout as pipes; this one is its argument."""
    # No fork of this process: its threads and models would be copied half alive. Nor is __main__ imported again.
    code = f"import sys; sys.path[:] = {sys.path!r}; from {module} import main; main()"
    pools = {name: os.environ.get(name, str(threads)) for name in THREAD_POOLS}
    return subprocess.Popen(
        [sys.executable, "-c", code, str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **pools},
        # Of its own, so that Ctrl-C reaches this process alone, and what it starts ends with it.
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
    """Return the processes that a process started, and those that they started; nothing if there is no /proc."""
    children: dict[int, list[int]] = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            # The name in parentheses may hold anything; state and parent follow it.
            parent = int(place.read_text(errors="replace").rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(place.parent.name))
    descendants, left = list[int](), [ancestor]
    while left:
        below = children.get(left.pop(), [])
        descendants += below
        left += below
    return descendants


def take_over_stdio() -> tuple[Connection, Connection]:
    """Take stdin and stdout for messages; prints in this process go to stderr."""
    incoming, outgoing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # This process may end at any moment: what it printed would be lost with its buffer.
        sys.stdout.reconfigure(line_buffering=True)
    return Connection(incoming, writable=False), Connection(outgoing, readable=False)


def die_with(parent: int) -> None:
    """On Linux, end this process when its parent ends, even by SIGKILL and in the middle of its work.

    Elsewhere it notices when it next reads or sends.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        # Processes that it leaves behind become children of this one, and end with it.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    if os.getppid() != parent:
        sys.exit(0)


def send(link: Connection, header: dict[str, Any], body: bytes | memoryview = b"") -> None:
    """Send a message."""
    link.send_bytes(json.dumps(header).encode())
    link.send_bytes(body)


def receive(link: Connection) -> tuple[dict[str, Any], bytes]:
    """Receive a message; `EOFError` where the other side is gone."""
    return json.loads(link.recv_bytes()), link.recv_bytes()
