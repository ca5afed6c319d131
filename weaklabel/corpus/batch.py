"""A batch of rows, as labeling functions see it, and a single row of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, ItemsView, Iterable, Iterator, KeysView, Mapping, Sequence, ValuesView
from copy import copy
from itertools import repeat
from types import SimpleNamespace
from typing import Any, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from weaklabel.corpus.entities import EntityColumns
from weaklabel.corpus.python_values import PythonValues
from weaklabel.errors import CorpusError
from weaklabel.support.threads import check_fork

T = TypeVar("T")

TEXT = "text"
"""The name under which every labeling function finds the text, whatever the corpus calls that column."""


def column_name(name: Any) -> str:
    """Return the name of a column as text; the parts of a name that is a tuple, as pandas has it, are joined by dots.

    Examples
    --------
    >>> column_name("text"), column_name(0), column_name(("body", "title"))
    ('text', '0', 'body.title')
    """
    if isinstance(name, tuple):
        return ".".join(str(part) for part in name if str(part))
    return str(name)


def check_names(names: Iterable[str], where: str) -> None:
    """Refuse names of columns with a zero byte, which Arrow does not take.

    Raises
    ------
    CorpusError
        Names the column.
    """
    for name in names:
        if "\0" in name:
            raise CorpusError(f"{where}: the name of column {name!r} holds a zero byte: rename it")


class Row(SimpleNamespace):
    """One row of a corpus: ``x.text`` and ``x["text"]`` are the same.

    It is a `SimpleNamespace`, so that Snorkel's preprocessors can copy it, hash it and set fields on it; and it has what
    users of a pandas Series expect. A column hides a method of the same name.

    Examples
    --------
    >>> x = Row(text="hello", sender="me")
    >>> x["text"], x.sender
    ('hello', 'me')
    >>> "sender" in x, list(x.keys()), x.to_dict()
    (True, ['text', 'sender'], {'text': 'hello', 'sender': 'me'})
    """

    # The journal of the batch that shares the row among labeling functions, and why columns are missing from the row;
    # a copy of the row has neither.
    __slots__ = ("_left_out", "_weaklabel_journal")

    _left_out: Mapping[str, str]

    def __setattr__(self, name: str, value: Any) -> None:
        _note_change(self)
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        _note_change(self)
        super().__delattr__(name)

    def __getitem__(self, name: Any) -> Any:
        try:
            return self.__dict__[column_name(name)]
        except KeyError:
            self._refuse_left_out(column_name(name))
            raise KeyError(f"the row has no column '{name}'; it has {', '.join(self.__dict__)}") from None

    def __setitem__(self, name: str, value: Any) -> None:
        _note_change(self)
        self.__dict__[name] = value

    def __contains__(self, name: object) -> bool:
        return column_name(name) in self.__dict__

    def __iter__(self) -> Iterator[Any]:
        """Give the values, as a pandas Series does."""
        return iter(list(self.__dict__.values()))

    def __len__(self) -> int:
        return len(self.__dict__)

    def __getattr__(self, name: str) -> Any:
        # Reached only for a missing name; copy and pickle probe for dunder names and need the plain error.
        if name.startswith("__") or name == "_left_out":
            raise AttributeError(name)
        self._refuse_left_out(name)
        raise AttributeError(f"the row has no column '{name}'; it has {', '.join(self.__dict__)}")

    def _refuse_left_out(self, name: str) -> None:
        reason = getattr(self, "_left_out", {}).get(name)
        if reason is not None:
            raise CorpusError(reason)

    def get(self, name: Any, default: Any = None) -> Any:
        """Return column ``name``, or ``default`` where the row has none."""
        self_name = column_name(name)
        if self_name not in self.__dict__:
            self._refuse_left_out(self_name)
        return self.__dict__.get(self_name, default)

    def keys(self) -> KeysView[str]:
        """Return the names of the columns."""
        return self.__dict__.keys()

    def values(self) -> ValuesView[Any]:
        """Return the values of the columns."""
        return self.__dict__.values()

    def items(self) -> ItemsView[str, Any]:
        """Return the columns as pairs of name and value."""
        return self.__dict__.items()

    def to_dict(self) -> dict[str, Any]:
        """Return the row as a dict."""
        return dict(self.__dict__)

    def _asdict(self) -> dict[str, Any]:
        """Return the row as a dict, as a named tuple does."""
        return dict(self.__dict__)


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
        The column, or columns, that hold the text; several are joined by a newline; () if there is none.
    start
        Number in the corpus of the first row, from 0.
    raw
        Where the input was lines: each row's record exactly as it was there, its line end included.
    hide
        Columns that labeling functions must not see, such as gold.
    entities
        Where each row has the two entities that are marked in what models read.
    python_values
        What rows show in the place of values that Arrow does not hold as they are.
    fields
        Columns of ``source`` that are fields of others, and so are not written.

    Attributes
    ----------
    frame : polars.DataFrame
        What labeling functions see: ``source`` less ``hide``, with the text as column ``text`` (a missing one is "").
    stored : polars.DataFrame
        The columns of the input, without what was taken out of them by a dotted path.
    spans : mapping
        By name of the labeling functions whose spans others read, a list for each row of begin, end (in code points of
        its text) and label of each span; `weaklabel.votes` sets it.
    survey : mapping
        What a labeling function that surveys the corpus counted in all of it; `weaklabel.votes` sets it.
    """

    spans: Mapping[str, Sequence[list[tuple[int, int, int]]]]
    survey: Mapping[str, Mapping[int, int]]

    def __init__(
        self,
        source: pl.DataFrame,
        text: Sequence[str] = (TEXT,),
        start: int = 0,
        raw: Sequence[str] | None = None,
        hide: Sequence[str] = (),
        entities: EntityColumns | None = None,
        python_values: PythonValues | None = None,
        fields: Sequence[str] = (),
    ) -> None:
        check_fork()
        self.source = source
        self.text: tuple[str, ...] = tuple(text)
        self.start = start
        self.raw = raw
        self.entities = entities
        self.python_values: PythonValues | None = python_values or None
        self.hide: tuple[str, ...] = tuple(hide)
        self.spans = {}
        self.survey = {}
        self.stored: Any = source.drop(fields) if fields else source
        self.frame: Any = _with_text(source, self.text).drop(hide, strict=False)
        self._once: dict[Hashable, Any] = {}
        # Rows that a labeling function changed, with the fields that they had; by identity.
        self._journal: dict[int, tuple[Row, dict[str, Any]]] = {}
        # Columns of rows with values that can be changed in place, as they were read.
        self._mutable: dict[str, list[Any]] = {}

    def __len__(self) -> int:
        return self.frame.height

    @property
    def texts(self) -> list[str]:
        """The text of every row, as labeling functions read it; a `CorpusError` if there is no text. Length: n."""
        if TEXT not in self.frame.columns:
            raise CorpusError(
                f"the column '{TEXT}' is missing; columns are {', '.join(self.frame.columns)}: say which is text"
            )
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
        rows = self.frame[begin:end]
        made = Batch(rows, text, self.start + begin, None, self.hide, self.entities, self.python_values)
        made.spans = {name: spans[begin:end] for name, spans in self.spans.items()}
        made.survey = self.survey
        return made

    def take(self, rows: NDArray[np.int64]) -> Batch:
        """Return some rows, as labeling functions see them, numbered from 0 in the order of ``rows``. Shape: [r]."""
        text = (TEXT,) if self.text else ()
        values = None if self.python_values is None else self.python_values.take(self.start + rows)
        taken = Batch(self.frame[rows], text, 0, None, self.hide, self.entities, values)
        taken.spans = {name: [spans[row] for row in rows.tolist()] for name, spans in self.spans.items()}
        taken.survey = self.survey
        return taken

    def rows(self) -> list[Any]:
        """Every row as a `Row`, or a copy of the object that was given for it, as it was read. Length: n.

        Rows are made once and shared by labeling functions, which vote one after the other. What one of them changes
        (sets or deletes a field, changes a list, dict or set in place) is undone here before the next one gets them.
        Not noticed are only what is written to ``vars(row)`` directly, and changes within objects of other classes.
        """
        objects = None if self.python_values is None else self.python_values.objects(self.start, self.start + len(self))
        if objects is not None and self.python_values is not None:
            return self._rows_of_mappings(objects) if self.python_values.are_mappings else list(map(_copied, objects))
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
        python_values = self.python_values or PythonValues()
        rows = [Row() for _ in range(len(self))]
        fields = [row.__dict__ for row in rows]
        for column in self.frame.get_columns():  # column by column: twice as fast as row by row
            name = column.name
            if name in python_values.left_out:
                continue
            is_python = name in python_values.columns and not (name == TEXT and self.text)
            values = python_values.values(name, self.start, self.start + len(self)) if is_python else column.to_list()
            for field, value in zip(fields, values, strict=True):
                field[name] = value
            if is_python or column.dtype.is_nested() or column.dtype == pl.Object:
                self._mutable[name] = [fresh(value) for value in values]
        if python_values.left_out:
            for row in rows:
                row._left_out = python_values.left_out
        for _ in map(_set_journal, rows, repeat(self._journal)):
            pass
        return rows

    def _rows_of_mappings(self, objects: list[Mapping[Any, Any]]) -> list[Row]:
        """Return rows that were given as mappings, made again for each labeling function."""
        rows = [Row() for _ in objects]
        texts = self.texts if self.text else repeat(None)
        for row, mapping, text in zip(rows, objects, texts, strict=False):
            row.__dict__.update({column_name(name): fresh(value) for name, value in mapping.items()})
            if text is not None:
                row.__dict__[TEXT] = text
            for name in self.hide:
                row.__dict__.pop(name, None)
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


def _copied(row: Any) -> Any:
    """Return a copy of an object that was given as a row, or the object itself where it cannot be copied."""
    try:
        return fresh_row(row)
    except Exception:  # as of a parsed document that is tied to its library
        return row


def _are_same(left: Any, right: Any) -> bool:
    try:
        return bool(left == right)
    except Exception:  # as of arrays: unknown, so it is copied again
        return False


def _with_text(source: pl.DataFrame, text: tuple[str, ...]) -> pl.DataFrame:
    is_there = text == (TEXT,) and source.schema[TEXT] == pl.String and not source[TEXT].null_count()
    if is_there or not text:
        return source
    parts = [pl.col(name).cast(pl.String).fill_null("") for name in text]
    return source.with_columns(pl.concat_str(parts, separator="\n").alias(TEXT))
