"""What a labeling function is: the base class of all kinds, and the row kind in Snorkel's own form."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self, TypeAlias

import numpy as np
import polars as pl

from weaklabel.corpus.batch import TEXT, Batch, fresh_row
from weaklabel.corpus.frame import as_table, why_object
from weaklabel.errors import CorpusError, LFError, nearest
from weaklabel.labels import ABSTAIN, MAX_CARDINALITY

if TYPE_CHECKING:
    from weaklabel.llm import Estimate, LanguageModel, Prompt

Spans: TypeAlias = tuple[tuple[int, int], ...]
"""Begin and end of places in a text, in code points."""


class Place(StrEnum):
    """Where a labeling function runs."""

    IN_PROCESS = "in process"
    """In the process that reads the corpus, in its threads: it runs no code but weaklabel's, and fast."""

    GUARDED = "guarded process"
    """In guarded processes where there are any: it runs code of others, which may hang, crash or take all memory."""


ALL_ROWS = "all"
WHERE = (ALL_ROWS, "uncovered", "conflict", "uncertain")
"""The rows that a labeling function may be asked about; see `LF`."""


@dataclass(frozen=True)
class Reason:
    """Why a labeling function voted.

    Attributes
    ----------
    text : str
        One line for people, such as ``matches 'prize', 'claim'``.
    column : str or None
        The column that ``spans`` are in.
    spans : tuple of (int, int)
        The matching places in that column's text: begin and end in code points, sorted, not overlapping.
    """

    text: str
    column: str | None = None
    spans: Spans = ()


class VoteNote(NamedTuple):
    """A note on a vote.

    Attributes
    ----------
    what
        What is noted, the same words for all rows of a kind, such as "answer off the list".
    detail
        About this row, such as the answer.
    is_final
        Whether the vote stays; False where the row was not asked, so that it is not kept for later runs.
    """

    what: str
    detail: str = ""
    is_final: bool = True


class NotedVote(int):
    """A vote with notes, which are counted by kind and shown with problems, but are no failures.

    Parameters
    ----------
    vote
        The class number, or -1.
    *notes
        The notes.

    Examples
    --------
    >>> vote = NotedVote(-1, VoteNote("answer off the list", "'perhaps'"))
    >>> vote == -1, vote.notes[0].what
    (True, 'answer off the list')
    """

    notes: tuple[VoteNote, ...]

    def __new__(cls, vote: int, *notes: VoteNote) -> Self:
        """Make a vote with notes."""
        made = super().__new__(cls, vote)
        made.notes = notes
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return NotedVote, (int(self), *self.notes)


