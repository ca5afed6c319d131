"""``weaklabel collect``: what is printed and written, and what is refused."""

import json

import pytest


@pytest.fixture
def articles(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "a.txt").write_text("It rains. It pours.")
    (folder / "b.csv").write_text("body,n\nWe stay.,1\n")
    (folder / "c\x1b[2J.txt").write_bytes("Grüße".encode("latin-1"))
    return folder


def test_a_summary_and_the_files(articles, weaklabel, tmp_path):
    done = weaklabel("collect", "articles", "--text", "body", "--unit", "sentence", "-o", "out.jsonl", "--workers", 1)
    assert done.code == 0
    assert "documents: 3 in = 2 read + 1 rejected\nrows: 3\n" in done.out
    assert "written to out.jsonl\nwhat could not be read is in out.jsonl.rejects.jsonl" in done.out
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [row["text"] for row in rows] == ["It rains.", "It pours.", "We stay."]
    (reject,) = (json.loads(line) for line in (tmp_path / "out.jsonl.rejects.jsonl").read_text().splitlines())
    assert reject["source"] == "articles/c\x1b[2J.txt"
    assert "give --encoding cp1252" in reject["reason"]


def test_options_of_tables(articles, weaklabel, tmp_path):
    (tmp_path / "old.csv").write_text("exported\n# by hand\n'good; day';1\nwin;2\n")
    how = ["--delimiter", ";", "--quote-char", "'", "--comment", "#", "--skip-rows", 1, "--columns", "text,n"]
    assert weaklabel("collect", "old.csv", *how, "-o", "out.jsonl", "--workers", 1).code == 0
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [(row["text"], row["n"]) for row in rows] == [("good; day", "1"), ("win", "2")]
    refused = weaklabel("collect", "old.csv", "--delimiter", ";;", "-o", "out.jsonl")
    assert refused.code == 2 and "the delimiter must be one character" in refused.err


def test_columns_that_became_text_are_named(articles, weaklabel, tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "a", "n": 1}\n{"text": "b", "n": "one"}\n')
    done = weaklabel("collect", "a.jsonl", "-o", "out.jsonl", "--workers", 1)
    assert "column 'n' is text, since its values are numbers and text\n" in done.out


def test_json(articles, weaklabel):
    done = weaklabel("collect", "articles", "--text", "body", "-o", "out.parquet", "--json", "--workers", 1).json
    assert (done["documents_in"], done["documents"], done["rejects"]) == (3, 2, 1)
    assert (done["rejected"], done["kinds"]) == ({"encoding": 1}, {"table": 1, "text": 1})


def test_stdout_carries_the_rows(articles, weaklabel):
    done = weaklabel("collect", "articles/a.txt", "-o", "-", "--workers", 1)
    assert done.out.startswith(
        "text,folder,file,meta_source,meta_place,meta_sha256,meta_time,meta_steps\nIt rains. It pours.,,a.txt,"
    )
    assert "documents: 1 in" in done.err


def test_a_dry_run_writes_nothing(articles, weaklabel, tmp_path):
    done = weaklabel("collect", "articles", "--dry-run")
    assert done.code == 0 and "text   2" in done.out and "nothing written" in done.out
    assert weaklabel("collect", "articles", "--dry-run", "--json").json["items"] == {"text": 2, "table": 1}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["articles"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["articles"], 2, "-o OUT"),
        (["articles", "-o", "x.csv", "--unit", "page"], 2, "none of document, paragraph, sentence"),
        (["articles", "-o", "x.csv", "--unit", "0"], 2, "no number of characters"),
        (["gone", "-o", "x.csv"], 1, "gone does not exist"),
        (["articles", "-o", "articles/b.csv"], 1, "part of the source articles"),
        (["articles/b.csv", "-o", "x.csv"], 1, "no document in articles/b.csv could be read"),
        (["articles", "-o", "no/x.csv"], 1, "folder"),
    ],
)
def test_what_is_refused(articles, weaklabel, arguments, code, words):
    done = weaklabel("collect", *arguments)
    assert done.code == code
    assert words in done.err
    assert "\x1b" not in done.err
