"""Words that go together stand near each other, and a space comes back from a file as it was."""

import json

import numpy as np
import pytest

from weaklabel.encoder.lsa import WordSpace, has_more_tokens

COOKED = ["soup", "bread", "cheese", "noodles", "salad", "stew", "pepper", "onion", "garlic", "butter"]
PLAYED = ["football", "tennis", "rowing", "hockey", "boxing", "goal", "referee", "stadium", "league", "coach"]
COMMON = "and the old man said so "


@pytest.fixture(scope="module")
def texts():
    """Texts of three words about one of two topics, among words that all have."""
    rng = np.random.default_rng(0)
    return [COMMON + " ".join(rng.choice(topic, 3, replace=False)) for topic in (COOKED, PLAYED) for _ in range(300)]


def common_once(texts):
    """Put each topic's words into one text in twenty-five, so that none is too common."""
    filler = [f"{COMMON} nothing{number} happened{number % 40} here" for number in range(25 * len(texts) // 4)]
    return texts + filler


def test_words_of_one_topic_are_near_each_other(texts):
    space = WordSpace(20).fit(common_once(texts))
    soup, stew, goal, nothing = space.transform(["soup with bread", "cheese stew", "the goal", "xyzzy"])
    assert soup @ stew > 0.5 > abs(soup @ goal)
    assert np.isclose(soup @ soup, 1)
    assert not nothing.any()


def test_common_words_tell_nothing(texts):
    space = WordSpace(20).fit(common_once(texts))
    assert "said" not in space.vectorizer_.vocabulary_ and "soup" in space.vectorizer_.vocabulary_
    np.testing.assert_array_equal(*space.transform(["soup", "said soup"]))


def test_there_and_back_through_json(texts):
    space = WordSpace(7).fit(common_once(texts))
    back = WordSpace.from_saved(json.loads(json.dumps(space.to_saved())))
    assert back.components_.dtype == space.components_.dtype and back.n_dimensions == 7
    np.testing.assert_array_equal(back.transform(texts), space.transform(texts))


def test_the_order_of_texts_makes_no_difference(texts):
    given = common_once(texts)
    first, second = (WordSpace(5).fit(some).transform(texts) for some in (given, given[::-1]))
    np.testing.assert_allclose(first @ first.T, second @ second.T, atol=0.01)


def test_damaged_components_are_refused(texts):
    saved = WordSpace(5).fit(common_once(texts)).to_saved()
    with pytest.raises(ValueError):
        WordSpace.from_saved({**saved, "ngrams": saved["ngrams"][1:]})


@pytest.mark.parametrize("text, expected", [("", 0), ("two words", 2), ("wait!", 2), ("天气很好", 4), ("don't", 3)])
def test_tokens_are_counted(text, expected):
    assert not has_more_tokens(text, expected)
    assert expected == 0 or has_more_tokens(text, expected - 1)
