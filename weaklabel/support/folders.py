"""Folders that are replaced as a whole: at every moment a folder has its earlier content or the new one, never a mixture.

The new content is built in a hidden folder next to the final one, under a lock. On Linux the two then change places in one
step. Elsewhere, and where the folder cannot be moved, a decision on the disk ("from here on the new content counts") is
carried out file by file, and what a kill leaves undone is done by the next command that opens the folder.

Only files that the manifest of a folder lists as written are replaced; everything else in it is kept.
"""

from __future__ import annotations

import errno
import glob
import json
import os
import shutil
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from weaklabel.errors import WeakLabelError
from weaklabel.support.files import lock_file, write_json
from weaklabel.support.warn import warn

WRITTEN = "written"
"""Key of a manifest: all files of the folder that were written with it, with ``/`` between the parts of their paths."""

MARK = ".weaklabel-unfinished"
"""File in a folder that is being built; in one whose time has come it says what is left to do."""

_NEW, _DECIDED, _LOCK = ".weaklabel-new", ".weaklabel-decided", ".weaklabel-lock"
RESERVED = (MARK, _NEW, _DECIDED, _LOCK)
"""Names that this module may use inside a folder."""

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


@dataclass(frozen=True)
class _Places:
    """Where the new content of a folder is built, its final place, and the lock of both."""

    folder: Path
    new: Path
    decided: Path
    lock: Path


@contextmanager
def replaced_folder(folder: Path, manifest: str, *, busy: str | None = None, resumable: bool = False) -> Iterator[Path]:
    """Give a folder to build the content of ``folder`` in; on success that takes its place.

    The folder is empty, and is removed after a failure, unless the build is resumable.

    Parameters
    ----------
    folder
        The final folder; it need not exist. A symbolic link is followed.
    manifest
        Name of a JSON file, an object, that the new content must hold. The key "written" is added to it.
    busy
        What to raise where another process replaces the folder; None waits for it.
    resumable
        Keep the unfinished build after a failure or a kill, and continue with one that exists.

    Raises
    ------
    WeakLabelError
        The place cannot be written to, or another process replaces the folder.
    """
    places = _places(folder)
    with _written_to(folder):
        places.new.parent.mkdir(parents=True, exist_ok=True)
    with _locked(places, busy):
        with _written_to(folder):
            _recover(places, manifest)
            if not resumable:
                _remove(places.new, manifest)
            places.new.mkdir(exist_ok=True)
            (places.new / MARK).touch()
        try:
            yield places.new
            with _written_to(folder):
                _note_written(places.new, manifest)
                _sync(places.new)
                _replace(places, manifest)
        finally:
            if (places.new / MARK).exists() and not (resumable and other_files(places.new)):
                _remove(places.new, manifest)


def unfinished_build(folder: Path) -> Path:
    """Return where the unfinished build of ``folder`` is, if there is one."""
    return _places(folder).new


def recover_folder(folder: Path, manifest: str) -> None:
    """Finish what a killed process left undone when it replaced ``folder``; does nothing where nothing is.

    Raises
    ------
    WeakLabelError
        It cannot be finished, since the place cannot be written to.
    """
    places = _places(folder)
    is_whole = places.new.is_dir() and not (places.new / MARK).exists()
    if not places.decided.is_dir() and not is_whole:
        if places.lock.exists():  # its process may have been killed after all else was done
            with suppress(WeakLabelError), _locked(places, "busy"):
                pass
        return
    # Another process that has the lock is replacing it now.
    with suppress(_Busy), _locked(places, "busy"), _written_to(folder):
        _recover(places, manifest)


def written_files(folder: Path, manifest: str) -> set[str] | None:
    """Return the files of a folder that were written with its manifest; None if there is none, or it has no list."""
    try:
        listed = json.loads((folder / manifest).read_text(encoding="utf-8"))[WRITTEN]
        return {str(name) for name in listed}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remove_written(folder: Path, manifest: str) -> None:
    """Remove from a folder what was written with its manifest, and the folder itself if nothing else is in it."""
    folder = Path(os.path.realpath(folder))
    _remove_files(folder, written_files(folder, manifest) or {manifest})
    with suppress(OSError):
        folder.rmdir()


def other_files(folder: Path) -> list[str]:
    """Return the names in a folder except for those that this module uses; none if there is no folder."""
    return sorted(path.name for path in folder.iterdir() if path.name not in RESERVED) if folder.is_dir() else []


class _Busy(WeakLabelError):
    """Another process has the lock."""


