"""A corpus labeled with rows that people decided: the label model learns from them, and they keep what was decided."""

from __future__ import annotations

import json

import polars as pl
import pytest
from typer.testing import CliRunner

from weaklabel.cli import app
from weaklabel.corpus import read_corpus
from weaklabel.decisions import Decision, DecisionLog, agreed_classes, now, text_hash
from weaklabel.errors import ConfigError
from weaklabel.job import LabelOptions, label_corpus
from weaklabel.lf.packs import load_lfs

LFS = """
from weaklabel import regex_lf

LABELS = ["ham", "spam"]
LFS = [
    regex_lf("prize", 1, r"prize"),
    regex_lf("lunch", 0, r"lunch"),
    regex_lf("you", 0, r"you"),
]
"""
TEXTS = [f"you won a prize, number {n}" for n in range(20)] + [f"lunch at noon, number {n}" for n in range(20)]
TEXTS += [f"you pay nothing, number {n}" for n in range(40)]
TRUTH = ["spam"] * 20 + ["ham"] * 20 + ["spam"] * 40


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(LFS)
    pl.DataFrame({"text": TEXTS}).write_csv(tmp_path / "messages.csv")
    log = DecisionLog(tmp_path / "decisions.jsonl")
    for row in range(0, 80, 4):
        log.append(Decision(row, text_hash(TEXTS[row]), TRUTH[row], "me", now()))
    return tmp_path


def right(labels) -> float:
    undecided = [row for row in range(80) if row % 4]
    return sum(labels[row] == TRUTH[row] for row in undecided) / len(undecided)


@pytest.mark.parametrize("more", [[], ["--read-texts"], ["--label-model", "majority"]])
def test_label_with_decisions(folder, more):
    def labeled(*options: str):
        command = ["label", "messages.csv", "--lfs", "mine.py", "-o", "out.csv", "--json", *more, *options]
        done = CliRunner().invoke(app, command)
        assert done.exit_code == 0, done.output
        return pl.read_csv("out.csv", raise_if_empty=False), json.loads(done.stdout)

    without, _ = labeled()
    with_gold, said = labeled("--decisions", "decisions.jsonl")
    assert right(with_gold["label"]) == 1 >= right(without["label"])
    assert all(with_gold["label"][row] == TRUTH[row] for row in range(0, 80, 4))
    assert with_gold["confidence"][0] == 1
    assert said["label_model"].endswith("fitted with 20 gold labels")
    assert sum(said["labels"].values()) + said["unlabeled"] == 80


def test_parts_make_no_difference(folder, monkeypatch):
    lfs, decisions = load_lfs("mine.py"), DecisionLog("decisions.jsonl").decisions()
    options = LabelOptions(decided=agreed_classes(decisions, lfs.labels))
    whole = label_corpus(read_corpus("messages.csv"), lfs, options)
    monkeypatch.setenv("WEAKLABEL_CACHE", str(folder / "another"))  # votes are cached by part
    monkeypatch.setattr("weaklabel.corpus.parts.PART_ROWS", 7)
    parts = label_corpus(read_corpus("messages.csv"), lfs, options)
    assert parts.probs.tolist() == whole.probs.tolist()


def test_decisions_on_another_corpus(folder):
    options = LabelOptions(decided={text_hash("another text"): 0})
    with pytest.raises(ConfigError, match=r"messages.csv has none of the 1 decided texts; give the corpus that was"):
        label_corpus(read_corpus("messages.csv"), load_lfs("mine.py"), options)
