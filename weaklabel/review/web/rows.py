"""The rows page: find rows, show one, decide on it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, g, jsonify, render_template, request

from weaklabel.review.web.asked import body, text_of
from weaklabel.review.web.deciding import last_decision, progress_words, tally_of
from weaklabel.review.web.desk import the_desk
from weaklabel.review.web.detail import Detail, explanation, marked
from weaklabel.review.web.listing import Listing, RowQuery

pages: Blueprint = Blueprint("rows", __name__)


@pages.get("/")
def index() -> str:
    """Show the list, and one of its rows."""
    desk = the_desk()
    choice = RowQuery.of(request.args)
    view = Listing(desk, choice, g.reviewer, request.args.get("page", ""), request.args.get("row", ""))
    detail = None if view.row is None else Detail(desk, _known(view.row), g.reviewer)
    tally = tally_of(desk, choice.sample) if choice.sample else None
    return render_template("rows.html", view=view, detail=detail, tally=tally)


@pages.get("/rows/<int:row>")
def one(row: int) -> str:
    """Return one row, to be put into the page."""
    return render_template("detail.html", detail=Detail(the_desk(), _known(row), g.reviewer))


@pages.get("/rows/<int:row>/text")
def whole(row: int) -> str:
    """Return the whole text of a row that was shown cut."""
    return render_template("text.html", segments=marked(the_desk().review.row(_known(row)), None))


@pages.get("/rows/<int:row>/why")
def why(row: int) -> str:
    """Return what adds up to a row's label; it may take a second where the label model reads texts."""
    return render_template("why.html", why=explanation(the_desk().review, _known(row)))


@pages.post("/decide")
def decide() -> Response:
    """Write a decision; it is on the disk when this answers."""
    desk, asked = the_desk(), body()
    row, label = asked.get("row"), asked.get("label")
    if not isinstance(row, int) or isinstance(row, bool):
        abort(400, "a decision needs the number of one row")
    if label not in desk.labels:
        abort(400, f"unknown label {label!r}")
    sample = text_of(asked, "sample") or None
    desk.review.decide(_known(row), label, g.reviewer, sample=sample, adjudicates=desk.adjudicates)
    return jsonify(_state(asked))


@pages.post("/undo")
def undo() -> Response:
    """Withdraw the reviewer's last decision that is not withdrawn yet."""
    desk, asked = the_desk(), body()
    row = last_decision(desk.review, g.reviewer)
    if row is None:
        abort(400, "you have no decision to undo")
    desk.review.decide(row, None, g.reviewer, sample=text_of(asked, "sample") or None)
    return jsonify(row=row, **_state(asked))


def _state(asked: dict[str, Any]) -> dict[str, Any]:
    """Return what a decision changes on the page outside of the row."""
    desk, sample = the_desk(), text_of(asked, "sample")
    state = {"progress": progress_words(desk.review, g.reviewer)}
    if sample:
        state["tally"] = render_template("tally.html", tally=tally_of(desk, sample))
    return state


def _known(row: int) -> int:
    n = len(the_desk().review)
    if not 0 <= row < n:
        abort(404, f"row {row} does not exist; the corpus has {n:,} rows, counted from 0")
    return row
