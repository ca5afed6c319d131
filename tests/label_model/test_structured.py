"""The full model with copies and hard rows, on votes that are so made."""

import numpy as np
import pytest

from tests.label_model.synthetic import draw_votes
from weaklabel.label_model import DawidSkene, MajorityVote, StructuredLabelModel, load_label_model
from weaklabel.label_model.moments import count_overlaps
from weaklabel.label_model.structured.model import MAX_MISFIT
from weaklabel.label_model.structured.structure import (
    Structure,
    VoteCodes,
    agreement,
    copy_forest,
    leaders_first,
    trees,
)
from weaklabel.votes import vote_patterns


def with_copies(L, rng, leader, number):
    """Add labeling functions that say what ``leader`` says, abstain or not, in four of five rows."""
    own, _ = draw_votes(len(L), number, int(L.max()) + 1, seed=int(rng.integers(1000)), coverage=(0.3, 0.6))
    copied = np.where(rng.random((len(L), number)) < 0.8, L[:, [leader]], own)
    return np.hstack([L, copied]).astype(np.int8)


def share_right(model, L, Y):
    voted = (L >= 0).any(axis=1)
    return float((model.predict(L, tie_break_policy="first") == Y)[voted].mean())


def test_copies_are_found_and_do_not_carry_the_answer_away():
    rng = np.random.default_rng(0)
    L, Y = draw_votes(4000, 10, 3, seed=5, coverage=(0.3, 0.6), accuracy=(0.5, 0.8))
    L = with_copies(L, rng, 2, 9)
    model = StructuredLabelModel(3).fit(L)
    leaders = model.structure_.leaders
    assert set(np.flatnonzero(leaders >= 0)) | {2} == {2, *range(10, 19)}
    copying = model.structure_.copying[10:]
    assert ((copying > 0.6) & (copying < 0.95))[leaders[10:] >= 0].all()
    assert model.misfit_ < MAX_MISFIT
    plain = DawidSkene(3, prior_share=0.0, abstain_weight=1.0).fit(L)
    assert share_right(model, L, Y) > max(share_right(plain, L, Y), share_right(MajorityVote(3), L, Y)) + 0.05


def test_hard_rows_are_found_and_their_answers_unsure():
    rng = np.random.default_rng(1)
    L, _ = draw_votes(6000, 20, 2, seed=3, coverage=(0.4, 0.8), accuracy=(0.75, 0.9))
    hard = rng.random(6000) < 0.3
    L[hard] = np.where(L[hard] >= 0, rng.integers(0, 2, L[hard].shape), -1)
    model = StructuredLabelModel(2).fit(L)
    assert 0.2 < model.structure_.hard_share < 0.45
    sure = model.predict_proba(L).max(axis=1)
    assert sure[~hard].mean() > 0.97
    assert sure[hard].mean() < 0.85


@pytest.mark.parametrize("largest", [0.9, 0.95])
def test_one_large_class_is_not_shared_out(largest):
    balance = np.array([largest, *np.full(4, (1 - largest) / 4)])
    L, Y = draw_votes(4000, 20, 5, seed=2, coverage=(0.3, 0.5), accuracy=(0.5, 0.7), balance=balance)
    model = StructuredLabelModel(5).fit(L)
    assert abs(model.structure_.balance[0] - largest) < 0.04
    assert share_right(model, L, Y) > max(0.965, share_right(MajorityVote(5), L, Y) + 0.02)


def test_more_rows_than_the_sample_are_used():
    L, Y = draw_votes(30_000, 8, 2, seed=4, coverage=(0.4, 0.8))
    some = StructuredLabelModel(2).fit(L[:15_000])
    model = StructuredLabelModel(2).fit(L)
    assert np.abs(model.structure_.tables - some.structure_.tables).max() < 0.05
    assert not np.array_equal(model.structure_.tables, some.structure_.tables)
    assert share_right(model, L, Y) > 0.9


