"""A folder of text files as a corpus: one row a file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from weaklabel.corpus.open import (
    CHUNK,
    byte_chunks,
    check_regular,
    check_text,
    decoded,
    detect_encoding,
    fingerprint,
    is_latin_1,
    sha256,
    warn_of_c1_controls,
)
from weaklabel.corpus.parts import START, Chunk, Mark, Source
from weaklabel.corpus.records import Reject
from weaklabel.errors import CorpusError
from weaklabel.support.hashing import sha256_of_text
from weaklabel.support.warn import warn

SUFFIXES = (".txt", ".txt.gz", ".txt.zst")


class FolderSource(Source):
    """The .txt files (also .gz, .zst) in a folder and the folders inside it, links to folders excepted.

    Column ``file`` is the path inside the folder, with ``/``; column ``folder`` the folder in it where the file is, ""
    for the folder itself; column ``text`` the whole text; sorted by ``file``. A file that cannot be read as text is a
    reject: its number in this order, why, and its name.

    Raises
    ------
    CorpusError
        No file has such a name, one is not a regular file, a name is not Unicode text, or a folder cannot be read.
    """

    format = "folder"

    def __init__(self, path: Path, name: str, encoding: str | None) -> None:
        self.path: Path = path
        self.name = name
        self.asked = encoding
        self.schema: dict[str, pl.DataType] = {"file": pl.String(), "folder": pl.String(), "text": pl.String()}
        self._warned = False
        files = self._files()
        if not files:
            raise CorpusError(f"{name}: the folder holds no .txt file")
        for file in files:
            try:
                file.encode()
            except UnicodeEncodeError:
                raise CorpusError(f"{name}: the file name {file!r} is not Unicode: rename it") from None
            check_regular(path / file, f"{name}/{file}")
        self._warn_of_links()

    def files(self) -> list[Path]:
        """Return the text files."""
        return [self.path / file for file in self._files()]

    def chunks(self, start: Mark = START, stop: Mark | None = None) -> Iterator[Chunk]:
        """Read from ``start`` to ``stop``; see `Source`."""
        rows: list[tuple[str, str, str]] = []
        rejects: list[tuple[int, Reject]] = []
        size = n_good = 0
        place = start.place
        for file in self._files()[start.place : stop.place if stop else None]:
            place += 1
            try:
                text = self._read(file)
            except CorpusError as error:
                rejects.append((len(rows), Reject(place, str(error), file)))
                continue
            rows.append((file, file.rpartition("/")[0], text))
            size += len(text)
            if size >= CHUNK:
                yield self._chunk(rows, place, rejects)
                n_good += len(rows)
                rows, rejects, size = [], [], 0
        if rejects and start == START and stop is None and not n_good + len(rows):
            raise CorpusError(f"{self.name}: none of its .txt files can be read; the first: {rejects[0][1].reason}")
        if rows or rejects:
            yield self._chunk(rows, place, rejects)

    def fingerprint(self) -> tuple[tuple[str, tuple[int, int]], ...]:
        """Return name, size and time of every file."""
        return tuple((file, fingerprint(self.path / file)) for file in self._files())

    def sha256(self) -> str:
        """Return the SHA-256 of all names and the SHA-256 of each file, in hex."""
        lines = (f"{sha256(self.path / file)}  {file}\n" for file in self._files())
        return sha256_of_text("".join(lines))

    def _files(self) -> list[str]:
        # Path.rglob would leave out what it may not look into, without a word.
        return sorted(
            (Path(folder) / file).relative_to(self.path).as_posix()
            for folder, _, files in os.walk(self.path, onerror=_refuse)
            for file in files
            if file.lower().endswith(SUFFIXES)
        )

    def _warn_of_links(self) -> None:
        for folder, below, _ in os.walk(self.path, onerror=_refuse):
            for link in (Path(folder) / name for name in below):
                if link.is_symlink():
                    warn(
                        f"{self.name}/{link.relative_to(self.path).as_posix()} is a link to a folder and is not "
                        "followed: give that folder as a corpus of its own",
                        stacklevel=4,
                    )

    def _read(self, file: str) -> str:
        path = self.path / file
        name = f"{self.name}/{file}"
        data = b"".join(byte_chunks(path, name))
        check_text(data[:4096], name)
        encoding = detect_encoding(data[:4], self.asked, name)
        text = "".join(decoded([data], encoding, name))
        if not self._warned and is_latin_1(encoding):
            self._warned = warn_of_c1_controls(text, name)
        return text

    def _chunk(self, rows: list[tuple[str, str, str]], place: int, rejects: list[tuple[int, Reject]]) -> Chunk:
        return Chunk(pl.DataFrame(rows, schema=self.schema, orient="row"), Mark(place), rejects=rejects)


def _refuse(error: OSError) -> None:
    raise CorpusError(f"cannot read {error.filename}: {error.strerror or error}") from None
