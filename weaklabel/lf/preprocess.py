"""Preprocessors of labeling functions: each gets a copy of the row, and may cache its result."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import numpy as np

from weaklabel.corpus.batch import fresh_row
from weaklabel.errors import LFError

MEMOIZED_ROWS = 1 << 16
"""Results that a preprocessor keeps: more than the rows of a batch, over which one labeling function after the other goes."""


class Preprocessor:
    """A preprocessor made by `preprocessor`; call it with a row.

    Parameters
    ----------
    name
        Name of the preprocessor, for messages.
    f
        Takes a copy of the row, which it may change, and returns a row.
    pre
        Preprocessors that run on the copy before ``f``.
    memoize
        Keep the results of the last 65,536 different rows, so that labeling functions that share the preprocessor
        share its work.
    """

    def __init__(
        self,
        name: str,
        f: Callable[[Any], Any],
        pre: Sequence[Callable[[Any], Any]] | None = None,
        memoize: bool = False,
    ) -> None:
        self.name = name
        self.memoize = memoize
        self._f = f
        self._pre = list(pre or [])
        self.reset_cache()

    def reset_cache(self) -> None:
        """Forget all results."""
        self._results: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, x: Any) -> Any:
        """Return the preprocessor's result for a copy of ``x``; ``x`` itself is not changed.

        Raises
        ------
        LFError
            The function, or one of ``pre``, returned None.
        """
        if not self.memoize:
            return self._run(fresh_row(x))
        try:
            key = _key_of_row(x)
        except TypeError:
            return self._run(fresh_row(x))  # a value of it can change without a change of its hash
        with self._lock:
            is_kept = key in self._results
            result = self._results.get(key)
        if not is_kept:
            result = self._run(fresh_row(x))
            with self._lock:
                self._results[key] = result
                if len(self._results) > MEMOIZED_ROWS:
                    self._results.popitem(last=False)
        return fresh_row(result)

    def _run(self, x: Any) -> Any:
        for preprocess in (*self._pre, self._f):
            x = preprocess(x)
            if x is None:
                raise LFError(f"preprocessor '{self.name}': {preprocess!r} returned None; it must return the row")
        return x

    def __getstate__(self) -> dict[str, Any]:
        # What it is, without what it keeps: a fingerprint or a copy must not depend on rows seen before.
        return {name: value for name, value in vars(self).items() if name not in ("_results", "_lock")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.reset_cache()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


class preprocessor:
    """Decorator that makes a `Preprocessor` of a function from row to row; arguments as in Snorkel.

    The function gets a copy of the row. It may set or change its fields, and no other labeling function sees that.

    Parameters
    ----------
    name
        Name of the preprocessor; by default the function's own.
    pre, memoize
        See `Preprocessor`.

    Examples
    --------
    >>> from weaklabel.corpus.batch import Row
    >>> from weaklabel.lf.core import labeling_function
    >>> @preprocessor(memoize=True)
    ... def lower(x):
    ...     x.text = x.text.lower()
    ...     return x
    >>> @labeling_function(pre=[lower])
    ... def prize(x):
    ...     return 1 if "prize" in x.text else -1
    >>> x = Row(text="A PRIZE")
    >>> prize(x), x.text
    (1, 'A PRIZE')
    """

    def __init__(
        self,
        name: str | None = None,
        pre: Sequence[Callable[[Any], Any]] | None = None,
        memoize: bool = False,
    ) -> None:
        if callable(name):
            raise LFError(f"@preprocessor on '{name.__name__}' needs parentheses: @preprocessor()")
        self.name = name
        self.pre = pre
        self.memoize = memoize

    def __call__(self, f: Callable[[Any], Any]) -> Preprocessor:
        """Wrap ``f``."""
        return Preprocessor(self.name or f.__name__, f, self.pre, self.memoize)


def _key_of_row(x: Any) -> Hashable:
    fields = vars(x) if isinstance(x, SimpleNamespace) else x
    return type(x), tuple([(name, _key(fields[name])) for name in fields.keys()])  # noqa: SIM118  # as of a Series


def _key(value: Any) -> Hashable:
    """Return what is equal for equal values of equal types only; `TypeError` for what could change in place."""
    kind = type(value)
    if kind is str:
        return value
    if kind in (list, tuple):
        return kind, tuple(map(_key, value))
    if kind in (set, frozenset):
        return kind, frozenset(map(_key, value))
    if kind is dict:
        return kind, tuple([(_key(name), _key(part)) for name, part in value.items()])
    if isinstance(value, _VALUES):
        return kind, repr(value)  # by hash, -0.0 would equal 0.0, and a NaN would equal nothing
    raise TypeError(kind)


_VALUES = (type(None), bool, int, float, complex, bytes, date, time, timedelta, Decimal, UUID, np.generic)
