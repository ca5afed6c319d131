"""The choice by the votes alone between the full model and the mean of cautious ones."""

import numpy as np
import pytest

from tests.label_model.synthetic import draw_votes
from weaklabel.label_model import AutoLabelModel, CommitteeLabelModel, DawidSkene, MajorityVote
from weaklabel.label_model.misfit import misfit
from weaklabel.votes import vote_patterns


def with_copies(L, rng, copies=4):
    """Add labeling functions that repeat the first one, mostly."""
    repeated = np.where(rng.random((len(L), copies)) < 0.9, L[:, :1], -1)
    return np.hstack([L, repeated]).astype(np.int8)


@pytest.mark.parametrize("k", [2, 4])
@pytest.mark.parametrize("coverage", [(0.1, 0.3), (0.5, 0.9)])
def test_independent_votes_are_recognised(k, coverage):
    L, _ = draw_votes(4000, 12, k, seed=k, coverage=coverage)
    model = CommitteeLabelModel(k).fit(L)
    assert model.misfit_ < 1.3
    assert len(model.members_) == 1
    assert "Dawid and Skene" in model.why_


def test_copies_are_recognised():
    rng = np.random.default_rng(0)
    L, Y = draw_votes(4000, 10, 2, seed=5, coverage=(0.3, 0.6))
    L = with_copies(L, rng)
    model = CommitteeLabelModel(2).fit(L)
    assert model.misfit_ > 5
    assert len(model.members_) == 8
    assert "mean of 8" in model.why_
    probs = np.mean([member.predict_proba(L) for member in model.members_], axis=0)
    np.testing.assert_allclose(model.predict_proba(L), probs)
    voted = (L >= 0).any(axis=1)
    of = {name: (m.predict(L, tie_break_policy="first") == Y)[voted].mean() for name, m in
          {"committee": model, "majority": MajorityVote(2)}.items()}  # fmt: skip
    assert of["committee"] > of["majority"] - 0.02


def test_misfit_of_a_true_model_is_about_one():
    L, _ = draw_votes(20_000, 10, 3, seed=9)
    found = vote_patterns(L)
    model = DawidSkene(3, prior_share=0.0, abstain_weight=1.0).fit(found)
    assert 0.3 < misfit(found, np.exp(model.evidence_[:, 1:]), model.class_balance_) < 1.2
    few = vote_patterns(L[:5])
    assert misfit(few, np.exp(model.evidence_[:, 1:]), model.class_balance_) == np.inf


def test_auto_without_texts_is_the_committee():
    L, _ = draw_votes(500, 6, 3)
    auto, committee = AutoLabelModel(3).fit(L), CommitteeLabelModel(3).fit(L)
    np.testing.assert_array_equal(auto.predict_proba(L), committee.predict_proba(L))
    assert auto.why_ == committee.why_
