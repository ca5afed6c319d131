"""Packs of labeling functions: finding them, loading them, and joining what was loaded.

A pack is one ``.py`` file with ``LABELS`` and labeling functions. Ready packs, a user's own file, an attribute of an
importable package and an installed plugin all come through `load_lfs`, and only what was named is loaded.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from weaklabel.errors import LFError, VoteError, nearest
from weaklabel.label_names import encode_labels
from weaklabel.labels import Labels, check_label_names
from weaklabel.lf.core import LF, check_label_order
from weaklabel.lf.foreign import as_lfs
from weaklabel.lf.modules import load_attribute, load_module, normalised
from weaklabel.lf.spans.annotators import joined_annotators, without_parts
from weaklabel.lf.spans.core import SpanLF
from weaklabel.lf.spans.forest import Inner, LabelForest, label_forest
from weaklabel.lf.spans.order import in_order
from weaklabel.support.plugins import plugin_origin, plugin_points
from weaklabel.support.progress import stage
from weaklabel.support.table import html_table

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


TEXTS, SPANS = "texts", "spans"
TASKS = (TEXTS, SPANS)
"""What a pack says as TASK: what its labeling functions vote on."""

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
    task
        What is labeled: "texts", or "spans" within them.
    inner
        Inner nodes of a hierarchy of labels of spans: name, and numbers of the labels below; they have the numbers that
        follow those of the labels.
    loader
        What loads the same from ``specs`` in another process.
    specs
        What was given to `load_lfs`, with files as absolute paths, so that another process can load the same.
    origins
        Where each labeling function came from.
    doc
        First line of the pack's docstring.
    sources
        The user's own source files behind them, with the hash of each as it was when it was loaded.
    """

    lfs: tuple[LF, ...]
    labels: tuple[str, ...]
    specs: tuple[str, ...] = ()
    origins: tuple[str, ...] = field(default=(), compare=False)
    doc: str = field(default="", compare=False)
    sources: Mapping[str, str] = field(default_factory=dict, compare=False)
    task: str = "texts"
    inner: Inner = ()
    loader: str = field(default="weaklabel.lf.packs:load_lfs", compare=False)

    @property
    def all_labels(self) -> tuple[str, ...]:
        """Names of what labeling functions vote for, by number: the labels, and inner nodes of a hierarchy."""
        return (*self.labels, *(name for name, _ in self.inner))

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
            A value is not a class; the message names the row.
        """
        return encode_labels(values, self.labels, "labels", stacklevel=2)

    def only(self, names: Iterable[str]) -> LFCollection:
        """Return the collection with the labeling functions of these names alone, in its own order."""
        wanted = set(names)
        chosen = [number for number, lf in enumerate(self.lfs) if lf.name in wanted]
        origins = tuple(self.origins[number] for number in chosen) if self.origins else ()
        return replace(self, lfs=tuple(self.lfs[number] for number in chosen), origins=origins)

    def without_slow(self) -> LFCollection:
        """Return the collection without labeling functions that need an encoder, a trained pipeline or a language model.

        Raises
        ------
        LFError
            No others are left.
        """
        fast = self.only(lf.name for lf in self.lfs if lf.slow is None)
        if self.lfs and not fast.lfs:
            raise LFError("all labeling functions are slow, so none is left without them: do not skip slow ones")
        return fast

    def __iter__(self) -> Iterator[LF]:
        return iter(self.lfs)

    def _repr_html_(self) -> str:
        origins = self.origins or [""] * len(self.lfs)
        rows = [(lf.name, lf.kind, self.label_of(lf), origin) for lf, origin in zip(self.lfs, origins, strict=False)]
        what = "spans with the labels" if self.task == SPANS else "the classes"
        title = f"{len(self)} labeling functions for {what} {', '.join(self.labels)}"
        return html_table(rows, ["labeling function", "kind", "votes for", "from"], title=title)

    def label_of(self, lf: LF) -> str | None:
        """Return the name of the class that a labeling function votes for; None where that is not one."""
        return lf.label_text(self.all_labels)

    def __len__(self) -> int:
        return len(self.lfs)


def load_lfs(*specs: str | Path, skip_slow: bool = False) -> LFCollection:
    """Load labeling functions by name, file, or import path.

    Parameters
    ----------
    *specs
        Each is the name of a ready pack (``spam``) or of an installed plugin, the path of a ``.py`` file
        (``./mine.py``), or ``package:attribute`` where the attribute is a labeling function, a list of them, or a
        module.
    skip_slow
        Leave out those that need a text encoder, a trained spaCy pipeline or a language model, see `weaklabel.lf.core.LF.slow`.

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
        loaded = join_packs([_load(str(spec)) for spec in specs])
    return loaded.without_slow() if skip_slow else loaded


