"""The choice by the votes alone between the full model and the mean of cautious ones."""

import numpy as np
import pytest

from tests.label_model.synthetic import draw_votes
from weaklabel.label_model import AutoLabelModel, CommitteeLabelModel, DawidSkene, MajorityVote, StructuredLabelModel
from weaklabel.label_model.dependencies import misfit
from weaklabel.label_model.moments import count_overlaps
from weaklabel.label_model.named import restore
from weaklabel.label_model.structured.model import MAX_MISFIT
from weaklabel.label_model.structured.structure import find_repeats
from weaklabel.votes import merge_patterns, vote_patterns


def with_copies(L, rng, copies=4):
    """Add labeling functions that repeat the first one, mostly."""
    repeated = np.where(rng.random((len(L), copies)) < 0.9, L[:, :1], -1)
    return np.hstack([L, repeated]).astype(np.int8)


@pytest.mark.parametrize("k", [2, 4])
@pytest.mark.parametrize("coverage", [(0.1, 0.3), (0.5, 0.9)])
def test_independent_votes_are_recognised(k, coverage):
    L, _ = draw_votes(4000, 12, k, seed=k, coverage=coverage)
    model = CommitteeLabelModel(k).fit(L)
    assert model.misfit_ < MAX_MISFIT
    assert len(model.members_) == 1
    assert "the full model" in model.describe()


def test_copies_do_not_count_as_many():
    rng = np.random.default_rng(0)
    L, Y = draw_votes(4000, 10, 2, seed=5, coverage=(0.3, 0.6))
    L = with_copies(L, rng)
    model = CommitteeLabelModel(2).fit(L)
    (member,) = model.members_
    assert model.misfit_ < MAX_MISFIT
    assert set(np.flatnonzero(member.structure_.leaders >= 0)) < {0, *range(10, 14)}
    voted = (L >= 0).any(axis=1)
    right = {
        type(item).__name__: (item.predict(L, tie_break_policy="first") == Y)[voted].mean()
        for item in (model, MajorityVote(2), DawidSkene(2, prior_share=0.0).fit(L))
    }
    assert right["CommitteeLabelModel"] > max(right["MajorityVote"], right["DawidSkene"]) + 0.01


def test_votes_that_depend_on_more_than_their_class_are_left_to_the_mean_of_many():
    rng = np.random.default_rng(1)
    L, _ = draw_votes(4000, 12, 3, seed=6, coverage=(0.5, 0.8))
    # Long texts get many votes, short ones few.
    L[rng.random(L.shape) > rng.choice([0.1, 0.9], 4000)[:, None]] = -1
    model = CommitteeLabelModel(3).fit(L)
    assert model.misfit_ > MAX_MISFIT
    assert len(model.members_) == 8
    assert "mean of 8" in model.describe()
    probs = np.mean([member.predict_proba(L) for member in model.members_], axis=0)
    np.testing.assert_allclose(model.predict_proba(L), probs)


@pytest.mark.parametrize("k", [2, 5])
def test_repeats_are_found_and_nothing_else(k):
    rng = np.random.default_rng(k)
    L, _ = draw_votes(5000, 15, k, seed=k, coverage=(0.2, 0.7))
    free = vote_patterns(L)
    assert find_repeats(count_overlaps(free, k), free.n, k).sum() < 0.5
    copied = vote_patterns(with_copies(L, rng, copies=3))
    repeats = find_repeats(count_overlaps(copied, k), copied.n, k)
    clique = [0, 15, 16, 17]
    off = ~np.eye(4, dtype=bool)
    assert (repeats[np.ix_(clique, clique)][off] > 0.5).all()
    others = repeats.copy()
    others[np.ix_(clique, clique)] = 0
    assert others.sum() < 0.7
    np.testing.assert_array_equal(repeats, repeats.T)


@pytest.mark.parametrize("rows", [1_000, 4_000, 16_000])
def test_misfit_is_the_size_of_an_effect_whatever_the_rows(rows):
    """More rows lower the bound of a true model, and leave that of a false one where it is."""
    rng = np.random.default_rng(1)
    L, _ = draw_votes(rows, 12, 3, seed=6, coverage=(0.5, 0.8))
    true = StructuredLabelModel(3).fit(L)
    L[rng.random(L.shape) > rng.choice([0.3, 0.9], rows)[:, None]] = -1
    false = StructuredLabelModel(3).fit(L)
    assert true.misfit_ < 2.5 / rows**0.5
    assert 0.2 < false.misfit_ < 0.4


