"""Filtering and ordering rows with spans, computed for all rows at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from weaklabel.errors import ConfigError, nearest
from weaklabel.labels import label_index
from weaklabel.review.query import Mask, Order, Rows, ordered
from weaklabel.review.spans.ledger import SpanLedger
from weaklabel.review.spans.state import SpanSnapshot


@dataclass(frozen=True)
class SpanFilter:
    """Conditions on rows; a row is shown if it satisfies all of them. None is no condition.

    Attributes
    ----------
    lf
        Name of a labeling function that marks a span in the row.
    vote
        Label that it votes for, or where ``lf`` is not given, any labeling function.
    label
        Label of a proposed span of the row; "" for rows without proposed spans.
    min_conf, max_conf
        Bounds (inclusive) on the probability of the row's least sure span; rows without probabilities satisfy neither.
    conflict
        Whether different spans that overlap were voted for.
    uncovered
        Whether no labeling function marks anything in the row.
    decided
        Whether somebody, or ``reviewer`` if given, completed the row.
    reviewer
        Name of a reviewer who completed the row, or with ``decided=False`` did not.
    disagreement
        Whether reviewers completed the row with different spans, and no adjudication has settled it.
    text
        A substring of the text, ignoring case.
    """

    lf: str | None = None
    vote: str | None = None
    label: str | None = None
    min_conf: float | None = None
    max_conf: float | None = None
    conflict: bool | None = None
    uncovered: bool | None = None
    decided: bool | None = None
    reviewer: str | None = None
    disagreement: bool | None = None
    text: str | None = None


def find_rows(
    snapshot: SpanSnapshot,
    ledger: SpanLedger,
    lower_texts: pl.Series,
    labels: Sequence[str],
    filter: SpanFilter,
    order: Order,
    seed: int,
) -> Rows:
    """Return the numbers of the rows that satisfy every condition, in the given order.

    Parameters
    ----------
    snapshot, ledger
        What is reviewed.
    lower_texts
        The texts in lower case. Length: n_rows.
    labels
        Names of all labels of votes. Length: k, or more with a hierarchy.
    filter
        The conditions.
    order, seed
        See `weaklabel.review.spans.SpanReview.query`.

    Raises
    ------
    WeakLabelError
        A labeling function, label or order is unknown.
    """
    mask = np.ones(snapshot.n_rows, dtype=bool)
    for condition in _conditions(snapshot, ledger, lower_texts, labels, filter):
        mask &= condition
    keys = {"confidence": lambda: snapshot.least_prob, "conflict": lambda: -snapshot.conflict}
    return ordered(np.flatnonzero(mask), order, seed, snapshot.n_rows, keys)


def _conditions(
    snapshot: SpanSnapshot, ledger: SpanLedger, lower_texts: pl.Series, labels: Sequence[str], filter: SpanFilter
) -> Iterator[Mask]:
    if filter.lf is not None or filter.vote is not None:
        yield _votes(snapshot, labels, filter.lf, filter.vote)
    if filter.label:
        yield _rows_with(
            snapshot.spans.row, snapshot.spans.label == label_index(filter.label, labels, "label"), snapshot
        )
    elif filter.label is not None:
        yield snapshot.counts == 0
    if filter.min_conf is not None:
        yield snapshot.least_prob >= filter.min_conf  # false of NaN
    if filter.max_conf is not None:
        yield snapshot.least_prob <= filter.max_conf
    if filter.conflict is not None:
        yield (snapshot.conflict > 0) == filter.conflict
    if filter.uncovered is not None:
        yield snapshot.covered != filter.uncovered
    if filter.decided is not None or filter.reviewer is not None:
        yield ledger.decided(filter.reviewer) == (filter.decided is not False)
    if filter.disagreement is not None:
        yield ledger.disagreement() == filter.disagreement
    if filter.text:
        yield lower_texts.str.contains(filter.text.lower(), literal=True).to_numpy()


def _votes(snapshot: SpanSnapshot, labels: Sequence[str], lf: str | None, vote: str | None) -> Mask:
    """Rows in which an LF, or any, marks a span with a label, or any."""
    votes = snapshot.votes
    names = [] if votes is None else list(votes.lf_names)
    if lf is not None and lf not in names:
        raise ConfigError(f"no labeling function is called '{lf}'{nearest(lf, names)}")
    number = None if vote is None else label_index(vote, labels, "vote")
    mask = np.zeros(snapshot.n_rows, dtype=bool)
    for name, spans in zip(names, () if votes is None else votes.spans, strict=True):
        if lf in (None, name):
            mask |= _rows_with(
                spans.row, np.full(len(spans), True) if number is None else spans.label == number, snapshot
            )
    return mask


def _rows_with(row: Rows, chosen: Mask, snapshot: SpanSnapshot) -> Mask:
    mask = np.zeros(snapshot.n_rows, dtype=bool)
    mask[row[chosen]] = True
    return mask
