"""CSV, TSV, JSON Lines and Parquet are read back as they were written."""

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given

from tests.export.rows import HARD, LABELS, TEXTS, corpus_of, frame_of, rows_of, write
from weaklabel.corpus import read_corpus
from weaklabel.errors import ExportError
from weaklabel.export import open_labeled_file
from weaklabel.export.tables import CsvExporter, JsonlExporter, ParquetExporter, TsvExporter
from weaklabel.project.export import export_corpus

EXPORTERS = {"csv": CsvExporter, "tsv": TsvExporter, "jsonl": JsonlExporter, "parquet": ParquetExporter}


@pytest.mark.parametrize("kind", EXPORTERS)
def test_rows_without_a_label_are_not_written_and_others_come_back(tmp_path, kind):
    corpus = corpus_of(HARD)
    record = write(EXPORTERS[kind](), corpus, tmp_path / f"rows.{kind}")
    texts, preds, probs = rows_of(corpus)
    assert record.rows == len(texts) == 6
    rows = read_corpus(tmp_path / f"rows.{kind}").frame()
    assert rows["text"].to_list() == texts
    assert rows["label"].to_list() == [LABELS[pred] for pred in preds]
    if kind == "jsonl":
        assert [list(json.loads(p).values()) for p in rows["probs"].to_list()] == probs.tolist()
    else:
        assert rows.select(pl.col("p_ham", "p_spam").cast(pl.Float64)).to_numpy().tolist() == probs.tolist()


@given(texts=TEXTS)
def test_every_text_comes_back(tmp_path_factory, texts):
    folder = tmp_path_factory.mktemp("tables")
    corpus = corpus_of(texts, [1] * len(texts))
    for kind, exporter in EXPORTERS.items():
        write(exporter(), corpus, folder / f"rows.{kind}")
        assert read_corpus(folder / f"rows.{kind}").texts() == texts, kind


def test_what_is_written_is_a_labeled_file_again(tmp_path):
    corpus = corpus_of(HARD, row=list(range(len(HARD))))
    for kind in ("csv", "tsv", "parquet"):
        path = tmp_path / f"rows.{kind}"
        write(EXPORTERS[kind](), corpus, path)
        again = open_labeled_file(path)
        for before, after in zip(rows_of(corpus), rows_of(again), strict=True):
            assert np.array_equal(before, after)


def test_spreadsheet_safe(tmp_path):
    write(CsvExporter(spreadsheet_safe=True), corpus_of(["=1+2", "@x", "-5", "ok"], [0] * 4), tmp_path / "rows.csv")
    cells = [line.split(",")[0] for line in (tmp_path / "rows.csv").read_text().splitlines()]
    assert cells == ["text", "'=1+2", "'@x", "-5", "ok"]


def test_columns_ids_prefix_and_forms_of_probabilities(tmp_path):
    corpus = corpus_of(["a", "b"], [0, 1], who=["x", "y"], n=[1, None])
    write(JsonlExporter(columns=["text"], row_id="row", prefix="weak_", probs="list"), corpus, tmp_path / "a.jsonl")
    first = json.loads((tmp_path / "a.jsonl").read_text().splitlines()[0])
    assert first == {"text": "a", "row": "0", "weak_label": "ham", "weak_confidence": 0.6, "weak_probs": [0.6, 0.4]}
    write(ParquetExporter(probs="none"), corpus, tmp_path / "a.parquet")
    assert pl.read_parquet(tmp_path / "a.parquet").schema == {
        "text": pl.String,
        "who": pl.String,
        "n": pl.Int64,
        "label": pl.String,
        "confidence": pl.Float64,
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": ["txt"]}, r"no column 'txt' \(did you mean 'text'\?\)"),
        ({"row_id": "who"}, "has a column 'who' already"),
        ({"probs": "lists"}, r"'lists' is none of columns, map, list, none \(did you mean 'list'\?\)"),
    ],
)
def test_refused(options, message):
    with pytest.raises(ExportError, match=message):
        CsvExporter(**options).check_corpus(corpus_of(["a"], [0], who=["x"]))


def test_probabilities_that_are_not_there_are_not_written(tmp_path):
    corpus = open_labeled_file(pl.DataFrame({"text": ["a", "b"], "label": ["ham", "spam"]}))
    write(CsvExporter(), corpus, tmp_path / "rows.csv")
    assert (tmp_path / "rows.csv").read_text() == "text,label\na,ham\nb,spam\n"


def test_a_split_that_is_no_column_becomes_one(tmp_path):
    rows = frame_of(
        [f"text {word}" for word in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n"]], [1] * 14
    )
    done = export_corpus(rows, tmp_path / "rows.csv", "csv", shares={"train": 0.5, "test": 0.5})
    written = pl.read_csv(tmp_path / "rows.csv")
    counts = dict(written["split"].value_counts().iter_rows())
    assert counts == {split: sum(of.values()) for split, of in done.rows.items()}
    assert set(counts) == {"train", "test"}
