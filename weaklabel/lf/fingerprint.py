"""What a labeling function's votes hang on, as one hash: while it stays the same, votes kept from before are good.

It sees the code of functions with the names they look up, their resources, patterns, word lists, pipelines and models.
It cannot see files, services, clocks or chance that a function turns to when it votes.
"""

from __future__ import annotations

import platform
from typing import Any

import polars as pl

import weaklabel
from weaklabel.cache import digest_of
from weaklabel.encoder import default_model, run_identity
from weaklabel.errors import WeakLabelError
from weaklabel.lf.components import components_for, pipeline_identity
from weaklabel.lf.core import LF, ForeignLF, LabelingFunction
from weaklabel.lf.lexicon import LexiconLF
from weaklabel.lf.models import SklearnLF, TransformersLF, ZeroShotLF
from weaklabel.lf.modules import version_of
from weaklabel.lf.parsing import SpacyLF
from weaklabel.lf.patterns import PatternLF
from weaklabel.lf.prototype import PrototypeLF
from weaklabel.lf.values import Unknowable, ValueHash

VERSION = "2"
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
    try:
        essence = ValueHash(origin).of(_essence(lf))
    except (Unknowable, OSError, WeakLabelError):
        return None
    versions = f"{VERSION} {weaklabel.__version__} {platform.python_version()} {type(lf).__qualname__}"
    return digest_of([versions, essence]).hex()


def _essence(lf: Any) -> Any:
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
        return _of_model(lf)
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


def _of_model(lf: Any) -> Any:
    # What begins with an underscore is computed from the rest when it is first needed.
    given = {name: value for name, value in vars(lf).items() if not name.startswith("_") and name != "name"}
    if isinstance(lf, SklearnLF):
        return given
    model = run_identity(str(default_model() if lf.model is None else lf.model), None)
    if model is None:
        raise Unknowable(lf.model)
    return [model, {**given, "model": ""}]