class LF(ABC):
    """A labeling function: a name, votes for a batch of rows, and what the rest of weaklabel needs to know about its kind.

    A new kind is a subclass with a ``vote``; everything else has a default.

    Attributes
    ----------
    name : str
        Name of the labeling function.
    columns : tuple of str
        Columns that it reads, checked before a run; () where only its code shows that.
    label : int or None
        The class that it votes for, where that is one.
    label_names : tuple of str
        Names of all classes in order, where it was made with them: those of its pack must be the same; else ().
    kind : str
        What the kind is called in lists and messages.
    task : str
        What it votes on: "texts", or "spans" within them, see `weaklabel.lf.spans.core.SpanLF`.
    reads : tuple of str
        Names of labeling functions whose votes it reads.
    place : Place
        Where it runs.
    by_row : bool
        Whether it is called row by row, so that voting on single rows costs it no more than on a batch.
    asks : bool
        Whether its votes are answers that cost money or long computing, such as those of a language model.
    where : str
        The rows that it is asked about: ``"all"``; or, by the votes of those that are asked about all rows, ``"uncovered"``:
        rows without a vote, ``"conflict"``: rows whose votes disagree, ``"uncertain"``: rows whose first label has a
        probability below ``below``, or that have no vote. On other rows it abstains.
    below : float
        See ``where``.
    max_rows : int or None
        The most rows that it is asked about where it is not asked about all: the least sure ones.
    rows_together : int
        The most rows whose votes may depend on each other, because they are answered together.
    """

    name: str
    columns: tuple[str, ...] = ()
    label: int | None = None
    label_names: tuple[str, ...] = ()
    kind: str = "custom"
    task: ClassVar[str] = "texts"
    reads: tuple[str, ...] = ()
    place: ClassVar[Place] = Place.GUARDED
    by_row: ClassVar[bool] = False
    asks: ClassVar[bool] = False
    where: str = ALL_ROWS
    below: float = 0.9
    max_rows: int | None = None
    rows_together: int = 1

    @abstractmethod
    def vote(self, batch: Batch) -> Sequence[Any] | np.ndarray:
        """Vote on every row of ``batch``.

        Returns
        -------
        sequence
            Length: n. A class number 0..k-1 or -1 for each row; an exception *instance* in the place of a row
            whose vote failed, so that one bad row costs one vote. The notes of a `NotedVote` are counted. If
            it raises, it is called again on halves of the batch, down to single rows. The caller checks the votes.
        """

    def __call__(self, x: Any) -> Any:
        """Vote on one row, as Snorkel's appliers do: an object or a mapping with the columns that are read, or a text.

        Raises
        ------
        LFError
            The row lacks a column that is read.
        """
        fields = {column: [field_of_row(self.name, x, column)] for column in self.columns or (TEXT,)}
        votes = self.vote(Batch(as_table(fields).frame, (TEXT,) if TEXT in fields else ()))
        if isinstance(votes[0], BaseException):
            raise votes[0]
        return int(votes[0])

    @property
    def slow(self) -> str | None:
        """What makes a vote take about a millisecond or more, such as "a text encoder"; None where nothing is known to.

        Slow labeling functions vote after the others, and can be left out.
        """
        return None

    def evaluator(self) -> Callable[[Sequence[Any], Batch], list[Any]] | None:
        """Return the function that votes for all labeling functions which return the same one, in one pass.

        It takes the labeling functions and a batch, and returns what ``vote`` of each would. None: each votes alone.
        Only labeling functions that run in process are evaluated together.
        """
        return None

    def identity(self) -> Any:
        """Return values that determine the votes, and that are hashed for caches of them; see `fingerprint`.

        The code of the class counts anyway. By default its attributes, except for the name, for those that say which rows it is
        asked about, and for those that begin with an underscore, which are taken to be computed from the others when
        they are first needed.

        Raises
        ------
        NotFingerprintable
            Something that determines the votes cannot be read.
        """
        attributes = vars(self).items()
        return {name: value for name, value in attributes if not name.startswith("_") and name not in _NO_IDENTITY}

    def files(self) -> tuple[str, ...]:
        """Return the files and folders that it reads when it votes, such as a model; they must not change meanwhile."""
        return ()

    def prompts(self, batch: Batch) -> list[Prompt]:
        """Return what a language model is asked for votes on the rows of a batch, each prompt once; [] where none is asked."""
        return []

    def language_model(self) -> LanguageModel | None:
        """Return the language model that is asked; None where none is."""
        return None

    def estimate(self, batch: Batch) -> Estimate | None:
        """Return what votes on the rows of a batch will take; nothing is sent. None where they cost nothing."""
        return None

    def reason(self, row: Batch, vote: int) -> Reason | None:
        """Say why it casts ``vote`` on the one row of a batch; None where the docstring of its code is the reason."""
        return None

    def options(self) -> dict[str, Any]:
        """Return its settings as shown in lists, by name: what JSON can hold of its public attributes."""
        shown = {name: _plain(value) for name, value in vars(self).items() if not name.startswith("_")}
        return {name: value for name, value in shown.items() if name not in _NO_OPTIONS and value is not None}

    def label_text(self, names: Sequence[str]) -> str | None:
        """Return the class that it votes for, of those with these names, as shown in lists; None where that is not one."""
        return names[self.label] if self.label is not None and 0 <= self.label < len(names) else None

    @property
    def code(self) -> Any:
        """What was written for it: the function, or the object itself, whose docstring describes it."""
        return self

    @property
    def reads_only_text(self) -> bool:
        """Whether the text of a row is all that it reads."""
        return self.columns == (TEXT,)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


