import json

import numpy as np
import pytest
import torch
from sklearn.base import clone

from weaklabel.classifier import BertClassifier
from weaklabel.classifier.robust import RobustClassifier, certainty
from weaklabel.errors import ClassifierError

LABELS = ("bad", "good")
FAST = {"epochs": 8, "lr": 5e-3, "batch_size": 8, "device": "cpu"}
BAD, GOOD = ("bad", "poor", "awful"), ("good", "fine", "nice")


@pytest.fixture(scope="module")
def rated():
    """Texts, what they are, and labels of which a quarter are wrong and a fifth are missing. Shape: [120]."""
    rng = np.random.default_rng(0)
    Y = rng.integers(0, 2, 120)
    nouns = ("film", "play", "song", "book")
    texts = [f"the {nouns[rng.integers(4)]} was {(BAD, GOOD)[y][rng.integers(3)]}" for y in Y]
    weak = np.where(rng.random(120) < 0.25, 1 - Y, Y)
    weak[rng.random(120) < 0.2] = -1
    return texts, Y, weak


@pytest.fixture(scope="module")
def trained(tiny_bert, rated):
    return RobustClassifier(tiny_bert, LABELS, **FAST).fit(rated[0], rated[2])


def test_wrong_and_missing_labels_do_no_harm(trained, rated):
    texts, Y, weak = rated
    assert (weak == Y).mean() < 0.65
    assert (trained.predict(texts) == Y).mean() > 0.95
    record = trained.training_["denoising"]
    assert 0 < record["changed"] <= ((weak >= 0) & (weak != Y)).sum()
    assert record["joined"] == (weak < 0).sum()
    assert trained.training_["train_rows"] == len(texts)


def test_texts_alone_without_self_training(tiny_bert, rated):
    texts, _, weak = rated
    alone = RobustClassifier(tiny_bert, LABELS, self_training=0.0, **FAST).fit(texts, weak)
    assert alone.training_["denoising"]["joined"] == 0
    assert alone.training_["train_rows"] == (weak >= 0).sum()


def test_labels_as_they_are_without_rounds(tiny_bert, rated):
    texts, _, weak = rated
    plain = RobustClassifier(tiny_bert, LABELS, rounds=0, **FAST).fit(texts, weak)
    assert plain.training_["denoising"] == {"changed": 0, "joined": 0}
    assert plain.training_["train_rows"] == (weak >= 0).sum()
    assert plain.training_["class_shares"][1] == pytest.approx((weak == 1).sum() / (weak >= 0).sum())


def test_rows_of_weight_0_teach_nothing(tiny_bert, rated):
    texts, Y, _ = rated
    flipped, weights = Y.copy(), np.ones(len(Y))
    flipped[::2], weights[::2] = 1 - Y[::2], 0
    model = RobustClassifier(tiny_bert, LABELS, **FAST).fit(texts, flipped, sample_weight=weights)
    assert (model.predict(texts) == Y).mean() > 0.95
    assert model.training_["train_rows"] == len(texts) // 2


def test_saved_and_loaded_predicts_the_same(trained, rated, tmp_path):
    trained.save(tmp_path / "model")
    manifest = json.loads((tmp_path / "model" / "weaklabel.json").read_text(encoding="utf-8"))
    assert manifest["kind"] == "robust"
    loaded = RobustClassifier(**manifest["params"] | {"device": "cpu"})
    loaded.labels_ = tuple(manifest["labels"])
    loaded._read(tmp_path / "model", manifest["state"])
    assert loaded.training_ == trained.training_
    assert np.array_equal(loaded.predict_proba(rated[0]), trained.predict_proba(rated[0]))


def test_same_seed_same_model_and_global_generators_untouched(tiny_bert, rated, trained):
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    again = RobustClassifier(tiny_bert, LABELS, **FAST).fit(rated[0], rated[2])
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])
    assert np.array_equal(again.predict_proba(rated[0]), trained.predict_proba(rated[0]))


def test_validation_is_taken_as_it_is(tiny_bert, rated):
    texts, Y, weak = rated
    model = RobustClassifier(tiny_bert, LABELS, metric="accuracy", **FAST).fit(
        texts, weak, validation=(texts[:30], Y[:30])
    )
    assert model.training_["validation"] == "given"
    assert model.training_["validation_rows"] == 30


def test_parameters_are_those_of_scikit_learn(tiny_bert):
    model = RobustClassifier(tiny_bert, LABELS, rounds=2, self_training=0.5, lr=3e-4)
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert copy.rounds == 2
    shared = set(BertClassifier().get_params()) & set(model.get_params())
    assert {name: model.get_params()[name] for name in shared - {"model", "labels", "lr"}} == {
        name: BertClassifier().get_params()[name] for name in shared - {"model", "labels", "lr"}
    }


@pytest.mark.parametrize(
    ("params", "labels", "message"),
    [
        ({"rounds": -1}, [0, 1], "rounds must be from 0 up, not -1"),
        ({"self_training": float("nan")}, [0, 1], "self_training must be from 0 up, not nan"),
        ({"epochs": 0}, [0, 1], "epochs must be from 1"),
        ({}, [1, 1], "all 2 rows are of 'good'"),
        ({}, [-1, -1], "no row to train on"),
        ({}, [0, 1, 1], "2"),
    ],
)
def test_mistakes_are_named_before_any_work(tiny_bert, params, labels, message):
    with pytest.raises(ClassifierError, match=message):
        RobustClassifier(tiny_bert, LABELS, **params).fit(["a good film", "a bad film"], labels)


def test_settings_can_be_checked_before_there_are_labels():
    RobustClassifier(rounds=0).check_params(validated=False)
    with pytest.raises(ClassifierError, match="rounds must be from 0 up"):
        RobustClassifier(rounds=-1).check_params(validated=False)


def test_certainty():
    probs = np.array([[0.25] * 4, [0.7, 0.1, 0.1, 0.1], [0, 0, 1, 0]])
    sure = certainty(probs)
    assert sure[0] == pytest.approx(0)
    assert sure[2] == 1
    assert 0 < sure[1] < 1
