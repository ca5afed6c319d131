"""What a labeling function is: one protocol for all kinds, and the row kind in Snorkel's own form."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import polars as pl

from weaklabel.corpus.batch import TEXT, Batch, fresh_row
from weaklabel.corpus.frame import as_table, why_object
from weaklabel.errors import CorpusError, LFError, nearest
from weaklabel.labels import ABSTAIN, MAX_CARDINALITY


@runtime_checkable
class LF(Protocol):
    """A labeling function: a name, and votes for a batch of rows."""

    name: str

    def vote(self, batch: Batch) -> Sequence[Any] | np.ndarray:
        """Vote on every row of ``batch``.

        Returns
        -------
        sequence
            Length: n. A class number 0..k-1 or -1 for each row; an exception *instance* in the place of a row
            whose vote failed, so that one bad row costs one vote. Raising instead costs the whole batch, and
            makes the engine ask again row by row. Whoever applies the labeling functions checks the votes.
        """
        ...


@runtime_checkable
class ExpressionLF(LF, Protocol):
    """A labeling function that is a polars expression; all of them are evaluated in one pass over the columns."""

    columns: tuple[str, ...]
    """Columns that the expression reads; checked before a run."""

    expr: pl.Expr
    """Gives the vote as Int8 or Int16 (or null for abstain) over `Batch.frame`."""


class LabelingFunction:
    """A labeling function written in Python, called row by row; constructor and call as in Snorkel.

    Parameters
    ----------
    name
        Name of the labeling function.
    f
        Takes a row (``x.text``, ``x["text"]``) and returns a class number, or -1 to abstain.
    resources
        Passed to ``f`` as keyword arguments.
    pre
        Preprocessors, run in turn on a copy of the row before ``f``: plain functions from row to row, those made with
        `preprocessor`, and Snorkel's. What they change is seen by ``f`` alone.

    Examples
    --------
    >>> from weaklabel.corpus.batch import Row
    >>> lf = LabelingFunction("has_link", lambda x: 1 if "http" in x.text else -1)
    >>> lf(Row(text="see http://example.org"))
    1
    """

    def __init__(
        self,
        name: str,
        f: Callable[..., int],
        resources: Mapping[str, Any] | None = None,
        pre: Sequence[Callable[[Any], Any]] | None = None,
    ) -> None:
        self.name = name
        self._f = f
        self._resources = dict(resources or {})
        self._pre = list(pre or [])

    def __call__(self, x: Any) -> int:
        """Vote on one row."""
        if self._pre:
            x = fresh_row(x)
        for preprocess in self._pre:
            x = preprocess(x)
            if x is None:
                raise LFError(f"LF '{self.name}': preprocessor {preprocess!r} returned None")
            if getattr(preprocess, "memoize", False) and type(preprocess).__module__.startswith("snorkel."):
                x = fresh_row(x)  # Snorkel's give everybody the same row again
        return self._f(x, **self._resources)

    def vote(self, batch: Batch) -> list[Any]:
        """Vote on every row of ``batch``; see `LF.vote`."""
        is_plain = type(self) is LabelingFunction and not self._pre and not self._resources
        return vote_by_row(self._f if is_plain else self, batch)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


class BatchLF:
    """What lets a labeling function that votes on batches be called on one row, as Snorkel's appliers call it."""

    name: str
    columns: tuple[str, ...]

    def __call__(self, x: Any) -> int:
        """Vote on one row: an object or a mapping with the columns that are read, or a text.

        Raises
        ------
        LFError
            The row lacks a column that is read.
        """
        return vote_on_row(self, x)


class labeling_function:
    """Decorator that makes a `LabelingFunction` of a Python function; arguments as in Snorkel.

    Parameters
    ----------
    name
        Name of the labeling function; by default the function's own.
    resources, pre
        See `LabelingFunction`.

    Examples
    --------
    >>> @labeling_function()
    ... def check_out(x):
    ...     return 1 if "check out" in x.text.lower() else -1
    >>> check_out
    LabelingFunction('check_out')
    """

    def __init__(
        self,
        name: str | None = None,
        resources: Mapping[str, Any] | None = None,
        pre: Sequence[Callable[[Any], Any]] | None = None,
    ) -> None:
        if callable(name):
            raise LFError(f"@labeling_function on '{name.__name__}' needs parentheses: @labeling_function()")
        self.name = name
        self.resources = resources
        self.pre = pre

    def __call__(self, f: Callable[..., int]) -> LabelingFunction:
        """Wrap ``f``."""
        if not callable(f):
            raise LFError(f"@labeling_function() decorates a function, not {f!r}")
        return LabelingFunction(self.name or _name_of(f), f, self.resources, self.pre)


