"""A few gold labels correct every label model, and nothing else."""

from __future__ import annotations

import warnings
from itertools import pairwise

import numpy as np
import pytest

from tests.label_model.test_text import corpus  # noqa: F401  # a fixture
from weaklabel.errors import LabelModelError, VoteError
from weaklabel.label_model import LABEL_MODELS, AutoLabelModel, GoldVotes, TextLabelModel, load_label_model
from weaklabel.label_model.gold import learn_correction, log_floored
from weaklabel.label_model.named import restore
from weaklabel.label_model.text.reader import TextReader, TextSampler
from weaklabel.votes import vote_patterns

K, N, N_GOLD = 3, 2000, 60


def misled(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Votes of five labeling functions: four mostly abstain and are right, one votes 0 on most rows and is wrong on most."""
    rng = np.random.default_rng(seed)
    Y = rng.integers(0, K, N)
    L = np.where(rng.random((N, 4)) < 0.2, np.where(rng.random((N, 4)) < 0.9, Y[:, None], (Y[:, None] + 1) % K), -1)
    dominant = np.where(rng.random(N) < 0.7, 0, -1)
    return np.column_stack([L, dominant]).astype(np.int8), Y


L, Y = misled()
GOLD = np.full(N, -1)
GOLD[np.random.default_rng(1).permutation(N)[:N_GOLD]] = Y[np.random.default_rng(1).permutation(N)[:N_GOLD]]
OTHERS = (GOLD < 0) & (L >= 0).any(axis=1)


def log_loss(probs: np.ndarray) -> float:
    return float(-np.log(np.maximum(probs[OTHERS, Y[OTHERS]], 1e-12)).mean())


@pytest.fixture(params=sorted(set(LABEL_MODELS) - {"text"}))
def model(request):
    return LABEL_MODELS[request.param](K)


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def test_every_label_model_gains_on_other_rows_and_says_so(model, tmp_path):
    without = log_loss(model.fit(L).predict_proba(L))
    assert model.gold_rows_ == 0
    assert "gold" not in model.to_saved()
    fitted = model.fit(L, gold=GOLD)
    probs = fitted.predict_proba(L)
    assert log_loss(probs) < min(without, 0.7)
    assert abs(fitted.lf_accuracies_[4] - (Y[L[:, 4] >= 0] == 0).mean()) < 0.15
    assert fitted.describe().endswith("fitted with 60 gold labels")
    fitted.save(tmp_path)
    loaded = load_label_model(tmp_path)
    np.testing.assert_allclose(loaded.predict_proba(L), probs)
    assert loaded.describe() == fitted.describe()
    again = model.fit(L)
    assert again.gold_rows_ == 0
    assert log_loss(again.predict_proba(L)) == pytest.approx(without)


def test_patterns_with_the_gold_rows_apart_give_the_same(model):
    votes, rows = vote_patterns(L), GOLD >= 0
    of_rows = model.fit(votes, gold=GOLD).predict_proba(L)
    counted = type(votes)(votes.patterns, votes.counts)
    apart = model.fit(counted, gold=GoldVotes(L[rows], Y[rows])).predict_proba(L)
    np.testing.assert_allclose(apart, of_rows, atol=1e-6)


def test_rows_chosen_by_their_votes_do_not_bend_the_class_balance():
    """Gold of rows of which nearly all are of class 1, as their votes say, makes no other row one."""
    rng = np.random.default_rng(0)
    truth = (rng.random(N) < 0.2).astype(np.int64)
    votes = np.where(rng.random((N, 5)) < 0.9, truth[:, None], 1 - truth[:, None]).astype(np.int8)
    chosen = np.flatnonzero(votes.sum(axis=1) >= 4)[:60]
    gold = np.full(N, -1)
    gold[chosen] = truth[chosen]
    model = LABEL_MODELS["dawid-skene"](2)
    without, with_gold = (model.fit(votes, gold=given).predict_proba(votes)[:, 1].mean() for given in (None, gold))
    assert abs(with_gold - without) < 0.02


def test_without_a_message_of_gold_little_changes():
    """Gold that the model already predicts leaves its answers nearly as they are."""
    probs = np.array([[0.9, 0.1], [0.1, 0.9]] * 20)
    Y_gold = np.array([0, 1] * 18 + [1, 0, 1, 0])  # as sure as the model is
    gold = GoldVotes(np.full((40, 1), -1, np.int8), Y_gold)
    corrected = learn_correction(log_floored(probs), gold).apply(probs, gold.L)
    np.testing.assert_allclose(corrected, probs, atol=0.05)


def test_a_class_that_only_gold_knows_is_given(corpus):  # noqa: F811
    texts, votes, truth = corpus
    of_one = np.where(votes == 1, -1, votes)
    gold = np.full(len(truth), -1)
    gold[:60] = truth[:60]
    model = TextLabelModel(2).fit(of_one, texts, gold=gold)
    assert model.unvoted_ == ()
    assert (model.predict(of_one, texts=texts) == truth)[60:].mean() > 0.85
    assert TextLabelModel(2).fit(of_one, texts).unvoted_ == (1,)


@pytest.mark.parametrize("kind", [AutoLabelModel, TextLabelModel])
def test_texts_and_gold_together(kind, corpus, tmp_path):  # noqa: F811
    texts, votes, truth = corpus
    wrong = np.column_stack([votes[:, :2], np.where(np.random.default_rng(2).random(len(truth)) < 0.6, 0, -1)])
    wrong = wrong.astype(np.int8)
    gold = np.full(len(truth), -1)
    gold[:40] = truth[:40]
    right = (kind(2).fit(wrong, texts).predict(wrong, texts=texts) == truth)[40:].mean()
    model = kind(2).fit(wrong, texts, gold=gold)
    preds, probs = model.predict(wrong, return_probs=True, texts=texts)
    assert (preds == truth)[40:].mean() > max(0.8, right + 0.1)
    assert model.gold_rows_ == 40
    assert model.describe().count("40 gold labels") == 1
    model.save(tmp_path)
    np.testing.assert_allclose(load_label_model(tmp_path).predict_proba(wrong, texts), probs)


class Plugin(TextReader):
    """A label model of others, which reads texts and does not know of gold."""

    max_length = 8

    def _fit(self, votes):
        self.lf_accuracies_ = np.full(votes.m, 0.5)

    def _fit_sample(self, votes, sample):
        self._fit(votes)

    def _predict_patterns(self, patterns):
        return np.full((len(patterns), self.cardinality), 1 / self.cardinality)

    def _predict_texts(self, rows, texts):
        return self._predict_patterns(rows)


def test_a_model_that_knows_nothing_of_gold_is_corrected(corpus):  # noqa: F811
    texts, votes, truth = corpus
    gold = np.where(np.arange(len(truth)) < 60, truth, -1)
    model = Plugin(2).fit(votes, texts, gold=gold)
    voted = (votes >= 0).any(axis=1)
    assert (model.predict(votes, texts=texts, tie_break_policy="first") == truth)[voted].mean() > 0.8


def test_a_sample_has_all_rows_with_gold():
    rng = np.random.default_rng(0)
    votes = np.where(rng.random((500, 2)) < 0.2, 1, -1).astype(np.int8)
    gold = np.where(rng.random(500) < 0.1, 0, -1)
    texts = [f"row {row}" for row in range(500)]
    samples = []
    for cuts in ([0, 500], [0, 100, 320, 500]):
        sampler = TextSampler(80)
        for start, stop in pairwise(cuts):
            sampler.add(vote_patterns(votes[start:stop]), texts[start:stop], gold[start:stop])
        samples.append(sampler.sample())
    for sample in samples:
        assert len(sample) == 80
        assert set(np.flatnonzero(gold >= 0)) <= set(sample.rows)
        np.testing.assert_array_equal(sample.gold, gold[sample.rows])
        np.testing.assert_array_equal(sample.rows, samples[0].rows)


@pytest.mark.parametrize(
    ("gold", "error", "message"),
    [
        ([-1] * N, LabelModelError, "no label for any of the 2000 rows"),
        ([0, 1], LabelModelError, "gold has 2 labels for 2000 rows"),
        ([K] * N, VoteError, "outside"),
        (GoldVotes(L[:3, :2], Y[:3]), LabelModelError, "gold has votes of 2 labeling functions, L of 5"),
    ],
)
def test_gold_that_is_none(gold, error, message):
    with pytest.raises(error, match=message):
        LABEL_MODELS["majority"](K).fit(L, gold=gold)


def test_a_damaged_correction_is_refused():
    saved = LABEL_MODELS["majority"](K).fit(L, gold=GOLD).to_saved()
    saved["gold"]["correction"]["vote"][0] = K
    with pytest.raises(ValueError, match="'gold' is not a correction"):
        restore(saved)
