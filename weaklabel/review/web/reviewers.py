"""The reviewers: who they are, how far they have come and agree, and the gold that their decisions make."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template

from weaklabel.review import Filter
from weaklabel.review.web.desk import the_desk
from weaklabel.review.web.names import add_name_pages
from weaklabel.review.web.texts import snippet

pages: Blueprint = Blueprint("reviewers", __name__)
add_name_pages(pages)

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


def _dispute(row: int) -> tuple[int, str, list[tuple[str, Any]]]:
    seen = the_desk().review.row(row)
    return row, snippet(seen.text), [(who, decision.label) for who, decision in sorted(seen.decisions.items())]
