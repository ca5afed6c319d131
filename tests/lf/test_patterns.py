"""Pattern labeling functions, against plain Python references."""

import re
import warnings

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings, strategies as st

from weaklabel.corpus.batch import Batch
from weaklabel.errors import LFError, WeakLabelWarning
from weaklabel.lf.expressions import ExpressionLF
from weaklabel.lf.patterns import MAX_KEYWORDS, count_lf, keyword_lf, length_lf, lookup_lf, regex_lf
from weaklabel.lf.regexes import flagged, is_plain_regex

# Characters on which Rust's and Python's ideas of words, white space and case agree.
ALPHABET = "abAB1_ \t\n\u00a0\u3000éÉßñжЖςΣσ中文支持😀🎉👍🏽$+#.-'()[]\\^|*?{}&~"
TEXTS = st.text(ALPHABET, max_size=30)
KEYWORDS = st.lists(st.text(ALPHABET, min_size=1, max_size=4).filter(str.strip), min_size=1, max_size=4)


def votes(lf, values, column="text"):
    return lf.vote(Batch(pl.DataFrame({"text": [""] * len(values)} | {column: values}, strict=False))).tolist()


def reference(text, keywords, whole_word, ignore_case, min_count):
    def piece(keyword):
        spaced = r"\s+".join(re.escape(part) for part in re.split(r"\s+", keyword))
        before = r"\b" if whole_word and re.match(r"\w", keyword) else ""
        after = r"\b" if whole_word and re.search(r"\w\Z", keyword) else ""
        return before + spaced + after

    longest_first = sorted(set(keywords), key=lambda keyword: (-len(keyword), keyword))
    pattern = re.compile("|".join(map(piece, longest_first)), re.IGNORECASE if ignore_case else 0)
    return 1 if len(pattern.findall(text)) >= min_count else -1


@given(st.lists(TEXTS, min_size=1, max_size=5), KEYWORDS, st.booleans(), st.booleans(), st.integers(1, 3))
def test_keyword_lf_agrees_with_re(texts, keywords, whole_word, ignore_case, min_count):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WeakLabelWarning)
        lf = keyword_lf("k", 1, keywords, whole_word=whole_word, ignore_case=ignore_case, min_count=min_count)
    assert votes(lf, texts) == [reference(text, keywords, whole_word, ignore_case, min_count) for text in texts]


@given(st.lists(TEXTS, min_size=1, max_size=5), st.sampled_from([r"\w+", r"[ab]{2}", r"^a|b\b", r"(?m)^\s*中", r"a.b"]))
def test_regex_and_count_agree_with_re(texts, pattern):
    assert votes(regex_lf("r", 3, pattern), texts) == [3 if re.search(pattern, text) else -1 for text in texts]
    counts = [len(re.findall(pattern, text)) for text in texts]
    assert votes(count_lf("c", 2, pattern, min=1, max=2), texts) == [2 if 1 <= n <= 2 else -1 for n in counts]


@given(st.lists(TEXTS, min_size=1, max_size=5), st.integers(0, 6), st.integers(0, 6))
def test_length_agrees_with_python(texts, low, more):
    high = low + more
    words = votes(length_lf("w", 0, min=low, max=high), texts)
    assert words == [0 if low <= len(text.split()) <= high else -1 for text in texts]
    chars = votes(length_lf("c", 0, max=high, unit="chars"), texts)
    assert chars == [0 if len(text) <= high else -1 for text in texts]


@pytest.mark.parametrize(
    ("keyword", "text", "hit"),
    [
        ("c++", "I write C++, mostly", True),
        ("c++", "abc++", False),
        ("$", "only 5$", True),
        ("check out", "check \n out my page", True),
        ("check out", "check outside", False),
        ("free", "freedom", False),
        ("free", "FREE!", True),
    ],
)
def test_whole_words_are_bounded_beside_word_characters_only(keyword, text, hit):
    assert votes(keyword_lf("k", 1, [keyword]), [text]) == [1 if hit else -1]


