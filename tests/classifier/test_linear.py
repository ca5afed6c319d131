import json

import numpy as np
import pytest
from sklearn.base import clone

from weaklabel import WeakLabelWarning
from weaklabel.classifier import LinearClassifier, load_classifier
from weaklabel.errors import ClassifierError

TEXTS = ["win cash now", "free cash prize", "see you at lunch", "lunch at home", "votes are counted", "the count is in"]
THREE = [2, 2, 0, 0, 1, 1]


def test_learns_words():
    model = LinearClassifier().fit(TEXTS, THREE)
    assert model.predict(["a cash prize", "lunch is at home", "they counted votes"]).tolist() == [2, 0, 1]
    np.testing.assert_allclose(model.predict_proba(TEXTS).sum(axis=1), 1)


def test_probabilities_are_learned_not_their_majority():
    texts = ["spark"] * 20 + ["ember"] * 20
    sure, torn = [0.0, 1.0], [0.4, 0.6]
    model = LinearClassifier(C=1000).fit(texts, [torn] * 20 + [sure] * 20)
    p = model.predict_proba(["spark", "ember"])[:, 1]
    assert p[0] == pytest.approx(0.6, abs=0.02)
    assert p[1] > 0.95


def test_a_weight_of_three_is_three_rows():
    texts, labels = ["spark", "spark", "ember"], [0, 1, 1]
    weighted = LinearClassifier().fit(texts, labels, sample_weight=[3, 1, 1])
    repeated = LinearClassifier().fit(["spark", "spark", *texts], [0, 0, *labels])
    # The inverse document frequencies differ, and they scale both words alike here.
    assert weighted.predict_proba(["spark"])[0, 0] == pytest.approx(repeated.predict_proba(["spark"])[0, 0], abs=1e-3)
    assert weighted.predict(["spark"]) == [0]
    assert LinearClassifier().fit(texts, labels, sample_weight=[1, 3, 1]).predict(["spark"]) == [1]


def test_rows_without_a_vote_change_nothing():
    none = [np.nan, np.nan]
    plain = LinearClassifier().fit(TEXTS[:4], [1, 1, 0, 0])
    padded = LinearClassifier().fit(
        ["what a lunch", *TEXTS[:4], "cash"],
        [none, [0, 1], [0, 1], [1, 0], [1, 0], none],
        sample_weight=[9, 1, 1, 1, 1, 9],
    )
    assert np.array_equal(plain.predict_proba(TEXTS), padded.predict_proba(TEXTS))


@pytest.mark.parametrize("order", [[1, 0], [2, 0, 1]])
def test_renumbering_classes_permutes_columns(order):
    k = len(order)
    probs = np.random.default_rng(0).dirichlet([1] * k, size=len(TEXTS))
    plain = LinearClassifier().fit(TEXTS, probs).predict_proba(TEXTS)
    renumbered = LinearClassifier().fit(TEXTS, probs[:, order]).predict_proba(TEXTS)
    np.testing.assert_allclose(renumbered, plain[:, order], atol=1e-3)


def test_a_class_without_rows_gets_probability_0():
    for labels in ([0, 0, 2, 2, 2, 2], [0, 0, 1, 1, 3, 3]):
        model = LinearClassifier(labels=("a", "b", "c", "d")).fit(TEXTS, labels)
        p = model.predict_proba(TEXTS)
        assert model.predict(TEXTS).tolist() == labels
        absent = sorted({0, 1, 2, 3} - set(labels))
        assert (p[:, absent] == 0).all()
        np.testing.assert_allclose(p.sum(axis=1), 1)


def test_chinese_without_segmentation():
    texts = ["这部电影非常好看", "好看,推荐给大家", "真是难看的电影", "太难看了,浪费时间"]
    model = LinearClassifier(labels=("差", "好")).fit(texts, [1, 1, 0, 0])
    assert model.predict(["这本书好看吗?好看!", "难看"]).tolist() == [1, 0]


def test_punctuation_and_emoji_are_words():
    model = LinearClassifier().fit(["!!!", "!", "🙂", "🙂 🙂"], [1, 1, 0, 0])
    assert model.predict(["!", "🙂"]).tolist() == [1, 0]


def test_saved_and_loaded_predicts_the_same_bits(tmp_path):
    model = LinearClassifier(labels=("早饭", "votes", "cash"), C=3).fit(TEXTS, THREE)
    model.save(tmp_path / "model", provenance="Six texts of this test.")
    loaded = load_classifier(tmp_path / "model")
    probes = [*TEXTS, "cash for lunch", "", "unknown"]
    assert isinstance(loaded, LinearClassifier)
    assert np.array_equal(loaded.predict_proba(probes), model.predict_proba(probes))
    assert loaded.labels_ == ("早饭", "votes", "cash")
    assert loaded.C == 3
    assert not list(tmp_path.glob(".*")), "nothing is left beside the folder"
    for file in (tmp_path / "model").iterdir():
        assert b"sklearn" not in file.read_bytes(), f"{file.name} looks pickled"


def test_a_damaged_folder_is_said(tmp_path):
    LinearClassifier().fit(TEXTS, THREE).save(tmp_path / "model")
    (tmp_path / "model" / "vocabulary.json").write_text(json.dumps(["one"]), encoding="utf-8")
    with pytest.raises(ClassifierError, match=r"cannot load the linear classifier in .*model"):
        load_classifier(tmp_path / "model")
    (tmp_path / "model" / "vocabulary.json").unlink()
    with pytest.raises(ClassifierError, match=r"vocabulary\.json"):
        load_classifier(tmp_path / "model")


def test_scikit_learn_clones_it():
    model = LinearClassifier(labels=["a", "b"], C=2, ngrams=(1, 3)).fit(["x y", "z"], [0, 1])
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert not hasattr(copy, "labels_")


def test_parameters_by_name():
    assert LinearClassifier().set_params(C=2).C == 2
    with pytest.raises(ClassifierError, match=r"no parameter 'ngram' .did you mean 'ngrams'"):
        LinearClassifier().set_params(ngram=(1, 1))


def test_empty_input():
    model = LinearClassifier().fit(TEXTS, THREE)
    assert model.predict_proba([]).shape == (0, 3)
    assert model.predict([]).shape == (0,)
    assert model.predict([]).dtype == np.int64
    assert model.predict_proba([""]).shape == (1, 3)
    with pytest.raises(ClassifierError, match="no row to train on"):
        LinearClassifier(labels=("a", "b")).fit([], np.empty((0, 2)))
    with pytest.raises(ClassifierError, match="empty vocabulary"):
        LinearClassifier().fit(["", " "], [0, 1])


def test_one_class_alone_is_refused():
    with pytest.raises(ClassifierError, match=r"all 2 rows are of 'spam'.*two classes"):
        LinearClassifier(labels=("ham", "spam")).fit(["a", "b"], [1, 1])
    with pytest.raises(ClassifierError, match="of 'spam'"):
        LinearClassifier(labels=("ham", "spam")).fit(["a", "b"], [[0.001, 0.999]] * 2)


def test_not_fitted_and_wrong_settings():
    with pytest.raises(ClassifierError, match="not fitted"):
        LinearClassifier().predict(["a"])
    with pytest.raises(ClassifierError, match=r"cannot train.*C"):
        LinearClassifier(C=-1).fit(TEXTS, THREE)


def test_no_convergence_is_said(monkeypatch):
    monkeypatch.setattr("weaklabel.classifier.linear.MAX_ITERATIONS", 1)
    with pytest.warns(WeakLabelWarning, match="did not converge in 1 steps"):
        LinearClassifier().fit(TEXTS, THREE)
