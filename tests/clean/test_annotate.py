"""Columns with words: what is in them, and that files and labeling functions keep them."""

import json

import polars as pl
import pytest

from weaklabel import apply_lfs, labeling_function
from weaklabel.clean import clean_corpus
from weaklabel.clean.annotate import annotated
from weaklabel.cli import main
from weaklabel.corpus import read_corpus
from weaklabel.errors import ConfigError, MissingPackageError

TEXT = "Anna Brown was <b>buying</b> tickets in London."


@pytest.fixture(scope="module")
def cleaned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("annotated")
    corpus = folder / "raw.csv"
    pl.DataFrame({"text": [TEXT, "", "The shops open."]}).write_csv(corpus)
    for suffix in ("csv", "jsonl", "parquet"):
        clean_corpus(
            corpus, folder / f"out.{suffix}", rules={"empty": "off"}, annotate=["entities", "tokens", "pos", "lemmas"]
        )
    return folder


def test_what_spacy_finds(cleaned):
    frame = pl.read_parquet(cleaned / "out.parquet")
    assert frame.columns == ["text", "tokens", "pos", "lemmas", "entities"]
    row = frame.row(0, named=True)
    assert row["text"] == "Anna Brown was buying tickets in London."
    assert row["tokens"] == ["Anna", "Brown", "was", "buying", "tickets", "in", "London", "."]
    assert row["pos"][3:5] == ["VERB", "NOUN"]
    assert row["lemmas"][2:5] == ["be", "buy", "ticket"]
    assert {"text": "London", "label": "GPE", "begin": 33, "end": 39} in row["entities"]
    for entity in row["entities"]:
        assert row["text"][entity["begin"] : entity["end"]] == entity["text"]
    assert frame.row(1)[1:] == ([], [], [], [])


def test_files_keep_the_columns(cleaned):
    rows = pl.read_parquet(cleaned / "out.parquet").to_dicts()
    assert [json.loads(line) for line in (cleaned / "out.jsonl").read_text().splitlines()] == rows
    for of_csv, row in zip(pl.read_csv(cleaned / "out.csv").to_dicts(), rows, strict=True):
        assert {name: json.loads(of_csv[name]) for name in ("tokens", "pos", "lemmas", "entities")} == {
            name: row[name] for name in ("tokens", "pos", "lemmas", "entities")
        }


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_labeling_functions_read_the_columns_as_lists(cleaned, suffix):
    @labeling_function()
    def buys(x):
        return 1 if "buy" in x.lemmas else -1

    @labeling_function()
    def place(x):
        return 1 if any(entity["label"] == "GPE" for entity in x.entities) else -1

    votes = apply_lfs([buys, place], read_corpus(cleaned / f"out.{suffix}"))
    assert votes.L.tolist() == [[1, 1], [-1, -1], [-1, -1]]


def test_label_writes_the_columns_again(cleaned, tmp_path):
    pack = tmp_path / "mine.py"
    pack.write_text(
        "from weaklabel import labeling_function\nLABELS = ['other', 'purchase']\n\n"
        "@labeling_function()\ndef buys(x):\n    return 1 if 'buy' in x.lemmas else 0\n\n"
        "@labeling_function()\ndef verb(x):\n    return 1 if x.pos.count('NOUN') else 0\n\n"
        "@labeling_function()\ndef long(x):\n    return 1 if len(x.tokens) > 5 else 0\n\n"
        "LFS = [buys, verb, long]\n"
    )
    for suffix in ("jsonl", "parquet"):
        corpus, out = cleaned / f"out.{suffix}", tmp_path / f"labeled.{suffix}"
        with pytest.raises(SystemExit) as stopped:
            main(["label", str(corpus), "--lfs", str(pack), "-o", str(out), "-q", "--workers", "0"])
        assert not stopped.value.code
        read = pl.read_ndjson if suffix == "jsonl" else pl.read_parquet
        before, after = read(corpus), read(out)
        assert after.select(before.columns).equals(before)
        assert after["label"].to_list() == ["purchase", "other", "other"]


def test_chinese_words_and_their_parts_of_speech():
    texts = ["我们明天去北京看朋友。", "价格 太 高"]
    words = clean_corpus({"text": texts}, annotate=["tokens"], pipeline="jieba").frame
    assert words["tokens"].to_list() == [["我们", "明天", "去", "北京", "看", "朋友", "。"], ["价格", "太", "高"]]
    tagged = clean_corpus({"text": texts}, annotate=["pos", "tokens"], pipeline="jieba").frame
    assert list(zip(tagged["tokens"][0], tagged["pos"][0], strict=True))[:4] == [
        ("我们", "r"),
        ("明天", "t"),
        ("去", "v"),
        ("北京", "ns"),
    ]


def test_texts_that_are_too_long_are_counted(monkeypatch):
    from weaklabel.clean.annotate import _pipeline

    monkeypatch.setattr(_pipeline("blank:en"), "max_length", 20)
    done = clean_corpus(
        {"text": ["short one", "a text that is longer than that"]}, annotate=["tokens"], pipeline="blank:en"
    )
    assert done.frame["tokens"].to_list() == [["short", "one"], None]
    assert done.counts == {"not annotated, since too long": 1}


def test_missing_texts_have_no_annotations():
    tokens = annotated(pl.Series([None, "a b"], dtype=pl.String), ["tokens"], "blank:en")
    assert tokens["tokens"].to_list() == [None, ["a", "b"]]


def test_what_a_model_does_not_give_is_refused():
    with pytest.raises(ConfigError, match="the pipeline 'blank:de' gives no lemmas"):
        clean_corpus({"text": ["x"]}, annotate=["lemmas"], pipeline="blank:de")
    with pytest.raises(MissingPackageError, match="annotating: the spaCy model 'no_such_model' is not installed"):
        clean_corpus({"text": ["x"]}, annotate=["lemmas"], pipeline="no_such_model")
    with pytest.raises(ConfigError, match="annotating: spaCy cannot make the pipeline 'blank:xyz'"):
        clean_corpus({"text": ["x"]}, annotate=["tokens"], pipeline="blank:xyz")
