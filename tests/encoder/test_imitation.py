"""Hashed n-grams of texts, and what is learned from them: fast, in any script, the same in any company."""

import json

import numpy as np
import pytest
from hypothesis import given, strategies as st

from weaklabel.encoder.hashed import BITS, READ_CHARACTERS, hashed_ngrams
from weaklabel.encoder.imitation import Imitation

FRUITS = ("apple", "pear", "plum", "cherry", "quince")
TOOLS = ("hammer", "saw", "drill", "pliers", "chisel")
TEXTS = [f"the {word} number {i} is here" for i in range(40) for word in (*FRUITS, *TOOLS)]
SCORES = np.array([[1.0, 0.0] if text.split()[1] in FRUITS else [0.0, 1.0] for text in TEXTS])
FOLDS = np.arange(len(TEXTS)) % 3


def ngrams(texts):
    """Return the n-grams of each kind of each text, as sorted buckets."""
    lists = [[[], [], []] for _ in texts]
    for some, kinds in hashed_ngrams(texts):
        for kind, (rows, buckets) in enumerate(kinds):
            assert (np.diff(rows) >= 0).all()
            for row, bucket in zip(rows.tolist(), buckets.tolist(), strict=True):
                lists[some.start + row][kind].append(bucket)
    return lists


@given(st.lists(st.text(max_size=20), max_size=6))
def test_the_ngrams_of_a_text_do_not_depend_on_the_other_texts(texts):
    together = ngrams(texts)
    assert together == [ngrams([text])[0] for text in texts]
    assert all(0 <= bucket < 1 << BITS for text in together for kind in text for bucket in kind)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Win, win!", 4),
        ("", 0),
        ("  \t ", 0),
        ("今日は雨", 4),  # scripts without spaces: each character
        ("o\u0301 le\u0323", 2),  # a mark belongs to its letter
        ("नमस्ते दुनिया", 2),
        ("ok \U0001f600", 2),
    ],
)
def test_words(text, words):
    of_words, pairs, _ = ngrams([text])[0]
    assert len(of_words) == words and len(pairs) == max(0, words - 1)


def test_case_does_not_matter_and_what_is_behind_the_limit_does_not_either():
    assert ngrams(["Free PRIZE"]) == ngrams(["free prize"])
    assert ngrams(["free prize"]) != ngrams(["prize free"])
    long = "word " * READ_CHARACTERS
    assert ngrams([long]) == ngrams([long + "more"])


def test_texts_of_all_lengths_come_in_order():
    texts = [f"{i} " + "word " * (i % 7) * 40 for i in range(5000)]
    slices = [some for some, _ in hashed_ngrams(texts)]
    assert len(slices) > 1
    assert [row for some in slices for row in range(some.start, some.stop)] == list(range(5000))
    assert not list(hashed_ngrams([]))


def test_scores_are_learned_and_judged_by_other_folds():
    model = Imitation.learn(TEXTS, SCORES, FOLDS)
    assert model.judged.shape == SCORES.shape and model.known.all()
    assert (model.judged.argmax(axis=1) == SCORES.argmax(axis=1)).all()
    scores, known = model.score(["a ripe pear", "the saw", "zzz qqq xxx", ""])
    assert scores.argmax(axis=1)[:2].tolist() == [0, 1]
    assert known.tolist() == [False, True, False, False]


def test_what_is_judged_is_not_learned_from():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=SCORES.shape)
    judged = Imitation.learn([f"{text} {i}" for i, text in enumerate(TEXTS)], noise, FOLDS).judged
    assert abs(np.corrcoef(judged[:, 0], noise[:, 0])[0, 1]) < 0.2


def test_a_saved_imitation_says_the_same():
    model = Imitation.learn(TEXTS, SCORES, FOLDS)
    again = Imitation.from_saved(json.loads(json.dumps(model.to_saved())), 2)
    texts = [*TEXTS[:20], "something else", "pear and saw"]
    for mine, its in zip(model.score(texts), again.score(texts), strict=True):
        assert np.array_equal(mine, its)


@pytest.mark.parametrize(
    "damage",
    [
        {"bits": 3},
        {"mean": [0.0]},
        {"mean": [0.0, float("nan")]},
        {"basis": [1.0, 2.0]},
        {"weights": "AAAA"},
        {"buckets": "/////w=="},
        {"idf": "?"},
    ],
)
def test_damage_is_noticed(damage):
    saved = Imitation.learn(TEXTS, SCORES, FOLDS).to_saved()
    with pytest.raises(ValueError):
        Imitation.from_saved(saved | damage, 2)
