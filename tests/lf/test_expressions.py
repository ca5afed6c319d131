"""Pattern labeling functions that share a scan: the same votes as from each expression alone, to the last one."""

import warnings

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from weaklabel.corpus.batch import Batch
from weaklabel.lf import expressions
from weaklabel.lf.expressions import ExpressionLF, vote_with_expressions
from weaklabel.lf.patterns import count_lf, keyword_lf, length_lf, lookup_lf, regex_lf
from weaklabel.votes.checking import ClassForm, ask_together

CHARACTERS = "aAbBkKsSwin10_ -.!'\n\t\x00\u0085éÉßſ\u212aİ中😀\u0301\u200d\u3000"
WORDS = st.one_of(
    st.sampled_from(
        ["win", "Winner", "s", "kiss", "bank", "a_1", "check out", "c++", "café", "ab", "b", "中", "ſa", "K"]
    ),
    st.text(CHARACTERS, min_size=1, max_size=4).filter(str.strip),
)
TEXTS = st.one_of(
    st.none(),
    st.text(CHARACTERS, max_size=20),
    st.lists(WORDS, max_size=6).map(" ".join),
    st.lists(WORDS, max_size=6).map("".join),
    st.lists(
        st.sampled_from(["win", "WIN", "kiss", "ki\u017fs", "\u212aiss", "bank", "é", "\u200d", "\n"]), max_size=5
    ).map("".join),
)
PATTERNS = st.sampled_from(
    [
        r"\bwin",
        r"win|bank",
        r"(?i)kiss\w*",
        r"\b\d{2,}\b",
        r"wi.?n",
        r"^win",
        r"win$",
        r"\bé\b",
        r"(?m)^bank\b",
        "ab{1,2}",
    ]
)


@st.composite
def pattern_lfs(draw):
    """Make one labeling function of any kind, without its name."""
    kind = draw(st.sampled_from(["keyword", "keyword", "keyword", "regex", "count", "length"]))
    label, ignore_case = draw(st.integers(0, 3)), draw(st.booleans())
    match kind:
        case "keyword":
            words, whole = draw(st.lists(WORDS, min_size=1, max_size=4)), draw(st.booleans())
            count = draw(st.sampled_from([1, 1, 2]))
            return lambda name: keyword_lf(
                name, label, words, whole_word=whole, ignore_case=ignore_case, min_count=count
            )
        case "regex":
            pattern = draw(PATTERNS)
            return lambda name: regex_lf(name, label, pattern, ignore_case=ignore_case)
        case "count":
            pattern, low, more = draw(PATTERNS), draw(st.integers(0, 2)), draw(st.integers(0, 1))
            return lambda name: count_lf(name, label, pattern, min=low, max=low + more, ignore_case=ignore_case)
    low = draw(st.integers(1, 3))
    return lambda name: length_lf(name, label, min=low)


def named(makers):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [make(f"lf_{number}") for number, make in enumerate(makers)]


def plain(lfs, texts):
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    return [frame.select(lf.expr).to_series().to_list() for lf in lfs]


@pytest.fixture
def always(monkeypatch):
    """Share a scan however few the rows and labeling functions are."""
    monkeypatch.setattr(expressions, "WORTH_SCAN", 1)
    monkeypatch.setattr(expressions, "WORTH_NARROWING", 0)


@pytest.fixture(params=[1_000_000, 1])
def sampled(request, monkeypatch, always):
    monkeypatch.setattr(expressions, "SAMPLE", request.param)


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(pattern_lfs(), min_size=1, max_size=6), st.lists(TEXTS, max_size=12), st.integers(1, 12))
def test_votes_are_those_of_the_expressions(sampled, makers, texts, size):
    lfs = named(makers)
    column = pl.Series("text", texts, dtype=pl.String)
    expected = plain(lfs, texts)
    for begin in range(0, len(texts), size):
        batch = Batch(pl.DataFrame({"text": column, "other": ""})[begin : begin + size], text=())
        narrowed = expressions._narrowed(lfs, batch.frame)  # so that no error in it is passed over
        parts = ask_together(lfs, vote_with_expressions, batch, ClassForm(4))
        assert [votes.tolist() for votes in narrowed] == [part.votes.tolist() for part in parts]
        assert all(part.votes.dtype == np.int8 and part.problems is None for part in parts)
        assert [part.votes.tolist() for part in parts] == [votes[begin : begin + size] for votes in expected]


def votes_of(lfs, texts):
    return [
        part.votes.tolist() for part in ask_together(lfs, vote_with_expressions, Batch(pl.DataFrame({"text": texts})))
    ]


def asked(monkeypatch):
    """Note which labeling functions have their regex asked, and on how many rows."""
    seen, ask = [], expressions.ask_rows
    monkeypatch.setattr(
        expressions, "ask_rows", lambda lf, texts, rows: seen.append((lf.name, len(rows))) or ask(lf, texts, rows)
    )
    return seen


