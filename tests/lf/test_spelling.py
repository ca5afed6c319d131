"""Words as people type them: every kind of labeling function that looks for words finds all their spellings."""

import sys
import unicodedata
import warnings

import polars as pl
import pytest
from hypothesis import given, strategies as st

from weaklabel.corpus.batch import Batch
from weaklabel.errors import WeakLabelWarning
from weaklabel.lf.lexicon import lexicon_lf
from weaklabel.lf.nlp import entity_lf, matcher_lf, phrase_lf
from weaklabel.lf.patterns import keyword_lf
from weaklabel.lf.reasons import reason
from weaklabel.lf.spelling import PhraseFinder, canonical, folded, is_word_character

MAKERS = {
    "keyword": keyword_lf,
    "lexicon": lexicon_lf,
    "phrase": phrase_lf,
}


def votes(lf, texts):
    return list(lf.vote(Batch(pl.DataFrame({"text": texts}))))


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize(
    ("word", "hits", "misses"),
    [
        (
            "don't stop",
            ["Don't stop", "DON'T STOP", "I don\u2019t stop.", "don\u02bct\nstop", "don`t  stop"],
            ["dont stop"],
        ),
        ("don\u2019t", ["I don't", "DON'T", "don\uff07t"], ["do not"]),
        ("caf\u00e9", ["caf\u00e9", "CAF\u00c9!", "cafe\u0301", "CAFE\u0301."], ["cafe", "caf\u00e9s", "cafe\u0301s"]),
        ("cafe\u0301", ["caf\u00e9", "cafe\u0301"], ["cafe"]),
        ("cafe", ["a cafe."], ["caf\u00e9", "cafe\u0301"]),
        ("e-mail", ["e-mail", "E\u2011mail", "e\u2010MAIL,"], ["email", "e mail"]),
        ("new york", ["New York", "new  york", "new\nyork", "NEW\tYORK.", "new\u00a0york"], ["new yorker", "newyork"]),
        ("cannot", ["Cannot", "CANNOT", "cannot."], ["canot"]),
        ("abcd", ["test abcd.", "test AbcD."], ["abcde"]),
        (
            "무료",
            ["무료 쿠폰", "무료로 드립니다", "무료입니다!", "무료에서는", unicodedata.normalize("NFD", "무료로")],
            ["무료함을", "유무료"],
        ),
        ("优惠", ["现在有优惠吗", "优惠"], ["优 惠"]),
    ],
)
def test_spellings_that_people_take_for_the_same_match(kind, word, hits, misses):
    lf = MAKERS[kind]("a", 1, [word])
    assert votes(lf, hits) == [1] * len(hits)
    assert votes(lf, misses) == [-1] * len(misses)


@pytest.mark.parametrize("kind", MAKERS)
def test_the_reason_names_the_place_as_it_is_written(kind):
    text = "Well,  I DON\u2019T\nSTOP at the cafe\u0301."
    batch = Batch(pl.DataFrame({"text": [text]}))
    reasons = reason(MAKERS[kind]("a", 1, ["don't stop", "caf\u00e9"]), batch, 0, 1)
    # spaCy marks whole tokens, and takes the full stop behind an odd capital for part of one.
    assert [text[begin:end].rstrip(".") for begin, end in reasons.spans] == ["DON\u2019T\nSTOP", "cafe\u0301"]


LETTERS = "aBé\u0301'\u2019-\u2011 \n\u00a0.İß무료로은는ᄆ\u116e中_1"


@given(st.text(LETTERS, min_size=1, max_size=6).filter(str.strip), st.text(LETTERS, max_size=20))
def test_phrases_are_found_where_keywords_are(word, text):
    if word.strip() != word or any(mark in word for mark in "\u0301\u116eᄆ\u00a0"):
        return  # a keyword that begins with a mark or white space is not a word
    lf = keyword_lf("k", 1, [word], ignore_case=False)
    places = PhraseFinder([word], ignore_case=False).places(text)
    if any(mark in text for mark in "\u0301\u116eᄆ"):
        return  # decomposed by hand, half of a letter may match
    assert bool(places) == (votes(lf, [text]) == [1])


@given(st.text(LETTERS, max_size=20), st.booleans())
def test_folded_text_comes_from_where_it_says(text, ignore_case):
    plain, places = folded(text, ignore_case)
    assert len(plain) == len(places) and list(places) == sorted(places)
    assert all(0 <= place < len(text) for place in places)
    whole = " ".join(canonical(text).replace("\u00a0", " ").replace("\n", " ").split(" "))
    if not ignore_case and "  " not in whole:
        assert plain == whole


def test_word_characters_are_those_of_polars():
    listed = [
        chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) not in ("Cn", "Cs", "Co")
    ]
    theirs = pl.Series(listed).str.contains(r"^\w$").to_list()
    ours = [is_word_character(character) for character in listed]
    assert [hex(ord(c)) for c, a, b in zip(listed, ours, theirs, strict=True) if a != b] == []


@pytest.mark.parametrize(
    ("patterns", "message"),
    [
        ([[{"LOWER": "Bye"}]], "write 'bye', or use ORTH"),
        ([[{"lower": {"IN": ["good", "Bye"]}}]], "write 'bye'"),
        ([[{"LOWER": "new york"}]], "the tokenizer makes 2 of it"),
        ([[{"ORTH": "don't"}]], "the tokenizer makes 2 of it"),
    ],
)
def test_a_token_pattern_that_cannot_match_is_warned_of(patterns, message):
    with pytest.warns(WeakLabelWarning, match=message) as caught:
        matcher_lf("e", 1, patterns)
    assert caught.pop(WeakLabelWarning).filename == __file__
    with pytest.warns(WeakLabelWarning, match=message):
        entity_lf(
            "e", 1, ["X"], pipeline="blank:en", rules=[{"label": "X", "pattern": pattern} for pattern in patterns]
        )


def test_a_token_pattern_that_can_match_is_not():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        matcher_lf(
            "e", 1, [[{"LOWER": "bye"}, {"ORTH": "Bye"}, {"LOWER": {"REGEX": "A+"}}, {"TEXT": {"NOT_IN": ["A b"]}}]]
        )
