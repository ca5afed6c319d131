"""What is looked at of a text depends on what the texts are like."""

import json

import numpy as np
import pytest

from tests.tiny_bert import save_encoder
from weaklabel.corpus.entities import between_entities, mark_entities
from weaklabel.encoder.features import MIN_TEXTS, TextFeatures
from weaklabel.errors import WeakLabelWarning

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


# The tiny encoder knows few words, which is warned of.
@pytest.mark.filterwarnings("ignore:.* was not made for the language")
def test_words_of_texts_that_are_cut_are_looked_at(tiny):
    texts = long_texts(MIN_TEXTS)
    features = TextFeatures(tiny, 8).fit(texts)
    assert "words" in features.views_
    assert "words" not in TextFeatures(tiny, 32).fit(texts).views_
    assert "words" not in TextFeatures(tiny, 8).fit(texts[1:]).views_
    rows = features.transform(texts[:4])
    np.testing.assert_allclose((rows**2).sum(axis=1), 1)
    np.testing.assert_allclose(features.transform(texts[3:4])[0], rows[3])
    np.testing.assert_allclose(TextFeatures(tiny, 8).fit_transform(texts)[:4], rows, atol=1e-12)
    back = TextFeatures(tiny, 8).restore(json.loads(json.dumps(features.to_saved())))
    np.testing.assert_array_equal(back.transform(texts[:4]), rows)


@pytest.mark.filterwarnings("ignore:.* was not made for the language")
def test_long_texts_that_are_all_alike_have_no_words_to_tell(tiny):
    assert "words" not in TextFeatures(tiny, 8).fit(long_texts(1) * MIN_TEXTS).views_
    numbered = [f"{text} no{number // 2}" for number, text in enumerate(long_texts(1) * MIN_TEXTS)]
    assert "words" in TextFeatures(tiny, 8).fit(numbered).views_


def test_no_text_at_all(tiny):
    features = TextFeatures(tiny, 8).fit([])
    assert features.views_ == ("text",) and features.transform([]).shape[0] == 0


@pytest.mark.parametrize("first, second", [((0, 3), (8, 11)), ((8, 11), (0, 3)), ((0, 11), (4, 7))])
def test_between_goes_from_the_earlier_to_the_later_entity(first, second):
    text = "one and two and three"
    result = between_entities("Well, " + mark_entities(text, first, second))
    assert result.startswith(("@ one", "# one", "@ one and")) and result.rstrip(" @#").endswith("two")


GERMAN = (
    "Die Lieferung kam zwei Tage verspätet und das Paket war beschädigt",
    "Der Kundendienst beantwortete meine Beschwerde freundlich und schnell",
    "Ich bestelle wahrscheinlich nächstes Jahr wieder in diesem Geschäft",
)
CHINESE = ("快递晚了两天，盒子也坏了", "客服很快就帮我解决了问题", "质量很差，下次不会再买了")
ENGLISH = (
    "The delivery was two days late and the parcel was damaged",
    "The support team answered my complaint in a friendly way",
    "I will probably order in this shop again next year",
)


def shuffled(sentences, n=120):
    """Return texts of words, or characters, of these sentences."""
    words = [word for text in sentences for word in (text.split() if " " in text else text)]
    rng = np.random.default_rng(0)
    return [("" if len(words[0]) == 1 else " ").join(rng.choice(words, 9)) for _ in range(n)]


@pytest.mark.parametrize(
    ("sentences", "told"), [(GERMAN, "splits a word into"), (CHINESE, r"does not know \d+% of their words")]
)
def test_what_the_encoder_cannot_read_is_read_by_characters_with_a_warning(sentences, told):
    texts = shuffled(sentences)
    with pytest.warns(WeakLabelWarning, match=f"was not made for the language of these texts: it {told}.*--encoder"):
        features = TextFeatures().fit(texts)
    assert features.views_ == ("text", "characters")
    vectors = features.transform(texts[:5])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    restored = TextFeatures().restore(json.loads(json.dumps(features.to_saved())))
    np.testing.assert_array_equal(restored.transform(texts[:5]), vectors)


@pytest.mark.parametrize("texts", [shuffled(ENGLISH), shuffled(GERMAN, 99)], ids=["English", "too few to tell"])
def test_what_it_can_read_is_embedded_without_a_warning(texts):
    assert TextFeatures().fit(texts).views_ == ("text",)


def test_a_file_from_before_there_were_characters_is_read(tiny):
    assert TextFeatures(tiny).restore({"views": ["text"], "words": None}).views_ == ("text",)