def _name_of(f: Callable[..., Any]) -> str:
    """Return the name of a function, of the one in a `functools.partial`, or of the class of a callable object."""
    while isinstance(f, functools.partial):
        f = f.func
    return str(getattr(f, "__name__", type(f).__name__))


class ForeignLF:
    """Any object with a ``name`` that is called row by row, such as one made with ``snorkel.labeling``."""

    def __init__(self, wrapped: Any) -> None:
        self.name: str = wrapped.name
        self.wrapped = wrapped

    def vote(self, batch: Batch) -> list[Any]:
        """Vote on every row of ``batch``; see `LF.vote`."""
        return vote_by_row(self.wrapped, batch)

    def __repr__(self) -> str:
        return repr(self.wrapped)


def vote_by_row(call: Callable[[Any], Any], batch: Batch) -> list[Any]:
    """Call ``call`` on every row; a row that raises has its exception in the place of a vote. Length: n."""
    rows, votes = batch.rows(), list[Any]()
    rest = iter(rows)
    while len(votes) < len(rows):
        try:
            votes.extend(map(call, rest))  # twice as fast as a loop; it keeps the votes before the row that raises
            if len(votes) < len(rows):
                votes.append(StopIteration("raised by the labeling function"))  # which map takes for the end
        except CorpusError:
            raise  # it says that a column cannot be read here, on any row
        except (Exception, SystemExit) as error:
            votes.append(error)
    return votes


def vote_on_row(lf: Any, x: Any) -> int:
    """Return the vote of a labeling function that votes on batches on one row; see `BatchLF`."""
    fields = {column: [_field(lf.name, x, column)] for column in lf.columns}
    votes = lf.vote(Batch(as_table(fields).frame, (TEXT,) if TEXT in fields else ()))
    if isinstance(votes[0], BaseException):
        raise votes[0]
    return int(votes[0])


def _field(name: str, x: Any, column: str) -> Any:
    if isinstance(x, str) and column == TEXT:
        return x
    try:
        return x[column] if hasattr(x, "keys") else getattr(x, column)
    except (KeyError, AttributeError):
        raise LFError(f"LF '{name}' reads column '{column}', which the row lacks: {x!r:.80}") from None


def as_lf(thing: Any) -> LF | None:
    """Return ``thing`` as a labeling function, or None where it is none.

    Whatever has a string ``name`` and either votes on batches or is called on rows counts; classes do not.
    """
    if isinstance(thing, type) or not isinstance(getattr(thing, "name", None), str):
        return None
    if callable(getattr(thing, "vote", None)):
        checked: LF = thing
        return checked
    is_snorkel = any(base.__module__.startswith("snorkel.labeling") for base in type(thing).__mro__)
    return ForeignLF(thing) if is_snorkel and callable(thing) else None


def check_name(name: Any) -> str:
    """Return the name of a labeling function; one that is no text, or blank, is an `LFError`."""
    if not isinstance(name, str) or not name.strip():
        raise LFError(f"the name of a labeling function must be a text such as 'subscribe', not {name!r}")
    return name


def check_label(name: str, label: Any) -> int:
    """Return the class that LF ``name`` votes for; what is no class number 0..32,766 is an `LFError`."""
    if isinstance(label, bool) or not isinstance(label, int | np.integer):
        raise LFError(f"LF '{name}': the label must be a class number such as 0 or 1, not {label!r}")
    if label == ABSTAIN:
        raise LFError(f"LF '{name}': the label cannot be -1 (abstain); it abstains by itself wherever it does not vote")
    if not 0 <= label < MAX_CARDINALITY:
        raise LFError(f"LF '{name}': the label must be a class number 0 to {MAX_CARDINALITY - 1}, not {label}")
    return int(label)


def check_columns(name: str, columns: Sequence[str], batch: Batch) -> None:
    """Refuse, as an `LFError`, a batch that lacks a column that LF ``name`` reads, or holds what no column can in it."""
    known = batch.frame.columns
    for column in columns:
        if column not in known:
            raise LFError(
                f"LF '{name}' reads column '{column}', which the corpus lacks{nearest(column, known)}; "
                f"its columns are {', '.join(known)}"
            )
        if batch.frame.schema[column] == pl.Object:
            raise LFError(
                f"LF '{name}' reads column '{column}', which {why_object(batch.frame[column].to_list())}: convert it"
            )
