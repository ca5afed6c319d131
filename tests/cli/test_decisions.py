"""Decisions of reviewers as gold on the command line and in projects."""

import json

import numpy as np
import polars as pl
import pytest

from tests.cli.conftest import ROWS
from weaklabel.classifier import LinearClassifier
from weaklabel.classifier.continued import fit_weak_then_clean
from weaklabel.corpus import read_corpus
from weaklabel.decisions import Decision, DecisionLog, now, text_hash


@pytest.fixture
def decisions(tmp_path):
    """What a reviewer said of every text with gold but the first; each stands in the corpus twice."""
    log = DecisionLog(tmp_path / "decisions.jsonl")
    for row, (text, label) in enumerate(ROWS[1:], 1):
        if label:
            log.append(Decision(row, text_hash(text), label, "ann", now()))
    return log.path


def test_score_takes_decisions_for_gold(weaklabel, corpus, pack, decisions, tmp_path):
    out = tmp_path / "labeled.csv"
    assert weaklabel("label", corpus, "--lfs", pack, "--label-model", "majority", "-o", out).code == 0
    by_decisions = weaklabel("score", out, "--decisions", decisions, "--json")
    assert by_decisions.code == 0, by_decisions.err
    assert by_decisions.json["n"] == 18 and by_decisions.json["accuracy"] > 0.8
    both = weaklabel("score", out, "--decisions", decisions, "--gold", "truth")
    assert both.code == 2 and "give one of --gold, --decisions and --gold-file" in both.err
    assert weaklabel("score", out).code == 2


def label_with(weaklabel, corpus, pack, decisions, out, *options):
    return weaklabel(
        "label", corpus, "--lfs", pack, "--label-model", "weighted", "--decisions", decisions, *options, "-o", out
    )


@pytest.mark.parametrize("form", ["labeled.csv", "labeled.jsonl", "labeled.parquet"])
def test_rows_that_labels_were_fitted_to_are_not_scored(weaklabel, corpus, pack, tmp_path, form):
    few, out = DecisionLog(tmp_path / "few.jsonl"), tmp_path / form
    for text, label in ROWS[1:4]:
        few.append(Decision(0, text_hash(text), label, "ann", now()))
    assert label_with(weaklabel, corpus, pack, few.path, out, "--votes").code == 0
    frame = read_corpus(out).frame()
    assert frame.columns[-1] == "decided"
    decided = [None if value == "" else value for value in frame["decided"].to_list()]
    said = dict(ROWS[1:4])
    assert decided == [said.get(text) for text in frame["text"].to_list()]
    has_gold = [value not in (None, "") for value in frame["truth"].to_list()]
    n_both = sum(gold and value is not None for gold, value in zip(has_gold, decided, strict=True))
    assert n_both > 0
    done = weaklabel("score", out, "--gold", "truth", "--json")
    assert (done.json["n"], done.json["left_out"]) == (sum(has_gold) - n_both, n_both)
    assert f"{n_both} rows are not scored, since the label model was fitted with decisions on them" in done.err
    assert "column 'decided'" in done.err


def test_gold_that_was_all_fitted_to_scores_nothing(weaklabel, corpus, pack, decisions, tmp_path):
    out = tmp_path / "labeled.csv"
    assert label_with(weaklabel, corpus, pack, decisions, out, "--prefix", "weak_").code == 0
    done = weaklabel("score", out, "--pred", "weak_label", "--decisions", decisions)
    assert done.code == 1 and "fitted with decisions on all 18 rows with gold" in done.err


def test_labels_without_decisions_have_no_such_column(weaklabel, corpus, pack, tmp_path):
    rows = read_corpus(corpus).frame()
    own = tmp_path / "own.csv"
    rows.select(pl.lit("praise").alias("decided"), pl.all()).write_csv(own)
    out = tmp_path / "labeled.csv"
    assert weaklabel("label", own, "--lfs", pack, "--label-model", "majority", "-o", out).code == 0
    assert read_corpus(out).columns.count("decided") == 1
    done = weaklabel("score", out, "--gold", "truth", "--json")
    assert done.json["left_out"] == 0 and done.json["n"] > 0, "a column before the labels is the corpus's own"


