"""What a labeling function's votes hang on, as one hash: while it stays the same, votes kept from before are good.

It sees the code of functions with the names they look up, their resources, patterns, word lists, pipelines and models.
It cannot see files, services, clocks or chance that a function turns to when it votes.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

import weaklabel
from weaklabel.encoder.encoder import default_model, run_identity
from weaklabel.errors import LFError, WeakLabelError
from weaklabel.lf.components import components_for, pipeline_identity
from weaklabel.lf.core import LF, ForeignLF, LabelingFunction
from weaklabel.lf.lexicon import LexiconLF
from weaklabel.lf.models import SklearnLF, TransformersLF, ZeroShotLF
from weaklabel.lf.modules import version_of
from weaklabel.lf.packs import LFCollection, load_lfs
from weaklabel.lf.parsing import SpacyLF
from weaklabel.lf.patterns import PatternLF
from weaklabel.lf.prototype import PrototypeLF
from weaklabel.lf.values import Unknowable, ValueHash
from weaklabel.support.hashing import hash_parts, hash_path

VERSION = "3"
"""Of how the kinds of labeling functions vote; to be changed when one votes otherwise than before."""

_PICKLED = b"PLPY"
"""Begins a Python function in a polars expression."""


def fingerprint(lf: LF, origin: str | None = None) -> str | None:
    """Return a hash that changes whenever the labeling function's votes might.

    Parameters
    ----------
    lf
        The labeling function.
    origin
        Path of the file that it comes from, where it comes from one: names in that file are followed into their code
        even where it lies among the installed packages, whose code otherwise goes by their versions.

    Returns
    -------
    str or None
        Hex digits, the same in every process. None where it cannot be told: a kind of labeling function that is neither
        weaklabel's nor Snorkel's, or one that holds something whose content cannot be read; its votes are not to be kept.

    Examples
    --------
    >>> from weaklabel.lf.patterns import keyword_lf
    >>> fingerprint(keyword_lf("a", 1, ["free"])) == fingerprint(keyword_lf("a", 1, ["free"]))
    True
    >>> fingerprint(keyword_lf("a", 1, ["free"])) == fingerprint(keyword_lf("a", 1, ["free", "win"]))
    False
    """
    return _fingerprint(lf, ValueHash(origin))


def _fingerprint(lf: LF, values: ValueHash) -> str | None:
    try:
        essence = values.of(_essence(lf, values))
    except (Unknowable, OSError, WeakLabelError):
        return None
    versions = f"{VERSION} {weaklabel.__version__} {platform.python_version()} {type(lf).__qualname__}"
    return hash_parts([versions, essence]).hex()


@dataclass(frozen=True)
class Identity:
    """What labeling functions were when they were loaded, to be compared where they are loaded again.

    Attributes
    ----------
    keys
        Fingerprint by name; None where it cannot be told.
    sources
        See `LFCollection`; they tell where a fingerprint cannot.
    files
        Hash of each file or folder that they read when they vote: models, and paths among their resources.
    """

    keys: Mapping[str, str | None]
    sources: Mapping[str, str]
    files: Mapping[str, str]


def identity_of(lfs: LFCollection) -> Identity:
    """Return what labeling functions are now."""
    keys, files = {}, dict[str, str]()
    for lf, origin in zip(lfs.lfs, lfs.origins or (None,) * len(lfs), strict=True):
        values = ValueHash(origin)
        keys[lf.name] = _fingerprint(lf, values)
        files.update(values.files)
    return Identity(keys, lfs.sources, files)


def check_same(expected: Identity, names: Iterable[str], lfs: LFCollection, hint: str) -> None:
    """Compare labeling functions with what they were where they were loaded first.

    Parameters
    ----------
    expected
        What they were.
    names
        Those that are compared.
    lfs
        Those loaded here.
    hint
        What to do where they differ, for the message.

    Raises
    ------
    LFError
        One is missing or another one than before; names it and its pack.
    """
    here, again = identity_of(lfs), None
    origins = dict(zip(lfs.names, lfs.origins, strict=True))
    for name in names:
        if name not in here.keys:
            raise LFError(f"LF '{name}' is missing when {', '.join(lfs.specs)} is loaded again in a worker process")
        key, before = here.keys[name], expected.keys[name]
        if key == before is not None:
            continue
        if key is not None and before is not None:
            # Some differ whenever they are loaded, since they hold a time or a random number.
            again = again or identity_of(load_lfs(*lfs.specs))
            is_another = again.keys.get(name) == key
        else:
            is_another = False
        changed = [file for file, content in expected.sources.items() if here.sources.get(file, content) != content]
        if is_another or changed:
            what = f" ({changed[0]} was edited)" if changed else ""
            raise LFError(
                f"LF '{name}' of {origins[name]} in a worker process is not the one that this run loaded{what}: {hint}"
            )


def check_files(expected: Identity) -> None:
    """Refuse, as an `LFError`, votes of labeling functions whose models or files changed while they voted."""
    for file, content in expected.files.items():
        try:
            is_same = hash_path(file) == content
        except OSError:
            is_same = False
        if not is_same:
            raise LFError(f"{file}, which labeling functions read, has changed while they voted: run again")


def _essence(lf: Any, values: ValueHash) -> Any:
    """Return values that tell the labeling function from all that vote otherwise."""
    kind = type(lf)
    if kind is LabelingFunction:
        return [lf._f, lf._resources, lf._pre]
    if kind is ForeignLF and type(lf.wrapped).__module__.startswith("snorkel."):
        return [version_of("snorkel"), type(lf.wrapped), vars(lf.wrapped)]
    if kind is PatternLF:
        expressions = [None if expr is None else _of_expression(expr) for expr in (lf.expr, lf.loose)]
        return [pl.__version__, lf.columns, expressions, lf.literals, lf.sure]
    if kind is LexiconLF:
        return [pl.__version__, {name: value for name, value in vars(lf).items() if name != "name"}]
    if kind is SpacyLF:
        return _of_spacy(lf)
    if kind in (SklearnLF, TransformersLF, ZeroShotLF, PrototypeLF):
        return _of_model(lf, values)
    raise Unknowable(kind)


def _of_expression(expr: pl.Expr) -> bytes:
    data = expr.meta.serialize()
    if _PICKLED in data:  # by the function's name, which says nothing about its code
        raise Unknowable(pl.Expr)
    return data


def _of_spacy(lf: SpacyLF) -> Any:
    pipeline = pipeline_identity(lf.nlp)
    if pipeline is None:
        raise Unknowable(type(lf.nlp))
    made_of = lf.f if lf.definition is None else lf.definition
    return [pipeline, components_for(lf.nlp, lf.needs), lf.columns, lf.label, made_of]


def _of_model(lf: Any, values: ValueHash) -> Any:
    # What begins with an underscore is computed from the rest when it is first needed.
    given = {name: value for name, value in vars(lf).items() if not name.startswith("_") and name != "name"}
    if isinstance(lf, SklearnLF):
        return given
    folder = str(default_model() if lf.model is None else lf.model)
    model = run_identity(folder, None)
    if model is None:
        raise Unknowable(lf.model)
    values.note_file(folder)
    return [model, {**given, "model": ""}]
