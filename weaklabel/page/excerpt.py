"""Cutting a text for a page: short, on one line, with the places that matter kept in view and marked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

LONGEST = 400
"""Characters of a text that are shown."""

_AROUND = 50
_MARKED = 120
_LINE_END = "↵ "


class MarkedSpan(NamedTuple):
    """A part of a text, in code points, and the class that it is evidence for."""

    begin: int
    end: int
    label: int


class Piece(NamedTuple):
    """A part of what is shown; ``label`` is the class that it is marked for, None where it is not marked."""

    text: str
    label: int | None = None


def excerpt(text: str, marks: Iterable[MarkedSpan] = (), longest: int = LONGEST) -> list[Piece]:
    """Cut a text to about ``longest`` characters around its marks; "…" stands for what is left out.

    Where marks overlap, the one that begins first keeps its place and the others keep what is left of theirs.

    Examples
    --------
    >>> excerpt("You won a prize", [MarkedSpan(10, 15, 1)])
    [Piece(text='You won a ', label=None), Piece(text='prize', label=1)]
    """
    apart = _apart(marks, len(text))
    pieces, at = list[Piece](), 0
    for begin, end in windows(len(text), apart, longest):
        if begin > at:
            pieces.append(Piece(" … " if at else "… "))
        inside = [mark for mark in apart if mark.begin < end and mark.end > begin]
        pieces += _pieces(text, begin, end, inside)
        at = end
    if at < len(text):
        pieces.append(Piece(" …"))
    return [Piece(on_one_line(piece.text), piece.label) for piece in pieces if piece.text]


def _apart(marks: Iterable[MarkedSpan], length: int) -> list[MarkedSpan]:
    """Return marks in order that do not overlap and are inside the text."""
    kept, at = list[MarkedSpan](), 0
    for mark in sorted(marks):
        begin, end = max(at, mark.begin), min(length, mark.end)
        if begin < end and kept and (kept[-1].end, kept[-1].label) == (begin, mark.label):
            kept[-1], at = kept[-1]._replace(end=end), end
        elif begin < end:
            kept.append(MarkedSpan(begin, end, mark.label))
            at = end
    return kept


def windows(length: int, marks: Sequence[MarkedSpan], longest: int) -> list[tuple[int, int]]:
    """Return what to show: all, the beginning, or the surroundings of the first marks, as many as there is room for."""
    if length <= longest:
        return [(0, length)]
    if not marks:
        return [(0, longest)]
    windows = list[tuple[int, int]]()
    for mark in marks:
        begin, end = max(0, mark.begin - _AROUND), min(length, min(mark.end, mark.begin + _MARKED) + _AROUND)
        if windows and begin <= windows[-1][1]:
            windows[-1] = windows[-1][0], max(end, windows[-1][1])
        else:
            windows.append((begin, end))
        if _width(windows) >= longest:
            break
    return _widened(windows, length, longest)


def _widened(windows: list[tuple[int, int]], length: int, longest: int) -> list[tuple[int, int]]:
    """Use what room is left for the text behind the last window, and then for that before the first."""
    begin, end = windows[-1]
    windows[-1] = begin, min(length, end + max(0, longest - _width(windows)))
    begin, end = windows[0]
    windows[0] = max(0, begin - max(0, longest - _width(windows))), end
    return windows


def _width(windows: Sequence[tuple[int, int]]) -> int:
    return sum(end - begin for begin, end in windows)


def _pieces(text: str, begin: int, end: int, marks: Sequence[MarkedSpan]) -> list[Piece]:
    pieces, at = list[Piece](), begin
    for mark in marks:
        first, last = max(at, mark.begin), min(end, mark.end)
        pieces += [Piece(text[at:first]), Piece(text[first:last], mark.label)]
        at = last
    return [*pieces, Piece(text[at:end])]


def on_one_line(text: str) -> str:
    """Return a text with "↵" for its line ends and spaces for its tabs."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", _LINE_END).replace("\t", " ")
