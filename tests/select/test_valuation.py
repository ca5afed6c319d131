"""Shapley values and influence beside what defines them."""

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from weaklabel.registries import SELECTORS
from weaklabel.select.head import LinearHead, log_losses
from weaklabel.select.valuation import KnnShapley


def raw(selector, X, labels, probs, gold):
    """Scores of the rows without gold; those of rows with gold stand above or below all others."""
    return selector.fit(X, labels, probs, gold=gold).scores_[gold == -1]


@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(1, 4), st.integers(1, 3))
@settings(max_examples=20, deadline=None)
def test_shapley_values_equal_the_sum_over_all_subsets(seed, n, n_neighbors, n_gold):
    rng = np.random.default_rng(seed)
    X, labels = rng.normal(size=(n + n_gold, 3)), rng.integers(2, size=n + n_gold)
    gold = np.append(np.full(n, -1), rng.integers(2, size=n_gold))
    values = raw(KnnShapley(n_neighbors=n_neighbors), X, labels, np.eye(2)[labels], gold)

    def utility(subset, judge):
        near = sorted(subset, key=lambda row: np.linalg.norm(X[row] - X[judge]))[:n_neighbors]
        return sum(labels[row] == gold[judge] for row in near) / n_neighbors

    for row in range(n):
        others = [other for other in range(n) if other != row]
        wanted = np.mean(
            [
                sum(
                    (utility([*subset, row], judge) - utility(subset, judge)) / (n * comb(n - 1, size))
                    for size in range(n)
                    for subset in combinations(others, size)
                )
                for judge in range(n, n + n_gold)
            ]
        )
        assert values[row] == pytest.approx(wanted, abs=1e-6)


def test_influence_tells_what_leaving_a_row_out_does_to_the_loss_on_gold():
    rng = np.random.default_rng(0)
    truth = rng.integers(2, size=90)
    X = rng.normal(size=(90, 4)) + 1.5 * truth[:, None] * np.eye(4)[0]
    labels = np.where(rng.random(90) < 0.2, 1 - truth, truth)
    gold = np.where(np.arange(90) < 30, truth, -1)
    influence = raw(SELECTORS["influence"](), X, labels, np.eye(2)[labels], gold)
    head, targets = LinearHead(X), np.eye(2)[labels]

    def loss(weights):
        coefs = head.fit(targets, weights, steps=300)
        return log_losses(head.predict_proba(coefs)[:30], truth[:30]).mean()

    everything = (gold == -1).astype(float)
    changes = []
    for row in range(30, 90):
        without = everything.copy()
        without[row] = 0
        changes.append(loss(without) - loss(everything))
    assert np.corrcoef(influence, changes)[0, 1] > 0.95
    # Of the right size, too, and not only of the right order.
    assert 0.7 < np.polyfit(changes, influence, 1)[0] < 1.1
    traced = raw(SELECTORS["influence"](curvature=False), X, labels, np.eye(2)[labels], gold)
    assert 0.3 < np.corrcoef(traced, changes)[0, 1] < 1
