"""The code that decides a result: what a function or module imports, and what that imports, as far as it is weaklabel's.

A result that is kept must not be taken for one of other code. Which files count is read off the imports in the source,
wherever in a file the import is, so that no list is kept by hand. So are the packages whose versions count.

Two things are not followed, since all of a room would count for each of its parts: the ``__init__`` of a room that only
says where names are, and the entries of a registry. Who imports a name from such a room depends on the module that it is
from; who chooses an entry names its modules (`weaklabel.support.plugins.Registry.modules`).
"""

from __future__ import annotations

import ast
import platform
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution, packages_distributions
from pathlib import Path
from typing import Any

from weaklabel.support.hashing import hash_parts, hash_path

PACKAGE = __name__.partition(".")[0]

_MODULE_NAME = re.compile(rf"({PACKAGE}(?:\.\w+)+)(?::(\w+)[\w.]*)?")

_ENTRY = "Entry"
"""What makes an entry of a registry, see `weaklabel.support.plugins.Entry`."""


@dataclass(frozen=True)
class Code:
    """The code behind a result.

    Attributes
    ----------
    rooms
        Hash of the code by room, the first part of a module's name below weaklabel; of a function's own code, under its
        name.
    packages
        Version by distribution: of those that the code imports, and of those with compiled code that these require;
        and the version of Python.
    """

    rooms: Mapping[str, str]
    packages: Mapping[str, str]


def code_of(function: Callable[..., Any], chosen: Iterable[str] = ()) -> Code:
    """Return the code behind a function of a module of weaklabel.

    What counts is its own source, what it uses of its module, all modules that this imports, and those of the types of its
    parameters.

    Parameters
    ----------
    function
        Of the top level of its module.
    chosen
        Names of further modules, such as that of a label model that is chosen by its name.
    """
    own = {function.__qualname__: hash_parts([_source_of(function)[0]]).hex()[:16]}
    files = code_files_of(function, chosen)
    return Code(own | _by_room(package_root(), files), package_versions(files))


def code_files_of(function: Callable[..., Any], chosen: Iterable[str] = ()) -> list[Path]:
    """Return the files of weaklabel that a function uses, besides its own; see `code_of`."""
    return code_files([*_source_of(function)[1], *chosen])


def code_files(modules: Iterable[str], root: Path | None = None, skip: str | None = None) -> list[Path]:
    """Return the files of weaklabel that ``modules`` import, directly or not, and the data files next to these.

    Imports for type checkers only do not count. A string that names a module, or what is in one
    (``module:attribute``), counts as an import.

    Parameters
    ----------
    modules
        Full names of modules, or of what is in one.
    root
        The package's folder; by default that of the running one.
    skip
        Modules whose names begin with this are left out.
    """
    root = root or package_root()
    files: set[Path] = set()
    left = list(modules)
    reached: set[str] = set()
    while left:
        name = left.pop()
        if name in reached or (skip is not None and name.startswith(skip)):
            continue
        reached.add(name)
        room, _, attribute = name.rpartition(".")
        file = _module_file(root, name)
        if file is None:
            file = _module_file(root, room)
            if file is None:
                continue
            names = _names_from(file, *_stamp(file))
            if names is None or attribute not in names:
                left.append(room)
            else:
                left.append(names[attribute])
            continue
        names = _names_from(file, *_stamp(file))
        if names is not None:
            left += names.values()
            continue
        files.add(file)
        files.update(path for path in file.parent.iterdir() if path.suffix in DATA)
        around = _module_file(root, room)
        if around is not None and _names_from(around, *_stamp(around)) is None:
            left.append(room)
        left += _imports(file, *_stamp(file)).own
    return sorted(files)


def _module_file(root: Path, name: str) -> Path | None:
    """Return the file of a module of weaklabel; None for other modules, for what is in one, and for weaklabel itself."""
    if not name.startswith(f"{PACKAGE}."):
        return None
    place = root.joinpath(*name.split(".")[1:])
    file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    return file if file.is_file() else None


@lru_cache(maxsize=2000)
def _names_from(file: Path, changed: int, size: int) -> Mapping[str, str] | None:
    """Return where the names of a room are from, if its file is an ``__init__`` that says that and no more."""
    if file.name != "__init__.py":
        return None
    names: dict[str, str] = {}
    for node in ast.parse(file.read_bytes()).body:
        if isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif not (isinstance(node, ast.Expr) or ast.unparse(node).startswith("__all__")):
            return None
    return names


DATA = (".npz", ".json", ".html", ".css", ".js", ".txt")
"""Suffixes of data files that code reads from its own folder."""


def code_hash(files: Iterable[Path], root: Path | None = None) -> str:
    """Return the hash of files, with their names below the package's folder."""
    root = root or package_root()
    parts = ((file.relative_to(root).as_posix(), hash_path(file)) for file in files)
    return hash_parts([text for part in parts for text in part]).hex()


def package_versions(files: Iterable[Path]) -> dict[str, str]:
    """Return the version, by distribution, of the packages that ``files`` import and of compiled ones that these require.

    A package that is only required, and holds no compiled code, does no sums; those that are not installed are left out.
    So are those of weaklabel's extras: installing one, say for another command, changes no result.
    """
    tops = {top for file in files if file.suffix == ".py" for top in _imports(file, *_stamp(file)).others}
    names = {name for top in tops for name in _distributions().get(top, ()) if _normal(name) not in _optional()}
    names |= {compiled for name in names for compiled in _compiled_requirements(name)}
    versions = {name: _version(name) for name in sorted(names)}
    return {"python": platform.python_version()} | {name: version for name, version in versions.items() if version}


