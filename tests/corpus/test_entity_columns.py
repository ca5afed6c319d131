"""Columns of entities: where these stand in the text, in every format, and what is said where they do not."""

from __future__ import annotations

import io
import json
import sys
from itertools import pairwise

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, strategies as st

from weaklabel.corpus import mark_entities, read_corpus
from weaklabel.corpus.entities import MOST_WORDS
from weaklabel.errors import CorpusError

TEXT = "the rain met the old roof"
MARKED = "the @ rain @ met the old # roof #"


def marked(text, one, other):
    frame = pl.DataFrame({"text": [text], "e1": [one], "e2": [other]})
    (result,) = read_corpus(frame, entities=("e1", "e2")).model_texts()
    return result


@pytest.mark.parametrize("one", ["rain", "4-8", "[4,8]", "[4, 8]", " 4-8 "])
@pytest.mark.parametrize("other", ["roof", "21-25"])
def test_words_and_spans_say_the_same(one, other):
    assert marked(TEXT, one, other) == MARKED


@pytest.mark.parametrize(
    ("text", "one", "other", "expected"),
    [
        ("a cat, concatenation", "cat", "con", "a @ cat @, # con #catenation"),
        ("concatenation by a cat", "cat", "by", "concatenation # by # a @ cat @"),
        ("concatenation", "cat", "con", "# con #@ cat @enation"),
        ("x of y, x and z", "x", "z", "x of y, @ x @ and # z #"),
        ("y x and x z", "x", "and", "y @ x @ # and # x z"),
        ("a dog bit a dog", "dog", "dog", "a @ dog @ bit a # dog #"),
        ("a dog barks", "dog", "dog", "a @ # dog # @ barks"),
        ("Tartu has the University of Tartu", "University of Tartu", "Tartu", "# Tartu # has the @ University of Tartu @"),
        ("the University of Tartu", "University of Tartu", "Tartu", "the @ University of # Tartu # @"),
        ("on (IL-2) in T.", "(IL-2)", "T.", "on @ (IL-2) @ in # T. #"),
        ("雨落在旧屋顶上", "雨", "屋顶", "@ 雨 @落在旧# 屋顶 #上"),
        ("x, x and 12-14 x", "x", "3-4", "@ x @, # x # and 12-14 x"),
    ],
)  # fmt: skip
def test_the_nearest_places_at_the_boundaries_of_words(text, one, other, expected):
    assert marked(text, one, other) == expected


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "column 'e2': the entity is empty; give its words"),
        ("  ", "column 'e2': the entity is empty; give its words"),
        ("Roof", r"column 'e2': 'Roof' is not in the text 'the rain met the old roof'; give words"),
        ("21-26", "column 'e2': the span 21-26 holds no part of the text, which has 25 characters; give begin and end"),
        ("8-4", "column 'e2': the span 8-4 holds no part"),
        ("3-4", "column 'e2': the span 3-4 holds no part"),
        ("9" * 5000 + "-5", "column 'e2': '9+...' is not in the text"),
    ],
)
def test_what_is_no_entity_is_told_with_its_place(tmp_path, value, message):
    path = tmp_path / "rows.csv"
    rows = pl.DataFrame({"text": [TEXT] * 3, "e1": ["rain"] * 3, "e2": ["roof", "roof", value]})
    rows.write_csv(path)
    corpus = read_corpus(path, entities=("e1", "e2"))
    assert corpus.texts() == [TEXT] * 3
    with pytest.raises(CorpusError, match=rf"rows\.csv, row 2 \(rows count from 0\), {message}.*such as 27-34"):
        corpus.model_texts()


def test_every_format_gives_the_same(tmp_path, monkeypatch):
    rows = [{"text": TEXT, "e1": [4, 8], "e2": "roof"}, {"text": "x y", "e1": [0, 1], "e2": "y"}]
    expected = [MARKED, "@ x @ # y #"]
    frame = pl.DataFrame(rows)
    frame.write_parquet(tmp_path / "rows.parquet")
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    texts = frame.with_columns(pl.Series("e1", ["4-8", "0-1"]))
    texts.write_csv(tmp_path / "rows.csv")
    texts.write_csv(tmp_path / "rows.tsv", separator="\t")
    for source in (*sorted(tmp_path.iterdir()), frame, pd.DataFrame(rows), texts):
        assert read_corpus(source, entities=("e1", "e2")).model_texts() == expected
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO((tmp_path / "rows.csv").read_bytes())))
    assert read_corpus("-", entities=["e1", "e2"]).model_texts() == expected


