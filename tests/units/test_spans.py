"""Spans: columns, tags and back, words and back."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from weaklabel.errors import VoteError
from weaklabel.units import find_words
from weaklabel.units.spans import Spans, in_code_points, on_words, overlap_pairs, spans_of_tags

TEXT = st.text(alphabet="ab é’1,.東京 \t\r\n👍🏽\u0301", max_size=20)


@given(st.lists(st.lists(st.integers(0, 6), max_size=9), max_size=5))
def test_tags_of_spans_give_the_same_spans(texts):
    offsets = np.cumsum([0, *map(len, texts)])
    spans = spans_of_tags([tag for text in texts for tag in text], offsets)
    again = spans_of_tags(spans.tags(offsets), offsets, scheme="strict")
    assert spans.keys().tolist() == again.keys().tolist()


@given(st.lists(TEXT, min_size=1, max_size=4), st.data())
@settings(max_examples=100, deadline=None)
def test_a_span_on_words_is_the_least_run_of_words_that_covers_it(texts, data):
    given_spans = [
        [
            (begin, data.draw(st.integers(begin + 1, len(text))), 0)
            for begin in data.draw(st.lists(st.integers(0, len(text) - 1), max_size=3))
        ]
        if text
        else []
        for text in texts
    ]
    spans, words = Spans.of_rows(given_spans), find_words(texts)
    snapped, is_cut = on_words(spans, words)
    expected, cut = [], []
    for row, some in enumerate(given_spans):
        for begin, end, label in sorted(set(some)):
            touched = [i for i, (first, last) in enumerate(words.of_row(row)) if first < end and begin < last]
            places = words.of_row(row)
            expected += [(row, touched[0], touched[-1] + 1, label)] if touched else []
            outside = bool(touched) and (places[touched[0]][0] < begin or places[touched[-1]][1] > end)
            cut.append(not touched or outside)
    assert sorted(set(expected)) == [(row, *span) for row in range(len(texts)) for span in snapped.of_row(row)]
    assert is_cut.tolist() == cut
    back = in_code_points(snapped, words)
    again, none_cut = on_words(back, words)
    assert again.keys().tolist() == snapped.keys().tolist() and not none_cut.any()
    assert all(text == text.strip() for text in back.texts(texts))


SPANS = st.lists(
    st.lists(st.tuples(st.integers(0, 6), st.integers(1, 4), st.integers(0, 1)), max_size=5), min_size=3, max_size=3
)


@given(SPANS, SPANS)
@settings(max_examples=80, deadline=None)
def test_overlap_pairs_are_those_of_a_search_over_all_pairs(first_rows, second_rows):
    first, second = (
        Spans.of_rows([[(begin, begin + size, label) for begin, size, label in row] for row in rows])
        for rows in (first_rows, second_rows)
    )
    columns = [list(zip(spans.row, spans.begin, spans.end, strict=True)) for spans in (first, second)]
    expected = [
        (i, j)
        for i, (row, begin, end) in enumerate(columns[0])
        for j, (other_row, other_begin, other_end) in enumerate(columns[1])
        if row == other_row and begin < other_end and other_begin < end
    ]
    assert list(zip(*overlap_pairs(first, second), strict=True)) == expected


def test_wrong_spans_are_refused_and_say_where():
    with pytest.raises(VoteError, match=r"row 1: a span from 3 to 3"):
        Spans.of_rows([[], [(3, 3, 0)]])
    with pytest.raises(VoteError, match="in row 2, but there are 2 rows"):
        Spans.of([2], [0], [1], [0], n_rows=2)
    with pytest.raises(VoteError, match="differ in length"):
        Spans.of([0, 1], [0], [1], [0], n_rows=2)
    with pytest.raises(VoteError, match="overlap"):
        Spans.of_rows([[(0, 2, 0), (1, 3, 1)]]).tags(np.array([0, 4]))


def test_a_span_that_is_there_twice_counts_once():
    assert len(Spans.of_rows([[(0, 1, 0), (0, 1, 0), (0, 1, 1)]])) == 2