def test_a_script_without_spaces_matches_anywhere_unless_asked_otherwise():
    texts = ["现在有优惠吗", "没有", "a free one", "freedom"]
    assert votes(keyword_lf("k", 1, ["free", "优惠"]), texts) == [1, -1, 1, -1]
    assert votes(keyword_lf("k", 1, ["free", "优惠"], whole_word=False), texts) == [1, -1, 1, 1]


@pytest.mark.parametrize(
    ("word", "alone", "attached", "message"),
    [
        ("优惠", "有 优惠!", "现在有优惠吗", "its script has no spaces"),
        ("무료", "무료 쿠폰", "무료로 드려요", "Korean writes particles"),
    ],
)
def test_whole_words_that_hardly_ever_stand_alone_are_warned_of(word, alone, attached, message):
    with pytest.warns(WeakLabelWarning, match=f"'{word}' is matched as a whole word, though {message}") as caught:
        lf = keyword_lf("k", 1, ["free", word], whole_word=True)
    assert caught.pop(WeakLabelWarning).filename == __file__
    assert votes(lf, [alone, attached]) == [1, -1]


def test_the_longest_keyword_counts_where_several_begin():
    lf = keyword_lf("k", 1, ["new york", "york city", "new york city"], min_count=2)
    assert votes(lf, ["new york city", "new york city and new york"]) == [-1, 1]


@pytest.mark.parametrize(
    ("pattern", "text", "rust", "python"),
    [
        (r"^\w+$", "e\u0301", True, False),  # a combining mark
        (r"^\w+$", "a\u200db", True, False),  # a joiner
        (r"^\w+$", "x²", False, True),  # a number that is no digit
        (r"(?i)^i$", "İ", False, True),
        (r"(?i)^i$", "ı", False, True),
        (r"^a$", "a\n", False, True),
        (r"a\sb", "a\x1cb", False, True),
    ],
)
def test_the_differences_from_python_are_those_that_the_module_tells(pattern, text, rust, python):
    assert (votes(regex_lf("r", 1, pattern), [text]) == [1]) is rust
    assert bool(re.search(pattern, text)) is python


def test_catastrophic_patterns_terminate():
    text = "a" * 100_000 + "!"
    assert votes(regex_lf("r", 1, r"(a+)+$"), [text, "aa"]) == [-1, 1]
    assert votes(count_lf("c", 1, r"(a|a)*b"), [text, "aab"]) == [-1, 1]


def test_lookup_votes_by_value():
    lf = lookup_lf("sender", "from", {"bank": 0, "casino": 1, "": 2})
    assert votes(lf, ["casino", "bank", "Casino", None, ""], "from") == [1, 0, -1, -1, 2]
    assert votes(lookup_lf("number", "n", {"7": 4}), [7, 8, None], "n") == [4, -1, -1]


@pytest.mark.parametrize(
    "lf",
    [
        keyword_lf("a", 0, ["1"], column="c", whole_word=False),
        regex_lf("a", 0, "1", column="c"),
        count_lf("a", 0, "9", min=0, max=0, column="c"),
        length_lf("a", 0, min=0, max=9, unit="chars", column="c"),
        lookup_lf("a", "c", {"1": 0}),
    ],
    ids=lambda lf: lf.kind,
)
def test_every_kind_casts_its_column_and_abstains_on_null(lf):
    assert votes(lf, [1, None], "c") == [0, -1]
    assert votes(lf, [], "c") == []
    assert isinstance(lf, ExpressionLF)
    assert lf.columns == ("c",)
    assert lf.vote(Batch(pl.DataFrame({"text": ["x"], "c": ["1"]}))).dtype == np.int8


def test_all_are_evaluated_in_one_pass():
    lfs = [keyword_lf("a", 1, ["x"]), regex_lf("b", 126, "y"), length_lf("c", 0, max=1)]
    frame = pl.DataFrame({"text": ["x", "x y"]}).select(lf.expr for lf in lfs)
    assert frame.schema == {"a": pl.Int8, "b": pl.Int8, "c": pl.Int8}
    assert frame.rows() == [(1, -1, 0), (1, 126, -1)]


