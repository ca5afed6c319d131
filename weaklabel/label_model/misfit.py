"""How badly votes fit the assumption of label models, that they are independent given the class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_LEAST_EXPECTED = 3.0
"""Pairs of votes expected on fewer rows tell nothing."""


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
        P(vote | class) of a fitted model, by labeling function, vote and class. Shape: [m, k, k].
    balance
        Class balance. Shape: [k].
    explained
        Pairs of labeling functions that are left out, since what they have in common is known. Shape: [m, m].

    Returns
    -------
    float
        The mean of :math:`(O - E)^2 / E` over pairs of votes of different labeling functions, where O is on how many
        rows both meet, and E on how many they should (3 at least): about 1 or less where the model is true, from 2
        to 70 on the votes of real labeling functions. Infinite where no pair tells anything.
    """
    m, k = len(likelihood), len(balance)
    rates = likelihood.reshape(m * k, k)
    expected = (rates * (balance * n)) @ rates.T
    apart = ~np.eye(m, dtype=bool) if explained is None else ~(np.eye(m, dtype=bool) | explained)
    told = (expected >= _LEAST_EXPECTED) & np.repeat(np.repeat(apart, k, axis=0), k, axis=1)
    if not told.any():
        return np.inf
    return float(np.mean((overlaps[told] - expected[told]) ** 2 / expected[told]))
