"""Fingerprints of labeling functions: a hash of all that determines the votes; cached votes with the same hash are valid.

It covers the code of functions with the global names they use, their resources, patterns, word lists, pipelines and models.
It cannot cover files, services, clocks or random numbers that a function uses when it votes.
"""

from __future__ import annotations

import builtins
import dis
import functools
import platform
import re
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
from weaklabel.errors import WeakLabelError
from weaklabel.lf.core import LF
from weaklabel.lf.pipelines import pipeline_identity
from weaklabel.support.hashing import hash_parts, hash_path

VERSION = "4"
"""Of how the kinds of labeling functions vote; to be changed when one votes otherwise than before."""


def fingerprint(lf: LF, origin: str | None = None) -> str | None:
    """Return a hash that changes whenever the labeling function's votes might.

    Parameters
    ----------
    lf
        The labeling function.
    origin
        Path of the file that it comes from, where it comes from one: names in that file are followed into their code
        even where it is among the installed packages, whose code otherwise goes by their versions.

    Returns
    -------
    str or None
        Hex digits, the same in every process. None if there is none: an object of another library, or one that holds
        something whose content cannot be read; its votes must not be cached.

    Examples
    --------
    >>> from weaklabel.lf.patterns import keyword_lf
    >>> fingerprint(keyword_lf("a", 1, ["free"])) == fingerprint(keyword_lf("a", 1, ["free"]))
    True
    >>> fingerprint(keyword_lf("a", 1, ["free"])) == fingerprint(keyword_lf("a", 1, ["free", "win"]))
    False
    """
    return fingerprint_with(ValueHash(origin), lf)


def fingerprint_with(values: ValueHash, lf: LF) -> str | None:
    """Return `fingerprint`, and note the files that it reads in ``values.files``."""
    try:
        essence = values.of([type(lf), lf.identity()])
        for file in lf.files():
            values.note_file(file)
    except (NotFingerprintable, OSError, WeakLabelError):
        return None
    return hash_parts([f"{VERSION} {weaklabel.__version__} {platform.python_version()}", essence]).hex()


_CODE = (
    "co_argcount", "co_posonlyargcount", "co_kwonlyargcount", "co_flags", "co_names", "co_varnames", "co_freevars",
    "co_cellvars", "co_code", "co_exceptiontable", "co_consts",
)  # fmt: skip
"""What code does, not where it is: comments and line numbers do not count."""

_PLAIN = (type(None), bool, int, float, complex, range, slice, type(...), type(NotImplemented))
_WRAPPERS = (staticmethod, classmethod, functools._lru_cache_wrapper)
_SLOTS = (types.MemberDescriptorType, types.GetSetDescriptorType, types.WrapperDescriptorType)
_NO_PART = {"__dict__", "__weakref__", "__module__", "__doc__", "__abstractmethods__", "_abc_impl"}
"""Of a class: what says nothing about what it does."""


class NotFingerprintable(Exception):
    """A value whose content cannot be hashed."""