_NO_IDENTITY = {"name", "where", "below", "max_rows"}
"""Attributes that do not decide the vote on a row about which a labeling function is asked."""

_NO_OPTIONS = {"name", "label", "label_names", "kind", "columns"}
"""Attributes that lists show by themselves."""


def _plain(value: Any) -> Any:
    """Return a value as JSON can hold it; None where it cannot."""
    if isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        parts = [_plain(part) for part in (sorted(value) if isinstance(value, set | frozenset) else value)]
        return None if None in parts else parts
    if isinstance(value, Mapping):
        plain = {str(name): _plain(part) for name, part in value.items()}
        return None if None in plain.values() else plain
    return None


class LabelingFunction(LF):
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
    where, below, max_rows
        The rows that it is asked about, by default all; see `LF`.

    Examples
    --------
    >>> from weaklabel.corpus.batch import Row
    >>> lf = LabelingFunction("has_link", lambda x: 1 if "http" in x.text else -1)
    >>> lf(Row(text="see http://example.org"))
    1
    """

    where: str
    below: float
    max_rows: int | None

    kind = "row"
    by_row = True

    def __init__(
        self,
        name: str,
        f: Callable[..., int],
        resources: Mapping[str, Any] | None = None,
        pre: Sequence[Callable[[Any], Any]] | None = None,
        *,
        where: str = ALL_ROWS,
        below: float = LF.below,
        max_rows: int | None = None,
    ) -> None:
        self.name = name
        self._f = f
        self._resources = dict(resources or {})
        self._pre = list(pre or [])
        if (where, below, max_rows) != (ALL_ROWS, LF.below, None):
            check_where(name, where, below, max_rows)
            self.where, self.below, self.max_rows = where, below, max_rows

    def __call__(self, x: Any) -> int:
        """Vote on one row."""
        if self._pre:
            x = fresh_row(x)
        for preprocess in self._pre:
            x = preprocess(x)
            if x is None:
                raise LFError(f"LF '{self.name}': preprocessor {preprocess!r} returned None")
            if getattr(preprocess, "memoize", False) and type(preprocess).__module__.startswith("snorkel."):
                x = fresh_row(x)  # Snorkel's return the same row to each caller
        return self._f(x, **self._resources)

    def vote(self, batch: Batch) -> list[Any]:
        """Vote on every row of ``batch``; see `LF.vote`."""
        is_plain = type(self) is LabelingFunction and not self._pre and not self._resources
        return vote_by_row(self._f if is_plain else self, batch)

    def identity(self) -> Any:
        """See `LF.identity`."""
        return [self._f, self._resources, self._pre, super().identity()]

    @property
    def code(self) -> Any:
        """See `LF.code`."""
        return self._f


class labeling_function:
    """Decorator that makes a `LabelingFunction` of a Python function; arguments as in Snorkel.

    Parameters
    ----------
    name
        Name of the labeling function; by default the function's own.
    resources, pre, where, below, max_rows
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
        *,
        where: str = ALL_ROWS,
        below: float = LF.below,
        max_rows: int | None = None,
    ) -> None:
        if callable(name):
            raise LFError(f"@labeling_function on '{name.__name__}' needs parentheses: @labeling_function()")
        self.name = name
        self.resources = resources
        self.pre = pre
        self.asked: dict[str, Any] = {"where": where, "below": below, "max_rows": max_rows}

    def __call__(self, f: Callable[..., int]) -> LabelingFunction:
        """Wrap ``f``."""
        if not callable(f):
            raise LFError(f"@labeling_function() decorates a function, not {f!r}")
        return LabelingFunction(self.name or name_of_function(f), f, self.resources, self.pre, **self.asked)


def name_of_function(f: Callable[..., Any]) -> str:
    """Return the name of a function, of the one in a `functools.partial`, or of the class of a callable object."""
    while isinstance(f, functools.partial):
        f = f.func
    return str(getattr(f, "__name__", type(f).__name__))


