"""Loading transformation functions: by name, from a file, or from an importable package."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weaklabel.augment.core import TFCaller, TransformationFunction, as_tf, caller_of
from weaklabel.errors import AugmentError, LFError, nearest
from weaklabel.job.folder import lf_keys
from weaklabel.lf.identity import identity_of
from weaklabel.lf.modules import load_attribute, load_module
from weaklabel.lf.packs import LFCollection
from weaklabel.registries import TRANSFORMATION_FUNCTIONS
from weaklabel.support.params import checked_params

POLICY = "POLICY"
"""Name under which a file may have its policy."""


@dataclass(frozen=True)
class TFCollection:
    """Transformation functions with distinct names.

    Attributes
    ----------
    tfs
        The transformation functions.
    specs
        For each, what was given to `load_tfs`, with files as absolute paths; "" where it was given as an object.
    sources
        The user's own source files behind them, with the hash of each.
    policy
        The policy that one of the files has as POLICY; None where none has.
    """

    tfs: tuple[TransformationFunction, ...]
    specs: tuple[str, ...]
    sources: Mapping[str, str]
    policy: Any = None

    @property
    def names(self) -> list[str]:
        """Their names."""
        return [tf.name for tf in self.tfs]

    def caller(self, place: int) -> tuple[TFCaller, LFCollection | None]:
        """Return what calls one of them, and the pack that guarded processes load it from."""
        caller, spec = caller_of(self.tfs[place]), self.specs[place]
        if not spec or not self.tfs[place].is_foreign:
            return caller, None
        loader = f"{__name__}:load_callers"
        return caller, LFCollection((caller,), (), (spec,), (spec,), sources=self.sources, loader=loader)

    def keys(self) -> dict[str, str]:
        """Return what decides the results of each, by its name as messages have it; see `weaklabel.job.folder.lf_keys`."""
        callers = LFCollection(tuple(map(caller_of, self.tfs)), (), sources=self.sources)
        keys = lf_keys(identity_of(callers), callers)
        return {f"transformation function '{name}'": key for name, key in zip(self.names, keys, strict=True)}

    def identity(self) -> dict[str, Any]:
        """Return, as JSON has it, what they were when they were loaded."""
        callers = tuple(map(caller_of, self.tfs))
        identity = identity_of(LFCollection(callers, (), sources=self.sources))
        return {"keys": dict(identity.keys), "sources": dict(identity.sources), "files": dict(identity.files)}


def load_tfs(specs: Iterable[Any], params: Mapping[str, Mapping[str, Any]] | None = None) -> TFCollection:
    """Load transformation functions.

    Parameters
    ----------
    specs
        Each is a name (``typos``; see ``TRANSFORMATION_FUNCTIONS`` in `weaklabel.registries`), the path of a ``.py`` file, of
        which all transformation functions are taken, ``package:attribute``, or a transformation function, one of Snorkel's
        included.
    params
        Parameters of those given by name, such as ``{"typos": {"share": 0.2}}``.

    Raises
    ------
    AugmentError
        A name is unknown or used twice, a parameter is wrong, or there are none.
    LFError
        A file cannot be loaded.

    Examples
    --------
    >>> load_tfs(["typos", "case"], {"typos": {"share": 0.3}}).names
    ['typos', 'case']
    """
    if isinstance(specs, str) or not isinstance(specs, Iterable):
        raise AugmentError(f"transformation functions must be given in a list, not as {specs!r}")
    given = {name: dict(of_name) for name, of_name in (params or {}).items()}
    tfs, of_tfs, sources, policies = list[TransformationFunction](), list[str](), dict[str, str](), list[Any]()
    named = list(specs)
    for spec in named:
        found, name, of_spec, policy = _load(spec, given)
        tfs += found
        of_tfs += [name] * len(found)
        sources |= of_spec
        policies += [] if policy is None else [policy]
    names = [tf.name for tf in tfs]
    if not tfs:
        raise AugmentError(f"no transformation functions were named; there are {', '.join(TRANSFORMATION_FUNCTIONS)}")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise AugmentError(f"two transformation functions are called '{twice}'; rename one")
    unused = next((name for name in given if name not in named), None)
    if unused is not None:
        raise AugmentError(
            f"there are parameters for '{unused}', which is no transformation function in use{nearest(unused, names)}"
        )
    if len(policies) > 1:
        raise AugmentError(f"{len(policies)} files have a {POLICY}; leave all but one out")
    return TFCollection(tuple(tfs), tuple(of_tfs), sources, policies[0] if policies else None)


def load_callers(*specs: str) -> LFCollection:
    """Load the transformation functions of files as guarded processes call them."""
    loaded = load_tfs(specs)
    callers = tuple(map(caller_of, loaded.tfs))
    loader = f"{__name__}:load_callers"
    return LFCollection(callers, (), specs, loaded.specs, sources=loaded.sources, loader=loader)


def _load(
    spec: Any, params: Mapping[str, Mapping[str, Any]]
) -> tuple[Sequence[TransformationFunction], str, dict[str, str], Any]:
    """Return the transformation functions of a spec, the spec by which another process finds them, sources and policy."""
    if not isinstance(spec, str | Path):
        tf = as_tf(spec)
        if tf is None:
            raise AugmentError(
                f"{spec!r} is no transformation function; decorate a function with @transformation_function()"
            )
        return [tf], "", {}, None
    name = str(spec)
    if name.endswith(".py"):
        path = Path(name).absolute()
        module, sources = load_module(path, "file")
        return _of_items(vars(module).values(), str(path)), str(path), sources, getattr(module, POLICY, None)
    if ":" in name:
        module, thing, sources = load_attribute(name, name)
        is_module = type(thing) is type(module)
        found = _of_items(vars(thing).values() if is_module else [thing], name)
        return found, name, sources, getattr(thing, POLICY, None) if is_module else None
    if Path(f"{name}.py").exists() and name not in TRANSFORMATION_FUNCTIONS:
        raise AugmentError(f"no transformation function is called '{name}'; for a file give its path, ./{name}.py")
    cls = TRANSFORMATION_FUNCTIONS[name]
    try:
        tf = cls(**checked_params(cls, dict(params.get(name, {}))))
    except ValueError as error:
        if isinstance(error, AugmentError | LFError):
            raise
        raise AugmentError(f"transformation function '{name}': {error}") from None
    return [tf], name, {}, None


def _of_items(items: Iterable[Any], where: str) -> list[TransformationFunction]:
    """Gather the transformation functions among values, single ones and lists of them, each once.

    What another object of the file has as a preprocessor is none, though Snorkel makes the same of it.
    """
    by_id: dict[int, TransformationFunction] = {}
    values = list(items)
    every = [thing for value in values for thing in (value if isinstance(value, list | tuple) else [value])]
    pre = {id(each) for thing in every for each in _preprocessors(thing)}
    for value in values:
        for thing in value if isinstance(value, list | tuple) else [value]:
            tf = as_tf(thing)
            if tf is not None and id(thing) not in pre:
                by_id.setdefault(id(thing), tf)
    if not by_id:
        raise AugmentError(
            f"{where} has no transformation functions; decorate a function with @transformation_function()"
        )
    return list(by_id.values())


def _preprocessors(thing: Any) -> list[Any]:
    """Return the preprocessors of a labeling or transformation function, of ours or of Snorkel's."""
    pre = getattr(thing, "_pre", None) or getattr(thing, "pre", None)
    return list(pre) if isinstance(pre, list | tuple) else []
