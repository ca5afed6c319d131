"""Tables: their rows with all columns, in every format, and rows and files that cannot be read."""

import json
from datetime import UTC, date, datetime

import polars as pl
import pytest

from tests.collect.makers import rules, run, write
from weaklabel.collect import files
from weaklabel.collect.collect import collect_corpus
from weaklabel.corpus import read_corpus

ROWS = [{"text": "good day", "n": "1"}, {"text": "win 漢字", "n": "2"}]


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl", "a.json", "a.parquet", "a.csv.gz"])
def test_every_format(tmp_path, name):
    from weaklabel.corpus import write_labeled

    corpus = read_corpus(pl.DataFrame(ROWS))
    write_labeled(corpus, tmp_path / name, lambda batch: pl.DataFrame())
    _, rows, _ = run(tmp_path / name, tmp_path / "out.parquet")
    assert [{key: row[key] for key in ("text", "n")} for row in rows] == ROWS
    assert [(row["meta_place"], row["file"]) for row in rows] == [("row 1", name), ("row 2", name)]


def test_types_of_columns(tmp_path):
    frame = pl.DataFrame(
        {
            "text": ["a", "b"],
            "int": [1, None],
            "float": [0.5, 1.0],
            "bool": [True, False],
            "day": [date(2020, 1, 2), None],
            "at": [datetime(2020, 1, 2, 3, tzinfo=UTC), None],
            "naive": [datetime(2020, 1, 2, 3), None],
            "tags": [["x", "y"], None],
            "data": [{"k": 1}, {"k": 2}],
            "none": pl.Series([None, None], dtype=pl.Null),
            "raw": [b"\x00\xff", None],
        }
    )
    frame.write_parquet(tmp_path / "a.parquet")
    write(tmp_path / "b.csv", "text,int,float\nc,x,2\n")
    _, rows, _ = run(tmp_path / "a.parquet", tmp_path / "out.parquet")
    kept = ("int", "float", "bool", "day", "at", "naive", "none")
    assert [{key: row[key] for key in kept} for row in rows] == frame.select(kept).to_dicts()
    assert [(row["tags"], row["data"], row["raw"]) for row in rows] == [
        ('["x", "y"]', '{"k": 1}', "00ff"),
        (None, '{"k": 2}', None),
    ]
    _, rows, _ = run([tmp_path / "a.parquet", tmp_path / "b.csv"], tmp_path / "both.parquet")
    assert [row["int"] for row in rows] == ["1", None, "x"]
    assert [row["float"] for row in rows] == ["0.5", "1.0", "2"]


def test_text_columns(tmp_path):
    write(tmp_path / "a.csv", "title,body,text\nA,b c,old\n")
    _, (row,), _ = run(tmp_path / "a.csv", tmp_path / "out.parquet", text="body")
    assert (row["text"], row["title"], row["source_text"]) == ("b c", "A", "old") and "body" not in row
    _, (row,), _ = run(tmp_path / "a.csv", tmp_path / "out.parquet", text=["title", "body"])
    assert (row["text"], row["title"], row["body"]) == ("A\nb c", "A", "b c")
    write(tmp_path / "a.jsonl", json.dumps({"data": {"text": "inner", "n": 1}}) + "\n")
    _, (row,), _ = run(tmp_path / "a.jsonl", tmp_path / "out.parquet", text="data.text")
    assert (row["text"], row["data"]) == ("inner", '{"text":"inner","n":1}')


def test_columns_with_our_names_are_renamed(tmp_path):
    write(tmp_path / "a.csv", "text,meta_source,file\nx,theirs,mine\n")
    _, (row,), _ = run(tmp_path / "a.csv", tmp_path / "out.parquet")
    assert (row["source_meta_source"], row["meta_source"]) == ("theirs", f"{tmp_path}/a.csv")
    assert (row["file"], row["source_file"]) == ("a.csv", "mine")


def test_a_collected_corpus_keeps_its_provenance(tmp_path):
    write(tmp_path / "in/a.txt", "One. Two.")
    collect_corpus(tmp_path / "in", tmp_path / "first.csv", unit="sentence")
    _, rows, _ = run([tmp_path / "first.csv", tmp_path / "first.csv"], tmp_path / "again.parquet")
    assert [(row["text"], row["meta_source"], row["meta_place"]) for row in rows] == [
        ("One.", f"{tmp_path}/in/a.txt", "characters 0-4"),
        ("Two.", f"{tmp_path}/in/a.txt", "characters 5-9"),
    ]


