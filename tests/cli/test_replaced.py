"""An output that exists is replaced, and the command says so."""

import json
import os
from datetime import datetime

import pytest

OLD = datetime(2026, 5, 6, 7, 8).timestamp()


@pytest.fixture
def old(tmp_path):
    def make(name):
        path = tmp_path / name
        path.write_text("mine")
        os.utime(path, (OLD, OLD))
        return path

    return make


def test_a_replaced_output_is_announced_with_its_time(weaklabel, corpus, pack, old, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    label = ("label", corpus, "--lfs", pack, "-o")
    output = "replacing labeled.csv (from 2026-05-06 07:08)"
    dry = weaklabel(*label, old("labeled.csv"), "--dry-run")
    assert output.replace("replacing", "would replace") in dry.err
    assert (tmp_path / "labeled.csv").read_text() == "mine"
    done = weaklabel(*label, old("labeled.csv"))
    assert done.code == 0 and output in done.err and "replacing" not in done.out
    assert "replacing" not in weaklabel(*label, old("labeled.csv"), "--quiet").err
    assert "replac" not in weaklabel(*label, tmp_path / "new.csv").err
    assert "replac" not in weaklabel(*label, "-").err


def test_an_input_is_refused_before_anything_is_announced(weaklabel, corpus, pack):
    done = weaklabel("label", corpus, "--lfs", pack, "-o", corpus)
    assert done.code == 1 and "is the corpus itself" in done.err and "replac" not in done.err


def test_every_verb_announces(weaklabel, corpus, pack, old, tmp_path):
    assert "replacing" in weaklabel("analyze", corpus, "--lfs", pack, "--html", old("a.html")).err
    train = ("train", corpus, "--lfs", pack, "--classifier", "linear", "-o", tmp_path / "model")
    assert "replac" not in weaklabel(*train).err
    assert "would replace" in weaklabel(*train, "--dry-run").err
    assert f"replacing {tmp_path}" in weaklabel(*train).err
    predict = ("predict", corpus, "--model", tmp_path / "model", "-o", old("predicted.csv"))
    assert f"replacing {tmp_path / 'predicted.csv'}" in weaklabel(*predict).err
    suggest = ("suggest", corpus, "--lfs", pack, "-o", old("more.py"))
    assert weaklabel(*suggest).code == 1
    assert "replacing" in weaklabel(*suggest, "--force").err


def test_stdout_is_named(weaklabel, corpus, pack):
    assert "written to stdout" in weaklabel("label", corpus, "--lfs", pack, "-o", "-").err


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet", "jsonl"])
def test_a_field_of_a_json_object_is_found_again_in_the_output(weaklabel, pack, tmp_path, ending):
    rows = [{"id": 1, "data": {"text": "thanks a lot", "by": {"name": "a"}}}, {"id": 2, "data": {"text": "late"}}]
    (tmp_path / "in.json").write_text(json.dumps(rows))
    out = tmp_path / f"out.{ending}"
    assert weaklabel("label", tmp_path / "in.json", "--lfs", pack, "--text", "data.text", "-o", out).code == 0
    again = weaklabel("label", out, "--lfs", pack, "--text", "data.text", "--prefix", "b_", "--json", "-o", "-")
    assert again.code == 0 and json.loads(again.err.splitlines()[-1])["labels"] == {"complaint": 1, "praise": 1}
    wrong = weaklabel("analyze", out, "--lfs", pack, "--text", "data.by.nme")
    assert wrong.code == 1 and "no column 'data.by.nme'" in wrong.err


def test_a_column_of_that_very_name_comes_first(weaklabel, pack, tmp_path):
    corpus = tmp_path / "a.csv"
    corpus.write_text('data,data.text\n"{""text"": ""late""}",thanks\n')
    done = weaklabel("label", corpus, "--lfs", pack, "--text", "data.text", "--json", "-o", tmp_path / "out.csv")
    assert done.json["labels"] == {"complaint": 0, "praise": 1}
