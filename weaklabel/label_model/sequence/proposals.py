"""What labeling functions mark in runs, as spans and as votes on words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from weaklabel.units.spans import Numbers
from weaklabel.votes.spans import Runs
from weaklabel.votes.spans.runs import NEGATIVE_TAG


def leaves_of(runs: Runs) -> list[tuple[int, ...]]:
    """Return the labels 0..k-1 that each label of a vote stands for: itself, or the leaves of an inner label."""
    return [*((label,) for label in range(len(runs.labels))), *(leaves for _, leaves in runs.inner)]


def marks_of_runs(runs: Runs) -> tuple[Numbers, Numbers]:
    """Return what labeling functions mark in runs: the spans, and the stretches that they say are no entity.

    Both have the columns run, begin, end, label and labeling function, sorted by run; places count the words of the run.
    The label of a stretch that is no entity is 0. Shapes: [n, 5].
    """
    run_of = np.repeat(np.arange(len(runs)), runs.lengths)
    starts_run = np.zeros(len(run_of) + 1, dtype=bool)
    starts_run[runs.offsets] = True
    spans, negatives = [np.empty((0, 5), np.int64)], [np.empty((0, 5), np.int64)]
    for lf, tags in enumerate(runs.tags.T):
        begins = (tags > 0) & (tags % 2 == 1)
        goes_on = (tags > 0) & (tags % 2 == 0) & ~starts_run[:-1]
        spans.append(_table(begins, goes_on, run_of, runs.offsets, (tags.astype(np.int64) - 1) // 2, lf))
        is_negative = tags == NEGATIVE_TAG
        before = np.append(False, is_negative[:-1]) & ~starts_run[:-1]
        negatives.append(
            _table(is_negative & ~before, is_negative & before, run_of, runs.offsets, np.zeros(len(tags), np.int64), lf)
        )
    tables = [np.concatenate(parts) for parts in (spans, negatives)]
    first, second = (table[np.argsort(table[:, 0], kind="stable")] for table in tables)
    return first, second


def _table(
    begins: NDArray[np.bool_], goes_on: NDArray[np.bool_], run_of: Numbers, offsets: Numbers, label: Numbers, lf: int
) -> Numbers:
    first = np.flatnonzero(begins)
    stops = np.append(np.flatnonzero(~goes_on), len(goes_on))
    last = stops[np.searchsorted(stops, first, side="right")]
    shift = offsets[run_of[first]]
    return np.stack([run_of[first], first - shift, last - shift, label[first], np.full(len(first), lf)], axis=1)


def word_votes(runs: Runs, weights: Sequence[Sequence[float]] | None = None) -> NDArray[np.float64]:
    """Return how many labeling functions say of each word that it is no entity, and that it has each label.

    A vote for an inner label of a hierarchy counts for each of its leaves. ``weights`` are what a vote of each labeling
    function for each label counts; by default 1. Shape: [n_run_words, k + 1].
    """
    counts = np.zeros((len(runs.tags), len(runs.labels) + 1))
    counts[:, 0] = (runs.tags == NEGATIVE_TAG).sum(axis=1)
    for lf, tags in enumerate(runs.tags.T):
        label = (tags.astype(np.int64) - 1) // 2
        for number, leaves in enumerate(leaves_of(runs)):
            words = np.flatnonzero((tags > 0) & (label == number))
            for leaf in leaves:
                counts[words, 1 + leaf] += weights[lf][number] if weights else 1
    return counts


def conflict_share(runs: Runs) -> float:
    """Return the share of the voted words to which labeling functions give labels that cannot both be right.

    An inner label of a hierarchy agrees with each of its leaves.
    """
    tags = runs.tags
    possible = np.ones((len(tags), len(runs.labels)), dtype=bool)
    leaves = leaves_of(runs)
    is_leaf = np.zeros((len(leaves), len(runs.labels)), dtype=bool)
    for number, some in enumerate(leaves):
        is_leaf[number, list(some)] = True
    for column in tags.T:
        voted = np.flatnonzero(column > 0)
        possible[voted] &= is_leaf[(column[voted].astype(np.int64) - 1) // 2]
    disjoint = ~possible.any(axis=1) & (tags > 0).any(axis=1)
    weight = np.repeat(runs.counts, runs.lengths)
    return float(disjoint @ weight) / max(1, int(weight.sum()))
