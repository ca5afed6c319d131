"""Passages of a text, such as paragraphs and sentences, with their places in it in code points."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal, TypeAlias

from weaklabel.errors import CorpusError

PassageUnit: TypeAlias = Literal["document", "paragraph", "sentence"] | int
"""Into what a text is split: not at all, paragraphs, sentences, or windows of at most so many characters."""

_BLANK_LINES = re.compile(r"(?:\r\n|[\n\r\x85\u2028])[^\S\n\r]*(?:\r\n|[\n\r\x85\u2028])\s*|[\u2029\f]\s*")
_CLOSING = "\"'”’»)\\]}」』）】》"
_SENTENCE_END = re.compile(
    rf"(?P<spaced>(?<![.!?…])[.!?…]+[{_CLOSING}]*)(?=\s)|(?:[。！？｡．]|[!?](?=[\u3040-\u30ff\u4e00-\u9fff]))+[{_CLOSING}]*"
)
_TITLES = "mr mrs ms dr prof st rev hon gen col capt lt sgt gov sen rep fig figs e.g i.e z.b d.h vgl nr cf vs"
_OTHERS = (
    "sr jr pres etc approx dept est no nos vol pp ed eds al inc ltd co corp bros ca u.s u.k u.n a.m p.m ph.d jan feb mar apr "
    "jun jul aug sep sept oct nov dec bzw usw ggf str abs art bd evtl sog inkl m p.ex n.b sra dña dott sig ecc"
)
_NEVER_LAST = frozenset(_TITLES.split())
"""Words whose full stop never ends a sentence."""

_ABBREVIATIONS = frozenset(_OTHERS.split())
"""Words whose full stop ends a sentence only if what follows begins with a capital."""

_WORD_BEFORE = re.compile(r"[^\s(\[{\"'“‘«]+$")
_MIN_WINDOW_SHARE = 0.5
"""Share of a window that is used at least, where it is cut at the end of a paragraph, a sentence or a word."""


def find_passages(text: str, unit: PassageUnit) -> list[tuple[int, int]]:
    """Return where the passages of a text begin and end.

    Every character but white space at the edges of passages is in exactly one of them, and they are in order.

    Parameters
    ----------
    text
        The text.
    unit
        ``document``: all of the text, as it is; ``paragraph``: what blank lines separate; ``sentence``: by rules for scripts
        with and without spaces between words, never over the end of a paragraph; a number: windows of at most so many
        characters, cut at the end of a paragraph, a sentence or a word where there is one in the second half of the window.

    Raises
    ------
    CorpusError
        The number is less than 1.

    Examples
    --------
    >>> text = "Dr. Wu left. He was late!\\n\\nNobody cared."
    >>> [text[begin:end] for begin, end in find_passages(text, "sentence")]
    ['Dr. Wu left.', 'He was late!', 'Nobody cared.']
    >>> find_passages(text, "paragraph"), find_passages(text, 14)
    ([(0, 25), (27, 40)], [(0, 12), (13, 25), (27, 40)])
    """
    if unit == "document":
        return [(0, len(text))]
    if unit == "paragraph":
        return _paragraphs(text)
    if unit == "sentence":
        return [sentence for begin, end in _paragraphs(text) for sentence in _sentences(text, begin, end)]
    if unit < 1:
        raise CorpusError(f"a window of {unit} characters is too short: use 1 or more")
    return _windows(text, unit)


def _paragraphs(text: str) -> list[tuple[int, int]]:
    edges = [0]
    for gap in _BLANK_LINES.finditer(text):
        edges += [gap.start(), gap.end()]
    edges.append(len(text))
    return _stripped(text, list(zip(edges[::2], edges[1::2], strict=True)))


def _sentences(text: str, begin: int, end: int) -> list[tuple[int, int]]:
    pieces, start = [], begin
    for mark in _SENTENCE_END.finditer(text, begin, end):
        if mark.end() < end and (mark["spaced"] is None or _ends_sentence(text, start, mark, end)):
            pieces.append((start, mark.end()))
            start = mark.end()
    return _stripped(text, [*pieces, (start, end)])


def _ends_sentence(text: str, start: int, mark: re.Match[str], end: int) -> bool:
    """Return whether a sentence ends with this mark, behind which there is white space."""
    place = mark.end()
    while place < end and text[place].isspace():
        place += 1
    following = text[place : place + 2].lstrip("\"'“‘«([{¿¡")[:1]
    if following.islower():
        return False
    if not mark["spaced"].startswith(".") or mark["spaced"].startswith(".."):
        return True
    word = _WORD_BEFORE.search(text, max(start, mark.start() - 40), mark.start())
    before = word[0].lower() if word else ""
    if before in _NEVER_LAST or (len(before) == 1 and before.isalpha() and before != "i"):
        return False
    return before not in _ABBREVIATIONS or following.isupper()


def _windows(text: str, size: int) -> list[tuple[int, int]]:
    windows, begin = [], 0
    while begin < len(text):
        if text[begin].isspace():
            begin += 1
            continue
        end = len(text) if begin + size >= len(text) else _cut(text, begin, begin + size)
        windows.append((begin, end))
        begin = end
    return _stripped(text, windows)


def _cut(text: str, begin: int, limit: int) -> int:
    """Return where a window ends that begins at ``begin`` and goes on to ``limit`` at most, before the end of the text."""
    least = begin + max(1, int((limit - begin) * _MIN_WINDOW_SHARE))
    gaps = [gap.start() for gap in _BLANK_LINES.finditer(text, least, limit + 1) if gap.start() <= limit]
    if gaps:
        return gaps[-1]
    sentence_ends = [
        mark.end()
        for mark in _SENTENCE_END.finditer(text, least, limit + 1)
        if mark.end() <= limit and (mark["spaced"] is None or _ends_sentence(text, begin, mark, len(text)))
    ]
    if sentence_ends:
        return sentence_ends[-1]
    for place in range(limit, least - 1, -1):
        if text[place].isspace():
            return place
    for place in range(limit, begin, -1):
        if not _continues(text[place]) and not _joins(text[place - 1]):
            return place
    return limit


def _continues(character: str) -> bool:
    """Return whether a character modifies the one before it, such as an accent."""
    return (
        unicodedata.category(character) in ("Mn", "Mc", "Me")
        or _joins(character)
        or "\U0001f3fb" <= character <= "\U0001f3ff"
    )


def _joins(character: str) -> bool:
    return character == "\u200d"


def _stripped(text: str, pieces: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the pieces without white space at their edges, and without those that are nothing else."""
    passages = []
    for begin, end in pieces:
        piece = text[begin:end]
        begin += len(piece) - len(piece.lstrip())
        end = begin + len(piece.strip())
        if begin < end:
            passages.append((begin, end))
    return passages
