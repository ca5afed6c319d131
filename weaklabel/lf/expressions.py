"""Labeling functions that are polars expressions, evaluated all together, each row looked at as little as possible.

One scan of a column finds the literals of all pattern labeling functions that have some: an Aho-Corasick automaton (Aho
and Corasick, 1975) over the folded text. Most matches of plain keywords are votes at once; on the few other rows with
a literal of a labeling function its regex is evaluated, and on all other rows it abstains. Votes are the same as from the
regexes alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from typing import Any

import numpy as np
import polars as pl
from ahocorasick_rs import BytesAhoCorasick, Implementation
from numpy.typing import NDArray

from weaklabel.corpus.batch import Batch
from weaklabel.labels import ABSTAIN, VoteArray, as_votes
from weaklabel.lf.core import LF, Place, check_columns, column_text
from weaklabel.lf.fingerprint import NotFingerprintable
from weaklabel.lf.regexes import ASCII_TWINS, fold

WORTH_SCAN = 5
"""Labeling functions with literals in one column from which on it pays to scan it for them."""

WORTH_NARROWING = 1_000
"""Rows from which on it pays to find, before all else, those on which a labeling function may vote at all."""


@dataclass(frozen=True, eq=False)
class ExpressionLF(LF):
    """A labeling function that is a polars expression.

    Attributes
    ----------
    name : str
        Name of the labeling function.
    columns : tuple of str
        Columns that the expression reads.
    expr : polars.Expr
        Gives the vote as Int8 or Int16, -1 or null where the labeling function abstains, over `Batch.frame`.
    kind, label
        See `LF`.
    literals : frozenset of bytes
        Of these, every text that it votes on contains one, once folded; see `weaklabel.lf.regexes`. Empty: unknown.
    sure : frozenset of bytes
        Those of the literals that are enough for a vote wherever no character beyond ASCII is next to them.
    loose : polars.Expr or None
        True wherever it can vote, and faster than the vote.
    """

    name: str
    columns: tuple[str, ...] = field()  # no default, as other kinds have
    expr: pl.Expr
    kind: str = "expression"
    label: int | None = None
    literals: frozenset[bytes] = frozenset()
    sure: frozenset[bytes] = frozenset()
    loose: pl.Expr | None = None

    place = Place.IN_PROCESS

    def vote(self, batch: Batch) -> Any:
        """Vote on every row of ``batch``; see `LF.vote`."""
        check_columns(self.name, self.columns, batch)
        return _select([self], batch.frame)[0]

    def evaluator(self) -> Callable[[Sequence[Any], Batch], list[Any]]:
        """See `LF.evaluator`."""
        return vote_with_expressions

    def identity(self) -> Any:
        """See `LF.identity`."""
        expressions = [None if expr is None else _serialized(expr) for expr in (self.expr, self.loose)]
        return [pl.__version__, self.columns, expressions, self.literals, self.sure]


def vote_with_expressions(lfs: Sequence[ExpressionLF], batch: Batch) -> list[Any]:
    """Evaluate all expressions in one pass over the columns.

    Parameters
    ----------
    lfs
        Labeling functions that are expressions.
    batch
        The rows.

    Returns
    -------
    list
        Votes of each, in the order of ``lfs``, not yet checked. Length: m; shape of each: [n].

    Raises
    ------
    LFError
        A column holds Python objects.
    """
    if pl.Object in batch.frame.dtypes:
        for lf in lfs:
            check_columns(lf.name, lf.columns, batch)
    return _narrowed(lfs, batch.frame) if len(batch) >= WORTH_NARROWING else _select(lfs, batch.frame)


_PICKLED = b"PLPY"
"""Begins a Python function in a polars expression."""


def _serialized(expr: pl.Expr) -> bytes:
    data = expr.meta.serialize()
    if _PICKLED in data:  # by the function's name, which says nothing about its code
        raise NotFingerprintable(pl.Expr)
    return data


def _select(lfs: Iterable[ExpressionLF], frame: pl.DataFrame) -> list[Any]:
    return [_abstain_where_null(column) for column in _columns([lf.expr for lf in lfs], frame)]


def _columns(exprs: Sequence[pl.Expr], frame: pl.DataFrame) -> list[pl.Series]:
    # with_columns, since select would shrink to one row where every expression is a constant.
    names = [f"__vote_{number}" for number in range(len(exprs))]
    named = [expr.alias(name) for expr, name in zip(exprs, names, strict=True)]
    return frame.lazy().with_columns(named).select(names).collect().get_columns()


def _abstain_where_null(column: pl.Series) -> Any:
    if column.dtype in (pl.Int8, pl.Int16):
        return column.fill_null(ABSTAIN).to_numpy()
    if column.dtype.is_integer():
        return column.cast(pl.Int64).fill_null(ABSTAIN).to_numpy()
    return [ABSTAIN if vote is None else vote for vote in column.to_list()]


def _narrowed(lfs: Sequence[ExpressionLF], frame: pl.DataFrame) -> list[Any]:
    """Evaluate the expressions by what spares most of the work; the votes are those of `_select`."""
    scanned = [scan_votes(group, frame) for group in _with_literals(lfs)]
    # By id, since a labeling function need not be hashable.
    votes: dict[int, Any] = {id(lf): column_votes for group in scanned for lf, column_votes in group.items()}
    rest = [lf for lf in lfs if id(lf) not in votes]
    loose = [lf.loose for lf in rest]
    columns = _columns([lf.expr if expr is None else expr for lf, expr in zip(rest, loose, strict=True)], frame)
    for lf, expr, column in zip(rest, loose, columns, strict=True):
        votes[id(lf)] = _abstain_where_null(column) if expr is None else _only_where(lf, column, frame)
    return [votes[id(lf)] for lf in lfs]


def _with_literals(lfs: Iterable[ExpressionLF]) -> list[list[ExpressionLF]]:
    """Return the labeling functions that can share a scan, by the column that they read."""
    groups: dict[tuple[str, ...], list[ExpressionLF]] = {}
    for lf in lfs:
        if lf.literals:
            groups.setdefault(lf.columns, []).append(lf)
    return [group for group in groups.values() if len(group) >= WORTH_SCAN]


def _only_where(lf: Any, possible: pl.Series, frame: pl.DataFrame) -> VoteArray:
    rows = np.flatnonzero(possible.fill_null(False).to_numpy())
    some = ask_rows(lf, frame.select(column_text(lf.columns[0])).to_series(), rows)
    votes = np.full(len(possible), ABSTAIN, some.dtype)
    votes[rows] = some
    return votes


Positions = NDArray[np.int64]

MAX_DFA = 100_000
"""Bytes of literals up to which the automaton is a table, which takes 256 bytes of memory for each and is fastest."""

SAMPLE = 500
"""Rows that are scanned first, to find the labeling functions whose literals are everywhere."""

COMMON = 0.25
"""Finds a row from which on a labeling function is better off without the scan."""


def scan_votes(lfs: Sequence[ExpressionLF], frame: pl.DataFrame) -> dict[ExpressionLF, VoteArray]:
    """Let labeling functions vote by one scan of the column that they read.

    Parameters
    ----------
    lfs
        Labeling functions that read the same column and have literals.
    frame
        The rows.

    Returns
    -------
    dict
        Votes, of shape [n], of those whose literals are rare enough in these rows; the others are left out.
    """
    texts = frame.select(column_text(lfs[0].columns[0])).to_series()
    if len(texts) > 2 * SAMPLE:
        lfs = _rare(lfs, texts.gather_every(len(texts) // SAMPLE))
        if not lfs:
            return {}
    column = _Column(texts)
    scanner = _scanner(tuple(lfs))
    votes = np.full((len(lfs), len(texts)), ABSTAIN, scanner.labels.dtype)
    lf, row, is_sure = scanner.find(column)
    votes[lf[is_sure], row[is_sure]] = scanner.labels[lf[is_sure]]
    unsure = lf[~is_sure] * len(texts) + row[~is_sure]
    odd = np.add.outer(np.arange(len(lfs)) * len(texts), column.odd).ravel()
    for number, rows in _by_lf(np.append(unsure, odd), len(texts)):
        votes[number, rows] = ask_rows(lfs[number], texts, rows)
    return dict(zip(lfs, votes, strict=True))


def ask_rows(lf: ExpressionLF, texts: pl.Series, rows: Positions) -> VoteArray:
    """Return the votes of a labeling function on some rows of its column. Shape: that of ``rows``."""
    votes: VoteArray = texts.gather(rows).to_frame().select(lf.expr).to_series().to_numpy()
    return votes


def _rare(lfs: Sequence[ExpressionLF], sample: pl.Series) -> list[ExpressionLF]:
    lf, _, _ = _scanner(tuple(lfs)).find(_Column(sample))
    finds = np.bincount(lf, minlength=len(lfs))
    return [each for each, count in zip(lfs, finds, strict=True) if count <= COMMON * len(sample)]


def _by_lf(places: Positions, n: int) -> Iterator[tuple[int, Positions]]:
    """Yield the different rows of each labeling function that has any; its places are its number times ``n`` plus row."""
    places = np.unique(places)
    numbers, begins = np.unique(places // max(1, n), return_index=True)
    for number, begin, end in zip(numbers, begins, [*begins[1:], len(places)][: len(begins)], strict=True):
        yield int(number), places[begin:end] - number * n


class _Column:
    """The texts of a column as one run of bytes, with a line break before, between and after them.

    Attributes
    ----------
    data : bytes
        UTF-8.
    starts : array
        Where each text begins. Shape: [n].
    odd : array
        Rows on which folding says nothing, since they have one of `ASCII_TWINS`.
    """

    def __init__(self, texts: pl.Series) -> None:
        lines = pl.concat([pl.Series([""], dtype=pl.String), texts.alias("")]) + "\n"
        arrow = lines.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
        _, offsets, data = arrow.buffers()
        self.starts = np.frombuffer(offsets, np.int64)[arrow.offset + 1 : arrow.offset + 1 + len(texts)]
        self.data: bytes = data.to_pybytes()
        self.odd = np.empty(0, np.int64)
        if not self.data.isascii():
            self.odd = np.flatnonzero(texts.str.contains_any(list(ASCII_TWINS)).fill_null(False).to_numpy())


class _Scanner:
    """The literals of some labeling functions, ready to be found.

    Attributes
    ----------
    labels : array
        The class each labeling function votes for. Shape: [m].
    """

    def __init__(self, lfs: Sequence[ExpressionLF]) -> None:
        pairs = [(number, literal) for number, lf in enumerate(lfs) for literal in sorted(lf.literals)]
        literals = [literal for _, literal in pairs]
        # The automaton takes a literal as often as it is given, so each find belongs to one labeling function.
        is_small = sum(map(len, literals)) <= MAX_DFA
        self._automaton = BytesAhoCorasick(literals, implementation=Implementation.DFA if is_small else None)
        self._lf = np.array([number for number, _ in pairs])
        self._is_sure = np.array([literal in lfs[number].sure for number, literal in pairs])
        self._lead = np.array([len(literal) - len(literal.lstrip()) for literal in literals])
        self._is_bounded = np.array([literal != literal.strip() for literal in literals])
        self.labels = as_votes(np.array([lf.label for lf in lfs]))

    def find(self, column: _Column) -> tuple[Positions, Positions, NDArray[np.bool]]:
        """Return labeling function, row, and whether that is a vote already, of every literal found. Shape: [finds]."""
        matches = self._automaton.find_matches_as_indexes(fold(column.data), overlapping=True)
        literal, begin, end = np.fromiter(chain.from_iterable(matches), np.int64, 3 * len(matches)).reshape(-1, 3).T
        row = np.searchsorted(column.starts, begin + self._lead[literal], "right") - 1
        data = np.frombuffer(column.data, np.uint8)
        is_ascii = (data[begin] < 128) & (data[end - 1] < 128)
        return self._lf[literal], row, self._is_sure[literal] & (is_ascii | ~self._is_bounded[literal])


@lru_cache(maxsize=8)
def _scanner(lfs: tuple[ExpressionLF, ...]) -> _Scanner:
    return _Scanner(lfs)
