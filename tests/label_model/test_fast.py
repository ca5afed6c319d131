"""Large corpora are read fast: most texts without the encoder, with the labels that it would give."""

import json

import numpy as np
import pytest

from weaklabel.errors import LabelModelError
from weaklabel.label_model import AutoLabelModel, TextLabelModel, load_label_model
from weaklabel.label_model.text.fast import MAX_REGRET, choose_threshold, counting_texts
from weaklabel.support.hashing import sha256_of_text

OPENINGS = ("please", "hello", "dear all", "hi", "listen", "well")
ABOUT = {
    0: (
        "the match was won by our team",
        "the coach praised the goalkeeper",
        "a striker scored twice",
        "fans sang all night",
    ),
    1: ("the soup needs more salt", "bake the bread for an hour", "chop the onions finely", "the sauce was too thick"),
}
ENDINGS = ("today", "once more", "as usual", "again", "they say", "in town", "at last", "I think")
WORDS = {0: ("match", "coach", "scored", "fans"), 1: ("soup", "bread", "onions", "sauce")}


@pytest.fixture(scope="module")
def corpus():
    """Return votes, texts and classes: of two subjects, with votes that are wrong on some rows and missing on others."""
    rng = np.random.default_rng(0)
    texts, gold = [], []
    for opening in OPENINGS:
        for label, sentences in ABOUT.items():
            texts += [f"{opening} {sentence} {ending}" for sentence in sentences for ending in ENDINGS]
            gold += [label] * len(sentences) * len(ENDINGS)
    rows = rng.permutation(len(texts) * 7) % len(texts)
    Y = np.array(gold)[rows]
    L = np.where(rng.random((len(rows), 4)) < 0.15, 1 - Y[:, None], Y[:, None])
    L[rng.random(L.shape) < 0.4] = -1
    return L.astype(np.int8), [texts[row] for row in rows.tolist()], Y


@pytest.fixture(scope="module")
def fitted(corpus):
    L, texts, _ = corpus
    return TextLabelModel(2, max_rows=1100).fit(L, texts=texts)


def embedded(monkeypatch, model):
    """Return the list to which texts are added that are embedded from now on."""
    seen = []
    whole = model.features_.transform
    monkeypatch.setattr(model.features_, "transform", lambda texts: seen.extend(texts) or whole(texts))
    return seen


def test_most_texts_are_not_embedded_and_have_the_labels_of_those_that_are(corpus, fitted, monkeypatch):
    L, texts, Y = corpus
    assert fitted.fast_.share > 0.5
    assert f"about {fitted.fast_.share:.0%} of the texts are read by a fast reader" in fitted.describe()
    exact = TextLabelModel(2, max_rows=1100, exact_texts=True).fit(L, texts=texts)
    assert exact.fast_ is None and "fast reader" not in exact.describe()
    seen = embedded(monkeypatch, fitted)
    with counting_texts() as counts:
        preds = fitted.predict(L, texts=texts)
    assert counts == [len(texts) - len(seen), len(seen)]
    with counting_texts() as counts:
        wanted = exact.predict(L, texts=texts)
    assert counts == [0, len(texts)]
    assert len(seen) < 0.5 * len(texts)
    assert (preds == Y).mean() >= (wanted == Y).mean() - 0.005


def test_an_answer_does_not_depend_on_the_other_rows(corpus, fitted):
    L, texts, _ = corpus
    together = fitted.predict_proba(L[:40], texts[:40])
    for begin, end in ((0, 1), (1, 8), (8, 40)):
        assert np.array_equal(fitted.predict_proba(L[begin:end], texts[begin:end]), together[begin:end])


def test_texts_of_other_words_are_embedded(fitted, monkeypatch):
    seen = embedded(monkeypatch, fitted)
    strange = ["un gol de cabeza", "", "die Mannschaft jubelt", "ご飯"]
    fitted.predict_proba(np.full((4, 4), -1), strange)
    assert seen == strange


def test_a_saved_model_reads_as_fast(corpus, fitted, tmp_path):
    L, texts, _ = corpus
    fitted.save(tmp_path / "model.json")
    again = load_label_model(tmp_path / "model.json")
    assert again.fast_.share == fitted.fast_.share
    assert np.array_equal(again.predict_proba(L[:50], texts[:50]), fitted.predict_proba(L[:50], texts[:50]))


def saved_model(model, folder):
    """Save a model, and return what is in the file."""
    model.save(folder / "model.json")
    return json.loads((folder / "model.json").read_text())


def test_a_model_saved_without_a_fast_reader_embeds_every_text(fitted, tmp_path):
    saved = saved_model(fitted, tmp_path)
    del saved["state"]["fast"], saved["params"]["exact_texts"]
    (tmp_path / "model.json").write_text(json.dumps(saved))
    assert load_label_model(tmp_path / "model.json").fast_ is None


@pytest.mark.parametrize("damage", [{"threshold": -1.0}, {"factor": 0.0}, {"imitation": {}}, {"share": "much"}])
def test_a_damaged_fast_reader_is_refused(fitted, tmp_path, damage):
    saved = saved_model(fitted, tmp_path)
    saved["state"]["fast"] |= damage
    (tmp_path / "model.json").write_text(json.dumps(saved))
    with pytest.raises(LabelModelError, match="is damaged"):
        load_label_model(tmp_path / "model.json")


def test_a_small_corpus_is_embedded(corpus):
    L, texts, _ = corpus
    assert AutoLabelModel(2).fit(L[:400], texts=texts[:400]).chosen_.fast_ is None
    assert TextLabelModel(2, max_rows=300).fit(L[:600], texts=texts[:600]).fast_ is None, "too few to learn from"


def test_where_the_texts_cannot_be_imitated_they_are_embedded(corpus):
    """The classes follow from vectors alone: every text has a word of its own and no other."""
    L, texts, _ = corpus
    unlike = [sha256_of_text(f"{row} {text}")[:12] for row, text in enumerate(texts[:2400])]
    assert TextLabelModel(2, max_rows=1100, n_rounds=1).fit(L[:2400], texts=unlike).fast_ is None


def test_threshold():
    leads = np.linspace(5, 0.01, 1000)
    assert choose_threshold(leads, np.zeros(1000)) == pytest.approx(0.01)
    regrets = np.where(leads < 2, 0.1, 0.0)
    threshold = choose_threshold(leads, regrets)
    assert threshold < 2 and regrets[leads >= threshold].sum() / 1000 <= MAX_REGRET
    assert choose_threshold(leads[:100], np.zeros(100)) == np.inf, "one row that is wrong would be too many"
    assert choose_threshold(np.full(1000, -1.0), np.zeros(1000)) == np.inf
    assert choose_threshold(np.ones(1000), regrets) == np.inf, "rows of one lead are answered together"
