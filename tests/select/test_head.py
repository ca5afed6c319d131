"""The proxy model: what it converges to, several fits at once, and rows that do not count."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from weaklabel.classifier.denoising import fit_probe
from weaklabel.select.head import LinearHead


def data(n=120, d=6, k=3, seed=0):
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(k, d))
    y = rng.integers(k, size=n)
    X = centers[y] + rng.normal(size=(n, d))
    return X, 0.8 * np.eye(k)[y] + 0.2 / k


@given(st.integers(0, 1000), st.integers(2, 5), st.sampled_from([0.3, 3.0, 30.0]))
@settings(max_examples=15, deadline=None)
def test_it_converges_to_the_regression_that_lbfgs_finds(seed, k, C):
    X, T = data(k=k, seed=seed)
    weights = np.random.default_rng(seed).random(len(X))
    head = LinearHead(X, C=C)
    probe = fit_probe(X, T, weights, C)
    assert head.predict_proba(head.fit(T, weights, steps=500)) == pytest.approx(probe.predict_proba(X), abs=5e-3)


def test_several_fits_at_once_equal_single_ones_and_a_warm_start_saves_steps():
    X, T = data()
    head = LinearHead(X)
    weights = (np.random.default_rng(1).random((5, len(X))) < 0.7).astype(float)
    together = head.fit(T, weights, steps=300)
    for own, coefs in zip(weights, together, strict=True):
        assert head.predict_proba(coefs) == pytest.approx(head.predict_proba(head.fit(T, own, steps=300)), abs=1e-3)
    start = head.fit(T)
    cold, warm = head.fit(T, weights, steps=8), head.fit(T, weights, start=start, steps=8)
    apart = [np.abs(head.predict_proba(each[0]) - head.predict_proba(together[0])).max() for each in (cold, warm)]
    assert apart[1] < apart[0]


def test_rows_of_weight_0_do_not_count_and_taking_rows_is_the_same():
    X, T = data()
    is_taken = np.arange(len(X)) % 3 != 0
    head = LinearHead(X)
    spoiled = np.where(is_taken[:, None], T, T[:, ::-1])
    coefs = head.fit(spoiled, is_taken, steps=300)
    part = head.take(np.flatnonzero(is_taken))
    assert part.predict_proba(part.fit(T[is_taken], steps=300)) == pytest.approx(
        head.predict_proba(coefs)[is_taken], abs=1e-3
    )
    assert head.predict_proba(coefs, head.transform(X)) == pytest.approx(head.predict_proba(coefs))


def test_constant_vectors_give_the_class_shares():
    T = np.eye(2)[[0, 0, 0, 1]]
    head = LinearHead(np.ones((4, 3)))
    assert head.predict_proba(head.fit(T, steps=300))[0] == pytest.approx([0.75, 0.25], abs=1e-3)