def vote_by_row(call: Callable[[Any], Any], batch: Batch) -> list[Any]:
    """Call ``call`` on every row; a row that raises has its exception in the place of a vote. Length: n."""
    rows, votes = batch.rows(), list[Any]()
    rest = iter(rows)
    while len(votes) < len(rows):
        try:
            votes.extend(map(call, rest))  # twice as fast as a loop; it keeps the votes before the row that raises
            if len(votes) < len(rows):
                votes.append(StopIteration("raised by the labeling function"))  # which ends map
        except CorpusError:
            raise  # a column that cannot be read on any row
        except (Exception, SystemExit) as error:
            votes.append(error)
    return votes


def field_of_row(name: str, x: Any, column: str) -> Any:
    """Return a column of a row that LF ``name`` is called with; a row that is a text has the column ``text`` alone."""
    if isinstance(x, str) and column == TEXT:
        return x
    try:
        return x[column] if hasattr(x, "keys") else getattr(x, column)
    except (KeyError, AttributeError):
        raise LFError(f"LF '{name}' reads column '{column}', which the row lacks: {x!r:.80}") from None


def check_name(name: Any) -> str:
    """Return the name of a labeling function; one that is not a text, or blank, is an `LFError`."""
    if not isinstance(name, str) or not name.strip():
        raise LFError(f"the name of a labeling function must be a text such as 'subscribe', not {name!r}")
    return name


def check_where(name: str, where: Any, below: Any, max_rows: Any) -> None:
    """Refuse, as an `LFError`, rows that LF ``name`` cannot be asked about; see `LF`."""
    if where not in WHERE:
        raise LFError(f"LF '{name}': where must be {', '.join(WHERE)}, not {where!r}{nearest(str(where), WHERE)}")
    if isinstance(below, bool) or not isinstance(below, int | float) or not 0 < below <= 1:
        raise LFError(f"LF '{name}': below must be a probability above 0, not {below!r}")
    if max_rows is None:
        return
    if isinstance(max_rows, bool) or not isinstance(max_rows, int) or max_rows < 1:
        raise LFError(f"LF '{name}': max_rows must be a number of rows such as 1000, not {max_rows!r}")
    if where == ALL_ROWS:
        raise LFError(
            f"LF '{name}': max_rows needs where: uncovered, conflict or uncertain, which say the rows to take"
        )


def check_label(name: str, label: Any) -> int:
    """Return the class that LF ``name`` votes for; anything but a class number 0..32,766 is an `LFError`."""
    if isinstance(label, bool) or not isinstance(label, int | np.integer):
        raise LFError(f"LF '{name}': the label must be a class number such as 0 or 1, not {label!r}")
    if label == ABSTAIN:
        raise LFError(f"LF '{name}': the label cannot be -1 (abstain); it abstains by itself wherever it does not vote")
    if not 0 <= label < MAX_CARDINALITY:
        raise LFError(f"LF '{name}': the label must be a class number 0 to {MAX_CARDINALITY - 1}, not {label}")
    return int(label)


def check_label_order(lf: LF, labels: Sequence[str], where: str) -> None:
    """Refuse, as an `LFError`, a labeling function that was made with other class names, or in another order."""
    if lf.label_names and lf.label_names != tuple(labels):
        raise LFError(
            f"LF '{lf.name}' was made for the labels {', '.join(lf.label_names)}, but {where} has {', '.join(labels)}: "
            "give it all of these, in this order, because votes are their numbers"
        )


def check_columns(name: str, columns: Sequence[str], batch: Batch) -> None:
    """Refuse, as an `LFError`, a batch that lacks a column that LF ``name`` reads, or one that holds Python objects."""
    columns_of_corpus = batch.frame.columns
    for column in columns:
        if column not in columns_of_corpus:
            raise LFError(
                f"LF '{name}' reads column '{column}', which the corpus lacks{nearest(column, columns_of_corpus)}; "
                f"its columns are {', '.join(columns_of_corpus)}"
            )
        if batch.frame.schema[column] == pl.Object:
            raise LFError(
                f"LF '{name}' reads column '{column}', which {why_object(batch.frame[column].to_list())}: convert it"
            )


def column_text(column: str) -> pl.Expr:
    """Return the column as text; what is missing stays null, so that nothing votes on it."""
    return pl.col(column).cast(pl.String)
