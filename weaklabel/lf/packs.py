"""Packs of labeling functions: finding them, loading them, and joining what was loaded.

A pack is one ``.py`` file with ``LABELS`` and labeling functions. Ready packs, a user's own file, an attribute of an
importable package and an installed plugin all come through `load_lfs`, and only what was named is loaded.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import io
import sys
import tokenize
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from weaklabel.encodings import NotUtf8, utf8
from weaklabel.errors import LFError, VoteError, WeakLabelError, nearest
from weaklabel.html_table import html_table
from weaklabel.label_names import encode_labels
from weaklabel.labels import Labels, check_label_names
from weaklabel.lf.core import LF, as_lf
from weaklabel.progress import stage

ENTRY_POINT_GROUP = "weaklabel.labeling_functions"


@dataclass(frozen=True)
class LFCollection:
    """Labeling functions that vote on the same classes.

    Attributes
    ----------
    lfs
        The labeling functions; column ``j`` of L is the vote of ``lfs[j]``.
    labels
        Class names; class ``i`` is ``labels[i]``.
    specs
        What was given to `load_lfs`, with files as absolute paths, so that another process can load the same.
    origins
        Where each labeling function came from.
    doc
        First line of the pack's docstring.
    """

    lfs: tuple[LF, ...]
    labels: tuple[str, ...]
    specs: tuple[str, ...] = ()
    origins: tuple[str, ...] = field(default=(), compare=False)
    doc: str = field(default="", compare=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the labeling functions, in the order of L's columns."""
        return tuple(lf.name for lf in self.lfs)

    def encode(self, values: Sequence[Any]) -> Labels:
        """Turn labels, such as a gold column, into class numbers; see `weaklabel.label_names.encode_labels`. Shape: [n].

        Empty, None, NaN and -1 are -1, no label. Near-equal spellings and class numbers are matched with a
        `WeakLabelWarning`.

        Raises
        ------
        VoteError
            A value is no class; says the row.
        """
        return encode_labels(values, self.labels, "labels", stacklevel=2)

    def __iter__(self) -> Iterator[LF]:
        return iter(self.lfs)

    def _repr_html_(self) -> str:
        origins = self.origins or [""] * len(self.lfs)
        rows = [
            (lf.name, getattr(lf, "kind", "row"), self._class(lf), origin)
            for lf, origin in zip(self.lfs, origins, strict=False)
        ]
        title = f"{len(self)} labeling functions for the classes {', '.join(self.labels)}"
        return html_table(rows, ["labeling function", "kind", "votes for", "from"], title=title)

    def _class(self, lf: LF) -> str | None:
        label = getattr(lf, "label", None)
        return self.labels[label] if isinstance(label, int) and 0 <= label < len(self.labels) else None

    def __len__(self) -> int:
        return len(self.lfs)


def load_lfs(*specs: str | Path) -> LFCollection:
    """Load labeling functions by name, file, or import path.

    Parameters
    ----------
    *specs
        Each is the name of a ready pack (``spam``) or of an installed plugin, the path of a ``.py`` file
        (``./mine.py``), or ``package:attribute`` where the attribute is a labeling function, a list of them, or a
        module.

    Returns
    -------
    LFCollection

    Raises
    ------
    LFError
        A spec is unknown, a pack is broken, labels differ between packs, or a name is used twice; the message names
        the origins.

    Examples
    --------
    >>> lfs = load_lfs("spam")
    >>> lfs.labels
    ('ham', 'spam')
    """
    if not specs:
        raise LFError(f"no labeling functions were named; ready packs are {', '.join(sorted(ready_packs()))}")
    with stage("loading labeling functions"):
        return join_packs([_load(str(spec)) for spec in specs])


def join_packs(packs: Sequence[LFCollection]) -> LFCollection:
    """Join loaded packs into one collection; labels must agree and names must be distinct."""
    first = packs[0]
    seen: dict[str, str] = {}
    for pack in packs:
        if pack.labels != first.labels:
            raise LFError(
                f"{first.specs[0]} labels {list(first.labels)} but {pack.specs[0]} labels {list(pack.labels)}; "
                "packs used together must declare the same LABELS in the same order"
            )
        for lf, origin in zip(pack.lfs, pack.origins, strict=True):
            if lf.name in seen:
                raise LFError(f"two labeling functions are called '{lf.name}': in {seen[lf.name]} and in {origin}")
            seen[lf.name] = origin
    return LFCollection(
        lfs=tuple(lf for pack in packs for lf in pack.lfs),
        labels=first.labels,
        specs=tuple(spec for pack in packs for spec in pack.specs),
        origins=tuple(origin for pack in packs for origin in pack.origins),
        doc=first.doc,
    )


def ready_packs() -> dict[str, Path]:
    """Return the packs that ship with weaklabel: name -> file."""
    folder = _packs_folder()
    return {path.stem: path for path in sorted(folder.glob("*.py")) if not path.stem.startswith("_")}


def plugin_packs() -> dict[str, list[EntryPoint]]:
    """Return the installed plugins, not loaded: name -> entry points; one, unless two distributions use the name."""
    found: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=ENTRY_POINT_GROUP):
        if point.value not in [other.value for other in found.get(point.name, [])]:
            found.setdefault(point.name, []).append(point)
    return found


