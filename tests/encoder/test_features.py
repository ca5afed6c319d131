"""What is looked at of a text depends on what the texts are like."""

import json

import numpy as np
import pytest

from tests.tiny_bert import save_encoder
from weaklabel.corpus.entities import between_entities, mark_entities
from weaklabel.encoder.features import MIN_TEXTS, TextFeatures

WORDS = [f"{syllable}{end}" for syllable in ("ba", "de", "ki", "lo", "mu", "ra", "si", "to") for end in "bdfgklmnprst"]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return save_encoder(tmp_path_factory.mktemp("encoder") / "tiny")


def long_texts(n, seed=0, words=20):
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, words)) for _ in range(n)]


def test_short_texts_are_embedded(tiny):
    features = TextFeatures(tiny, 32).fit(["a text", "another"])
    assert features.views_ == ("text",)
    np.testing.assert_array_equal(features.transform(["a text"]), features.encoder.encode(["a text"]))


def test_the_stretch_between_entities_is_embedded_too(tiny):
    text = "Yesterday rain fell on the roof of tin, they say"
    marked = mark_entities(text, (10, 14), (27, 31))
    features = TextFeatures(tiny, 32).fit([marked, marked])
    assert features.views_ == ("text", "between")
    (row,) = features.transform([marked])
    whole, between = np.split(row * np.sqrt(2), 2)
    np.testing.assert_allclose(whole, features.encoder.encode([marked])[0], atol=1e-6)
    np.testing.assert_allclose(between, features.encoder.encode(["@ rain @ fell on the # roof #"])[0], atol=1e-6)
    (row,) = features.transform([text])  # A later text without marks is taken whole.
    np.testing.assert_allclose(*np.split(row, 2), atol=1e-6)


def test_one_text_without_marks_and_texts_are_no_relations(tiny):
    assert TextFeatures(tiny, 32).fit(["@ a @ and # b #", "a and b"]).views_ == ("text",)


def test_words_of_texts_that_are_cut_are_looked_at(tiny):
    texts = long_texts(MIN_TEXTS)
    features = TextFeatures(tiny, 8).fit(texts)
    assert features.views_ == ("text", "words")
    assert TextFeatures(tiny, 32).fit(texts).views_ == ("text",)
    assert TextFeatures(tiny, 8).fit(texts[1:]).views_ == ("text",)
    rows = features.transform(texts[:4])
    np.testing.assert_allclose((rows**2).sum(axis=1), 1)
    np.testing.assert_allclose(features.transform(texts[3:4])[0], rows[3])
    np.testing.assert_allclose(TextFeatures(tiny, 8).fit_transform(texts)[:4], rows, atol=1e-12)
    back = TextFeatures(tiny, 8).restore(json.loads(json.dumps(features.to_saved())))
    np.testing.assert_array_equal(back.transform(texts[:4]), rows)


def test_long_texts_that_are_all_alike_have_no_words_to_tell(tiny):
    assert TextFeatures(tiny, 8).fit(long_texts(1) * MIN_TEXTS).views_ == ("text",)
    numbered = [f"{text} no{number // 2}" for number, text in enumerate(long_texts(1) * MIN_TEXTS)]
    assert TextFeatures(tiny, 8).fit(numbered).views_ == ("text", "words")


def test_no_text_at_all(tiny):
    features = TextFeatures(tiny, 8).fit([])
    assert features.views_ == ("text",) and features.transform([]).shape[0] == 0


@pytest.mark.parametrize("first, second", [((0, 3), (8, 11)), ((8, 11), (0, 3)), ((0, 11), (4, 7))])
def test_between_goes_from_the_earlier_to_the_later_entity(first, second):
    text = "one and two and three"
    result = between_entities("Well, " + mark_entities(text, first, second))
    assert result.startswith(("@ one", "# one", "@ one and")) and result.rstrip(" @#").endswith("two")
