"""Shapley values against their definition."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from weaklabel.explain.shapley import MOST_EXACT, shapley_values


def by_definition(value, n):
    shares = np.zeros(n)
    orders = list(permutations(range(n)))
    for order in orders:
        listed = np.zeros((1, n), dtype=bool)
        for player in order:
            before = value(listed)[0]
            listed[0, player] = True
            shares[player] += value(listed)[0] - before
    return shares / len(orders)


@settings(deadline=None)
@given(st.integers(0, 4), st.integers(0, 1000))
def test_exact_values_are_those_of_the_definition(n, seed):
    reached = np.random.default_rng(seed).normal(size=1 << n)
    value = lambda known: reached[known @ (1 << np.arange(n))]  # noqa: E731
    np.testing.assert_allclose(shapley_values(value, n), by_definition(value, n), atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.integers(MOST_EXACT + 1, 20), st.integers(0, 1000))
def test_drawn_orders_add_up_and_are_exact_where_players_do(n, seed):
    weights = np.random.default_rng(seed).normal(size=n)
    np.testing.assert_allclose(shapley_values(lambda known: known @ weights, n), weights, atol=1e-12)
    value = lambda known: np.tanh(known @ weights) + 3  # noqa: E731
    total = value(np.ones((1, n), dtype=bool)) - value(np.zeros((1, n), dtype=bool))
    assert shapley_values(value, n).sum() == pytest.approx(total[0])


def test_drawn_orders_are_near_the_exact_values(monkeypatch):
    weights = np.linspace(-1, 1, 9)
    value = lambda known: np.tanh(known @ weights) + known[:, 0] * known[:, 1]  # noqa: E731
    exact = shapley_values(value, 9)
    monkeypatch.setattr("weaklabel.explain.shapley.MOST_EXACT", 5)
    np.testing.assert_allclose(shapley_values(value, 9), exact, atol=0.05)
    np.testing.assert_array_equal(shapley_values(value, 9), shapley_values(value, 9))


def test_who_adds_nothing_gets_nothing_and_equals_get_the_same():
    shares = shapley_values(lambda known: (known[:, 0] & known[:, 2]).astype(float), 3)
    np.testing.assert_allclose(shares, [0.5, 0, 0.5])