def package_root() -> Path:
    """Return the folder of the running weaklabel."""
    return Path(str(sys.modules[PACKAGE].__file__)).parent


def _by_room(root: Path, files: Iterable[Path]) -> dict[str, str]:
    rooms: dict[str, list[Path]] = {}
    for file in files:
        rooms.setdefault(file.relative_to(root).parts[0].removesuffix(".py"), []).append(file)
    return {room: code_hash(of_room, root)[:16] for room, of_room in sorted(rooms.items())}


def _stamp(file: Path) -> tuple[int, int]:
    status = file.stat()
    return status.st_mtime_ns, status.st_size


@dataclass(frozen=True)
class _Imports:
    """Modules of weaklabel, and first parts of the names of other packages."""

    own: tuple[str, ...]
    others: frozenset[str]


@lru_cache(maxsize=2000)
def _imports(file: Path, changed: int, size: int) -> _Imports:
    return _imports_in(_running(ast.parse(file.read_bytes())))


def _imports_in(nodes: Iterable[ast.AST]) -> _Imports:
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            match = _MODULE_NAME.fullmatch(node.value)
            if match:
                names.add(match[1] if match[2] is None else f"{match[1]}.{match[2]}")
    own = tuple(sorted(name for name in names if name.partition(".")[0] == PACKAGE))
    others = {name.partition(".")[0] for name in names} - {PACKAGE} - sys.stdlib_module_names
    return _Imports(own, frozenset(others))


def _running(node: ast.AST) -> Iterator[ast.AST]:
    """Give all nodes but those that only type checkers see, and entries of registries."""
    left = [node]
    while left:
        node = left.pop()
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) == _ENTRY:
            continue
        yield node
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            left += node.orelse
            continue
        left += ast.iter_child_nodes(node)


def _source_of(function: Callable[..., Any]) -> tuple[str, tuple[str, ...]]:
    file = Path(str(sys.modules[function.__module__].__file__))
    return _of_function(file, function.__qualname__.partition(".")[0], *_stamp(file))


@lru_cache(maxsize=200)
def _of_function(file: Path, name: str, changed: int, size: int) -> tuple[str, tuple[str, ...]]:
    """Return the source of a function and of what it uses of its own file, and the modules of weaklabel that these use."""
    tree = ast.parse(file.read_bytes())
    defined: dict[str, ast.stmt] = {}
    imported: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            defined[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            defined |= {target.id: node for target in targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.ImportFrom):
            imported |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            imported |= {(alias.asname or alias.name).partition(".")[0]: alias.name for alias in node.names}
    modules = _of_types(_annotations(defined[name]), defined, imported) if name in defined else set()
    used: dict[str, None] = {}
    left = [name]
    while left:
        name = left.pop()
        if name in imported:
            modules.add(imported[name])
        if name in used or name not in defined:
            continue
        used[name] = None
        nodes = list(_without_annotations(defined[name]))
        left += [node.id for node in nodes if isinstance(node, ast.Name)]
        modules.update(_imports_in(nodes).own)
    source = "\n".join(ast.unparse(defined[name]) for name in sorted(used))
    return source, tuple(sorted(modules))


def _annotations(node: ast.AST) -> set[str]:
    """Return the names in the annotations of parameters and fields."""
    annotated = [child.annotation for child in ast.walk(node) if isinstance(child, ast.arg | ast.AnnAssign)]
    return {child.id for type_ in annotated if type_ for child in ast.walk(type_) if isinstance(child, ast.Name)}


def _of_types(names: set[str], defined: Mapping[str, ast.stmt], imported: Mapping[str, str]) -> set[str]:
    """Return the modules of the types of what a function is given, and of the fields of these: it may use their methods."""
    reached: set[str] = set()
    left = list(names)
    while left:
        name = left.pop()
        if name not in reached:
            reached.add(name)
            left += _annotations(defined[name]) if name in defined else ()
    return {imported[name] for name in reached if name in imported}


def _without_annotations(node: ast.AST) -> Iterator[ast.AST]:
    """Give all nodes that do something, without the annotations of functions."""
    for child in _running(node):
        if isinstance(child, ast.FunctionDef):
            child.returns = None
        elif isinstance(child, ast.arg):
            child.annotation = None
        yield child


@cache
def _distributions() -> Mapping[str, list[str]]:
    return packages_distributions()


@cache
def _compiled_requirements(name: str) -> tuple[str, ...]:
    """Return what a distribution requires, without its extras, and has compiled code."""
    installed = _distribution(name)
    required = [line for line in (installed.requires if installed else None) or () if "extra ==" not in line]
    names = [match[0] for line in required if (match := re.match(r"[\w.-]+", line))]
    return tuple(name for name in names if _is_compiled(name))


@cache
def _optional() -> frozenset[str]:
    """Return the distributions that weaklabel requires for its extras only."""
    ours = _distribution(PACKAGE)
    for_extras: set[str] = set()
    always: set[str] = set()
    for line in (ours.requires if ours else None) or ():
        if match := re.match(r"[\w.-]+", line):
            (for_extras if "extra ==" in line else always).add(_normal(match[0]))
    return frozenset(for_extras - always)


def _normal(name: str) -> str:
    """Return the name of a distribution as packaging tools compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def _is_compiled(name: str) -> bool:
    installed = _distribution(name)
    return installed is not None and "Root-Is-Purelib: false" in (installed.read_text("WHEEL") or "")


@cache
def _distribution(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def _version(name: str) -> str | None:
    installed = _distribution(name)
    return None if installed is None else installed.version
