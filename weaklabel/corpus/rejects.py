"""Rows that could not be read: kept with their line number and raw text, so that nothing is lost."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from weaklabel.support.files import atomic_path, is_stream


@dataclass(frozen=True)
class Reject:
    """A record that was left out.

    Attributes
    ----------
    line
        Number of its first physical line in the file, from 1; in a folder, of the file in the order of names.
    reason
        Why it was left out.
    raw
        Its text as it is in the file, without the line end; in a folder, the file's name.
    """

    line: int
    reason: str
    raw: str


def rejects_path(out: str | os.PathLike[str]) -> Path:
    """Return where the rejects of a corpus written to ``out`` belong.

    Examples
    --------
    >>> rejects_path("labelled.csv").name
    'labelled.csv.rejects.jsonl'
    """
    return Path(f"{os.fspath(out)}.rejects.jsonl")


def write_rejects(path: str | os.PathLike[str], rejects: Iterable[Reject]) -> int:
    """Write one JSON object a reject (``line``, ``reason``, ``raw``), atomically, and return how many there are.

    Where there are none, no file is written, and one left by an earlier run is removed: the file is there exactly
    when something was rejected.

    Raises
    ------
    WeakLabelError
        The place cannot be written to.
    """
    count = 0
    with atomic_path(path) as part, part.open("w", encoding="utf-8", newline="") as handle:
        for reject in rejects:
            handle.write(json.dumps(asdict(reject), ensure_ascii=False) + "\n")
            count += 1
    if not count and not is_stream(path):
        Path(path).unlink()
    return count
