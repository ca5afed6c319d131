"""What the pages share: the review, and the colors of labels."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from flask import current_app

from weaklabel.review import Review, SpanReview
from weaklabel.review.web.job_queue import Jobs
from weaklabel.review.web.security import Gate

COLORS = 8

AnyReview = TypeVar("AnyReview", Review, SpanReview)


class Desk(Generic[AnyReview]):
    """The review, and the state of the app.

    Parameters
    ----------
    review, gate, reviewer, adjudicates
        As for `weaklabel.review.web.app.create_app`.
    """

    def __init__(self, review: AnyReview, gate: Gate, reviewer: str | None, adjudicates: bool = False) -> None:
        self.review: AnyReview = review
        self.reviewer = reviewer
        self.adjudicates = adjudicates
        self.reviewer_cookie: str = f"weaklabel_reviewer_{gate.port}"
        self.jobs: Jobs = Jobs()

    @property
    def title(self) -> str:
        """The title of the review."""
        return self.review.title

    @property
    def labels(self) -> tuple[str, ...]:
        """Class names. Length: k."""
        return tuple(self.review.labels)

    @property
    def has_labels(self) -> bool:
        """Whether there are labeling functions, and so labels to show."""
        return bool(self.review.lfs)

    def color(self, label: str) -> str:
        """Return the style class of a label."""
        return f"k{self.labels.index(label) % COLORS}" if label in self.labels else ""

    def name(self, label: int) -> str | None:
        """Return the name of a class, None for -1."""
        return None if label < 0 else self.labels[label]


def any_desk() -> Desk[Any]:
    """Return the desk of the current app, whatever is reviewed."""
    desk: Any = current_app.extensions["desk"]
    assert isinstance(desk, Desk)
    return desk


def the_desk() -> Desk[Review]:
    """Return the desk of the current app, which reviews labels of texts."""
    desk = any_desk()
    assert isinstance(desk.review, Review)
    return desk


def the_span_desk() -> Desk[SpanReview]:
    """Return the desk of the current app, which reviews spans."""
    desk = any_desk()
    assert isinstance(desk.review, SpanReview)
    return desk
