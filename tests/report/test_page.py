import re

import pytest
from hypothesis import given, settings, strategies as st

from tests.report.markup import HOSTILE, Outline
from weaklabel.report.charts import Estimate, dots
from weaklabel.report.page import Chart, Charts, Fold, Section, Table, Text, page
from weaklabel.table import visible

TABLE = Table(["LF", HOSTILE, "votes"], [[HOSTILE, 0.25, 7], ["check_out", None, 1200]], f"caption {HOSTILE}")


def full():
    chart = Chart(dots([HOSTILE], [Estimate(0.5)], "score", alt=HOSTILE), f"figure {HOSTILE}")
    parts = [
        Text(f"text {HOSTILE}"),
        TABLE,
        Charts([chart]),
        Fold(f"fold {HOSTILE}", [TABLE, Fold("in", [Text("it")])]),
    ]
    return page(f"title {HOSTILE}", [Section(f"one {HOSTILE}", parts), Section("two", [])], lead=f"lead {HOSTILE}")


def test_every_string_is_shown_letter_for_letter():
    outline = Outline(full())
    shown = visible(HOSTILE)
    for what in ("title ", "lead ", "one ", "text ", "caption ", "figure ", "fold ", ""):
        assert what + shown in outline.texts, what
    assert "script" not in outline.tags and outline.tags.count("svg") == 1


def test_a_page_needs_nothing_else_and_runs_nothing():
    markup = full()
    outline = Outline(markup)
    assert "default-src 'none'" in markup
    assert not {"link", "script", "img", "iframe"} & set(outline.tags)
    assert all(value.startswith("#") for value in outline.attribute("href")) and not outline.attribute("src")
    assert not re.search(r"@import|url\((?!#)", markup)
    assert not [name for name, _ in outline.attributes if name.startswith("on")]


def test_a_page_is_for_light_dark_phone_and_print():
    markup = full()
    for needed in ("prefers-color-scheme: dark", "@media print", "name=viewport", "<html lang=en>"):
        assert needed in markup


def test_links_lead_to_the_sections():
    outline = Outline(full())
    targets = [value.removeprefix("#") for value in outline.attribute("href") if re.fullmatch(r"#s\d+", value)]
    assert targets == ["s1", "s2"] and set(targets) <= set(outline.attribute("id"))


def test_ids_are_not_given_twice():
    ids = Outline(full()).attribute("id")
    assert len(ids) == len(set(ids))


def test_cells_are_shown_as_everywhere_and_numbers_stand_to_the_right():
    assert TABLE.texts == [[visible(HOSTILE), "0.250", "7"], ["check_out", "-", "1200"]]
    assert TABLE.styles == ["long", "right", "right"]
    assert Table(["a"], [["91.2 ± 0.4"]]).styles == ["short"] and Table(["a"], []).styles == []


def test_a_table_without_rows_is_left_out():
    assert "<table" not in page("t", [Section("s", [Table(["a"], [], "nothing")])])


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ValueError):
        page("t", [Section("s", [Table(["a", "b"], [[1, 2], [3]])])])


@given(st.text(st.characters(exclude_categories=()), max_size=40))
@settings(max_examples=50, deadline=None)
def test_any_text_survives(text):
    outline = Outline(page(text, [Section(text, [Text(text), Table([text], [[text]], text)])], lead=text))
    assert visible(text).strip() in outline.texts
    assert outline.tags.count("section") == 1 and outline.tags.count("td") + outline.tags.count("th") == 2
