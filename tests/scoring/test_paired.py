import numpy as np
import pytest

from weaklabel.errors import ScoreError
from weaklabel.scoring import paired_difference, score


@pytest.fixture
def case():
    """Gold, predictions right on 90 %, and the same ones spoilt on a tenth of the rows."""
    rng = np.random.default_rng(2)
    Y = rng.integers(0, 2, 1000)
    a = np.where(rng.random(1000) < 0.9, Y, 1 - Y)
    b = np.where(rng.random(1000) < 0.9, a, -1)
    return Y, a, b


@pytest.mark.parametrize("metric", ["f1", "accuracy", "macro_f1", "mcc", "precision", "recall"])
@pytest.mark.parametrize("abstain", ["miss", "drop"])
def test_the_difference_is_that_of_the_scores(case, metric, abstain):
    Y, a, b = case
    result = paired_difference(Y, a, b, metric, abstain=abstain)
    first, other = (getattr(score(Y, preds, abstain=abstain, intervals=0), metric) for preds in (a, b))
    assert result.difference == pytest.approx(first - other)
    assert result.low <= result.difference <= result.high
    assert result.n == 1000


def test_pairing_makes_the_interval_narrower_than_the_scores_own(case):
    Y, a, b = case
    result = paired_difference(Y, a, b, "accuracy")
    own = score(Y, a).intervals["accuracy"], score(Y, b).intervals["accuracy"]
    assert result.high - result.low < sum(high - low for low, high in own) / 2
    assert result.low > 0


def test_equal_predictions_differ_by_nothing(case):
    Y, a, _ = case
    result = paired_difference(Y, a, a)
    assert (result.difference, result.low, result.high) == (0, 0, 0)


def test_swapping_sides_swaps_the_sign(case):
    Y, a, b = case
    assert paired_difference(Y, a, b).difference == -paired_difference(Y, b, a).difference


def test_probabilities_count_as_their_most_probable_class(case):
    Y, a, b = case
    probs = np.where((b == -1)[:, None], np.nan, np.eye(2)[b])
    assert paired_difference(Y, a, probs) == paired_difference(Y, a, b)


def test_prints_one_line(case):
    text = str(paired_difference(*case, metric="accuracy", confidence=0.9))
    assert text.startswith("accuracy +0.") and "90% interval [" in text and "\n" not in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metric": "acuracy"}, "did you mean 'accuracy'"),
        ({"intervals": 0}, "must be 1 or more"),
        ({"positive": "x"}, "labels are 0, 1"),
    ],
)
def test_errors(case, options, message):
    with pytest.raises(ScoreError, match=message):
        paired_difference(*case, **options)


def test_both_predictions_must_fit_the_gold(case):
    Y, a, b = case
    with pytest.raises(ScoreError, match="predictions have 999"):
        paired_difference(Y, a, b[1:])
