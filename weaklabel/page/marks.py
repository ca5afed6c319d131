"""Marks of spans in texts, as displaCy draws them: nested where spans are, named in text, escaped, for pages and notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from weaklabel.errors import visible
from weaklabel.page.excerpt import LONGEST, MarkedSpan, on_one_line, windows
from weaklabel.units import Spans

TONES = 6
"""Colors of labels, which repeat after so many: a label is always named as well."""

INK = "#14171a"
"""Color of text in a notebook's marks, on any of `GROUNDS`."""

GROUNDS = ("#d6e4f7", "#f9dbd6", "#d5eed9", "#f4e6c0", "#d0edf2", "#f0d9ea")
EDGES = ("#3b6fb6", "#b63c2c", "#23762f", "#8a6206", "#0f7489", "#8f347b")
"""Grounds and edges of marks in a notebook, on light and dark themes; on the grounds, `INK` has a contrast above 12."""


class Mark(NamedTuple):
    """A span to be marked in a text.

    Attributes
    ----------
    begin, end
        Places in code points.
    label
        Name of its label.
    tone
        Number of its color, from 1; see `tone_of`.
    note
        What is shown behind the label, such as a probability.
    title
        What is shown on hover, such as who voted for it.
    """

    begin: int
    end: int
    label: str
    tone: int = 1
    note: str = ""
    title: str = ""


@dataclass(frozen=True)
class MarkedPart:
    """A part of a text as it is shown: plain text, or a mark with the parts in it.

    Attributes
    ----------
    text
        Of plain text.
    mark
        None for plain text.
    parts
        What is in the mark.
    is_first, is_last
        Whether this part of the mark begins where the span does, and ends where it does: a span that crosses another one, or
        that is cut, is shown in several parts.
    """

    text: str = ""
    mark: Mark | None = None
    parts: tuple[MarkedPart, ...] = ()
    is_first: bool = True
    is_last: bool = True

    @property
    def caption(self) -> str:
        """What names the mark: label and note, with "…" on the sides where the span goes on."""
        if self.mark is None:
            return ""
        named = f"{self.mark.label} {self.mark.note}".rstrip()
        return f"{'' if self.is_first else '… '}{named}{'' if self.is_last else ' …'}"


def tone_of(number: int | None) -> int:
    """Return the number, from 1, of a label's color; 0 for no label."""
    return 0 if number is None else number % TONES + 1


def marked_parts(text: str, marks: Iterable[Mark], begin: int = 0, end: int | None = None) -> tuple[MarkedPart, ...]:
    """Return a stretch of a text in parts, with its marks nested.

    Parameters
    ----------
    text
        The text.
    marks
        In any order; they may overlap, and what is outside of the stretch is left out.
    begin, end
        The stretch, in code points; all of the text by default.

    Examples
    --------
    >>> name, part = marked_parts("Ada of York", [Mark(0, 11, "PER"), Mark(7, 11, "LOC")])[0].parts
    >>> name.text, part.caption, part.parts[0].text
    ('Ada of ', 'LOC', 'York')
    """
    end = len(text) if end is None else min(end, len(text))
    inside = sorted((mark for mark in marks if mark.begin < end and mark.end > begin), key=_outer_first)
    root = _Open(None)
    stack = [root]
    edges = sorted({begin, end, *(min(max(place, begin), end) for mark in inside for place in mark[:2])})
    following = iter(inside)
    coming = next(following, None)
    for place, until in pairwise(edges):
        _close(stack, place)
        while coming is not None and coming.begin <= place:
            _open(stack, coming, place)
            coming = next(following, None)
        stack[-1].parts.append(MarkedPart(text[place:until]))
    while len(stack) > 1:  # what goes on behind the stretch is cut
        ended = stack.pop()
        stack[-1].parts.append(ended.closed(end))
    return tuple(_without_seams(root.parts))


@dataclass
class _Open:
    """A mark that is not closed yet."""

    mark: Mark | None
    is_first: bool = True
    parts: list[MarkedPart] = field(default_factory=list)

    def closed(self, at: int) -> MarkedPart:
        assert self.mark is not None
        parts = tuple(_without_seams(self.parts))
        return MarkedPart(mark=self.mark, parts=parts, is_first=self.is_first, is_last=self.mark.end <= at)


def _outer_first(mark: Mark) -> tuple[int, int, str]:
    return mark.begin, -mark.end, mark.label


def _open(stack: list[_Open], mark: Mark, at: int) -> None:
    """Open a mark inside of those that end later; one that ends earlier is interrupted, and goes on inside of it."""
    interrupted: list[Mark] = []
    while stack[-1].mark is not None and stack[-1].mark.end < mark.end:
        ended = stack.pop()
        assert ended.mark is not None
        if ended.parts:
            stack[-1].parts.append(ended.closed(at))
        interrupted.append(ended.mark)
    stack.append(_Open(mark, is_first=mark.begin >= at))
    for other in reversed(interrupted):
        stack.append(_Open(other, is_first=other.begin >= at))


