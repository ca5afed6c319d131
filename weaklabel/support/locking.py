"""Locks between processes; the operating system releases them when their holder ends in any way."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

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
