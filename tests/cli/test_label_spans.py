"""weaklabel label with a pack that marks spans: the column, the votes, the summary, hostile texts, wrong options."""

import csv
import json

import polars as pl
import pytest

PACK = r"""
import re

from weaklabel import consistent_lf, gazetteer_lf, negative_lf, regex_spans_lf, span_lf

TASK = "spans"
LABELS = {"ENT": ("PER", "LOC"), "DATE": ()}

people = gazetteer_lf("people", "PER", ["Ada Lovelace", "Alan Turing"])
places = regex_spans_lf("places", "LOC", r"in (?P<span>[A-Z]\w+)")
years = regex_spans_lf("years", "DATE", r"1[89]\d\d")
again = consistent_lf("again", "places", within="corpus")


@span_lf(label="ENT")
def capitals(text):
    yield from re.finditer(r"[A-Z]\w+", text)
    yield from re.finditer(r"[A-Z]\w+(?: [A-Z]\w+)+", text)
"""

TEXTS = [
    "Ada Lovelace was in London in 1843.",
    "London calls Alan Turing, x1843.",
    "nothing, \x1b[31mred\x1b[0m <b>bold</b> =1+1",
    "",
    "\U0001f469\u200d\U0001f52c in Ro\u0301ma\r\nin\tO\u017elo, \u4e1c\u4eac\u202e",
    '"quoted, ""twice"""',
]


@pytest.fixture
def spans_pack(tmp_path):
    path = tmp_path / "spans_pack.py"
    path.write_text(PACK, encoding="utf-8")
    return path


@pytest.fixture
def texts(tmp_path):
    path = tmp_path / "texts.csv"
    with path.open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle).writerows([["text", "other", "more"], *([text, "a", "b"] for text in TEXTS)])
    return path


def run(weaklabel, texts, spans_pack, out, *more):
    return weaklabel(
        "label", texts, "--lfs", spans_pack, "--quoting", "-o", out, "--no-cache", "--label-model", "span-vote", *more
    )


def test_a_column_of_spans_and_one_for_each_labeling_function(weaklabel, texts, spans_pack, tmp_path):
    done = run(weaklabel, texts, spans_pack, tmp_path / "out.jsonl", "--votes")
    assert done.code == 0
    assert "rows: 6 in = 6 out + 0 rejected" in done.out
    assert "labeling functions mark spans in 3 rows" in done.out
    assert "spans that cut a word, and were made to take all of it: 1 of LF 'years'" in done.out
    assert "since a longer one of the same labeling function overlaps them: 4 of LF 'capitals'" in done.out
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["text"] for row in rows] == TEXTS
    assert list(rows[0]) == [
        "text",
        "other",
        "more",
        "spans",
        *(f"spans_{name}" for name in ("people", "places", "years", "again", "capitals")),
    ]
    for row in rows:
        for column in list(row)[3:]:
            assert all(row["text"][span["start"] : span["end"]] == span["text"] for span in row[column])
    assert [(span["text"], span["label"]) for span in rows[0]["spans"]] == [
        ("Ada Lovelace", "PER"), ("London", "LOC"), ("1843", "DATE"),
    ]  # fmt: skip
    assert [span["text"] for span in rows[1]["spans_again"]] == ["London"]  # since others are "in London"
    assert [span["label"] for span in rows[1]["spans_capitals"]] == ["ENT", "ENT"]
    assert [row["spans"] for row in rows[2:4]] == [[], []]


def test_the_summary_as_json(weaklabel, texts, spans_pack, tmp_path):
    done = run(weaklabel, texts, spans_pack, tmp_path / "out.csv", "--json", "--dry-run")
    result = json.loads(done.out)
    assert result["task"] == "spans" and set(result["spans"]) == {"PER", "LOC", "DATE"}
    assert (
        result["snapped"] == {"years": 1, "capitals": 1}
        and result["overlapped"] == {"capitals": 4}
        and result["blank"] == {}
    )
    assert (result["rows_out"], result["out"]) == (6, None)
    assert not (tmp_path / "out.csv").exists()


def test_csv_and_parquet_hold_the_same(weaklabel, texts, spans_pack, tmp_path):
    for kind, option in (("csv", "--spreadsheet-safe"), ("parquet", "--votes")):
        assert run(weaklabel, texts, spans_pack, tmp_path / f"out.{kind}", option).code == 0
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as handle:
        of_csv = [json.loads(row["spans"]) for row in csv.DictReader(handle)]
    assert of_csv == pl.read_parquet(tmp_path / "out.parquet")["spans"].to_list()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--class-balance", "uniform"], "class_balance"),
        (["--label-model", "dawid-skene"], "'dawid-skene' is for texts"),
        (["--read-texts"], "'span-vote' does not read texts"),
        (["--lfs", "spam"], "TASK"),
        (["--text", "text,other"], "name one"),
        (["--entities", "other,more"], "leave them out for spans"),
    ],
    ids=lambda given: given[0] if isinstance(given, list) else "",
)
def test_options_that_make_no_sense_are_refused(weaklabel, texts, spans_pack, tmp_path, options, message):
    done = run(weaklabel, texts, spans_pack, tmp_path / "out.csv", *options)
    assert done.code in (1, 2) and message in done.err and done.err.count("error:") == 1
    assert not (tmp_path / "out.csv").exists()


def test_a_labeling_function_that_hangs_is_named_with_its_row(weaklabel, texts, tmp_path):
    pack = tmp_path / "stuck_pack.py"
    pack.write_text(
        'from weaklabel import span_lf\n\nTASK = "spans"\nLABELS = ["PER"]\n\n\n@span_lf(label="PER")\ndef stuck(text):\n'
        '    while "London calls" in text:\n        pass\n    return [(0, 3)] if text.startswith("Ada") else []\n'
    )
    result = run(weaklabel, texts, pack, tmp_path / "out.jsonl", "--time-limit", "0.3")
    assert result.code == 0, result.err
    assert "LF 'stuck': 1 row failed, first row 1: took longer than 0.3 s" in result.out
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [[span["text"] for span in row["spans"]] for row in rows] == [["Ada"], [], [], [], [], []]
