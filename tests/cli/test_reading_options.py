"""The options for reading a corpus are the same on every verb, in project files and in Python."""

import inspect
import json
from dataclasses import fields

import pytest

from weaklabel import read_corpus
from weaklabel.cli.reading import Reading
from weaklabel.config import CorpusSettings

VERBS = ("label", "analyze", "explain", "suggest", "review", "train", "predict", "score")


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_that_reads_a_corpus_has_all_of_them_below_one_heading(weaklabel, verb):
    shown = weaklabel(verb, "--help").out
    options = shown[shown.index("Reading the corpus:") :].split("\n\n")[0]
    missing = [item.name for item in fields(Reading) if f"--{item.name.replace('_', '-')} " not in options]
    assert not missing


def test_project_files_and_python_have_the_same_ones():
    in_python = inspect.signature(read_corpus).parameters.keys() - {"source", "on_reject", "hide"}
    assert CorpusSettings.model_fields.keys() - {"path"} == in_python
    # No header is what --columns means on the command line.
    assert {item.name for item in fields(Reading)} == in_python - {"header"}


def test_a_corpus_is_read_as_the_options_say(weaklabel, pack, tmp_path):
    corpus = tmp_path / "a.txt"
    corpus.write_bytes("1|grüße, thanks\n2|late\n".encode("latin-1"))
    how = ["--format", "csv", "--delimiter", "|", "--encoding", "latin-1", "--columns", "id,body", "--text", "body"]
    done = weaklabel("analyze", corpus, "--lfs", pack, *how, "--limit", "1", "--json")
    assert done.code == 0, done.err
    assert done.json["rows"] == 1 and done.json["coverage"] == 1.0


def test_review_reads_a_corpus_as_the_options_say(tmp_path):
    from weaklabel.review import open_review

    corpus = tmp_path / "a.txt"
    corpus.write_bytes("1|grüße, thanks\n2|late\n".encode("latin-1"))
    how = Reading(text="body", delimiter="|", encoding="latin-1", columns="id,body", format="csv")
    opened = open_review(corpus, labels=["complaint", "praise"], **how.arguments())
    assert opened.texts == ["grüße, thanks", "late"]


def test_a_finished_run_takes_no_reading_options(weaklabel, tmp_path):
    project = tmp_path / "project.toml"
    project.write_text('[corpus]\npath = "a.csv"\n[lfs]\nuse = ["spam"]\n')
    done = weaklabel("review", project, "--delimiter", ";", "--no-open")
    assert done.code == 1 and "has its own labels, labeling functions, encoder and reading options" in done.err


@pytest.mark.parametrize(
    ("name", "out", "options"),
    [
        ("a.csv", "o.csv", ["--skip-rows", "2", "--comment", "#", "--quote-char", "'"]),
        ("a.json", "o.json", ["--text", "data.text"]),
        ("a.json", "o.jsonl", ["--text", "data.text"]),
        ("a.json", "o.csv", ["--text", "data.text"]),
    ],
)
def test_an_output_of_many_parts_has_every_row(weaklabel, pack, tmp_path, monkeypatch, name, out, options):
    monkeypatch.setattr("weaklabel.corpus.parts.PART_ROWS", 3)
    monkeypatch.setattr("weaklabel.corpus.open.CHUNK", 64)
    monkeypatch.setattr("weaklabel.corpus.json_array.CHUNK", 64)
    n = 20
    if name.endswith(".csv"):
        rows = "".join(f"{row},'thanks, {row}'\n# {row}\n" for row in range(n)) + "broken\n"
        (tmp_path / name).write_text("made by x\n\nid,text\n" + rows)
    else:
        objects = [{"id": row, "data": {"text": f"thanks, {row}"}} for row in range(n)]
        (tmp_path / name).write_text(json.dumps([*objects, "broken"], indent=1))
    done = weaklabel("label", tmp_path / name, "--lfs", pack, "-o", tmp_path / out, *options)
    assert done.code == 0 and f"rows: {n + 1} in = {n} out + 1 rejected" in done.out, done.err
    quote = {"quote_char": "'"} if name.endswith(".csv") else {}
    written = read_corpus(tmp_path / out, text=(), **quote)
    assert written.column("id") == [str(row) for row in range(n)] and not written.rejects
    assert set(written.column("label")) == {"praise"}
    if out.endswith(".json"):
        assert len(json.loads((tmp_path / out).read_text())) == n
