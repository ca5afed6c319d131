"""Long work in separate threads: pages start it, continue, and ask for its status."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from weaklabel.errors import WeakLabelError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """The status of a piece of work.

    Attributes
    ----------
    started
        By `time.monotonic`.
    is_running
        Whether it is still running.
    error
        The error message; "" for none.
    """

    started: float
    is_running: bool = True
    error: str = ""


class Jobs:
    """Pieces of work by name; of each name at most one runs at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}

    def start(self, name: str, work: Callable[[], object]) -> None:
        """Start a piece of work, unless it is running."""
        with self._lock:
            running = self._jobs.get(name)
            if running is not None and running.is_running:
                return
            job = self._jobs[name] = Job(time.monotonic())
        # Nobody waits for it when the app ends: what it writes is written atomically.
        threading.Thread(target=self._run, args=(name, job, work), name=f"weaklabel-{name}", daemon=True).start()

    def get(self, name: str) -> Job | None:
        """Return the status of a piece of work; None before it is first started."""
        return self._jobs.get(name)

    def _run(self, name: str, job: Job, work: Callable[[], object]) -> None:
        error = ""
        try:
            work()
        except WeakLabelError as failure:
            error = str(failure)
        except Exception:
            log.exception("%s", name)
            error = "Something went wrong in the app; see the terminal that it runs in."
        self._jobs[name] = Job(job.started, False, error)
