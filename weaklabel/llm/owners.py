"""Which processes still work with a ledger: each holds a lock that ends with it, however it ends."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from weaklabel.support.files import lock_file


class Owner:
    """A user of a ledger, as long as it is open; ``name`` stands beside its requests.

    Parameters
    ----------
    folder
        Where the locks of a ledger are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process = os.getpid()
        self._file: int | None = None
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        while True:
            self.name: str = uuid4().hex
            path = folder / self.name
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o600)
            lock_file(file)
            # Before it was locked, another process may have taken it for one that is dead, and removed it.
            if path.exists():
                self._file = file
                return
            os.close(file)

    def close(self) -> None:
        """End it: requests that it has under way count as lost."""
        file, self._file = self._file, None
        if file is not None and self._process == os.getpid():  # the lock of a forked child is that of its parent
            with suppress(OSError):
                (self._folder / self.name).unlink(missing_ok=True)
            os.close(file)

    def is_other_process(self) -> bool:
        """Return whether this process was forked since."""
        return self._process != os.getpid()


def is_alive(folder: Path, name: str) -> bool:
    """Return whether an owner is still there; what a dead one left is removed."""
    path = folder / name
    try:
        file = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        if not lock_file(file, wait=False):
            return True
        with suppress(OSError):
            path.unlink(missing_ok=True)
        return False
    finally:
        os.close(file)


def remove_dead(folder: Path) -> None:
    """Remove what dead owners left."""
    for path in folder.glob("*"):
        is_alive(folder, path.name)
