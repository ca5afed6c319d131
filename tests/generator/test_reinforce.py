"""Reinforcement after fine-tuning: rewards, and a model that comes to prefer what is rewarded."""

import numpy as np
import pytest

from tests.generator.conftest import LABELS, PROBS, TEXTS
from weaklabel import load_classifier
from weaklabel.errors import ClassifierError
from weaklabel.generator import CausalFineTuner, Example, GeneratorClassifier
from weaklabel.generator.rewards import ON_LIST, reward_of, rewarded

PROMPT = ({"role": "user", "content": "free prize"},)


def test_answers_are_worth_their_probability_where_the_row_is_certain():
    rows = rewarded([PROMPT] * 3, np.array([[0.0, 1.0], [0.5, 0.5], [0.2, 0.8]]), LABELS)
    assert rows[0].rewards == {"ham": 0.0, "spam": 1.0}  # as gold
    assert rows[1].rewards == {"ham": 0.0, "spam": 0.0}  # says nothing
    assert 0 < rows[2].rewards["ham"] < rows[2].rewards["spam"] < 0.8
    assert reward_of("spam\n", rows[0].rewards, LABELS) == 1 + ON_LIST
    assert reward_of("ham", rows[0].rewards, LABELS) == ON_LIST
    assert reward_of("spam spam", rows[0].rewards, LABELS) == 0


def test_what_is_rewarded_becomes_more_probable(llama):
    both = [Example(PROMPT, "ham"), Example(PROMPT, "spam")] * 8
    tuner = CausalFineTuner(llama, lr=5e-3, epochs=20, method="full").fit(both)
    tuner.reinforce([Example(PROMPT, "spam")], 20, prompts=2, answers=8, lr=1e-3)
    record = tuner.training_["reinforcement"]
    assert len(record["rewards"]) == 20
    assert np.mean(record["rewards"][-5:]) > np.mean(record["rewards"][:5]) + 0.1


def test_a_classifier_is_reinforced_saved_and_loaded(llama, tmp_path):
    model = GeneratorClassifier(llama, labels=LABELS, lr=1e-2, rl_steps=2, rl_prompts=2, rl_answers=2, samples=0)
    model.fit(TEXTS, PROBS).save(tmp_path / "model")
    assert len(model.training_["reinforcement"]["rewards"]) == 2
    assert np.array_equal(load_classifier(tmp_path / "model").predict_proba(TEXTS), model.predict_proba(TEXTS))


def test_what_cannot_be_reinforced(llama):
    with pytest.raises(ClassifierError, match="not fitted"):
        CausalFineTuner(llama).reinforce([Example(PROMPT, "spam")], 1)
    with pytest.raises(ClassifierError, match="rl_answers must be from 2"):
        GeneratorClassifier(labels=LABELS, rl_answers=1).check_params(False)
