"""Modules that hold labeling functions: loaded with the files beside them, and with mistakes named by line."""

from __future__ import annotations

import importlib
import importlib.util
import io
import sys
import tokenize
import traceback
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from keyword import iskeyword
from pathlib import Path
from types import ModuleType
from typing import Any

from weaklabel.errors import LFError, WeakLabelError
from weaklabel.lf.fingerprint import is_installed, own_modules
from weaklabel.support.encodings import NotUtf8, utf8
from weaklabel.support.hashing import blake_of_bytes, sha256_of_text


def load_module(path: Path, what: str) -> tuple[ModuleType, dict[str, str]]:
    """Load a Python file of the user's own, with the hashes of its sources; ``what`` it is, such as "pack", for messages.

    Raises
    ------
    LFError
        It does not exist, or fails; names the line.
    """
    if not path.is_file():
        raise LFError(f"{what} {path} does not exist")
    # Named by its path: two packs called mine.py in different folders must not replace each other in sys.modules.
    name = f"weaklabel_pack_{path.stem}_{sha256_of_text(str(path))[:12]}"
    module_spec = importlib.util.spec_from_file_location(name, path)
    assert module_spec is not None
    module = importlib.util.module_from_spec(module_spec)
    sys.modules[name] = module
    try:
        source = path.read_bytes()
        with _neighbours(path.parent):
            # Not by its loader, which takes compiled code for this source's where time (in seconds) and size are the same.
            exec(compile(source, str(path), "exec", dont_inherit=True), vars(module))
            sources = _sources(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise LFError(f"{what} {path} cannot be loaded: {_blame(error, path)}") from error
    sources[str(path)] = blake_of_bytes(source)
    return module, sources


@contextmanager
def _neighbours(folder: Path) -> Iterator[None]:
    """Let a pack import the files next to it, as a script can, without another pack getting the same ones later."""
    before, writes = dict(sys.modules), sys.dont_write_bytecode
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True  # an edit within the same second would not be noticed
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.dont_write_bytecode = writes
        with suppress(ValueError):  # if the pack removed it
            sys.path.remove(str(folder))
        for name, module in list(sys.modules.items()):
            if module is not before.get(name) and _is_beside(name, module, folder):
                del sys.modules[name]
                if name in before:  # a module of the pack that replaced another one of this name
                    sys.modules[name] = before[name]


def _is_beside(name: str, module: Any, folder: Path) -> bool:
    """Say whether a module, or namespace package, is the user's own and comes from the folder of a pack."""
    file = getattr(module, "__file__", None)
    places = [file] if isinstance(file, str) else list(getattr(module, "__path__", None) or ())
    if name.partition(".")[0] == "weaklabel" or not places:
        return False
    return all(Path(place).is_relative_to(folder) and not is_installed(name, place, None) for place in places)


def _sources(module: ModuleType) -> dict[str, str]:
    """Return the hash of each of the user's own source files that a module consists of."""
    hashes = {}
    for file in own_modules(module, None).values():
        with suppress(OSError):  # such as the name that a notebook gives to a cell
            hashes[file] = blake_of_bytes(Path(file).read_bytes())
    return hashes


def load_attribute(target: str, what: str) -> tuple[ModuleType, Any, dict[str, str]]:
    """Import ``module:attribute``; return the module, the attribute, and the hashes of the sources.

    Raises
    ------
    LFError
        It cannot be imported; ``what`` it is begins the message.
    """
    module_name, _, attribute = target.partition(":")
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))
    try:
        module = importlib.import_module(module_name)
        thing: Any = module
        for part in filter(None, attribute.split(".")):
            thing = getattr(thing, part)
    except (Exception, SystemExit) as error:
        raise LFError(f"{what} cannot be loaded: {type(error).__name__}: {error}") from error
    return module, thing, _sources(thing if isinstance(thing, ModuleType) else module)


def _not_utf8(path: Path) -> str | None:
    """Say that a pack which declares no other encoding is not UTF-8; None where it is."""
    data = path.read_bytes()
    with suppress(SyntaxError):  # the declaration itself is wrong, and its own error says so
        if tokenize.detect_encoding(io.BytesIO(data).readline)[0].startswith("utf-8"):
            try:
                utf8(data, path.name)
            except NotUtf8 as error:
                return str(error)
    return None


def _blame(error: BaseException, path: Path) -> str:
    """Return what the error is and on which line of the pack."""
    if isinstance(error, WeakLabelError):
        text = str(error)
    else:
        text = f"{type(error).__name__}: {error}"
    if isinstance(error, SyntaxError):
        return _not_utf8(path) or text
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return f"{text} (line {lines[-1]})" if lines else text


def python_name(text: str, otherwise: str = "lf") -> str:
    """Return a name for ``text`` as Python reads it: two that Python takes for one name are one here, too.

    Python normalises names (NFKC), so that ``ｐrize = ...`` replaces ``prize``.

    Parameters
    ----------
    text
        What the name is to say; what cannot be in a name becomes an underscore.
    otherwise
        The name where nothing is left of ``text``, with a prefix where it is a keyword or begins with a digit.

    Examples
    --------
    >>> [python_name(text) for text in ("ｐrize", "free entry", "class", "№ 1", "!")]
    ['prize', 'free_entry', 'lf_class', 'No_1', 'lf']
    """
    # What re takes for a word has numerals that no name may hold.
    fitting = "".join(char if f"_{char}".isidentifier() else "_" for char in normalised(text))
    name = fitting.strip("_") or otherwise
    return name if name.isidentifier() and not iskeyword(name) else f"{otherwise}_{name}"


def normalised(name: str) -> str:
    """Return a name as Python compares it."""
    return unicodedata.normalize("NFKC", name)
