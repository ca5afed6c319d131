"""Phrases: what the regex of a phrase matches is what the phrase was found in."""

import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from weaklabel.suggest.patterns import Pattern, hits_of
from weaklabel.suggest.phrases import find_phrases, part_of
from weaklabel.votes import apply_lfs

PIECES = st.sampled_from(
    [
        "call",
        "now",
        "12",
        "09061701461",
        "£500",
        "don't",
        ",",
        "! ",
        " ",
        "\n",
        "x_y",
        "_",
        "4u",
        "c++",
        "(",
        "[a",
        "\\",
        "'",
        "$ x",
        "'y'",
    ]
)


@settings(deadline=None)
@given(st.lists(st.lists(PIECES, max_size=12).map(" ".join), max_size=4), st.integers(1, 3))
def test_every_phrase_of_a_text_is_matched_in_it(texts, least):
    phrases = find_phrases(["nothing of it", *texts], least)
    assert phrases.names == sorted(set(phrases.names))
    if phrases.names:
        matched = hits_of([Pattern((phrase,)) for phrase in phrases.names], ["nothing of it", *texts]).toarray()
        assert (matched >= phrases.hits.toarray()).all()
        assert (phrases.hits.sum(axis=0) >= least).all()


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from("ab,中文字"), max_size=8).map(" ".join), max_size=6), st.integers(1, 3))
def test_phrases_are_counted_as_text_by_text(texts, least):
    def phrases_of(text):
        for number, run in enumerate(re.findall(r"[ab ]+", text)):
            words = run.split()
            begins = number == 0 and text.lstrip().startswith(tuple("ab"))
            for first in range(len(words)):
                for last in range(first + 1, min(len(words), first + 3) + 1):
                    yield " ".join(words[first:last])
                    if begins and first == 0:
                        yield "^" + " ".join(words[:last])

    counts = Counter(phrase for text in texts for phrase in set(phrases_of(text)))
    phrases = find_phrases(texts, least)
    assert set(phrases.names) == {phrase for phrase, count in counts.items() if least <= count < len(texts)}
    assert phrases.hits.sum(axis=0).tolist() == [counts[name] for name in phrases.names]


def test_scripts_without_spaces_give_runs_of_characters_that_part_words():
    names = find_phrases(["call 今天去 now", "今天 call now", "no"], 1).names
    assert {"今天", "天去", "今天去", "call", "now", "call now", "^call"} == set(names) - {"^no", "no"}
    assert find_phrases(["call 今天去 now", "今天 call now", "no"], 2).names == ["call", "now", "今天"]


@pytest.mark.parametrize(
    ("phrases", "matched", "not_matched"),
    [
        (("^what is",), ["What is it", "  what\nis"], ["so what is it", "what isn"]),
        (("£0",), ["win £50!", "£7"], ["£12345", "50"]),
        (("call 00000",), ["Call 090617"], ["call 12", "recall 090617"]),
        (("how many", "how much"), ["how  much"], ["how old", "somehow many"]),
    ],
)
def test_regexes(phrases, matched, not_matched):
    pattern = Pattern(phrases, slot=len(phrases) > 1)
    assert pattern.kind == "regex"
    np.testing.assert_array_equal(
        hits_of([pattern], matched + not_matched).toarray().ravel(), [1] * len(matched) + [0] * len(not_matched)
    )
    assert re.compile(pattern.patterns[0], re.IGNORECASE).search(matched[0])


def test_phrases_do_not_reach_across_a_comma():
    names = find_phrases(["free, prize", "free prize", "no", "free, prize"], 1).names
    assert "free prize" in names
    assert find_phrases(["free, prize", "free prize", "no", "free, prize"], 2).names == ["^free", "free", "prize"]


def test_phrases_in_all_texts_are_left_out():
    assert "same" not in find_phrases(["same a", "same b", "same a"], 2).names


def test_part_of_goes_by_words():
    assert part_of("many", "how many") and part_of("how", "^how many")
    assert not part_of("man", "how many") and not part_of("^many", "how many")


def test_code_makes_the_same_labeling_function():
    texts = ['it\'s "so" c', "a\\ b", 'x "a 7', "ab ef", "none"]
    for pattern in [
        Pattern(('it\'s "so"', "c")),
        Pattern(("^a\\",)),
        Pattern(('"a 0',)),
        Pattern(("ab cd", "ab ef"), slot=True),
    ]:
        made: dict = {}
        exec(f"from weaklabel import keyword_lf, regex_lf\n{pattern.code('one', 1)}", made)
        votes = hits_of([pattern], texts).toarray().ravel()
        assert votes.any()
        np.testing.assert_array_equal(apply_lfs([made["one"]], texts).L.ravel() >= 0, votes == 1)