def test_batches_and_parts_of_them_count_the_rows_of_the_corpus():
    frame = pl.DataFrame({"text": [TEXT, "x y", "no z"], "e1": ["rain", "x", "y"], "e2": ["roof", "y", "z"]})
    corpus = read_corpus(frame, entities=("e1", "e2"))
    first, other, last = corpus.batches(1)
    assert (first.model_texts, other.model_texts) == ([MARKED], ["@ x @ # y #"])
    (whole,) = corpus.batches()
    assert whole.part(1, 2).model_texts == ["@ x @ # y #"]
    for batch in (last, whole.part(2, 3)):
        assert batch.texts == ["no z"]
        with pytest.raises(CorpusError, match="data frame, row 2 "):
            _ = batch.model_texts


def test_without_entities_models_read_the_text_as_it_is():
    corpus = read_corpus(pl.DataFrame({"text": [TEXT], "e1": ["rain"]}))
    assert corpus.entities == () and corpus.model_texts() == corpus.texts() == [TEXT]


def test_long_texts_are_cut_around_the_entities():
    text = " ".join(["far"] * 200 + [TEXT] + ["off"] * 200)
    assert marked(text, "rain", "roof") == mark_entities(text, (804, 808), (821, 825), words=MOST_WORDS)
    assert len(marked(text, "rain", "roof").split()) == MOST_WORDS + 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"entities": ("e1", "e3")}, "no column 'e3', did you mean 'e1'|no column 'e3'"),
        ({"entities": ("e1",)}, r"entities are two different columns, such as \('e1', 'e2'\)"),
        ({"entities": ("e1", "e1")}, "entities are two different columns"),
        ({"entities": "e1"}, "entities are two different columns"),
        ({"entities": ("e1", "e2"), "hide": ["e2"]}, "'e2' is an entity and cannot be hidden"),
        ({"entities": ("e1", "text")}, "column 'text' is the text and cannot be an entity"),
        ({"entities": ("e1", "e2"), "text": ()}, "no text column is given"),
    ],
)
def test_wrong_columns_are_refused_at_once(options, message):
    frame = pl.DataFrame({"text": [TEXT], "e1": ["rain"], "e2": ["roof"]})
    with pytest.raises(CorpusError, match=message):
        read_corpus(frame, **options)


def test_another_process_reads_the_same(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text(f"text,e1,e2\n{TEXT},rain,roof\n", encoding="utf-8")
    for corpus in (read_corpus(path, entities=("e1", "e2")), read_corpus(path)):
        corpus.mark(("e1", "e2"))
        assert corpus.entities == ("e1", "e2")
        assert read_corpus(**json.loads(json.dumps(corpus.arguments))).model_texts() == [MARKED]


word = st.text(st.characters(whitelist_categories=("L",)), min_size=1, max_size=4)
row = st.lists(word, min_size=2, max_size=20, unique=True).flatmap(
    lambda words: st.tuples(st.just(words), st.permutations(range(len(words))))
)


@given(st.lists(row, min_size=1, max_size=8), st.randoms(use_true_random=False), st.integers(1, 4))
def test_spans_and_words_in_any_order_of_rows_give_the_same_marks(rows, random, size):
    cells = []
    for words, (first, other, *_) in rows:
        ends = [0, *(len(" ".join(words[: n + 1])) + 1 for n in range(len(words)))]
        spans = [f"{begin}-{end - 1}" for begin, end in pairwise(ends)]
        cells.append((" ".join(words), words[first], words[other], spans[first], spans[other]))

    def read(order, entities):
        frame = pl.DataFrame([cells[n] for n in order], schema=["text", "e1", "e2", "s1", "s2"], orient="row")
        batches = read_corpus(frame, entities=entities).batches(size)
        return [text for batch in batches for text in batch.model_texts]

    order = list(range(len(cells)))
    expected = read(order, ("s1", "s2"))
    assert read(order, ("e1", "e2")) == read(order, ("s1", "e2")) == expected
    random.shuffle(order)
    assert read(order, ("e1", "s2")) == [expected[n] for n in order]
