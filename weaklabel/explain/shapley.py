"""Shapley values: the fair shares of what players reach together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import accumulate
from math import comb

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Coalitions = NDArray[np.bool_]

MOST_EXACT = 10
"""Players up to which all coalitions are asked for; beyond, orders of players are drawn."""

_PAIRS = 64
"""Drawn orders, each taken forwards and backwards."""


def shapley_values(value: Callable[[Coalitions], Floats], n: int, seed: int = 0) -> Floats:
    """Share out what all players reach together among them: each gets the mean of what it adds to those before it.

    The mean is over all orders of the players. With more than 10 players, it is over 64 drawn orders, each forwards
    and backwards (antithetic sampling): still fair where players add up, and otherwise near. Either way the shares add
    up to what all reach, less what nobody does.

    Parameters
    ----------
    value
        What coalitions reach. Shape: [u, n] -> [u].
    n
        Players.
    seed
        Of the drawn orders.

    Returns
    -------
    array
        Shape: [n].

    References
    ----------
    Shapley: A Value for n-Person Games. Contributions to the Theory of Games 2, 1953. As explanations: Lundberg, Lee:
    A Unified Approach to Interpreting Model Predictions, NeurIPS 2017. Antithetic orders: Mitchell et al.: Sampling
    Permutations for Shapley Value Estimation, JMLR 2022.

    Examples
    --------
    >>> shapley_values(lambda coalitions: coalitions @ [1.0, 2.0] + coalitions.all(axis=1), 2)
    array([1.5, 2.5])
    """
    return _exact(value, n) if n <= MOST_EXACT else _sampled(value, n, seed)


def all_coalitions(n: int) -> Coalitions:
    """Return all coalitions of n players, in the order of the binary numbers that they are. Shape: [2^n, n]."""
    return (np.arange(1 << n)[:, None] >> np.arange(n) & 1).astype(bool)


def _exact(value: Callable[[Coalitions], Floats], n: int) -> Floats:
    numbers, coalitions = np.arange(1 << n), all_coalitions(n)
    reached, sizes = value(coalitions), coalitions.sum(axis=1)
    # In this share of all orders, a coalition of s players comes before a given other player.
    share = np.array([1 / (n * comb(n - 1, size)) for size in range(n)])
    shares = np.empty(n)
    for player in range(n):
        before = numbers[~coalitions[:, player]]
        shares[player] = share[sizes[before]] @ (reached[before | 1 << player] - reached[before])
    return shares


def _sampled(value: Callable[[Coalitions], Floats], n: int, seed: int) -> Floats:
    orders = np.array(list(_orders(n, seed)))
    growing = np.array([list(accumulate(np.eye(n, dtype=bool)[order], np.logical_or)) for order in orders])
    asked = np.concatenate([np.zeros((1, n), dtype=bool), growing.reshape(-1, n)])
    different, place = np.unique(asked, axis=0, return_inverse=True)
    reached = value(different)[place.ravel()]
    grown = reached[1:].reshape(len(orders), n)
    added = np.diff(np.concatenate([np.full((len(orders), 1), reached[0]), grown], axis=1), axis=1)
    shares = np.zeros(n)
    np.add.at(shares, orders, added)
    return shares / len(orders)


def _orders(n: int, seed: int) -> Iterator[NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    for _ in range(_PAIRS):
        order = rng.permutation(n)
        yield order
        yield order[::-1]
