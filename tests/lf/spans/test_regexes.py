import re

import polars as pl
import pytest
from hypothesis import given, settings, strategies as st

from weaklabel.corpus.batch import Batch
from weaklabel.errors import LFError
from weaklabel.labels import NOT_ENTITY
from weaklabel.lf.fingerprint import fingerprint
from weaklabel.lf.spans.regexes import places_of, regex_spans_lf

PIECES = [
    "a",
    "b",
    "ab",
    "1",
    "12",
    "$",
    " ",
    "  ",
    "\r\n",
    "\t",
    "\u00e9",
    "e\u0301",
    "\u4e1c\u4eac",
    "\U0001f44d",
    "\ue000",
    "\ue001",
    ".",
    "-",
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
REGEXES = [
    "a",
    "a+",
    r"[0-9]+",
    r"\$(?P<span>[0-9]+)",
    r"(?P<span>[ab]+)[0-9]",
    r"[ab]* ?(?P<span>[0-9]+)(?:b|\.)?",
    r"(a|b)(?P<span>-?[0-9])",
    "\u4e1c(?P<span>\u4eac)",
    r"[]a\]](?P<span>[^a(|]b?)",
    "(?i)A(?P<span>B*)",
]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(TEXTS | st.none(), min_size=1, max_size=5), st.sampled_from(REGEXES))
def test_it_marks_what_python_finds(texts, pattern):
    row, begin, end = places_of(pl.Series(texts, dtype=pl.String), pattern)
    expected = [
        (number, *match.span("span" if "<span>" in pattern else 0))
        for number, text in enumerate(texts)
        for match in re.finditer(pattern, text or "")
    ]
    assert list(zip(row.tolist(), begin.tolist(), end.tolist(), strict=True)) == [
        each for each in expected if each[1] < each[2]
    ]


def test_labels_and_several_regexes():
    lf = regex_spans_lf("both", {"DATE": [r"\b[0-9]{4}\b", r"\bMay [0-9]{4}\b"], "MONEY": r"\$[0-9]+"}).bind(
        ["MONEY", "DATE"]
    )
    assert lf("May 2020: $500") == [(0, 8, 1), (4, 8, 1), (10, 14, 0)]
    assert regex_spans_lf("x", negative=True, pattern="May")("in May") == [(3, 6, NOT_ENTITY)]
    assert regex_spans_lf("x", 0, "MAY", ignore_case=True)("in May") == [(3, 6, 0)]


def test_word_edges_beyond_ascii():
    lf = regex_spans_lf("x", 0, r"\b(?P<span>Zo\w+)\b")
    assert lf("\u00c9Zoe, Zo\u00eb \U0001f44d Zoom") == [(6, 9, 0), (12, 16, 0)]


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("a*", "can match nothing at all"),
        (r"\b", "can match nothing"),
        (r"[[:alpha:]]*", "can match nothing"),
        ("", "must be a regex"),
        ("a(?=b)", "does not work"),
        ("(", "does not work"),
        (r"a|(?P<span>b)", "has alternatives or flags beside its group"),
        (r"(?:a (?P<span>b))+", "inside of another group"),
        (r"a(?P<span>b)+", "repeats its group"),
        (r"a(?i)(?P<span>b)", "has alternatives or flags beside"),
        ([], "give a regex such as"),
        (None, "give a regex such as"),
        (["a", 3], "must be a regex"),
    ],
)
def test_what_is_refused(pattern, message):
    with pytest.raises(LFError, match=message):
        regex_spans_lf("x", 0, pattern)


def test_labels_that_are_refused():
    with pytest.raises(LFError, match="give a label"):
        regex_spans_lf("x", pattern="a")
    with pytest.raises(LFError, match="leave pattern and negative out"):
        regex_spans_lf("x", {0: "a"}, "b")
    with pytest.raises(LFError, match="mapping from labels is empty"):
        regex_spans_lf("x", {})


def test_reason_options_and_identity():
    lf = regex_spans_lf("x", {0: "a+", 1: "b"})
    row = Batch(pl.DataFrame({"text": ["ba"]}))
    assert lf.reason_of_span(row, (1, 2, 0)).text == "'a' matches 'a+'"
    assert lf.options() == {"patterns": ["a+", "b"]}
    assert fingerprint(lf) != fingerprint(regex_spans_lf("x", {0: "a+", 1: "c"}))
    assert fingerprint(lf) == fingerprint(regex_spans_lf("y", {0: "a+", 1: "b"}))
