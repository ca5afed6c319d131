"""A project that also fine-tunes a language model: trained beside the classifier, scored alike, and shown in the reports."""

import json

import pytest

from tests.tiny_llama import save_llama
from weaklabel import load_classifier
from weaklabel.errors import ConfigError
from weaklabel.project.run import step_names

GENERATOR = """
[generator]
model = "causal"
lr = 1e-2
epochs = 6
words = ["bad", "good"]
validation_share = 0.2
"""


@pytest.fixture
def with_generator(place):
    save_llama(place.folder / "causal")
    place.project.write_text(place.project.read_text() + GENERATOR)
    return place


def test_it_is_trained_scored_and_reported(with_generator):
    place = with_generator
    result = place.run()
    assert {"linear", "generator", "label_model", "majority_class"} <= {*result.scores}
    scores = result.scores["generator"]
    assert scores.f1 > result.scores["majority_class"].f1 and scores.intervals["f1"] and scores.roc_auc is not None
    model = load_classifier(place.out / "models" / "generator")
    answers = model.training_["answers"]
    assert answers["before"]["on_list"] == 0 and answers["after"]["on_list"] > 0.5
    report = (place.out / "report.md").read_text()
    assert "## Answers of language models" in report and "| generator | after |" in report
    page = (place.out / "report.html").read_text()
    assert "Answers of language models" in page and "Loss of generator by epoch" in page
    log = [json.loads(line) for line in (place.out / "training" / "generator" / "training.jsonl").open()]
    assert log[-1]["epoch"] == 6 and log[-1]["validation_loss"] < log[0]["validation_loss"]
    assert place.not_done() == []
    # Another setting of the language model is no reason to train anything else again.
    place.edit("project.toml", "epochs = 6", "epochs = 2")
    assert place.not_done() == ["train generator", "predict", "score", "report"]


def test_its_steps_are_known_before_the_corpus_is(with_generator):
    from weaklabel.config import read_project

    assert "train generator" in step_names(read_project(with_generator.project))


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("epochs = 6", "epoch = 6", "unknown key 'generator.epoch'.*did you mean 'epochs'"),
        ('words = ["bad", "good"]', 'words = ["bad"]', "words must be one text for each of the 2 classes"),
        ('name = "linear"', 'name = "generator"', r"\[classifier\] and \[generator\] both train 'generator'"),
        ("epochs = 6", 'soft = "hard"', "soft must be"),
    ],
)
def test_mistakes_are_named_before_any_work(with_generator, old, new, why):
    place = with_generator
    place.edit("project.toml", old, new)
    with pytest.raises(Exception, match=why) as raised:
        place.run()
    assert isinstance(raised.value, ConfigError | ValueError)
    assert place.asked() == 0
