import json

import numpy as np
import pytest
from sklearn.base import clone

from weaklabel.classifier import MajorityClassifier, load_classifier
from weaklabel.errors import ClassifierError, ConfigError
from weaklabel.label_model.sequence import SpanLabels
from weaklabel.registries import TAGGERS
from weaklabel.support.hashing import hash_path
from weaklabel.tagger import LinearTagger, load_tagger, make_tagger
from weaklabel.tagger.features import hashed_features
from weaklabel.units import Spans, Units, find_words


@pytest.fixture(scope="module")
def tagger(news):
    return LinearTagger().fit(*news)


def test_it_marks_names_it_has_not_seen(tagger):
    text = "In Lisbon lived Sophie Germain for years ."
    assert tagger.labels_ == ("LOC", "PER")
    assert tagger.predict([text, ""]).of_row(0) == [(3, 9, 0), (16, 30, 1)]
    assert tagger.predict([text]).texts([text]) == ["Lisbon", "Sophie Germain"]
    assert tagger.score([text], [[(3, 9, "LOC"), (16, 30, "PER")]]) == 1


def test_probabilities_and_spans_belong_together(tagger, news):
    texts = news[0][:20]
    labels = tagger.tag(texts)
    probs = tagger.predict_proba(texts)
    words = find_words(texts)
    assert probs.shape == (len(words), 3)
    np.testing.assert_allclose(probs.sum(axis=1), 1)
    assert len(labels.probs) == len(labels.spans)
    assert (labels.probs > 0.5).all()
    assert (labels.probs <= 1).all()
    assert (probs.argmax(axis=1) == (labels.spans.tags(words.offsets) + 1) // 2).all()


def test_no_text_depends_on_the_others(tagger, news):
    together = tagger.predict_proba(news[0])
    offsets = find_words(news[0]).offsets
    for row in (0, 40, 95):
        alone = tagger.predict_proba([news[0][row]])
        np.testing.assert_allclose(together[offsets[row] : offsets[row + 1]], alone, rtol=1e-5)


def test_places_are_exact_with_emoji_marks_chinese_and_line_ends(tagger):
    text = "\U0001f469\u200d\U0001f680\r\n\tIn Os\u0301lo lived \U0001f1f3\U0001f1f4 Ada Lovelace\u200b for years \u6771\u4eac."
    assert "Ada Lovelace" in tagger.predict([text]).texts([text])


def test_soft_labels_and_masked_words(news):
    texts, _ = news
    words = find_words(texts)
    spans = Spans.of_rows([[(0, 2, 1)] if text.startswith(("Ada", "Alan", "Grace")) else [] for text in texts])
    unsure = LinearTagger(["LOC", "PER"]).fit(texts, SpanLabels(spans, np.full(len(spans), 0.3), None))
    assert not len(unsure.predict(texts))  # 0.3 is less than half
    probs = np.full((len(words), 3), np.nan)
    place = words.offsets[spans.row] + spans.begin
    probs[place], probs[place + 1] = [0, 0, 1], [0, 0, 1]
    masked = LinearTagger(["LOC", "PER"]).fit(texts, SpanLabels(spans, np.ones(len(spans)), probs))
    assert masked.training_["trained_words"] == 2 * len(spans)
    # Nothing says that other words are in no span.
    assert masked.predict_proba(["nobody saw it ."])[:, 2].min() > 0.9


def test_given_words(news):
    texts, rows = news
    by_space = [[(at, at + len(word)) for at, word in words_by_space(text)] for text in texts]
    flat = np.array([place for row in by_space for place in row])
    words = Units(np.cumsum([0, *map(len, by_space)]), flat[:, 0], flat[:, 1])
    assert LinearTagger().fit(texts, rows, words=words).predict(texts[:1], words=one_row(words)).of_row(0)
    with pytest.raises(ClassifierError, match=r"words of 1 texts, but 2 texts"):
        LinearTagger().fit(texts, rows).predict(texts[:2], words=one_row(words))


def words_by_space(text):
    at = 0
    for word in text.split():
        at = text.index(word, at)
        yield at, word
        at += len(word)


def one_row(words):
    end = words.offsets[1]
    return Units(words.offsets[:2], words.begins[:end], words.ends[:end])


def test_saved_and_loaded(tagger, news, tmp_path):
    tagger.save(tmp_path / "m", provenance="by *hand*")
    loaded = load_tagger(tmp_path / "m")
    assert np.array_equal(loaded.predict_proba(news[0]), tagger.predict_proba(news[0]))
    assert loaded.get_params() == tagger.get_params() | {"labels": ("LOC", "PER")}
    manifest = json.loads((tmp_path / "m" / "weaklabel.json").read_text())
    assert (manifest["task"], manifest["kind"], manifest["labels"]) == ("spans", "linear", ["LOC", "PER"])
    assert "by \\*hand\\*" in (tmp_path / "m" / "README.md").read_text()
    assert not list((tmp_path / "m").glob("*.p*kl*"))


def test_training_is_the_same_again(tagger, news, tmp_path):
    for name, each in (("a", LinearTagger().fit(*news)), ("b", clone(tagger).fit(*news))):
        each.save(tmp_path / name)
    assert hash_path(tmp_path / "a") == hash_path(tmp_path / "b")


def test_a_folder_of_the_other_task_is_refused(tagger, tmp_path):
    tagger.save(tmp_path / "spans")
    MajorityClassifier().fit(["a", "b"], [0, 1]).save(tmp_path / "texts")
    with pytest.raises(ClassifierError, match=r"holds a tagger, which marks spans .load_tagger., not a classifier"):
        load_classifier(tmp_path / "spans")
    with pytest.raises(ClassifierError, match=r"holds a classifier of texts .load_classifier., not a tagger"):
        load_tagger(tmp_path / "texts")
    with pytest.raises(ClassifierError, match=r"no classifier in"):
        load_tagger(tmp_path)


def test_damaged_weights_are_refused(tagger, tmp_path):
    tagger.save(tmp_path / "m")
    file = tmp_path / "m" / "tagger.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ClassifierError, match=r"cannot load the linear tagger"):
        load_tagger(tmp_path / "m")


def test_scikit_learns_manners(tagger):
    copy = clone(tagger)
    assert copy.get_params() == tagger.get_params()
    assert not hasattr(copy, "labels_")
    with pytest.raises(ClassifierError, match=r"not fitted yet"):
        copy.predict(["a"])
    assert tagger.classes_.tolist() == ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
    assert "LinearTagger, fitted" in tagger._repr_html_()


def test_wrong_parameters_are_refused(news):
    with pytest.raises(ClassifierError, match=r"C must be a number above 0"):
        LinearTagger(C=0).fit(*news)
    with pytest.raises(ClassifierError, match=r"bits must be a whole number from 8 to 26"):
        LinearTagger(bits=40).fit(*news)
    with pytest.raises(ConfigError, match=r"the linear tagger has no lr"):
        make_tagger("linear", {"lr": 1}, ["PER"])
    with pytest.raises(ClassifierError, match=r"no tagger is called 'linaer'; did you mean|.did you mean 'linear'"):
        make_tagger("linaer", {}, ["PER"])
    assert make_tagger("linear", {"C": 2.0}, ["PER"], seed=3).seed == 3
    assert "linear" in TAGGERS


@pytest.mark.parametrize("texts", [[], ["", " "], ["nothing here"]])
def test_nothing_to_learn(texts):
    with pytest.raises(ClassifierError, match=r"no word to train on|no span to train on"):
        LinearTagger(["PER"]).fit(texts, [[] for _ in texts])


def test_features_depend_on_three_words_to_each_side_only():
    texts = ["a b c d e f g h i", "z b c d e f g h z"]
    columns = hashed_features(texts, find_words(texts), 18)
    assert (columns[4] == columns[9 + 4]).all()
    assert (columns[3] != columns[9 + 3]).any()
    assert columns.min() >= 0
    assert columns.max() < 2**18


def test_states_of_a_frozen_encoder(news, tmp_path):
    texts, rows = news[0][::4], news[1][::4]
    tagger = LinearTagger(layers=(2, 6), C=0.01, device="cpu").fit(texts, rows)
    assert tagger.score(texts, rows) > 0.9
    tagger.save(tmp_path / "m")
    loaded = load_tagger(tmp_path / "m")
    assert np.array_equal(loaded.predict_proba(texts[:5]), tagger.predict_proba(texts[:5]))
    assert "states of a frozen encoder" in (tmp_path / "m" / "README.md").read_text()
    with pytest.raises(ClassifierError, match="give layers, such as"):
        LinearTagger(model="somewhere").fit(texts, rows)
    with pytest.raises(ClassifierError, match="layers must be numbers of hidden states"):
        LinearTagger(layers=(-1,)).fit(texts, rows)
