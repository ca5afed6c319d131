"""Parquet, folders, data frames, standard input, and options that do not apply."""

from __future__ import annotations

import gzip
import io
import sys
from datetime import date

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from weaklabel.corpus import read_corpus
from weaklabel.errors import CorpusError

FRAME = pl.DataFrame(
    {
        "text": ["a", None, "NA"],
        "n": [1, 2, None],
        "p": [0.5, None, 1.0],
        "day": [date(2024, 1, 2)] * 3,
        "tags": [["x"], [], None],
    }
)


@pytest.mark.parametrize("size", [1, 2, 10])
def test_parquet_keeps_native_types(tmp_path, size):
    path = tmp_path / "a.parquet"
    FRAME.write_parquet(path, row_group_size=2)
    corpus = read_corpus(path)
    assert corpus.schema == dict(FRAME.schema)
    assert pl.concat([batch.source for batch in corpus.batches(size)]).equals(FRAME)
    assert corpus.frame().equals(FRAME)
    assert corpus.texts() == ["a", "", "NA"]
    assert corpus.dialect is None and not corpus.rejects


def test_parquet_with_categories_and_no_rows(tmp_path):
    path = tmp_path / "a.parquet"
    table = pa.table({"text": pa.array(["x", "y", "x"]).dictionary_encode()})
    pq.write_table(table, path)
    assert read_corpus(path).texts() == ["x", "y", "x"]
    pq.write_table(table.slice(0, 0), path)
    assert (len(read_corpus(path)), read_corpus(path).texts()) == (0, [])


def test_unreadable_parquet(tmp_path):
    path = tmp_path / "a.parquet"
    path.write_bytes(b"text,b\n1,2\n")
    with pytest.raises(CorpusError, match=r"a\.parquet: not a readable Parquet file"):
        read_corpus(path)


def test_a_text_column_must_hold_text(tmp_path):
    path = tmp_path / "a.parquet"
    FRAME.write_parquet(path)
    assert read_corpus(path, text="n").texts() == ["1", "2", ""]
    with pytest.raises(CorpusError, match="column 'tags' holds List"):
        read_corpus(path, text="tags")


def test_polars_frame():
    corpus = read_corpus(FRAME, text=("text", "n"), limit=2)
    assert corpus.texts() == ["a\n1", "\n2"]
    assert corpus.frame().equals(FRAME.head(2))
    assert len(corpus.sha256()) == 64


def test_pandas_frame_with_a_shuffled_index_and_a_column_called_name():
    frame = pd.DataFrame({"text": ["a", "b", None], "name": ["NA", "y", "z"], "k": [1, 2, 3]}, index=[7, 3, 3])
    corpus = read_corpus(frame)
    assert corpus.columns == ("text", "name", "k")
    assert corpus.frame().rows() == [("a", "NA", 1), ("b", "y", 2), (None, "z", 3)]
    assert [row.name for batch in corpus.batches(2) for row in batch.rows()] == ["NA", "y", "z"]


@pytest.mark.parametrize(
    "frame",
    [pd.DataFrame([[1, 2]]), pd.DataFrame([["a", "b"]], columns=["text", "text"]), pd.DataFrame({"text": ["a", [1]]})],
)
def test_unusable_pandas_frame(frame):
    with pytest.raises(CorpusError, match="data frame"):
        read_corpus(frame)


def test_folder(tmp_path):
    folder = tmp_path / "docs"
    (folder / "in").mkdir(parents=True)
    (folder / "b.txt").write_bytes(b"second\r\nline\r\n")
    (folder / "a.txt").write_bytes(b"")
    (folder / "in" / "c.txt.gz").write_bytes(gzip.compress("drittes Stück\n".encode()))
    (folder / "notes.md").write_text("not read", encoding="utf-8")
    corpus = read_corpus(folder)
    assert corpus.columns == ("file", "folder", "text")
    assert corpus.frame().rows() == [
        ("a.txt", "", ""),
        ("b.txt", "", "second\r\nline\r\n"),
        ("in/c.txt.gz", "in", "drittes Stück\n"),
    ]
    before = corpus.sha256()
    (folder / "b.txt").write_bytes(b"changed")
    with pytest.raises(CorpusError, match="changed while it was being used"):
        corpus.texts()
    assert read_corpus(folder).sha256() != before


def test_folder_with_wrong_bytes_or_nothing(tmp_path):
    with pytest.raises(CorpusError, match=r"holds no \.txt file"):
        read_corpus(tmp_path)
    (tmp_path / "a.txt").write_bytes(b"caf\xe9")
    with pytest.raises(CorpusError, match=r"none of its \.txt files .*a\.txt: byte 3 is not utf-8"):
        read_corpus(tmp_path).texts()
    assert read_corpus(tmp_path, encoding="latin-1").texts() == ["café"]


def test_files_of_a_folder_that_are_no_text_are_rejects_by_name(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "a.txt").write_bytes(b"caf\xe9")
    (tmp_path / "b" / "b.txt").write_text("fine")
    (tmp_path / "b" / "c.txt").write_bytes(b"%PDF-1.4 ...")
    corpus = read_corpus(tmp_path)
    assert corpus.frame().rows() == [("b/b.txt", "b", "fine")]
    assert [(reject.line, reject.raw) for reject in corpus.rejects] == [(1, "a.txt"), (3, "b/c.txt")]
    assert "cp1252" in corpus.rejects[0].reason and "is a PDF document" in corpus.rejects[1].reason
    (part,) = corpus.parts()
    assert part.rejects == corpus.rejects and corpus.read_part(part.part).batch.texts == ["fine"]


def _stdin(monkeypatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_standard_input_can_be_read_again(monkeypatch):
    _stdin(monkeypatch, gzip.compress(b"id;text\n1;a\n2\n2;b\n"))
    corpus = read_corpus("-")
    assert corpus.texts() == corpus.texts() == ["a", "b"]
    assert corpus.name == "standard input" and [reject.line for reject in corpus.rejects] == [3]


def test_standard_input_in_another_format(monkeypatch):
    _stdin(monkeypatch, b'{"text": "a"}\n')
    assert read_corpus("-", format="jsonl").texts() == ["a"]


def test_format_option_and_unknown_formats(tmp_path):
    path = tmp_path / "dump.dat"
    path.write_text("text,b\n1,2\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"cannot detect the format of dump\.dat .*format=.csv.\|.tsv."):
        read_corpus(path)
    assert read_corpus(path, format="csv").texts() == ["1"]
    with pytest.raises(CorpusError, match="unknown format 'xml'"):
        read_corpus(path, format="xml")
    with pytest.raises(CorpusError, match=r"missing\.csv does not exist"):
        read_corpus(tmp_path / "missing.csv")
    with pytest.raises(CorpusError, match="not int"):
        read_corpus(3)


@pytest.mark.parametrize(
    "options", [{"delimiter": ","}, {"quoting": True}, {"header": False}, {"columns": ["a"]}, {"encoding": "utf-8"}]
)
def test_options_that_do_not_apply_are_refused(options):
    with pytest.raises(CorpusError, match=f"{next(iter(options))}.* cannot be given for a frame corpus"):
        read_corpus(FRAME, **options)
