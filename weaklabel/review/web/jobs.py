"""Work that takes long, in threads of its own: pages start it, go on, and ask how it stands."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response, abort, jsonify

from weaklabel.errors import WeakLabelError

pages = Blueprint("jobs", __name__, url_prefix="/jobs")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """How a piece of work stands.

    Attributes
    ----------
    started
        By `time.monotonic`.
    is_running
        Whether it is still under way.
    error
        What went wrong with it, "" for nothing.
    """

    started: float
    is_running: bool = True
    error: str = ""


class Jobs:
    """Each kind of work runs once at a time, however many ask for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}

    def start(self, name: str, work: Callable[[], object]) -> None:
        """Begin a piece of work, unless it is under way."""
        with self._lock:
            known = self._jobs.get(name)
            if known is not None and known.is_running:
                return
            job = self._jobs[name] = Job(time.monotonic())
        # Nobody waits for it when the app ends: what it writes is written atomically.
        threading.Thread(target=self._run, args=(name, job, work), name=f"weaklabel-{name}", daemon=True).start()

    def get(self, name: str) -> Job | None:
        """Return how a piece of work stands, None before its first time."""
        return self._jobs.get(name)

    def _run(self, name: str, job: Job, work: Callable[[], object]) -> None:
        error = ""
        try:
            work()
        except WeakLabelError as found:
            error = str(found)
        except Exception:
            log.exception("%s", name)
            error = "Something went wrong in the app; the terminal that it runs in says what."
        self._jobs[name] = Job(job.started, False, error)


@pages.get("/<name>")
def one(name: str) -> Response:
    """Say how a piece of work stands."""
    from weaklabel.review.web.desk import the_desk

    job = the_desk().jobs.get(name)
    if job is None:
        abort(404, f"nothing called {name} is under way")
    return jsonify(running=job.is_running, seconds=int(time.monotonic() - job.started), error=job.error)
