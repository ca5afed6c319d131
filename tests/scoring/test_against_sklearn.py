"""Where scikit-learn defines a measure, ours is the same, abstains and absent classes included."""

import numpy as np
import pytest
from sklearn import metrics

from weaklabel.scoring import score


def random_case(seed, k, n=400, absent=None):
    rng = np.random.default_rng(seed)
    Y = rng.integers(0, k, n)
    preds = np.where(rng.random(n) < 0.6, Y, rng.integers(-1, k, n))
    if absent is not None:
        Y[np.isin(Y, [absent])] = 0
    return Y, preds


def expected(Y, preds, k, average):
    return metrics.precision_recall_fscore_support(Y, preds, labels=range(k), average=average, zero_division=0)


@pytest.mark.parametrize("k", [2, 3, 7])
@pytest.mark.parametrize("abstain", ["miss", "drop"])
@pytest.mark.parametrize("absent", [None, 1])
def test_every_measure_agrees(k, abstain, absent):
    Y, preds = random_case(k, k, absent=absent)
    names = tuple(f"class {number}" for number in range(k))
    scores = score(Y, preds, labels=names, abstain=abstain, intervals=0)
    if abstain == "drop":
        Y, preds = Y[preds >= 0], preds[preds >= 0]
    assert scores.accuracy == pytest.approx(metrics.accuracy_score(Y, preds))
    assert scores.mcc == pytest.approx(metrics.matthews_corrcoef(Y, preds))
    for average in ("macro", "micro", "weighted"):
        ours = [getattr(scores, f"{average}_{name}") for name in ("precision", "recall", "f1")]
        assert ours == pytest.approx(expected(Y, preds, k, average)[:3])
    table = np.array([[item.precision, item.recall, item.f1, item.support] for item in scores.per_class])
    np.testing.assert_allclose(table.T, expected(Y, preds, k, None))
    np.testing.assert_array_equal(
        np.array(scores.confusion)[:, :k], metrics.confusion_matrix(Y, preds, labels=[*range(k), -1])[:k, :k]
    )


@pytest.mark.parametrize("positive", [0, 2])
def test_measures_of_a_positive_class(positive):
    Y, preds = random_case(5, 3)
    scores = score(Y, preds, labels=("a", "b", "c"), positive="abc"[positive], intervals=0)
    ours = (scores.precision, scores.recall, scores.f1)
    assert ours == pytest.approx([column[positive] for column in expected(Y, preds, 3, None)[:3]])
    assert (scores.average, scores.positive) == ("positive", "abc"[positive])


@pytest.mark.parametrize("k", [2, 4])
def test_measures_of_probabilities_on_the_covered_rows(k):
    rng = np.random.default_rng(k)
    Y, probs = rng.integers(0, k, 300), rng.dirichlet(np.ones(k), 300)
    probs[::7] = np.nan
    scores = score(Y, probs, intervals=0)
    covered = ~np.isnan(probs).any(axis=1)
    given = probs[covered]
    assert scores.coverage == covered.mean()
    assert scores.log_loss == pytest.approx(metrics.log_loss(Y[covered], given, labels=range(k)))
    one_hot = np.eye(k)[Y[covered]]
    assert scores.brier == pytest.approx(((given - one_hot) ** 2).sum(axis=1).mean() / (2 if k == 2 else 1))
    if k == 2:
        assert scores.brier == pytest.approx(metrics.brier_score_loss(Y[covered], given[:, 1]))


def test_calibration_error_by_hand():
    # Four rows at 0.9 of which half are right, six at 0.6 that all are: |2 - 3.6| and |6 - 3.6| over 10 rows.
    probs = np.array([[0.1, 0.9]] * 4 + [[0.6, 0.4]] * 6)
    scores = score([1, 1, 0, 0] + [0] * 6, probs, intervals=0)
    assert scores.calibration_error == pytest.approx((1.6 + 2.4) / 10)


def test_a_certain_and_wrong_row_keeps_the_log_loss_finite():
    scores = score([0, 1], [[0.0, 1.0], [0.0, 1.0]], intervals=0)
    assert 0 < scores.log_loss < 37 and scores.brier == 0.5
