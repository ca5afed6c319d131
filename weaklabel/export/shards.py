"""Exports in several files: for each part of the split, files that are begun when the one before is full."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

from weaklabel.errors import ExportError
from weaklabel.export.corpus import LabeledCorpus, LabeledPart
from weaklabel.export.rows import blocks, by_split
from weaklabel.support.progress import stage

BLOCK_ROWS, BLOCK_CHARACTERS = 10_000, 1 << 26
"""What is written at once; after each block it is checked whether the file is full."""

_SPLIT = re.compile(r"\w+(\.\w+)*")


def check_max_mb(max_mb: float) -> None:
    """Refuse, before any work, a size that files cannot have."""
    if not max_mb > 0:
        raise ExportError(f"max_mb must be more than 0, not {max_mb}")


class ShardFile(ABC):
    """An open file of an export."""

    @abstractmethod
    def write(self, part: LabeledPart) -> int:
        """Write rows, and return about how many bytes of data they are."""

    @abstractmethod
    def close(self) -> None:
        """Complete the file."""


class Shards:
    """Files ``SPLIT-00000-of-00002SUFFIX`` in a folder, with the rows of each part of the split in order.

    Parameters
    ----------
    folder
        Where to; it exists.
    suffix
        Of the names, with its dot.
    open
        Begins a file.
    max_mb
        Megabytes of data from which on a file is full.

    Attributes
    ----------
    files : dict
        The files by part of the split, when they are complete.
    """

    def __init__(self, folder: Path, suffix: str, open: Callable[[Path], ShardFile], max_mb: float) -> None:
        self.folder = folder
        self.suffix = suffix
        self.files: dict[str, list[Path]] = {}
        self._open = open
        self._max_bytes = max_mb * 1_000_000
        self._current: dict[str, ShardFile] = {}
        self._sizes: dict[str, int] = {}

    def write_all(self, corpus: LabeledCorpus, what: str) -> int:
        """Write all rows of a corpus, give the files their names, and return how many rows there are.

        Raises
        ------
        ExportError
            Files cannot be named after a part of the split.
        """
        for split in corpus.splits:
            if not _SPLIT.fullmatch(split):
                raise ExportError(
                    f"the split {split!r} cannot be the name of a file: name it with letters, digits and _, such as train"
                )
        rows = 0
        try:
            with stage(what, unit="rows") as progress:
                for part in corpus.parts():
                    for split, of_split in by_split(part):
                        for block in blocks(of_split, BLOCK_ROWS, BLOCK_CHARACTERS):
                            self._write(split, block)
                    rows += len(part)
                    progress.advance(len(part))
        finally:
            for file in self._current.values():
                file.close()
        for split, files in self.files.items():
            self.files[split] = [
                file.rename(self.folder / f"{split}-{number:05d}-of-{len(files):05d}{self.suffix}")
                for number, file in enumerate(files)
            ]
        return rows

    def _write(self, split: str, part: LabeledPart) -> None:
        if split not in self._current:
            files = self.files.setdefault(split, [])
            files.append(self.folder / f"{split}-{len(files):05d}{self.suffix}")
            self._current[split] = self._open(files[-1])
            self._sizes[split] = 0
        self._sizes[split] += self._current[split].write(part)
        if self._sizes[split] >= self._max_bytes:
            self._current.pop(split).close()