def test_a_column_of_that_name_is_never_written_over(weaklabel, corpus, pack, decisions, tmp_path):
    own = tmp_path / "own.csv"
    read_corpus(corpus).frame().with_columns(pl.lit("x").alias("decided")).write_csv(own)
    done = label_with(weaklabel, own, pack, decisions, tmp_path / "labeled.csv")
    assert done.code == 1 and "already has a column 'decided'" in done.err


def test_analyze_shows_precision_on_decisions(weaklabel, corpus, pack, decisions):
    done = weaklabel("analyze", corpus, "--lfs", pack, "--decisions", decisions, "--label-model", "majority", "--json")
    assert done.code == 0, done.err
    broken = next(line for line in done.json["lfs"] if line["LF"] == "broken")
    assert broken["Correct"] + broken["Incorrect"] == 10
    other = weaklabel("analyze", corpus, "--lfs", pack, "--decisions", decisions, "--gold", "truth")
    assert other.code == 2 and "contradicts --gold" in other.err


def test_train_goes_on_with_decided_rows(weaklabel, corpus, pack, decisions, tmp_path):
    options = ("--lfs", pack, "--classifier", "linear", "--label-model", "majority", "--json")
    done = weaklabel("train", corpus, *options, "--decisions", decisions, "-o", tmp_path / "model")
    assert done.code == 0, done.err
    assert done.json["decided"] == 18
    kept = json.loads((tmp_path / "model" / "weaklabel.json").read_text(encoding="utf-8"))
    assert "Training continued with 18 rows that were labeled by hand" in json.dumps(kept)


def test_decisions_on_another_corpus_are_refused(weaklabel, corpus, pack, tmp_path):
    log = DecisionLog(tmp_path / "other.jsonl")
    log.append(Decision(0, text_hash("elsewhere"), "praise", "ann", now()))
    done = weaklabel("analyze", corpus, "--lfs", pack, "--decisions", log.path, "--label-model", "majority")
    assert done.code == 1 and "none of the 1 decided texts" in done.err
    text, label = ROWS[0]
    log.append(Decision(0, text_hash(text), label, "ann", now()))
    done = weaklabel("analyze", corpus, "--lfs", pack, "--decisions", log.path, "--label-model", "majority")
    assert done.code == 0 and "1 of 2 decided texts are not in" in done.err


def test_a_project_takes_decisions_for_gold(weaklabel, corpus, pack, tmp_path):
    project = tmp_path / "project.toml"
    lines = [f'[corpus]\npath = "{corpus}"', f'[lfs]\nuse = ["{pack}"]', '[label_model]\nname = "majority"']
    lines += ['[classifier]\nname = "linear"', f'[gold]\npath = "{tmp_path}/few.jsonl"\ncolumn = "truth"']
    few = DecisionLog(tmp_path / "few.jsonl")
    for row in (0, 5):
        few.append(Decision(row, text_hash(ROWS[row][0]), ROWS[row][1], "ann", now()))
    project.write_text("\n".join(lines), encoding="utf-8")
    done = weaklabel("run", project)
    assert done.code == 0, done.err
    scores = json.loads((tmp_path / "run" / "scores.json").read_text(encoding="utf-8"))
    assert scores["label_model"]["n"] == 4
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["inputs"]["gold"]["name"] == str(few.path)


def test_clean_labels_outweigh_weak_ones():
    texts = ["good day", "bad day", "good night", "bad night"]
    probs = np.array([[0.2, 0.8], [0.2, 0.8], [0.8, 0.2], [np.nan, np.nan]])
    model = LinearClassifier(labels=("a", "b"))
    fit_weak_then_clean(model, texts, probs, np.array([0, 1, 2, 3]), np.array([1, 0, 1, 0]))
    assert model.predict(texts).tolist() == [1, 0, 1, 0]
    assert np.isnan(probs[3]).all()
