"""What is known of each labeling function's conduct: how closely it must be watched, and how much it has cost."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from weaklabel.errors import VoteError
from weaklabel.votes.workers.limits import WHOLE, took_longer

MOST_ENDS = 20
"""Rows on which a labeling function may take its process down; to start the next ones takes a few seconds."""

MOST_SECONDS = 900.0
"""Time that a labeling function may spend on rows over which it took too long."""


@dataclass
class Conduct:
    """What one labeling function has cost so far, in all processes together.

    Attributes
    ----------
    name
        Its name.
    stride
        Rows that it may be asked for at once: all, unless it is slow. Single rows cost each some 0.2 ms, which is much
        beside a fast one's work: one that took too long, or whose process died, because of a certain row is asked for
        fewer rows in the batch with that row only.
    seconds, rows
        Time that it took to vote, in all processes together, and rows it voted on.
    """

    name: str
    stride: int = WHOLE
    seconds: float = 0.0
    rows: int = 0
    _ends: int = 0
    _overdue: float = 0.0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def watch(self, stride: int) -> None:
        """Ask for at most ``stride`` rows at once from here on, since more take it too long without any being at fault."""
        with self._lock:
            self.stride = min(self.stride, stride)

    def note_time(self, seconds: float, rows: int) -> None:
        """Count the time that votes took, and the rows they are on."""
        with self._lock:
            self.seconds += seconds
            self.rows += rows

    def note_end(self, row: int, reason: str) -> None:
        """Count a process that ended, or had to be ended, because of ``row``; the twenty-first is a `VoteError`."""
        with self._lock:
            self._ends += 1
            if self._ends > MOST_ENDS:
                raise VoteError(
                    f"LF '{self.name}' took its process down {self._ends} times, the last time at row {row}, where it "
                    f"{reason}; mend it or leave it out"
                )

    def note_overdue(self, row: int, time_limit: float) -> None:
        """Count the time spent on a row that took too long; more than 15 minutes in all are a `VoteError`."""
        with self._lock:
            self._overdue += time_limit
            if self._overdue > MOST_SECONDS:
                raise VoteError(
                    f"LF '{self.name}' spent {MOST_SECONDS / 60:g} minutes on rows over which it "
                    f"{took_longer(time_limit)}, the last of them row {row}; mend it, leave it out, or lower time_limit"
                )
