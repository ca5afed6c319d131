"""Documents as bytes, and of which kind they are."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from weaklabel.collect.decoding import Unreadable
from weaklabel.corpus.open import MAX_RATIO, MAX_UNPACKED, format_by_name
from weaklabel.support.encodings import not_text

TEXT, HTML, PDF, DOCX, EMAIL, MBOX, TABLE, ARCHIVE, PACKED, BINARY = (
    "text", "html", "pdf", "docx", "email", "mbox", "table", "archive", "packed", "binary",
)  # fmt: skip

_SUFFIXES = {
    TEXT: ("txt", "text", "md", "markdown", "rst", "log"),
    HTML: ("html", "htm", "xhtml"),
    PDF: ("pdf",),
    DOCX: ("docx",),
    EMAIL: ("eml",),
    MBOX: ("mbox", "mbx"),
    ARCHIVE: ("zip", "tar", "tgz"),
}
_KIND_OF = {suffix: kind for kind, suffixes in _SUFFIXES.items() for suffix in suffixes}
_PACKED = (".gz", ".zst")
_MAIL_HEAD = re.compile(
    rb"(?:Return-Path|Received|Delivered-To|Message-ID|MIME-Version|X-[\w-]+|From|Date|Subject|To|Newsgroups|Path|Xref): "
    rb"[^\n]*\n(?:[ \t][^\n]*\n|[\w-]+:[^\n]*\n)*?(?:From|Date|Message-ID): ",
    re.IGNORECASE,
)
_MBOX_HEAD = re.compile(rb"From [^\n]{0,300}\d{1,2}:\d{2}[^\n]*\n>?[\w-]+:")
_HTML_HEAD = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype html|html|head|body)\b", re.IGNORECASE)

MAX_DOCUMENT = 100_000_000
"""Bytes of the largest document."""

IN_MEMORY = 8 << 20
"""Bytes up to which a member of an archive stays in memory."""


class Budget:
    """The bytes that an archive may unpack to, with all archives inside of it."""

    unpacked: int

    def __init__(self, packed: int) -> None:
        self.packed = packed
        self.limit: int = max(MAX_UNPACKED, MAX_RATIO * packed)
        self.unpacked = 0

    def take(self, size: int) -> None:
        """Count bytes.

        Raises
        ------
        Unreadable
            There are too many.
        """
        self.unpacked += size
        if self.unpacked > self.limit:
            raise Unreadable(
                "size",
                f"{self.packed:,} bytes unpack to more than {self.limit:,}, which looks like a bomb: unpack it yourself if "
                "you trust it",
            )


@dataclass(frozen=True)
class Blob:
    """The bytes of a document, or of a file with many documents; in memory or in a file.

    Attributes
    ----------
    source
        Its name, for provenance and messages.
    kind
        One of the kinds above.
    data, path
        Where the bytes are: one of both.
    time
        When it was last changed, as in `Document.time`.
    columns
        What its container says of it.
    charset
        The encoding that its container names.
    depth
        Archives around it.
    budget
        What all that these archives hold may unpack to.
    """

    source: str
    kind: str
    data: bytes | None = None
    path: Path | None = None
    time: str | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)
    charset: str | None = None
    depth: int = 0
    budget: Budget | None = None

    @property
    def size(self) -> int:
        """Number of bytes."""
        if self.data is not None:
            return len(self.data)
        assert self.path is not None
        try:
            return self.path.stat().st_size
        except OSError as error:
            raise Unreadable("unreadable", f"cannot be read: {error.strerror or error}") from None

    def read(self) -> bytes:
        """Return all bytes of one document.

        Raises
        ------
        Unreadable
            There are too many, or they cannot be read.
        """
        if self.size > MAX_DOCUMENT:
            raise too_large(self.size)
        if self.data is not None:
            return self.data
        assert self.path is not None
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise Unreadable("unreadable", f"cannot be read: {error.strerror or error}") from None

    @contextmanager
    def as_file(self) -> Iterator[Path]:
        """Give a file with the bytes, which is removed afterwards if it was made for this."""
        if self.path is not None:
            yield self.path
            return
        assert self.data is not None
        with tempfile.NamedTemporaryFile(prefix="weaklabel-") as file:
            file.write(self.data)
            file.flush()
            yield Path(file.name)


def kind_by_name(name: str) -> str | None:
    """Return the kind that the suffix of a name stands for; None where it stands for none.

    Examples
    --------
    >>> kind_by_name("a/b.HTML"), kind_by_name("mail.tar.gz"), kind_by_name("x.csv.zst"), kind_by_name("README")
    ('html', 'archive', 'packed', None)
    """
    lower = name.lower()
    if lower.endswith((".tar.gz", ".tar.zst")):
        return ARCHIVE
    if lower.endswith(_PACKED):
        return PACKED
    suffix = lower.rpartition(".")[2]
    return _KIND_OF.get(suffix) or (TABLE if format_by_name(lower) else None)


def kind_by_content(head: bytes) -> str:
    """Return the kind of what begins with ``head`` and whose name does not tell; text unless it looks like something else."""
    for kind, pattern in ((MBOX, _MBOX_HEAD), (EMAIL, _MAIL_HEAD), (HTML, _HTML_HEAD)):
        if pattern.match(head):
            return kind
    if head.startswith(b"%PDF-"):
        return PDF
    if head.startswith(b"PK\x03\x04"):
        return DOCX if b"word/" in head else ARCHIVE
    if head.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd")):
        return PACKED
    return BINARY if not_text(head) or _is_binary(head) else TEXT


def kind_of(name: str, head: bytes) -> str:
    """Return the kind of a document by its name, else by its first bytes."""
    return kind_by_name(name) or kind_by_content(head)


def _is_binary(head: bytes) -> bool:
    # UTF-16 has zero bytes, too, but a mark or a pattern by which it is recognized when it is decoded.
    return b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")) and head.count(b"\0") < len(head) / 4


@contextmanager
def spooled(chunks: Iterable[bytes], budget: Budget) -> Iterator[tuple[bytes | None, Path | None]]:
    """Give what chunks of bytes hold, which counts in a budget: in memory if it is small, else as a temporary file."""
    held: list[bytes] = []
    size = 0
    with ExitStack() as stack:
        file = None
        for chunk in chunks:
            budget.take(len(chunk))
            size += len(chunk)
            held.append(chunk)
            if file is None and size > IN_MEMORY:
                file = stack.enter_context(tempfile.NamedTemporaryFile(prefix="weaklabel-"))
            if file is not None:
                file.write(b"".join(held))
                held = []
        if file is None:
            yield b"".join(held), None
        else:
            file.flush()
            yield None, Path(file.name)


def too_large(size: int) -> Unreadable:
    """Return the error for a document of more bytes than `MAX_DOCUMENT`."""
    return Unreadable(
        "size", f"has {size:,} bytes, more than {MAX_DOCUMENT:,} for one document: split it into smaller files"
    )
