"""VADER's sentiment and stemmers as labeling functions."""

import re

import numpy as np
import polars as pl
import pytest

from weaklabel import apply_lfs, lexicon_lf
from weaklabel.corpus.batch import Batch
from weaklabel.errors import LFError
from weaklabel.lf import sentiment_lf, stem_lf, vader_lexicon
from weaklabel.lf.fingerprint import fingerprint
from weaklabel.lf.reasons import reason
from weaklabel.lf.wordlists import STEMMERS


def batch(*texts):
    return Batch(pl.DataFrame({"text": texts}, schema={"text": pl.String}))


def test_sentiment_weighs_negation_and_but():
    good, bad = sentiment_lf("good", 1, min_score=0.3), sentiment_lf("bad", 0, max_score=-0.3)
    rows = batch("I love it!", "I do not love it", "A good start, but a terrible end", "A table", "", None)
    assert good.vote(rows).tolist() == [1, -1, -1, -1, -1, -1]
    assert bad.vote(rows).tolist() == [-1, 0, 0, -1, -1, -1]


def test_scores_are_those_of_the_package_and_shared():
    from vader import polarity_scores

    texts = ["GREAT!!! :)", "not so bad", "café 好", "x" * 5000]
    rows = batch(*texts)
    first, second = sentiment_lf("a", 1, min_score=0), sentiment_lf("b", 0, max_score=0)
    assert first.scores(rows).tolist() == [polarity_scores(text)["compound"] for text in texts]
    assert first.scores(rows) is second.scores(rows)


def test_the_lexicon_serves_lexicon_lfs():
    lf = lexicon_lf(
        "praise", 1, {word: weight for word, weight in vader_lexicon().items() if word.isalpha()}, min_weight=4
    )
    assert lf.vote(batch("wonderful, great", "wonderful but awful")).tolist() == [1, -1]


@pytest.mark.parametrize(
    ("language", "word", "forms", "others"),
    [
        ("english", "win", ["wins", "WINNING", "win"], ["winter", "won"]),
        ("german", "Haus", ["Häuser", "Hauses"], ["Hausboot"]),
        ("russian", "книга", ["книги", "книгу"], ["книжный"]),
        ("spanish", "gato", ["gatos", "gata"], ["gastar"]),
        ("porter", "run", ["running", "runs"], ["runner"]),
    ],
)
def test_stems_find_the_forms_of_a_word(language, word, forms, others):
    lf = stem_lf("x", 1, [word], language=language)
    assert lf.vote(batch(*(f"- {form}, x" for form in forms))).tolist() == [1] * len(forms)
    assert lf.vote(batch(*others)).tolist() == [-1] * len(others)


def test_stems_are_counted():
    lf = stem_lf("x", 2, ["win", "prize"], min_count=3)
    assert lf.vote(batch("winning prizes, wins", "winning prizes", None)).tolist() == [2, -1, -1]


def test_every_stemmer_is_one_of_nltk():
    from nltk.stem.snowball import SnowballStemmer

    assert set(STEMMERS) == set(SnowballStemmer.languages)


def test_reasons():
    rows = batch("So wonderful, and he wins")
    sentiment, stem = sentiment_lf("s", 1, min_score=0.3), stem_lf("w", 1, ["win"])
    assert re.fullmatch(
        r"sentiment \+0\.\d\d \(at least 0\.3\), words 'wonderful', 'wins'", reason(sentiment, rows, 0, 1).text
    )
    assert reason(sentiment, rows, 0, 1).spans == ((3, 12), (21, 25))
    assert reason(stem, rows, 0, 1).text == "finds 'wins'"
    assert reason(stem, rows, 0, 1).spans == ((21, 25),)


def test_votes_in_a_collection():
    votes = apply_lfs(
        [sentiment_lf("s", 1, min_score=0.3), stem_lf("w", 0, ["awful"])], ["a wonderful day", "awfully bad"]
    )
    assert votes.L.tolist() == [[1, -1], [-1, 0]]


def test_settings_tell_labeling_functions_apart():
    made = [
        sentiment_lf("x", 1, min_score=0.3),
        sentiment_lf("x", 1, min_score=0.4),
        sentiment_lf("x", 1, max_score=0.3),
        stem_lf("x", 1, ["win"]),
        stem_lf("x", 1, ["win"], language="porter"),
        stem_lf("x", 1, ["win"], min_count=2),
        stem_lf("x", 1, ["prize"]),
    ]
    assert len({fingerprint(lf) for lf in made}) == len(made)
    assert fingerprint(stem_lf("a", 1, ["win"])) == fingerprint(stem_lf("b", 1, ["winning"]))
    assert np.array_equal(made[0].vote(batch("fine")), sentiment_lf("y", 1, min_score=0.3).vote(batch("fine")))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: sentiment_lf("x", 1), "give min_score or max_score"),
        (lambda: sentiment_lf("x", 1, min_score=2), "min_score must be a number from -1 to 1, not 2"),
        (lambda: sentiment_lf("x", 1, min_score=0.5, max_score=0.1), "min_score 0.5 is above max_score 0.1"),
        (lambda: stem_lf("x", 1, ["two words"]), "'two words' is no single word"),
        (lambda: stem_lf("x", 1, ["win"], language="englisch"), "no stemmer 'englisch' (did you mean 'english'?)"),
        (lambda: stem_lf("x", 1, ["win"], min_count=0), "min_count must be a whole number, 1 or more, not 0"),
        (lambda: stem_lf("x", 1, []), "LF 'x'"),
    ],
)
def test_what_is_wrong_is_said(make, says):
    with pytest.raises(LFError, match=re.escape(says)):
        make()