def reload_lfs(loader: str, specs: Iterable[str]) -> LFCollection:
    """Load again what was loaded from specs, by the function that a collection names as its loader."""
    module, _, name = loader.partition(":")
    loaded: LFCollection = getattr(importlib.import_module(module), name)(*specs)
    return loaded


def join_packs(packs: Sequence[LFCollection]) -> LFCollection:
    """Join loaded packs into one collection; labels must agree and names must be distinct."""
    first = packs[0]
    seen: dict[str, tuple[str, str]] = {}
    for pack in packs:
        if pack.task != first.task:
            raise LFError(
                f"{first.specs[0]} labels {first.task} and {pack.specs[0]} labels {pack.task}; packs used together must have "
                "the same TASK"
            )
        if (pack.labels, pack.inner) != (first.labels, first.inner):
            raise LFError(
                f"{first.specs[0]} labels {list(first.all_labels)} but {pack.specs[0]} labels {list(pack.all_labels)}; "
                "packs used together must declare the same LABELS in the same order"
            )
        for lf, origin in zip(pack.lfs, pack.origins, strict=True):
            name = normalised(lf.name)
            if name in seen:
                other, where = seen[name]
                same = (
                    f"'{lf.name}'"
                    if lf.name == other
                    else f"'{other}' and '{lf.name}', one name to Python and to readers"
                )
                raise LFError(f"two labeling functions are called {same}: in {where} and in {origin}; rename one")
            seen[name] = lf.name, origin
    lfs = tuple(lf for pack in packs for lf in pack.lfs)
    in_order(lfs)
    return LFCollection(
        lfs=lfs,
        labels=first.labels,
        task=first.task,
        inner=first.inner,
        specs=tuple(spec for pack in packs for spec in pack.specs),
        origins=tuple(origin for pack in packs for origin in pack.origins),
        doc=first.doc,
        sources={file: content for pack in packs for file, content in pack.sources.items()},
    )


def ready_packs() -> dict[str, Path]:
    """Return the packs that ship with weaklabel: name -> file."""
    folder = _packs_folder()
    return {path.stem: path for path in sorted(folder.glob("*.py")) if not path.stem.startswith("_")}


def plugin_packs() -> dict[str, list[EntryPoint]]:
    """Return the installed plugins, not loaded: name -> entry points; one, unless two distributions use the name."""
    return plugin_points(ENTRY_POINT_GROUP)


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
    origins = [f"the ready pack '{spec}'"] * (spec in ready) + [plugin_origin(point) for point in points]
    if len(origins) > 1:
        raise LFError(f"two packs are called '{spec}': {origins[0]} and {origins[1]}; uninstall one")
    if spec in ready:
        return _load_file(ready[spec], spec)
    if points:
        return _load_attribute(points[0].value, spec, origins[0])
    names = sorted({*ready, *plugins})
    hint = f"; for a file give its path, ./{spec}.py" if Path(f"{spec}.py").exists() else ""
    raise LFError(f"no pack is called '{spec}'{nearest(spec, names)}; packs are {', '.join(names)}{hint}")


def _load_file(path: Path, spec: str) -> LFCollection:
    module, sources = load_module(path.absolute(), "pack")
    return _collect(module, vars(module).items(), spec, str(path.absolute()), sources)


def _load_attribute(target: str, spec: str, origin: str) -> LFCollection:
    module, thing, sources = load_attribute(target, f"pack {origin}")
    if isinstance(thing, ModuleType):
        return _collect(thing, vars(thing).items(), spec, origin, sources)
    return _collect(module, [(target.partition(":")[2], thing)], spec, origin, sources)


