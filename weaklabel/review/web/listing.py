"""The list of rows that an address asks for, a page at a time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, get_args
from urllib.parse import urlencode

import numpy as np
from flask import url_for

from weaklabel.errors import WeakLabelError
from weaklabel.review import Review
from weaklabel.review.query import Filter, Order
from weaklabel.review.web.deciding import my_labels, progress_words
from weaklabel.review.web.desk import Desk
from weaklabel.review.web.texts import snippet

NO_LABEL = "-1"
"""Not a possible class name."""

DECIDED = {
    "": "any",
    "no": "not decided by me",
    "mine": "decided by me",
    "yes": "decided by anyone",
    "nobody": "decided by nobody",
    "differ": "decided differently",
}
SHOW = {"": "all", "conflict": "votes conflict", "uncovered": "no vote"}
ORDERS = {
    "row": "as in the corpus",
    "confidence": "least certain first",
    "conflict": "most conflicting first",
    "teaching": "what teaches most",
    "random": "at random",
}


@dataclass(frozen=True)
class RowQuery:
    """The query of the address of the rows page, as strings; "" where it has no value."""

    text: str = ""
    lf: str = ""
    vote: str = ""
    label: str = ""
    min_conf: str = ""
    max_conf: str = ""
    show: str = ""
    decided: str = ""
    by: str = ""
    cluster: str = ""
    sample: str = ""
    order: str = ""

    @classmethod
    def of(cls, args: Mapping[str, str]) -> RowQuery:
        """Read the arguments of an address; others are ignored."""
        return cls(**{field.name: args.get(field.name, "") for field in fields(cls)})

    def filter(self, reviewer: str) -> Filter:
        """Return the conditions, as seen by a reviewer.

        Raises
        ------
        WeakLabelError
            A number is invalid.
        """
        return Filter(**self.conditions(reviewer), cluster=_number(self.cluster, int), sample=self.sample or None)

    def conditions(self, reviewer: str) -> dict[str, Any]:
        """Return the conditions that rows with labels and rows with spans have in common; see `filter`."""
        decided: dict[str, dict[str, Any]] = {
            "no": {"decided": False, "reviewer": reviewer},
            "mine": {"decided": True, "reviewer": reviewer},
            "yes": {"decided": True},
            "nobody": {"decided": False},
            "differ": {"disagreement": True},
        }
        who = decided.get(self.decided, {"decided": True, "reviewer": self.by} if self.by else {})
        return {
            "lf": self.lf or None,
            "vote": self.vote or None,
            "label": "" if self.label == NO_LABEL else self.label or None,
            "min_conf": _number(self.min_conf, float),
            "max_conf": _number(self.max_conf, float),
            "conflict": True if self.show == "conflict" else None,
            "uncovered": True if self.show == "uncovered" else None,
            "text": self.text or None,
            **who,
        }

    @property
    def ordered(self) -> Order:
        """The order; that of the corpus where the address names none."""
        return self.order if self.order in get_args(Order) else "row"  # type: ignore[return-value]

    def query(self, **more: object) -> str:
        """Return the query of an address, with further arguments."""
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        return urlencode({key: value for key, value in (own | more).items() if value not in ("", None)})

    def chips(self) -> list[tuple[str, RowQuery]]:
        """Return each condition in words, with the query without it."""
        words = {
            "text": f"text: {self.text}",
            "lf": f"voted by {self.lf}",
            "vote": f"a vote for {self.vote}",
            "label": "no label" if self.label == NO_LABEL else f"label {self.label}",
            "min_conf": f"confidence from {self.min_conf}",
            "max_conf": f"confidence to {self.max_conf}",
            "show": SHOW.get(self.show, ""),
            "decided": DECIDED.get(self.decided, ""),
            "by": f"decided by {self.by}",
            "cluster": f"group {self.cluster}",
            "sample": "spot check",
        }
        return [(what, replace(self, **{name: ""})) for name, what in words.items() if getattr(self, name)]


def _number(text: str, kind: type[Any]) -> Any:
    if not text:
        return None
    try:
        return kind(text)
    except ValueError:
        raise WeakLabelError(f"'{text}' in the address is not a number; correct it, or clear all filters") from None


PER_PAGE = 50
LARGEST_SAMPLE = 2_000
"""Rows of a spot check are all in one list, so that none is overlooked."""


@dataclass(frozen=True)
class ListItem:
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
    """A filter of the form, with its possible values."""

    name: str
    title: str
    value: str
    options: list[tuple[str, str]]


class Paging:
    """Where in a list a page is, and the addresses around it.

    Attributes
    ----------
    choice
        Which rows, in which order.
    page, pages
        The page, from 1, and how many there are.
    total, n
        Rows that were found, and rows of the corpus.
    """

    choice: RowQuery
    page: int
    pages: int
    total: int
    n: int

    @property
    def count(self) -> str:
        """How many rows were found, in words."""
        return f"{self.n:,} rows" if self.total == self.n else f"{self.total:,} of {self.n:,} rows"

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

    def address(self, **more: object) -> str:
        """Return the address of this list, with further arguments."""
        page = {"page": self.page} if self.page > 1 else {}
        return _address(self.choice, **(page | more))


def page_number(page: str) -> int:
    """Return the page of a list, from 1, that an address names."""
    return max(1, int(page)) if page.isascii() and page.isdigit() else 1


def opened_row(row: str, undecided: Iterable[int], first: int | None) -> int | None:
    """Return the row that an address names; else the first undecided one, or the first."""
    if row:
        if not (row.isascii() and row.isdigit()):
            raise WeakLabelError(f"'{row}' in the address is not a row number; rows are numbered from 0")
        return int(row)
    return next(iter(undecided), first)


class Listing(Paging):
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

    def __init__(self, desk: Desk[Review], choice: RowQuery, reviewer: str, page: str, row: str) -> None:
        self.choice = choice
        self._desk = desk
        per_page = LARGEST_SAMPLE if choice.sample else PER_PAGE
        self.n: int = len(desk.review)
        self.page: int = page_number(page)
        matches = desk.review.query(choice.filter(reviewer), choice.ordered, (self.page - 1) * per_page, per_page)
        self.total: int = matches.total
        self.pages: int = math.ceil(matches.total / per_page)
        self.items: list[ListItem] = self._items([int(row) for row in matches.rows], reviewer)
        undecided = (item.row for item in self.items if item.mine is None)
        self.row: int | None = opened_row(row, undecided, self.items[0].row if self.items else None)
        self.progress: str = progress_words(desk.review, reviewer)

    @property
    def facets(self) -> list[Facet]:
        """The filters of the form; without labeling functions there are none on votes."""
        desk, choice = self._desk, self.choice
        labels = [(label, label) for label in desk.labels]
        decided = Facet("decided", "Decided", choice.decided, list(DECIDED.items()))
        order = Facet("order", "Order", choice.order or "row", list(ORDERS.items()))
        if not desk.has_labels:
            kept = [(value, words) for value, words in order.options if value in ("row", "teaching", "random")]
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

    def _items(self, rows: list[int], reviewer: str) -> list[ListItem]:
        review, mine = self._desk.review, my_labels(self._desk.review, reviewer, rows)
        items = []
        for row in rows:
            conf = float(np.max(review.probs[row])) if self._desk.has_labels else math.nan
            label = self._desk.name(int(review.preds[row])) if self._desk.has_labels else None
            text = snippet(review.texts[row])
            items.append(ListItem(row, text, label, None if math.isnan(conf) else conf, mine.get(row)))
        return items


def _address(choice: RowQuery, **more: object) -> str:
    query = choice.query(**more)
    return url_for("rows.index") + (f"?{query}" if query else "")
