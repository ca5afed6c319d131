"""Which rows a filter finds; decided for all rows at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from weaklabel.errors import ConfigError, nearest
from weaklabel.labels import ABSTAIN, label_index
from weaklabel.review.filter import Filter, Mask, Order, Rows
from weaklabel.review.standing import Standing

if TYPE_CHECKING:
    from weaklabel.review.review import Review


def find(review: Review, filter: Filter, order: Order, seed: int) -> Rows:
    """Return the numbers of the rows that meet every condition, in the order asked for.

    Raises
    ------
    WeakLabelError
        A labeling function, class, cluster, sample or order is unknown.
    """
    found, now = np.ones(len(review), dtype=bool), review.standing
    for mask in _conditions(review, now, filter):
        found &= mask
    if filter.sample is not None:
        drawn = review.get_sample(filter.sample).rows
        return drawn[found[drawn]]
    return _ordered(now, np.flatnonzero(found), order, seed)


def _conditions(review: Review, now: Standing, filter: Filter) -> Iterator[Mask]:
    if filter.lf is not None or filter.vote is not None:
        yield _votes(review, now, filter.lf, filter.vote)
    if filter.label is not None:
        yield now.preds == (label_index(filter.label, review.labels, "label") if filter.label else ABSTAIN)
    if filter.min_conf is not None:
        yield now.confidence >= filter.min_conf  # false of NaN
    if filter.max_conf is not None:
        yield now.confidence <= filter.max_conf
    if filter.conflict is not None:
        yield (now.conflict > 0) == filter.conflict
    if filter.uncovered is not None:
        yield now.covered != filter.uncovered
    if filter.decided is not None or filter.reviewer is not None:
        yield review.ledger.decided(filter.reviewer) == (filter.decided is not False)
    if filter.disagreement is not None:
        yield review.ledger.disagreement() == filter.disagreement
    if filter.text:
        yield review.lower_texts.str.contains(filter.text.lower(), literal=True).to_numpy()
    if filter.cluster is not None:
        yield _cluster(review, filter.cluster)


def _votes(review: Review, now: Standing, lf: str | None, vote: str | None) -> Mask:
    """Rows on which an LF, or any, votes for a class, or any."""
    L = now.votes.L
    if lf is not None:
        names = list(now.votes.lf_names)
        if lf not in names:
            raise ConfigError(f"there is no labeling function '{lf}'{nearest(lf, names)}")
        L = L[:, names.index(lf)][:, None]
    number = None if vote is None else label_index(vote, review.labels, "vote")
    found = np.zeros(len(L), dtype=bool)
    for column in range(L.shape[1]):
        found |= L[:, column] != ABSTAIN if number is None else L[:, column] == number
    return found


def _cluster(review: Review, cluster: int) -> Mask:
    # The clusters that were shown last: others would have other numbers.
    clusters = (review.last_suggestions or review.suggestions()).clusters
    if not 0 <= cluster < len(clusters):
        raise ConfigError(f"there is no cluster {cluster}; there are {len(clusters)}, from 0")
    found = np.zeros(len(review), dtype=bool)
    found[list(clusters[cluster].rows)] = True
    return found


def _ordered(now: Standing, rows: Rows, order: Order, seed: int) -> Rows:
    """Put rows into order: rows without a confidence come last, and ties stay in the corpus's order."""
    if order == "row":
        return rows
    if order == "confidence":
        return rows[np.argsort(now.confidence[rows], kind="stable")]
    if order == "conflict":
        return rows[np.argsort(-now.conflict[rows], kind="stable")]
    if order == "random":
        # Each row has its place whatever the filter, so that a row that is decided moves no other one.
        place = np.random.default_rng(seed).permutation(len(now.preds))
        return rows[np.argsort(place[rows], kind="stable")]
    raise ConfigError(f"rows can be ordered by row, confidence, random or conflict, not '{order}'")
