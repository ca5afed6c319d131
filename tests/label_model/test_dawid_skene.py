"""The model of Dawid and Skene: what it finds, what its prior holds it back from, and that its counts are right."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays

from tests.label_model.synthetic import draw_votes
from weaklabel.errors import LabelModelError
from weaklabel.label_model import DawidSkene
from weaklabel.label_model.evidence import ExpectedVotes, vote_shares
from weaklabel.votes import vote_patterns


@settings(max_examples=60, deadline=None)
@given(k=st.integers(1, 6), shape=st.tuples(st.integers(1, 30), st.integers(1, 9)), data=st.data())
def test_expected_votes_are_counted_as_by_hand(k, shape, data):
    L = data.draw(arrays(np.int8, shape, elements=st.integers(-1, k - 1)))
    weights = data.draw(arrays(np.float64, (shape[0], k), elements=st.integers(0, 9)))
    by_hand = np.array([[weights[L[:, lf] == vote].sum(axis=0) for vote in range(k)] for lf in range(shape[1])])
    np.testing.assert_allclose(ExpectedVotes(L, k).count(weights), by_hand)


def test_vote_shares():
    shares = vote_shares(np.array([[0, 0, 1], [2, -1, -1], [-1, -1, -1]], dtype=np.int8), 3)
    np.testing.assert_allclose(shares, [[2 / 3, 1 / 3, 0], [0, 0, 1], [1 / 3, 1 / 3, 1 / 3]])


def plain(k):
    """As it stands in the paper, abstains and all."""
    return DawidSkene(k, prior_share=0.0, prior_votes=1e-6, abstain_weight=1.0)


def test_the_plain_form_finds_the_tables_behind_independent_votes():
    L, Y = draw_votes(20_000, 8, 3, seed=1)
    model = plain(3).fit(L)
    for lf in range(8):
        for vote in range(3):
            true = [((L[:, lf] == vote) & (label == Y)).sum() / (label == Y).sum() for label in range(3)]
            np.testing.assert_allclose(np.exp(model.evidence_[lf, 1 + vote]), true, atol=0.03)
    np.testing.assert_allclose(model.class_balance_, np.bincount(Y) / len(Y), atol=0.02)


def test_abstains_are_evidence_in_full_or_not_at_all():
    rng = np.random.default_rng(2)
    Y = rng.integers(0, 2, 4000)
    # Five vote for class 1 alone, and mostly where it is: their silence speaks for class 0.
    L = np.where(rng.random((4000, 6)) < np.where(Y == 1, 0.8, 0.1)[:, None], 1, -1).astype(np.int8)
    L[:, 5] = np.where(rng.random(4000) < np.where(Y == 0, 0.6, 0.02), 0, -1)
    quiet = ((L == 1).sum(axis=1) == 1) & (L[:, 5] == -1)
    full = plain(2).fit(L)
    assert (full.predict(L)[quiet] == 0).mean() > 0.9
    without = DawidSkene(2).fit(L)
    np.testing.assert_array_equal(without.evidence_[:, 0], 0)
    assert (without.predict(L)[quiet] == 1).all()


def test_weights_of_labeling_functions_scale_their_evidence():
    L, _ = draw_votes(2000, 5, 2, seed=6)
    weights = [1, 1, 0.5, 1, 0]
    model = DawidSkene(2, lf_weights=weights).fit(L)
    without = DawidSkene(2).fit(np.delete(L, 4, axis=1))
    assert not model.evidence_[4].any()
    half = np.ptp(model.evidence_[2], axis=1) / np.ptp(without.evidence_[2], axis=1).clip(1e-9)
    np.testing.assert_allclose(half[1:], 0.5, atol=0.1)
    with pytest.raises(LabelModelError, match="each of the 5 labeling functions"):
        DawidSkene(2, lf_weights=[1, 1]).fit(L)


def test_the_prior_keeps_a_clique_from_becoming_the_class():
    rng = np.random.default_rng(3)
    n = 4000
    Y, mood = rng.integers(0, 2, n), rng.integers(0, 2, n)  # a mood has nothing to do with the class
    own = np.where(rng.random((n, 6)) < 0.75, Y[:, None], 1 - Y[:, None])
    moody = np.where(rng.random((n, 5)) < 0.7, mood[:, None], own[:, :5])
    L = np.where(rng.random((n, 11)) < 0.8, np.hstack([own, moody]), -1).astype(np.int8)
    accuracy = {share: (DawidSkene(2, prior_share=share).fit(L).predict(L) == Y).mean() for share in (0.0, 3.0)}
    assert accuracy[3.0] > accuracy[0.0] + 0.02


def test_many_patterns_are_fitted_by_way_of_a_sample():
    L, Y = draw_votes(110_000, 14, 2, seed=4)
    assert len(vote_patterns(L[:50_000])) < 50_000 < len(vote_patterns(L))
    whole, sampled = DawidSkene(2).fit(L[:50_000]), DawidSkene(2).fit(L)
    np.testing.assert_allclose(sampled.lf_accuracies_, whole.lf_accuracies_, atol=0.02)
    assert abs((sampled.predict(L) == Y).mean() - (whole.predict(L) == Y).mean()) < 0.01


@pytest.mark.parametrize(
    "params", [{"prior_share": -1}, {"abstain_weight": 1.5}, {"prior_accuracy": 0.4}, {"max_iterations": 0}]
)
def test_options_out_of_range_are_refused(params):
    with pytest.raises(LabelModelError, match=next(iter(params))):
        DawidSkene(2, **params).fit([[0, 1], [1, 1]])
