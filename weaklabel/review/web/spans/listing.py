"""The list of texts with spans that an address asks for, a page at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass

from weaklabel.decisions import Decision
from weaklabel.review import SpanReview
from weaklabel.review.spans.query import SpanFilter
from weaklabel.review.web.deciding import progress_words
from weaklabel.review.web.desk import Desk
from weaklabel.review.web.listing import (
    DECIDED,
    NO_LABEL,
    ORDERS,
    PER_PAGE,
    SHOW,
    Facet,
    Paging,
    RowQuery,
    opened_row,
    page_number,
)
from weaklabel.review.web.texts import snippet

_DECIDED = {key: words.replace("decided", "completed") for key, words in DECIDED.items()}
_ORDERS = {order: words for order, words in ORDERS.items() if order != "teaching"} | {
    "confidence": "least sure span first",
    "conflict": "most votes that conflict first",
}


@dataclass(frozen=True)
class TextItem:
    """A text in the list: how many spans are proposed, how sure the least sure is, and whether the reviewer completed it."""

    row: int
    snippet: str
    spans: str
    conf: float | None
    mine: str | None


class SpanListing(Paging):
    """What the list shows.

    Parameters
    ----------
    desk
        What is reviewed.
    choice
        Which rows, in which order.
    reviewer
        Who looks.
    page
        Page of the list, from 1, as the address has it.
    row
        Row to open, as the address has it; by default the first that the reviewer has not completed.
    """

    def __init__(self, desk: Desk[SpanReview], choice: RowQuery, reviewer: str, page: str, row: str) -> None:
        self.choice = choice
        self._desk = desk
        self.n: int = len(desk.review)
        self.page: int = page_number(page)
        filter = SpanFilter(**choice.conditions(reviewer))
        matches = desk.review.query(filter, choice.ordered, (self.page - 1) * PER_PAGE, PER_PAGE)
        self.total: int = matches.total
        self.pages: int = math.ceil(matches.total / PER_PAGE)
        self.items: list[TextItem] = self._items([int(row) for row in matches.rows], reviewer)
        undecided = (item.row for item in self.items if item.mine is None)
        self.row: int | None = opened_row(row, undecided, self.items[0].row if self.items else None)
        self.progress: str = completed_words(desk.review, reviewer)

    @property
    def facets(self) -> list[Facet]:
        """The filters of the form; without votes there are none on these."""
        desk, choice, votes = self._desk, self.choice, self._desk.review.votes
        labels = [(label, label) for label in desk.labels]
        shown = [Facet("label", "With a span of", choice.label, [("", "any"), *labels, (NO_LABEL, "no span")])]
        if votes is not None:
            names = [(name, name) for name in votes.lf_names]
            voted = [(label, label) for label in votes.all_labels]
            shown += [
                Facet("lf", "Marked by", choice.lf, [("", "any labeling function"), *names]),
                Facet("vote", "With a vote for", choice.vote, [("", "any label"), *voted]),
                Facet("show", "Votes", choice.show, list(SHOW.items())),
            ]
        shown += [
            Facet("decided", "Completed", choice.decided, list(_DECIDED.items())),
            Facet("order", "Order", choice.order or "row", list(_ORDERS.items())),
        ]
        return shown

    def _items(self, rows: list[int], reviewer: str) -> list[TextItem]:
        review = self._desk.review
        latest, snapshot, items = review.ledger.latest(), review.snapshot, []
        for row in rows:
            conf = float(snapshot.least_prob[row])
            made = latest.get((review.hashes[row], reviewer))
            items.append(
                TextItem(
                    row,
                    snippet(review.texts[row]),
                    spans_words(int(snapshot.counts[row])),
                    None if math.isnan(conf) else conf,
                    None if made is None else said_words(made),
                )
            )
        return items


def spans_words(n: int) -> str:
    """Return a number of spans in words.

    Examples
    --------
    >>> spans_words(0), spans_words(1), spans_words(2)
    ('no span', '1 span', '2 spans')
    """
    return f"{n or 'no'} span{'' if n < 2 else 's'}"


def said_words(decision: Decision) -> str:
    """Return a decision on the spans of a text in words."""
    return spans_words(len(decision.spans or ()))


def completed_words(review: SpanReview, reviewer: str) -> str:
    """Say how many texts are completed, and by whom."""
    return progress_words(review, reviewer).replace("decided", "completed")