def _places(folder: Path) -> _Places:
    folder = Path(os.path.realpath(folder))
    parent = folder.parent
    # Content must be built on the same file system: inside a folder that is a mount point.
    inside = folder.is_dir() and (
        parent.stat().st_dev != folder.stat().st_dev or folder == parent or not os.access(parent, os.W_OK)
    )
    at = (lambda name: folder / name) if inside else (lambda name: parent / f".{folder.name}{name}")
    return _Places(folder, at(_NEW), at(_DECIDED), at(_LOCK))


@contextmanager
def _written_to(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WeakLabelError(f"cannot write {folder}: {error.strerror or error}") from error


@contextmanager
def _locked(places: _Places, busy: str | None) -> Iterator[None]:
    """Hold a lock of the operating system, which ends with the process."""
    with _written_to(places.folder):
        handle = _acquired(places.lock, busy)
    try:
        yield
    finally:
        with suppress(OSError):
            places.lock.unlink()
        handle.close()


def _acquired(path: Path, busy: str | None) -> IO[bytes]:
    while True:
        handle = path.open("ab")
        try:
            if not lock_file(handle.fileno(), wait=busy is None):
                raise _Busy(str(busy))
        except OSError as error:
            if error.errno in (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS):
                return handle  # this file system has no locks
            handle.close()
            raise
        except _Busy:
            handle.close()
            raise
        # Whoever had it before has removed the file, and the name may be another's lock by now.
        if path.exists() and os.path.samestat(os.fstat(handle.fileno()), path.stat()):
            return handle
        handle.close()


def _note_written(new: Path, manifest: str) -> None:
    """Add to the manifest the list of all files, itself included."""
    written = sorted(path.relative_to(new).as_posix() for path in _files(new) if path != new / MARK)
    content = json.loads((new / manifest).read_text(encoding="utf-8"))
    write_json(new / manifest, content | {WRITTEN: written})


def _sync(folder: Path) -> None:
    for path in [*_files(folder), *_folders(folder)]:
        if path.is_file() or os.name == "posix":
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _replace(places: _Places, manifest: str) -> None:
    """Let the new content, which is whole, take the place of what there is."""
    if not places.folder.exists():
        (places.new / MARK).unlink()
        places.new.rename(places.folder)
        return
    before = written_files(places.folder, manifest)
    if not _exchanged(places, before):
        stale = (before or set()) - (written_files(places.new, manifest) or set())
        todo = {"stale": sorted(stale), "before": None if before is None else sorted(before)}
        write_json(places.new / MARK, todo)
        places.new.rename(places.decided)
    _recover(places, manifest)


def _recover(places: _Places, manifest: str) -> None:
    """Bring a folder from any state in which a kill may leave it to one in which one content is whole."""
    folder, new, decided = places.folder, places.new, places.decided
    if decided.is_dir():
        if (decided / MARK).exists():
            _carry_out(decided, folder)
        shutil.rmtree(decided)
    if new.is_dir() and not (new / MARK).exists():
        # Either it was exchanged and holds what was there before, or it is whole and about to get its name.
        if folder.is_dir():
            if (new / manifest).is_file():
                _take_over(new, folder, written_files(new, manifest) or ())
            _remove(new, manifest)
        elif (new / manifest).is_file():
            new.rename(folder)
    with suppress(FileNotFoundError):
        (folder / MARK).unlink()


def _remove(new: Path, manifest: str) -> None:
    """Remove a folder, and its manifest first: what is left of it after a kill is taken for nothing whole."""
    with suppress(OSError):
        (new / manifest).unlink()
    shutil.rmtree(new, ignore_errors=True)


def _exchanged(places: _Places, before: set[str] | None) -> bool:
    """Exchange the two folders in one step, if the system can; files of others in the old one are linked into the new."""
    folder, new = places.folder, places.new
    if not sys.platform.startswith("linux") or new.parent == folder or _is_here(folder):
        return False
    linked: list[Path] = []
    try:
        _link_others(folder, new, before, linked)
        shutil.copymode(folder, new)
    except OSError:  # no hard links here, or a part of the folder is on another file system
        possible = False
    else:
        possible = _rename_exchange(new, folder)
    if not possible:
        for path in reversed(linked):
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    return possible


def _is_here(folder: Path) -> bool:
    """Whether the current folder is this one or in it: a shell in it would be left in a removed folder."""
    try:
        return Path.cwd().resolve().is_relative_to(folder)
    except OSError:
        return False


def _link_others(folder: Path, new: Path, before: set[str] | None, linked: list[Path]) -> None:
    """Link the files of others into the new folder; ``linked`` gets what was made there, in order."""

    def make(path: Path) -> None:
        if not path.is_dir():
            make(path.parent)
            path.mkdir()
            shutil.copymode(folder / path.relative_to(new), path)
            linked.append(path)

    device = folder.stat().st_dev
    for path in _others(folder, before):
        if path.lstat().st_dev != device or path.is_mount():
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        target = new / path.relative_to(folder)
        if path.is_dir() and not path.is_symlink():
            make(target)
            continue
        if os.path.lexists(target):
            if before is None:  # without a list, a file of the same name counts as written
                continue
            target = _free_name(target, folder / path.relative_to(folder).parent)
            _warn_of_kept(path, target.name)
        make(target.parent)
        os.link(path, target, follow_symlinks=False)
        linked.append(target)


def _take_over(old: Path, folder: Path, before: Collection[str]) -> None:
    """Move what was added to or changed in the old folder while the new one took its place."""
    for path in _others(old, before):
        target = folder / path.relative_to(old)
        if path.is_dir() and not path.is_symlink():
            target.mkdir(parents=True, exist_ok=True)
        elif not os.path.lexists(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)
        elif not _is_same_file(path, target) and path.lstat().st_mtime_ns > target.lstat().st_mtime_ns:
            # It is newer than the one that was linked, if it is not kept under another name.
            kept = target.parent.glob(f"{glob.escape(target.name)}.kept*")
            path.replace(path if any(_is_same_file(path, other) for other in kept) else target)


def _is_same_file(path: Path, other: Path) -> bool:
    return os.path.samestat(path.lstat(), other.lstat())


def _carry_out(decided: Path, folder: Path) -> None:
    """Move the new content into the folder file by file; may be done again after a kill at any point."""
    todo = json.loads((decided / MARK).read_text(encoding="utf-8"))
    _remove_files(folder, todo["stale"])
    for path in _files(decided):
        name = path.relative_to(decided)
        if name == Path(MARK):
            continue
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if todo["before"] is not None and name.as_posix() not in todo["before"] and os.path.lexists(target):
            kept = _free_name(target, target.parent)
            _warn_of_kept(target, kept.name)
            target.rename(kept)
        path.replace(target)
    (decided / MARK).unlink()


def _free_name(target: Path, other: Path) -> Path:
    """Return a free name for a file of others where the new content has a file of the same name."""
    numbers = iter(range(2, 1 << 30))
    name = f"{target.name}.kept"
    while os.path.lexists(target.parent / name) or os.path.lexists(other / name):
        name = f"{target.name}.kept{next(numbers)}"
    return target.with_name(name)


def _warn_of_kept(path: Path, name: str) -> None:
    warn(f"{path} was not written by weaklabel and has the name of a new file: it is kept as {name}", stacklevel=2)


def _remove_files(folder: Path, names: Collection[str]) -> None:
    """Remove files, and the folders that this leaves empty."""
    for name in names:
        path = folder / name
        if not Path(os.path.realpath(path.parent)).is_relative_to(folder) or path == folder:
            continue  # of a manifest that somebody changed
        with suppress(FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError):
            path.unlink()
        for parent in path.parents:
            if parent == folder:
                break
            with suppress(OSError):
                parent.rmdir()


def _others(folder: Path, before: Collection[str] | None) -> Iterator[Path]:
    """Yield what others put into a folder: files, links and empty folders."""
    written = set(before or ())
    for root, folders, files in os.walk(folder):
        if Path(root) == folder:
            folders[:] = [name for name in folders if name not in RESERVED]
            files = [name for name in files if name not in RESERVED]
        for name in [*files, *(name for name in folders if (Path(root) / name).is_symlink())]:
            path = Path(root) / name
            if path.relative_to(folder).as_posix() not in written:
                yield path
        if not files and not folders and Path(root) != folder:
            yield Path(root)


def _files(folder: Path) -> list[Path]:
    return [Path(root) / name for root, _, files in os.walk(folder) for name in files]


def _folders(folder: Path) -> list[Path]:
    return [Path(root) for root, _, _ in os.walk(folder)]


def _rename_exchange(path: Path, other: Path) -> bool:
    """Exchange two paths in one step (Linux); False where the kernel, the C library or the file system cannot."""
    import ctypes

    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    return bool(renameat2(_AT_FDCWD, os.fsencode(path), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0)
