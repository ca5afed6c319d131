"""Which rows a classifier is trained on: all, or a sample that depends on row numbers and seed alone."""

import numpy as np
import polars as pl
import pytest

from weaklabel import BertClassifier, LinearClassifier, read_corpus
from weaklabel.classifier import RobustClassifier
from weaklabel.errors import ConfigError
from weaklabel.job import training
from weaklabel.job.training import check_trainable, training_rows

N = 1000


@pytest.fixture
def corpus():
    return read_corpus(pl.DataFrame({"text": [f"text {row}" for row in range(N)]}))


@pytest.fixture
def probs():
    probs = np.full((N, 2), 0.5)
    probs[::4] = np.nan
    return probs


def test_all_rows_where_they_are_few_enough(corpus, probs):
    picked = training_rows(corpus, probs, LinearClassifier())
    assert picked.rows.tolist() == list(range(N)) and picked.texts == corpus.texts()
    assert np.array_equal(picked.probs, probs, equal_nan=True)
    assert not picked.is_sample and picked.describe() == ""


def test_only_rows_with_a_label_where_all_are_too_many(corpus, probs):
    picked = training_rows(corpus, probs, LinearClassifier(), N - 1)
    assert picked.rows.tolist() == [row for row in range(N) if row % 4]
    assert picked.texts == [f"text {row}" for row in picked.rows] and not picked.is_sample


def test_a_sample_is_fair_and_the_same_whatever_the_parts(corpus, probs, monkeypatch):
    picked = training_rows(corpus, probs, LinearClassifier(), 300, seed=3)
    assert len(picked.rows) == 300 and picked.n_trainable == 750 and picked.is_sample
    assert (picked.rows[1:] > picked.rows[:-1]).all() and (picked.rows % 4 != 0).all()
    assert picked.texts == [f"text {row}" for row in picked.rows]
    assert 100 < (picked.rows < N // 2).sum() < 200
    assert "300 of 750 rows" in picked.describe()
    monkeypatch.setattr(training, "_AT_ONCE", 7)
    assert training_rows(corpus, probs, LinearClassifier(), 300, seed=3).rows.tolist() == picked.rows.tolist()
    assert training_rows(corpus, probs, LinearClassifier(), 300, seed=4).rows.tolist() != picked.rows.tolist()
    # More rows than before: those that stay were picked before.
    fewer = training_rows(corpus, probs, LinearClassifier(), 200, seed=3)
    assert set(fewer.rows) <= set(picked.rows)


def test_held_out_rows_are_never_there_and_decided_ones_always(corpus, probs):
    held = np.arange(N) < 500
    for most in (100, 10_000):
        picked = training_rows(corpus, probs, LinearClassifier(), most, held_out=held)
        assert picked.rows.min() >= 500
    always = np.array([4, 5, 998])
    picked = training_rows(corpus, probs, LinearClassifier(), 100, always=always)
    assert set(always) <= set(picked.rows) and len(picked.rows) <= 103


def test_what_learns_from_rows_without_a_label_is_given_them(corpus, probs):
    assert (training_rows(corpus, probs, RobustClassifier(), 300).rows % 4 == 0).any()
    assert (training_rows(corpus, probs, BertClassifier(pretrain_epochs=1), 300).rows % 4 == 0).any()
    assert not (training_rows(corpus, probs, BertClassifier(), 300).rows % 4 == 0).any()
    assert (training_rows(corpus, probs, LinearClassifier(uncovered="uniform"), 300).rows % 4 == 0).any()


def test_without_any_vote_nothing_is_trained(corpus):
    check_trainable(1, corpus)
    with pytest.raises(ConfigError, match="no labeling function votes on any row"):
        check_trainable(0, corpus)
