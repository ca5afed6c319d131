"""What a long job is doing, on stderr: one live line on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TextIO

LIVE_SECONDS = 0.2
"""Between two updates of the live line."""

PLAIN_SECONDS = 10.0
"""Between two lines where nobody watches."""


class Progress:
    """Counts rows, votes and errors of one pass, and tells them.

    Parameters
    ----------
    what
        What the pass does, such as "voting".
    extent
        Place in the input at which the pass ends, None where nobody knows.
    stream
        Where to tell it; None tells nothing.

    Examples
    --------
    >>> progress = Progress("voting", 100, None)
    >>> progress.advance(rows=5, place=50, votes=7)
    >>> progress.rows, progress.votes
    (5, 7)
    """

    def __init__(self, what: str, extent: int | None, stream: TextIO | None = None) -> None:
        self.what = what
        self.extent = extent
        self.stream = stream
        self.rows = self.votes = self.errors = 0
        self._is_live = stream is not None and stream.isatty()
        self._began = self._told = time.monotonic()
        self._skipped_rows = self._skipped_place = 0

    def skip(self, rows: int, place: int) -> None:
        """Count what an earlier run did, which says nothing of the speed of this one."""
        self.rows += rows
        self._skipped_rows += rows
        self._skipped_place = place

    def advance(self, rows: int, place: int, votes: int = 0, errors: int = 0) -> None:
        """Count rows, the place in the input that was reached, votes, and votes that went wrong."""
        self.rows += rows
        self.votes += votes
        self.errors += errors
        now = time.monotonic()
        if self.stream is not None and now - self._told >= (LIVE_SECONDS if self._is_live else PLAIN_SECONDS):
            self._told = now
            self._show(self.line(place, now - self._began))

    def line(self, place: int, seconds: float) -> str:
        """Return where things stand after ``seconds``, in one line."""
        speed = (self.rows - self._skipped_rows) / max(seconds, 1e-9)
        words = [f"{self.what}: {self.rows:,} rows", f"{speed:,.0f} rows/s"]
        if self.extent and place > self._skipped_place:
            left = (self.extent - place) / (place - self._skipped_place) * seconds
            words += [f"{min(1, place / self.extent):.0%}", f"{_clock(left)} left"]
        if self.votes:
            words.append(f"{self.votes:,} votes")
        if self.errors:
            words.append(f"{self.errors:,} LF errors")
        return ", ".join(words)

    def close(self) -> None:
        """Take the live line away."""
        if self._is_live:
            self._show("")

    def _show(self, line: str) -> None:
        assert self.stream is not None
        if self._is_live:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r\x1b[K{line[:width]}", end="", file=self.stream, flush=True)
        else:
            print(f"weaklabel: {line}", file=self.stream, flush=True)


def stderr_unless(quiet: bool) -> TextIO | None:
    """Return where progress goes: stderr, or nowhere."""
    return None if quiet else sys.stderr


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(max(0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