def test_saved_and_read(tmp_path):
    L, _ = draw_votes(500, 6, 3)
    model = StructuredLabelModel(3).fit(L)
    model.save(tmp_path / "m.json")
    again = load_label_model(tmp_path / "m.json")
    np.testing.assert_array_equal(again.predict_proba(L), model.predict_proba(L))
    assert again.misfit_ == model.misfit_


def test_the_copied_one_of_a_star_is_its_centre():
    strength = np.zeros((6, 6))
    strength[0, [1, 2, 3]] = 0.8, 0.7, 0.9
    strength[1, 2] = 0.5
    strength = strength + strength.T
    leaders = copy_forest(strength)
    assert leaders.tolist() == [-1, 0, 0, 0, -1, -1]
    assert trees(np.array([-1, 0, 1, -1, 3, 2])).tolist() == [0, 0, 0, 3, 3, 0]
    order = leaders_first(np.array([3, 0, -1, 2]))
    assert [order.index(lf) for lf in (2, 3, 0, 1)] == [0, 1, 2, 3]


def test_agreement_is_the_correlation_of_saying_the_same():
    L, _ = draw_votes(3000, 5, 2, seed=8)
    L = np.hstack([L, L[:, :1]])
    table = vote_patterns(L)
    alike = agreement(count_overlaps(table, 2), table.n, 2)
    assert alike[0, 5] == pytest.approx(1)
    assert (alike.diagonal() == 0).all()
    np.testing.assert_allclose(alike, alike.T)


def test_the_joint_is_the_sum_over_all_votes():
    """Against a loop over rows, states and labeling functions."""
    rng = np.random.default_rng(3)
    k, m = 3, 4
    tables = rng.dirichlet(np.ones(k + 1), (m, k))
    structure = Structure(
        rng.dirichlet(np.ones(k)), 0.3, 0.4, tables, np.array([-1, 0, -1, 1]), np.array([0, 0.6, 0, 0.3])
    )
    L = rng.integers(-1, k, (20, m)).astype(np.int8)
    expected = np.zeros((20, 2 * k))
    for row, state in np.ndindex(20, 2 * k):
        total = np.log(structure.states[state])
        for lf in range(m):
            vote, leader = L[row, lf], structure.leaders[lf]
            of_any = tables[lf].T @ structure.balance
            table = tables[lf, state % k]
            own = table if state < k else 0.4 * table + 0.6 * of_any
            chance = (1 - structure.copying[lf]) * own[vote + 1]
            chance += structure.copying[lf] * (leader >= 0 and L[row, leader] == vote)
            total += np.log(chance)
        expected[row, state] = total
    np.testing.assert_allclose(structure.joint(VoteCodes(L, k, structure.leaders)), expected)
    np.testing.assert_allclose(structure.rates.sum(axis=2), 1)


@pytest.mark.parametrize("k", [2, 5, 127])
@pytest.mark.parametrize("leaders", [[-1, -1, -1, -1, -1], [-1, 0, 1, -1, 3]])
def test_fast_posterior_is_that_of_the_model(k, leaders):
    rng = np.random.default_rng(k)
    leaders = np.array(leaders)
    tables = rng.dirichlet(np.ones(k + 1), (5, k))
    copying = np.where(leaders >= 0, 0.6, 0.0)
    structure = Structure(rng.dirichlet(np.ones(k)), 0.2, 0.3, tables, leaders, copying)
    L = rng.integers(-1, k, (6000, 5)).astype(np.int8)
    L[:3000, 1] = L[:3000, 0]
    states = np.exp(structure.joint(VoteCodes(L, k, leaders)))
    slow = (states[:, :k] + states[:, k:]) / states.sum(axis=1, keepdims=True)
    fast = structure.posterior(L)
    np.testing.assert_allclose(fast, slow, atol=1e-10)
    np.testing.assert_array_equal(structure.posterior(L[:7]), fast[:7])
