"""No label model gives a class that nobody votes for, or contradicts unanimous votes, without a word."""

import json
import warnings

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from tests.label_model.synthetic import draw_votes
from weaklabel.errors import WeakLabelWarning
from weaklabel.label_model import (
    LABEL_MODELS,
    BaseLabelModel,
    LabelModel,
    MajorityVote,
    StructuredLabelModel,
    load_label_model,
)
from weaklabel.label_model.checks import contradictions
from weaklabel.votes import vote_patterns

VOTE_MODELS = sorted(set(LABEL_MODELS) - {"text"})  # which needs texts
HALVES = np.r_[np.ones(100, int), np.zeros(100, int)]


def fit(model, L):
    """Fit, and return the model and its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(L)
    return model, [str(warning.message) for warning in caught if warning.category is WeakLabelWarning]


@given(st.integers(0, 10_000), st.integers(3, 5), st.integers(2, 7), st.data())
@settings(deadline=None, max_examples=15)
def test_a_class_without_votes_is_not_given_without_a_warning(seed, k, m, data):
    L, _ = draw_votes(150, m, k, seed)
    without = data.draw(st.sets(st.integers(0, k - 1), min_size=1, max_size=k - 1))
    L[np.isin(L, list(without))] = -1
    for name in VOTE_MODELS:
        model, messages = fit(LABEL_MODELS[name](k), L)
        given_to = set(model.predict(L, tie_break_policy="first").tolist()) & without
        about = [message for message in messages if "no labeling function votes for" in message]
        assert len(about) == (name != "majority" and (L >= 0).any())
        assert not given_to or name == "snorkel"
        probs = model.predict_proba(L)
        np.testing.assert_allclose(np.nansum(probs, axis=1), (L >= 0).any(axis=1))


@pytest.mark.parametrize("name", VOTE_MODELS)
def test_classes_without_votes_are_saved(name, tmp_path):
    L, _ = draw_votes(200, 5, 3, 1)
    L[L == 2] = -1
    model, _ = fit(LABEL_MODELS[name](3), L)
    model.save(tmp_path)
    loaded = load_label_model(tmp_path)
    assert loaded.unvoted_ == model.unvoted_ == (() if name == "majority" else (2,))
    np.testing.assert_array_equal(loaded.predict_proba(L), model.predict_proba(L))
    assert json.loads((tmp_path / "label_model.json").read_text(encoding="utf-8")).get("unvoted", []) == [
        *model.unvoted_
    ]


def test_a_row_may_get_such_a_class_where_it_has_a_vote_for_it():
    L = np.array([[0, 0, -1], [1, 1, 1], [0, -1, 0], [1, 1, -1], [0, 0, 1]])
    model, _ = fit(LABEL_MODELS["weighted"](3), L)
    assert model.predict([[2, 2, 2], [0, 0, 0]]).tolist() == [2, 0]


@pytest.mark.parametrize(
    ("L", "k"),
    [
        (np.c_[HALVES, HALVES, HALVES], 2),
        (np.c_[HALVES, HALVES, HALVES, HALVES, HALVES], 2),
        (np.c_[tuple([np.repeat([0, 1, 2], 60)] * 4)], 3),
        (np.c_[tuple([np.r_[np.zeros(190, int), np.ones(10, int)]] * 3)], 2),
    ],
    ids=["three", "five", "three-classes", "rare-class"],
)
def test_no_label_model_contradicts_copies(L, k):
    for name in VOTE_MODELS:
        model, _ = fit(LABEL_MODELS[name](k), L)
        np.testing.assert_array_equal(model.predict(L), L[:, 0], err_msg=name)


def test_fewer_than_three_views_are_taken_at_their_word():
    _, messages = fit(StructuredLabelModel(), np.c_[HALVES, HALVES, HALVES])
    assert "of 3 labeling functions that vote, 1 is left when copies are merged" in messages[0]


class Contrary(BaseLabelModel):
    """Says the opposite of the first labeling function on all rows of class 1."""

    def _fit(self, votes):
        self.lf_accuracies_ = np.ones(votes.m)

    def _predict_patterns(self, patterns):
        return np.tile([0.9, 0.1], (len(patterns), 1))


def test_any_label_model_that_contradicts_unanimous_votes_says_how_many():
    votes = np.c_[HALVES, HALVES]
    _, messages = fit(Contrary(), votes)
    assert messages == [
        "the label model contradicts 100 of the 200 rows (50%) on which all votes agree (two or more) (100 of 100 with "
        "votes for class 1); look for labeling functions that copy others or are mostly wrong, or use MajorityVote"
    ]
    # One class of many rows more is enough.
    _, messages = fit(Contrary(), np.concatenate([votes[:10], np.zeros((500, 2), int)]))
    assert "contradicts 10 of the 510 rows (2%)" in messages[0] and "10 of 10 with votes for class 1" in messages[0]
    assert not fit(Contrary(), np.concatenate([votes[:9], np.zeros((500, 2), int)]))[1]


def test_the_most_frequent_patterns_stand_for_very_many():
    once = np.where(np.random.default_rng(0).random((25_000, 40)) < 0.5, 0, -1)  # each row another pattern
    votes = vote_patterns(np.concatenate([once, np.ones((8, 40), int)]))
    agreed, contradicted, all_patterns = contradictions(votes, Contrary().fit(votes)._predict_patterns, 2)
    assert (agreed.tolist(), contradicted.tolist(), all_patterns) == ([19_999, 8], [0, 8], False)


def test_real_models_are_not_blamed_for_ties():
    L, _ = draw_votes(300, 4, 2, 3)
    for model in (MajorityVote(), LabelModel()):
        assert not [message for message in fit(model, L)[1] if "contradicts" in message]
