"""The folder is a data set to the package datasets: classes, probabilities, splits."""

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings

from tests.export.rows import HARD, LABELS, TEXTS, corpus_of, frame_of, rows_of, write
from weaklabel.errors import ExportError
from weaklabel.export.dataset_folder import DatasetExporter
from weaklabel.project.export import export_corpus

datasets = pytest.importorskip("datasets")
datasets.disable_progress_bars()


def loaded(folder, layout, tmp_path):
    if layout == "arrow":
        return datasets.load_from_disk(str(folder))
    return datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))


@pytest.mark.parametrize("layout", ["parquet", "arrow"])
def test_data_set(tmp_path, layout):
    splits = ["train", "test", "train", "train", "validation", "test", "train", "train", "train"]
    corpus = corpus_of(HARD, splits=splits, n=list(range(9)))
    record = write(DatasetExporter(layout=layout, row_id="row"), corpus, tmp_path / "out")
    data = loaded(tmp_path / "out", layout, tmp_path)
    assert {split: len(rows) for split, rows in data.items()} == {"train": 3, "validation": 1, "test": 2}
    assert record.rows == 6
    features = data["train"].features
    assert features["label"] == datasets.ClassLabel(names=list(LABELS))
    assert features["probs"].length == 2 and features["probs"].feature.dtype == "float64"
    assert features["text"].dtype == "string" and features["n"].dtype == "int64"
    texts, preds, probs = rows_of(corpus)
    rows = sorted((row for split in data.values() for row in split), key=lambda row: row["n"])
    assert [row["text"] for row in rows] == texts
    assert [row["label"] for row in rows] == preds.tolist()
    assert np.allclose([row["probs"] for row in rows], probs, atol=1e-6)
    assert [row["row"] for row in rows] == [str(row["n"]) for row in rows]


@pytest.mark.parametrize("layout", ["parquet", "arrow"])
def test_files_are_begun_when_the_one_before_is_full(tmp_path, layout, monkeypatch):
    monkeypatch.setattr("weaklabel.export.shards.BLOCK_ROWS", 2)
    corpus = corpus_of([f"text {row}" for row in range(9)], [row % 2 for row in range(9)])
    write(DatasetExporter(layout=layout, max_mb=0.00001), corpus, tmp_path / "out")
    if layout == "parquet":
        names = sorted(path.name for path in (tmp_path / "out" / "data").iterdir())
        assert names == [f"train-0000{number}-of-00005.parquet" for number in range(5)]
        assert pq.read_metadata(tmp_path / "out" / "data" / names[0]).num_rows == 2
    assert loaded(tmp_path / "out", layout, tmp_path)["train"]["text"][:] == [f"text {row}" for row in range(9)]


@settings(max_examples=15)
@given(texts=TEXTS)
def test_every_text_comes_back(tmp_path_factory, texts):
    folder = tmp_path_factory.mktemp("dataset")
    write(DatasetExporter(), corpus_of(texts, [0] * len(texts)), folder / "out")
    (file,) = (folder / "out" / "data").iterdir()
    assert pq.read_table(file)["text"].to_pylist() == texts


def test_a_dataset_card_does_not_hide_the_splits(tmp_path):
    rows = frame_of(["a", "b", "c"], [0, 1, 0], ["train", "train", "test"])
    export_corpus(rows, tmp_path / "out", "datasets", card={"license": "cc0-1.0", "source_license": "cc0-1.0"})
    assert (tmp_path / "out" / "README.md").is_file()
    data = loaded(tmp_path / "out", "parquet", tmp_path)
    assert {split: rows["label"][:] for split, rows in data.items()} == {"train": [0, 1], "test": [0]}


def test_refused():
    with pytest.raises(ExportError, match="layout: 'csv' is none of parquet, arrow"):
        DatasetExporter(layout="csv").check_corpus(corpus_of(["a"], [0]))
