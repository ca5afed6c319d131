"""Weighted majority vote."""

import numpy as np
import pytest

from tests.label_model.synthetic import draw_votes
from weaklabel.errors import LabelModelError, WeakLabelWarning
from weaklabel.label_model import MajorityVote
from weaklabel.label_model.weighted import WeightedMajorityVote


def log_loss(probs, Y):
    voted = ~np.isnan(probs[:, 0])
    return -np.log(np.clip(probs[voted, Y[voted]], 1e-6, 1)).mean()


def others_agree(L, weights, k):
    """Do row by row what the model does in arrays: how often others agree with each vote, where there are any."""
    agreed, voted = np.zeros((L.shape[1], k)), np.zeros((L.shape[1], k))
    for row in L:
        for lf, vote in enumerate(row):
            scores = np.zeros(k)
            others = [j for j in range(len(row)) if j != lf and row[j] >= 0]
            for j in others:
                scores[row[j]] += weights[j]
            if vote >= 0 and others:
                agreed[lf, vote] += np.exp(scores[vote]) / np.exp(scores).sum()
                voted[lf, vote] += 1
    return agreed, voted


def test_a_round_compares_with_the_others_alone():
    L, _ = draw_votes(60, 4, 3, seed=2)
    start, once = (WeightedMajorityVote(3, n_rounds=n).fit(L) for n in (0, 1))
    np.testing.assert_allclose(start.weights_, np.log(0.7 * 2 / 0.3))
    agreed, voted = others_agree(L, start.weights_, 3)
    np.testing.assert_allclose(once.weights_, start._weigh(agreed, voted))


def test_better_labeling_functions_weigh_more_and_the_labels_gain():
    L, Y = draw_votes(5000, 12, 3, seed=4, accuracy=(0.4, 0.9))
    model, plain = WeightedMajorityVote(3).fit(L), MajorityVote(3)
    true = [(L[:, j] == Y)[L[:, j] >= 0].mean() for j in range(12)]
    assert np.corrcoef(true, model.weights_)[0, 1] > 0.9
    truth = Y[:, None]
    right = [(m.predict(L, tie_break_policy="random")[:, None] == truth).mean() for m in (model, plain)]
    assert right[0] > right[1]
    assert log_loss(model.predict_proba(L), Y) < log_loss(plain.predict_proba(L), Y) / 2


def test_labeling_functions_for_a_rare_class_keep_their_weight():
    rng = np.random.default_rng(1)
    Y = rng.choice(2, 6000, p=[0.85, 0.15])
    # Ten for class 0 and two for class 1, each right in nine of ten votes.
    columns = []
    for label in [0] * 10 + [1] * 2:
        rate = 0.3 * (label == Y).mean()
        false = rate / 9 / (label != Y).mean()
        columns.append(np.where(rng.random(6000) < np.where(label == Y, 0.3, false), label, -1))
    L = np.array(columns, dtype=np.int8).T
    weights = WeightedMajorityVote().fit(L).weights_
    assert abs(weights[:10].mean() - weights[10:].mean()) < 0.3


def test_an_lf_that_is_always_alone_does_not_confirm_itself():
    L, _ = draw_votes(300, 4, 2, seed=3)
    alone = np.zeros((500, 5), dtype=np.int8) - 1
    alone[:300, :4] = L
    alone[300:, 4] = 1
    with pytest.warns(WeakLabelWarning, match="1 of 5 labeling functions never vote on a row where another votes"):
        model = WeightedMajorityVote().fit(alone)
    assert model.lf_accuracies_[4] == pytest.approx(0.7)


def test_unused_labeling_functions_are_warned_of():
    with pytest.warns(WeakLabelWarning, match="1 of 3 labeling functions never vote"):
        WeightedMajorityVote().fit([[0, 0, -1], [1, 1, -1]])
    with pytest.warns(WeakLabelWarning, match="no labeling function votes on any of the 1 rows"):
        WeightedMajorityVote().fit([[-1, -1]])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"prior_accuracy": 0.5}, "prior_accuracy must be above 1/2"),
        ({"prior_accuracy": 1.0}, "below 1"),
        ({"prior_votes": 0}, "prior_votes must be above 0"),
        ({"prior_share": 1.0}, "prior_share from 0 to below 1"),
    ],
)
def test_wrong_priors_are_refused(wrong, message):
    with pytest.raises(LabelModelError, match=message):
        WeightedMajorityVote(**wrong).fit([[0, 1]])
