import numpy as np
import pytest
from hypothesis import given, strategies as st

from weaklabel.corpus.entities import mark_entities
from weaklabel.errors import CorpusError

TEXT = "the old blue car of a neighbour"


@pytest.mark.parametrize(
    ("span1", "span2", "expected"),
    [
        ((4, 16), (22, 31), "the @ old blue car @ of a # neighbour #"),
        ((22, 31), (4, 16), "the # old blue car # of a @ neighbour @"),
        ((4, 16), (8, 12), "the @ old # blue # car @ of a neighbour"),
        ((4, 12), (8, 16), "the @ old # blue @ car # of a neighbour"),
        ((4, 12), (4, 16), "the # @ old blue @ car # of a neighbour"),
        ((13, 16), (4, 16), "the # old blue @ car @ # of a neighbour"),
        ((13, 16), (13, 16), "the old blue @ # car # @ of a neighbour"),
        ((3, 13), (16, 19), "the @ old blue @ car # of # a neighbour"),
    ],
)
def test_spans_in_any_order_nested_and_overlapping(span1, span2, expected):
    assert mark_entities(TEXT, span1, span2) == expected


def test_numpy_spans():
    assert mark_entities("a b", np.array([0, 1]), np.array([2, 3])) == "@ a @ # b #"


@pytest.mark.parametrize(
    ("span1", "span2", "message"),
    [
        ((4, 4), (0, 3), "span1 4-4 is not part of the text"),
        ((0, 3), (22, 32), "span2 22-32 is not part of the text, which has 31 characters"),
        ((-1, 3), (4, 7), "span1 -1-3 is not part"),
        ((0, 3), "4-7", "span2 must be two whole numbers"),
        ((0, 3), (4.0, 7.0), "span2 must be two whole numbers"),
        ((0, 3), (3, 4), "span2 3-4 holds nothing but white space"),
    ],
)
def test_wrong_spans_are_said(span1, span2, message):
    with pytest.raises(CorpusError, match=message):
        mark_entities(TEXT, span1, span2)


def test_words_below_one_are_refused():
    with pytest.raises(CorpusError, match="words must be 1 or more, not 0"):
        mark_entities(TEXT, (0, 3), (4, 7), words=0)


def test_what_stands_between_far_entities_gives_way_in_the_middle():
    text = " ".join(["left", *"abcdefgh", "right"])
    assert mark_entities(text, (0, 4), (21, 26), words=6) == "@ left @ a b ... g h # right #"
    assert mark_entities(text, (0, 4), (21, 26), words=1) == "@ left @ ... # right #"


word = st.text(st.characters(whitelist_categories=("L",)), min_size=1, max_size=4)


@given(st.lists(word, min_size=2, max_size=30), st.data(), st.integers(1, 40))
def test_a_window_keeps_entities_and_no_more_words_than_asked(words, data, most):
    text = " ".join(words)
    starts = [len(" ".join(words[:n])) + (n > 0) for n in range(len(words))]
    first, second = (data.draw(st.integers(0, len(words) - 1)) for _ in range(2))
    spans = [(starts[n], starts[n] + len(words[n])) for n in (first, second)]
    marked = mark_entities(text, *spans, words=most)
    assert words[first] in marked and words[second] in marked
    kept = [piece for piece in marked.split() if piece not in ("@", "#", "...")]
    assert len(kept) == min(len(words), max(most, len({first, second})))
    if most >= len(words):
        assert marked == mark_entities(text, *spans)
