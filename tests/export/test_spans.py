"""Labeled spans as exports have them: opened, chosen, counted, written as tables."""

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings

from tests.units.texts import marked_texts
from weaklabel.corpus import read_corpus, write_labeled
from weaklabel.errors import ExportError
from weaklabel.export.exporter import forms_for
from weaklabel.project.export import export_corpus, open_labeled
from weaklabel.units import spans_as_objects, spans_column

LABELS = ("LOC", "PER")

ROWS = [
    {
        "text": "Ada Lovelace moved to London.\r\n\U0001f600 Tom",
        "split": "train",
        "spans": [
            {"start": 0, "end": 12, "label": "PER", "prob": 0.9},
            {"start": 22, "end": 28, "label": "LOC", "prob": 0.6},
            {"start": 33, "end": 36, "label": "PER"},
        ],
        "gold": [[0, 12, "PER"], [22, 28, "PER"]],
    },
    {"text": "Nobody", "split": "train", "spans": [], "gold": None},
    {"text": "?", "split": "test", "spans": None, "gold": [[0, 1, "LOC"]]},
    {
        "text": "北京欢迎你",
        "split": "test",
        "spans": [{"start": 0, "end": 2, "label": "LOC", "prob": 0.99}],
        "gold": [],
    },
]

CARD = {"license": "cc-by-4.0", "source_license": "cc-by-4.0"}


def jsonl(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def span_file(path, marked):
    """Write texts with spans as a file of labeled spans."""
    texts, spans = marked
    cells = spans_as_objects(spans_column(spans, texts, LABELS))
    return jsonl(path, [{"text": text, "spans": cell} for text, cell in zip(texts, cells, strict=True)])


@pytest.fixture
def labeled(tmp_path):
    return jsonl(tmp_path / "labeled.jsonl", ROWS)


def test_a_file_with_spans_is_opened_as_such(labeled):
    corpus = open_labeled(labeled)
    (part,) = corpus.parts()
    assert (corpus.task, corpus.labels, corpus.splits, corpus.has_probs) == ("spans", LABELS, ("train", "test"), True)
    assert part.span_rows.spans.of_row(0) == [(0, 12, 1), (22, 28, 0), (33, 36, 1)]
    assert part.preds.tolist() == [0, 0, -1, 0]
    assert "spans" not in part.frame.columns


def test_spans_and_rows_below_a_probability_are_left_out_and_counted(labeled, tmp_path):
    done = export_corpus(labeled, tmp_path / "all", card=CARD, gold="gold", min_prob=0.7)
    assert done.spans == {"train": {"LOC": 0, "PER": 2}, "test": {"LOC": 1, "PER": 0}}
    assert (done.survey.n_taken, done.survey.dropped_spans, done.survey.span_gold) == (3, 1, (1, 3, 2))
    assert dict(done.survey.left_out) == {"whose spans are not known": 1}
    rows = [json.loads(line) for line in (tmp_path / "all" / "train.jsonl").read_text().splitlines()]
    assert [span["text"] for span in rows[0]["spans"]] == ["Ada Lovelace", "Tom"]
    assert "gold" not in rows[0]
    sure = export_corpus(labeled, tmp_path / "sure", card=CARD, gold="gold", min_confidence=0.7)
    assert sure.survey.left_out["with a span less probable than the least confidence"] == 1
    assert sure.to_dict()["rows_by_split"] == {"train": 1, "test": 1}


def test_the_card_counts_spans_and_scores_them(labeled, tmp_path):
    export_corpus(labeled, tmp_path / "out", card=CARD, gold="gold", min_prob=0.1)
    card = (tmp_path / "out" / "README.md").read_text()
    assert "- token-classification" in card
    assert "| train | 2 | 1 | 2 | 3 |" in card
    assert "25.0% (1 of 4" in card and "50.0% (1 of 2" in card
    assert "less probable than 0.1 are left out" in card


def test_what_only_texts_have_is_refused_for_spans(labeled, tmp_path):
    with pytest.raises(
        ExportError, match=r"labeled\.jsonl holds spans, and KTO is a form for labels of whole texts; forms for"
    ):
        export_corpus(labeled, tmp_path / "out", to="kto", card=CARD)
    with pytest.raises(ExportError, match="only labels of whole texts are drawn"):
        export_corpus(labeled, tmp_path / "out", sample=True, card=CARD)
    texts = {"text": ["a"], "label": ["x"]}
    with pytest.raises(ExportError, match="min_prob"):
        export_corpus(texts, tmp_path / "out", min_prob=0.5, card=CARD)
    assert "kto" not in forms_for("spans") and "jsonl" in forms_for("spans")


def test_labels_and_spans_in_one_file_are_told_apart():
    both = {"text": ["Ada"], "label": ["x"], "confidence": [1.0], "spans": ['[[0, 3, "PER"]]']}
    assert open_labeled(both).task == "texts"
    assert open_labeled(both, task="spans").labels == ("PER",)
    assert (
        open_labeled({**both, "weak_spans": ["[]"]}, task="spans", labels=["PER"]).source.gold
        == "gold (column 'spans')"
    )
    with pytest.raises(ExportError, match="has no column 'x_spans'"):
        open_labeled(both, task="spans", prefix="x_")
    with pytest.raises(ExportError, match="holds no span, so nothing says which labels"):
        open_labeled({"text": ["a"], "spans": ["[]"]})


@given(marked=marked_texts(len(LABELS), overlaps=True))
@settings(max_examples=15, deadline=None)
def test_tables_give_back_the_same_spans(marked, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    file = span_file(folder / "labeled.jsonl", marked)
    for form in ("jsonl", "csv", "tsv", "parquet"):
        out = folder / f"out.{form}"
        export_corpus(file, out, to=form, labels=LABELS)
        reading = {"quoting": True} if form == "tsv" else {}
        (part,) = open_labeled(out, labels=LABELS, **reading).parts()
        assert list(part.texts) == marked[0]
        assert np.array_equal(part.span_rows.spans.keys(), marked[1].keys())


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_a_column_of_spans_that_nobody_named_as_gold_is_pointed_out(form, tmp_path):
    gold = [{"start": 0, "end": 3, "label": "PER"}]
    rows = {"text": ["Ada", "b"], "by_hand": [gold, []], "n": [1, 2], "weak_spans": [gold, []]}
    file = tmp_path / f"labeled.{form}"
    write_labeled(read_corpus(pl.DataFrame({"text": rows["text"]})), str(file), pl.DataFrame(rows).drop("text"))
    with pytest.warns(UserWarning, match="the column 'by_hand' holds spans, and jsonl will have it"):
        export_corpus(file, tmp_path / "out.jsonl")
    export_corpus(file, tmp_path / "out.jsonl", gold="by_hand")
