"""One text with its spans, as the page shows it; the script of the page draws the marks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from weaklabel.review import SpanReview
from weaklabel.review.spans.views import SpanRowView
from weaklabel.review.web.desk import Desk
from weaklabel.review.web.detail import cell_shown, others_words
from weaklabel.review.web.spans.listing import spans_words
from weaklabel.review.web.texts import SHOWN, readable
from weaklabel.units import find_words


@dataclass(frozen=True)
class OtherDecision:
    """What another reviewer said of a text: the spans, each with its text."""

    name: str
    spans: list[tuple[str, str]]


class SpanDetail:
    """What the pane shows of a row.

    Parameters
    ----------
    desk
        What is reviewed.
    row
        Number of the row.
    reviewer
        The reviewer; decisions of others are shown only after their own, to avoid influence.
    """

    def __init__(self, desk: Desk[SpanReview], row: int, reviewer: str) -> None:
        self._desk = desk
        self._seen = seen = desk.review.row(row)
        self.row = row
        self.columns: list[tuple[str, str]] = [(name, cell_shown(value)) for name, value in seen.columns.items()]
        self.silent: tuple[str, ...] = seen.silent
        self.mine = seen.decisions.get(reviewer)
        self._others = [made for name, made in sorted(seen.decisions.items()) if name != reviewer]

    @property
    def decided(self) -> str:
        """The decision of this reviewer; "" before it."""
        return "" if self.mine is None else f"you completed it: {spans_words(len(self.mine.spans or ()))}"

    @property
    def others(self) -> list[OtherDecision]:
        """What other reviewers decided, once this one has."""
        text = self._seen.text
        return [
            OtherDecision(made.reviewer, [(text[begin:end], label) for begin, end, label in made.spans or ()])
            for made in (self._others if self.mine is not None else ())
        ]

    @property
    def others_wait(self) -> str:
        """Says that others have decided, without saying what."""
        return "" if self.mine is not None else others_words(len(self._others))

    @property
    def state(self) -> dict[str, Any]:
        """What the script needs: a part of the text in words, and all spans and votes of the row."""
        seen, labels = self._seen, self._desk.labels
        bounds = part_bounds(seen)
        mine = None if self.mine is None else [list(span) for span in self.mine.spans or ()]
        proposed = [[span.begin, span.end, span.label, span.prob] for span in seen.spans]
        begins = (
            [span.begin for span in seen.spans] if self.mine is None else [begin for begin, *_ in self.mine.spans or ()]
        )
        first = min(begins, default=0)
        return {
            "row": self.row,
            "key": self._desk.review.hashes[self.row],
            "labels": labels,
            "colors": [self._desk.color(label) for label in labels],
            "bounds": bounds,
            "part": part_of(seen, max(0, bisect_right(bounds, first, hi=len(bounds) - 1) - 1)),
            "proposed": proposed,
            "mine": mine,
            "votes": [[vote.lf, vote.begin, vote.end, vote.label, vote.reason] for vote in seen.votes],
            "texts": _texts_of(seen, mine or []),
            "nested": self._desk.review.is_nested,
        }


def part_bounds(seen: SpanRowView) -> list[int]:
    """Return where the parts of a text begin, each of about `SHOWN` characters, and where the last one ends."""
    bounds = [0]
    for edge in _edges(seen):
        if edge - bounds[-1] >= SHOWN:
            bounds.append(edge)
    if bounds[-1] < len(seen.text) or len(bounds) == 1:
        bounds.append(len(seen.text))
    return bounds


def part_of(seen: SpanRowView, number: int) -> dict[str, Any]:
    """Return a part of a text: its number, its begin, and its tokens: where each ends, as shown, and whether it is a word."""
    bounds = part_bounds(seen)
    number = min(max(0, number), len(bounds) - 2)
    begin, end = bounds[number], bounds[number + 1]
    edges = sorted({begin, end, *(edge for edge in _edges(seen) if begin <= edge <= end)})
    tokens = [
        [last, readable(seen.text[first:last]), not seen.text[first:last].isspace()] for first, last in pairwise(edges)
    ]
    return {"number": number, "begin": begin, "tokens": tokens}


def _edges(seen: SpanRowView) -> list[int]:
    """Return where words, and spans that cut words, begin and end."""
    words = find_words([seen.text])
    decided = [span[:2] for made in seen.decisions.values() for span in made.spans or ()]
    spans: Iterable[tuple[int, int]] = (
        *((span.begin, span.end) for span in seen.spans),
        *((vote.begin, vote.end) for vote in seen.votes),
        *decided,
    )
    places = {*words.begins.tolist(), *words.ends.tolist(), *(place for span in spans for place in span)}
    return sorted(place for place in places if place <= len(seen.text))


def _texts_of(seen: SpanRowView, mine: list[list[Any]]) -> dict[str, str]:
    """Return the text of each span and vote, by its places, which may be outside of the part that is shown."""
    places = {
        *((span.begin, span.end) for span in seen.spans),
        *((vote.begin, vote.end) for vote in seen.votes),
        *((begin, end) for begin, end, _ in mine),
    }
    return {f"{begin}-{end}": readable(" ".join(seen.text[begin:end][:200].split())) for begin, end in places}
