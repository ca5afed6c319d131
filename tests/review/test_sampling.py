"""Spot checks: what is drawn, and how often the interval holds the truth."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from weaklabel.review import open_review
from weaklabel.review.precision import precision, weighted_share
from weaklabel.review.spot_checks import LEAST, allocation, draw
from weaklabel.scoring.intervals import share

LABELS = ("a", "b")


def population(n=3000, right=(0.7, 0.8, 0.9, 0.98), seed=0):
    """Return predictions, confidences, and gold of which a share is right in each band of confidence."""
    rng = np.random.default_rng(seed)
    preds = (rng.random(n) < 0.2).astype(np.int64)
    confidence = rng.choice([0.55, 0.7, 0.9, 0.99], n, p=[0.05, 0.1, 0.15, 0.7])
    band = np.searchsorted((0.6, 0.8, 0.95), confidence)
    is_right = rng.random(n) < np.array(right)[band]
    return preds, confidence, np.where(is_right, preds, 1 - preds)


def estimate(kind, n, seed, preds, confidence, gold, seen=None):
    sample = draw(kind, n, seed, preds, confidence, np.zeros(len(preds), dtype=bool))
    decided = np.full(len(preds), -1)
    rows = sample.rows[:seen]
    decided[rows] = gold[rows]
    return precision(sample, preds, decided, LABELS)


@pytest.mark.parametrize("kind", ["random", "stratified"])
@pytest.mark.parametrize("right", [(0.7, 0.8, 0.9, 0.98), (0.9, 0.9, 0.9, 0.6), (0.8, 0.95, 1.0, 1.0)])
def test_the_interval_holds_the_truth_as_often_as_it_says(kind, right):
    preds, confidence, gold = population(right=right)
    truth = (preds == gold).mean()
    result = [estimate(kind, 80, seed, preds, confidence, gold) for seed in range(300)]
    holds = np.mean([part.low <= truth <= part.high for part in result])
    assert 0.9 <= holds <= 0.995
    assert np.mean([part.value for part in result]) == pytest.approx(truth, abs=0.01)


def test_strata_make_the_interval_narrower_where_they_differ():
    preds, confidence, gold = population(right=(0.3, 0.7, 1.0, 1.0))
    width = {
        kind: np.mean(
            [
                item.high - item.low
                for seed in range(50)
                for item in [estimate(kind, 100, seed, preds, confidence, gold)]
            ]
        )
        for kind in ("random", "stratified")
    }
    assert width["stratified"] < 0.9 * width["random"]


def test_one_stratum_is_wilson():
    correct = np.array([True] * 9 + [False])
    assert weighted_share(correct, np.full(10, 7.0), np.zeros(10, dtype=np.int64)) == share(9, 10)
    assert share(9, 10).low == pytest.approx(0.5958, abs=1e-4)  # Wilson 1927, as statsmodels has it
    assert share(0, 0).value is None


def test_strata_weigh_by_their_size():
    correct, strata = np.array([True, True, False, False]), np.array([0, 0, 1, 1])
    result = weighted_share(correct, np.array([45.0, 45.0, 5.0, 5.0]), strata)
    assert result.value == pytest.approx(0.9)
    assert result.low < 0.9 < result.high
    assert (result.hits, result.n) == (2, 4)


def test_per_class_and_notes():
    preds, confidence, gold = population()
    result = estimate("stratified", 80, 1, preds, confidence, gold)
    assert sum(item.n for item in result.per_class.values()) == result.n_decided == 80
    assert result.is_estimate and not result.notes
    part = estimate("stratified", 80, 1, preds, confidence, gold, seen=5)
    assert "strata without a decision" in part.notes[0]
    least = estimate("uncertain", 20, 1, preds, confidence, gold)
    assert not least.is_estimate and "least certain" in least.notes[0]
    none = estimate("random", 20, 1, preds, confidence, gold, seen=0)
    assert (none.value, none.low, none.n_decided, none.notes) == (None, None, 0, ())


def test_rows_without_a_label_are_no_part_of_it():
    preds, confidence, _ = population(100)
    preds[:50], confidence[:50] = -1, np.nan
    for kind in ("random", "stratified", "uncertain"):
        sample = draw(kind, 30, 0, preds, confidence, np.zeros(100, dtype=bool))
        assert len(set(sample.rows.tolist())) == 30
        assert (sample.rows >= 50).all()
    nothing = draw("stratified", 30, 0, np.full(100, -1), np.full(100, np.nan), np.zeros(100, dtype=bool))
    assert len(nothing.rows) == 30


def test_the_least_certain_are_those_and_not_the_decided():
    preds, confidence, _ = population(200)
    decided = np.zeros(200, dtype=bool)
    decided[np.argsort(confidence)[:3]] = True
    sample = draw("uncertain", 10, 0, preds, confidence, decided)
    assert not decided[sample.rows].any()
    assert confidence[sample.rows].max() <= np.sort(confidence[~decided])[9]


@given(st.lists(st.integers(1, 500), min_size=1, max_size=12), st.integers(1, 300))
def test_allocation_adds_up(sizes, n):
    sizes = np.array(sizes)
    if np.minimum(sizes, LEAST).sum() > n and len(sizes) > 1:
        return
    given_rows = allocation(sizes, n)
    assert given_rows.sum() == min(n, sizes.sum())
    assert (given_rows <= sizes).all()
    assert len(sizes) == 1 or (given_rows >= np.minimum(sizes, LEAST)).all()


@given(st.integers(1, 60), st.sampled_from(["random", "stratified"]), st.integers(0, 5))
def test_every_draw_has_its_size_and_no_row_twice(n, kind, seed):
    preds, confidence, _ = population(50)
    sample = draw(kind, n, seed, preds, confidence, np.zeros(50, dtype=bool))
    assert len(sample.rows) == len(set(sample.rows.tolist())) == min(n, 50)
    assert sample.sizes.sum() == 50


def test_a_spot_check_is_the_same_for_everybody(review, project):
    sample = review.sample("random", 5, 3)
    again = open_review(project)
    assert again.sample("random", 5, 3).rows.tolist() == sample.rows.tolist()
    assert [item.id for item in again.samples()] == ["random-5-3"]
    from weaklabel.review import Filter

    assert again.query(Filter(sample="random-5-3")).rows.tolist() == sample.rows.tolist()


def test_a_spot_check_follows_its_texts(review, project):
    sample = review.sample("random", 5, 3)
    texts = [review.texts[row] for row in sample.rows]
    from tests.review.conftest import TEXTS, write_corpus

    write_corpus(project.parent / "messages.csv", TEXTS[::-1])
    again = open_review(project)
    assert [again.texts[row] for row in again.get_sample(sample.id).rows] == texts


def test_precision_follows_decisions(review):
    sample = review.sample("random", 10, 0)
    for row in sample.rows[:4]:
        review.decide(int(row), review.labels[review.preds[row]], "ann", sample=sample.id)
    result = review.precision(sample.id)
    assert result.value == 1.0 and result.n_decided >= 4 and result.n_rows == len(sample.rows)
