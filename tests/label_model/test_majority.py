import numpy as np
from hypothesis import given, strategies as st
from snorkel.labeling.model import MajorityLabelVoter

from tests.votes.strategies import label_matrices
from weaklabel.label_model import MajorityVote


@given(label_matrices())
def test_agrees_with_snorkel_on_rows_with_votes(L):
    voted = L[(L >= 0).any(axis=1)]
    np.testing.assert_array_equal(
        MajorityVote(4).predict_proba(voted), MajorityLabelVoter(4).predict_proba(voted.astype(int))
    )
    np.testing.assert_array_equal(
        MajorityVote(4).predict(voted), MajorityLabelVoter(4).predict(voted.astype(int), tie_break_policy="abstain")
    )


@given(label_matrices(), st.randoms(use_true_random=False))
def test_the_order_of_labeling_functions_does_not_matter(L, random):
    order = random.sample(range(L.shape[1]), L.shape[1])
    model, permuted = MajorityVote(4).fit(L), MajorityVote(4).fit(L[:, order])
    np.testing.assert_array_equal(permuted.predict_proba(L[:, order]), model.predict_proba(L))
    np.testing.assert_allclose(permuted.lf_accuracies_, model.lf_accuracies_[order])


@given(label_matrices(), st.permutations(range(4)))
def test_renamed_classes_rename_the_answers(L, names):
    renamed = np.append(names, -1)[L]
    np.testing.assert_array_equal(MajorityVote(4).predict_proba(renamed)[:, names], MajorityVote(4).predict_proba(L))
    preds = MajorityVote(4).predict(L)
    np.testing.assert_array_equal(MajorityVote(4).predict(renamed), np.append(names, -1)[preds])


@given(label_matrices(), st.integers(0, 5))
def test_ties_are_broken_among_the_tied(L, seed):
    model = MajorityVote(4, seed=seed).fit(L)
    abstain, probs = model.predict(L, return_probs=True)
    for policy in ("first", "random"):
        preds = model.predict(L, tie_break_policy=policy)
        voted = preds >= 0
        assert (voted == (L >= 0).any(axis=1)).all()
        assert (probs[voted, preds[voted]] == probs[voted].max(axis=1)).all()
        assert (preds[abstain >= 0] == abstain[abstain >= 0]).all()
    first = model.predict(L, tie_break_policy="first")
    assert (first[first >= 0] == probs[first >= 0].argmax(axis=1)).all()


def test_random_ties_go_all_ways_and_hang_on_the_seed():
    rng = np.random.default_rng(0)
    L = np.full((600, 12), -1)
    for row in L:
        row[rng.choice(12, 3, replace=False)] = [0, 1, 2]
    preds = [MajorityVote(3, tie_break_policy="random", seed=seed).predict(L) for seed in (0, 0, 1)]
    assert (np.bincount(preds[0], minlength=3) > 150).all()
    assert (preds[0] == preds[1]).all()
    assert (preds[0] != preds[2]).mean() > 0.5


def test_accuracies_are_agreement_with_the_majority():
    model = MajorityVote().fit([[0, 0, 1, -1], [0, 1, -1, -1], [0, 0, 0, -1]])
    np.testing.assert_allclose(model.lf_accuracies_, [2.5 / 3, 2.5 / 3, 0.5, np.nan])


def test_one_class_and_no_rows():
    assert MajorityVote(1).fit([[0, -1], [-1, -1]]).predict([[0, -1], [-1, -1]]).tolist() == [0, -1]
    assert np.isnan(MajorityVote(2).fit(np.empty((0, 3), dtype=np.int8)).lf_accuracies_).all()
