"""What labeling functions were when they were loaded: their fingerprints, sources and files.

Caches and other processes compare it later.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from weaklabel.errors import LFError
from weaklabel.lf.fingerprint import ValueHash, fingerprint_with
from weaklabel.lf.packs import LFCollection, reload_lfs
from weaklabel.support.hashing import hash_path

PACK_FILES = "a pack or a file that a pack reads"
"""The name for them in messages."""


LONGEST_NAME = 4096
"""Characters of the longest path that any system takes."""


def pack_inputs(origins: Iterable[str]) -> list[Path]:
    """Return the files behind labeling functions, as far as their source shows.

    These are the packs, the modules and packages next to them that they import, and every file whose path, or whose name
    in a folder next to the pack, is written in their source.

    Parameters
    ----------
    origins
        See `weaklabel.lf.LFCollection`.
    """
    left = [path for origin in dict.fromkeys(origins) if (path := _file_of(origin)) is not None]
    files: dict[Path, None] = {}
    while left:
        path = left.pop()
        if path not in files:
            files[path] = None
            if path.suffix == ".py":
                left += _named(path)
    return list(files)


def _file_of(origin: str) -> Path | None:
    if Path(origin).is_file():
        return Path(origin).absolute()
    # package:attribute, or "package:attribute (plugin 'name' of distribution)"
    module = sys.modules.get(origin.partition(":")[0])
    file = getattr(module, "__file__", None)
    return Path(file).absolute() if file else None


def _named(source: Path) -> Iterator[Path]:
    """Yield the files that a Python file imports from its folder, or names."""
    try:
        tree = ast.parse(source.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return
    beside = source.parent
    words: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            for name in names:
                top = beside / (name.partition(".")[0] or ".")
                if top.with_suffix(".py").is_file():
                    yield top.with_suffix(".py")
                elif (top / "__init__.py").is_file() and top != beside:
                    yield from top.rglob("*.py")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _may_be_path(node.value):
            words.add(node.value)
    folders = [beside, Path.cwd(), *(beside / word for word in sorted(words) if _is_folder(beside / word))]
    for word in sorted(words):
        for folder in folders:
            if _is_file(folder / word):
                yield folder / word


def _may_be_path(word: str) -> bool:
    return 0 < len(word) < LONGEST_NAME and not set(word) & {"\0", "\n"}


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # such as a name that is too long
        return False


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


@dataclass(frozen=True)
class Identity:
    """What labeling functions were when they were loaded, to compare where they are loaded again.

    Attributes
    ----------
    keys
        Fingerprint by name; None if there is none.
    sources
        See `LFCollection`; they are compared if there is no fingerprint.
    files
        Hash of each file or folder that they read when they vote: models, and paths among their resources.
    """

    keys: Mapping[str, str | None]
    sources: Mapping[str, str]
    files: Mapping[str, str]


def identity_of(lfs: LFCollection) -> Identity:
    """Return what labeling functions are now."""
    keys, files = {}, dict[str, str]()
    for lf, origin in zip(lfs.lfs, lfs.origins or (None,) * len(lfs), strict=True):
        values = ValueHash(origin)
        keys[lf.name] = fingerprint_with(values, lf)
        files.update(values.files)
    return Identity(keys, lfs.sources, files)


def check_same(expected: Identity, names: Iterable[str], lfs: LFCollection, hint: str) -> None:
    """Compare labeling functions with what they were where they were loaded first.

    Parameters
    ----------
    expected
        What they were.
    names
        Those that are compared.
    lfs
        Those loaded here.
    hint
        What to do where they differ, for the message.

    Raises
    ------
    LFError
        One is missing or another one than before; names it and its pack.
    """
    here, again = identity_of(lfs), None
    origins = dict(zip(lfs.names, lfs.origins, strict=True))
    for name in names:
        if name not in here.keys:
            raise LFError(f"LF '{name}' is missing when {', '.join(lfs.specs)} is loaded again in a worker process")
        key, before = here.keys[name], expected.keys[name]
        if key == before is not None:
            continue
        if key is not None and before is not None:
            # Some differ each time they are loaded, because they hold a time or a random number.
            again = again or identity_of(reload_lfs(lfs.loader, lfs.specs))
            is_another = again.keys.get(name) == key
        else:
            is_another = False
        changed = [file for file, content in expected.sources.items() if here.sources.get(file, content) != content]
        if is_another or changed:
            what = f" ({changed[0]} was edited)" if changed else ""
            raise LFError(
                f"LF '{name}' of {origins[name]} in a worker process is not the one that this run loaded{what}; {hint}"
            )


def check_files(expected: Identity) -> None:
    """Refuse, as an `LFError`, votes of labeling functions whose models or files changed while they voted."""
    for file, content in expected.files.items():
        try:
            is_same = hash_path(file) == content
        except OSError:
            is_same = False
        if not is_same:
            raise LFError(f"{file}, which labeling functions read, changed while they voted; run again")
