"""A folder of text files as a corpus: one row a file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from weaklabel.corpus.chunk import Chunk, Source
from weaklabel.corpus.open import CHUNK, byte_chunks, decoded, detect_encoding, fingerprint, sha256
from weaklabel.errors import CorpusError

SUFFIXES = (".txt", ".txt.gz", ".txt.zst")


class FolderSource(Source):
    """The .txt files (also .gz, .zst) in a folder and the folders inside it.

    Column ``file`` is the path inside the folder, with ``/``; column ``text`` the whole text; sorted by ``file``.

    Raises
    ------
    CorpusError
        There is no such file, or a name is no Unicode text.
    """

    format = "folder"

    def __init__(self, path: Path, name: str, encoding: str | None) -> None:
        self.path: Path = path
        self.name = name
        self.asked = encoding
        self.schema = {"file": pl.String(), "text": pl.String()}
        files = self._files()
        if not files:
            raise CorpusError(f"{name}: the folder holds no .txt file")
        for file in files:
            try:
                file.encode()
            except UnicodeEncodeError:
                raise CorpusError(f"{name}: the file name {file!r} is not Unicode: rename it") from None

    def chunks(self) -> Iterator[Chunk]:
        """Read from the start; see `Source`."""
        rows: list[tuple[str, str]] = []
        size = 0
        for file in self._files():
            text = self._read(file)
            rows.append((file, text))
            size += len(text)
            if size >= CHUNK:
                yield self._chunk(rows)
                rows, size = [], 0
        if rows:
            yield self._chunk(rows)

    def fingerprint(self) -> tuple[tuple[str, tuple[int, int]], ...]:
        """Return name, size and time of every file."""
        return tuple((file, fingerprint(self.path / file)) for file in self._files())

    def sha256(self) -> str:
        """Return the SHA-256 of all names and the SHA-256 of each file, in hex."""
        lines = (f"{sha256(self.path / file)}  {file}\n" for file in self._files())
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def _files(self) -> list[str]:
        return sorted(
            file.relative_to(self.path).as_posix()
            for file in self.path.rglob("*")
            if file.name.endswith(SUFFIXES) and file.is_file()
        )

    def _read(self, file: str) -> str:
        path = self.path / file
        name = f"{self.name}/{file}"
        data = b"".join(byte_chunks(path, name))
        return "".join(decoded([data], detect_encoding(data[:4], self.asked, name), name))

    def _chunk(self, rows: list[tuple[str, str]]) -> Chunk:
        return Chunk(pl.DataFrame(rows, schema=self.schema, orient="row"))
