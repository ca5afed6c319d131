"""Archives: what is in them, one member after the other, within limits of size and depth."""

from __future__ import annotations

import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from weaklabel.collect.blobs import (
    ARCHIVE,
    MAX_DOCUMENT,
    MBOX,
    PACKED,
    TABLE,
    Blob,
    Budget,
    kind_by_name,
    kind_of,
    spooled,
    too_large,
)
from weaklabel.collect.decoding import Unreadable
from weaklabel.collect.source import Rejected
from weaklabel.collect.times import utc
from weaklabel.corpus.open import CHUNK, TooLargeError, byte_chunks, packing_of
from weaklabel.errors import CorpusError

MAX_DEPTH = 3
"""Archives inside of one another."""

MANY_DOCUMENTS = (TABLE, MBOX, ARCHIVE, PACKED)
"""Kinds that may be larger than one document may be."""

_HEAD = 4096
_ZIP_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    OSError,
    ValueError,
    KeyError,
)


def members(blob: Blob, start: int = 0, stop: int | None = None) -> Iterator[Blob | Rejected]:
    """Give the members of an archive, each readable until the next one is asked for.

    Parameters
    ----------
    blob
        A zip or tar archive.
    start, stop
        Of a zip archive: numbers of the first member, and of the one behind the last.

    Raises
    ------
    Unreadable
        The archive is broken, unpacks to too much, or is inside of too many others.
    """
    if blob.depth >= MAX_DEPTH:
        raise Unreadable("archive", f"is inside of {MAX_DEPTH} archives, which is too deep: unpack it yourself")
    budget = blob.budget or Budget(blob.size)
    with blob.as_file() as path:
        if blob.source.lower().endswith(".zip") or _head(path).startswith(b"PK"):
            yield from _zip_members(blob, path, budget, start, stop)
        else:
            yield from _tar_members(blob, path, budget)


def unpacked(blob: Blob) -> Iterator[Blob]:
    """Give what a gzip or zstd file holds, readable until the next one is asked for.

    Raises
    ------
    Unreadable
        It is broken, unpacks to too much, or is inside of too many archives.
    """
    if blob.depth >= MAX_DEPTH:
        raise Unreadable("archive", f"is inside of {MAX_DEPTH} archives, which is too deep: unpack it yourself")
    name = blob.source[: -len(packing_of(blob.source) or "")] if packing_of(blob.source) else blob.source
    budget = blob.budget or Budget(blob.size)
    with blob.as_file() as path, spooled(_plain_chunks(path), budget) as (data, file):
        head = data if data is not None else _head(file)
        kind = kind_of(name, head[:_HEAD])
        yield replace(blob, kind=kind, data=data, path=file, depth=blob.depth + 1, budget=budget)


def zip_members_of(path: Path) -> list[int]:
    """Return how many bytes each member of a zip archive takes in it; none if it is not a zip archive that can be read."""
    try:
        with zipfile.ZipFile(path) as archive:
            return [info.compress_size for info in archive.infolist()]
    except _ZIP_FAULTS:
        return []


def _zip_members(blob: Blob, path: Path, budget: Budget, start: int, stop: int | None) -> Iterator[Blob | Rejected]:
    try:
        archive = zipfile.ZipFile(path)
    except _ZIP_FAULTS as error:
        raise Unreadable("archive", f"is a broken zip archive ({error}): get it whole") from None
    with archive:
        infos = archive.infolist()
        declared = sum(info.file_size for info in infos)
        if declared > budget.limit:
            budget.take(declared)
        for info in infos[start:stop]:
            if info.is_dir():
                continue
            name = info.filename
            if _is_link(info):
                yield Rejected(
                    f"{blob.source}/{name}", "", "link", "is a link inside of an archive, which is not followed"
                )
                continue
            if info.flag_bits & 1:
                yield Rejected(
                    f"{blob.source}/{name}", "", "password", "is encrypted: unpack the archive with its password first"
                )
                continue
            try:
                chunks = _zip_chunks(archive, info)
                yield from _member(blob, name, info.file_size, _zip_time(info), chunks, budget)
            except _ZIP_FAULTS as error:
                yield Rejected(
                    f"{blob.source}/{name}", "", "archive", f"is broken in the archive ({error}): get it whole"
                )


