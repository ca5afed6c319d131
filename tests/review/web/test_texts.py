"""What a page shows of a text: all of it, marked where it should be, and nothing invisible."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, strategies as st

from weaklabel.review.web.texts import SNIPPET, around, merged, readable, segments, snippet

SPANS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda ends: tuple(sorted(ends))), max_size=6)


@given(st.text(max_size=30), SPANS)
def test_segments_are_the_text(text, spans):
    spans = [(begin, end) for begin, end in spans if end <= len(text)]
    parts = segments(text, spans)
    assert "".join(part.text for part in parts) == text
    marked = "".join(part.text if part.marked else "." * len(part.text) for part in parts)
    inside = [any(begin <= at < end for begin, end in spans) for at in range(len(text))]
    assert marked == "".join(letter if hit else "." for letter, hit in zip(text, inside, strict=True))


@given(st.text(max_size=30), SPANS, st.integers(0, 30))
def test_cut_segments_are_the_beginning(text, spans, shown):
    spans = [(begin, end) for begin, end in spans if end <= len(text)]
    assert "".join(part.text for part in segments(text, spans, shown)) == text[:shown]


@given(SPANS)
def test_merged_spans_are_apart_and_in_order(spans):
    result = merged(spans)
    assert all(left[1] < right[0] for left, right in pairwise(result))


def test_what_is_invisible_is_shown():
    assert readable("a\x00b‮c\r\nd\te") == "a\\x00b\\u202ec\nd\te"


def test_a_snippet_is_one_short_line():
    assert snippet("a\n\n b") == "a b"
    assert len(snippet("word " * 100_000)) == SNIPPET + 2


def test_a_match_far_down_is_found():
    text = "x" * 5_000 + "prize" + "y" * 5_000
    parts = around(text, [(5_000, 5_005)])
    assert [part.text for part in parts if part.marked] == ["prize"]
    assert parts[0].text == parts[-1].text.strip() + " " == "… "