class ValueHash:
    """Hashes values by what they contain.

    Functions and classes count by their compiled code and by the values of the names that it looks up, so comments and
    anything else in their file do not matter. What comes from an installed package counts by the package's
    version, and a module of the user's own by its whole file and those of the modules that it uses.

    Parameters
    ----------
    origin
        File whose code is the user's own wherever it is.

    Attributes
    ----------
    files
        Content of the files and folders met so far that code reads when it runs.

    Examples
    --------
    >>> ValueHash().of({"a": {1, 2}}) == ValueHash().of({"a": {2, 1}})
    True
    >>> ValueHash().of(lambda x: x + 1) == ValueHash().of(lambda x: x + 2)
    False
    """

    def __init__(self, origin: str | None = None) -> None:
        self._origin = None if origin is None else Path(origin).resolve()
        self.files: dict[str, str] = {}
        self._known: dict[int, bytes] = {}
        self._depth = 0
        self._kept: list[Any] = []  # for ids are used again once a value is gone

    def of(self, value: Any) -> bytes:
        """Return the hash of a value.

        Raises
        ------
        NotFingerprintable
            It holds something whose content cannot be hashed, such as an open file.
        """
        if id(value) not in self._known:
            self._kept.append(value)
            # What holds itself, as a recursive function does, is represented inside by its depth.
            self._known[id(value)] = self._depth.to_bytes(4, "little")
            self._depth += 1
            try:
                self._known[id(value)] = hash_parts(list(self._parts(value)))
            except RecursionError:
                raise NotFingerprintable(type(value)) from None
            self._depth -= 1
        return self._known[id(value)]

    def note_file(self, path: str | Path) -> str:
        """Return the hash of a file or folder that is read when the labeling function votes, and note it in `files`."""
        return self.files.setdefault(str(path), hash_path(path))

    def _parts(self, value: Any) -> Iterator[str | bytes]:
        kind = type(value)
        yield kind.__qualname__
        if kind in _PLAIN:
            yield repr(value)
        elif kind in (str, bytes):
            yield value
        elif kind in (list, tuple):
            yield from map(self.of, value)
        elif kind in (set, frozenset):
            yield from sorted(map(self.of, value))
        elif kind is dict:
            yield from (self.of(part) for item in value.items() for part in item)
        elif isinstance(value, types.FunctionType):
            yield from self._of_function(value)
        elif isinstance(value, types.CodeType):
            yield from (self.of(getattr(value, name)) for name in _CODE)
        elif isinstance(value, types.ModuleType):
            yield from self._of_module(value)
        elif isinstance(value, type):
            yield from self._of_class(value)
        else:
            yield from self._of_other(value)

    def _of_function(self, f: types.FunctionType) -> Iterator[str | bytes]:
        yield self.of(f.__code__)
        yield self.of([f.__defaults__, f.__kwdefaults__, vars(f)])
        for cell in f.__closure__ or ():
            yield self.of(cell.cell_contents) if _is_filled(cell) else "empty"
        name = str(f.__globals__.get("__name__", ""))
        if is_installed(name, f.__globals__.get("__file__"), self._origin):
            yield from (name, f.__qualname__, version_of(name))
        else:
            for global_name, value in globals_of(f.__code__, f.__globals__):
                if value is NOT_LOADED:
                    raise NotFingerprintable(global_name)
                yield from (global_name, self.of(value))

    def _of_module(self, module: types.ModuleType) -> Iterator[str | bytes]:
        name, file = module.__name__, getattr(module, "__file__", None)
        yield name
        if is_installed(name, file, self._origin):
            yield version_of(name)
            return
        files = own_modules(module, self._origin)
        if not files:
            raise NotFingerprintable(name)
        for own, path in sorted(files.items()):
            yield from (own, hash_path(path))
        # And what it took from elsewhere: data that it read, names of modules that are out of sight by now.
        for attribute, value in sorted(vars(module).items()):
            if not attribute.startswith("__"):
                yield from (attribute, self.of(value))

    def _of_class(self, kind: type) -> Iterator[str | bytes]:
        home = kind.__module__
        yield kind.__qualname__
        file = file_of_class(kind)
        if is_installed(home, file, self._origin) and (file is not None or is_of_module(kind)):
            yield from (home, version_of(home))
            return
        yield from map(self.of, kind.__bases__)
        for name, value in sorted(vars(kind).items()):
            if name not in _NO_PART:
                yield from (name, "slot" if isinstance(value, _SLOTS) else self.of(value))

    def _of_other(self, value: Any) -> Iterator[str | bytes]:
        home = type(value).__module__.partition(".")[0]
        if isinstance(value, re.Pattern):
            yield from (self.of(value.pattern), str(value.flags))
        elif isinstance(value, Path):
            yield str(value)
            yield self.note_file(value) if value.is_file() else "no file"
        elif isinstance(value, _WRAPPERS):
            yield self.of(value.__wrapped__)
        elif isinstance(value, property):
            yield self.of([value.fget, value.fset, value.fdel])
        elif isinstance(value, types.MethodType):
            yield self.of([value.__func__, value.__self__])
        elif home == "spacy":
            yield self._of_pipeline(value)
        elif home == "numpy" and hasattr(value, "tobytes") and not value.dtype.hasobject:
            yield from (value.dtype.str, str(value.shape), value.tobytes())
        else:
            yield self.of(type(value))
            yield from self._of_reduced(value)

    def _of_pipeline(self, value: Any) -> str:
        from spacy.language import Language

        identity = pipeline_identity(value) if isinstance(value, Language) else None
        if identity is None:
            raise NotFingerprintable(type(value))
        return identity

    def _of_reduced(self, value: Any) -> Iterator[str | bytes]:
        """Yield the parts that a value gives for copying, as `pickle` would ask for them; nothing is pickled."""
        try:
            reduced = value.__reduce_ex__(4)
        except Exception:
            raise NotFingerprintable(type(value)) from None
        if isinstance(reduced, str):
            yield reduced
            return
        state = reduced[2] if len(reduced) > 2 else None
        if isinstance(state, dict) and _is_snorkel_mapper(type(value)):
            state = {name: part for name, part in state.items() if name != "_cache"}  # rows seen so far
        for part in (*reduced[:2], state):
            yield self.of(part)
        for part in reduced[3:]:
            yield self.of(None if part is None else list(part))


