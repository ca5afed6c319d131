"""Why labeling functions vote: every kind that ships, against their votes and plain references."""

import re
from functools import partial

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings, strategies as st

from weaklabel.corpus.batch import Batch
from weaklabel.lf.core import LF, LabelingFunction, Reason, labeling_function
from weaklabel.lf.external import column_votes
from weaklabel.lf.foreign import as_lf
from weaklabel.lf.lexicon import entries_in, lexicon_lf
from weaklabel.lf.models import sklearn_lf
from weaklabel.lf.nlp import entity_lf, matcher_lf, phrase_lf, spacy_lf
from weaklabel.lf.packs import load_lfs, ready_packs
from weaklabel.lf.patterns import count_lf, keyword_lf, length_lf, lookup_lf, regex_lf
from weaklabel.lf.reasons import matches, reason

# Characters on which Rust's and Python's ideas of words, white space and case agree.
ALPHABET = "abAB1_ \t\n\u00a0éÉжςΣσ中支😀🏽$+#.\ue000"
PATTERNS = [
    r"\w+",
    r"(?i)[ab]{2}",
    r"^a|b\b",
    r"(?m)^\s*中",
    r"a.b",
    r"b",
    r"$",
    r"(?i)É|\ba\b",
    r"(a)|(b)",
    r"\$|\.",
    r"a*",
]


def why(lf, text, column="text", **columns):
    batch = Batch(pl.DataFrame({"text": ["", text], **{name: ["", value] for name, value in columns.items()}}))
    return reason(lf, batch, 1, int(lf.vote(batch)[1]))


@settings(deadline=None)
@given(st.text(ALPHABET, max_size=30), st.sampled_from(PATTERNS))
def test_matches_are_where_re_finds_them(text, pattern):
    spans = matches(pattern, text)
    assert len(spans) == pl.Series([text]).str.count_matches(pattern)[0]
    # Rust finds no empty match right behind a match, where Python does.
    expected = [match.span() for match in re.finditer(pattern, text)]
    assert [span for span in spans if span[0] < span[1]] == [span for span in expected if span[0] < span[1]]


def test_verbose_regex_with_a_comment():
    assert matches("(?x) a # that is all", "banana") == [(1, 2), (3, 4), (5, 6)]


@pytest.mark.parametrize(
    ("lf", "text", "message", "shown"),
    [
        (
            keyword_lf("k", 1, ["prize", "claim"]),
            "Claim a prize; unclaimed",
            "matches 'Claim', 'prize'",
            ["Claim", "prize"],
        ),
        (keyword_lf("k", 1, ["a", "b"], min_count=2), "a b a", "3 matches (at least 2): 'a', 'b'", ["a", "b", "a"]),
        (regex_lf("r", 1, r"\d"), "1 2 3 4 5 6 7", "matches '1', '2', '3', '4', '5' and 2 more", list("1234567")),
        (regex_lf("r", 1, r"x{50}"), "x" * 50, f"matches '{'x' * 40}...'", ["x" * 50]),
        (regex_lf("r", 1, r"a\s+b"), "a\n\nb", "matches 'a b'", ["a\n\nb"]),
        (regex_lf("r", 1, r"^"), "text", "matches ''", []),
        (count_lf("c", 1, r"\d", min=0, max=2), "1", "1 match (at most 2): '1'", ["1"]),
        (count_lf("c", 1, r"\d", min=0, max=2), "none", "0 matches (at most 2)", []),
        (count_lf("c", 1, r"!", min=2, max=3), "!!", "2 matches (2 to 3): '!'", ["!", "!"]),
        (length_lf("l", 1, max=3), "see you", "2 words (at most 3)", []),
        (length_lf("l", 1, min=100), "a " * 1200, "1,200 words (at least 100)", []),
        (length_lf("l", 1, max=3, unit="chars"), "中", "1 character (at most 3)", []),
        (lexicon_lf("x", 1, ["good", "very  good"]), "A Very\n good one", "finds 'very good', 'good'", ["Very\n good"]),
        (lexicon_lf("x", 1, ["a", "b"], min_count=2), "b A", "finds 'b', 'a' (at least 2)", ["b", "A"]),
        (
            lexicon_lf("x", 1, {"good": 1, "great": 2, "bad": -2.5}, min_weight=1),
            "bad, great great",
            "finds 'bad' -2.5, 'great' +2: 1.5 together (at least 1)",
            ["bad", "great", "great"],
        ),
        (lexicon_lf("x", 1, ["不好"]), "真不好看", "finds '不好'", ["不好"]),
        (matcher_lf("m", 1, [[{"LOWER": "my"}, {}]]), "On my page", "finds 'my page'", ["my page"]),
        (phrase_lf("p", 1, ["free trial"]), "a Free trial", "finds 'Free trial'", ["Free trial"]),
        (
            entity_lf("e", 1, ["TEAM"], pipeline="blank:en", rules=[{"label": "TEAM", "pattern": "Red Lions"}]),
            "The Red Lions won",
            "finds 'Red Lions' (TEAM)",
            ["Red Lions"],
        ),
    ],
)
def test_reasons_and_what_they_show(lf, text, message, shown):
    given = why(lf, text)
    assert given.text == message
    assert [text[begin:end] for begin, end in given.spans] == shown


