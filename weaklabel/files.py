"""Writing files so that a crash or a full disk never leaves half of one under its final name."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from weaklabel.errors import WeakLabelError


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path beside ``path``; on success it is synced and renamed to ``path``, else removed.

    Raises
    ------
    WeakLabelError
        The place cannot be written to (no such folder, read-only, disk full), or is no file, such as a device, which a
        rename would do away with.
    """
    final = Path(path)
    _refuse_other_than_file(final)
    # No two processes may share it, though they be on different machines.
    part = final.with_name(f".{final.name}.{uuid4().hex[:12]}.part")
    try:
        yield part
        with part.open("rb") as handle:
            os.fsync(handle.fileno())
        part.replace(final)
    except OSError as error:
        raise WeakLabelError(f"cannot write {final}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            part.unlink()


def check_file_path(path: str | os.PathLike[str]) -> None:
    """Find out before any work whether a file can be written there.

    Raises
    ------
    WeakLabelError
        It is a folder or a device, which a file would replace, or its folder does not exist.
    """
    place = Path(path)
    _refuse_other_than_file(place)
    if not place.absolute().parent.is_dir():
        raise WeakLabelError(f"cannot write {place}: there is no folder {place.parent}; make it, or name another")


def _refuse_other_than_file(path: Path) -> None:
    if path.exists() and not path.is_file():
        raise WeakLabelError(f"cannot write {path}: it is no file; name one")


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write ``text`` as UTF-8, atomically."""
    with atomic_path(path) as part:
        part.write_text(text, encoding="utf-8", newline="")


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Write ``value`` as indented JSON, atomically; NaN is refused, since JSON has none."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
