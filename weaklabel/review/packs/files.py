"""Pack files: where labeling functions come from, copying a pack with what it reads, and replacing one safely."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from weaklabel.errors import LFError, WeakLabelError
from weaklabel.lf.packs import LFCollection, load_lfs, plugin_packs, ready_packs
from weaklabel.review.packs.source import PackSource
from weaklabel.support.files import atomic_path
from weaklabel.support.warn import kept_warnings


@dataclass(frozen=True)
class PackPlace:
    """Where a pack comes from.

    Attributes
    ----------
    spec
        The spec that loads it.
    file
        Its source file; None if it has none.
    is_own
        Whether it is a file of the user, not a built-in pack or an installed package.
    """

    spec: str
    file: Path | None
    is_own: bool


def places_of(lfs: LFCollection) -> dict[str, PackPlace]:
    """Return where each labeling function comes from, by its name."""
    by_origin = dict(_place(spec) for spec in lfs.specs)
    return {name: by_origin[origin] for name, origin in zip(lfs.names, lfs.origins, strict=True)}


def advice_for(
    use: Sequence[str], replaced: Mapping[str, str], added: Sequence[str], folder: Path, home: Path | None
) -> str:
    """Return the line of a project file that uses the packs of a review.

    Parameters
    ----------
    use
        What the project names now.
    replaced, added
        As in `weaklabel.review.workspace.SavedState`.
    folder
        The review's folder.
    home
        The project file's folder, to which its paths are relative; None if unknown: paths are then absolute.
    """

    def written(spec: str) -> str:
        inside = home is not None and spec.endswith(".py") and Path(spec).is_relative_to(home)
        return os.path.relpath(spec, home) if inside else spec

    files = [written(str(folder / replaced[spec]) if spec in replaced else spec) for spec in use]
    files += [written(str(folder / file)) for file in added]
    return f"use = {json.dumps(list(dict.fromkeys(files)), ensure_ascii=False)}"


def _place(spec: str) -> tuple[str, PackPlace]:
    """Return where a pack's labeling functions say that they come from, and the place."""
    if spec.endswith(".py"):
        return spec, PackPlace(spec, Path(spec), True)
    if spec in (ready := ready_packs()):
        return str(ready[spec].absolute()), PackPlace(spec, ready[spec].absolute(), False)
    target = spec if ":" in spec else plugin_packs()[spec][0].value
    file = getattr(sys.modules.get(target.partition(":")[0]), "__file__", None)
    origin = spec if ":" in spec else load_lfs(spec).origins[0]
    return origin, PackPlace(spec, Path(file) if file else None, False)


def copy_neighbours(pack: Path, folder: Path) -> None:
    """Copy the files and folders next to a pack that its source names, and those that these name in turn.

    Existing files are kept.
    """
    left, seen = [pack], {pack}
    while left:
        current = left.pop()
        for neighbour in _neighbours(current):
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
    """Write a source to its file after loading it from a temporary file in the same folder and checking it.

    Parameters
    ----------
    source
        The new source.
    expected
        The expected content of the file; None if it must not exist.
    check
        Raises a `WeakLabelError` if the loaded pack is not as wanted.

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
    # Python compares modification times in seconds: after two saves within one second it would load the first.
    with suppress(OSError):
        Path(importlib.util.cache_from_source(str(source.path))).unlink()


def load_uncached(*specs: str) -> LFCollection:
    """Load packs as `load_lfs` does, without writing bytecode and without repeating their warnings."""
    with _no_bytecode(), kept_warnings():
        return load_lfs(*specs)


def _check_unchanged(path: Path, expected: bytes | None) -> None:
    content = path.read_bytes() if path.exists() else None
    if content != expected:
        raise LFError(f"{path} has changed on the disk since it was read, and was not written; open the review again")


@contextmanager
def _no_bytecode() -> Iterator[None]:
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


def _neighbours(pack: Path) -> list[Path]:
    """Return the files and folders next to a pack whose names it imports or contains as strings."""
    names: set[str] = set()
    for node in ast.walk(PackSource.read(pack).tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 255:
            names.add(node.value.replace(os.sep, "/").split("/")[0])
        elif isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module.split(".")[0])
    neighbours = {path.name: path for path in pack.parent.iterdir() if not path.name.startswith((".", "__"))}
    names_beside = {name for name in names if name in neighbours} | {
        f"{name}.py" for name in names if f"{name}.py" in neighbours
    }
    return [neighbours[name] for name in sorted(names_beside - {pack.name})]
