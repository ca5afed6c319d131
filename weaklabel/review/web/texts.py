"""Texts on a page: matches are marked, long texts are cut, and invisible characters are shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from weaklabel.errors import visible

SHOWN = 4_000
"""Characters of a text that a page shows at first; a megabyte of them takes a browser seconds to lay out."""

SNIPPET = 180
AROUND = 60


@dataclass(frozen=True)
class Segment:
    """A part of a text, marked or not."""

    text: str
    marked: bool


def readable(text: str) -> str:
    r"""Return a text as `visible` has it, but with its line breaks and tabs.

    Examples
    --------
    >>> readable("two\nlines\x00")
    'two\nlines\\x00'
    """
    lines = text.replace("\r\n", "\n")
    return lines.translate({ord(char): visible(char) for char in set(lines) - {"\n", "\t"}})


def segments(text: str, spans: Iterable[tuple[int, int]], shown: int | None = None) -> list[Segment]:
    """Cut a text into marked and unmarked parts.

    Parameters
    ----------
    text
        Any text.
    spans
        Begin and end of what is marked, in code points; they may overlap.
    shown
        Characters after which the text is cut; None: all of it.

    Examples
    --------
    >>> [(part.text, part.marked) for part in segments("win a prize", [(6, 11), (0, 3)])]
    [('win', True), (' a ', False), ('prize', True)]
    """
    length = len(text) if shown is None else min(shown, len(text))
    parts: list[Segment] = []
    at = 0
    for begin, end in merged(spans):
        if begin >= length:
            break
        parts += [Segment(text[at:begin], False), Segment(text[begin : min(end, length)], True)]
        at = end
    parts.append(Segment(text[at:length], False))
    return [part for part in parts if part.text]


def merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join spans that touch or overlap.

    Examples
    --------
    >>> merged([(4, 6), (0, 3), (2, 4)])
    [(0, 6)]
    """
    joined: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined


def snippet(text: str, length: int = SNIPPET) -> str:
    """Return the beginning of a text in one line."""
    # Only so much of a megabyte is looked at.
    line = " ".join(text[: 4 * length].split())
    return f"{line[:length]} …" if len(line) > length or len(text) > 4 * length else line


def around(text: str, spans: Sequence[tuple[int, int]], length: int = SNIPPET) -> list[Segment]:
    """Return the part of a text around its first span, marked; the beginning if there is no span."""
    first = spans[0][0] if spans else 0
    begin = max(0, first - AROUND) if first > length - AROUND else 0
    part = text[begin : begin + length]
    inside = [(max(0, left - begin), right - begin) for left, right in spans if right > begin]
    marked = segments(part, inside)
    before = [Segment("… ", False)] if begin else []
    after = [Segment(" …", False)] if begin + length < len(text) else []
    return [*before, *marked, *after]
