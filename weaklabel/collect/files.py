"""Files, folders and patterns of file names as a source of documents."""

from __future__ import annotations

import glob
import mmap
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from weaklabel.collect.archive import zip_members_of
from weaklabel.collect.blobs import ARCHIVE, MBOX, TABLE, Blob, kind_by_content, kind_by_name
from weaklabel.collect.decoding import Unreadable
from weaklabel.collect.mail import separators
from weaklabel.collect.reading import read_blob, read_mbox, read_members, rejected
from weaklabel.collect.source import Document, DocumentSource, Item, Rejected
from weaklabel.collect.tables import open_table, read_table
from weaklabel.collect.times import utc
from weaklabel.config import CollectSettings
from weaklabel.corpus.open import format_by_name, packing_of
from weaklabel.corpus.parts import Part
from weaklabel.errors import CorpusError, visible

PIECE = 16 << 20
"""Bytes from which on a file of many documents is read in pieces of about this size."""

_HEAD = 4096


@dataclass(frozen=True)
class FileSource(DocumentSource):
    """Files, with everything in them: texts, pages, mailboxes, tables, and archives of these.

    Of a folder, all files are read in the order of their names, those in its folders included. Hidden files and links that
    lead out of the folder are rejected, and links that stay in it are left out, since what they lead to is read anyway.

    Parameters
    ----------
    spec
        A file, a folder, or a pattern such as ``mail/**/*.eml``.
    collecting
        How documents are read.
    """

    spec: str
    collecting: CollectSettings

    @classmethod
    def open(cls, spec: str, settings: CollectSettings) -> Self:
        """Make the source; see `DocumentSource`."""
        source = cls(spec, settings)
        if not os.path.lexists(spec) and not source._matches():
            what = "matches no file" if glob.has_magic(spec) else "does not exist"
            raise CorpusError(f"{spec} {what}: give a file, a folder, or a pattern such as 'mail/**/*.eml'")
        return source

    @property
    def name(self) -> str:  # type: ignore[override]
        """The specification as it was given."""
        return visible(self.spec)

    def files(self) -> Iterable[Path]:
        """Return files and folders that are read."""
        return [Path(self.spec)] if os.path.lexists(self.spec) else self._matches()

    def items(self, folder: Path) -> Iterator[Item | Rejected]:
        """Give the files, and the pieces of large ones."""
        if Path(self.spec).is_dir():
            yield from self._walk(Path(self.spec), Path(self.spec), Path(self.spec).resolve())
        elif os.path.lexists(self.spec):
            yield from self._file(Path(self.spec), Path(self.spec).name)
        else:
            base, _ = self._pattern()
            for path in self._matches():
                if path.is_symlink():
                    yield from self._link(path, base.resolve())
                elif not path.is_dir():
                    yield from self._file(path, path.relative_to(base).as_posix())

    def read(self, item: Item, folder: Path) -> Iterator[Document | Rejected]:
        """Read a file, or a piece of one."""
        blob = self._blob(item)
        pieces = item.where.get("piece")
        try:
            if pieces is None:
                yield from read_blob(blob, self.collecting)
            elif item.kind == MBOX:
                yield from read_mbox(blob, self.collecting, *pieces)
            elif item.kind == ARCHIVE:
                yield from read_members(blob, self.collecting, *pieces)
            else:
                yield from read_table(blob, self.collecting, [Part.from_dict(part) for part in pieces])
        except Unreadable as unreadable:
            yield rejected(blob, unreadable)
        except OSError as error:
            yield Rejected(blob.source, "", "unreadable", f"cannot be read: {error.strerror or error}")

    def _matches(self) -> list[Path]:
        """Return the files and folders that the pattern matches, without hidden ones, in the order of their names."""
        base, pattern = self._pattern()
        if not pattern:
            return []
        # Unlike those of the module glob, these patterns follow no links to folders, which may lead in circles.
        matches = (match for match in base.glob(pattern) if not _is_hidden(match.relative_to(base)))
        return sorted(matches, key=os.fspath)

    def _pattern(self) -> tuple[Path, str]:
        """Return the folder of a pattern, which is all before its first part with a wildcard, and the rest."""
        parts = Path(self.spec).parts
        n_fixed = next((number for number, part in enumerate(parts) if glob.has_magic(part)), len(parts))
        return Path(*parts[:n_fixed]), "/".join(parts[n_fixed:])

    def _walk(self, folder: Path, base: Path, root: Path) -> Iterator[Item | Rejected]:
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            yield Rejected(_shown(folder), "", "unreadable", f"cannot be opened: {error.strerror or error}")
            return
        for entry in entries:
            path = folder / entry.name
            if entry.name.startswith("."):
                what = "folder" if entry.is_dir(follow_symlinks=False) else "file"
                yield Rejected(_shown(path), "", "hidden", f"is a hidden {what}: give it by name to read it")
            elif entry.is_symlink():
                yield from self._link(path, root)
            elif entry.is_dir(follow_symlinks=False):
                yield from self._walk(path, base, root)
            else:
                yield from self._file(path, path.relative_to(base).as_posix())

    def _link(self, path: Path, root: Path) -> Iterator[Rejected]:
        try:
            target = path.resolve(strict=True)
        except (OSError, RuntimeError):
            yield Rejected(_shown(path), "", "link", "is a link to nothing, or in a circle")
            return
        if not target.is_relative_to(root):
            yield Rejected(
                _shown(path), "", "link", f"is a link out of the folder, to {_shown(target)}: give that by name"
            )

    def _file(self, path: Path, relative: str) -> Iterator[Item | Rejected]:
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                yield Rejected(_shown(path), "", "unreadable", "is a pipe, a socket or a device, not a file")
                return
            kind = kind_by_name(path.name)
            if kind is None:
                with path.open("rb") as handle:
                    kind = kind_by_content(handle.read(_HEAD))
        except OSError as error:
            yield Rejected(_shown(path), "", "unreadable", f"cannot be opened: {error.strerror or error}")
            return
        where = {"path": os.fspath(path.absolute()), "file": _shown(relative), "source": _shown(path)}
        item = Item(
            id=where["path"],
            identity=f"{status.st_size} {status.st_mtime_ns}",
            kind=kind,
            size=status.st_size,
            where=where,
            same=os.path.realpath(path),
        )
        yield from self._pieces(item, path)

    def _pieces(self, item: Item, path: Path) -> Iterator[Item]:
        """Give a large file of many documents in pieces, and any other as it is."""
        cut = {MBOX: self._mbox_pieces, ARCHIVE: self._zip_pieces, TABLE: self._table_pieces}.get(item.kind)
        if cut is None or item.size <= PIECE or packing_of(path.name):
            yield item
            return
        for number, (size, piece) in enumerate(cut(path)):
            where = item.where | {"piece": piece}
            name = f"{item.id}#{number}"
            yield Item(name, item.identity, item.kind, size, where, f"{item.same}#{number}")

    def _mbox_pieces(self, path: Path) -> Iterator[tuple[int, Any]]:
        first = number = begin = 0
        with path.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as data:
            for number, (start, _) in enumerate(separators(data, 0, len(data))):
                if start - begin >= PIECE:
                    yield start - begin, [first, begin, start]
                    first, begin = number, start
            yield len(data) - begin, [first, begin, len(data)]

    def _zip_pieces(self, path: Path) -> Iterator[tuple[int, Any]]:
        sizes = zip_members_of(path)
        begin = size = 0
        for number, of_member in enumerate(sizes, 1):
            size += of_member
            if size >= PIECE or number == len(sizes):
                yield size, [begin, number]
                begin, size = number, 0
        if not sizes:
            yield path.stat().st_size, None

    def _table_pieces(self, path: Path) -> Iterator[tuple[int, Any]]:
        whole = path.stat().st_size
        if format_by_name(path.name) == "json":
            yield whole, None  # an array is not read from its middle
            return
        try:
            parts = [part.part for part in open_table(path, path.name, self.collecting).parts()]
        except (Unreadable, CorpusError):
            yield whole, None  # reading it says what is wrong
            return
        rows = max(1, sum(part.n_rows for part in parts))
        for part in parts:
            yield whole * part.n_rows // rows, [part.to_dict()]

    def _blob(self, item: Item) -> Blob:
        path = Path(item.where["path"])
        file = item.where["file"]
        columns = {"folder": file.rpartition("/")[0], "file": file}
        try:
            time = utc(path.stat().st_mtime)
        except OSError:
            time = None
        return Blob(item.where["source"], item.kind, None, path, time, columns)


def _shown(path: Path | str) -> str:
    """Return a path as Unicode text, with escapes where it is none."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)
