"""Labeling functions that others wrote: Snorkel's, and any object with a name and a ``vote``, as weaklabel's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from weaklabel.corpus.batch import Batch
from weaklabel.lf.core import LF, vote_by_row
from weaklabel.lf.expressions import ExpressionLF
from weaklabel.lf.fingerprint import NotFingerprintable, version_of
from weaklabel.lf.spans.annotators import ComponentLF, annotator_lfs, is_annotator, is_ruler


class SnorkelLF(LF):
    """A labeling function made with ``snorkel.labeling``, called row by row."""

    kind = "snorkel"
    by_row = True

    def __init__(self, wrapped: Any) -> None:
        self.name: str = wrapped.name
        self.wrapped = wrapped

    def vote(self, batch: Batch) -> list[Any]:
        """Vote on every row of ``batch``; see `LF.vote`."""
        return vote_by_row(self.wrapped, batch)

    def __call__(self, x: Any) -> Any:
        """Vote on one row."""
        return self.wrapped(x)

    def identity(self) -> Any:
        """See `LF.identity`."""
        if not type(self.wrapped).__module__.startswith("snorkel."):
            raise NotFingerprintable(type(self.wrapped))
        return [version_of("snorkel"), type(self.wrapped), vars(self.wrapped)]

    @property
    def code(self) -> Any:
        """See `LF.code`."""
        return getattr(self.wrapped, "_f", self.wrapped)

    def __repr__(self) -> str:
        return repr(self.wrapped)


class ForeignLF(LF):
    """An object of another class with a ``name`` and a ``vote`` for a batch of rows."""

    def __init__(self, wrapped: Any) -> None:
        label, kind = getattr(wrapped, "label", None), getattr(wrapped, "kind", None)
        self.name: str = wrapped.name
        self.wrapped = wrapped
        self.columns: tuple[str, ...] = tuple(getattr(wrapped, "columns", ()))
        self.label: int | None = label if isinstance(label, int) else None
        self.kind: str = kind if isinstance(kind, str) else LF.kind

    def vote(self, batch: Batch) -> Sequence[Any] | np.ndarray:
        """Vote on every row of ``batch``; see `LF.vote`."""
        votes: Sequence[Any] | np.ndarray = self.wrapped.vote(batch)
        return votes

    def __call__(self, x: Any) -> Any:
        """Vote on one row."""
        return self.wrapped(x) if callable(self.wrapped) else super().__call__(x)

    def identity(self) -> Any:
        """See `LF.identity`."""
        raise NotFingerprintable(type(self.wrapped))

    @property
    def code(self) -> Any:
        """See `LF.code`."""
        return self.wrapped

    def __repr__(self) -> str:
        return repr(self.wrapped)


def as_lfs(thing: Any) -> list[LF]:
    """Return ``thing`` as labeling functions: as `as_lf` does; one that combines several annotators is all of these."""
    if is_annotator(thing) and not isinstance(thing, LF):
        return list(annotator_lfs(thing))
    lf = as_lf(thing)
    return [] if lf is None else [lf]


def as_lf(thing: Any) -> LF | None:
    """Return ``thing`` as a labeling function, or None where it is none.

    Whatever has a string ``name`` and either votes on batches or is made with ``snorkel.labeling`` is wrapped; one that
    has a polars expression and its columns is evaluated as such. An annotator of spans, such as skweak's, and a component of
    spaCy that marks spans by rules are labeling functions of spans. Classes do not count.
    """
    if isinstance(thing, LF):
        return thing
    if isinstance(thing, type) or not isinstance(getattr(thing, "name", None), str):
        return None
    if is_annotator(thing):
        lfs = annotator_lfs(thing)
        return lfs[0] if len(lfs) == 1 else None
    if is_ruler(thing):
        return ComponentLF(thing)
    if callable(getattr(thing, "vote", None)):
        expr, columns = getattr(thing, "expr", None), getattr(thing, "columns", None)
        if isinstance(expr, pl.Expr) and columns is not None:
            return ExpressionLF(thing.name, tuple(columns), expr)
        return ForeignLF(thing)
    is_snorkel = any(base.__module__.startswith("snorkel.labeling") for base in type(thing).__mro__)
    return SnorkelLF(thing) if is_snorkel and callable(thing) else None
