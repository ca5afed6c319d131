"""Which code is installed, and so told by its package's version, and which is the user's own."""

from __future__ import annotations

import builtins
import dis
import sys
import sysconfig
import types
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.machinery import PathFinder
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from typing import Any

import weaklabel
from weaklabel.support.hashing import hash_path

_STANDARD = {Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib")}
_ZIPPED = f"python{sys.version_info.major}{sys.version_info.minor}.zip"
_SITES = {"site-packages", "dist-packages", _ZIPPED}
_OURS = Path(weaklabel.__file__).resolve().parent
_NAMES = {*sys.builtin_module_names, *sys.stdlib_module_names}
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
    if file is None:  # built in, a namespace package, or made by hand
        return name.partition(".")[0] in _NAMES
    # By where the file is, not by the name: a helper beside the pack may be called like a module of Python's own.
    return _is_in_installation(file) and Path(file).resolve() != origin


@cache
def _is_in_installation(file: str) -> bool:
    place = Path(file).resolve()
    folders = place.parents
    return not _SITES.isdisjoint(place.parts) or _OURS in folders or not _STANDARD.isdisjoint(folders)


def file_of_class(kind: type) -> str | None:
    """Return the file of the module that a class comes from; None where it has none or that cannot be told.

    By its methods first: the module may be gone from `sys.modules`, and another one stand there under its name.
    """
    for value in vars(kind).values():
        f = getattr(value, "__func__", getattr(value, "fget", value))
        if isinstance(f, types.FunctionType) and f.__globals__.get("__name__") == kind.__module__:
            file = f.__globals__.get("__file__")
            return file if file is None else str(file)
    return getattr(sys.modules.get(kind.__module__), "__file__", None)


_MADE_BY_CODE = 1 << 9
"""Of ``type.__flags__``: a class that was not compiled into a program (Py_TPFLAGS_HEAPTYPE)."""


def is_of_module(kind: type) -> bool:
    """Say whether a class is found in the module that stands in `sys.modules` under the name it gives, or is made in C."""
    if not kind.__flags__ & _MADE_BY_CODE:
        return True
    found: Any = sys.modules.get(kind.__module__)
    for name in kind.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is kind


@cache
def version_of(name: str) -> str:
    """Return the version of the package that a module belongs to; a lone file's is its content."""
    top = name.partition(".")[0]
    if top in _NAMES:
        return "Python's"
    if top == "weaklabel":
        return weaklabel.__version__
    try:
        return str(getattr(sys.modules.get(top), "__version__", None) or version(top))
    except PackageNotFoundError:
        file = getattr(sys.modules.get(name), "__file__", None)
        return hash_path(file) if file else "unknown"


def own_modules(module: types.ModuleType, origin: Path | None) -> dict[str, str]:
    """Return the file of a module of the user's own, and of those of them that it uses: name -> file."""
    files: dict[str, str] = {}
    seen: set[int] = set()
    left = [module]
    while left:
        one = left.pop()
        file = getattr(one, "__file__", None)
        if id(one) in seen or is_installed(one.__name__, file, origin):
            continue
        seen.add(id(one))
        if file is not None:
            files[one.__name__] = file
        values = list(vars(one).values())
        names = {_home(value) for value in values if not isinstance(value, types.ModuleType)}
        left += [sys.modules[name] for name in sorted(names & set(sys.modules))]
        left += [value for value in values if isinstance(value, types.ModuleType)]
    return files


def _home(value: Any) -> str:
    try:
        home = getattr(value, "__module__", None)
    except Exception:  # of an object that computes its attributes
        return ""
    return home if isinstance(home, str) else ""


def globals_of(code: types.CodeType, known: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the names that code, and functions inside it, look up in their module, and what they find there.

    A name that is Python's own, or is not there, finds its own name. An installed module that is imported when the code
    runs finds its version; one of the user's own, the module, or `NOT_LOADED` where nobody has done that yet.
    """
    for name in sorted(_names(code, _LOOKS_UP)):
        if name in known:
            yield name, known[name]
        elif name in vars(builtins):
            yield name, "Python's"
        else:
            yield name, None
    for name in sorted(_names(code, {"IMPORT_NAME"})):
        yield name, _imported(name)
    if _names(code, _ACCESSES) & _IMPORTERS:
        yield "import_module", NOT_LOADED


_ACCESSES = {"LOAD_GLOBAL", "LOAD_NAME", "LOAD_ATTR", "LOAD_METHOD"}
_IMPORTERS = {"__import__", "import_module", "run_path", "run_module", "exec_module"}
"""What imports a module by a name that only the running code knows."""


def _imported(name: str) -> Any:
    """Return what tells a module that is imported when code runs: the same, whether somebody has imported it before or not."""
    top, module = name.partition(".")[0], sys.modules.get(name)
    if module is not None:
        if not is_installed(name, getattr(module, "__file__", None), None):
            return module
    elif top not in sys.builtin_module_names:
        spec = PathFinder.find_spec(top)
        if spec is None or not is_installed(top, spec.origin, None):
            return NOT_LOADED
    return _distributions(top)


@cache
def _distributions(top: str) -> str:
    """Return the versions of the distributions that a package comes from, without importing it."""
    if top in _NAMES:
        return "Python's"
    if top == "weaklabel":
        return weaklabel.__version__
    return " ".join(f"{name} {version(name)}" for name in sorted(set(packages_distributions().get(top, ()))))


def _names(code: types.CodeType, operations: set[str]) -> set[str]:
    names = {step.argval for step in dis.get_instructions(code) if step.opname in operations}
    return names.union(*(_names(const, operations) for const in code.co_consts if isinstance(const, types.CodeType)))
