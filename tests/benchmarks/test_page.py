"""The page with all results: up to date, without anything from elsewhere, and nothing in it becomes markup."""

import json
import re

from benchmarks.page import COLUMNS, PAGE, page, rows

EVIL = "</script><script>document.title='broken'</script><img src=x onerror=\"document.title='broken'\">"


def test_it_is_that_of_the_committed_results():
    assert PAGE.read_text(encoding="utf-8") == page(rows()), "docs/results.html is out of date: run `make tables`"


def test_every_row_is_whole_and_there_once():
    table = rows()
    assert len(table) > 500 and len({row[:5] for row in table}) == len(table)
    assert all(len(row) == len(COLUMNS) and 0 <= row[5] <= 1 and row[8] >= 1 for row in table)
    assert all(row[:4] == tuple(map(str, row[:4])) and all(row[:5]) for row in table)


def test_it_loads_nothing_from_elsewhere():
    text = PAGE.read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    assert not re.findall(r"https?:|//\w+\.|<link|<img|@import|\bsrc=|fetch\(|innerHTML|document\.write", text)


def test_text_of_results_does_not_end_the_script():
    written = page([("a", EVIL, "set", "model", "f1", 0.5, None, None, 1)])
    assert EVIL not in written and written.count("</script>") == page([]).count("</script>")
    data = re.search(r'<script id="data" type="application/json">(.*?)</script>', written, re.S)[1]
    assert json.loads(data)["rows"][0][1] == EVIL


TABLE = [
    ("a", "kind 1", "set 1", "auto", "f1", 0.9, 0.3, None, 3),
    ("a", "kind 1", "set 1", EVIL, "f1", 0.5, None, None, 3),
    ("b", "kind 2", "set 2", "auto", "f1", 0.7, None, None, 1),
]


def test_rows_are_filtered_and_sorted(tab, tmp_path):
    file = tmp_path / "results.html"
    file.write_text(page(TABLE), encoding="utf-8")
    opened = tab.open()
    opened.goto(file.as_uri())

    def column(number):
        return opened.locator(f"#body td:nth-child({number})").all_inner_texts()

    assert column(6) == ["0.900", "0.700", "0.500"] and opened.locator("#count").inner_text() == "3 of 3 rows"
    assert opened.locator("td.best").count() == 2
    assert EVIL in column(4) and opened.title() == "weaklabel: measured results"
    opened.get_by_label("set").select_option("set 1")
    assert column(3) == ["set 1", "set 1"]
    opened.get_by_role("button", name="score").click()
    assert column(6) == ["0.500", "0.900"]
    assert opened.get_by_label("kind").locator("option").all_inner_texts() == ["all", "kind 1"]
