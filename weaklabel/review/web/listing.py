"""The list of rows that an address asks for, a page at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from flask import url_for

from weaklabel.errors import WeakLabelError
from weaklabel.review.web.choice import DECIDED, NO_LABEL, ORDERS, SHOW, Choice
from weaklabel.review.web.deciding import my_labels, progress_words
from weaklabel.review.web.desk import Desk
from weaklabel.review.web.texts import snippet

PER_PAGE = 50
LARGEST_SAMPLE = 2_000
"""Rows of a spot check are all in one list, so that none is overlooked."""


@dataclass(frozen=True)
class Item:
    """A row in the list: its label and confidence by the label model, and the reviewer's own decision."""

    row: int
    snippet: str
    label: str | None
    conf: float | None
    mine: str | None

    @property
    def is_corrected(self) -> bool:
        """Whether the reviewer decided otherwise than the label model."""
        return None not in (self.mine, self.label) and self.mine != self.label


@dataclass(frozen=True)
class Facet:
    """A choice among values, as a form shows it."""

    name: str
    title: str
    value: str
    options: list[tuple[str, str]]


class Listing:
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
        Row to open, as the address has it; by default the first that the reviewer has not decided.
    """

    def __init__(self, desk: Desk, choice: Choice, reviewer: str, page: str, row: str) -> None:
        self.choice = choice
        self._desk = desk
        per_page = LARGEST_SAMPLE if choice.sample else PER_PAGE
        self.page = max(1, int(page)) if page.isascii() and page.isdigit() else 1
        found = desk.review.query(choice.filter(reviewer), choice.ordered, (self.page - 1) * per_page, per_page)
        self.total = found.total
        self.pages = math.ceil(found.total / per_page)
        self.items = self._items([int(row) for row in found.rows], reviewer)
        self.row = self._opened(row)
        self.progress = progress_words(desk.review, reviewer)

    @property
    def count(self) -> str:
        """How many rows were found, in words."""
        n = len(self._desk.review)
        return f"{n:,} rows" if self.total == n else f"{self.total:,} of {n:,} rows"

    @property
    def page_words(self) -> str:
        """Where in the list this page is."""
        return f"{self.page:,} of {self.pages:,}"

    @property
    def before(self) -> str | None:
        """Address of the page before this one."""
        return self.address(page=self.page - 1) if self.page > 1 else None

    @property
    def after(self) -> str | None:
        """Address of the page after this one."""
        return self.address(page=self.page + 1) if self.page < self.pages else None

    @property
    def chips(self) -> list[tuple[str, str]]:
        """Each condition in words, and the address without it."""
        return [(words, _address(without)) for words, without in self.choice.chips()]

    @property
    def facets(self) -> list[Facet]:
        """What can be chosen; without labeling functions there are no votes to choose by."""
        desk, choice = self._desk, self.choice
        labels = [(label, label) for label in desk.labels]
        decided = Facet("decided", "Decided", choice.decided, list(DECIDED.items()))
        order = Facet("order", "Order", choice.order or "row", list(ORDERS.items()))
        if not desk.has_labels:
            kept = [(value, words) for value, words in order.options if value in ("row", "random")]
            return [decided, Facet("order", "Order", order.value, kept)]
        names = [(name, name) for name in desk.review.votes.lf_names]
        return [
            Facet("lf", "Voted by", choice.lf, [("", "any labeling function"), *names]),
            Facet("vote", "With a vote for", choice.vote, [("", "any label"), *labels]),
            Facet("label", "Label", choice.label, [("", "any"), *labels, (NO_LABEL, "none")]),
            Facet("show", "Votes", choice.show, list(SHOW.items())),
            decided,
            order,
        ]

    def address(self, **more: object) -> str:
        """Return the address of this list, with what else it is to say."""
        page = {"page": self.page} if self.page > 1 else {}
        return _address(self.choice, **(page | more))

    def _items(self, rows: list[int], reviewer: str) -> list[Item]:
        review, mine = self._desk.review, my_labels(self._desk.review, reviewer, rows)
        items = []
        for row in rows:
            conf = float(np.max(review.probs[row])) if self._desk.has_labels else math.nan
            label = self._desk.name(int(review.preds[row])) if self._desk.has_labels else None
            text = snippet(review.texts[row])
            items.append(Item(row, text, label, None if math.isnan(conf) else conf, mine.get(row)))
        return items

    def _opened(self, row: str) -> int | None:
        if row:
            if not (row.isascii() and row.isdigit()):
                raise WeakLabelError(f"'{row}' in the address is not a row; rows are numbered from 0")
            return int(row)
        undecided = (item.row for item in self.items if item.mine is None)
        return next(undecided, self.items[0].row if self.items else None)


def _address(choice: Choice, **more: object) -> str:
    query = choice.query(**more)
    return url_for("rows.index") + (f"?{query}" if query else "")