def _zip_chunks(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(info) as stream:
        yield from iter(lambda: stream.read(CHUNK), b"")


def _is_link(info: zipfile.ZipInfo) -> bool:
    return info.create_system == 3 and (info.external_attr >> 16) & 0o170000 == 0o120000


def _zip_time(info: zipfile.ZipInfo) -> str | None:
    try:
        return utc(datetime(*info.date_time, tzinfo=UTC))
    except ValueError:
        return None


def _tar_members(blob: Blob, path: Path, budget: Budget) -> Iterator[Blob | Rejected]:
    stream = _Chunks(_plain_chunks(path))
    try:
        with tarfile.open(fileobj=cast(BinaryIO, stream), mode="r|") as archive:
            for info in archive:
                if info.isdir():
                    continue
                where = f"{blob.source}/{info.name}"
                if info.issym() or info.islnk():
                    yield Rejected(where, "", "link", "is a link inside of an archive, which is not followed")
                elif not info.isfile():
                    yield Rejected(where, "", "unreadable", "is a device or a pipe, not a file")
                else:
                    content = archive.extractfile(info)
                    assert content is not None
                    chunks = iter(partial(content.read, CHUNK), b"")
                    yield from _member(blob, info.name, info.size, utc(info.mtime), chunks, budget)
        if stream.tail.strip(b"\0"):
            raise Unreadable(
                "cut", "ends without the mark at the end of a tar archive, so that files may be missing: get it whole"
            )
    except (tarfile.TarError, EOFError, zlib.error, ValueError, OSError) as error:
        raise Unreadable("archive", f"is a broken or truncated tar archive ({error}): get it whole") from None


class _Chunks:
    """A stream of bytes that come in chunks; ``tail`` is the last block that was read."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._held = b""
        self.tail = b""

    def read(self, size: int) -> bytes:
        while len(self._held) < size:
            chunk = next(self._chunks, b"")
            if not chunk:
                break
            self._held += chunk
        data, self._held = self._held[:size], self._held[size:]
        self.tail = data[-tarfile.BLOCKSIZE :] or self.tail
        return data


def _member(
    blob: Blob, name: str, size: int, time: str | None, chunks: Iterable[bytes], budget: Budget
) -> Iterator[Blob | Rejected]:
    """Give one member, unless its name or its size is refused."""
    where = f"{blob.source}/{name}"
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if ".." in parts or name.startswith(("/", "\\")) or name[1:2] == ":" or "\0" in name:
        yield Rejected(
            where, "", "name", "has a name that leads out of its archive: unpack it yourself if you trust it"
        )
        return
    if any(part.startswith(".") or part == "__MACOSX" for part in parts):
        yield Rejected(where, "", "hidden", "is a hidden file")
        return
    kind = kind_by_name(name)
    if kind not in MANY_DOCUMENTS and size > MAX_DOCUMENT:
        fault = too_large(size)
        yield Rejected(where, "", fault.rule, fault.reason)
        return
    with ExitStack() as stack:
        data, path = stack.enter_context(spooled(chunks, budget))
        head = data if data is not None else _head(path)
        file = str(blob.columns.get("file", ""))
        columns = {"folder": "/".join([file, *parts[:-1]]), "file": f"{file}/{name}"}
        yield Blob(where, kind or kind_of(name, head[:_HEAD]), data, path, time, columns, None, blob.depth + 1, budget)


def _plain_chunks(path: Path) -> Iterator[bytes]:
    """Give the bytes of a file, unpacked if it is packed."""
    try:
        yield from byte_chunks(path, "it")
    except TooLargeError as error:
        raise Unreadable("size", str(error).removeprefix("it: ")) from None
    except CorpusError as error:
        raise Unreadable("archive", str(error).removeprefix("it: ")) from None


def _head(path: Path | None) -> bytes:
    assert path is not None
    with path.open("rb") as handle:
        return handle.read(_HEAD)