def test_few_overlaps_and_few_pairs_show_nothing():
    L, _ = draw_votes(300, 12, 3, seed=6, coverage=(0.02, 0.08))
    assert StructuredLabelModel(3).fit(L).misfit_ > MAX_MISFIT
    L, _ = draw_votes(20_000, 5, 5, seed=6)
    one_sided = np.where(np.arange(5) == L, L, -1).astype(np.int8)
    model = CommitteeLabelModel(5).fit(one_sided)
    assert np.isinf(model.misfit_)
    assert "too little overlap" in model.describe()


def test_a_committee_saved_by_a_version_that_tested_otherwise_says_no_number():
    L, _ = draw_votes(4000, 12, 2, seed=2)
    saved = CommitteeLabelModel(2).fit(L).to_saved()
    for state in (saved["state"], saved["state"]["members"][0]["state"]):
        del state["overlap_error"]
        state["misfit"] = 0.9
    again = restore(saved)
    assert np.isnan(again.misfit_)
    assert again.describe() == "the full model, with copies and hard rows: labeling functions overlap as it expects"
    np.testing.assert_array_equal(again.predict_proba(L), CommitteeLabelModel(2).fit(L).predict_proba(L))


def test_misfit_of_a_true_model_is_small():
    L, _ = draw_votes(20_000, 10, 3, seed=9)
    table = vote_patterns(L)
    model = DawidSkene(3, prior_share=0.0, abstain_weight=1.0).fit(table)
    likelihood = np.exp(model.evidence_[:, 1:])
    overlaps = count_overlaps(table, 3)
    assert 0 < misfit(overlaps, table.n, likelihood, model.class_balance_) < 0.03
    few = vote_patterns(L[:1])
    assert misfit(count_overlaps(few, 3), few.n, likelihood, model.class_balance_) > 1
    everything = np.ones((10, 10), dtype=bool)
    assert misfit(overlaps, table.n, likelihood, model.class_balance_, everything) == np.inf


def test_auto_without_texts_is_the_committee():
    L, _ = draw_votes(500, 6, 3)
    auto, committee = AutoLabelModel(3).fit(L), CommitteeLabelModel(3).fit(L)
    np.testing.assert_array_equal(auto.predict_proba(L), committee.predict_proba(L))
    assert auto.describe() == committee.describe()


@pytest.mark.parametrize("coverage", [(0.1, 0.3), (0.5, 0.8)])
def test_rows_that_repeat_get_the_answer_of_one(coverage):
    rng = np.random.default_rng(2)
    L, _ = draw_votes(4000, 12, 3, seed=6, coverage=coverage)
    if coverage[0] == 0.5:
        L[rng.random(L.shape) > rng.choice([0.1, 0.9], 4000)[:, None]] = -1
    model = CommitteeLabelModel(3).fit(L)
    assert len(model.members_) == (8 if coverage[0] == 0.5 else 1)
    which = rng.integers(0, 300, 20_000)
    np.testing.assert_array_equal(model.predict_proba(L[which]), model.predict_proba(L)[which])


def test_many_rows_are_drawn_from_and_rare_votes_are_not_lost(monkeypatch):
    L, _ = draw_votes(250_000, 6, 2, seed=3, coverage=(0.3, 0.6))
    model = CommitteeLabelModel(2).fit(L)
    # The rows that are drawn depend neither on the order of rows nor on the form in which votes come.
    for same in (vote_patterns(L), L[::-1], merge_patterns([vote_patterns(L[:70_000]), vote_patterns(L[70_000:])])):
        again = CommitteeLabelModel(2).fit(same)
        np.testing.assert_array_equal(model.predict_proba(L[:1000]), again.predict_proba(L[:1000]))
    monkeypatch.setattr("weaklabel.label_model.committee._MOST_ROWS", 1_000_000)
    everything = CommitteeLabelModel(2).fit(L)
    np.testing.assert_allclose(model.predict_proba(L[:1000]), everything.predict_proba(L[:1000]), atol=0.03)
    monkeypatch.setattr("weaklabel.label_model.committee._MOST_ROWS", 200)
    rare = np.full((len(L), 1), -1, dtype=np.int8)
    rare[7] = 1
    with_rare = CommitteeLabelModel(2).fit(np.hstack([L, rare]))
    assert np.isfinite(with_rare.lf_accuracies_).all()
