import json

import numpy as np
import pytest
import torch

from weaklabel import WeakLabelWarning
from weaklabel.classifier import BertClassifier, load_classifier
from weaklabel.errors import ClassifierError

FAST = {"epochs": 2, "batch_size": 8, "device": "cpu"}


@pytest.mark.parametrize("metric", ["loss", "accuracy", "macro_f1", "f1"])
def test_the_learning_rate_of_the_best_epoch_is_kept(tiny_bert, reviews, metric):
    rates, settings = [1e-6, 5e-3], FAST | {"epochs": 8}
    model = BertClassifier(tiny_bert, lr=rates, metric=metric, **settings).fit(*reviews, validation=reviews)
    training = model.training_
    assert [tried["lr"] for tried in training["grid"]] == rates
    if metric == "loss":
        best = min(training["grid"], key=lambda tried: tried["validation_loss"])
    else:
        best = max(training["grid"], key=lambda tried: (tried[f"validation_{metric}"], -tried["validation_loss"]))
    assert training["lr"] == best["lr"] != 1e-6
    # Each is trained as if it were the only one.
    alone = BertClassifier(tiny_bert, lr=best["lr"], metric=metric, **settings).fit(*reviews, validation=reviews)
    assert np.array_equal(model.predict_proba(reviews[0]), alone.predict_proba(reviews[0]))
    assert "grid" not in alone.training_ and alone.training_["lr"] == best["lr"]


def test_scores_are_those_of_the_predictions(tiny_bert, reviews):
    texts, Y = reviews[0], [1] * 10 + [0] * 14
    model = BertClassifier(tiny_bert, lr=5e-3, metric="f1", **FAST | {"epochs": 1}).fit(*reviews, validation=(texts, Y))
    preds = model.predict(texts)
    hits = int(((preds == 1) & (np.array(Y) == 1)).sum())
    f1 = 2 * hits / (int((preds == 1).sum()) + 10)
    assert model.training_["history"][0]["validation_f1"] == pytest.approx(f1)


def test_the_best_epoch_has_most_of_the_metric_then_the_lowest_loss(tiny_bert, reviews):
    model = BertClassifier(tiny_bert, lr=5e-3, metric="accuracy", **FAST | {"epochs": 8})
    history = model.fit(*reviews, validation=reviews).training_["history"]
    keys = [(entry["validation_accuracy"], -entry["validation_loss"]) for entry in history]
    assert model.training_["best_epoch"] == 1 + keys.index(max(keys))


def test_it_can_be_chosen_on_weak_labels(tiny_bert, reviews, tmp_path):
    model = BertClassifier(tiny_bert, lr=(1e-3, 5e-3), validation_share=0.25, run_folder=tmp_path, **FAST).fit(*reviews)
    assert model.training_["validation"] == "weak labels"
    for rate in ("0.001", "0.005"):
        lines = (tmp_path / f"lr-{rate}" / "training.jsonl").read_text(encoding="utf-8").splitlines()
        assert [json.loads(line)["epoch"] for line in lines] == [1, 2]
    model.save(tmp_path / "model")
    assert load_classifier(tmp_path / "model").get_params()["lr"] == [1e-3, 5e-3]
    card = (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
    assert "| learning rate | best epoch | validation loss |" in card
    assert "The learning rate 0.005 was chosen." in card


def test_one_that_diverges_is_left_out(tiny_bert, reviews, tmp_path):
    with pytest.warns(WeakLabelWarning, match="diverged.*other learning rates"):
        model = BertClassifier(tiny_bert, lr=(1e30, 5e-3), **FAST | {"epochs": 4}).fit(*reviews, validation=reviews)
    assert model.training_["grid"][0] == {"lr": 1e30, "best_epoch": None}
    assert model.training_["lr"] == 5e-3
    model.save(tmp_path / "model")
    assert "| 1e+30 | diverged |" in (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
    with (
        pytest.warns(WeakLabelWarning),
        pytest.raises(ClassifierError, match=r"at every learning rate of 1e[+]30, 1e[+]29"),
    ):
        BertClassifier(tiny_bert, lr=(1e30, 1e29), **FAST | {"epochs": 4}).fit(*reviews, validation=reviews)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"lr": (1e-3, 1e-4)}, "choosing among several learning rates needs validation rows"),
        ({"lr": (1e-3, -1.0), "validation_share": 0.5}, "lr must be from 0"),
        ({"lr": (), "validation_share": 0.5}, "one learning rate or several different ones"),
        ({"lr": (1e-3, 1e-3), "validation_share": 0.5}, "several different ones"),
        ({"metric": "accuracy"}, "the metric 'accuracy' needs validation rows"),
        ({"metric": "recall", "validation_share": 0.5}, "metric must be one of loss, accuracy, macro_f1, f1"),
        ({"pretrain_epochs": -1}, "pretrain_epochs must be from 0"),
    ],
)
def test_wrong_settings_are_said(tiny_bert, params, message):
    with pytest.raises(ClassifierError, match=message):
        BertClassifier(tiny_bert, **params).fit(["good", "bad"], [[0.5, 0.5]] * 2)


def test_f1_of_three_classes_is_refused(tiny_bert, reviews):
    with pytest.raises(ClassifierError, match=r"class 1 of two classes, and there are 3; use 'macro_f1'"):
        BertClassifier(tiny_bert, metric="f1", validation_share=0.2).fit(reviews[0], [0, 1, 2] * 8)


def test_with_validation_there_are_more_epochs_and_some_patience(tiny_bert, reviews):
    texts, probs = reviews
    settings = {"model": tiny_bert, "lr": 5e-3, "batch_size": 1, "device": "cpu"}
    many = [*texts, *texts, *texts[:2]], [*probs, *probs, *probs[:2]]  # 50 batches, 25 for each class
    plain = BertClassifier(**settings).fit(*many)
    assert plain.training_["epochs"] == 1
    contrary = 1 - np.array(probs)
    checked = BertClassifier(**settings).fit(*many, validation=(texts, contrary))
    assert checked.training_["epochs"] == 5
    assert len(checked.training_["history"]) == checked.training_["best_epoch"] + 2
    long = BertClassifier(epochs=6, **settings).fit(*many, validation=(texts, contrary))
    assert len(long.training_["history"]) == 6, "epochs that were asked for are run"


def test_generators_outside_are_left_alone(tiny_bert, reviews):
    before = torch.get_rng_state()
    BertClassifier(tiny_bert, lr=(1e-3, 2e-3), pretrain_epochs=1, **FAST).fit(*reviews, validation=reviews)
    assert torch.equal(torch.get_rng_state(), before)
