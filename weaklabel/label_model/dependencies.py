"""Dependencies between labeling functions, whose votes label models assume to be independent given the class.

Copies and near-copies are found by how their votes correlate given the class; `misfit` says how far off the assumption may be.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from weaklabel.label_model.evidence import ExpectedVotes
from weaklabel.labels import Probs
from weaklabel.votes.patterns import VotePatterns
from weaklabel.votes.tally import agreements

Floats = NDArray[np.float64]
Kind = Literal["copy", "near-copy", "correlated"]

COPY, NEAR_COPY, CORRELATED = 0.95, 0.5, 0.1
"""Correlations from which two labeling functions are called so."""

FALSE_ALARMS = 0.01
"""How many pairs are expected to be named where all labeling functions are independent."""


@dataclass(frozen=True)
class Dependency:
    """Two labeling functions that vote alike more often than their class explains.

    Attributes
    ----------
    lf, other
        Their columns; ``lf`` is the lower.
    strength
        Residual correlation, above 0 to 1.
    kind
        "copy" from .95, "near-copy" from .5, "correlated" from .1.
    """

    lf: int
    other: int
    strength: float
    kind: Kind


@dataclass(frozen=True, eq=False)
class Dependencies:
    """The result of `find_dependencies`.

    Attributes
    ----------
    correlations
        Residual correlation of each two labeling functions, -1 to 1; 1 with itself; 0 where one never votes, or its
        votes follow from the class. Shape: [m, m].
    pairs
        Those that are more than an accident, the strongest first.
    """

    correlations: Floats
    pairs: tuple[Dependency, ...]


def find_dependencies(votes: VotePatterns, probs: Probs) -> Dependencies:
    r"""Find labeling functions that vote alike more often than the class explains.

    How often labeling functions i and j both vote v is compared with how often they would if they were independent
    given the class, :math:`\sum_y P(y) P(L_i = v | y) P(L_j = v | y)`. The difference, over all v, is a covariance, and
    over the standard deviations a correlation: 1 for copies. A pair is named if it is at least .1, and if so many common
    votes are no accident; the bar rises with the number of pairs.

    Rows without an answer count with the mean of the others, so that abstaining together counts too. The better the
    answers, the less of the class is left over to be taken for dependence.

    Parameters
    ----------
    votes
        Votes; their rows are not needed.
    probs
        What a label model answers to the patterns. Shape: [u, k]; NaN where it has no answer.

    Returns
    -------
    Dependencies
        Memory is in proportion to the square of m.

    Examples
    --------
    >>> from weaklabel.votes import vote_patterns
    >>> votes = vote_patterns([[0, 0, 1], [0, 0, 0], [1, 1, 1], [-1, -1, 0], [1, 1, 0], [-1, -1, 1]] * 20)
    >>> probs = [[0.8, 0.2] if vote == 0 else [0.2, 0.8] for vote in votes.patterns[:, 2]]
    >>> find_dependencies(votes, np.array(probs)).pairs
    (Dependency(lf=0, other=1, strength=1.0, kind='copy'),)
    """
    alike, by_class, classes = _count(votes, _answered(votes, probs))
    n, m, k = max(1, votes.n), votes.m, probs.shape[1]
    # By Bayes, the rate of a vote in each class; a class that no row has is left out.
    per_class = (by_class[:, :, classes > 0] / np.sqrt(classes[classes > 0])).reshape(m, k * int((classes > 0).sum()))
    expected = per_class @ per_class.T
    covariances = (alike - expected) / n
    variances = covariances.diagonal()
    varying = variances > 1e-9  # votes that follow from the class leave nothing but rounding
    spread = np.sqrt(np.where(varying, variances, 1))
    correlations = np.where(np.outer(varying, varying), covariances / np.outer(spread, spread), 0)
    np.fill_diagonal(correlations, 1)
    return Dependencies(correlations, _named(correlations, _surprise(alike, expected)))


def _answered(votes: VotePatterns, probs: Probs) -> Probs:
    undefined = np.asarray(np.isnan(probs).any(axis=1))
    if not undefined.any():
        return probs
    rows = votes.counts[~undefined]
    k = probs.shape[1]
    usual = rows @ probs[~undefined] / rows.sum() if len(rows) else np.full(k, 1 / k)
    return np.where(undefined[:, None], usual, probs)


def _count(votes: VotePatterns, probs: Probs) -> tuple[Floats, Floats, Floats]:
    """Count the rows where two vote alike, those with each vote and class, and those of each class.

    Shape: [m, m], [m, k, k], [k].
    """
    k = probs.shape[1]
    by_class = ExpectedVotes(votes.patterns, k).count(np.asfortranarray(probs * votes.counts[:, None]))
    return agreements(votes, k), by_class, votes.counts @ probs


def _surprise(alike: Floats, expected: Floats) -> Floats:
    """Say how many standard errors a count is above a Poisson mean, by Anscombe's square roots. Shape: [m, m]."""
    return 2 * (np.sqrt(alike + 3 / 8) - np.sqrt(np.maximum(expected, 0) + 3 / 8))


