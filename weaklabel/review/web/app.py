"""The Flask app: who may use it, who is reviewing, and its pages."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from flask import Flask, Response, g, jsonify, redirect, render_template, request, url_for
from jinja2 import StrictUndefined
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from weaklabel.errors import WeakLabelError, visible
from weaklabel.review.web import jobs, lfs, reviewers, rows, spot, suggestions
from weaklabel.review.web.desk import Desk, the_desk
from weaklabel.review.web.security import Gate, address_without
from weaklabel.review.web.texts import readable

if TYPE_CHECKING:
    from weaklabel.review import Review

TABS = (
    ("rows.index", "Rows"),
    ("spot.index", "Spot check"),
    ("lfs.index", "Labeling functions"),
    ("suggestions.index", "Suggestions"),
    ("reviewers.index", "Reviewers"),
)


def create_app(review: Review, gate: Gate, reviewer: str | None = None) -> Flask:
    """Make the review app.

    Parameters
    ----------
    review
        What is reviewed.
    gate
        Checks who may use it.
    reviewer
        Name of the reviewer, unless a browser has set another one.
    """
    app = Flask(__name__)
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters |= {"visible": visible, "readable": readable}
    desk = app.extensions["desk"] = Desk(review, gate, reviewer)
    app.jinja_env.globals |= {"desk": desk, "tabs": TABS}
    gate.guard(app)
    app.before_request(_who)
    app.errorhandler(WeakLabelError)(_user_error)
    app.errorhandler(HTTPException)(_http_error)
    for pages in (rows, spot, lfs, suggestions, reviewers, jobs):
        app.register_blueprint(pages.pages)
    return app


def _who() -> AnyResponse | None:
    """Find out who is reviewing; a new browser is asked once."""
    desk = the_desk()
    given = (request.args.get("reviewer") or "").strip()[: reviewers.MAX_NAME]
    if given and request.method == "GET" and request.endpoint:
        return reviewers.remember(redirect(address_without("reviewer"), 303), given)
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
