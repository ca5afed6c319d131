"""Votes of labeling functions that are polars expressions: all together, each row looked at as little as can be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from weaklabel.corpus.batch import Batch
from weaklabel.labels import ABSTAIN, MAX_CARDINALITY, VoteArray
from weaklabel.lf.core import ExpressionLF, check_columns
from weaklabel.lf.patterns import PatternLF, column_text
from weaklabel.votes.evaluate import LFVotes, ask, check_votes
from weaklabel.votes.scan import ask_rows, scan_votes

WORTH_SCAN = 5
"""Labeling functions with literals in one column from which on it pays to scan it for them."""

WORTH_NARROWING = 1_000
"""Rows from which on it pays to find, before all else, those on which a labeling function may vote at all."""


def vote_with_expressions(lfs: Sequence[ExpressionLF], batch: Batch, top: int = MAX_CARDINALITY) -> list[LFVotes]:
    """Evaluate all expressions in one pass over the columns; where that fails, each on its own.

    Parameters
    ----------
    lfs
        Labeling functions that are expressions.
    batch
        The rows.
    top
        Number of classes; a vote must be below it.

    Returns
    -------
    list of LFVotes
        In the order of ``lfs``.
    """
    if pl.Object in batch.frame.dtypes:
        for lf in lfs:
            check_columns(lf.name, lf.columns, batch)
    try:
        columns = _narrowed(lfs, batch.frame) if len(batch) >= WORTH_NARROWING else _select(lfs, batch.frame)
    except (Exception, pl.exceptions.PanicException):
        return [ask(lf.name, partial(_select_one, lf), batch, top) for lf in lfs]
    return [check_votes(lf.name, column, batch, top) for lf, column in zip(lfs, columns, strict=True)]


def _select_one(lf: ExpressionLF, batch: Batch) -> Any:
    return _select([lf], batch.frame)[0]


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
    votes: dict[int, Any] = {id(lf): found for group in scanned for lf, found in group.items()}
    rest = [lf for lf in lfs if id(lf) not in votes]
    loose = [lf.loose if isinstance(lf, PatternLF) else None for lf in rest]
    columns = _columns([lf.expr if expr is None else expr for lf, expr in zip(rest, loose, strict=True)], frame)
    for lf, expr, column in zip(rest, loose, columns, strict=True):
        votes[id(lf)] = _abstain_where_null(column) if expr is None else _only_where(lf, column, frame)
    return [votes[id(lf)] for lf in lfs]


def _with_literals(lfs: Iterable[ExpressionLF]) -> list[list[PatternLF]]:
    """Return the labeling functions that can share a scan, by the column that they read."""
    groups: dict[tuple[str, ...], list[PatternLF]] = {}
    for lf in lfs:
        if isinstance(lf, PatternLF) and lf.literals:
            groups.setdefault(lf.columns, []).append(lf)
    return [group for group in groups.values() if len(group) >= WORTH_SCAN]


def _only_where(lf: Any, possible: pl.Series, frame: pl.DataFrame) -> VoteArray:
    rows = np.flatnonzero(possible.fill_null(False).to_numpy())
    found = ask_rows(lf, frame.select(column_text(lf.columns[0])).to_series(), rows)
    votes = np.full(len(possible), ABSTAIN, found.dtype)
    votes[rows] = found
    return votes
