"""A batch of rows, as labeling functions see it, and a single row of it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
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

    def __getitem__(self, name: str) -> Any:
        try:
            return self.__dict__[name]
        except KeyError:
            raise KeyError(f"the row has no column '{name}'; it has {', '.join(self.__dict__)}") from None

    def __setitem__(self, name: str, value: Any) -> None:
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

    def __len__(self) -> int:
        return self.frame.height

    @property
    def texts(self) -> list[str]:
        """The text of every row, as labeling functions read it. Length: n."""
        return self.once("texts", lambda: self.frame[TEXT].to_list())

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
        """Every row as a `Row`; made once and shared, so a labeling function must not change them. Length: n."""
        return self.once("rows", self._make_rows)

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
            name = column.name
            for field, value in zip(fields, column.to_list(), strict=True):
                field[name] = value
        return rows


def _with_text(source: pl.DataFrame, text: tuple[str, ...]) -> pl.DataFrame:
    is_there = text == (TEXT,) and source.schema[TEXT] == pl.String and not source[TEXT].null_count()
    if is_there or not text:
        return source
    parts = [pl.col(name).cast(pl.String).fill_null("") for name in text]
    return source.with_columns(pl.concat_str(parts, separator="\n").alias(TEXT))
