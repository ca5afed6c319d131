"""How badly votes fit the assumption of label models, that they are independent given the class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_LEAST_EXPECTED = 3.0
"""Pairs of votes expected on fewer rows are judged together."""

_LEAST_TOGETHER = 30.0
"""Rows that these must be expected on in all to tell anything."""

_LEAST_MEETINGS = 5_000
"""Meetings of two votes that it takes to see how they depend on each other. With fewer, the votes of seven real sets (parts
of 200 to 2,000 rows) pass for independent, and a model that takes them so loses up to ten points of accuracy."""


def misfit(
    overlaps: Floats, n: int, likelihood: Floats, balance: Floats, explained: NDArray[np.bool_] | None = None
) -> float:
    r"""Compare how often each two votes meet with how often a model expects them to.

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
        rows both meet, and E on how many they should, if that is 3 or more; or
        :math:`\sum (O - E)^2 / \sum E` over the other pairs, if that is larger: about 1 or less where the model is true,
        from 1.9 to 70 on the votes of real labeling functions. Infinite where fewer than 5,000 votes meet: it then says
        nothing.
    """
    m, k = len(likelihood), likelihood.shape[1]
    rates = likelihood.reshape(m * k, len(balance))
    expected = (rates * (balance * n)) @ rates.T
    apart = ~np.eye(m, dtype=bool) if explained is None else ~(np.eye(m, dtype=bool) | explained)
    told = np.repeat(np.repeat(apart, k, axis=0), k, axis=1)
    seen = overlaps.diagonal() > 0
    told &= seen[:, None] & seen
    if overlaps[told].sum() / 2 < _LEAST_MEETINGS:
        return np.inf
    often, seldom = told & (expected >= _LEAST_EXPECTED), told & (expected < _LEAST_EXPECTED)
    squares = (overlaps - expected) ** 2
    found = [float(np.mean(squares[often] / expected[often]))] if often.any() else []
    together = expected[seldom].sum()
    if together >= _LEAST_TOGETHER or not found:
        found.append(float(squares[seldom].sum() / max(together, 1.0)))
    return max(found)