def _is_snorkel_mapper(kind: type) -> bool:
    return any(base.__module__ == "snorkel.map.core" for base in kind.__mro__)


def _is_filled(cell: types.CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True


_STANDARD = {Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib")}
_ZIPPED = f"python{sys.version_info.major}{sys.version_info.minor}.zip"
_SITES = {"site-packages", "dist-packages", _ZIPPED}
_OURS = Path(weaklabel.__file__).resolve().parent
_NAMES = {*sys.builtin_module_names, *sys.stdlib_module_names}
NOT_LOADED = object()
"""A module that code will import only when it runs: its content is unknown until then."""

_LOOKS_UP = {"LOAD_GLOBAL", "LOAD_NAME"}


def is_installed(name: str, file: str | None, origin: Path | None) -> bool:
    """Return whether the version of its package identifies a module's code.

    Parameters
    ----------
    name, file
        Of the module; ``file`` is None where it has none.
    origin
        A file that counts as the user's own wherever it is.
    """
    if name.startswith(("weaklabel_pack_", "weaklabel.packs")):
        return False
    if file is None:  # built in, a namespace package, or made by hand
        return name.partition(".")[0] in _NAMES
    # By where the file is, not by the name: a helper next to the pack may be called like a module of Python's own.
    return _is_in_installation(file) and Path(file).resolve() != origin


@cache
def _is_in_installation(file: str) -> bool:
    place = Path(file).resolve()
    folders = place.parents
    return not _SITES.isdisjoint(place.parts) or _OURS in folders or not _STANDARD.isdisjoint(folders)


def file_of_class(kind: type) -> str | None:
    """Return the file of the module that a class comes from; None where it has none or that is unknown.

    By its methods first: the module may be gone from `sys.modules`, and another one be there under its name.
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
    """Say whether a class is found in the module of `sys.modules` that it names, or is written in C."""
    if not kind.__flags__ & _MADE_BY_CODE:
        return True
    value: Any = sys.modules.get(kind.__module__)
    for name in kind.__qualname__.split("."):
        value = getattr(value, name, None)
    return value is kind


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
        current = left.pop()
        file = getattr(current, "__file__", None)
        if id(current) in seen or is_installed(current.__name__, file, origin):
            continue
        seen.add(id(current))
        if file is not None:
            files[current.__name__] = file
        values = list(vars(current).values())
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


def globals_of(code: types.CodeType, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the names that code, and functions inside it, look up in their module, and what they find there.

    A name that is Python's own, or is not there, finds its own name. An installed module that is imported when the code
    runs finds its version; one of the user's own, the module, or `NOT_LOADED` where it is not imported yet.
    """
    for name in sorted(_names(code, _LOOKS_UP)):
        if name in values:
            yield name, values[name]
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
    """Return what identifies a module that code imports when it runs, whether it is imported already or not."""
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
