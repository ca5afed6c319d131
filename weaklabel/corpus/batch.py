"""A batch of rows, as labeling functions see it, and a single row of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from copy import copy
from itertools import repeat
from types import SimpleNamespace
from typing import Any, TypeVar

import polars as pl

from weaklabel.corpus.entity_columns import EntityColumns

T = TypeVar("T")

TEXT = "text"
"""The name under which every labeling function finds the text, whatever the corpus calls that column."""


class Row(SimpleNamespace):
    """One row of a corpus: ``x.text`` and ``x["text"]`` are the same.

    It is a `SimpleNamespace`, so that Snorkel's preprocessors can copy it, hash it and set fields on it.

    Examples
    --------
    >>> x = Row(text="hello", sender="me")
    >>> x["text"], x.sender
    ('hello', 'me')
    """

    # The journal of the batch that shares the row among labeling functions; a copy of the row has none.
    __slots__ = ("_weaklabel_journal",)

    def __setattr__(self, name: str, value: Any) -> None:
        _note_change(self)
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        _note_change(self)
        super().__delattr__(name)

    def __getitem__(self, name: str) -> Any:
        try:
            return self.__dict__[name]
        except KeyError:
            raise KeyError(f"the row has no column '{name}'; it has {', '.join(self.__dict__)}") from None

    def __setitem__(self, name: str, value: Any) -> None:
        _note_change(self)
        self.__dict__[name] = value

    def __contains__(self, name: object) -> bool:
        return name in self.__dict__

    def __getattr__(self, name: str) -> Any:
        # Reached only for a missing name; copy and pickle probe for dunder names and need the plain error.
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(f"the row has no column '{name}'; it has {', '.join(self.__dict__)}")

    def get(self, name: str, default: Any = None) -> Any:
        """Return column ``name``, or ``default`` where the row has none."""
        return self.__dict__.get(name, default)


_set_journal = vars(Row)["_weaklabel_journal"].__set__
_get_journal = vars(Row)["_weaklabel_journal"].__get__


def _note_change(row: Row) -> None:
    """Remember the fields of a shared row before a labeling function changes them."""
    try:
        journal: dict[int, tuple[Row, dict[str, Any]]] = _get_journal(row)
    except AttributeError:
        return  # not shared
    journal.setdefault(id(row), (row, row.__dict__.copy()))


def fresh(value: Any) -> Any:
    """Return a value in which lists, dicts, sets and arrays are copies; other objects in it are shared.

    Examples
    --------
    >>> tags = [["a"], "b"]
    >>> fresh(tags)[0].append("c")
    >>> tags
    [['a'], 'b']
    """
    kind = type(value)
    if kind is str:
        return value
    if kind is list:
        return [fresh(part) for part in value]
    if kind is dict:
        return {name: fresh(part) for name, part in value.items()}
    if kind is tuple:
        return tuple([fresh(part) for part in value])
    is_container = isinstance(value, list | dict | set | bytearray | deque) or kind.__module__ == "numpy"
    return copy(value) if is_container else value


def fresh_row(x: Any) -> Any:
    """Return a copy of a row (a `Row` or another namespace, a pandas Series, a dict), as `fresh` copies its values."""
    if isinstance(x, SimpleNamespace):
        made = type(x)()
        made.__dict__.update({name: fresh(value) for name, value in vars(x).items()})
        return made
    if isinstance(x, dict):
        return fresh(x)
    made = copy(x)
    if hasattr(made, "items") and hasattr(made, "__setitem__"):
        for name, value in list(made.items()):
            if (copied := fresh(value)) is not value:
                made[name] = copied
    return made


class Batch:
    """Consecutive rows of a corpus.

    Parameters
    ----------
    source
        The rows with the columns of the corpus, as they were read.
    text
        The column, or columns, that hold the text; several are joined by a newline; () where there is none.
    start
        Number in the corpus of the first row, from 0.
    raw
        Where the input was lines: each row's record exactly as it stood there, its line end included.
    hide
        Columns that labeling functions must not see, such as gold.
    entities
        Where each row has the two entities that are marked in what models read.

    Attributes
    ----------
    frame : polars.DataFrame
        What labeling functions see: ``source`` less ``hide``, with the text as column ``text`` (a missing one is "").
    """

    def __init__(
        self,
        source: pl.DataFrame,
        text: Sequence[str] = (TEXT,),
        start: int = 0,
        raw: Sequence[str] | None = None,
        hide: Sequence[str] = (),
        entities: EntityColumns | None = None,
    ) -> None:
        self.source = source
        self.text = tuple(text)
        self.start = start
        self.raw = raw
        self.entities = entities
        self.frame = _with_text(source, self.text).drop(hide)
        self._once: dict[Hashable, Any] = {}
        # Rows that a labeling function changed, with the fields that they had; by identity.
        self._journal: dict[int, tuple[Row, dict[str, Any]]] = {}
        # Columns of rows with values that can be changed in place, as they were read.
        self._mutable: dict[str, list[Any]] = {}

    def __len__(self) -> int:
        return self.frame.height

    @property
    def texts(self) -> list[str]:
        """The text of every row, as labeling functions read it. Length: n."""
        return self.once("texts", lambda: self.frame[TEXT].to_list()).copy()

    @property
    def model_texts(self) -> list[str]:
        """The text of every row as label models and classifiers read it: with its entities marked, if it has any.

        Length: n. A `CorpusError` says which entity is not in its text.
        """
        return self.once("model_texts", self._mark_texts)

    def part(self, begin: int, end: int | None) -> Batch:
        """Return the rows from ``begin`` to before ``end``, as labeling functions see them."""
        text = (TEXT,) if self.text else ()
        return Batch(self.frame[begin:end], text, self.start + begin, entities=self.entities)

    def rows(self) -> list[Row]:
        """Every row as a `Row`, as it was read. Length: n.

        Rows are made once and shared by labeling functions, which vote one after the other. What one of them changes
        (sets or deletes a field, changes a list, dict or set in place) is undone here before the next one gets them.
        Not noticed are only what is written to ``vars(row)`` directly, and changes within objects of other classes.
        """
        rows = self.once("rows", self._make_rows)
        self._undo_changes(rows)
        return rows.copy()

    def once(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Return ``compute()``, computed the first time that ``key`` is asked for and shared after that.

        This is how labeling functions share costly work on a batch: parsed documents, embeddings, rows.
        """
        if key not in self._once:
            self._once[key] = compute()
        value: T = self._once[key]
        return value

    def _mark_texts(self) -> list[str]:
        return self.texts if self.entities is None else self.entities.marked(self.source, self.texts, self.start)

    def _make_rows(self) -> list[Row]:
        rows = [Row() for _ in range(len(self))]
        fields = [row.__dict__ for row in rows]
        for column in self.frame.get_columns():  # column by column: twice as fast as row by row
            name, values = column.name, column.to_list()
            for field, value in zip(fields, values, strict=True):
                field[name] = value
            if column.dtype.is_nested() or column.dtype == pl.Object:
                self._mutable[name] = [fresh(value) for value in values]
        for _ in map(_set_journal, rows, repeat(self._journal)):
            pass
        return rows

    def _undo_changes(self, rows: list[Row]) -> None:
        for row, fields in self._journal.values():
            row.__dict__.clear()
            row.__dict__.update(fields)
        self._journal.clear()
        for name, values in self._mutable.items():
            if _are_same([row.__dict__[name] for row in rows], values):
                continue
            for row, value in zip(rows, values, strict=True):
                if not _are_same(row.__dict__[name], value):
                    row.__dict__[name] = fresh(value)


def _are_same(left: Any, right: Any) -> bool:
    try:
        return bool(left == right)
    except Exception:  # as of arrays: not told, so it is made anew
        return False


def _with_text(source: pl.DataFrame, text: tuple[str, ...]) -> pl.DataFrame:
    is_there = text == (TEXT,) and source.schema[TEXT] == pl.String and not source[TEXT].null_count()
    if is_there or not text:
        return source
    parts = [pl.col(name).cast(pl.String).fill_null("") for name in text]
    return source.with_columns(pl.concat_str(parts, separator="\n").alias(TEXT))
