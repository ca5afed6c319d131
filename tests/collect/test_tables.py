"""Tables: their rows with all columns, in every format, and rows and files that cannot be read."""

import json
from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given, strategies as st

from tests.collect.makers import rules, run, write
from weaklabel.collect import files
from weaklabel.collect.collect import collect_corpus
from weaklabel.collect.parts import _as_texts, _types_of, common_type
from weaklabel.config import TableSettings
from weaklabel.corpus import read_corpus
from weaklabel.errors import CorpusError

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


OLD_FORM = "exported 2020\n# by hand\n'good; day';1\n# and\nwin;'2'\n"


def test_tables_are_read_as_a_corpus_is(tmp_path):
    """All that [corpus] says of a table can be said here, and gives the same rows."""
    path = write(tmp_path / "a.csv", OLD_FORM.encode("utf-16"))
    how = {
        "delimiter": ";", "quoting": True, "quote_char": "'", "comment": "#", "skip_rows": 1, "header": False,
        "columns": ["text", "n"], "encoding": "utf-16",
    }  # fmt: skip
    assert how.keys() == TableSettings.model_fields.keys() - {"text"}
    expected = [{"text": "good; day", "n": "1"}, {"text": "win", "n": "2"}]
    assert pl.concat(batch.stored for batch in read_corpus(path, **how).batches()).to_dicts() == expected
    _, rows, rejects = run(path, tmp_path / "out.parquet", **how)
    assert [{key: row[key] for key in ("text", "n")} for row in rows] == expected and rejects == []


def test_what_is_said_of_csv_files_is_said_of_no_other(tmp_path):
    write(tmp_path / "in" / "a.csv", "x;1\ny;2\n")
    write(tmp_path / "in" / "b.jsonl", '{"text": "z; 3"}\n')
    pl.DataFrame({"text": ["w"]}).write_parquet(tmp_path / "in" / "c.parquet")
    write(tmp_path / "in" / "d.txt", "plain; text")
    write(tmp_path / "in" / "e.csv", "k;l;m\n")
    _, rows, rejects = run(
        tmp_path / "in", tmp_path / "out.parquet", delimiter=";", header=False, columns=["text", "n"]
    )
    assert [row["text"] for row in rows] == ["x", "y", "z; 3", "w", "plain; text"]
    assert [(reject["rule"], reject["reason"]) for reject in rejects] == [
        ("broken", "2 columns are named, but the first record has 3")
    ]


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"delimiter": ";;"}, "the delimiter must be one character"),
        ({"quote_char": "ab"}, "the quote character must be one character"),
        ({"comment": " "}, "what comment lines begin with"),
        ({"columns": ["a"]}, r"columns are named only where the file has no header; say header=False"),
        ({"quote_char": "'", "quoting": False}, "makes no sense without quoting"),
        ({"encoding": "klingon"}, "unknown encoding 'klingon'"),
    ],
)
def test_what_makes_no_sense_is_refused_before_any_file_is_opened(tmp_path, how, why):
    write(tmp_path / "a.csv", "text\na\n")
    with pytest.raises(CorpusError, match=why):
        run(tmp_path / "a.csv", tmp_path / "out.parquet", **how)
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
def test_values_of_json_keep_their_types(tmp_path, name):
    records = [
        {"text": "a", "n": 5, "x": 1, "ok": True, "id": "7", "of": [1, "b"], "big": 2**70, "wide": 2**60, "none": None},
        {"text": "b", "n": 6, "x": 0.5, "ok": None, "id": "8", "of": {"k": 1}, "big": 1, "wide": 0.5, "none": None},
        {"text": 3, "n": None, "x": 1e22, "id": "9"},
    ]
    lines = [json.dumps(record) for record in records]
    write(tmp_path / name, "\n".join(lines) if name == "a.jsonl" else f"[{', '.join(lines)}]")
    done, rows, _ = run(tmp_path / name, tmp_path / "out.parquet")
    assert [row["text"] for row in rows] == ["a", "b", "3"]
    assert [(row["n"], row["x"], row["ok"], row["id"], row["of"]) for row in rows] == [
        (5, 1.0, True, "7", '[1,"b"]'),
        (6, 0.5, None, "8", '{"k":1}'),
        (None, 1e22, None, "9", None),
    ]
    # Beyond what the types hold exactly, numbers stay as they are written, and it is said.
    assert [(row["big"], row["wide"]) for row in rows][:2] == [(str(2**70), str(2**60)), ("1", "0.5")]
    assert done.mixed == {"big": ["numbers", "text"], "wide": ["numbers"]}
    collect_corpus(tmp_path / name, tmp_path / "out.jsonl")
    first = json.loads((tmp_path / "out.jsonl").read_text().splitlines()[0])
    assert (first["n"], first["x"], first["ok"], first["id"]) == (5, 1.0, True, "7")


def test_where_sources_disagree_a_column_is_text_and_that_is_said(tmp_path):
    write(tmp_path / "a.jsonl", '{"text": "a", "n": 5, "m": 1, "ok": true}\n')
    write(tmp_path / "b.jsonl", '{"text": "b", "n": "five", "m": 1.5, "ok": 0}\n')
    write(tmp_path / "c.csv", "text,ok\nc,maybe\n")
    done, rows, _ = run([tmp_path / name for name in ("a.jsonl", "b.jsonl", "c.csv")], tmp_path / "out.parquet")
    assert [(row["n"], row["m"], row["ok"]) for row in rows] == [
        ("5", 1.0, "true"),
        ("five", 1.5, "0"),
        (None, None, "maybe"),
    ]
    assert done.mixed == {"n": ["numbers", "text"], "ok": ["numbers", "text", "true or false"]}
    assert done.to_dict()["mixed"] == done.mixed


@given(st.lists(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.dates()), min_size=1))
def test_a_value_is_the_same_text_alone_and_among_others(values):
    """So what a column holds does not depend on where parts begin."""
    texts = _as_texts(values)
    for value, text in zip(values, texts, strict=True):
        dtype = common_type(_types_of([value]))
        alone = pl.Series([value], dtype=dtype, strict=False) if dtype != pl.String() else pl.Series(_as_texts([value]))
        assert alone.cast(pl.String)[0] == text
