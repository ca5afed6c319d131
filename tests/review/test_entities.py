"""A relation corpus under review: reviewers see the text as it is, the label model reads it with its entities marked."""

import csv
import io

import pytest

from tests.relations import ROWS, write_relations
from weaklabel.corpus import read_corpus
from weaklabel.errors import WeakLabelError
from weaklabel.label_model import AutoLabelModel
from weaklabel.label_model.base import BaseLabelModel
from weaklabel.review import open_review

ENTITIES = ("e1", "e2")
FIRST = "@ rain @ causes # mud #"
SAME = len(ROWS) - 2, len(ROWS) - 1
"""Two rows of the same sentence, about other entities."""


@pytest.fixture
def corpus(tmp_path):
    return write_relations(tmp_path)


def test_labels_explanations_and_relabeling_go_by_the_marked_text(corpus, monkeypatch):
    read = []
    fit, predict = AutoLabelModel._fit_sample, BaseLabelModel.predict
    monkeypatch.setattr(
        AutoLabelModel, "_fit_sample", lambda self, *given: read.append(given[1].texts) or fit(self, *given)
    )
    monkeypatch.setattr(
        BaseLabelModel,
        "predict",
        lambda self, *given, **named: read.append(named.get("texts")) or predict(self, *given, **named),
    )
    review = open_review(corpus, lfs=[str(corpus.with_name("pack.py"))], entities=ENTITIES)
    marked = read_corpus(corpus, entities=ENTITIES).model_texts()
    assert read[:2] == [marked, marked]
    read.clear()
    review.relabel()
    assert read[:2] == [marked, marked]
    read.clear()
    assert review.explain(0).label == "cause"
    assert {text for texts in read if texts for text in texts} == {FIRST}
    seen = review.row(0)
    assert review.texts[0] == seen.text == ROWS[0][0] and seen.columns["e1"] == "rain"
    (vote,) = (vote for vote in seen.votes if vote.lf == "causes")
    assert [seen.text[begin:end] for begin, end in vote.reason.spans] == ["causes"]


def test_a_decision_on_a_pair_is_none_on_another_of_the_same_sentence(corpus):
    review = open_review(corpus, labels=["cause", "part"], entities=ENTITIES)
    review.decide(SAME[0], "part", "ann")
    assert [review.gold()[row] for row in SAME] == [1, -1]
    (line,) = csv.DictReader(io.StringIO(review.export_gold()))
    assert line["text"] == "the @ wheel @ of the # car # brings mud"
    plain = open_review(corpus, labels=["cause", "part"])
    assert (plain.gold() == -1).all()


def test_a_project_has_its_own_entities(corpus):
    project = corpus.with_name("project.toml")
    project.write_text(
        '[corpus]\npath = "relations.csv"\nentities = ["e1", "e2"]\n[lfs]\nuse = ["pack.py"]\nworkers = 0\n'
        '[label_model]\nname = "majority"\n'
    )
    assert open_review(project).batch.model_texts[0] == FIRST
    with pytest.raises(WeakLabelError, match="has its own labels"):
        open_review(project, entities=ENTITIES)
