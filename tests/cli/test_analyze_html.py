"""``weaklabel analyze --html`` and the page that every run writes."""

import csv

import pytest

from tests.cli.conftest import ROWS
from tests.cli.test_verbs import write_project
from tests.report.markup import Outline
from weaklabel.decisions import Decision, DecisionLog, now, text_hash


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
    assert "No gold was given" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_a_place_that_cannot_be_written_to_is_told_of(weaklabel, corpus, pack, tmp_path):
    for place, why in ((tmp_path / "nowhere" / "r.html", "does not exist"), (tmp_path, "it is a folder")):
        done = weaklabel("analyze", corpus, "--lfs", pack, "--html", place)
        assert done.code == 1 and "cannot write" in done.err and why in done.err


@pytest.mark.parametrize("rows", [[], ["zzz"], ["thanks"]])
def test_a_page_of_next_to_nothing(weaklabel, pack, tmp_path, rows):
    corpus = tmp_path / "few.csv"
    corpus.write_text("\n".join(["text", *rows, ""]), encoding="utf-8")
    done = weaklabel("analyze", corpus, "--lfs", pack, "--html", tmp_path / "r.html")
    assert done.code == 0, done.err
    assert "At a glance" in Outline((tmp_path / "r.html").read_text(encoding="utf-8")).texts


def test_warnings_are_in_the_page(weaklabel, corpus, tmp_path):
    pack = tmp_path / "fails.py"
    pack.write_text(
        "from weaklabel import keyword_lf, labeling_function\nLABELS = ('complaint', 'praise')\n"
        "thanks = keyword_lf('thanks', 1, ['thanks'])\n"
        "@labeling_function()\ndef fails(x):\n"
        "    if 'thanks' in x.text.lower():\n        raise ValueError('it went wrong')\n    return -1\n"
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


@pytest.mark.parametrize("by", ["column", "decisions"])
def test_cards_of_a_run_show_gold_of_the_corpus_itself(weaklabel, corpus, pack, tmp_path, by):
    text, label = next((text, label) for text, label in ROWS if "thanks" in text)
    wrong = "complaint" if label == "praise" else "praise"
    if by == "column":
        gold = "column = 'truth'"
        with corpus.open("w", newline="", encoding="utf-8") as file:
            rows = [(row, wrong if row == text else "") for row, _ in ROWS]
            csv.writer(file).writerows([("text", "truth"), *rows])
    else:
        gold = f"path = '{tmp_path}/said.jsonl'"
        DecisionLog(tmp_path / "said.jsonl").append(Decision(0, text_hash(text), wrong, "ann", now()))
    done = weaklabel("run", write_project(tmp_path, corpus, pack, f"[gold]\n{gold}\n"))
    assert done.code == 0, done.err
    texts = Outline((tmp_path / "run" / "report.html").read_text(encoding="utf-8")).texts
    assert "Sure and wrong" in texts and any(f"gold: {wrong}" in output for output in texts)
