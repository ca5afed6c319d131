"""From bytes to text, strictly: what is not in its encoding is refused with a hint, never changed."""

from __future__ import annotations

import codecs
import re

from weaklabel.config import TableSettings
from weaklabel.corpus.open import decoded, detect_encoding
from weaklabel.errors import CorpusError
from weaklabel.support.encodings import not_text

_META_CHARSET = re.compile(rb"""<meta[^>]{0,300}?charset\s*=\s*["']?\s*([A-Za-z0-9_.:-]{2,40})""", re.IGNORECASE)
_CORPUS_KEY = re.compile(rf"\bcorpus\.({'|'.join(TableSettings.model_fields)})\b")
_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
_META_BYTES = 4096
_AS_WINDOWS = {"iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932"}
"""How browsers read what pages call by these names: the WHATWG Encoding Standard."""


class Unreadable(Exception):
    """A document cannot be read.

    Attributes
    ----------
    rule
        One of `weaklabel.collect.source.RULES`.
    reason
        What is wrong with it and what to do, to be read behind its name.
    """

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(reason)
        self.rule = rule
        self.reason = reason


def decode(data: bytes, asked: str | None = None, declared: str | None = None) -> str:
    """Return text without byte order mark.

    Parameters
    ----------
    data
        All bytes of it.
    asked
        The encoding that the user asks for; it comes before all others but that of a byte order mark.
    declared
        The encoding that the document itself or its server names.

    Raises
    ------
    Unreadable
        It is not text, or not in this encoding.

    Examples
    --------
    >>> decode("schön".encode("latin-1"), declared="iso-8859-1")
    'schön'
    """
    what = not_text(data[:4096])
    if what is not None:
        raise Unreadable("binary", what)
    try:
        encoding = detect_encoding(data[:1024], None if data.startswith(_MARKS) else asked or _known(declared), "it")
        if encoding.codec == "utf-8" and b"\0" in data[:4096]:
            raise Unreadable("binary", "holds zero bytes, so it is not text: leave it out, or convert it")
        return "".join(decoded([data], encoding, "it"))
    except CorpusError as error:
        raise Unreadable("encoding", of_collecting(str(error)).removeprefix("it: ").removeprefix("it ")) from None


def of_collecting(message: str) -> str:
    """Return a message with the keys of the section ``[collect]`` in the place of those of ``[corpus]``."""
    return _CORPUS_KEY.sub(r"collect.\1", message)


def html_charset(data: bytes) -> str | None:
    """Return the encoding that a page names in its head, as browsers read it; None if it names none that is known.

    Examples
    --------
    >>> html_charset(b"<html><head><meta charset='ISO-8859-1'>")
    'cp1252'
    """
    named = _META_CHARSET.search(data[:_META_BYTES])
    return _known(named[1].decode("ascii")) if named else None


def _known(name: str | None) -> str | None:
    try:
        codec = codecs.lookup(name or "")
        "".encode(codec.name)
    except (LookupError, ValueError):
        return None
    if codec.name.startswith("utf-16"):
        return None  # what could be read to find the name is not UTF-16
    return _AS_WINDOWS.get(codec.name, codec.name)
