"""The journal of a folder: what was done there with which inputs and settings, and what it wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import TypeAdapter

from weaklabel.support.files import write_json
from weaklabel.support.hashing import hash_path, sha256_of_json

JOURNAL = "steps.json"
"""Name of the file that holds a `Journal`."""

FORMAT = "weaklabel steps 1"

Basis: TypeAlias = dict[str, Any]
"""All that decides the result of a step, as JSON has it."""


@dataclass(frozen=True)
class OutputFile:
    """A file that a step wrote: its size, time of writing, and hash."""

    size: int
    changed: int
    content: str

    @classmethod
    def of(cls, path: Path) -> OutputFile:
        """Look at a file."""
        status = path.stat()
        return cls(status.st_size, status.st_mtime_ns, hash_path(path))

    def problem(self, path: Path) -> str | None:
        """Return what is wrong with the file, or None."""
        try:
            status = path.stat()
            is_same = status.st_size == self.size and (
                status.st_mtime_ns == self.changed or hash_path(path) == self.content
            )
        except OSError:
            return "is missing"
        return None if is_same else "was changed"


@dataclass(frozen=True)
class Record:
    """What the journal keeps of a step.

    Attributes
    ----------
    identity, basis
        What it was done with.
    read
        Digest of the outputs of each step before it, when it was done.
    is_done
        False from its beginning to its end.
    seconds
        How long it took; of one that was resumed, the last piece.
    warnings
        What was warned of meanwhile.
    outputs
        Files that it wrote, by path relative to the folder.
    """

    identity: str
    basis: Basis
    read: Mapping[str, str]
    is_done: bool = False
    seconds: float = 0.0
    warnings: Sequence[str] = ()
    outputs: Mapping[str, OutputFile] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes of all outputs."""
        return sum(output.size for output in self.outputs.values())

    @property
    def result(self) -> str:
        """Digest of the content of all outputs."""
        return sha256_of_json({name: output.content for name, output in self.outputs.items()})


class Journal:
    """The records of the steps in a folder.

    Parameters
    ----------
    folder
        Where they were done.

    Attributes
    ----------
    records
        By name of the step.
    unreadable
        Why there is a journal, but no records of it: "is damaged", for example; None where it was read or there is none.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.records: dict[str, Record] = {}
        self.unreadable: str | None = None
        try:
            plain = json.loads((folder / JOURNAL).read_text(encoding="utf-8"))
            if plain["format"] != FORMAT:
                self.unreadable = "is of another version of weaklabel"
                return
            records = TypeAdapter(dict[str, Record])
            self.records = records.validate_json(json.dumps(plain["steps"]), strict=True)
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self.unreadable = "is damaged"

    def write(self, name: str, record: Record) -> None:
        """Keep the record of a step."""
        self.records[name] = record
        self.save()

    def save(self) -> None:
        """Write the journal, atomically."""
        records = {name: asdict(record) for name, record in self.records.items()}
        write_json(self.folder / JOURNAL, {"format": FORMAT, "steps": records})

    def problem(self, name: str) -> str | None:
        """Return what is wrong with the outputs of a step, or None."""
        for output, recorded in self.records[name].outputs.items():
            problem = recorded.problem(self.folder / output)
            if problem:
                return f"{output} {problem}"
        return None
