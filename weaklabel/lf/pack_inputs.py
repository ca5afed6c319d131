"""The files that labeling functions are made of: packs, modules beside them, and the files that these name."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

PACK_FILES = "a pack or a file that a pack reads"
"""What messages call them."""

LONGEST_NAME = 4096
"""Characters of the longest path that any system takes."""


def pack_inputs(origins: Iterable[str]) -> list[Path]:
    """Return the files behind labeling functions, as far as their source tells.

    These are the packs, the modules and packages beside them that they import, and every file whose path, or whose name
    in a folder beside the pack, is written in their source.

    Parameters
    ----------
    origins
        See `weaklabel.lf.LFCollection`.
    """
    left = [path for origin in dict.fromkeys(origins) if (path := _file_of(origin)) is not None]
    found: dict[Path, None] = {}
    while left:
        path = left.pop()
        if path not in found:
            found[path] = None
            if path.suffix == ".py":
                left += _named(path)
    return list(found)


def _file_of(origin: str) -> Path | None:
    if Path(origin).is_file():
        return Path(origin).absolute()
    # package:attribute, or "package:attribute (plugin 'name' of distribution)"
    module = sys.modules.get(origin.partition(":")[0])
    file = getattr(module, "__file__", None)
    return Path(file).absolute() if file else None


def _named(source: Path) -> Iterator[Path]:
    """Give the files that a Python file imports from beside it, or names."""
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
