"""The reviewers: who they are, how far they have come and agree, and the gold that their decisions make."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, abort, g, jsonify, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from weaklabel.review import Filter
from weaklabel.review.web.asked import body, text_of
from weaklabel.review.web.desk import the_desk
from weaklabel.review.web.texts import snippet

pages = Blueprint("reviewers", __name__)

MAX_NAME = 80
MOST_SHOWN = 50


@pages.get("/reviewers")
def index() -> str:
    """Show progress, agreement, and the rows on which reviewers differ."""
    review = the_desk().review
    disputed = review.query(Filter(disagreement=True), limit=MOST_SHOWN)
    return render_template(
        "reviewers.html",
        people=sorted(review.progress().items(), key=lambda item: (-item[1], item[0])),
        rows=len(review),
        file=str(review.log.path),
        agreement=review.agreement(),
        disputes=[_dispute(int(row)) for row in disputed.rows],
        n_disputes=disputed.total,
    )


@pages.get("/gold.csv")
def gold() -> Response:
    """Download what most reviewers decided."""
    headers = {"Content-Disposition": "attachment; filename=gold.csv"}
    # A text may hold half of a surrogate pair, which UTF-8 has no bytes for.
    content = the_desk().review.export_gold().encode("utf-8", "backslashreplace")
    return Response(content, mimetype="text/csv", headers=headers)


@pages.get("/name")
def name() -> str:
    """Ask who is reviewing."""
    return render_template("name.html", go=request.args.get("go", ""), suggested=g.reviewer)


@pages.post("/name")
def set_name() -> AnyResponse:
    """Remember who is reviewing in this browser."""
    asked = body()
    given, go = text_of(asked, "name").strip(), text_of(asked, "go")
    if not given or len(given) > MAX_NAME:
        abort(400, f"a name has 1 to {MAX_NAME} characters")
    here = go.startswith("/") and not go.startswith(("//", "/\\"))
    return remember(jsonify(go=go if here else url_for("rows.index")), given)


def remember(answer: AnyResponse, name: str) -> AnyResponse:
    """Set the cookie that says who is reviewing."""
    cookie = the_desk().reviewer_cookie
    answer.set_cookie(cookie, quote(name), httponly=True, samesite="Strict", max_age=timedelta(days=365))
    return answer


def _dispute(row: int) -> tuple[int, str, list[tuple[str, Any]]]:
    seen = the_desk().review.row(row)
    return row, snippet(seen.text), [(who, decision.label) for who, decision in sorted(seen.decisions.items())]
