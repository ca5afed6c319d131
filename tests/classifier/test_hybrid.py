import json

import numpy as np
import pytest

from weaklabel.classifier import HybridClassifier, LinearClassifier, load_classifier
from weaklabel.classifier.named import make_classifier
from weaklabel.corpus import mark_entities
from weaklabel.errors import ClassifierError, ConfigError

WEATHER = ["rain is coming", "a storm over the hills", "snow fell all night", "sunshine and a mild wind"]
FOOD = ["we baked bread", "soup with onions", "a plate of noodles", "roasted potatoes and cheese"]
TEXTS, Y = [*WEATHER, *FOOD], [0] * 4 + [1] * 4
UNSEEN = ["clouds bring hail", "thunder and lightning", "an apple pie", "fried eggs for breakfast"]


@pytest.fixture(scope="module")
def model():
    return HybridClassifier(("weather", "food")).fit(TEXTS, Y)


def test_knows_words_that_no_training_text_has(model):
    assert not set(" ".join(UNSEEN).split()) & set(" ".join(TEXTS).split()) - {"and", "a", "bring"}
    assert model.predict(UNSEEN).tolist() == [0, 0, 1, 1]
    np.testing.assert_allclose(model.predict_proba(UNSEEN).sum(axis=1), 1)


def test_knows_words_that_the_encoder_does_not(tiny_bert):
    # The tiny encoder has random weights, and reads both words as unknown.
    texts = ["the film was xylo"] * 4 + ["the film was qwop"] * 4
    model = HybridClassifier(model=tiny_bert).fit(texts, Y)
    assert model.predict(["xylo", "qwop"]).tolist() == [0, 1]


def test_without_vectors_that_differ_it_is_the_linear_classifier(tiny_bert):
    texts = ["xylo"] * 4 + ["qwop"] * 4
    given = {"y": [[0.8, 0.2]] * 4 + [[0.3, 0.7]] * 4, "sample_weight": np.arange(1, 9)}
    hybrid, linear = HybridClassifier(model=tiny_bert).fit(texts, **given), LinearClassifier().fit(texts, **given)
    np.testing.assert_allclose(hybrid.predict_proba(texts), linear.predict_proba(texts), atol=1e-4)


def test_vectors_count_less_than_words_whatever_their_scale(model):
    features = model._features(TEXTS)
    words = len(model.vectorizer_.vocabulary_)
    np.testing.assert_allclose((features[:, :words] ** 2).sum(axis=1), 1)
    assert np.mean((features[:, words:] ** 2).sum(axis=1)) == pytest.approx(0.25)
    np.testing.assert_allclose(features[:, words:].mean(axis=0), 0, atol=1e-9)


def test_the_words_between_entities_have_a_vector_of_their_own():
    texts = [
        mark_entities("Ann married Bob in spring", [0, 3], [12, 15]),
        mark_entities("Eve is the sister of Tom", [0, 3], [21, 24]),
    ] * 3
    related = HybridClassifier().fit(texts, [0, 1] * 3)
    assert related.text_features_.views_ == ("text", "between")
    assert related.predict(texts).tolist() == [0, 1] * 3


def test_saving_keeps_every_probability(model, tmp_path):
    model.save(tmp_path / "model")
    loaded = load_classifier(tmp_path / "model")
    assert isinstance(loaded, HybridClassifier)
    assert loaded.get_params() == model.get_params() | {"ngrams": [1, 2]}
    assert np.array_equal(loaded.predict_proba(UNSEEN), model.predict_proba(UNSEEN))


@pytest.mark.parametrize("damage", ["center", "scale", "dimensions", "views"])
def test_a_damaged_model_is_refused(model, tmp_path, damage):
    folder = tmp_path / "model"
    model.save(folder)
    center, scale = model.center_.copy(), model.scale_
    if damage == "views":
        manifest = json.loads((folder / "weaklabel.json").read_text())
        manifest["state"]["text_features"]["views"] = ["smell"]
        (folder / "weaklabel.json").write_text(json.dumps(manifest))
    else:
        center[0] = np.nan if damage == "center" else center[0]
        center = center[1:] if damage == "dimensions" else center
        np.savez(folder / "vectors.npz", center=center, scale=np.inf if damage == "scale" else scale)
    with pytest.raises(ClassifierError, match=r"cannot load the hybrid classifier"):
        load_classifier(folder)


def test_another_encoder_is_refused(tiny_bert, tmp_path):
    HybridClassifier(model=tiny_bert).fit(TEXTS, Y).save(tmp_path / "model")
    manifest = json.loads((tmp_path / "model" / "weaklabel.json").read_text())
    manifest["params"]["model"] = None
    (tmp_path / "model" / "weaklabel.json").write_text(json.dumps(manifest))
    with pytest.raises(ClassifierError, match=r"vectors have 384 dimensions, those that it was trained on 32"):
        load_classifier(tmp_path / "model")


def test_an_encoder_that_is_not_there_is_refused_before_any_work(tmp_path):
    with pytest.raises(ConfigError, match="no folder with a model"):
        make_classifier("hybrid", {"model": str(tmp_path / "none" / "here")}, ("weather", "food"))
