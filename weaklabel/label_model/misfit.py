"""How badly votes fit the assumption of label models, that they are independent given the class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weaklabel.label_model.overlaps import count_overlaps
from weaklabel.votes.patterns import VotePatterns

Floats = NDArray[np.float64]

_LEAST_EXPECTED = 3.0
"""Pairs of votes expected on fewer rows tell nothing."""


def misfit(found: VotePatterns, likelihood: Floats, balance: Floats) -> float:
    r"""Compare how often each two votes meet with how often a model expects them to.

    Parameters
    ----------
    found
        Votes. Shape: [u, m].
    likelihood
        P(vote | class) of a fitted model, by labeling function, vote and class. Shape: [m, k, k].
    balance
        Class balance. Shape: [k].

    Returns
    -------
    float
        The mean of :math:`(O - E)^2 / E` over pairs of votes of different labeling functions, where O is on how many
        rows both meet, and E on how many they should (3 at least): about 1 or less where the model is true, from 2
        to 70 on the votes of real labeling functions. Infinite where no pair tells anything.
    """
    m, k = found.m, len(balance)
    observed = count_overlaps(found, k)
    rates = likelihood.reshape(m * k, k)
    expected = (rates * (balance * found.n)) @ rates.T
    lf = np.repeat(np.arange(m), k)
    told = (expected >= _LEAST_EXPECTED) & (lf[:, None] != lf)
    if not told.any():
        return np.inf
    return float(np.mean((observed[told] - expected[told]) ** 2 / expected[told]))
