"""Lexicon labeling functions, against plain Python references."""

import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, strategies as st

from weaklabel.corpus.batch import Batch
from weaklabel.errors import LFError
from weaklabel.lf.core import LF
from weaklabel.lf.lexicon import lexicon_lf

WORDS = st.text("abAéÉß1", min_size=1, max_size=2)
TEXTS = st.lists(st.sampled_from([*"abAéÉß1", " ", "  ", "\n", "-", "😀"]), max_size=20).map("".join)


def votes(lf, texts):
    return lf.vote(Batch(pl.DataFrame({"text": texts}, schema={"text": pl.String}))).tolist()


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@given(st.lists(TEXTS, min_size=1, max_size=5), st.lists(WORDS, min_size=1, max_size=5), st.integers(1, 3))
def test_counts_of_words_agree_with_python(texts, words, min_count):
    lower = {word.lower() for word in words}
    counts = [sum(token in lower for token in re.findall(r"\w+", text.lower())) for text in texts]
    lf = lexicon_lf("l", 1, words, min_count=min_count)
    assert votes(lf, texts) == [1 if n >= min_count else -1 for n in counts]
    cased = [sum(token in words for token in re.findall(r"\w+", text)) for text in texts]
    assert votes(lexicon_lf("l", 1, words, ignore_case=False), texts) == [1 if n else -1 for n in cased]


@given(
    st.lists(TEXTS, min_size=1, max_size=5),
    st.dictionaries(WORDS, st.integers(-3, 3), min_size=1, max_size=5),
    st.integers(1, 4),
)
def test_sums_of_weights_agree_with_python(texts, weights, least):
    sums = [sum(weights.get(token, 0) for token in re.findall(r"\w+", text)) for text in texts]
    lf = lexicon_lf("l", 0, weights, min_weight=least, ignore_case=False)
    assert votes(lf, texts) == [0 if total >= least else -1 for total in sums]


def test_phrases_and_odd_entries_count_too():
    lf = lexicon_lf("l", 1, ["good", "Check Out", "don't", ":)", "c++"], min_count=2)
    texts = ["good check\n out", "check outside, good", "DON'T be :)", "C++ :)", "good", "don't"]
    assert votes(lf, texts) == [1, -1, 1, 1, -1, -1]


def test_of_phrases_that_begin_at_the_same_place_the_longest_counts():
    lf = lexicon_lf("l", 1, {"not good": -1, "not good at all": -3, "but fun": 4}, min_weight=2)
    assert votes(lf, ["not good but fun", "not good at all but fun"]) == [1, -1]


def test_entries_in_a_script_without_spaces_are_found_anywhere():
    lf = lexicon_lf("l", 1, {"好": 1, "不好": -1, "太好了": 2, "good": 1}, min_weight=2)
    assert votes(lf, ["这家店太好了", "好,味道好", "不好,好", "good 好"]) == [1, 1, -1, 1]


def test_repeats_count_and_weights_matter_only_with_min_weight():
    assert votes(lexicon_lf("l", 1, {"a": 0.5}, min_count=2), ["a a", "a"]) == [1, -1]
    assert votes(lexicon_lf("l", 1, {"a": 0.1}, min_weight=1), ["a " * 10, "a " * 9]) == [1, -1]


def test_columns_are_cast_and_nulls_abstain():
    frame = pl.DataFrame({"text": ["x"] * 3, "n": [7, None, 8]})
    assert lexicon_lf("l", 1, ["7"], column="n").vote(Batch(frame)).tolist() == [1, -1, -1]
    assert votes(lexicon_lf("l", 1, ["a", "a b"]), []) == []
    assert votes(lexicon_lf("l", 1, ["a"]), ["", "?"]) == [-1, -1]
    with pytest.raises(LFError, match="reads column 'm', which the corpus lacks"):
        lexicon_lf("l", 1, ["7"], column="m").vote(Batch(frame))


def test_all_lexicons_share_one_pass_over_the_tokens():
    batch = Batch(pl.DataFrame({"text": ["good bad", "Good"]}))
    lfs = [lexicon_lf("a", 1, ["good"]), lexicon_lf("b", 0, ["bad"]), lexicon_lf("c", 1, ["GOOD"])]
    asked = []
    once = batch.once
    batch.once = lambda key, compute: once(key, lambda: asked.append(key) or compute())
    assert [lf.vote(batch).tolist() for lf in lfs] == [[1, 1], [0, -1], [1, 1]]
    assert asked == [("plain text", "text", True), ("tokens", "text", True)]
    assert isinstance(lfs[0], LF)


def test_files_hold_entries_weights_and_comments(tmp_path):
    content = "\ufeff# praise\r\ngood\r\n\r\n  great \t2\r\nwell done\t0.5\r\n"
    lf = lexicon_lf("l", 1, write(tmp_path / "praise.txt", content), min_weight=1.5)
    assert votes(lf, ["great", "good", "good, well  done", "# praise"]) == [1, -1, 1, -1]
    assert votes(lexicon_lf("l", 1, str(tmp_path / "praise.txt")), ["well done", "done"]) == [1, -1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("good\nbad\tmuch\n", r"LF 'l': lexicon .*x\.txt, line 2: the weight must be a finite number.*'much'"),
        ("good\tnan\n", "line 1: the weight must be a finite number"),
        ("a\t1\t2\n", r"line 1: the weight must be a finite number.*'1\\t2'"),
        ("# c\n\n\t1\n", "line 3: the word before the TAB is missing"),
        (b"good\n\xff\xfe\n", "line 2: not UTF-8"),
        ("good\t1\nGood\t2\n", r"'good' weighs both 1 and 2 \(lexicon .*, line 1; lexicon .*, line 2\)"),
        ("# nothing\n\n", "has no entries"),
    ],
)
def test_a_bad_line_is_told_by_file_and_line(tmp_path, content, message):
    with pytest.raises(LFError, match=message):
        lexicon_lf("l", 1, write(tmp_path / "x.txt", content))


@pytest.mark.parametrize(
    ("lexicon", "options", "message"),
    [
        ("no/such/file.txt", {}, "LF 'l': cannot read lexicon .*No such file"),
        ([], {}, "LF 'l': the list of words is empty"),
        ({}, {}, "LF 'l': the list of words is empty"),
        (["a", " "], {}, "' ' is not a word"),
        ({"a": "x"}, {}, "LF 'l': entry 'a': the weight must be a finite number"),
        ({"a": True}, {}, "entry 'a': the weight must be a finite number"),
        ({"a": 1, "A": 2}, {}, "LF 'l': 'a' weighs both 1 and 2; keep one"),
        (["a"], {"min_count": 0}, "min_count must be a whole number, 1 or more, not 0"),
        (["a"], {"min_count": 2, "min_weight": 2}, "min_count or min_weight, not both"),
        (["a"], {"min_weight": 0}, "min_weight must be above 0"),
        (["a"], {"label": -1}, "the label cannot be -1"),
    ],
)
def test_mistakes_are_told_at_construction(lexicon, options, message):
    with pytest.raises(LFError, match=message):
        lexicon_lf("l", lexicon=lexicon, **{"label": 1} | options)