def test_a_missing_column_is_told_with_the_columns_there_are():
    with pytest.raises(LFError, match=r"'shout' reads column 'titel', which the corpus lacks.*'title'.*text, title"):
        regex_lf("shout", 1, "!", column="titel").vote(Batch(pl.DataFrame({"text": ["a"], "title": ["b"]})))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: regex_lf("r", 1, r"a(?=b)"), r"LF 'r': the regex 'a\(\?=b\)' does not work: look-around.*`re`"),
        (lambda: regex_lf("r", 1, r"(a)\1"), "backreferences are not supported"),
        (lambda: count_lf("r", 1, "("), "LF 'r'.*unclosed group"),
        (lambda: regex_lf("r", 1, "(x{0,1000}){0,1000}"), "size limit"),
        (lambda: regex_lf("r", 1, ""), "must be a regex"),
        (lambda: keyword_lf("k", 1, []), "LF 'k': the list of words is empty"),
        (lambda: keyword_lf("k", 1, "free"), r"LF 'k': give a list of words"),
        (lambda: keyword_lf("k", 1, ["free", " "]), "LF 'k': ' ' is not a word"),
        (lambda: keyword_lf("k", 1, ["free", 7]), "LF 'k': 7 is not a word"),
        (lambda: keyword_lf("k", 1, map(str, range(MAX_KEYWORDS + 1))), "more than 1000; use lexicon_lf"),
        (lambda: keyword_lf("k", -1, ["a"]), "LF 'k': the label cannot be -1"),
        (lambda: keyword_lf("k", True, ["a"]), "class number such as 0 or 1, not True"),
        (lambda: keyword_lf("k", "spam", ["a"]), "class number such as 0 or 1, not 'spam'"),
        (lambda: keyword_lf("k", 32_767, ["a"]), "0 to 32766, not 32767"),
        (lambda: keyword_lf("k", 1, ["a"], min_count=0), "LF 'k': it would vote on every text"),
        (lambda: keyword_lf("", 1, ["a"]), "name of a labeling function"),
        (lambda: keyword_lf(None, 1, ["a"]), "name of a labeling function"),
        (lambda: length_lf("l", 1), "vote on every text"),
        (lambda: length_lf("l", 1, min=3, max=2), "at least 3 and at most 2"),
        (lambda: length_lf("l", 1, max=2.5), "whole number, 0 or more, not 2.5"),
        (lambda: length_lf("l", 1, max=2, unit="lines"), "'words' or 'chars', not 'lines'"),
        (lambda: lookup_lf("l", "c", {}), "must map values"),
        (lambda: lookup_lf("l", "c", {1: 1}), "must map values"),
        (lambda: lookup_lf("l", "c", {"a": -1}), "LF 'l': the label cannot be -1"),
    ],
)
def test_mistakes_are_told_at_construction(make, message):
    with pytest.raises(LFError, match=message):
        make()


ATOMS = st.sampled_from(
    [*"ab é中'-_/ ,!#^$|().*+?]", r"\b", r"\B", r"\d", r"\s", r"\w", r"\W", r"\.", r"\?", r"\(", r"\\", r"\-", r"\/", "(?:",
     "*?", "??", "[a-c]", "[^0-9 ]", "[é.]", r"[\d\-]", "[z-a]", "[_-a]", "{2}", "(?=", r"\1", r"\Z", "&&", "~~"]
)  # fmt: skip


@settings(max_examples=1500)
@given(st.lists(ATOMS, min_size=1, max_size=10).map("".join), st.booleans())
@example(r"^*", False)
@example(r"a*+", False)
@example("[é-a]", True)
def test_a_plain_regex_is_one_for_polars(pattern, ignore_case):
    if is_plain_regex(pattern):
        pl.Series(["a"]).str.contains(flagged(pattern, ignore_case))


def test_a_plain_regex_is_never_too_large():
    large = ["\\w" * 50, "(?:\\w*)+" * 50, ".?" * 50 + "é" * 900, "a|" * 499 + "b", "(" * 90 + "a" + ")*" * 90]
    for pattern in large:
        assert is_plain_regex(pattern), pattern
        pl.Series(["a"]).str.contains(flagged(pattern, True))
