"""Saved label models whose state is wrong are refused, and say what is wrong."""

import json

import pytest

from weaklabel.errors import LabelModelError
from weaklabel.label_model import DawidSkene, TextLabelModel, load_label_model

L = [[0, 0], [1, 1], [0, -1], [1, -1], [-1, 0], [-1, 1], [-1, -1], [0, 1]]
TEXTS = [
    "lunch today",
    "a free prize",
    "lunch at noon",
    "win a prize",
    "see you at lunch",
    "prize for you",
    "hello",
    "x",
]


@pytest.fixture(scope="module")
def text_model(tmp_path_factory):
    """What a saved label model that reads texts has in its file."""
    path = tmp_path_factory.mktemp("text") / "model.json"
    TextLabelModel(2, class_balance="uniform").fit(L, texts=TEXTS).save(path)
    return json.loads(path.read_text())


def test_a_text_model_needs_texts():
    with pytest.raises(LabelModelError, match=r"TextLabelModel needs texts: give fit\(L, texts\)"):
        TextLabelModel(2).fit(L)


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ({"text_gain": float("nan")}, "text_gain is not finite"),
        ({"training_lfs": [1, 1]}, "training_lfs does not hold true or false"),
        ({"training_lfs": [True]}, "training_lfs does not hold true or false"),
        ({"features": {"views": ["words"], "words": None}}, r"views of texts are \['words'\]"),
        ({"features": {"views": ["text", "sound"], "words": None}}, "views of texts are"),
        ({"lf_accuracies_": [0.5, 1.5]}, "lf_accuracies_ has numbers outside 0 to 1"),
        ({"bias_": [0.0]}, "bias_"),
    ],
)
def test_a_text_model_with_a_wrong_state(text_model, tmp_path, state, sentence):
    path = tmp_path / "model.json"
    path.write_text(json.dumps(text_model))
    assert load_label_model(path).text_gain_ == text_model["state"]["text_gain"]
    path.write_text(json.dumps(text_model | {"state": text_model["state"] | state}))
    with pytest.raises(LabelModelError, match=sentence):
        load_label_model(path)


@pytest.mark.parametrize(("cardinality", "sentence"), [(0, "cardinality is 0, not 1 to"), (3, "")])
def test_a_model_of_another_number_of_classes(tmp_path, cardinality, sentence):
    DawidSkene(2).fit(L).save(tmp_path / "model.json")
    saved = json.loads((tmp_path / "model.json").read_text())
    saved["params"]["cardinality"] = cardinality
    (tmp_path / "model.json").write_text(json.dumps(saved))
    with pytest.raises(LabelModelError, match=sentence or "damaged"):
        load_label_model(tmp_path / "model.json")


def test_vectors_of_another_encoder_are_refused():
    model = TextLabelModel(2, class_balance="uniform").fit(L, texts=TEXTS)
    model.weights_ = model.weights_[:-1]
    with pytest.raises(LabelModelError, match="was fitted on vectors of 383 numbers, and texts now have 384"):
        model.predict_proba(L, TEXTS)
