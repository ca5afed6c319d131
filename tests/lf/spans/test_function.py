"""Functions that mark spans: what they may yield, what is refused, and texts of all kinds."""

import re
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, strategies as st

from tests.units.texts import PIECES
from weaklabel import span_lf
from weaklabel.corpus.batch import Batch
from weaklabel.errors import LFError
from weaklabel.labels import NOT_ENTITY
from weaklabel.lf.core import VoteNote
from weaklabel.lf.fingerprint import fingerprint
from weaklabel.lf.spans.answers import NotedSpans
from weaklabel.votes.spans.form import SpanForm

LABELS = ("PER", "LOC")


def marks(*spans, text="Ada left Rome", labels=LABELS, **options):
    return span_lf("f", **options)(lambda _: list(spans)).bind(labels)(text)


def refused(*spans, text="Ada left Rome", **options):
    lf = span_lf("f", **options)(lambda _: list(spans)).bind(LABELS)
    batch = Batch(pl.DataFrame({"text": ["Ada", text]}))
    checked = SpanForm(2).check("f", lf.vote(batch), batch)
    assert not checked.votes.of_row(1)
    (problem,) = (problem for problem in checked.problems.first if problem.row == 1)
    return problem.message


def test_labels_are_names_or_numbers():
    assert marks((0, 3, "PER"), (9, 13, 1), [9, 13, "LOC"]) == [(0, 3, 0), (9, 13, 1)]
    assert marks((np.int32(0), np.int64(3), np.int8(1))) == [(0, 3, 1)]
    assert marks((0, 3), label="LOC") == [(0, 3, 1)]
    assert marks((0, 3, NOT_ENTITY)) == [(0, 3, NOT_ENTITY)]
    assert marks((0, 3), negative=True) == [(0, 3, NOT_ENTITY)]


def test_matches_of_regexes():
    name = re.compile(r"(?P<span>[A-Z]\w+)? left")
    assert marks(*name.finditer("Ada left"), text="Ada left", label="PER") == [(0, 3, 0)]
    assert marks(*name.finditer("He  left"), text="He  left", label="PER") == []  # the group takes no part
    assert marks(*((each, "LOC") for each in re.finditer(r"R\w*", "Ada left Rome"))) == [(9, 13, 1)]
    assert marks(*re.finditer(r"x*", "Ada left Rome"), label=0) == []
    assert marks(*re.finditer("ada", "Ada left Rome".lower()), label=0) == [(0, 3, 0)]
    assert "longer or shorter" in refused(*re.finditer("ada", "\u0130 ada".lower()), text="\u0130 ada", label=0)


def test_spans_of_spacy():
    assert marks(SimpleNamespace(start_char=0, end_char=3, label_="PER")) == [(0, 3, 0)]
    assert marks(SimpleNamespace(start_char=0, end_char=3, label_=""), label="LOC") == [(0, 3, 1)]


@pytest.mark.parametrize(
    ("span", "message"),
    [
        ((0, 14, 0), "ends beyond the text, which has 13 characters"),
        ((-1, 3, 0), "begins before 0"),
        ((3, 3, 0), "is empty"),
        ((5, 3, 0), "is empty"),
        ((0, 3, 2), "has a label outside 0..1"),
        ((0, 3, "PRE"), "there is no label 'PRE' (did you mean 'PER'?); labels are PER, LOC"),
        ((0, 3), "needs span_lf with label="),
        ((0.0, 3, 0), "0.0 is no whole number"),
        ((True, 3, 0), "True is no whole number"),
        ((0, 3, 1.5), "the label 1.5 is of type float"),
        ((0, 3, 0, 0), "is no span"),
        ("PER", "is no span"),
        (7, "return a list of spans, not one alone"),
        (None, "None is no span"),
        ((0, 1 << 70, 0), "is no whole number"),
    ],
)
def test_what_is_no_span_fails_its_row(span, message):
    assert message in refused((0, 1, 0), span)


def test_a_label_that_was_not_announced():
    assert "none of those that it was made with: PER" in refused((0, 3, "LOC"), label=["PER"])


@pytest.mark.parametrize("given", [None, "PER", 5, {0: 3}])
def test_what_is_no_list_fails(given):
    lf = span_lf("f", label=0)(lambda text: given)
    with pytest.raises(LFError, match=f"LF 'f': the function returned {re.escape(repr(given))}"):
        lf("Ada")


def test_errors_cost_one_row():
    @span_lf(label=0)
    def late(text):
        yield 0, 1
        if text == "bad":
            raise ValueError("no date")
        if text == "quit":
            raise SystemExit

    batch = Batch(pl.DataFrame({"text": ["good", "bad", "quit", "good"]}))
    checked = SpanForm(1).check("late", late.vote(batch), batch)
    assert [(each.row, each.message) for each in checked.problems.first] == [
        (1, "ValueError: no date"),
        (2, "SystemExit:"),
    ]
    assert [len(checked.votes.of_row(row)) for row in range(4)] == [1, 0, 0, 1]


