"""Pack files: copying one with what it reads, and replacing one by a source that was tried before."""

from __future__ import annotations

import ast
import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from weaklabel.errors import LFError, WeakLabelError
from weaklabel.lf.packs import LFCollection, load_lfs
from weaklabel.review.packs.source import PackSource
from weaklabel.support.files import atomic_path
from weaklabel.support.warn import kept_warnings


def copy_neighbours(pack: Path, folder: Path) -> None:
    """Copy the files and folders beside a pack that it names, and what those of them that are Python name in turn.

    What is there already is kept.
    """
    left, seen = [pack], {pack}
    while left:
        one = left.pop()
        for neighbour in _neighbours(one):
            target = folder / neighbour.name
            if neighbour in seen:
                continue
            seen.add(neighbour)
            if neighbour.is_dir() and not target.exists():
                shutil.copytree(neighbour, target, ignore=shutil.ignore_patterns("__pycache__"))
            elif neighbour.is_file():
                left += [neighbour] if neighbour.suffix == ".py" else []
                if not target.exists():
                    shutil.copy2(neighbour, target)


def replace_pack(source: PackSource, expected: bytes | None, check: Callable[[LFCollection], None]) -> None:
    """Put a source into its file once it was loaded, from a scratch file beside it, and found to be right.

    Parameters
    ----------
    source
        The new source.
    expected
        What the file must hold; None where it must not exist.
    check
        Raises a `WeakLabelError` where what was loaded is not as wanted.

    Raises
    ------
    LFError
        The new source cannot be loaded, or the file has changed on the disk since it was read.
    WeakLabelError
        The file cannot be written.
    """
    scratch = source.path.with_name(f"{source.path.stem}_{uuid4().hex[:12]}.py")
    try:
        scratch.parent.mkdir(parents=True, exist_ok=True)
        scratch.write_bytes(source.data)
        check(load_uncached(str(scratch)))
        _check_unchanged(source.path, expected)
        with atomic_path(source.path) as part:
            part.write_bytes(source.data)
            if expected is not None:
                shutil.copymode(source.path, part)
    except LFError as error:
        raise LFError(str(error).replace(str(scratch), str(source.path))) from None
    except OSError as error:
        raise WeakLabelError(f"cannot write {source.path}: {error.strerror or error}") from error
    finally:
        scratch.unlink(missing_ok=True)
    # Python takes compiled code for current by the second: of two saves within one, it would load the first.
    with suppress(OSError):
        Path(importlib.util.cache_from_source(str(source.path))).unlink()


def load_uncached(*specs: str) -> LFCollection:
    """Load packs as `load_lfs` does, writing no compiled code beside them, and without their warnings, told before."""
    with _no_bytecode(), kept_warnings():
        return load_lfs(*specs)


def _check_unchanged(path: Path, expected: bytes | None) -> None:
    found = path.read_bytes() if path.exists() else None
    if found != expected:
        raise LFError(f"{path} has changed on the disk since it was read, and is left as it is; open the review again")


@contextmanager
def _no_bytecode() -> Iterator[None]:
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


def _neighbours(pack: Path) -> list[Path]:
    """Return the files and folders beside a pack whose names it imports or writes as texts."""
    names: set[str] = set()
    for node in ast.walk(PackSource.read(pack).tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 255:
            names.add(node.value.replace(os.sep, "/").split("/")[0])
        elif isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module.split(".")[0])
    beside = {path.name: path for path in pack.parent.iterdir() if not path.name.startswith((".", "__"))}
    found = {name for name in names if name in beside} | {f"{name}.py" for name in names if f"{name}.py" in beside}
    return [beside[name] for name in sorted(found - {pack.name})]
