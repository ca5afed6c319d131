"""Spans of whole words without overlaps, compared with what finds them one by one; tables of votes there and back."""

import numpy as np
from hypothesis import given, settings, strategies as st

from weaklabel.labels import NOT_ENTITY
from weaklabel.units import find_words
from weaklabel.votes.spans import SpanTable, join_tables
from weaklabel.votes.spans.form import RowSpans, SpanForm
from weaklabel.votes.spans.snapping import in_words

TEXT = st.lists(st.sampled_from(["a", "b", " ", "\n", "-", "e\u0301", "\U0001f600", "\u4e1c"]), max_size=9).map("".join)


@st.composite
def marked_rows(draw):
    """Some texts, and what a labeling function marks in them, in any order and with overlaps."""
    texts = draw(st.lists(TEXT, max_size=4))
    rows = []
    for text in texts:
        place = st.tuples(st.integers(0, max(0, len(text) - 1)), st.integers(1, max(1, len(text))))
        some = draw(st.lists(st.tuples(place, st.sampled_from([0, 1, 2, NOT_ENTITY])), max_size=5)) if text else []
        rows.append([(begin, end, label) for (begin, end), label in some if begin < end])
    return texts, rows


def as_marked(rows):
    flat = np.array([span for row in rows for span in row], dtype=np.int64).reshape(-1, 3)
    return RowSpans(np.cumsum([0, *map(len, rows)]), *flat.T)


def one_by_one(text, spans):
    """Snap and choose the spans of one text: what stays, and how many were cut, overlapped and blank."""
    words = find_words([text]).of_row(0)
    n_cut = n_blank = 0
    snapped = set()
    for begin, end, label in spans:
        touched = [number for number, (first, last) in enumerate(words) if first < end and begin < last]
        if not touched:
            n_blank += 1
            continue
        n_cut += words[touched[0]][0] < begin or words[touched[-1]][1] > end
        snapped.add((touched[0], touched[-1] + 1, label))
    kept = []
    for span in sorted(snapped, key=lambda it: (it[0] - it[1], it[0], it[2] == NOT_ENTITY, it[2])):
        if all(span[1] <= other[0] or other[1] <= span[0] for other in kept):
            kept.append(span)
    return sorted(kept), (n_cut, len(snapped) - len(kept), n_blank)


def of_row(votes, row):
    negatives = [(begin, end, NOT_ENTITY) for begin, end, _ in votes.negatives.of_row(row)]
    return sorted([*votes.spans.of_row(row), *negatives])


@given(marked_rows())
@settings(max_examples=150, deadline=None)
def test_as_one_by_one(drawn):
    texts, rows = drawn
    votes = in_words(as_marked(rows), find_words(texts))
    expected = [one_by_one(text, spans) for text, spans in zip(texts, rows, strict=True)]
    assert [of_row(votes, row) for row in range(len(texts))] == [spans for spans, _ in expected]
    changed = votes.counts.snapped, votes.counts.overlapped, votes.counts.blank
    assert changed == tuple(sum(counts[kind] for _, counts in expected) for kind in range(3))


def same(left, right):
    assert left.offsets.tolist() == right.offsets.tolist() and left.m == right.m
    for one, other in zip(left.columns, right.columns, strict=True):
        assert one.counts == other.counts
        for a, b in ((one.spans, other.spans), (one.negatives, other.negatives)):
            assert a.keys().tolist() == b.keys().tolist() and a.n_rows == b.n_rows


@given(marked_rows(), marked_rows())
@settings(max_examples=60, deadline=None)
def test_tables_there_and_back_and_joined(one, other):
    tables = []
    for texts, rows in (one, other):
        words = find_words(texts)
        tables.append(SpanTable(words.offsets, (in_words(as_marked(rows), words),) * 2))
        same(SpanTable.from_arrays(tables[-1].to_arrays()), tables[-1])
        same(tables[-1].only([1]).beside(tables[-1].only([0])), tables[-1])
    words = find_words(one[0] + other[0])
    same(join_tables(tables), SpanTable(words.offsets, (in_words(as_marked(one[1] + other[1]), words),) * 2))


@given(marked_rows(), marked_rows())
@settings(max_examples=40, deadline=None)
def test_messages_there_and_back_and_joined(one, other):
    form, parts = SpanForm(3), [as_marked(one[1]), as_marked(other[1])]
    joined = form.joined(parts)
    back = form.unpack(*form.pack(joined))
    rows = one[1] + other[1]
    assert len(back) == len(rows) and [back.of_row(row) for row in range(len(rows))] == rows
    assert len(form.joined([])) == 0 and form.silent(2).of_row(1) == []
