"""Literals that a regex needs: whatever polars matches must contain one of them."""

import polars as pl
import pytest
from hypothesis import example, given, settings, strategies as st

from weaklabel.lf.regexes import ASCII_TWINS, FOLDED, fold, keyword_literals, relaxed, required_literals
from weaklabel.lf.spelling import keyword_pattern

CHARACTERS = "abkKsSA10_ -.!\n\t/éÉßſ\u212aİ中😀\x00\u0301\u200d"
TEXTS = st.text(CHARACTERS, max_size=12)

SMALL = r"\b \B ^ $ . \w \W \s \d \S [ab] [^a] [a-c] [0-9] [ks] [A-Z] [aé] \x61 \. \n \t \bab \bk \A a{2,3} [\-a] \{"
ATOMS = st.one_of(
    st.text(CHARACTERS.replace("\x00", ""), min_size=1, max_size=4).map(pl.escape_regex),
    st.sampled_from(SMALL.split()),
)


def grown(inner):
    return st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=1, max_size=4).map(lambda parts: "(?:" + "|".join(parts) + ")"),
        st.tuples(
            inner, st.sampled_from(["*", "+", "?", "*?", "+?", "{2}", "{0,2}", "{1,}", "{2,3}", "{3}?", "{0}"])
        ).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
        inner.map(lambda part: f"({part})"),
        st.tuples(st.sampled_from(["(?i:", "(?-i:", "(?s:", "(?P<x>", "(?m:"]), inner).map(lambda p: f"{p[0]}{p[1]})"),
    )


PATTERNS = st.tuples(st.sampled_from(["", "(?i)", "(?s)", "(?im)"]), st.recursive(ATOMS, grown, max_leaves=8)).map(
    "".join
)


def matches(texts, pattern):
    try:
        return pl.Series(texts, dtype=pl.String).str.contains(pattern).to_list()
    except pl.exceptions.ComputeError:
        return [False] * len(texts)  # no regex that a labeling function could have


def stands_in(text, literals):
    folded = fold(f"\n{text}\n".encode())
    return any(literal in folded for literal in literals) or any(twin in text for twin in ASCII_TWINS)


@settings(max_examples=600)
@given(PATTERNS, st.lists(TEXTS, min_size=1, max_size=8))
@example(r"(?i)k", ["\u212a"])
@example(r"\ba|\B\.", ["é.", "éa", " a"])
@example(r"(?:a|ab)(?:c|)", ["ac", "ab"])
def test_a_match_contains_a_literal(pattern, texts):
    literals = required_literals(pattern)
    assert all(literal.strip() and literal == fold(literal) for literal in literals)
    for text, is_match in zip(texts, matches(texts, pattern), strict=True):
        if is_match and literals:
            assert stands_in(text, literals)


@settings(max_examples=300)
@given(PATTERNS, st.data())
def test_a_text_made_to_match_contains_a_literal(pattern, data):
    try:
        text = data.draw(st.from_regex(pattern, alphabet=st.sampled_from(CHARACTERS)))
    except Exception:  # what Python's `re` refuses, or cannot be drawn from these characters
        return
    literals = required_literals(pattern)
    if literals and matches([text], pattern)[0]:
        assert stands_in(text, literals)


@given(PATTERNS, st.lists(TEXTS, min_size=1, max_size=8))
def test_without_word_boundaries_it_matches_at_least_as_much(pattern, texts):
    loose = relaxed(pattern)
    if loose is not None:
        strict = matches(texts, pattern)
        assert all(b or not a for a, b in zip(strict, matches(texts, loose), strict=True))


@given(
    st.lists(st.text(CHARACTERS, min_size=1, max_size=5).filter(str.strip), min_size=1, max_size=5),
    st.booleans(),
    TEXTS,
)
def test_literals_of_keywords(words, whole_word, text):
    plain, literals = keyword_literals(words, whole_word)
    pattern = f"(?i){keyword_pattern(words, whole_word)}"
    assert plain <= literals or not literals
    is_match = matches([text], pattern)[0]
    if is_match and literals:
        assert stands_in(text, literals)
    if text.isascii() and any(literal in fold(f"\n{text}\n".encode()) for literal in plain):
        assert is_match


@pytest.mark.parametrize(
    ("pattern", "literals"),
    [
        (r"(?i)\bwin\b|\bwinner\b", {" win ", " winner "}),
        (r"https?://", {"http   ", "https   "}),
        (r"check.{0,20}out", {"check"}),
        (r"\bclick\w*\s+\w+", {" click"}),
        (r"a{3}b+", {"aaa"}),
        (r"(?:foo|ba?r)baz", {"foobaz", "barbaz", "brbaz"}),
        ("£5", set()),
        ("£50", {"  50"}),
        (r"\d+|win", set()),
        ("!", set()),
        (r"(?i)É", set()),
        # read differently by Python, or not at all
        (r"a\<b", set()),
        (r"win\b{end}", set()),
        (r"[[:alpha:]]win", set()),
        (r"[a&&b]win", set()),
        (r"[ab--b]win", set()),
        (r"[]a]win", set()),
        (r"wi{2, 3}n", set()),
        (r"\\{2, 3}win", set()),
        (r"(?x) w i n", set()),
        (r"(?ix)win", set()),
        (r"\p{Lu}win", set()),
        (r"\x{61}win", set()),
        (r"(?U)wi+n", set()),
        (r"(?R)win", set()),
        (r"win(?i)ner", set()),
    ],
)
def test_what_is_told(pattern, literals):
    assert required_literals(pattern) == {literal.encode() for literal in literals}


def test_alternatives_are_not_multiplied_out_without_end():
    literals = required_literals("[abc]" * 30 + "win")
    assert 0 < len(literals) <= 64
    assert not required_literals("(?:[a-z]|win)" * 20)


def test_the_table_folds_every_byte():
    assert len(FOLDED) == 256
    assert fold("Ab_9-é\x00K".encode()) == b"ab_9    k"


def test_a_word_boundary_in_a_class_or_escaped_is_left_alone():
    assert relaxed(r"a\\b") is None
    assert relaxed(r"\\\bx") == r"\\(?:)x"
    assert relaxed(r"x\b{start}") is None
    assert relaxed("win") is None
