"""The triplet label model."""

import numpy as np
import pytest

from tests.label_model.synthetic import draw_votes
from weaklabel.errors import LabelModelError, WeakLabelWarning
from weaklabel.label_model.moments import vote_effects
from weaklabel.label_model.triplets import TripletLabelModel
from weaklabel.votes import VotePatterns, vote_patterns


def one_sided(n, labels, balance, seed=0):
    """Draw votes of labeling functions that vote for one class each; return their precisions, too."""
    rng = np.random.default_rng(seed)
    Y = rng.choice(len(balance), n, p=balance)
    columns = [
        np.where(rng.random(n) < np.where(label == Y, rng.uniform(0.2, 0.5), rng.uniform(0.01, 0.1)), label, -1)
        for label in labels
    ]
    L = np.array(columns, dtype=np.int8).T
    return L, Y, np.array([(label == Y)[votes == label].mean() for label, votes in zip(labels, L.T, strict=True)])


def test_exact_moments_give_exact_effects():
    # All rows that three independent labeling functions can give, as often as their accuracies say.
    accuracies, p = (0.9, 0.8, 0.7), (0.6, 0.4)
    rows = np.array(np.meshgrid(*[[0, 1]] * 3)).reshape(3, -1).T.astype(np.int8)
    shares = [
        sum(p[y] * np.prod([a if v == y else 1 - a for a, v in zip(accuracies, row, strict=True)]) for y in (0, 1))
        for row in rows
    ]
    table = VotePatterns(rows, np.round(np.array(shares) * 10**6).astype(np.int64))
    rates, effects = vote_effects(table, 2)
    precisions = p + effects * np.sqrt(0.24) / rates
    for lf, accuracy in enumerate(accuracies):
        for y in (0, 1):
            rate = p[y] * accuracy + p[1 - y] * (1 - accuracy)
            assert rates[lf, y] == pytest.approx(rate, abs=1e-5)
            assert precisions[lf, y] == pytest.approx(p[y] * accuracy / rate, abs=1e-4)


def test_precisions_of_one_sided_labeling_functions_are_found():
    L, _, true = one_sided(20_000, [0] * 5 + [1] * 5, [0.7, 0.3])
    model = TripletLabelModel(class_balance=[0.7, 0.3], prior_share=0).fit(L)
    np.testing.assert_allclose(model.lf_accuracies_, true, atol=0.06)
    np.testing.assert_array_equal(model.precisions_[:5, 0], model.lf_accuracies_[:5])


def test_classes_against_the_rest():
    L, Y, true = one_sided(20_000, [0, 1, 2] * 5, [0.5, 0.3, 0.2], seed=1)
    model = TripletLabelModel(3, class_balance=[0.5, 0.3, 0.2], prior_share=0).fit(L)
    assert np.corrcoef(model.lf_accuracies_, true)[0, 1] > 0.9
    voted = (L >= 0).any(axis=1)
    assert (model.predict(L) == Y)[voted].mean() > 0.8


def test_the_balance_is_estimated_on_the_way_from_uniform():
    L, _ = draw_votes(5000, 15, 2, seed=6, balance=[0.8, 0.2], accuracy=(0.7, 0.9))
    p = TripletLabelModel().fit(L).p_
    assert 0.2 < p[1] < 0.4
    assert p.sum() == pytest.approx(1)


def test_many_counts_stay_exact():
    L, _ = draw_votes(500, 6, 2)
    table = vote_patterns(L)
    rates, effects = vote_effects(table, 2)
    more, same = vote_effects(VotePatterns(table.patterns, table.counts * 1000), 2)
    np.testing.assert_allclose(more, rates, rtol=1e-12)
    # More rows only make more covariances significant.
    assert np.isfinite(same).sum() >= np.isfinite(effects).sum()


@pytest.mark.parametrize("coverage", [(0.05, 0.1), (0.5, 0.9)])
def test_effects_are_the_same_whatever_adds_up_the_products(monkeypatch, coverage):
    L, _ = draw_votes(3000, 9, 4, seed=2, coverage=coverage)
    votes = vote_patterns(L)
    expected = vote_effects(votes, 4)
    monkeypatch.setattr("weaklabel.label_model.moments.MOST_OVERLAPS", 0)
    for rates, others in zip(expected, vote_effects(votes, 4), strict=True):
        np.testing.assert_array_equal(rates, others)


def test_labeling_functions_without_a_triplet_are_named_and_assumed():
    with pytest.warns(WeakLabelWarning, match="2 of 2 labeling functions have votes that are in no usable triplet"):
        model = TripletLabelModel(class_balance="uniform").fit([[0, 0], [1, 1], [0, 1], [1, 1]])
    np.testing.assert_allclose(model.precisions_, 0.7)


def test_settings_that_cannot_be():
    with pytest.raises(LabelModelError, match="unknown class_balance 'gold'"):
        TripletLabelModel(class_balance="gold").fit([[0, 1]])
    with pytest.raises(LabelModelError, match="prior_accuracy must be above 1/3"):
        TripletLabelModel(3, prior_accuracy=0.3).fit([[0, 1]])
