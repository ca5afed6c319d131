import pytest
from hypothesis import given, settings

from tests.units.texts import marked_texts
from weaklabel.units import find_words, in_code_points, on_words
from weaklabel.units.tokens import cut_words, move_spans, place_tokens, without_spaces


@given(marked_texts(2, overlaps=True))
@settings(max_examples=60, deadline=None)
def test_words_are_cut_so_that_spans_are_exact(marked):
    texts, spans = marked
    words = find_words(texts)
    cut = cut_words(words, spans)
    assert "".join(cut.texts(texts)) == "".join(words.texts(texts))
    counted, is_cut = on_words(spans, cut)
    assert not is_cut[[bool(without_spaces(text)) for text in spans.texts(texts)]].any()
    trimmed = {(row, text.strip()) for row, text in zip(spans.row.tolist(), spans.texts(texts), strict=True)}
    back = in_code_points(counted, cut)
    assert {(row, text) for row, text in zip(back.row.tolist(), back.texts(texts), strict=True)} <= trimmed


@given(marked_texts(2))
@settings(max_examples=60, deadline=None)
def test_tokens_are_placed_where_words_are_found(marked):
    texts, _ = marked
    words = find_words(texts)
    for row, text in enumerate(texts):
        tokens = [text[begin:end] for begin, end in words.of_row(row)]
        assert place_tokens(text, tokens) == words.of_row(row)
        assert place_tokens(" ".join(tokens), tokens) is not None


@given(marked_texts(2))
@settings(max_examples=60, deadline=None)
def test_spans_move_to_the_text_with_other_spaces(marked):
    texts, spans = marked
    for row, text in enumerate(texts):
        named = [(b, e, str(k)) for b, e, k in spans.of_row(row) if without_spaces(text[b:e])]
        joined = " ".join(text[b:e] for b, e in find_words([text]).of_row(0))
        moved = move_spans(named, text, joined)
        assert moved is not None
        assert [without_spaces(joined[b:e]) for b, e, _ in moved] == [without_spaces(text[b:e]) for b, e, _ in named]


def test_other_texts_and_white_space_do_not_move():
    assert move_spans([(0, 1, "x")], "a b", "a c") is None
    with pytest.raises(ValueError, match="is white space"):
        move_spans([(1, 2, "x")], "a b", "ab")