def _close(stack: list[_Open], at: int) -> None:
    """Close the marks that end here; those inside end here or earlier."""
    while (mark := stack[-1].mark) is not None and mark.end <= at:
        ended = stack.pop()
        stack[-1].parts.append(ended.closed(at))


def _without_seams(parts: Sequence[MarkedPart]) -> list[MarkedPart]:
    """Join neighboring plain texts."""
    joined: list[MarkedPart] = []
    for part in parts:
        if part.mark is None and joined and joined[-1].mark is None:
            joined[-1] = MarkedPart(joined[-1].text + part.text)
        elif part.mark is not None or part.text:
            joined.append(part)
    return joined


def excerpt_parts(
    text: str, marks: Sequence[Mark], longest: int = LONGEST, *, around: Sequence[Mark] | None = None
) -> tuple[MarkedPart, ...]:
    """Return about ``longest`` characters of a text around its marks, on one line; "…" stands for what is left out.

    Parameters
    ----------
    text, marks
        As for `marked_parts`.
    longest
        Characters.
    around
        What is kept in view instead of the marks, so that two excerpts of a text are of the same places.

    Examples
    --------
    >>> plain_text(excerpt_parts("x" * 200 + " Ada " + "y" * 200, [Mark(201, 204, "PER")], 9)).replace("x", "")
    '…  [Ada](PER) yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy …'
    """
    places = [MarkedSpan(mark.begin, mark.end, mark.tone) for mark in sorted(marks if around is None else around)]
    parts: list[MarkedPart] = []
    at = 0
    for begin, end in windows(len(text), places, longest):
        if begin > at:
            parts.append(MarkedPart(" … " if at else "… "))
        parts += marked_parts(text, marks, begin, end)
        at = end
    if at < len(text):
        parts.append(MarkedPart(" …"))
    return tuple(_on_one_line(part) for part in _without_seams(parts))


def _on_one_line(part: MarkedPart) -> MarkedPart:
    return replace(part, text=on_one_line(part.text), parts=tuple(map(_on_one_line, part.parts)))


def marks_of(
    spans: Spans,
    row: int,
    labels: Sequence[str],
    notes: Sequence[str] | None = None,
    titles: Sequence[str] | None = None,
) -> list[Mark]:
    """Return the marks of a row's spans.

    Parameters
    ----------
    spans
        In code points. Length: n.
    row
        Number of the row.
    labels
        Names of the labels. Length: k.
    notes, titles
        Of each span; see `Mark`. Length: n.
    """
    some = range(*np.searchsorted(spans.row, [row, row + 1]).tolist())
    return [
        Mark(
            int(spans.begin[at]),
            int(spans.end[at]),
            labels[int(spans.label[at])],
            tone_of(int(spans.label[at])),
            notes[at] if notes else "",
            titles[at] if titles else "",
        )
        for at in some
    ]


def notebook_html(parts: Iterable[MarkedPart]) -> str:
    """Return parts of a text as HTML that needs no style sheet, for notebooks; everything of the text is escaped."""
    return "".join(map(_as_html, parts))


def _as_html(part: MarkedPart) -> str:
    if part.mark is None:
        return escape(_readable(part.text))
    tone = (part.mark.tone - 1) % TONES
    style = (
        f"background:{GROUNDS[tone]};color:{INK};border-bottom:2px solid {EDGES[tone]};border-radius:.3em;"
        "padding:.12em .3em;margin:0 .1em;-webkit-box-decoration-break:clone;box-decoration-break:clone"
    )
    title = f' title="{escape(visible(part.mark.title))}"' if part.mark.title else ""
    inside = notebook_html(part.parts)
    caption = escape(visible(part.caption))
    named = f'<bdi style="font-size:.75em;font-weight:700;margin-inline-start:.4em">{caption}</bdi>'
    return f'<mark style="{style}"{title}>{inside}{named}</mark>'


def plain_text(parts: Iterable[MarkedPart]) -> str:
    """Return parts of a text with each mark in brackets, its name behind it.

    Examples
    --------
    >>> plain_text(marked_parts("Ada of York", [Mark(0, 11, "PER"), Mark(7, 11, "LOC")]))
    '[Ada of [York](LOC)](PER)'
    """
    return "".join(
        visible(part.text) if part.mark is None else f"[{plain_text(part.parts)}]({visible(part.caption)})"
        for part in parts
    )


def _readable(text: str) -> str:
    """Show invisible characters as escapes, but line breaks and tabs as they are."""
    lines = text.replace("\r\n", "\n")
    return lines.translate({ord(char): visible(char) for char in set(lines) - {"\n", "\t"}})
