"""A finished run in every form that is not for language models, at once."""

import json

import numpy as np
import polars as pl
import pytest

from weaklabel.project.export import export_corpus, open_labeled

FORMS = ["jsonl", "csv", "tsv", "parquet", "datasets", "docbin", "sklearn", "tfrecord", "cleanlab"]
REVIEW = ["label-studio", "argilla", "doccano"]


def test_all_forms_have_the_same_rows(run, tmp_path):
    pytest.importorskip("crc32c")
    corpus = open_labeled(run)
    rows = sum(len(part) for part in corpus.parts())
    with pytest.warns(match="always agree"):
        done = export_corpus(run, tmp_path / "out", [*FORMS, *REVIEW], card={"license": "mit", "source_license": "mit"})
    assert {name: record.rows for name, record in done.records.items()} == {
        **dict.fromkeys(FORMS, done.survey.n_taken),
        **dict.fromkeys(REVIEW, rows),
    }
    out = tmp_path / "out"
    labels = pl.read_parquet(out / "parquet" / "train.parquet")["label"].to_list()
    assert pl.read_csv(out / "csv" / "train.csv")["label"].to_list() == labels
    assert [json.loads(line)["label"] for line in (out / "jsonl" / "train.jsonl").read_text().splitlines()] == labels
    with np.load(out / "sklearn" / "train.npz") as arrays:
        assert [corpus.labels[number] for number in arrays["y"]] == labels
    with np.load(out / "cleanlab" / "cleanlab.npz") as arrays:
        assert arrays["labels_multiannotator"].shape == (len(labels), len(corpus.lf_names))