def test_plain_keywords_need_no_regex_beside_ascii(always, monkeypatch):
    seen = asked(monkeypatch)
    lfs = [keyword_lf("win", 1, ["win", "prize"]), keyword_lf("part", 0, ["in"], whole_word=False)]
    assert votes_of(lfs, ["WIN!", "winner", "a prize", "win", "in"]) == [[1, -1, 1, 1, -1], [0, 0, -1, 0, 0]]
    assert not seen
    assert votes_of(lfs, ["winé", "win…", "éin", "x"]) == [[-1, 1, -1, -1], [0, 0, 0, -1]]
    assert seen == [("win", 2)]


def test_the_regex_is_asked_only_where_a_literal_stands(always, monkeypatch):
    seen = asked(monkeypatch)
    lfs = [regex_lf("link", 1, r"https?://\w"), keyword_lf("phrase", 0, ["check out"])]
    texts = ["http://a", "http", "check it", "check  out", "checks out", "x"]
    assert votes_of(lfs, texts) == [[1, -1, -1, -1, -1, -1], [-1, -1, -1, 0, -1, -1]]
    assert seen == [("link", 1), ("phrase", 3)]


def test_texts_do_not_run_into_each_other(always):
    lfs = [keyword_lf("win", 1, ["win"]), keyword_lf("part", 1, ["win"], whole_word=False)]
    assert votes_of(lfs, ["w", "in", "", "xwi", "n", "win", "win"]) == [[-1, -1, -1, -1, -1, 1, 1]] * 2
    assert votes_of(lfs, ["win"]) == [[1], [1]]


@pytest.mark.parametrize("text", ["\u212aiss", "ki\u017fs", "KI\u017f\u017f"])
def test_letters_that_equal_ascii_ones_where_case_is_ignored(always, text):
    lfs = [keyword_lf("kiss", 1, ["kiss"]), keyword_lf("part", 1, ["is"], whole_word=False)]
    assert votes_of(lfs, [text, "x"]) == plain(lfs, [text, "x"])
    assert votes_of(lfs[:1], [text])[0] == [1]


def test_literals_that_are_everywhere_are_left_to_the_expressions(always, monkeypatch):
    monkeypatch.setattr(expressions, "SAMPLE", 10)
    lfs = [keyword_lf("common", 1, ["the"]), keyword_lf("rare", 0, ["win"])]
    texts = ["the end"] * 99 + ["the win"]
    batch = pl.DataFrame({"text": texts})
    assert list(expressions.scan_votes(lfs, batch)) == lfs[1:]
    assert votes_of(lfs, texts) == plain(lfs, texts)


def test_columns_of_other_types_and_other_expressions_take_part(always):
    lfs = [
        keyword_lf("number", 1, ["12"], column="n"),
        keyword_lf("digit", 1, ["2"], column="n", whole_word=False),
        lookup_lf("value", "n", {"12": 2}),
        length_lf("short", 0, max=1),
        keyword_lf("word", 3, ["a"]),
    ]
    batch = Batch(pl.DataFrame({"text": ["a b", "c", ""], "n": [12, None, 2]}))
    result = [part.votes.tolist() for part in ask_together(lfs, vote_with_expressions, batch)]
    assert result == [[1, -1, -1], [1, -1, 1], [2, -1, -1], [-1, 0, 0], [3, -1, -1]]


def test_a_label_beyond_the_classes_is_told_row_by_row(always):
    (part,) = ask_together(
        [keyword_lf("win", 3, ["win"])],
        vote_with_expressions,
        Batch(pl.DataFrame({"text": ["win", "x"]})),
        ClassForm(2),
    )
    assert part.votes.tolist() == [-1, -1]
    assert part.problems.count == 1
    assert "vote 3 is outside -1..1" in part.problems.first[0].message


def test_many_keywords_in_many_labeling_functions(always):
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("abcd"), rng.integers(1, 6))) for _ in range(300)]
    lfs = [keyword_lf(f"k{k}", k % 3, rng.choice(words, 20).tolist(), whole_word=k % 2 == 0) for k in range(40)]
    texts = [" ".join(rng.choice(words, rng.integers(0, 9))) for _ in range(500)]
    assert votes_of(lfs, texts) == plain(lfs, texts)


def test_expressions_of_other_kinds_take_part(always):
    own = ExpressionLF("own", ("text",), pl.col("text").str.len_chars().cast(pl.Int64) % 2)
    lfs = [keyword_lf("win", 1, ["win"]), own]
    frame = pl.DataFrame({"text": ["win", "no"]})
    assert [votes.tolist() for votes in expressions._narrowed(lfs, frame)] == [[1, -1], [1, 0]]


def test_an_expression_that_fails_costs_the_others_nothing(always):
    failing = ExpressionLF("failing", ("text",), pl.col("text").cast(pl.Int64))
    lfs = [keyword_lf("win", 1, ["win"]), failing]
    win, failing = ask_together(lfs, vote_with_expressions, Batch(pl.DataFrame({"text": ["win", "1"]})))
    assert win.votes.tolist() == [1, -1]
    assert failing.votes.tolist() == [-1, 1]
    assert failing.problems.count == 1
