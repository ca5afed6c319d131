from hypothesis import given, settings, strategies as st

from weaklabel.page.excerpt import LONGEST, MarkedSpan, Piece, excerpt

marks = st.lists(st.builds(MarkedSpan, st.integers(0, 900), st.integers(0, 900), st.integers(0, 3)), max_size=8)


@given(st.text("ab \n", max_size=900), marks)
@settings(max_examples=150, deadline=None)
def test_an_excerpt_is_short_and_made_of_the_text(text, marks):
    pieces = excerpt(text, marks)
    shown = "".join(piece.text for piece in pieces)
    assert len(shown) < LONGEST + 300 + shown.count("↵")
    flat = text.replace("\n", "↵ ")
    assert all(part in flat for part in shown.replace(" … ", "…").strip("… ").split("…"))
    if len(text) <= LONGEST:
        assert shown == flat


def test_what_is_marked_is_kept_in_view_however_far_away():
    text = "x" * 500_000 + " prize " + "y" * 500_000
    pieces = excerpt(text, [MarkedSpan(500_001, 500_006, 1)])
    assert Piece("prize", 1) in pieces and sum(len(piece.text) for piece in pieces) < LONGEST + 20
    assert pieces[0].text.startswith("…") and pieces[-1].text.endswith("…")


def test_a_mark_of_a_megabyte_is_cut():
    pieces = excerpt("z" * 1_000_000, [MarkedSpan(0, 1_000_000, 0)])
    assert sum(len(piece.text) for piece in pieces) <= LONGEST + 10 and pieces[0].label == 0


def test_marks_that_overlap_share_the_text():
    assert excerpt("abcdef", [MarkedSpan(2, 6, 1), MarkedSpan(0, 4, 0)]) == [Piece("abcd", 0), Piece("ef", 1)]


def test_neighbours_for_the_same_class_are_one_mark():
    assert excerpt("12345", [MarkedSpan(0, 1, 1), MarkedSpan(1, 2, 1), MarkedSpan(2, 3, 0)]) == [
        Piece("12", 1),
        Piece("3", 0),
        Piece("45"),
    ]


def test_marks_beyond_the_text_are_cut():
    assert excerpt("abc", [MarkedSpan(1, 99, 0), MarkedSpan(50, 60, 1)]) == [Piece("a"), Piece("bc", 0)]


def test_an_empty_text_has_nothing_to_show():
    assert excerpt("") == []


def test_line_ends_are_shown_on_one_line():
    assert excerpt("a\r\nb\n\nc\td") == [Piece("a↵ b↵ ↵ c d")]
