"""Filtering and ordering rows, computed for all rows at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from weaklabel.errors import ConfigError, nearest
from weaklabel.labels import ABSTAIN, label_index
from weaklabel.review.state import ReviewState, Snapshot

Rows: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]
Order: TypeAlias = Literal["row", "confidence", "random", "conflict", "teaching"]


@dataclass(frozen=True)
class Filter:
    """Conditions on rows; a row is shown if it satisfies all of them. None is no condition.

    Attributes
    ----------
    lf
        Name of a labeling function that votes on the row.
    vote
        Class name that it votes for, or where ``lf`` is not given, any labeling function.
    label
        Class name that the label model gives the row; "" for rows that it gives none.
    min_conf, max_conf
        Bounds (inclusive) on the probability of the most probable class; rows without probabilities satisfy neither.
    conflict
        Whether votes on the row differ.
    uncovered
        Whether no labeling function votes on the row.
    decided
        Whether somebody, or ``reviewer`` if given, decided on the row.
    reviewer
        Name of a reviewer who decided on the row, or with ``decided=False`` did not.
    disagreement
        Whether reviewers decided differently on the row, and no adjudication has settled it.
    text
        A substring of the text, ignoring case.
    cluster
        Number, in the suggestions, of a cluster of uncovered rows.
    sample
        Id of a spot check that the row was drawn for; rows then come in the order of the draw.
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
    cluster: int | None = None
    sample: str | None = None


@dataclass(frozen=True, eq=False)
class RowPage:
    """One page of the rows that a filter found.

    Attributes
    ----------
    rows
        Row numbers, in the order asked for. At most ``limit``.
    total
        Rows that the filter found in all.
    """

    rows: Rows
    total: int


def find(
    state: ReviewState,
    filter: Filter,
    order: Order,
    seed: int,
    *,
    drawn: Rows | None = None,
    cluster: Rows | None = None,
) -> Rows:
    """Return the numbers of the rows that satisfy every condition, in the given order.

    Parameters
    ----------
    state
        What is reviewed.
    filter
        The conditions.
    order, seed
        See `weaklabel.review.Review.query`.
    drawn
        The rows of ``filter.sample``, in the order of the draw.
    cluster
        The rows of ``filter.cluster``.

    Raises
    ------
    WeakLabelError
        A labeling function, class or order is unknown.
    """
    snapshot = state.snapshot
    mask = np.ones(len(state), dtype=bool)
    if cluster is not None:
        mask[:] = False
        mask[cluster] = True
    for condition in _conditions(state, snapshot, filter):
        mask &= condition
    if drawn is not None:
        return drawn[mask[drawn]]
    keys = {
        "confidence": lambda: snapshot.confidence,
        "conflict": lambda: -snapshot.conflict,
        "teaching": lambda: -state.teaching_worth(snapshot),
    }
    return ordered(np.flatnonzero(mask), order, seed, len(snapshot.preds), keys)


def _conditions(state: ReviewState, snapshot: Snapshot, filter: Filter) -> Iterator[Mask]:
    if filter.lf is not None or filter.vote is not None:
        yield _votes(snapshot, state.labels, filter.lf, filter.vote)
    if filter.label is not None:
        yield snapshot.preds == (label_index(filter.label, state.labels, "label") if filter.label else ABSTAIN)
    if filter.min_conf is not None:
        yield snapshot.confidence >= filter.min_conf  # false of NaN
    if filter.max_conf is not None:
        yield snapshot.confidence <= filter.max_conf
    if filter.conflict is not None:
        yield (snapshot.conflict > 0) == filter.conflict
    if filter.uncovered is not None:
        yield snapshot.covered != filter.uncovered
    if filter.decided is not None or filter.reviewer is not None:
        yield state.ledger.decided(filter.reviewer) == (filter.decided is not False)
    if filter.disagreement is not None:
        yield state.ledger.disagreement() == filter.disagreement
    if filter.text:
        yield state.lower_texts.str.contains(filter.text.lower(), literal=True).to_numpy()


def _votes(snapshot: Snapshot, labels: Sequence[str], lf: str | None, vote: str | None) -> Mask:
    """Rows on which an LF, or any, votes for a class, or any."""
    L = snapshot.votes.L
    if lf is not None:
        names = list(snapshot.votes.lf_names)
        if lf not in names:
            raise ConfigError(f"no labeling function is called '{lf}'{nearest(lf, names)}")
        L = L[:, names.index(lf)][:, None]
    number = None if vote is None else label_index(vote, labels, "vote")
    mask = np.zeros(len(L), dtype=bool)
    for column in range(L.shape[1]):
        mask |= L[:, column] != ABSTAIN if number is None else L[:, column] == number
    return mask


def ordered(rows: Rows, order: Order, seed: int, n_rows: int, keys: Mapping[str, Callable[[], NDArray[Any]]]) -> Rows:
    """Put rows into order: rows without a confidence come last, and ties stay in the corpus's order.

    Parameters
    ----------
    rows
        Some rows of the corpus.
    order, seed
        See `Review.query`.
    n_rows
        Rows of the corpus.
    keys
        For the orders by a value, such as "confidence": what returns it for each row of the corpus; the lowest comes first.

    Raises
    ------
    ConfigError
        There is no such order.
    """
    if order == "row":
        return rows
    if order in keys:
        return rows[np.argsort(keys[order]()[rows], kind="stable")]
    if order == "random":
        # Each row has its place whatever the filter, so that a row that is decided moves no other one.
        place = np.random.default_rng(seed).permutation(n_rows)
        return rows[np.argsort(place[rows], kind="stable")]
    raise ConfigError(f"rows can be ordered by row, random, {', '.join(keys)}, not '{order}'")
