import re

import pytest
from hypothesis import given, settings, strategies as st

from tests.report.markup import HOSTILE, Outline
from weaklabel.errors import visible
from weaklabel.page.charts import Estimate, dots
from weaklabel.page.page import Chart, Charts, DataTable, Fold, Section, Text, page

TABLE = DataTable(["LF", HOSTILE, "votes"], [[HOSTILE, 0.25, 7], ["check_out", None, 1200]], f"caption {HOSTILE}")


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
    assert DataTable(["a"], [["91.2 ± 0.4"]]).styles == ["short"] and DataTable(["a"], []).styles == []


def test_a_table_without_rows_is_left_out():
    assert "<table" not in page("t", [Section("s", [DataTable(["a"], [], "nothing")])])


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ValueError):
        page("t", [Section("s", [DataTable(["a", "b"], [[1, 2], [3]])])])


@given(st.text(st.characters(exclude_categories=()), max_size=40))
@settings(max_examples=50, deadline=None)
def test_any_text_survives(text):
    outline = Outline(page(text, [Section(text, [Text(text), DataTable([text], [[text]], text)])], lead=text))
    assert visible(text).strip() in outline.texts
    assert outline.tags.count("section") == 1 and outline.tags.count("td") + outline.tags.count("th") == 2


def test_a_page_uses_a_laptop_and_fits_a_phone(tab, tmp_path):
    names = [f"column_{number}" for number in range(9)]
    wide = DataTable(["LF", *names], [[f"labeling_function_{row}", *[0.123] * 9] for row in range(3)])
    narrow = [DataTable(["class", "rows"], [["spam", 7], ["ham", 9]], f"caption {number}") for number in range(2)]
    chart = Chart(dots(["a"], [Estimate(1.0)], "score", alt="a chart"))
    file = tmp_path / "page.html"
    file.write_text(page("title", [Section("one", [*narrow, wide, Charts([chart])])]), encoding="utf-8")
    shown = tab.open(file.as_uri())
    first, second = (shown.locator(".block:not(.wide)").nth(number).bounding_box() for number in range(2))
    assert first["y"] == second["y"] and first["x"] + first["width"] < second["x"]
    assert shown.locator(".wide table").bounding_box()["width"] > 1000
    # No text of a chart is cut at its edge.
    assert shown.evaluate("getComputedStyle(document.querySelector('svg.chart')).overflow") == "visible"
    shown.set_viewport_size({"width": 390, "height": 844})
    assert shown.evaluate("document.documentElement.scrollWidth") <= 390
    cells = shown.locator(".wide td")
    assert all(
        cells.nth(number).bounding_box()["x"] + cells.nth(number).bounding_box()["width"] <= 390 for number in range(9)
    )
    assert shown.evaluate("getComputedStyle(document.querySelector('.wide td'), '::before').content") == '"column_0"'
