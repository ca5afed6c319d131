"""``weaklabel analyze --html`` and the page that every run writes."""

import pytest

from tests.cli.test_verbs import write_project
from tests.report.markup import Outline


def test_analyze_writes_a_page_beside_its_table(weaklabel, corpus, pack, tmp_path):
    page = tmp_path / "report.html"
    done = weaklabel("analyze", corpus, "--lfs", pack, "--gold", "truth", "--html", page, "--json")
    assert done.code == 0, done.err
    assert done.json["rows"] == 24  # what goes to stdout stays as it is
    outline = Outline(page.read_text(encoding="utf-8"))
    assert "Labeling functions on messages.csv" in outline.texts and "Against gold" in outline.texts
    assert "mark" in outline.tags and "script" not in outline.tags


def test_a_page_without_gold(weaklabel, corpus, pack, tmp_path):
    assert weaklabel("analyze", corpus, "--lfs", pack, "--html", tmp_path / "r.html").code == 0
    assert "Against gold" not in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_gold_that_is_empty_counts_as_none(weaklabel, corpus, pack, tmp_path):
    empty = tmp_path / "empty.csv"
    empty.write_text("text,truth\nthanks,\nbroken,\n")
    done = weaklabel("analyze", empty, "--lfs", pack, "--gold", "truth", "--html", tmp_path / "r.html")
    assert done.code == 0, done.err
    assert "There is no gold" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_a_place_that_cannot_be_written_to_is_told_of(weaklabel, corpus, pack, tmp_path):
    done = weaklabel("analyze", corpus, "--lfs", pack, "--html", tmp_path / "nowhere" / "r.html")
    assert done.code == 1 and "cannot write" in done.err


def test_warnings_are_in_the_page(weaklabel, corpus, tmp_path):
    pack = tmp_path / "fails.py"
    pack.write_text(
        "from weaklabel import keyword_lf, labeling_function\nLABELS = ('complaint', 'praise')\n"
        "thanks = keyword_lf('thanks', 1, ['thanks'])\n"
        "@labeling_function()\ndef fails(x):\n    raise ValueError('it went wrong')\n"
    )
    done = weaklabel("analyze", corpus, "--lfs", pack, "--html", tmp_path / "r.html")
    assert done.code == 0 and "it went wrong" in done.err
    assert "it went wrong" in (tmp_path / "r.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("with_gold", [False, True])
def test_a_run_writes_a_page(weaklabel, corpus, pack, tmp_path, with_gold):
    gold = f'[gold]\npath = "{corpus}"\ncolumn = "truth"\npositive = "praise"\n' if with_gold else ""
    done = weaklabel("run", write_project(tmp_path, corpus, pack, gold))
    assert done.code == 0, done.err
    outline = Outline((tmp_path / "run" / "report.html").read_text(encoding="utf-8"))
    assert "Test" in outline.texts and "Rows to look at" in outline.texts
    assert ("Against gold" in outline.texts) == with_gold
    assert any(text.startswith("linear: gold on the left") for text in outline.texts) == with_gold
