"""Writing files: in one step, never over an input, never in place of a device; and locks between processes."""

from __future__ import annotations

import errno
import glob
import io
import json
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from uuid import uuid4

from weaklabel.errors import WeakLabelError

if TYPE_CHECKING:
    import polars as pl

StrPath = str | os.PathLike[str]

STDOUT = "-"
"""What a command line calls standard output."""

MAX_LINKS = 40
"""Most symbolic links in a path, as on Linux."""

_DESCRIPTORS = re.compile(r"/dev/fd|/proc/\d+(?:/task/\d+)?/fd")
"""Real paths of folders whose entries are the open files of a process."""

_PARTIAL = re.compile(r"\..+\.[0-9a-f]{12}\.part")
"""Names of the temporary files of `atomic_path`."""


@contextmanager
def atomic_path(path: StrPath) -> Iterator[Path]:
    """Give a temporary path; on success it replaces ``path`` in one step, else it is removed.

    A symbolic link is followed: its target is replaced, and the link stays. A pipe or a character device gets the bytes.
    The permissions of a file that is replaced are kept.

    Raises
    ------
    WeakLabelError
        The place cannot be written to (no such folder, read-only, disk full), or is a folder, a socket or a block device.
    """
    _check_kind(path)
    to_stream = is_stream(path)
    final = Path(path) if to_stream else link_target(path)
    # The name is unique even among processes on different machines.
    folder = Path(tempfile.gettempdir()) if to_stream else final.parent
    part = folder / f".{final.name}.{uuid4().hex[:12]}.part"
    try:
        yield part
        if to_stream:
            with part.open("rb") as handle, open_stream(path) as stream:
                shutil.copyfileobj(handle, stream, 1 << 20)
        else:
            with part.open("rb") as handle:
                os.fsync(handle.fileno())
            with suppress(FileNotFoundError):
                shutil.copymode(final, part)
            part.replace(final)
    except OSError as error:
        raise WeakLabelError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            part.unlink()


def remove_partial_files(folder: Path, name: str | None = None) -> None:
    """Remove the unfinished files and folders that a killed process left in a folder, and in those below it.

    They have names as `atomic_path` gives them.

    Nothing else may be writing there.

    Parameters
    ----------
    folder
        Where to look; it need not exist.
    name
        Only what was to become a file of this name, and not in the folders below.
    """
    leftovers = list(folder.rglob(".*.part") if name is None else folder.glob(f".{glob.escape(name)}.*.part"))
    # Not those of a file such as NAME.gz, which another process may be writing.
    partial = _PARTIAL if name is None else re.compile(rf"\.{re.escape(name)}\.[0-9a-f]{{12}}\.part")
    for path in leftovers:
        if not partial.fullmatch(path.name):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def move_file(source: Path, path: StrPath) -> None:
    """Move a finished file to ``path`` in one step, through a symbolic link and from another file system, too."""
    try:
        _check_kind(path)
        source.replace(link_target(path))
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with atomic_path(path) as part:
            shutil.copyfile(source, part)
        source.unlink()


def link_target(path: StrPath) -> Path:
    """Return the file that a symbolic link leads to, whether or not that exists; other paths as absolute paths."""
    place = Path(path)
    return Path(os.path.realpath(place)) if place.is_symlink() else place.absolute()


def is_stream(path: StrPath) -> bool:
    """Return whether bytes are written directly: ``-``, a pipe, a character device, or an open file (/dev/fd/1)."""
    if os.fspath(path) == STDOUT or _descriptor(path) is not None:
        return True
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)


def is_stdout(path: StrPath) -> bool:
    """Return whether what is written there goes to standard output."""
    return os.fspath(path) == STDOUT or _descriptor(path) == 1


def open_stream(path: StrPath) -> BinaryIO:
    """Open a path that `is_stream` to write bytes into it."""
    descriptor = _descriptor(path)
    if descriptor is None:
        return Path(path).open("wb")
    if descriptor == 1 and sys.stdout is not None:
        sys.stdout.flush()
    # A second opening of the same file would begin at its start, and overwrite what others write to the descriptor.
    return os.fdopen(os.dup(descriptor), "wb")


def _descriptor(path: StrPath) -> int | None:
    """Return the number of the open file of this process that a path stands for, such as 1 for /dev/stdout."""
    place = Path(path).absolute()
    for _ in range(MAX_LINKS):
        folder = os.path.realpath(place.parent)
        if place.name.isdecimal() and _DESCRIPTORS.fullmatch(folder):
            mine = folder == "/dev/fd" or folder.split("/")[2] == str(os.getpid())
            return int(place.name) if mine else None
        if not place.is_symlink():
            return None
        place = place.parent / place.readlink()
    return None


def check_file_path(path: StrPath) -> None:
    """Check before any work that a file can be written there.

    Raises
    ------
    WeakLabelError
        It is a folder, a socket, a block device or a loop of links, or its folder does not exist.
    """
    _check_kind(path)
    folder = (link_target(path) if Path(path).is_symlink() else Path(path)).parent
    if not is_stream(path) and not folder.is_dir():
        raise WeakLabelError(
            f"cannot write {path}: the folder {folder} does not exist; create it, or choose another path"
        )


