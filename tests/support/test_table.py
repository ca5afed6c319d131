import pytest
from hypothesis import given, strategies as st

from weaklabel.support.table import display_width, table


def test_wide_names_do_not_shift_columns():
    lines = table([("垃圾短信", "x"), ("🎉 party", "x"), ("e\u0301te\u0301", "x")], ["名字", "y"]).splitlines()
    assert len({display_width(line) for line in lines}) == 1
    assert [display_width(line[: line.rindex("x")]) for line in lines[2:]] == [10, 10, 10]


@given(st.lists(st.tuples(st.text(max_size=8), st.integers()), min_size=1, max_size=6))
def test_every_line_is_as_wide_as_the_rule_whatever_the_names(rows):
    head, rule, *body = table(rows, ["name", "count"]).split("\n")
    assert len(body) == len(rows)
    assert {display_width(line) for line in (head, rule, *body)} == {len(rule)}


def test_numbers_stand_right_and_names_left():
    text = table([("a", 5, 0.5), ("long name", 1234, float("nan")), ("b", None, 12.0)], ["LF", "n", "share"])
    assert text.splitlines()[2:] == [
        "a             5   0.500",
        "long name  1234       -",
        "b             -  12.000",
    ]


def test_no_name_can_forge_a_line_or_colour():
    text = table([("a\nb\x1b[31m\u202e\u2028", True)], ["name\r", "ok"])
    assert len(text.splitlines()) == 3
    assert r"a\nb\x1b[31m\u202e\u2028" in text and "\x1b" not in text


def test_a_ragged_row_is_refused():
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        table([("a",)], ["name", "n"])


def test_a_table_without_rows_is_its_header():
    assert table([], ["a", "b"]) == "a  b\n----"
