"""Marks of spans: all of the text is shown once, escaped, and every span is named."""

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings, strategies as st

from tests.report.markup import HOSTILE, Outline
from weaklabel.errors import visible
from weaklabel.page.excerpt import LONGEST
from weaklabel.page.marks import (
    EDGES,
    GROUNDS,
    INK,
    TONES,
    Mark,
    excerpt_parts,
    marked_parts,
    marks_of,
    notebook_html,
    plain_text,
)
from weaklabel.page.page import Card, Cards, MarkedPassage, Section, page
from weaklabel.units import Spans

PIECES = ["Ada ", "👩‍🚀", "e\u0301", "\r\n", "\t", "東京", "שלום ", "\u202e", "<b>", "&amp;", '"', "\x00", "\ud800"]


@st.composite
def marked(draw):
    text = "".join(draw(st.lists(st.sampled_from(PIECES), min_size=1, max_size=20)))
    places = st.tuples(st.integers(0, len(text) - 1), st.integers(1, len(text))).filter(
        lambda place: place[0] < place[1]
    )
    labels = st.sampled_from(["PER", "<i>LOC</i>"])
    return text, [
        Mark(*place, label, tone)
        for place, label, tone in draw(st.lists(st.tuples(places, labels, st.integers(1, 6)), max_size=6))
    ]


def pieces_of(parts, over=()):
    """Each plain text with the marks around it."""
    for part in parts:
        if part.mark is None:
            yield part.text, over
        else:
            yield from pieces_of(part.parts, (*over, part.mark))


@given(marked())
@settings(max_examples=300, deadline=None)
def test_each_character_is_shown_once_under_its_marks(case):
    text, marks = case
    at = 0
    for piece, over in pieces_of(marked_parts(text, marks)):
        assert piece and text[at : at + len(piece)] == piece
        for place in range(at, at + len(piece)):
            assert sorted(over) == sorted(mark for mark in marks if mark.begin <= place < mark.end)
        at += len(piece)
    assert at == len(text)


def marks_in(parts):
    for part in parts:
        if part.mark is not None:
            yield part
            yield from marks_in(part.parts)


@given(marked())
@settings(max_examples=200, deadline=None)
def test_each_mark_begins_once_and_ends_once(case):
    text, marks = case
    shown = list(marks_in(marked_parts(text, marks)))
    assert sorted(part.mark for part in shown if part.is_first) == sorted(marks)
    assert sorted(part.mark for part in shown if part.is_last) == sorted(marks)


class Texts(HTMLParser):
    """What a browser would show outside of captions, and the tags."""

    def __init__(self, markup):
        super().__init__()
        self.shown, self.tags, self.captions = "", set(), 0
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.captions += tag == "bdi"

    def handle_endtag(self, tag):
        self.captions -= tag == "bdi"

    def handle_data(self, data):
        self.shown += "" if self.captions else data


@given(marked())
@settings(max_examples=200, deadline=None)
def test_html_shows_the_text_and_nothing_of_it_is_markup(case):
    text, marks = case
    html = notebook_html(marked_parts(text, marks))
    Outline(html)
    read = Texts(html)
    assert read.tags <= {"mark", "bdi"}
    # A mark may end within a line end, whose halves are then shown apart.
    shown = read.shown.replace("\\r\n", "\n").replace("\n", "\\n")
    assert shown == visible(text.replace("\r\n", "\n")).replace("\\t", "\t")


def test_crossing_spans_are_named_in_each_part():
    parts = marked_parts("Bank of England rates", [Mark(0, 15, "ORG"), Mark(8, 21, "TOPIC")])
    assert plain_text(parts) == "[Bank of ](ORG …)[[England](… ORG) rates](TOPIC)"


def test_the_same_place_with_two_labels_is_nested():
    assert plain_text(marked_parts("Paris", [Mark(0, 5, "PER"), Mark(0, 5, "LOC")])) == "[[Paris](PER)](LOC)"


def test_marks_outside_of_the_text_are_cut_or_left_out():
    assert plain_text(marked_parts("Ada", [Mark(1, 9, "PER"), Mark(7, 9, "LOC")])) == "A[da](PER …)"
    assert marked_parts("", [Mark(0, 3, "PER")]) == ()


def test_an_excerpt_keeps_its_spans_in_view_and_cuts_long_ones():
    text = "x" * 500_000 + " Ada\r\nLovelace " + "y" * 500_000
    parts = excerpt_parts(text, [Mark(500_001, 500_014, "PER", note="0.93")])
    assert "[Ada↵ Lovelace](PER 0.93)" in plain_text(parts)
    assert len(plain_text(parts)) < LONGEST + 40
    long = excerpt_parts(text, [Mark(0, 1_000_000, "DOC")])
    assert len(plain_text(long)) < LONGEST + 40 and plain_text(long).endswith("(DOC …) …")


def test_many_marks_of_a_megabyte_are_quick():
    marks = [Mark(place, place + 3, "PER") for place in range(0, 400_000, 4)]
    assert sum(part.mark is not None for part in marked_parts("Ada " * 100_000, marks)) == 100_000


def test_the_row_of_spans_becomes_marks():
    spans = Spans.of_rows([[(0, 3, 0)], [(2, 5, 7), (0, 1, 1)]])
    labels = [f"label {number}" for number in range(8)]
    assert marks_of(spans, 1, labels, notes=["a", "b", "c"]) == [
        Mark(0, 1, "label 1", 2, "b"),
        Mark(2, 5, "label 7", 2, "c"),
    ]


def test_a_page_shows_marks_escaped():
    parts = marked_parts(HOSTILE, [Mark(0, 6, HOSTILE, title=HOSTILE), Mark(2, 9, "LOC")])
    html = page("Spans", [Section("Texts", [Cards([Card("Row 1", "", [MarkedPassage(parts, "gold")])])])])
    outline = Outline(html)
    assert "script" not in outline.tags and outline.tags.count("mark") == 3
    assert any("LOC" in text for text in outline.texts)


def luminance(color):
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (each / 12.92 if each <= 0.03928 else ((each + 0.055) / 1.055) ** 2.4 for each in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first, second):
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("tone", range(TONES))
def test_colors_have_contrast(tone):
    assert contrast(INK, GROUNDS[tone]) > 12
    assert contrast(EDGES[tone], GROUNDS[tone]) > 3
