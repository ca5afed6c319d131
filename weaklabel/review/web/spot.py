"""The spot check page: draw a sample, go through it, see the estimated precision of all labels."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, abort, jsonify, render_template, url_for

from weaklabel.review import Review
from weaklabel.review.spot_checks import Sample
from weaklabel.review.web.asked import body, text_of, whole_number
from weaklabel.review.web.deciding import KINDS, share_words
from weaklabel.review.web.desk import the_desk

pages: Blueprint = Blueprint("spot", __name__, url_prefix="/spot")

WORDS = (
    ("random", "Random", "Every row is equally likely. The simplest estimate of the precision of all labels."),
    (
        "stratified",
        "Stratified",
        "Rows of every label and confidence. The same estimate from fewer rows, and more about rare labels.",
    ),
    (
        "uncertain",
        "Least certain",
        "Rows whose labels are most often wrong. Good for corrections, but no estimate for all labels.",
    ),
)


@dataclass(frozen=True)
class Check:
    """A spot check as the page shows it."""

    id: str
    kind: str
    size: int
    decided: int
    value: str
    words: str
    share: float | None
    low: float | None
    high: float | None
    classes: list[tuple[str, int, str]]
    notes: tuple[str, ...]


@pages.get("/")
def index() -> str:
    """Show the form, and every sample so far, the latest first."""
    desk = the_desk()
    checks = [_check(desk.review, sample) for sample in reversed(desk.review.samples())] if desk.has_labels else []
    return render_template("spot.html", kinds=WORDS, rows=len(desk.review), checks=checks)


@pages.post("/draw")
def draw() -> Response:
    """Draw a sample, other than those before it, and go to it."""
    review, asked = the_desk().review, body()
    kind, n = text_of(asked, "kind"), text_of(asked, "n")
    if kind not in KINDS:
        abort(400, "choose the kind of sample")
    if not len(review):
        abort(400, "the corpus has no rows to check")
    size = whole_number(n)
    if size is None or not 1 <= size <= len(review):
        abort(400, f"the number of rows must be 1 to {len(review)}")
    sample = review.sample(kind, size, seed=None)  # type: ignore[arg-type]
    return jsonify(go=url_for("rows.index", sample=sample.id))


def _check(review: Review, sample: Sample) -> Check:
    estimate = review.precision(sample)
    if estimate.value is None or estimate.low is None or estimate.high is None:
        value, words = "–", "no estimate yet"
    else:
        value = f"{estimate.value:.1%}"
        whose = "labels" if estimate.is_estimate else "the least certain labels"
        words = f"of {whose} correct; 95% interval {estimate.low:.1%} to {estimate.high:.1%}"
    return Check(
        id=sample.id,
        kind=KINDS[sample.kind].capitalize(),
        size=estimate.n_rows,
        decided=estimate.n_decided,
        value=value,
        words=words,
        share=estimate.value,
        low=estimate.low,
        high=estimate.high,
        classes=[(name, share.n, share_words(share)) for name, share in estimate.per_class.items() if share.n],
        notes=estimate.notes,
    )
