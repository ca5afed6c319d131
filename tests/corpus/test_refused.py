"""Values that a format cannot hold, and files that end early, are refused in a sentence."""

import json

import numpy as np
import polars as pl
import pytest
import zstandard

from weaklabel.clean import clean_corpus
from weaklabel.corpus import read_corpus, write_labeled
from weaklabel.errors import CorpusError, LFError
from weaklabel.job import LabelOptions, label_file
from weaklabel.lf.external import votes_from_csv
from weaklabel.lf.packs import LFCollection
from weaklabel.lf.patterns import keyword_lf

LFS = LFCollection((keyword_lf("win", 1, ["win"]),), ("ham", "spam"))


@pytest.mark.parametrize(
    ("column", "sentence"),
    [
        (
            pl.Series("extra", [1.0, np.inf]),
            r"column 'extra' holds what JSON cannot \(an infinite number\): write Parquet",
        ),
        (pl.Series("extra", [[b"x"], [b"y"]]), "column 'extra' holds what JSON cannot"),
    ],
)
def test_values_that_json_has_not(tmp_path, column, sentence):
    corpus = read_corpus(pl.DataFrame({"text": ["win", "lunch"], "extra": column}))
    with pytest.raises(CorpusError, match=sentence):
        label_file(corpus, LFS, str(tmp_path / "out.jsonl"), LabelOptions(workers=0))
    assert not (tmp_path / "out.jsonl").exists()


def test_a_zero_byte_in_the_name_of_a_column(tmp_path):
    path = tmp_path / "zero.jsonl"
    path.write_text('{"text": "hello", "n\\u0000m": 5}\n')
    with pytest.raises(CorpusError, match=r"the name of column 'n\\x00m' holds a zero byte: rename it"):
        clean_corpus(path)
    with pytest.raises(CorpusError, match="holds a zero byte"):
        write_labeled(read_corpus(path), tmp_path / "out.parquet", lambda batch: pl.DataFrame())


def test_a_zstd_frame_that_ends_early(tmp_path):
    data = zstandard.ZstdCompressor().compress(b"text\n" + b"some words\n" * 5000)
    path = tmp_path / "cut.csv.zst"
    path.write_bytes(data)
    assert len(read_corpus(path)) == 5000
    path.write_bytes(data[: len(data) - 8])
    with pytest.raises(CorpusError, match=r"cut\.csv\.zst"):
        len(read_corpus(path))


def test_json_that_is_nested_too_deeply(tmp_path):
    path = tmp_path / "deep.json"
    path.write_text('[{"text": "hello"}, {"text": "x", "deep": ' + "[" * 100_000 + "]" * 100_000 + "}]")
    with pytest.raises(CorpusError, match=r"deep\.json: line 1: nested too deeply: make it flat"):
        read_corpus(path).texts()
    path.write_text(json.dumps([{"text": "hello"}]) + "]")
    with pytest.raises(CorpusError, match=r"deep\.json"):
        read_corpus(path).texts()


def test_more_lines_are_left_out_than_there_are(tmp_path):
    (tmp_path / "few.csv").write_text("text\nhello\n")
    with pytest.raises(CorpusError, match=r"few\.csv: nothing is left after the first 5 lines: skip fewer"):
        read_corpus(tmp_path / "few.csv", skip_rows=5)


def test_a_crowd_vote_without_a_worker(tmp_path):
    path = tmp_path / "votes.csv"
    how = {"labels": ("ham", "spam"), "key": "id", "format": "long", "worker": "who", "label": "vote"}
    for line, sentence in (("1,,ham", "the worker is empty"), (",ann,ham", "the key is empty")):
        path.write_text(f"id,who,vote\n{line}\n")
        with pytest.raises(LFError, match=sentence):
            votes_from_csv(path, **how)