def _packs_folder() -> Path:
    """Folder of the ready packs: ``weaklabel.packs`` when installed, ``labeling_functions/`` in a plain checkout."""
    spec = importlib.util.find_spec("weaklabel.packs")
    if spec is not None and spec.origin is not None:
        return Path(spec.origin).parent
    checkout = Path(__file__).resolve().parents[2]
    if (checkout / "setup.cfg").is_file():
        return checkout / "labeling_functions"
    raise LFError("the ready packs are missing from this installation of weaklabel; install it again")


def _load(spec: str) -> LFCollection:
    if spec.endswith(".py"):
        return _load_file(Path(spec), str(Path(spec).absolute()))
    if ":" in spec:
        return _load_attribute(spec, spec, f"{spec}")
    ready, plugins = ready_packs(), plugin_packs()
    points = plugins.get(spec, [])
    origins = [f"the ready pack '{spec}'"] * (spec in ready) + [_origin(point) for point in points]
    if len(origins) > 1:
        raise LFError(f"two packs are called '{spec}': {origins[0]} and {origins[1]}; uninstall one")
    if spec in ready:
        return _load_file(ready[spec], spec)
    if points:
        return _load_attribute(points[0].value, spec, origins[0])
    known = sorted({*ready, *plugins})
    hint = f"; for a file give its path, ./{spec}.py" if Path(f"{spec}.py").exists() else ""
    raise LFError(f"no pack is called '{spec}'{nearest(spec, known)}; packs are {', '.join(known)}{hint}")


def _load_file(path: Path, spec: str) -> LFCollection:
    path = path.absolute()
    if not path.is_file():
        raise LFError(f"pack {path} does not exist")
    # Named by its path: two packs called mine.py in different folders must not replace each other in sys.modules.
    name = f"weaklabel_pack_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    module_spec = importlib.util.spec_from_file_location(name, path)
    assert module_spec is not None and module_spec.loader is not None
    module = importlib.util.module_from_spec(module_spec)
    sys.modules[name] = module
    try:
        with _neighbours(path.parent):
            module_spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise LFError(f"pack {path} cannot be loaded: {_blame(error, path)}") from error
    return _collect(module, vars(module).items(), spec, str(path))


@contextmanager
def _neighbours(folder: Path) -> Iterator[None]:
    """Let a pack import the files beside it, as a script can, without another pack getting the same ones later."""
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None)
            if file and Path(file).is_relative_to(folder) and "site-packages" not in file and name.count(".") == 0:
                del sys.modules[name]


def _load_attribute(target: str, spec: str, origin: str) -> LFCollection:
    module_name, _, attribute = target.partition(":")
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))
    try:
        module = importlib.import_module(module_name)
        thing: Any = module
        for part in filter(None, attribute.split(".")):
            thing = getattr(thing, part)
    except (Exception, SystemExit) as error:
        raise LFError(f"pack {origin} cannot be loaded: {type(error).__name__}: {error}") from error
    if isinstance(thing, ModuleType):
        return _collect(thing, vars(thing).items(), spec, origin)
    return _collect(module, [(attribute, thing)], spec, origin)


def _collect(module: ModuleType, items: Iterable[tuple[str, Any]], spec: str, origin: str) -> LFCollection:
    """Gather the labeling functions among ``items``, single ones and lists of them, each once."""
    if not hasattr(module, "LABELS"):
        raise LFError(f"pack {origin} has no LABELS; add a line such as LABELS = ('ham', 'spam')")
    try:
        labels = check_label_names(module.LABELS, f"pack {origin}")
    except VoteError as error:
        raise LFError(str(error)) from None
    found: dict[int, LF] = {}
    for name, value in items:
        if name.startswith("_"):
            continue
        for thing in value if isinstance(value, list | tuple) else [value]:
            lf = as_lf(thing)
            if lf is not None:
                found.setdefault(id(thing), lf)
    if not found:
        raise LFError(f"pack {origin} has no labeling functions; decorate a function with @labeling_function()")
    lfs = tuple(found.values())
    for lf in lfs:
        label = getattr(lf, "label", None)
        if isinstance(label, int) and label >= len(labels):
            raise LFError(f"pack {origin}: LF '{lf.name}' votes {label}, but LABELS has {len(labels)} classes, from 0")
    doc = (module.__doc__ or "").strip().partition("\n")[0]
    return join_packs([LFCollection(lfs, labels, (spec,), (origin,) * len(lfs), doc)])


def _origin(point: EntryPoint) -> str:
    return f"{point.value} (plugin '{point.name}' of {point.dist.name if point.dist else 'an unknown distribution'})"


def _not_utf8(path: Path) -> str | None:
    """Say that a pack which declares no other encoding is not UTF-8; None where it is."""
    data = path.read_bytes()
    with suppress(SyntaxError):  # which is about what it declares, and says so itself
        if tokenize.detect_encoding(io.BytesIO(data).readline)[0].startswith("utf-8"):
            try:
                utf8(data, path.name)
            except NotUtf8 as error:
                return str(error)
    return None


def _blame(error: BaseException, path: Path) -> str:
    """Say what went wrong and on which line of the pack."""
    if isinstance(error, WeakLabelError):
        text = str(error)
    else:
        text = f"{type(error).__name__}: {error}"
    if isinstance(error, SyntaxError):
        return _not_utf8(path) or text
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return f"{text} (line {lines[-1]})" if lines else text