def test_a_column_is_named_with_its_value():
    assert why(lookup_lf("s", "from", {"casino": 1}), "", **{"from": "casino"}) == Reason(
        "from = 'casino'", "from", ((0, 6),)
    )
    assert why(column_votes("moderator", ("ham", "spam")), "", moderator="spam").text == "moderator = 'spam'"


@settings(deadline=None)
@given(st.lists(st.sampled_from(["İ", "ab", "AB", "Σ", " ", "\n\t", "ς", "b ab", "é", "-"]), max_size=12).map("".join))
def test_entries_are_those_that_the_vote_counts(text):
    lf = lexicon_lf("x", 1, {"ab": 1.5, "b ab": 2, "ς": 4, "i̇": 8, "σ": 0.25, "-": 16}, min_weight=1)
    entries = entries_in(lf, text)
    assert sum(entry.weight for entry in entries) == lf.sums(Batch(pl.DataFrame({"text": [text]})))[0]
    for begin, end, entry, _ in entries:
        assert " ".join(text[begin:end].lower().split()).replace("ς", "σ") == entry.replace("ς", "σ")


def test_functions_speak_through_their_docstrings():
    @labeling_function()
    def documented(x):
        """
        Says "check out"...

        More.
        """
        return 1

    @spacy_lf()
    def parsed(doc):
        """Shouts."""
        return 1

    def scaled(x, by):
        """Scaled."""
        return 1

    class Own:
        """Whatever I say."""

        name = "own"

        def vote(self, batch):
            return [1] * len(batch)

    assert why(documented, "t").text == 'Says "check out"...'
    assert why(parsed, "t").text == "Shouts."
    assert why(LabelingFunction("half", partial(scaled, by=2)), "t").text == "Scaled."
    assert why(LabelingFunction("bare", lambda x: 1), "t").text == "its code says so: bare"
    assert why(as_lf(Own()), "t").text == "Whatever I say."


def test_models_tell_their_probability():
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(CountVectorizer(), MultinomialNB()).fit(["win a prize", "see you later"], ["spam", "ham"])
    lf = sklearn_lf("bayes", model, votes={"spam": 1})
    share = model.predict_proba(["a prize"])[0, 1]
    assert why(lf, "a prize").text == f"the sklearn model says so: probability {share:.2f} (at least 0.5)"


def test_abstains_and_votes_from_before_a_change_are_told():
    batch = Batch(pl.DataFrame({"text": ["a prize"]}))
    assert reason(keyword_lf("k", 1, ["prize"]), batch, 0, -1) == Reason("does not vote")
    assert reason(keyword_lf("k", 1, ["claim"]), batch, 0, 1).text == "votes differently now: matches nothing"


def test_a_broken_labeling_function_breaks_no_reason():
    class Broken(LF):
        name = "broken"

        @property
        def __doc__(self):
            raise RuntimeError("no")

        def vote(self, batch):
            raise RuntimeError("never")

    batch = Batch(pl.DataFrame({"text": ["a"]}))
    assert reason(Broken(), batch, 0, 1).text
    assert "column" in reason(keyword_lf("k", 1, ["a"], column="gone"), batch, 0, 1).text


@pytest.mark.parametrize("pack", sorted(pack for pack in ready_packs() if load_lfs(pack).task == "texts"))
def test_every_vote_of_the_ready_packs_has_its_reason(pack):
    import runpy

    lfs = load_lfs(pack)
    texts = list(runpy.run_path(str(ready_packs()[pack]))["EXAMPLES"].values())
    batch = Batch(pl.DataFrame({"text": texts}))
    for lf in lfs:
        for row in np.flatnonzero(np.asarray(lf.vote(batch)) >= 0):
            given = reason(lf, batch, int(row), int(lf.vote(batch)[row]))
            assert given.text and "\n" not in given.text
            assert not re.search("without a reason|differently now|nothing", given.text), (lf.name, given)
            assert all(0 <= begin < end <= len(texts[row]) for begin, end in given.spans)