def test_the_text_or_the_row():
    by_row = span_lf("f", label=0, row=True)(lambda x: [(0, x.n)])
    batch = Batch(pl.DataFrame({"text": ["Ada", "Bo"], "n": [2, 1]}))
    assert by_row.vote(batch) == [[(0, 2, 0)], [(0, 1, 0)]]
    assert span_lf("f", 0)(lambda text: [(0, len(text))]).vote(Batch(pl.DataFrame({"text": ["Tom"]}))) == [[(0, 3, 0)]]
    assert span_lf("f", 0)(lambda text: [(0, 2)])({"text": "Tom"}) == [(0, 2, 0)]
    with pytest.raises(LFError, match="with row=True the row"):
        span_lf("f", label=0)(lambda x: [(0, len(x.text))])("Ada")


def test_resources():
    assert span_lf("f", 0, resources={"size": 2})(lambda text, size: [(0, size)])("Ada") == [(0, 2, 0)]


def test_names_must_be_known():
    with pytest.raises(
        LFError, match="gives the label 'PER' by name, and the numbers of names are not known; put it in a pack"
    ):
        span_lf("f", "PER")(lambda text: [(0, 1)])("Ada")
    with pytest.raises(LFError, match=r"LF 'f': there is no label 'PRE' \(did you mean 'PER'"):
        span_lf("f", "PRE")(lambda text: []).bind(LABELS)
    with pytest.raises(LFError, match="LF 'f' gives label 2, but there are 2 labels, from 0: PER, LOC"):
        span_lf("f", 2)(lambda text: []).bind(LABELS)


def test_other_names_make_a_copy():
    lf = span_lf("f", "PER")(lambda text: [(0, 1)]).bind(LABELS)
    assert lf.bind(LABELS) is lf
    other = lf.bind(("LOC", "PER"))
    assert (lf("a"), other("a"), lf.label, other.label) == ([(0, 1, 0)], [(0, 1, 1)], 0, 1)
    assert fingerprint(lf) != fingerprint(other)


def test_others_are_read():
    seen = []

    @span_lf(reads=["names"])
    def again(text, spans):
        seen.extend(spans["names"])
        return spans["names"]

    again.bind(LABELS)
    assert again("Ada left", {"names": [(0, 3, 0)]}) == [(0, 3, 0)]
    assert seen == [(0, 3, "PER", "Ada")]
    with pytest.raises(LFError, match="LF 'again' reads the spans of LF 'names', which is not applied"):
        again("Ada left")


def test_its_code_and_settings_are_its_identity():
    def made(size=1, label=0, **options):
        return fingerprint(span_lf("f", label, resources={"size": size}, **options)(lambda text, size: [(0, size)]))

    assert made() == made()
    assert len({made(), made(2), made(label=1), made(negative=True), made(complete=True)}) == 5


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda: span_lf(len), "needs parentheses"),
        (lambda: span_lf("f")(3), "decorates a function, not 3"),
        (lambda: span_lf(" ")(len), "must be a text"),
        (lambda: span_lf("f", True)(len), "must be a class number"),
        (lambda: span_lf("f", "")(len), "must be a name such as 'PER'"),
        (lambda: span_lf("f", reads="names"), r"must be a list of names such as \['names'\]"),
    ],
)
def test_wrong_use(use, message):
    with pytest.raises(LFError, match=message):
        use()


def test_notes_are_kept():
    batch = Batch(pl.DataFrame({"text": ["Ada", "B", "C"]}), start=5)
    noted = NotedSpans([(0, 1, 0)], [VoteNote("label left out", "'CARDINAL'")])
    checked = SpanForm(1).check("f", [[(0, 3, 0)], noted, NotedSpans([], noted.notes)], batch)
    assert (checked.problems.count, [(note.what, note.count) for note in checked.problems.notes]) == (
        0,
        [("label left out", 2)],
    )
    assert checked.problems.notes[0].first.row == 6
    assert checked.votes.of_row(1) == [(0, 1, 0)]


@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=8).map("".join), min_size=1, max_size=4), st.data())
def test_places_are_those_of_the_text(texts, data):
    places = {
        text: data.draw(st.lists(st.tuples(st.integers(-1, len(text) + 1), st.integers(-1, len(text) + 1)), max_size=3))
        for text in texts
    }
    lf = span_lf("f", 0)(lambda text: places[text])
    batch = Batch(pl.DataFrame({"text": texts}))
    checked = SpanForm(1).check("f", lf.vote(batch), batch)
    fits = [all(0 <= begin < end <= len(text) for begin, end in places[text]) for text in texts]
    assert (0 if checked.problems is None else checked.problems.count) == fits.count(False)
    for row, text in enumerate(texts):
        assert checked.votes.of_row(row) == ([(*place, 0) for place in places[text]] if fits[row] else [])
        if fits[row]:
            assert lf(text) == sorted({(*place, 0) for place in places[text]})


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_matches_are_at_their_places(text):
    lf = span_lf("f", 0)(lambda text: re.finditer(r"\w+", text))
    assert [text[begin:end] for begin, end, _ in lf(text)] == re.findall(r"\w+", text)


def test_a_wrong_span_is_told_with_the_name_of_its_label():
    batch = Batch(pl.DataFrame({"text": ["Ada"]}), ("text",))
    checked = SpanForm(2, ("PER", "LOC")).check("f", [[(0, 9, 1)]], batch)
    assert "span (0, 9, 'LOC') ends beyond the text" in checked.problems.first[0].message
