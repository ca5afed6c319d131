"""Copies and near-copies of labeling functions."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from tests.label_model.synthetic import draw_votes
from weaklabel.label_model.dependencies import find_dependencies
from weaklabel.label_model.weighted import WeightedMajorityVote
from weaklabel.votes import VotePatterns, vote_patterns


def answered(L, k, Y=None):
    """Return patterns, and what a label model answers to them, or what is true on the mean."""
    table = vote_patterns(L)
    if Y is None:
        return table, WeightedMajorityVote(k).fit(table).predict_proba(table.patterns)
    probs = np.zeros((len(table), k))
    np.add.at(probs, (table.rows(), Y), 1)
    return table, probs / probs.sum(axis=1, keepdims=True)


def with_copy(L, lf, share, seed=0):
    """Append a labeling function that repeats ``lf`` in a share of the rows, and abstains in the others."""
    keep = np.random.default_rng(seed).random(len(L)) < share
    return np.column_stack([L, np.where(keep, L[:, lf], -1)]).astype(np.int8)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), m=st.integers(5, 15), k=st.integers(2, 5), lf=st.integers(0, 4))
def test_a_copy_is_the_strongest(seed, m, k, lf):
    L, _ = draw_votes(1500, m, k, seed=seed)
    dependencies = find_dependencies(*answered(with_copy(L, lf, 1), k))
    first = dependencies.pairs[0]
    assert (first.lf, first.other, first.kind) == (lf, m, "copy")
    assert first.strength == pytest.approx(1)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), m=st.integers(6, 15), k=st.integers(2, 4))
def test_a_near_copy_is_found_among_the_independent(seed, m, k):
    L, Y = draw_votes(3000, m, k, seed=seed)
    dependencies = find_dependencies(*answered(with_copy(L, 2, 0.8, seed), k, Y))
    assert (dependencies.pairs[0].lf, dependencies.pairs[0].other) == (2, m)
    assert dependencies.pairs[0].kind in ("near-copy", "copy")


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), m=st.integers(8, 40), k=st.integers(2, 4), sparse=st.booleans())
def test_the_independent_are_not_accused(seed, m, k, sparse):
    L, Y = draw_votes(2000, m, k, seed=seed, coverage=(0.02, 0.1) if sparse else (0.3, 0.9))
    assert len(find_dependencies(*answered(L, k, Y)).pairs) <= 1


def test_a_label_model_is_good_enough_to_tell():
    L, _ = draw_votes(4000, 15, 2, seed=3, accuracy=(0.65, 0.9))
    assert not find_dependencies(*answered(L, 2)).pairs
    copied = with_copy(with_copy(L, 0, 0.9), 0, 0.9, seed=1)
    strong = {(pair.lf, pair.other) for pair in find_dependencies(*answered(copied, 2)).pairs if pair.strength > 0.4}
    assert strong == {(0, 15), (0, 16), (15, 16)}


def test_the_matrix():
    L, _ = draw_votes(1000, 8, 3, seed=1)
    result, probs = answered(L, 3)
    correlations = find_dependencies(result, probs).correlations
    np.testing.assert_allclose(correlations, correlations.T, atol=1e-12)
    assert (correlations.diagonal() == 1).all()
    assert (np.abs(correlations) <= 1 + 1e-9).all()
    order = np.random.default_rng(0).permutation(8)
    permuted = find_dependencies(VotePatterns(result.patterns[:, order], result.counts), probs).correlations
    np.testing.assert_allclose(permuted, correlations[np.ix_(order, order)], atol=1e-12)


def test_labeling_functions_that_say_nothing_new_and_no_rows():
    always = np.array([[0, 0, -1], [1, 1, -1]], dtype=np.int8)
    dependencies = find_dependencies(*answered(np.repeat(always, 50, axis=0), 2, np.repeat([0, 1], 50)))
    assert dependencies.pairs == ()  # the class explains all of it
    np.testing.assert_array_equal(dependencies.correlations, np.eye(3))
    nothing = find_dependencies(vote_patterns(np.empty((0, 2), dtype=np.int8)), np.empty((0, 2)))
    np.testing.assert_array_equal(nothing.correlations, np.eye(2))
