"""A run whose label model is fitted with decisions: it notes them, and scores no row that it was fitted to."""

import json

import pytest

from tests.project.conftest import BAD, GOOD
from weaklabel.corpus import read_corpus
from weaklabel.decisions import Decision, DecisionLog, now, text_hash
from weaklabel.errors import ConfigError
from weaklabel.label_model import load_label_model

DECISIONS = 'name = "weighted"\ndecisions = "decided.jsonl"'


@pytest.fixture
def decide(place):
    """Returns what writes a decision on each text; the project names them."""
    place.edit("project.toml", 'name = "majority"', DECISIONS)

    def write(texts, label):
        log = DecisionLog(place.folder / "decided.jsonl")
        for text in texts:
            log.append(Decision(0, text_hash(text), label, "me", now()))

    return write


def test_the_label_model_is_fitted_with_decisions_and_again_when_they_change(place, decide):
    decide([f"{GOOD[0]} 0", f"{GOOD[1]} 0"], "complaint")
    decide([f"{BAD[0]} 0"], "complaint")
    labeled = place.run().labeled
    assert load_label_model(place.out / "label_model.json").gold_rows_ == 3
    assert labeled.preds[:5].tolist()[0] == 0, "a decided row keeps its label"
    assert "fitted with 3 gold labels" in (place.out / "report.md").read_text(encoding="utf-8")
    manifest = json.loads((place.out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["inputs"]["decisions"]["name"].endswith("decided.jsonl")
    assert place.not_done() == []
    decide([f"{BAD[1]} 0"], "complaint")
    assert place.not_done() == ["label", "train majority_class", "train linear", "predict", "score", "report"]
    assert place.plan()["label"] == ("stale", "the decisions in decided.jsonl changed")
    place.run()
    assert load_label_model(place.out / "label_model.json").gold_rows_ == 4


def test_gold_rows_that_were_decided_are_not_scored(place, decide):
    decide([f"{GOOD[0]} 0", GOOD[0], GOOD[1]], "praise")
    result = place.run()
    assert result.scores["label_model"].n == 6
    sentence = "2 of 8 rows with gold are not scored, since the label model was fitted with decisions on them"
    assert sentence in (place.out / "report.md").read_text(encoding="utf-8")


def test_decided_rows_are_in_the_labeled_file_and_are_not_checked(place, decide):
    decide([f"{GOOD[0]} 0", f"{GOOD[1]} 0"], "complaint")
    place.edit("project.toml", "[label_model]", "[quality]\nmin_precision = 0.9\n[label_model]")
    place.run()
    rows = read_corpus(place.out / "labeled.csv").frame()
    decided = {text for text, label in zip(rows["text"], rows["decided"], strict=True) if label == "complaint"}
    assert decided == {f"{GOOD[0]} 0", f"{GOOD[1]} 0"}
    result = json.loads((place.out / "quality.json").read_text(encoding="utf-8"))
    assert result["n_left_out"] == 2
    to_check = read_corpus(place.out / "to_check.csv").frame()["text"].to_list()
    assert to_check and not decided & set(to_check)
    sentence = "2 rows are not checked, since the label model was fitted with decisions on them"
    assert sentence in (place.out / "report.md").read_text(encoding="utf-8")
    decide([f"{BAD[0]} 0"], "complaint")
    assert "check" in place.not_done()


def test_gold_that_is_all_decided_scores_nothing(place, decide):
    decide([f"{text} 0" for text in GOOD], "praise")
    place.edit("project.toml", 'path = "gold.csv"', 'path = "decided.jsonl"')
    with pytest.raises(ConfigError, match="fitted with decisions on all 4 rows with gold"):
        place.run()


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda place: None, "decided.jsonl does not exist"),
        (lambda place: place.write("decided.jsonl", [], "text"), "decided.jsonl is not a file of decisions"),
    ],
)
def test_a_wrong_file_is_refused_before_any_work(place, decide, make, sentence):
    make(place)
    with pytest.raises(ConfigError, match=sentence):
        place.run()
    assert place.asked() == 0