def _named(correlations: Floats, surprise: Floats) -> tuple[Dependency, ...]:
    m = len(correlations)
    bar = NormalDist().inv_cdf(1 - FALSE_ALARMS / max(1, m * (m - 1) // 2))
    first, second = np.nonzero(np.triu((correlations >= CORRELATED) & (surprise > bar), 1))
    pairs = [
        Dependency(int(lf), int(other), strength, _kind(strength))
        for lf, other, strength in zip(
            first, second, np.minimum(1, correlations[first, second]).round(12).tolist(), strict=True
        )
    ]
    return tuple(sorted(pairs, key=lambda pair: (-pair.strength, pair.lf, pair.other)))


def _kind(strength: float) -> Kind:
    return "copy" if strength >= COPY else "near-copy" if strength >= NEAR_COPY else "correlated"


_MIN_EXPECTED = 3.0
"""Pairs of votes expected on fewer rows are judged together."""

_PAIRS_AT_ONCE = 1 << 24
"""Pairs of votes that are judged together, which takes some 40 bytes each."""

_ERRORS_ABOVE = 2.0
"""Standard errors from the estimate to the bound that is returned."""


def misfit(
    overlaps: Floats, n: int, likelihood: Floats, balance: Floats, explained: NDArray[np.bool_] | None = None
) -> float:
    r"""Say how far off a model may be about how often each two votes overlap.

    It is the size of an effect, which does not grow with the rows, and not a test that many rows always fail and few
    always pass: the root mean square error of the expected overlaps as a share of them, in its upper confidence bound. So
    if it is small, the model is shown to fit, and with too few rows to show anything it is large.

    Parameters
    ----------
    overlaps
        How many rows have each two votes, see `weaklabel.label_model.moments`. Shape: [m*k, m*k].
    n
        Rows.
    likelihood
        P(vote | state) of a fitted model, by labeling function, vote and state, such as the class. Shape: [m, k, s].
    balance
        P(state). Shape: [s].
    explained
        Pairs of labeling functions that are left out, since what they have in common is known. Shape: [m, m].

    Returns
    -------
    float
        With O and E rows on which a pair of votes of different labeling functions occurs and is expected to, the square
        root of :math:`(\sum (O - E)^2 / E - d + 2 \sqrt{V}) / \sum O`, the sum at least d: V is the variance of its first
        sum where the model is true, and d how large that sum is then: the pairs, less the parameters that were fitted to
        them, one for each vote and class but one. Pairs that are expected on fewer than 3 rows share one mean E. Infinite
        where there are no more pairs than parameters, since any votes would fit then, or no overlaps.

    References
    ----------
    MacCallum, Browne, Sugawara: Power Analysis and Determination of Sample Size for Covariance Structure Modeling.
    Psychological Methods 1, 1996 (bounds of the root mean square error of approximation, instead of tests of exact fit).
    """
    m, k = len(likelihood), likelihood.shape[1]
    rates = likelihood.reshape(m * k, len(balance))
    apart = ~np.eye(m, dtype=bool) if explained is None else ~(np.eye(m, dtype=bool) | explained)
    seen, lfs = overlaps.diagonal() > 0, np.repeat(np.arange(m), k)
    n_overlaps = n_often = n_seldom = off_often = off_seldom = together = 0.0
    at_once = max(1, _PAIRS_AT_ONCE // max(1, m * k))
    for start in range(0, m * k, at_once):
        some = slice(start, start + at_once)
        expected = (rates[some] * (balance * n)) @ rates.T
        tested = np.repeat(apart[lfs[some]], k, axis=1)
        tested &= seen[some, None] & seen
        n_overlaps += float(overlaps[some][tested].sum())
        often, seldom = tested & (expected >= _MIN_EXPECTED), tested & (expected < _MIN_EXPECTED)
        squares = (overlaps[some] - expected) ** 2
        off_often += float((squares[often] / expected[often]).sum())
        n_often += np.count_nonzero(often)
        off_seldom += float(squares[seldom].sum())
        n_seldom += np.count_nonzero(seldom)
        together += float(expected[seldom].sum())
    # Each pair was met twice.
    pairs, classes = (n_often + n_seldom) / 2, np.count_nonzero(seen.reshape(m, k).any(axis=0))
    free = pairs - np.count_nonzero(seen) * (classes - 1)
    if free <= 0 or not n_overlaps:
        return np.inf
    mean = max(together, 1.0) / max(n_seldom, 1.0)
    off = (off_often + off_seldom / mean) / 2
    # The square of what a Poisson count is off by has the variance 2 E**2 + E.
    variance = (2 * n_often + (2 + 1 / mean) * n_seldom) / 2 * (free / pairs)
    return float(np.sqrt((max(off - free, 0.0) + _ERRORS_ABOVE * np.sqrt(variance)) / (n_overlaps / 2)))
