"""Texts as patterns read them: ASCII digits and signs, nothing invisible, and a way back to the places in the text itself.

Digits and letters of other widths, kinds of hyphens and of spaces become those of ASCII; zero-width characters are left
out. What has been masked already, and what was found in an earlier pass, is one NUL, which no pattern matches: so a text
has the same finds left whether they are masked in it or only known.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass

HIDDEN = "\x00"
"""Stands for what has been found."""

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]+"
)

_ESCAPE = re.compile(r"%40|&#(?:64|x40);|\\u00[2-7][0-9a-fA-F]|\\[nrt/]")
"""How addresses of web pages and HTML write an at sign, and how JSON writes signs and white space."""


def _unescaped(escape: str) -> str:
    if escape[0] in "%&":
        return "@"
    return chr(int(escape[2:], 16)) if escape[1] == "u" else {"/": "/"}.get(escape[1], " ")


_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\ufe58\ufe63\uff0d"


class _Ascii(dict[int, int]):
    """From code points to those of ASCII that mean the same; filled as characters are met."""

    def __missing__(self, code: int) -> int:
        self[code] = ascii_code = self._find(code)
        return ascii_code

    @staticmethod
    def _find(code: int) -> int:
        char = chr(code)
        if code < 128:
            return code
        if char in _DASHES:
            return ord("-")
        kind = unicodedata.category(char)
        if kind == "Zs":
            return ord(" ")
        if kind == "Nd":
            return ord("0") + unicodedata.decimal(char)
        if kind[0] in "LPS":
            plain = unicodedata.normalize("NFKC", char)
            if len(plain) == 1 and plain.isascii() and plain.isprintable() and plain != " ":
                return ord(plain)
        return code


_ASCII = _Ascii()


@dataclass(frozen=True)
class Canonical:
    """A text as patterns read it.

    Attributes
    ----------
    text : str
        What patterns read.
    places : list of int or None
        Where each of its characters begins in the text itself, and at the end where that ends; None if nothing was
        left out.
    ends : list of int or None
        Where each of its characters ends in the text itself.
    """

    text: str
    places: list[int] | None = None
    ends: list[int] | None = None

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the text itself that a span of ``text`` (not an empty one) stands for."""
        if self.places is None or self.ends is None:
            return start, end
        return self.places[start], self.ends[end - 1]

    def without(self, spans: Iterable[tuple[int, int]], by: str | Callable[[str], str] = HIDDEN) -> Canonical:
        """Return the text with each of the spans, sorted and apart from each other, replaced by at most one character."""
        pieces, places, ends, at = list[str](), list[int](), list[int](), 0
        old_places = range(len(self.text)) if self.places is None else self.places
        old_ends = range(1, len(self.text) + 1) if self.ends is None else self.ends
        for start, end in spans:
            instead = by if isinstance(by, str) else by(self.text[start:end])
            pieces += [self.text[at:start], instead]
            places += old_places[at:start]
            ends += old_ends[at:start]
            if instead:
                places.append(old_places[start])
                ends.append(old_ends[end - 1])
            at = end
        if not pieces:
            return self
        pieces.append(self.text[at:])
        places += old_places[at:]
        ends += old_ends[at:]
        return Canonical("".join(pieces), places, ends)


def canonical(text: str, placeholder: re.Pattern[str]) -> Canonical:
    """Return a text as patterns read it.

    Parameters
    ----------
    text
        Any text.
    placeholder
        Matches what stands for something that has been masked.

    Examples
    --------
    >>> canonical("call ０４０\\u200b-12 [PHONE]", re.compile(r"\\[PHONE\\]")).text
    'call 040-12 \\x00'
    """
    if text.isascii():
        plain = Canonical(text)
    else:
        plain = Canonical(text.translate(_ASCII)).without((m.span() for m in _INVISIBLE.finditer(text)), "")
    if "\\" in plain.text or "%40" in plain.text or "&#" in plain.text:
        plain = plain.without((m.span() for m in _ESCAPE.finditer(plain.text)), _unescaped)
    if "[" not in plain.text:
        return plain
    return plain.without(m.span() for m in placeholder.finditer(plain.text))
