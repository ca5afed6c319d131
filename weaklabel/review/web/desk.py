"""What the pages share: the review, and how labels look."""

from __future__ import annotations

from typing import Any

from flask import current_app

from weaklabel.review import Review
from weaklabel.review.web.job_queue import Jobs
from weaklabel.review.web.security import Gate

COLORS = 8


class Desk:
    """The review, and what the app remembers beside it.

    Parameters
    ----------
    review, gate, reviewer
        As for `weaklabel.review.web.app.create_app`.
    """

    def __init__(self, review: Review, gate: Gate, reviewer: str | None) -> None:
        self.review = review
        self.reviewer = reviewer
        self.reviewer_cookie = f"weaklabel_reviewer_{gate.port}"
        self.jobs = Jobs()

    @property
    def title(self) -> str:
        """What is reviewed, in a few words."""
        return self.review.title

    @property
    def labels(self) -> tuple[str, ...]:
        """Class names. Length: k."""
        return tuple(self.review.labels)

    @property
    def has_labels(self) -> bool:
        """Whether anything has voted, so that there are labels to look at."""
        return bool(self.review.lfs)

    def color(self, label: str) -> str:
        """Return the style class of a label."""
        return f"k{self.labels.index(label) % COLORS}" if label in self.labels else ""

    def name(self, label: int) -> str | None:
        """Return the name of a class, None for -1."""
        return None if label < 0 else self.labels[label]


def the_desk() -> Desk:
    """Return the desk of the app that answers."""
    desk: Any = current_app.extensions["desk"]
    assert isinstance(desk, Desk)
    return desk