def _collect(
    module: ModuleType, items: Iterable[tuple[str, Any]], spec: str, origin: str, sources: Mapping[str, str]
) -> LFCollection:
    """Gather the labeling functions among ``items``, single ones and lists of them, each once."""
    if not hasattr(module, "LABELS"):
        raise LFError(f"pack {origin} has no LABELS; add a line such as LABELS = ('ham', 'spam')")
    task = getattr(module, "TASK", TEXTS)
    if task not in TASKS:
        raise LFError(
            f"pack {origin}: TASK must be {' or '.join(map(repr, TASKS))}, not {task!r}{nearest(str(task), TASKS)}"
        )
    forest = _labels(module.LABELS, task, f"pack {origin}")
    by_id: dict[int, list[LF]] = {}
    for name, value in items:
        if name.startswith("_"):
            continue
        for thing in value if isinstance(value, list | tuple) else [value]:
            if id(thing) not in by_id and (of_thing := as_lfs(thing)):
                # Annotators and components of others are something else in a pack for whole texts.
                by_id[id(thing)] = [lf for lf in of_thing if lf is thing or task == SPANS or lf.task == TEXTS]
    collected = without_parts(lf for of_thing in by_id.values() for lf in of_thing)
    joined_annotators(collected)
    maker = "span_lf" if task == SPANS else "labeling_function"
    if not collected:
        raise LFError(f"pack {origin} has no labeling functions; decorate a function with @{maker}()")
    lfs = tuple(_fit(lf, task, forest, origin) for lf in collected)
    doc = (module.__doc__ or "").strip().partition("\n")[0]
    origins = (origin,) * len(lfs)
    return join_packs([LFCollection(lfs, forest.leaves, (spec,), origins, doc, sources, task, forest.inner)])


def _labels(labels: Any, task: str, where: str) -> LabelForest:
    if task == SPANS:
        return label_forest(labels, where)
    try:
        return LabelForest(check_label_names(labels, where))
    except VoteError as error:
        hint = ', or add TASK = "spans"' if isinstance(labels, Mapping) else ""
        raise LFError(f"{error}{hint}") from None


def _fit(lf: LF, task: str, forest: LabelForest, origin: str) -> LF:
    """Return a labeling function as it votes with the labels of its pack."""
    check_task(lf, task, f"pack {origin}")
    if isinstance(lf, SpanLF):
        try:
            return lf.bind(forest.names)
        except LFError as error:
            raise LFError(f"pack {origin}: {error}") from None
    check_label_order(lf, forest.leaves, f"LABELS of pack {origin}")
    if lf.label is not None and lf.label >= len(forest.leaves):
        raise LFError(
            f"pack {origin}: LF '{lf.name}' votes {lf.label}, but LABELS has {len(forest.leaves)} classes, from 0"
        )
    return lf


def check_task(lf: LF, task: str, where: str) -> None:
    """Refuse, as an `LFError`, a labeling function that votes on whole texts among those that mark spans, or the reverse."""
    if lf.task == task:
        return
    if lf.task == SPANS:
        raise LFError(
            f"{where}: LF '{lf.name}' marks spans, but the task is texts; add the line TASK = \"spans\", or move it"
        )
    raise LFError(
        f"{where}: LF '{lf.name}' ({lf.kind}) votes on whole texts, but the task is spans; use one that marks spans, such as "
        "regex_spans_lf, gazetteer_lf or span_lf"
    )


@dataclass(frozen=True)
class LFListing:
    """One labeling function as lists show it: the class that it votes for, where that is one, and its settings."""

    name: str
    kind: str
    label: str | None
    options: Mapping[str, Any]


@dataclass(frozen=True)
class PackListing:
    """One pack: its labeling functions, or the error that keeps it from loading."""

    spec: str
    origin: str = ""
    doc: str = ""
    labels: tuple[str, ...] = ()
    lfs: tuple[LFListing, ...] = ()
    error: str | None = None
    task: str = TEXTS

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)


def list_packs(specs: Sequence[str] = ()) -> list[PackListing]:
    """List the named packs, or all ready packs and plugins where none is named.

    A pack that cannot be loaded is listed with its error and keeps none of the others from being listed.
    """
    return [_listing(spec) for spec in specs or {**ready_packs(), **plugin_packs()}]


def _listing(spec: str) -> PackListing:
    try:
        pack = load_lfs(spec)
    except LFError as error:
        return PackListing(spec, error=str(error))
    lfs = tuple(LFListing(lf.name, lf.kind, pack.label_of(lf), lf.options()) for lf in pack)
    return PackListing(spec, pack.origins[0], pack.doc, pack.all_labels, lfs, task=pack.task)
