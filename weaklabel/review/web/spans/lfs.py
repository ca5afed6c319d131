"""The labeling functions that mark spans."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flask import Blueprint, render_template

from weaklabel.review import SpanReview
from weaklabel.review.web.desk import the_span_desk

pages = Blueprint("lfs", __name__, url_prefix="/lfs")


@dataclass(frozen=True)
class SpanLFLine:
    """Statistics of one labeling function: spans, texts with one, and its precision on completed texts."""

    name: str
    kind: str
    labels: list[str]
    spans: int
    rows: int
    precision: str


@pages.get("/")
def index() -> str:
    """Show all labeling functions."""
    review = the_span_desk().review
    return render_template("spans/lfs.html", lines=lf_lines(review), stale=review.is_stale, n=len(review))


def lf_lines(review: SpanReview) -> list[SpanLFLine]:
    """Return a line for each labeling function."""
    from weaklabel.review.web.deciding import share_words
    from weaklabel.scoring.intervals import share

    if review.lfs is None or review.votes is None:
        return []
    gold, judged = review.gold().keys(), review.has_gold()
    lines = []
    for lf, spans in zip(review.lfs, review.snapshot.voted, strict=True):
        of_judged = spans.take(judged[spans.row])
        right = int(np.isin(of_judged.keys(), gold).sum())
        labels = [review.all_labels[number] for number in np.unique(spans.label).tolist()]
        words = share_words(share(right, len(of_judged)))
        lines.append(SpanLFLine(lf.name, lf.kind, labels, len(spans), len(np.unique(spans.row)), words))
    return lines
