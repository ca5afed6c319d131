"""A process that extracts the text of documents, limited in time and memory, and started again when a document kills it."""

from __future__ import annotations

import atexit
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from weaklabel import errors
from weaklabel.collect.decoding import Unreadable
from weaklabel.collect.extract import Extracted, docx, html, pdf
from weaklabel.collect.mail import read_message
from weaklabel.errors import WeakLabelError
from weaklabel.support.child import die_with, end, receive, send, start, take_over_stdio
from weaklabel.support.naming import current_naming, settings_named

EXTRACTORS: dict[str, Callable[[bytes, Mapping[str, Any]], Extracted]] = {
    "html": html,
    "pdf": pdf,
    "docx": docx,
    "email": read_message,
}
"""By kind of document: the function that extracts its text."""

CPU_SECONDS = 30
"""Processor time that one document may take."""

WALL_SECONDS = 600
"""Time after which a process is ended that waits and computes nothing."""

MAX_MEMORY = 3 << 29
"""Bytes that the process may hold."""

TOO_MUCH = f"takes more than {MAX_MEMORY >> 20:,} MiB of memory to read"
"""The reason for a document that does."""


class Guard:
    """One process for extracting text, started when it is first needed."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def extract(self, kind: str, data: bytes, options: Mapping[str, Any]) -> Extracted:
        """Return the text of a document.

        Parameters
        ----------
        kind
            One of `EXTRACTORS`.
        data
            Its bytes.
        options
            ``html_text`` and ``encoding`` as of `CollectSettings`; ``charset`` if a server or a message told it.

        Raises
        ------
        Unreadable
            It cannot be read, or not within the limits.
        MissingPackageError
            The package that reads this kind is not installed.
        """
        self._start_if_needed()
        try:
            send(self._to, {"kind": kind, "options": dict(options), "naming": current_naming()}, data)
            if not self._from.poll(WALL_SECONDS):
                self.close()
                raise Unreadable("time", f"takes more than {WALL_SECONDS} s to read")
            header, body = receive(self._from)
        except (EOFError, OSError):
            raise self._cause_of_death() from None
        if "error" in header:
            kind_of_error: type[WeakLabelError] = getattr(errors, header["error"], WeakLabelError)
            raise kind_of_error(header["message"])
        if header.pop("full"):
            self.close()  # it holds on to what it got
        if "rule" in header:
            raise Unreadable(header["rule"], header["reason"])
        header["marks"] = tuple((offset, mark) for offset, mark in header["marks"])
        return Extracted(body.decode("utf-8"), **header | {"steps": tuple(header["steps"])})

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            end(process)
            self._to.close()
            self._from.close()

    def _start_if_needed(self) -> None:
        if self._process is not None:
            return
        self._process = start("weaklabel.collect.guard", threads=1)
        assert self._process.stdin is not None and self._process.stdout is not None
        self._to = Connection(os.dup(self._process.stdin.fileno()), readable=False)
        self._from = Connection(os.dup(self._process.stdout.fileno()), writable=False)
        self._process.stdin.close()
        self._process.stdout.close()

    def _cause_of_death(self) -> Unreadable:
        assert self._process is not None
        try:
            code = self._process.wait(5)
        except subprocess.TimeoutExpired:
            code = 0
        self.close()
        if code == -signal.SIGPROF:
            return Unreadable("time", f"takes more than {CPU_SECONDS} s of processor time to read")
        if code in (-signal.SIGABRT, -signal.SIGKILL):
            return Unreadable("memory", TOO_MUCH)
        return Unreadable(
            "broken", f"ends the process that reads it (exit code {code}): it is damaged, or made to do that"
        )


_guard: Guard | None = None


def extract(kind: str, data: bytes, options: Mapping[str, Any]) -> Extracted:
    """Extract the text of a document in the guarded process of this process; see `Guard.extract`."""
    global _guard
    if _guard is None:
        _guard = Guard()
        atexit.register(_guard.close)
    return _guard.extract(kind, data, options)


def close() -> None:
    """End the guarded process of this process, if it has one; the next `extract` starts another."""
    if _guard is not None:
        _guard.close()


def _forget() -> None:
    """In a forked child: the process belongs to the parent."""
    global _guard
    _guard = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def main() -> None:
    """Extract what the guard sends, until it closes the pipe."""
    incoming, outgoing = take_over_stdio()
    die_with(int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _limit_memory()
    while True:
        try:
            header, data = receive(incoming)
            signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
            with settings_named(header["naming"]):
                reply, body = _extracted(header["kind"], data, header["options"])
            signal.setitimer(signal.ITIMER_PROF, 0)
            send(outgoing, {"full": _is_full(), **reply}, body)
        except (EOFError, BrokenPipeError):
            return  # the guard is gone


def _extracted(kind: str, data: bytes, options: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
    try:
        done = EXTRACTORS[kind](data, options)
        body = done.text.encode("utf-8")
    except Unreadable as unreadable:
        return {"rule": unreadable.rule, "reason": unreadable.reason}, b""
    except UnicodeEncodeError:
        return {"rule": "encoding", "reason": "holds half a surrogate pair, which is not a character"}, b""
    except MemoryError:
        return {"rule": "memory", "reason": TOO_MUCH}, b""
    except WeakLabelError as error:
        return {"error": type(error).__name__, "message": str(error)}, b""
    except Exception as error:  # a reader that fails on a hostile document fails in any way it likes
        if _is_full():
            return {"rule": "memory", "reason": TOO_MUCH}, b""
        return {"rule": "broken", "reason": f"cannot be read ({type(error).__name__}: {str(error)[:200]})"}, b""
    reply = {"steps": done.steps, "columns": dict(done.columns), "marks": done.marks, "time": done.time}
    return reply, body


def _is_full() -> bool:
    """Return whether this process held more than half of the memory that it may hold, so that a fresh one has to follow."""
    # Not ru_maxrss, which begins with what the parent held when it started this process.
    try:
        peak = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    except OSError:
        return False  # no Linux
    return peak is not None and int(peak[1]) << 10 > MAX_MEMORY / 2


def _limit_memory() -> None:
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    allowed = MAX_MEMORY if hard == resource.RLIM_INFINITY else min(MAX_MEMORY, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (allowed, hard))
