"""The page of texts: find them, show one with its spans, complete it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, g, jsonify, render_template, request

from weaklabel.review.web.asked import body, whole_number
from weaklabel.review.web.deciding import last_decision
from weaklabel.review.web.desk import the_span_desk
from weaklabel.review.web.listing import RowQuery
from weaklabel.review.web.spans.detail import SpanDetail, part_of
from weaklabel.review.web.spans.listing import SpanListing, completed_words, said_words

pages: Blueprint = Blueprint("rows", __name__)

MOST_SPANS = 50_000
"""Of a text; the length of a request is limited as well."""


@pages.get("/")
def index() -> str:
    """Show the list, and one of its texts."""
    desk = the_span_desk()
    choice = RowQuery.of(request.args)
    view = SpanListing(desk, choice, g.reviewer, request.args.get("page", ""), request.args.get("row", ""))
    detail = None if view.row is None else SpanDetail(desk, _known(view.row), g.reviewer)
    return render_template("spans/rows.html", view=view, detail=detail, tally=None)


@pages.get("/rows/<int:row>")
def one(row: int) -> str:
    """Return one text, to be put into the page."""
    return render_template("spans/detail.html", detail=SpanDetail(the_span_desk(), _known(row), g.reviewer))


@pages.get("/rows/<int:row>/part")
def part(row: int) -> Response:
    """Return a part of a long text."""
    number = whole_number(request.args.get("number", ""))
    if number is None:
        abort(400, "name the part of the text by its number")
    return jsonify(part_of(the_span_desk().review.row(_known(row)), number))


@pages.post("/decide")
def decide() -> Response:
    """Write which spans a text has; it is on the disk when this answers."""
    desk, asked = the_span_desk(), body()
    review = desk.review
    row, spans = asked.get("row"), asked.get("spans")
    if not isinstance(row, int) or isinstance(row, bool):
        abort(400, "a decision needs the number of one row")
    if not isinstance(spans, list) or len(spans) > MOST_SPANS or not all(map(_is_span, spans)):
        abort(400, "a decision needs the spans of the text, each with begin, end and label")
    named = [(begin, end, label) for begin, end, label in spans]
    made = review.decide(_known(row), named, g.reviewer, adjudicates=desk.adjudicates)
    return jsonify(progress=completed_words(review, g.reviewer), mine=said_words(made))


@pages.post("/undo")
def undo() -> Response:
    """Withdraw the reviewer's last decision that is not withdrawn yet."""
    review = the_span_desk().review
    row = last_decision(review, g.reviewer)
    if row is None:
        abort(400, "you have no decision to undo")
    review.decide(row, None, g.reviewer)
    return jsonify(row=row, progress=completed_words(review, g.reviewer))


def _is_span(span: Any) -> bool:
    is_list = isinstance(span, list) and len(span) == 3
    return is_list and all(type(place) is int for place in span[:2]) and isinstance(span[2], str)


def _known(row: int) -> int:
    n = len(the_span_desk().review)
    if not 0 <= row < n:
        abort(404, f"row {row} does not exist; the corpus has {n:,} rows, counted from 0")
    return row