def _check_kind(path: StrPath) -> None:
    try:
        mode = Path(path).stat().st_mode
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise WeakLabelError(f"cannot write {path}: it is a loop of symbolic links; choose another path") from None
        return  # it does not exist yet, or its folder is wrong, which shows when it is opened
    if stat.S_ISREG(mode) or is_stream(path):
        return
    kind = "a folder" if stat.S_ISDIR(mode) else "not a regular file, a pipe or a character device"
    raise WeakLabelError(f"cannot write {path}: it is {kind}; choose another path")


def check_outputs(outputs: Iterable[StrPath | None], inputs: Mapping[str, Iterable[StrPath]]) -> None:
    """Refuse, before any work, an output that is an input, or that is two outputs at once.

    Files are compared by device and inode, not by name: symbolic and hard links, relative paths and letter case make no
    difference.

    Parameters
    ----------
    outputs
        Files and folders that will be written; ``-`` is standard output, which may be redirected to a file; None is
        left out.
    inputs
        What is read, by a description ("the corpus itself"): files, and folders with everything in them.

    Raises
    ------
    WeakLabelError
        Names the output and the input.
    """
    given = [output for output in outputs if output is not None]
    identities = {output: _identity(output) for output in given}
    for what, paths in inputs.items():
        for path in paths:
            for part in _with_content(path):
                read = _identity(part)
                for output in given:
                    if read is not None and identities[output] == read:
                        of = what if part == path else f"part of {what}, {path}"
                        raise WeakLabelError(f"{_shown(output)} is {of}: write to another {_kind(output)}")
    seen: dict[object, StrPath] = {}
    for output in given:
        key = None if is_stream(output) else identities[output] or os.path.realpath(output)
        if key is not None and key in seen:
            raise WeakLabelError(f"{output} and {seen[key]} are the same file: give each output its own file")
        seen[key] = output


def _identity(path: StrPath) -> tuple[int, int] | None:
    """Return device and inode of a file or folder; None if there is none, or it is a pipe or a device."""
    try:
        status = os.fstat(1) if os.fspath(path) == STDOUT else Path(path).stat()
    except (OSError, ValueError):
        return None
    is_plain = stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)
    return (status.st_dev, status.st_ino) if is_plain else None


def _with_content(path: StrPath) -> Iterator[StrPath]:
    """Give a path and, if it is a folder, everything in it."""
    yield path
    if Path(path).is_dir():
        yield from Path(path).rglob("*")


def _kind(path: StrPath) -> str:
    return "folder" if Path(path).is_dir() else "file"


def _shown(path: StrPath) -> str:
    return "standard output" if os.fspath(path) == STDOUT else os.fspath(path)


def write_text(path: StrPath, text: str) -> None:
    """Write ``text`` as UTF-8, atomically."""
    with atomic_path(path) as part:
        part.write_text(text, encoding="utf-8", newline="")


def write_json(path: StrPath, value: Any) -> None:
    """Write ``value`` as indented JSON, atomically; NaN is refused, since JSON has none."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def write_parquet(path: Path, frame: pl.DataFrame) -> None:
    """Write a data frame; a full disk is an `OSError`, as it is for other files (polars has an error of its own)."""
    held = io.BytesIO()
    frame.write_parquet(held, compression="zstd")
    path.write_bytes(held.getbuffer())


_LAST_BYTE = 2**62
"""The byte that Windows locks: far behind the content, which other processes can still read."""


def lock_file(file: int, *, shared: bool = False, wait: bool = True) -> bool:
    """Lock an open file until it is closed.

    Parameters
    ----------
    file
        File descriptor.
    shared
        Whether other shared locks may be held at the same time; Windows has exclusive ones only.
    wait
        Wait for the lock, however long that takes.

    Returns
    -------
    bool
        Whether the lock was taken; always true if ``wait``.
    """
    try:
        import fcntl
    except ImportError:
        return _lock_on_windows(file, wait)
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True


def _lock_on_windows(file: int, wait: bool) -> bool:
    import msvcrt

    place = os.lseek(file, 0, os.SEEK_CUR)
    os.lseek(file, _LAST_BYTE, os.SEEK_SET)
    try:
        while True:
            try:
                msvcrt.locking(file, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
                return True
            except OSError:  # LK_LOCK gives up after ten seconds
                if not wait:
                    return False
    finally:
        os.lseek(file, place, os.SEEK_SET)


@contextmanager
def locked(path: str | os.PathLike[str]) -> Iterator[None]:
    """Hold a lock, waiting for it; ``path`` is a file made for the purpose, which stays.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder, locked(Path(folder) / "lock"):
    ...     with (Path(folder) / "lock").open() as again:
    ...         lock_file(again.fileno(), wait=False)
    False
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644)
    try:
        lock_file(file)
        yield
    finally:
        os.close(file)
