"""A test of the assumption of label models that votes are independent given the class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_MIN_EXPECTED = 3.0
"""Pairs of votes expected on fewer rows are judged together."""

_PAIRS_AT_ONCE = 1 << 24
"""Pairs of votes that are judged together, which takes some 40 bytes each."""

_MIN_TOGETHER = 30.0
"""Rows on which these must be expected in all for the test to mean anything."""

_MIN_OVERLAPS = 5_000
"""Overlaps of two votes that are needed to test how they depend on each other. With fewer, the votes of seven real sets (parts
of 200 to 2,000 rows) look independent, and a model that takes them so loses up to ten points of accuracy."""


def misfit(
    overlaps: Floats, n: int, likelihood: Floats, balance: Floats, explained: NDArray[np.bool_] | None = None
) -> float:
    r"""Compare how often each two votes overlap with how often a model expects it.

    Parameters
    ----------
    overlaps
        How many rows have each two votes, see `weaklabel.label_model.overlaps`. Shape: [m*k, m*k].
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
        The mean of :math:`(O - E)^2 / E` over pairs of votes of different labeling functions, where O is on how many
        rows both occur, and E on how many they are expected to, if that is 3 or more; or
        :math:`\sum (O - E)^2 / \sum E` over the other pairs, if that is larger: about 1 or less where the model is true,
        from 1.9 to 70 on the votes of real labeling functions. Infinite if fewer than 5,000 votes overlap: too few for
        a test.
    """
    m, k = len(likelihood), likelihood.shape[1]
    rates = likelihood.reshape(m * k, len(balance))
    apart = ~np.eye(m, dtype=bool) if explained is None else ~(np.eye(m, dtype=bool) | explained)
    seen, lfs = overlaps.diagonal() > 0, np.repeat(np.arange(m), k)
    n_overlaps = off_often = n_often = off_seldom = together = 0.0
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
        together += float(expected[seldom].sum())
    if n_overlaps / 2 < _MIN_OVERLAPS:
        return np.inf
    values = [off_often / n_often] if n_often else []
    if together >= _MIN_TOGETHER or not values:
        values.append(off_seldom / max(together, 1.0))
    return max(values)
