"""From the bytes of a file to its documents, whatever it is: a text, a page, a mailbox, a table, an archive of these."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import Any

from weaklabel.collect.archive import members, unpacked
from weaklabel.collect.blobs import ARCHIVE, BINARY, EMAIL, MAX_DOCUMENT, MBOX, PACKED, TABLE, TEXT, Blob, too_large
from weaklabel.collect.decoding import Unreadable, decode
from weaklabel.collect.guard import extract
from weaklabel.collect.mail import message_places, unescaped
from weaklabel.collect.source import Document, Rejected
from weaklabel.collect.tables import read_table
from weaklabel.config import CollectSettings
from weaklabel.support.encodings import not_text
from weaklabel.support.hashing import sha256_of_bytes


def read_blob(blob: Blob, settings: CollectSettings) -> Iterator[Document | Rejected]:
    """Read the documents in a blob; what cannot be read is rejected, with its reason.

    Raises
    ------
    MissingPackageError
        The package that reads this kind is not installed.
    """
    is_empty = True
    try:
        for document in _documents(blob, settings):
            is_empty = False
            yield document
        if is_empty:
            yield Rejected(blob.source, "", "empty", "no document in it")
    except Unreadable as unreadable:
        yield rejected(blob, unreadable)


def _documents(blob: Blob, settings: CollectSettings) -> Iterator[Document | Rejected]:
    if blob.kind == ARCHIVE:
        yield from read_members(blob, settings)
    elif blob.kind == PACKED:
        for content in unpacked(blob):
            yield from read_blob(content, settings)
    elif blob.kind == MBOX:
        yield from read_mbox(blob, settings)
    elif blob.kind == TABLE:
        yield from read_table(blob, settings)
    else:
        yield read_document(blob, blob.read(), settings)


def read_members(
    blob: Blob, settings: CollectSettings, start: int = 0, stop: int | None = None
) -> Iterator[Document | Rejected]:
    """Read the members of an archive; of a zip archive those from ``start`` to before ``stop``."""
    for member in members(blob, start, stop):
        if isinstance(member, Rejected):
            yield member
        else:
            yield from read_blob(member, settings)


def read_mbox(
    blob: Blob, settings: CollectSettings, first: int = 0, begin: int = 0, end: int | None = None
) -> Iterator[Document | Rejected]:
    """Read the messages of an mbox.

    Parameters
    ----------
    blob
        The file.
    settings
        How messages are read.
    first
        Number of the first message, from 0.
    begin, end
        Which bytes to read: from the line before a message, to before another such line or the end.

    Raises
    ------
    Unreadable
        It is not an mbox.
    """
    with blob.as_file() as path, path.open("rb") as handle:
        if not blob.size:
            raise Unreadable("empty", "no message in it")
        with mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as data:
            stop = len(data) if end is None else end
            number = first
            for number, (start, after) in enumerate(message_places(data, begin, stop), first + 1):
                place = f"message {number}"
                if after - start > MAX_DOCUMENT:
                    yield rejected(blob, too_large(after - start), place)
                    continue
                message = unescaped(data[start:after])
                try:
                    yield read_document(blob, message, settings, place, is_last=after == len(data))
                except Unreadable as unreadable:
                    yield rejected(blob, unreadable, place)
            if number == first:
                raise Unreadable("broken", "is not an mbox: no line 'From SENDER TIME' before a message")


def read_document(blob: Blob, data: bytes, settings: CollectSettings, place: str = "", **options: Any) -> Document:
    """Return the document that some bytes are.

    Parameters
    ----------
    blob
        What they belong to.
    data
        The bytes.
    settings
        How documents are read.
    place
        Where the document is in the blob.
    options
        Further options of the function that extracts text.

    Raises
    ------
    Unreadable
        It cannot be read.
    """
    sha256 = sha256_of_bytes(data)
    if blob.kind == BINARY:
        raise Unreadable("binary", not_text(data[:4096]) or "is not text, and of no kind that can be read")
    if blob.kind == TEXT:
        text = decode(data, settings.encoding, blob.charset)
        return Document(text, blob.source, place, sha256, blob.time, columns=blob.columns)
    asked = {"html_text": settings.html_text, "encoding": settings.encoding, "charset": blob.charset, **options}
    done = extract(EMAIL if blob.kind == MBOX else blob.kind, data, asked)
    columns = {**blob.columns, **done.columns}
    return Document(done.text, blob.source, place, sha256, done.time or blob.time, done.steps, columns, done.marks)


def rejected(blob: Blob, unreadable: Unreadable, place: str = "") -> Rejected:
    """Return the reject for what cannot be read."""
    return Rejected(blob.source, place, unreadable.rule, unreadable.reason)
