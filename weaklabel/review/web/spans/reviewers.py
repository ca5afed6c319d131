"""The reviewers of spans: how far they have come and agree, and the gold that their decisions make."""

from __future__ import annotations

from flask import Blueprint, Response, render_template

from weaklabel.review.spans.query import SpanFilter
from weaklabel.review.web.desk import the_span_desk
from weaklabel.review.web.names import add_name_pages
from weaklabel.review.web.spans.listing import said_words
from weaklabel.review.web.texts import snippet

pages: Blueprint = Blueprint("reviewers", __name__)
add_name_pages(pages)

MOST_SHOWN = 50


@pages.get("/reviewers")
def index() -> str:
    """Show progress, agreement, and the texts on which reviewers differ."""
    review = the_span_desk().review
    disputed = review.query(SpanFilter(disagreement=True), limit=MOST_SHOWN)
    return render_template(
        "spans/reviewers.html",
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
    content = the_span_desk().review.export_gold().encode("utf-8", "backslashreplace")
    return Response(content, mimetype="text/csv", headers=headers)


def _dispute(row: int) -> tuple[int, str, list[tuple[str, str]]]:
    review = the_span_desk().review
    said = [(who, said_words(made)) for who, made in sorted(review.ledger.of_row(row).items())]
    return row, snippet(review.texts[row]), said
