"""Texts, labels and folders that a classifier cannot work with are refused in a sentence."""

import json

import numpy as np
import pytest

from weaklabel.classifier import BertClassifier, LinearClassifier, MajorityClassifier, export_check, load_classifier
from weaklabel.errors import ClassifierError

TEXTS, Y = ["win a prize", "see you at lunch", "a prize again", "lunch at noon"], [1, 0, 1, 0]


@pytest.fixture
def saved(tmp_path):
    """The folder of a linear classifier."""
    LinearClassifier(("ham", "spam")).fit(TEXTS, Y).save(tmp_path / "model")
    return tmp_path / "model"


def _weights(**changes):
    def change(folder):
        with np.load(folder / "weights.npz") as arrays:
            weights = dict(arrays)
        np.savez(folder / "weights.npz", **weights | {name: make(weights[name]) for name, make in changes.items()})

    return change


def _entry(**changes):
    def change(folder):
        file = folder / "weaklabel.json"
        entries = json.loads(file.read_text())
        for name, value in changes.items():
            if value is None:
                del entries[name]
            else:
                entries[name] = value
        file.write_text(json.dumps(entries))

    return change


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (_weights(coef=lambda coef: coef[:, 1:]), "weights.npz has shape"),
        (_weights(intercept=lambda numbers: numbers * np.nan), "numbers that are not finite"),
        (_weights(idf=lambda numbers: numbers * np.inf), "numbers that are not finite"),
        (lambda folder: (folder / "vocabulary.json").write_text('["a", "a"]'), "names an n-gram twice"),
        (lambda folder: (folder / "vocabulary.json").write_text('{"a": 1}'), "is not a list of n-grams"),
        (lambda folder: (folder / "weights.npz").unlink(), "cannot load the linear classifier"),
        (_entry(labels=None), "weaklabel.json is damaged: the entry 'labels' is missing; save the classifier again"),
        (_entry(kind="robot"), "unknown kind of classifier 'robot'"),
        (lambda folder: (folder / "weaklabel.json").write_text("{"), "weaklabel.json is damaged"),
    ],
)
def test_a_damaged_folder_is_refused(saved, damage, sentence):
    assert load_classifier(saved).predict(TEXTS).tolist() == Y
    damage(saved)
    with pytest.raises(ClassifierError, match=sentence):
        load_classifier(saved)


@pytest.mark.parametrize("shares", [[0.5], [0.7, 0.7], [-0.5, 1.5]])
def test_shares_that_are_none(tmp_path, shares):
    MajorityClassifier(("ham", "spam")).fit(TEXTS, Y).save(tmp_path / "model")
    _entry(state={"shares": shares})(tmp_path / "model")
    with pytest.raises(ClassifierError, match="'shares' is not one share for each of 2 classes, 1 in sum"):
        load_classifier(tmp_path / "model")


def test_a_folder_without_an_export_does_not_say_how_it_compared(saved):
    with pytest.raises(ClassifierError, match="does not say how an export compared; save the classifier again"):
        export_check(saved)


def test_texts_without_a_token():
    with pytest.raises(ClassifierError, match="cannot make TF-IDF features of the 2 texts"):
        LinearClassifier(("ham", "spam")).fit(["", " "], [0, 1])


def test_labels_must_be_given():
    with pytest.raises(ClassifierError, match="requires y to be passed"):
        LinearClassifier().fit(TEXTS, None)
    with pytest.raises(ClassifierError, match="uncovered must be 'drop' or 'uniform', not 'keep'"):
        LinearClassifier(("ham", "spam"), uncovered="keep").fit(TEXTS, Y)


@pytest.mark.parametrize(
    ("params", "validated", "sentence"),
    [
        ({"validation_share": 0.2}, True, "give validation texts or a validation_share, not both"),
        ({"patience": 2}, False, "patience needs validation rows"),
        ({"lr": [1e-4, 1e-4]}, True, "lr must be one learning rate or several different ones"),
        ({"lr": []}, True, "lr must be one learning rate or several different ones"),
        ({"batch_size": 0}, True, "batch_size must be from 1 to"),
    ],
)
def test_parameters_that_contradict_each_other(params, validated, sentence):
    with pytest.raises(ClassifierError, match=sentence):
        BertClassifier(labels=("ham", "spam"), **params).check_params(validated)
