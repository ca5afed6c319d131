"""Which share of the entities any labeling function marks, as far as the overlap of labeling functions shows it."""

from __future__ import annotations

import numpy as np

from weaklabel.label_model.sequence.base import Floats
from weaklabel.label_model.sequence.proposals import marks_of_runs
from weaklabel.units.spans import Numbers
from weaklabel.votes.spans import Runs

RANGE = (0.5, 0.95)
"""Estimates outside of it are taken for its ends: overlap is a rough measure."""


def coverage_of_labels(runs: Runs) -> Floats:
    r"""Return for each label which share of its entities at least one labeling function marks.

    Labeling functions are taken for captures and recaptures: if what two of them mark overlaps much, then little is left that
    none of them marks. Of a label, let S be the number of different spans that have votes, and :math:`n_j` the number
    of those that labeling function j marks, too. If labeling functions find entities independently of each other, the share c
    that any of them finds is the solution of :math:`1 - c = \prod_j (1 - c\,n_j / S)`. Those that know the same entities
    make c too high, and false spans make it too low; so it is kept within `RANGE`.

    A label that only one labeling function marks has the mean of the other labels, weighted by their spans, and 0.5 where
    there is none. Votes for inner labels of a hierarchy tell nothing of its leaves, and do not count.

    Source: Darroch 1958, "The multiple-recapture census I: Estimation of a closed population", equation for the estimate
    when the chance of capture differs by sample. Shape: [k].

    Examples
    --------
    >>> from weaklabel.units import Spans
    >>> from weaklabel.votes import SpanVotes
    >>> first, second = ([[(0, 1, 0)] if row in rows else [] for row in range(10)] for rows in (range(6), range(2, 10)))
    >>> votes = SpanVotes.of([Spans.of_rows(first), Spans.of_rows(second)], np.arange(11), ["a", "b"], ["PER"])
    >>> coverage_of_labels(votes.runs())  # 6 and 8 of 12: they share 4, so that 10 of 12 are marked
    array([0.83333333])
    """
    k = len(runs.labels)
    marks, _ = marks_of_runs(runs)
    shares, weights = np.full(k, np.nan), np.zeros(k)
    for label in range(k):
        of_label = marks[marks[:, 3] == label]
        places = _places(of_label)
        is_marked = np.zeros((int(places.max(initial=-1)) + 1, runs.m), dtype=bool)
        is_marked[places, of_label[:, 4]] = True
        counts = np.zeros(len(is_marked))
        counts[places] = runs.counts[of_label[:, 0]]
        captured = counts @ is_marked
        if (captured > 0).sum() > 1:
            weights[label] = counts.sum()
            shares[label] = np.clip(_share(captured[captured > 0] / counts.sum()), *RANGE)
    known = weights > 0
    if not known.any():
        return np.full(k, RANGE[0])
    mean = weights[known].sum() / (weights[known] / shares[known]).sum()
    filled: Floats = np.where(known, shares, mean)
    return filled


def _places(marks: Numbers) -> Numbers:
    """Return a number for each different place: run, begin and end."""
    if not len(marks):
        return np.empty(0, dtype=np.int64)
    numbers: Numbers = np.unique(marks[:, :3], axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)
    return numbers


def _share(of_captured: Floats) -> float:
    """Solve for the share of all that is captured, by bisection; 0 where nothing was captured twice."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if np.prod(1 - middle * of_captured) < 1 - middle:
            low = middle
        else:
            high = middle
    return high
