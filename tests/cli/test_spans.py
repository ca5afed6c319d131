"""``weaklabel analyze`` and ``explain`` with packs whose labeling functions mark spans."""

import json

import pytest

PACK = '''
"""People and places, for the tests."""
import re

from weaklabel import span_lf

TASK = "spans"
LABELS = ("PER", "LOC")


@span_lf("people", "PER")
def people(text):
    """Names in a list."""
    return re.finditer("Ada Lovelace|Alan Turing|York", text)


@span_lf("places", "LOC")
def places(text):
    return re.finditer("New York|London|York", text)


@span_lf("half", "PER")
def half(text):
    return re.finditer("Ada Love|Tur", text)


@span_lf("fails", "PER")
def fails(text):
    if "boom" in text:
        raise ValueError("boom")
    return []
'''
TEXTS = ["Ada Lovelace saw London.", "Alan Turing 👍🏽 in New York", "Nobody was in York", "boom in London", ""]
GOLD = [[[0, 12, "PER"], [17, 23, "LOC"]], [[0, 11, "PER"], [18, 26, "LOC"]], [[14, 18, "LOC"]], None, []]


@pytest.fixture
def pack(tmp_path):
    path = tmp_path / "people.py"
    path.write_text(PACK, encoding="utf-8")
    return path


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "news.jsonl"
    rows = [{"text": text, "gold": gold} for text, gold in zip(TEXTS, GOLD, strict=True)]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def how(pack, tmp_path):
    return ["--lfs", pack, "--label-model", "span-vote", "--workers", "0", "--cache", tmp_path / "cache", "-q"]


def test_analysis_counts_spans_words_overlaps_and_gold(weaklabel, corpus, how):
    result = weaklabel("analyze", corpus, *how, "--gold", "gold", "--json")
    assert result.code == 0, result.err
    analysis = result.json
    people, places, half, fails = analysis["lfs"]
    assert (people["Spans"], places["Spans"], half["Spans"]) == (4, 4, 2)
    assert people["outcomes"] == {"right": 2, "type": 1, "boundary": 0, "type and boundary": 1, "spurious": 0}
    assert people["Precision"] == 0.5 and people["Recall"] == 1.0
    assert places["Precision"] == 1.0 and places["Recall"] == 1.0  # London of the row without gold is not judged
    assert half["changes"]["snapped"] == 2 and half["outcomes"]["right"] == 1  # 'Ada Love' becomes all of the name
    assert people["others"]["places"] == {"exact, other label": 1, "partial, other label": 1}
    assert fails["failed_rows"] == 1 and analysis["lf_errors"] == {"fails": 1}
    assert analysis["rows"] == 5 and analysis["gold_spans"] == {"PER": 2, "LOC": 3}
    assert {"string": "York", "label": "LOC", "count": 1} in places["strings"]
    shown = weaklabel("analyze", corpus, *how)
    assert shown.code == 0 and "5 texts" in shown.out and "most frequent strings" in shown.out
    assert "Snapped" in shown.out and "Failed" in shown.out and "Precision" not in shown.out


def test_gold_in_a_file_and_a_page(weaklabel, corpus, how, tmp_path):
    gold = tmp_path / "gold.jsonl"
    rows = [{"text": text, "spans": spans} for text, spans in zip(TEXTS[:2], GOLD[:2], strict=True)]
    gold.write_text("".join(json.dumps(row) + "\n" for row in rows))
    page = tmp_path / "page.html"
    result = weaklabel("analyze", corpus, *how, "--gold-file", gold, "--html", page, "--json")
    assert result.code == 0, result.err
    assert result.json["gold_spans"] == {"PER": 2, "LOC": 2}
    html = page.read_text(encoding="utf-8")
    assert "Labeling functions" in html and "people" in html and "Lovelace" in html
    refused = weaklabel("analyze", corpus, *how, "--gold-file", gold, "--html", gold)
    assert refused.code == 1 and "gold" in refused.err
    other = weaklabel("analyze", corpus, *how, "--gold-file", gold, "--gold", "truth")
    assert other.code == 1 and "truth" in other.err


def test_why_a_text_has_its_spans(weaklabel, corpus, how):
    result = weaklabel("explain", corpus, *how, "--row", 0, "--json")
    assert result.code == 0, result.err
    ada, london = result.json["spans"]
    assert (ada["text"], ada["label"], ada["exact"]) == ("Ada Lovelace", "PER", ["people", "half"])
    assert ada["without"]["people"] < ada["probability"] <= 1 and london["without"] == {"places": 0.0}
    assert result.json["silent"] == ["fails"]
    reasons = {mark["lf"]: mark["reason"]["text"] for mark in result.json["marks"]}
    assert "Names in a list." in reasons["people"]
    shown = weaklabel("explain", corpus, *how, "--row", 2).out
    assert "against it: " in shown and "'York'" in shown
    refused = weaklabel("explain", corpus, *how, "--row", 99)
    assert refused.code == 1 and "has no row 99: it has 5 rows" in refused.err


def test_what_a_labeling_function_marks(weaklabel, corpus, how):
    result = weaklabel("explain", corpus, *how, "--lf", "people", "--json")
    assert result.code == 0, result.err
    assert result.json["spans"] == {"PER": 4} and result.json["consensus"]["other label"] == 1
    assert {each["row"] for each in result.json["disagrees"]} == {1, 2}
    assert "people marks 4 spans (PER 4) in 3 of 5 texts." in weaklabel("explain", corpus, *how, "--lf", "people").out
    assert "did you mean 'people'" in weaklabel("explain", corpus, *how, "--lf", "peopl").err


def test_options_of_texts_are_refused_for_spans_in_one_sentence(weaklabel, corpus, how, tmp_path):
    refused = weaklabel("analyze", corpus, *how[2:], "--lfs", how[1], "--label-model", "snorkel")
    assert refused.code == 1 and "snorkel" in refused.err and refused.err.count("\n") == 1


def test_a_finished_run_is_explained_by_its_own_votes(weaklabel, corpus, pack, tmp_path):
    project = tmp_path / "project.toml"
    project.write_text(
        f'out = "run"\n[corpus]\npath = "{corpus.name}"\n[lfs]\nuse = ["./{pack.name}"]\n'
        '[label_model]\nname = "span-vote"\n[classifier]\nname = "linear"\n'
    )
    done = weaklabel("run", project, "-q")
    assert done.code == 0, done.err
    result = weaklabel("explain", tmp_path / "run", "--row", 0, "--json")
    assert result.code == 0, result.err
    assert [span["text"] for span in result.json["spans"]] == ["Ada Lovelace", "London"]
    assert weaklabel("explain", tmp_path / "run", "--lf", "people", "--json").json["spans"] == {"PER": 4}
