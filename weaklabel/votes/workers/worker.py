"""The process in which labeling functions vote under guard; what watches over it is `weaklabel.votes.workers.guard`."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from weaklabel.errors import WeakLabelError
from weaklabel.lf.core import LF
from weaklabel.lf.identity import Identity, check_same
from weaklabel.lf.packs import reload_lfs
from weaklabel.support.child import die_with, receive, send, take_over_stdio
from weaklabel.support.terminal import shown_output
from weaklabel.votes.workers.protocol import VoteReply, finer, form_of, pack_step, steps, unpack_batch


def main() -> None:
    """Serve the guard on stdin and stdout until it closes them."""
    incoming, outgoing = take_over_stdio()
    with shown_output():
        _vote(incoming, outgoing)


def _vote(incoming: Connection, outgoing: Connection) -> None:
    die_with(int(sys.argv[1]))
    # Ctrl-C reaches the guard, which ends this process without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.register_at_fork(after_in_child=lambda: _leave_pipes(incoming, outgoing))
    try:
        order, _ = receive(incoming)
        lfs = _load(order)
        _limit_memory(order["memory_limit"])
        send(outgoing, {"ready": True})
        while True:
            _serve(lfs, order, incoming, outgoing)
    except WeakLabelError as error:
        send(outgoing, {"error": type(error).__name__, "message": str(error)})
    except (EOFError, BrokenPipeError):
        return  # the guard is gone
    finally:
        _end_if_forked(outgoing)  # such as one that raised while it ended


def _leave_pipes(*links: Connection) -> None:
    """Close the pipes in a forked child of a labeling function, so that it can never answer the guard.

    A child that comes back from the labeling function would vote on, as if it were this process. It ends instead, when it
    first wants to read or send.
    """
    for link in links:
        with suppress(OSError):
            link.close()


def _serve(lfs: Sequence[LF], order: dict[str, Any], incoming: Connection, outgoing: Connection) -> None:
    """Vote on one batch."""
    header, body = receive(incoming)
    batch = unpack_batch(header, body)
    send(outgoing, {"read": header["request"]})
    form = form_of(order["form"])
    for turn in header["turns"]:
        number = turn.pop("number")
        lf = lfs[number]
        for step in steps(lf, batch, form, order["time_limit"], **turn):
            is_full = _lacked_memory(step) and _is_swollen(order["memory_limit"])
            if is_full and step.votes is not None and len(step.votes.votes) > 1:
                # Another one may have filled the memory: a fresh process gets these rows again, fewer at once.
                step = VoteReply(finer(lf, len(step.votes.votes)), None)
            fields, votes = pack_step(step, form)
            _end_if_forked(outgoing)
            send(outgoing, {**fields, "full": is_full, "request": header["request"], "number": number}, votes)
            if is_full:
                sys.exit(0)


def _end_if_forked(outgoing: Connection) -> None:
    """End a forked child that comes back from a labeling function: only the original process may vote."""
    if outgoing.closed:
        os._exit(0)


def _lacked_memory(step: VoteReply) -> bool:
    """Return whether a `MemoryError` is among the first problems."""
    problems = step.votes.problems if step.votes is not None else None
    return problems is not None and any(problem.message.startswith("MemoryError") for problem in problems.first)


def _load(order: dict[str, Any]) -> list[LF]:
    """Load the labeling functions, and make sure that they are those whose votes are wanted."""
    lfs = reload_lfs(order["loader"], order["specs"])
    check_same(Identity(**order["identity"]), order["names"], lfs, "reload it and run again")
    by_name = {lf.name: lf for lf in lfs}
    return [by_name[name] for name in order["names"]]


def _limit_memory(limit: int | None) -> None:
    """Make allocations beyond ``limit`` bytes a `MemoryError`, before the system ends some process for want of memory."""
    if limit is not None:
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        allowed = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (allowed, hard))


def _is_swollen(limit: int | None) -> bool:
    """Say whether this process holds on to more than half of the memory allowed, which a fresh one would not."""
    try:
        pages = int(Path("/proc/self/statm").read_bytes().split()[5])
    except (OSError, IndexError):
        return False  # no Linux
    return limit is not None and pages * os.sysconf("SC_PAGE_SIZE") > limit / 2
