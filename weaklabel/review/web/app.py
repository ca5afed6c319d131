"""The Flask app: who may use it, who is reviewing, and its pages."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from flask import Flask, Response, g, jsonify, redirect, render_template, request, url_for
from jinja2 import StrictUndefined
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from weaklabel.errors import WeakLabelError, visible
from weaklabel.review import Review, SpanReview
from weaklabel.review.spans.editor import SpanEditor
from weaklabel.review.web import jobs, lfs, reviewers, rows, spot, suggestions
from weaklabel.review.web.desk import Desk, any_desk
from weaklabel.review.web.names import MAX_NAME, remember
from weaklabel.review.web.security import Gate, address_without
from weaklabel.review.web.spans import lfs as span_lfs, reviewers as span_reviewers, rows as span_rows
from weaklabel.review.web.texts import readable

TABS = (
    ("rows.index", "Rows"),
    ("spot.index", "Spot check"),
    ("lfs.index", "Labeling functions"),
    ("suggestions.index", "Suggestions"),
    ("reviewers.index", "Reviewers"),
)
SPAN_TABS = (
    ("rows.index", "Texts"),
    ("lfs.index", "Labeling functions"),
    ("reviewers.index", "Reviewers"),
)


def create_app(
    review: Review | SpanReview, gate: Gate, reviewer: str | None = None, *, adjudicates: bool = False
) -> Flask:
    """Make the review app.

    Parameters
    ----------
    review
        What is reviewed.
    gate
        Checks who may use it.
    reviewer
        Name of the reviewer, unless a browser has set another one.
    adjudicates
        Whether decisions on the pages settle what reviewers decided differently.
    """
    app = Flask(__name__)
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters |= {"visible": visible, "readable": readable}
    desk: Desk[Any] = Desk(review, gate, reviewer, adjudicates)
    app.extensions["desk"] = desk
    of_spans = isinstance(review, SpanReview)
    app.jinja_env.globals |= {"desk": desk, "tabs": SPAN_TABS if of_spans else TABS}
    gate.guard(app)
    app.before_request(_who)
    app.errorhandler(WeakLabelError)(_user_error)
    app.errorhandler(HTTPException)(_http_error)
    if isinstance(review, SpanReview):
        app.extensions["span_editor"] = SpanEditor(review)
    # Pages of either kind have the same names, so that links between them are the same.
    of_task = (span_rows, span_lfs, span_reviewers) if of_spans else (rows, spot, lfs, suggestions, reviewers)
    for pages in (*of_task, jobs):
        app.register_blueprint(pages.pages)
    return app


def _who() -> AnyResponse | None:
    """Find out who is reviewing; a new browser is asked once."""
    desk = any_desk()
    given = (request.args.get("reviewer") or "").strip()[:MAX_NAME]
    if given and request.method == "GET" and request.endpoint:
        return remember(redirect(address_without("reviewer"), 303), given)
    g.reviewer = unquote(request.cookies.get(desk.reviewer_cookie, "")) or desk.reviewer or ""
    asks = request.endpoint in ("static", "reviewers.name", "reviewers.set_name")
    if not g.reviewer and not asks:
        return redirect(url_for("reviewers.name", go=request.full_path.rstrip("?")), 303)
    return None


def _user_error(error: WeakLabelError) -> tuple[Response | str, int]:
    """Show an error in a request."""
    return _error(str(error), 400)


def _http_error(error: HTTPException) -> tuple[Response | str, int]:
    code = error.code or 500
    words = "something went wrong in the app; see the terminal that it runs in" if code == 500 else None
    return _error(words or str(error.description), code)


def _error(words: str, code: int) -> tuple[Response | str, int]:
    """Answer scripts with JSON, and people with a page."""
    if request.method == "POST":
        return jsonify(error=words), code
    title = {403: "Not allowed", 404: "Not found", 500: "Something went wrong"}.get(code, "That cannot be shown")
    return render_template("error.html", code=code, title=title, words=words), code
