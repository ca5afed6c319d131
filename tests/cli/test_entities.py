"""Relation corpora on the command line: labeling functions read the text as it is, models the marked one."""

import csv
import json
import shutil
from itertools import chain

import polars as pl
import pytest

from tests.relations import ROWS, write_relations
from weaklabel.classifier import load_classifier
from weaklabel.classifier.linear import LinearClassifier
from weaklabel.corpus import read_corpus
from weaklabel.decisions import Decision, DecisionLog, now, text_hashes
from weaklabel.label_model import AutoLabelModel
from weaklabel.label_model.base import BaseLabelModel

ENTITIES = ("--entities", "e1,e2")
FIRST = "@ rain @ causes # mud #"


@pytest.fixture
def corpus(tmp_path):
    return write_relations(tmp_path)


@pytest.fixture
def pack(corpus):
    return corpus.with_name("pack.py")


@pytest.fixture
def read(monkeypatch):
    """What classifiers and label models were given to read, by who read it."""
    seen = {}

    def watch(cls, name, texts=lambda given: given[0]):
        real = getattr(cls, name)

        def watched(self, *given, **named):
            seen.setdefault(f"{cls.__name__}.{name}", []).append(list(texts(given)))
            return real(self, *given, **named)

        monkeypatch.setattr(cls, name, watched)

    watch(LinearClassifier, "fit")
    watch(LinearClassifier, "predict_proba")
    watch(AutoLabelModel, "_fit_sample", lambda given: given[1].texts)
    return seen


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return the folder of a finished run with gold, a ceiling and a label model that reads texts; copy it."""
    folder = tmp_path_factory.mktemp("run")
    write_relations(folder)
    shutil.copy(folder / "relations.csv", folder / "all_gold.csv")
    (folder / "project.toml").write_text(
        'out = "run"\n[corpus]\npath = "relations.csv"\nentities = ["e1", "e2"]\n[lfs]\nuse = ["pack.py"]\nworkers = 0\n'
        '[classifier]\nname = "linear"\n[gold]\npath = "gold.csv"\ncolumn = "truth"\nceiling = "all_gold.csv"\n'
    )
    return folder


def marked(corpus):
    return read_corpus(corpus, entities=("e1", "e2")).model_texts()


def labels_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return [row["label"] for row in csv.DictReader(file)]


def test_label_with_texts(weaklabel, corpus, pack, read, tmp_path):
    out = tmp_path / "out.csv"
    done = weaklabel("label", corpus, "--lfs", pack, *ENTITIES, "--read-texts", "--workers", 0, "-o", out)
    assert done.code == 0, done.err
    assert read["AutoLabelModel._fit_sample"] == [marked(corpus)]


def test_train_and_predict(weaklabel, corpus, pack, read, tmp_path):
    model, options = tmp_path / "model", ("--classifier", "linear", "--workers", 0)
    done = weaklabel("train", corpus, "--lfs", pack, *ENTITIES, *options, "-o", model, "--json")
    assert done.code == 0, done.err
    assert done.json["covered"] == len(ROWS)  # an LF that had met a mark would have failed
    assert read["AutoLabelModel._fit_sample"] == read["LinearClassifier.fit"] == [marked(corpus)]
    assert marked(corpus)[0] == FIRST
    assert load_classifier(model).entities_ == ("e1", "e2")
    outs = [tmp_path / "remembered.csv", tmp_path / "asked.csv"]
    for out, asked in zip(outs, [(), ENTITIES], strict=True):
        done = weaklabel("predict", corpus, "--model", model, *asked, "-o", out)
        assert done.code == 0, done.err
        assert "warning" not in done.err.lower()
        assert list(chain(*read["LinearClassifier.predict_proba"])) == marked(corpus)
        read["LinearClassifier.predict_proba"].clear()
    assert outs[0].read_bytes() == outs[1].read_bytes()
    with outs[0].open(newline="", encoding="utf-8") as file:
        assert [row["text"] for row in csv.DictReader(file)] == [row[0] for row in ROWS]
    scored = weaklabel("score", outs[0], "--gold", "truth", "--json").json
    assert scored["accuracy"] > 0.8


def test_predict_finds_the_entities_or_says_what_is_missing(weaklabel, corpus, pack, tmp_path):
    model, options = tmp_path / "model", ("--classifier", "linear", "--label-model", "majority", "--workers", 0)
    assert weaklabel("train", corpus, "--lfs", pack, *ENTITIES, *options, "-o", model).code == 0
    other = tmp_path / "other.csv"
    pl.read_csv(corpus).rename({"e1": "subject", "e2": "object"}).write_csv(other)
    for more in ((), ("--dry-run",)):
        done = weaklabel("predict", other, "--model", model, "-o", tmp_path / "out.csv", *more)
        assert done.code == 1
        assert "trained on texts with marked entities, and" in done.err and "--entities E1,E2" in done.err
    asked = ("--entities", "subject,object")
    assert weaklabel("predict", other, "--model", model, *asked, "-o", tmp_path / "out.csv").code == 0
    assert weaklabel("predict", corpus, "--model", model, "-o", tmp_path / "same.csv").code == 0
    assert labels_of(tmp_path / "out.csv") == labels_of(tmp_path / "same.csv")


def test_marks_that_a_classifier_does_not_know_are_warned_of(weaklabel, corpus, pack, tmp_path):
    model, options = tmp_path / "model", ("--classifier", "linear", "--label-model", "majority", "--workers", 0)
    assert weaklabel("train", corpus, "--lfs", pack, *options, "-o", model).code == 0
    done = weaklabel("predict", corpus, "--model", model, *ENTITIES, "-o", tmp_path / "out.csv")
    assert done.code == 0 and "the classifier was not saved with entity columns" in done.err


@pytest.mark.parametrize("verb", ["analyze", "explain", "label", "predict", "review", "score", "suggest", "train"])
@pytest.mark.parametrize("given", ["e1", "e1,e1", "e1,e2,e3", "e1,", ""])
def test_entities_that_are_no_two_columns_are_wrong_usage(weaklabel, corpus, verb, given):
    done = weaklabel(verb, corpus, "--entities", given)
    assert done.code == 2 and "--entities" in done.err and "give two, such as e1,e2" in " ".join(done.err.split())


def test_an_entity_that_is_not_there_is_told_before_any_vote(weaklabel, corpus, pack, tmp_path):
    corpus.write_text(corpus.read_text().replace("rain causes mud,rain", "rain causes mud,Rain", 1))
    pack.write_text(pack.read_text().replace("assert", "raise SystemExit; assert"))
    done = weaklabel("train", corpus, "--lfs", pack, *ENTITIES, "--workers", 0, "-o", tmp_path / "model")
    assert done.code == 1
    where = "relations.csv, row 0 (rows count from 0), column 'e1': 'Rain' is not in the text"
    assert where in " ".join(done.err.split()) and not (tmp_path / "model").exists()


def test_a_run_marks_what_models_read_and_its_folder_does_so_again(weaklabel, run, read, tmp_path, monkeypatch):
    done = weaklabel("run", run / "project.toml", "--json")
    assert done.code == 0, done.err
    everything, gold = marked(run / "relations.csv"), marked(run / "gold.csv")
    assert read["AutoLabelModel._fit_sample"] == [everything]
    assert read["LinearClassifier.fit"] == [everything] * 2  # the classifier, and the ceiling
    assert set(map(tuple, read["LinearClassifier.predict_proba"])) == {tuple(gold)}
    manifest = json.loads((run / "run" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["settings"]["corpus"]["entities"] == ["e1", "e2"]

    asked = []
    real = BaseLabelModel.predict

    def predict(self, *given, **named):
        asked.append(named.get("texts"))
        return real(self, *given, **named)

    monkeypatch.setattr(BaseLabelModel, "predict", predict)
    result = weaklabel("explain", run / "run", "--row", 0, "--json").json
    assert result["text"] == ROWS[0][0]
    assert {text for texts in asked if texts for text in texts} == {FIRST}
    assert weaklabel("explain", run / "run", "--lf", "causes", "--json").code == 0
    assert FIRST in asked[-1]
    refused = weaklabel("explain", run / "run", "--row", 0, *ENTITIES)
    assert refused.code == 2 and "has its own settings" in refused.err
    done = weaklabel(
        "predict", run / "relations.csv", "--model", run / "run" / "models" / "linear", "-o", tmp_path / "o.csv"
    )
    assert done.code == 0 and everything in read["LinearClassifier.predict_proba"]


def test_what_is_decided_of_a_pair_says_nothing_of_another_in_the_same_sentence(weaklabel, corpus, pack, tmp_path):
    log = DecisionLog(tmp_path / "decisions.jsonl")
    keys = text_hashes(marked(corpus))
    for row in (len(ROWS) - 2, len(ROWS) - 1):
        log.append(Decision(row, keys[row], ROWS[row][3], "ann", now()))
    out = tmp_path / "labeled.csv"
    options = ("--lfs", pack, "--label-model", "majority", "--workers", 0)
    assert weaklabel("label", corpus, *options, *ENTITIES, "-o", out).code == 0
    done = weaklabel("score", out, "--decisions", log.path, *ENTITIES, "--json")
    assert done.code == 0 and done.json["n"] == 2
    done = weaklabel("analyze", corpus, *options, *ENTITIES, "--decisions", log.path, "--json")
    raw = next(line for line in done.json["lfs"] if line["LF"] == "raw")
    assert (raw["Correct"], raw["Incorrect"]) == (1, 1)
    assert "none of the 2 decided texts" in weaklabel("score", out, "--decisions", log.path).err


def test_a_gold_column_that_is_an_entity_is_refused(weaklabel, run, tmp_path):
    project = run / "wrong.toml"
    project.write_text((run / "project.toml").read_text().replace('column = "truth"', 'column = "e1"'))
    done = weaklabel("run", project, "--dry-run")
    assert done.code == 1 and "'e1' is one of corpus.entities" in done.err