def test_tables_and_rows_that_cannot_be_read(tmp_path):
    write(tmp_path / "in/bad_rows.csv", "text,n\nok,1\nshort\n")
    write(tmp_path / "in/no_text.csv", "body,n\nx,1\n")
    write(tmp_path / "in/latin.csv", "text\nschöne Grüße aus Köln\n".encode("latin-1"))
    write(tmp_path / "in/cut.json", '[{"text": "x"}, {"te')
    write(tmp_path / "in/object.json", '{\n"data": [{"text": "x"}]\n}')
    write(tmp_path / "in/fake.parquet", b"PAR1 nothing PAR1")
    write(tmp_path / "in/empty.csv", "")
    write(tmp_path / "in/lines.jsonl", '{"text": "fine"}\n{"text": \n[1]\n{"text": "\\ud800"}\n')
    write(tmp_path / "in/blank.csv", "text,n\n,7\n")
    write(tmp_path / "in/zero.jsonl", '{"text": "fine", "n\\u0000m": 1}\n')
    done, rows, rejects = run(f"{tmp_path}/in", tmp_path / "out.parquet")
    assert {row["text"] for row in rows} == {"ok", "fine"} | (
        {"x"} if any(row["text"] == "x" for row in rows) else set()
    )
    given = {key.removeprefix(f"{tmp_path}/in/"): rule for key, rule in rules(rejects).items()}
    assert given == {
        "bad_rows.csv line 3": "row", "no_text.csv": "columns", "latin.csv": "encoding",
        "cut.json": "broken", "object.json": "broken", "fake.parquet": "broken", "empty.csv": "broken",
        "zero.jsonl": "columns",
        "lines.jsonl line 2": "row", "lines.jsonl line 3": "row", "lines.jsonl line 4": "row", "blank.csv row 1": "empty",
    }  # fmt: skip
    assert done.documents + done.rejects == len(rows) + len(rejects)
    (reject,) = (reject for reject in rejects if "no_text" in reject["source"])
    assert "columns are body, n" in reject["reason"] and str(tmp_path) not in reject["reason"]
    (blank,) = (reject for reject in rejects if reject["rule"] == "empty")
    assert blank["record"]["n"] == "7"
    (short,) = (reject for reject in rejects if reject["place"] == "line 3" and "csv" in reject["source"])
    assert short["raw"] == "short"


def test_pieces_of_large_files_are_the_whole(tmp_path, monkeypatch):
    lines = [f'{number},"text {number}\nof two lines"' for number in range(500)]
    write(tmp_path / "a.csv", "\n".join(["id,text", *lines[:250], "broken", *lines[250:]]) + "\n")
    pl.DataFrame({"text": [f"row {n}" for n in range(100)]}).write_parquet(tmp_path / "b.parquet", row_group_size=10)
    _, whole, rejects = run([tmp_path / "a.csv", tmp_path / "b.parquet"], tmp_path / "whole.parquet")
    monkeypatch.setattr(files, "PIECE", 1 << 9)
    monkeypatch.setattr("weaklabel.corpus.open.CHUNK", 1 << 10)
    monkeypatch.setattr("weaklabel.corpus.delimited.CHUNK", 1 << 10, raising=False)
    monkeypatch.setattr("weaklabel.corpus.parts.PART_ROWS", 20)
    done, pieces, again = run([tmp_path / "a.csv", tmp_path / "b.parquet"], tmp_path / "pieces.parquet")
    assert done.items > 10
    assert (pieces, again) == (whole, rejects)


def test_a_table_that_changes_its_encoding_in_the_middle(tmp_path):
    good = "text\n" + "".join(f"line {number}\n" for number in range(200_000))
    write(tmp_path / "a.csv", good.encode() + "schöne Grüße aus Köln\n".encode("latin-1"))
    done, rows, (reject,) = run(tmp_path / "a.csv", tmp_path / "out.parquet")
    assert reject["rule"] == "encoding" and 0 < len(rows) <= 200_000 and done.rows == len(rows)
