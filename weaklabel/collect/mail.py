"""E-mail messages, and the files of many of them that mail programs write (mbox)."""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator, Mapping
from email import errors as email_errors, policy
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from typing import Any

from weaklabel.collect.decoding import Unreadable, decode
from weaklabel.collect.extract import Extracted, decode_html, shown_text
from weaklabel.collect.times import utc

_SEPARATOR = re.compile(rb"From [^\n]{0,300}\d{1,2}:\d{2}[^\n]{0,60}\n(?=>?[!-9;-~]+:)")
"""The line before a message: its sender and time; a header must follow, so that no sentence is taken for one."""

_ESCAPED = re.compile(rb"^>(>*From )", re.MULTILINE)
_HEADERS = ("subject", "from", "to", "date")
_CUT = (
    email_errors.CloseBoundaryNotFoundDefect,
    email_errors.StartBoundaryNotFoundDefect,
    email_errors.InvalidBase64LengthDefect,
    email_errors.InvalidBase64PaddingDefect,
)


def message_places(data: bytes | mmap.mmap, begin: int = 0, stop: int | None = None) -> Iterator[tuple[int, int]]:
    """Give where each message of an mbox begins and ends, without the line before it.

    Parameters
    ----------
    data
        The file.
    begin, stop
        Which bytes of it to read: from the line before a message, to before another such line or the end.

    Examples
    --------
    >>> data = b"From a@b Thu Jan  1 00:00:00 2015\\nSubject: x\\n\\none\\n\\nFrom c Fri Jan  2 10:00 2015\\nTo: y\\n\\ntwo\\n"
    >>> [data[begin:end] for begin, end in message_places(data)]
    [b'Subject: x\\n\\none\\n', b'To: y\\n\\ntwo\\n']
    """
    first = None
    last = len(data) if stop is None else stop
    for start, end in separators(data, begin, last):
        if first is not None:
            yield first, start - (data[start - 2 : start] == b"\n\n")  # the blank line belongs to neither message
        first = end
    if first is not None:
        yield first, last - (last < len(data) and data[last - 2 : last] == b"\n\n")


def separators(data: bytes | mmap.mmap, begin: int, stop: int) -> Iterator[tuple[int, int]]:
    """Give where each line before a message begins and ends."""
    place = begin if begin == 0 or data[begin - 1 : begin] == b"\n" else -1
    while place >= 0:
        line = _SEPARATOR.match(data, place, stop)
        if line is not None:
            yield line.span()
        place = data.find(b"\nFrom ", place, stop) + 1 or -1


def unescaped(message: bytes) -> bytes:
    """Return a message of an mbox as it was sent: without what was put before lines that look like separators."""
    return _ESCAPED.sub(rb"\1", message)


def read_message(data: bytes, options: Mapping[str, Any]) -> Extracted:
    """Return the text of a message: its plain text parts, or those in HTML where there is no plain text.

    Parameters
    ----------
    data
        The message.
    options
        ``encoding`` for parts that do not name theirs; ``is_last``: whether the message may be cut off, as the last one of a
        file may.

    Raises
    ------
    Unreadable
        It is cut off, has no text, or its text is not in its encoding.
    """
    try:
        message = BytesParser(policy=policy.compat32).parsebytes(data)
        parts = [part for part in message.walk() if not part.is_multipart()]
    except (RecursionError, ValueError, LookupError, AttributeError) as error:
        raise Unreadable("broken", f"is not a readable message ({type(error).__name__})") from None
    if not message.keys():
        raise Unreadable("broken", "has no headers, so it is not a message")
    attachments, plain, pages, steps = 0, [], [], []
    for part in parts:
        kind = part.get_content_type()
        if kind.startswith("multipart/"):
            kind = "text/plain"  # it names no boundary, so it is not in parts
        if part.get_content_disposition() == "attachment" or kind not in ("text/plain", "text/html"):
            attachments += 1
        elif kind == "text/plain":
            plain.append(_decoded(part, options))
        else:
            pages.append(part)
    if options.get("is_last", True) and any(
        isinstance(defect, _CUT) for part in message.walk() for defect in part.defects
    ):
        raise Unreadable("cut", "ends in the middle of a part: get it whole")
    texts = [text for text in plain if text.strip()]
    steps = ["email: text part"] if texts else ["email: HTML part as text (resiliparse)"]
    if not texts:
        texts = [shown_text(decode_html(_payload(page), {**options, **_charset(page)})) for page in pages]
    text = "\n\n".join(texts)
    if not text.strip():
        raise Unreadable("empty", f"no text in it, but {attachments} attachment{'s' * (attachments != 1)}")
    columns = {name: _header(message, name) for name in _HEADERS} | {"attachments": attachments}
    return Extracted(text, tuple(steps), columns, time=_time(message))


def _payload(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _charset(part: Message) -> dict[str, str]:
    charset = part.get_content_charset()
    # Many programs write ASCII by habit; its superset tells whether it is.
    return {} if charset is None or charset in ("us-ascii", "ascii") else {"charset": charset}


def _decoded(part: Message, options: Mapping[str, Any]) -> str:
    charset = _charset(part).get("charset")
    # What the part says of itself comes first: the messages of one mailbox have many encodings.
    text = decode(_payload(part), None if charset else options["encoding"], charset)
    return text.replace("\r\n", "\n")


def _header(message: Message, name: str) -> str | None:
    raw = message.get(name)
    if raw is None:
        return None
    try:
        pieces = decode_header(raw)
    except Exception:  # the library raises many kinds for broken headers
        pieces = [(str(raw), None)]
    text = "".join(_piece(piece, charset) for piece, charset in pieces)
    return " ".join(text.encode("utf-8", "replace").decode("utf-8").split())


def _piece(piece: bytes | str, charset: str | None) -> str:
    if isinstance(piece, str):
        return piece
    if charset in (None, "unknown-8bit"):
        charset = "utf-8"
    try:
        return piece.decode(charset or "utf-8", "replace")
    except LookupError:
        return piece.decode("utf-8", "replace")


def _time(message: Message) -> str | None:
    raw = message.get("date")
    if raw is None:
        return None
    try:
        return utc(parsedate_to_datetime(str(raw)))
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
