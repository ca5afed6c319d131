"""The status of long work, for the pages that wait for it."""

from __future__ import annotations

import time

from flask import Blueprint, Response, abort, jsonify

from weaklabel.review.web.desk import any_desk

pages: Blueprint = Blueprint("jobs", __name__, url_prefix="/jobs")


@pages.get("/<name>")
def one(name: str) -> Response:
    """Return the status of a piece of work."""
    job = any_desk().jobs.get(name)
    if job is None:
        abort(404, f"no work called {name} was started")
    return jsonify(running=job.is_running, seconds=int(time.monotonic() - job.started), error=job.error)
