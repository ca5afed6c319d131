"""Hashes of Python values, functions and their code among them, that are the same in every process."""

from __future__ import annotations

import functools
import re
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from weaklabel.lf.components import pipeline_identity
from weaklabel.lf.modules import (
    NOT_LOADED,
    file_of_class,
    globals_of,
    is_installed,
    is_of_module,
    own_modules,
    version_of,
)
from weaklabel.support.hashing import hash_parts, hash_path

_CODE = (
    "co_argcount", "co_posonlyargcount", "co_kwonlyargcount", "co_flags", "co_names", "co_varnames", "co_freevars",
    "co_cellvars", "co_code", "co_exceptiontable", "co_consts",
)  # fmt: skip
"""What code does; not where it stands: comments and line numbers do not count."""

_PLAIN = (type(None), bool, int, float, complex, range, slice, type(...), type(NotImplemented))
_WRAPPERS = (staticmethod, classmethod, functools._lru_cache_wrapper)
_SLOTS = (types.MemberDescriptorType, types.GetSetDescriptorType, types.WrapperDescriptorType)
_NO_PART = {"__dict__", "__weakref__", "__module__", "__doc__", "__abstractmethods__", "_abc_impl"}
"""Of a class: what says nothing about what it does."""


class Unknowable(Exception):
    """A value whose content cannot be told."""


class ValueHash:
    """Hashes values by what they contain.

    Functions and classes count by their compiled code and by the values of the names that it looks up, so comments and
    whatever else stands in their file do not matter. What comes from an installed package counts by the package's
    version, and a module of the user's own by its whole file and those of the modules that it uses.

    Parameters
    ----------
    origin
        File whose code is the user's own wherever it lies.

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
        Unknowable
            It holds something whose content cannot be told, such as an open file.
        """
        if id(value) not in self._known:
            self._kept.append(value)
            # What holds itself, as a recursive function does, is known inside by how deep it stands.
            self._known[id(value)] = self._depth.to_bytes(4, "little")
            self._depth += 1
            try:
                self._known[id(value)] = hash_parts(list(self._parts(value)))
            except RecursionError:
                raise Unknowable(type(value)) from None
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
            for found, value in globals_of(f.__code__, f.__globals__):
                if value is NOT_LOADED:
                    raise Unknowable(found)
                yield from (found, self.of(value))

    def _of_module(self, module: types.ModuleType) -> Iterator[str | bytes]:
        name, file = module.__name__, getattr(module, "__file__", None)
        yield name
        if is_installed(name, file, self._origin):
            yield version_of(name)
            return
        files = own_modules(module, self._origin)
        if not files:
            raise Unknowable(name)
        for own, path in sorted(files.items()):
            yield from (own, hash_path(path))
        # And what it took from elsewhere: data that it read, names of modules that are out of sight by now.
        for found, value in sorted(vars(module).items()):
            if not found.startswith("__"):
                yield from (found, self.of(value))

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
            raise Unknowable(type(value))
        return identity

    def _of_reduced(self, value: Any) -> Iterator[str | bytes]:
        """Yield what a value says it is made of when it is to be copied, as `pickle` asks it, but nothing is pickled."""
        try:
            reduced = value.__reduce_ex__(4)
        except Exception:
            raise Unknowable(type(value)) from None
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
