"""Which labeling functions vote together, and how often they differ: one pass over the vote patterns."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weaklabel.labels import INT8_CLASSES
from weaklabel.votes.patterns import VotePatterns
from weaklabel.votes.tally import tally_votes
from weaklabel.votes.threads import cores

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

_AT_ONCE = 1 << 14

SPARSE = 0.1
"""Share of true values below which it is faster to look at these alone."""

_CELLS_AT_ONCE = 1 << 21
"""Rows times classes, or labeling functions, that are counted together where votes are counted one by one."""


@dataclass(frozen=True, eq=False)
class VoteFigures:
    """Counts of votes.

    Attributes
    ----------
    together, differ
        Rows on which two labeling functions both vote, and on which their votes differ. Shape: [m, m].
    votes_a_row
        Rows with 0, 1, ... m votes. Shape: [m + 1].
    votes
        Of each labeling function for each class. Shape: [m, k].
    against
        Of each vote pattern, its votes against the class that has most of them. Shape: [u].
    voting
        Of each vote pattern, its votes. Shape: [u].
    """

    together: Counts
    differ: Counts
    votes_a_row: Counts
    votes: Counts
    against: Counts
    voting: Counts


def count_votes(found: VotePatterns, k: int) -> VoteFigures:
    """Count votes of patterns; ``k`` is the number of classes.

    It takes memory for pairs of labeling functions, not of their classes (see `count_overlaps`, which does).
    """
    if k > INT8_CLASSES:
        return _count_sparse(found, k)
    m, u = found.m, len(found)
    together, agree = np.zeros((m, m)), np.zeros((m, m))
    of_each = np.zeros((m, k), dtype=np.int64)
    voting, most = np.zeros(u, dtype=np.int64), np.zeros(u, dtype=np.int64)
    # A class is looked for only among those that vote for it: most labeling functions know one class.
    seen = tally_votes(found.patterns, classes=k).seen
    voters = [np.flatnonzero(seen[:, label]) for label in range(k)]
    for start in range(0, u, _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        block, weights = found.patterns[rows], found.counts[rows]
        voting[rows] = (block >= 0).sum(axis=1)
        together += meetings(block >= 0, weights)
        for label, lfs in enumerate(voters):
            if len(lfs):
                hits = block[:, lfs] == label
                agree[np.ix_(lfs, lfs)] += meetings(hits, weights)
                of_each[lfs, label] += weights @ hits
                np.maximum(most[rows], hits.sum(axis=1), out=most[rows])
    votes_a_row = np.bincount(voting, found.counts.astype(np.float64), minlength=m + 1).astype(np.float64)
    return VoteFigures(_whole(together), _whole(together - agree), _whole(votes_a_row), of_each, voting - most, voting)


def agreements(found: VotePatterns, k: int) -> Floats:
    """Count the rows on which each two labeling functions cast the same vote, of ``k`` classes. Shape: [m, m]."""
    if k > INT8_CLASSES:
        figures = _count_sparse(found, k)
        return (figures.together - figures.differ).astype(np.float64)
    seen = tally_votes(found.patterns, classes=k).seen

    def count(start: int) -> Floats:
        rows, agree = slice(start, start + _AT_ONCE), np.zeros((found.m, found.m))
        for label in np.flatnonzero(seen.any(axis=0)).tolist():
            lfs = np.flatnonzero(seen[:, label])
            agree[np.ix_(lfs, lfs)] += meetings(found.patterns[rows][:, lfs] == label, found.counts[rows])
        return agree

    with ThreadPoolExecutor(cores()) as pool:
        return np.asarray(sum(pool.map(count, range(0, len(found), _AT_ONCE)), np.zeros((found.m, found.m))))


def _count_sparse(found: VotePatterns, k: int) -> VoteFigures:
    """Count by the votes cast: of so many classes, a row has votes for few."""
    from scipy.sparse import csr_array

    m, u = found.m, len(found)
    together, agree, of_each = np.zeros((m, m)), np.zeros((m, m)), np.zeros(m * k)
    voting, most = np.zeros(u, dtype=np.int64), np.zeros(u, dtype=np.int64)
    at_once = max(1, _CELLS_AT_ONCE // max(1, k, m))
    for start in range(0, u, at_once):
        rows = slice(start, min(u, start + at_once))
        block, weights = found.patterns[rows], found.counts[rows].astype(np.float64)
        row, lf = np.nonzero(block >= 0)
        vote = block[row, lf].astype(np.intp)
        # Whoever votes for a class of a row meets there.
        place, n_places = row * k + vote, len(block) * k
        votes = csr_array((np.ones(len(row)), (place, lf)), shape=(n_places, m))
        weighted = csr_array((weights[row], (place, lf)), shape=(n_places, m))
        agree += (votes.T @ weighted).toarray()
        together += meetings(block >= 0, found.counts[rows])
        of_each += np.bincount(lf * k + vote, weights[row], minlength=m * k)
        voting[rows] = np.bincount(row, minlength=len(block))
        most[rows] = np.diff(votes.indptr).reshape(len(block), k).max(axis=1, initial=0)
    votes_a_row = np.bincount(voting, found.counts.astype(np.float64), minlength=m + 1).astype(np.float64)
    differ, votes = _whole(together - agree), _whole(of_each.reshape(m, k))
    return VoteFigures(_whole(together), differ, _whole(votes_a_row), votes, voting - most, voting)


def meetings(hits: NDArray[np.bool_], weights: Counts, others: NDArray[np.bool_] | None = None) -> Floats:
    """Count the rows on which each two columns of ``hits``, or one of it and one of ``others``, are both true.

    Parameters
    ----------
    hits
        Shape: [u, m].
    weights
        How often each row counts. Shape: [u].
    others
        By default ``hits``. Shape: [u, o].

    Returns
    -------
    array
        Whole numbers, which float64 adds exactly below 2**53. Shape: [m, o].
    """
    if np.count_nonzero(hits) < SPARSE * hits.size:
        from scipy.sparse import csr_array

        true = csr_array(hits, dtype=np.float64)
        weighted = true.multiply(weights[:, None]).tocsr()
        return (weighted.T @ (true if others is None else csr_array(others, dtype=np.float64))).toarray()
    votes = hits.astype(np.float64)
    return (votes * weights[:, None]).T @ (votes if others is None else others.astype(np.float64))


def _whole(values: Floats) -> Counts:
    return np.rint(values).astype(np.int64)
