"""Which code is installed, and so told by its package's version, and which is the user's own."""

from __future__ import annotations

import builtins
import dis
import sys
import sysconfig
import types
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import weaklabel
from weaklabel.cache import content_of

_INSTALLED = {Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib", "purelib", "platlib")}
NOT_LOADED = object()
"""A module that code will import when it runs: what it holds cannot be told yet."""

_LOOKS_UP = {"LOAD_GLOBAL", "LOAD_NAME"}


def is_installed(name: str, file: str | None, origin: Path | None) -> bool:
    """Say whether a module's code is told by the version of its package.

    Parameters
    ----------
    name, file
        Of the module; ``file`` is None where it has none.
    origin
        A file that counts as the user's own wherever it lies.
    """
    if name.startswith(("weaklabel_pack_", "weaklabel.packs")):
        return False
    if name.partition(".")[0] in {"weaklabel", *sys.builtin_module_names, *sys.stdlib_module_names}:
        return True
    place = Path(file).resolve() if file else None
    return place is not None and place != origin and any(place.is_relative_to(folder) for folder in _INSTALLED)


@cache
def version_of(name: str) -> str:
    """Return the version of the package that a module belongs to; a lone file's is its content."""
    top = name.partition(".")[0]
    if top in {*sys.builtin_module_names, *sys.stdlib_module_names}:
        return "Python's"
    if top == "weaklabel":
        return weaklabel.__version__
    try:
        return str(getattr(sys.modules.get(top), "__version__", None) or version(top))
    except PackageNotFoundError:
        file = getattr(sys.modules.get(name), "__file__", None)
        return content_of(file) if file else "unknown"


def own_modules(module: types.ModuleType, origin: Path | None) -> dict[str, str]:
    """Return the file of a module of the user's own, and of those of them that it uses: name -> file."""
    found: dict[str, str] = {}
    left = [module]
    while left:
        one = left.pop()
        file = getattr(one, "__file__", None)
        if one.__name__ in found or is_installed(one.__name__, file, origin) or file is None:
            continue
        found[one.__name__] = file
        names = {
            value.__name__ if isinstance(value, types.ModuleType) else _home(value) for value in vars(one).values()
        }
        left += [sys.modules[name] for name in sorted(names & set(sys.modules))]
        left += [value for value in vars(one).values() if isinstance(value, types.ModuleType)]
    return found


def _home(value: Any) -> str:
    home = getattr(value, "__module__", None)
    return home if isinstance(home, str) else ""


def globals_of(code: types.CodeType, known: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the names that code, and functions inside it, look up in their module, and what they find there.

    A name that is Python's own, or is not there, finds its own name; a module that is imported when the code runs, the
    module, or `NOT_LOADED` where nobody has done that yet.
    """
    for name in sorted(_names(code, _LOOKS_UP)):
        if name in known:
            yield name, known[name]
        elif name in vars(builtins):
            yield name, "Python's"
        else:
            yield name, None
    for name in sorted(_names(code, {"IMPORT_NAME"})):
        yield name, sys.modules.get(name) or (None if name.partition(".")[0] in sys.stdlib_module_names else NOT_LOADED)


def _names(code: types.CodeType, operations: set[str]) -> set[str]:
    names = {step.argval for step in dis.get_instructions(code) if step.opname in operations}
    return names.union(*(_names(const, operations) for const in code.co_consts if isinstance(const, types.CodeType)))
