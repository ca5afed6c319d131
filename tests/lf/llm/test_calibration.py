"""Calibration: fitted on rows with gold, judged on held-out ones, valid for one prompt and model."""

import numpy as np
import pytest

from tests.lf.llm.conftest import LABELS, asked_texts
from tests.lf.llm.test_votes import batch_of, make
from weaklabel import llm_lf
from weaklabel.corpus import read_corpus
from weaklabel.errors import LFError
from weaklabel.lf import Calibration, calibrate_lf
from weaklabel.lf.fingerprint import fingerprint
from weaklabel.lf.llm.calibration import fit_calibration, scaled
from weaklabel.llm import Answer, LanguageModel, Received, Usage, packed


class Telling(LanguageModel):
    """A model that says spam with probability .99 and is right seven times in ten."""

    name = "telling"
    is_local = True

    def identity(self):
        return "telling 1"

    def body(self, prompt):
        return {"messages": [message.content for message in prompt.messages], "logprobs": prompt.logprobs}

    def tokens(self, prompt):
        return Usage(10, 2)

    def send(self, requests, timeout):
        received = []
        for request in requests:
            choices = request.prompt.choices
            probs = dict.fromkeys(choices, 0.0) | {"spam": 0.99, "ham": 0.01}
            told = probs if request.prompt.logprobs else None
            received.append(Received(packed([Answer("spam", told)], Usage(10, 2))))
        return received


def rows(n=100):
    return {
        "text": [f"row {number}" for number in range(n)],
        "gold": ["spam" if number % 10 < 7 else "ham" for number in range(n)],
    }


def telling(**settings):
    return llm_lf("topic", LABELS, model=Telling(), **settings)


def test_an_overconfident_model_is_corrected(current, tmp_path):
    calibration = calibrate_lf(telling(), read_corpus(rows()), gold="gold")
    assert calibration.rows == 100
    assert calibration.temperature > 3
    assert calibration.loss_after < calibration.loss_before
    calibration.save(tmp_path / "topic.json")
    for given in (calibration, tmp_path / "topic.json"):
        lf = telling(calibration=given, threshold=0.6)
        assert lf.vote(batch_of(["new"])) == [1]
        assert "probability 0.7" in lf.reason(batch_of(["new"]), 1).text
        assert telling(calibration=given, threshold=0.9).vote(batch_of(["new"])) == [-1]
    assert telling(threshold=0.9).vote(batch_of(["new"])) == [1]
    assert str(tmp_path / "topic.json") in lf.files()
    assert fingerprint(telling(calibration=calibration)) != fingerprint(telling())


def test_a_calibration_of_another_prompt_is_refused(current):
    calibration = calibrate_lf(telling(), read_corpus(rows()), gold="gold")
    with pytest.raises(LFError, match="another model, or to another prompt"):
        telling(calibration=calibration, guidelines="Be strict.").vote(batch_of(["new"]))


def test_too_few_rows_and_no_probabilities_are_refused(current, server):
    with pytest.raises(LFError, match="19 rows with gold and an answer are too few"):
        calibrate_lf(telling(), read_corpus(rows(19)), gold="gold")
    with pytest.raises(LFError, match="does not tell probabilities"):
        calibrate_lf(make(server), read_corpus(rows()), gold="gold")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"temperature": 0}', None])
def test_a_file_that_is_no_calibration_is_refused(tmp_path, content):
    path = tmp_path / "topic.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(LFError, match="calibration"):
        telling(calibration=path)


def test_a_calibrated_model_stays_as_it_is():
    rng = np.random.default_rng(0)
    top = rng.uniform(0.5, 0.99, 2000)
    probs = np.stack([top, 1 - top], axis=1)
    gold = (rng.uniform(size=2000) > top).astype(np.int64)
    calibration = fit_calibration("x", probs, gold, "")
    assert 0.8 < calibration.temperature < 1.25


def test_temperature_one_is_used_where_held_out_rows_gain_nothing():
    rng = np.random.default_rng(1)
    probs = np.full((25, 2), 0.5)
    calibration = fit_calibration("x", probs, rng.integers(0, 2, 25), "")
    assert (calibration.temperature, calibration.loss_after) == (1.0, calibration.loss_before)


def test_scaling_keeps_order_sums_and_zeros():
    probs = np.array([[0.7, 0.2, 0.1, 0.0], [0.0, 0.0, 0.0, 0.0]])
    for temperature in (0.1, 1.0, 10.0):
        shown = scaled(probs, temperature)
        assert np.allclose(shown.sum(axis=1), [1, 0])
        assert (np.diff(shown[0]) <= 0).all()
        assert shown[0, 3] == 0


def test_shares_of_samples_can_be_calibrated(current, server):
    texts = iter(["spam", "spam", "ham"] * 100)
    server.answer = lambda body: next(texts) if asked_texts(body) else ""
    calibration = calibrate_lf(make(server, samples=3), read_corpus(rows(30)), gold="gold")
    assert isinstance(calibration, Calibration)
    assert calibration.rows == 30


def test_an_off_list_answer_abstains_although_probabilities_are_told(current, monkeypatch):
    def send(self, requests, timeout):
        return [Received(packed([Answer("I think spam", {"spam": 0.9, "ham": 0.1})], Usage(10, 2))) for _ in requests]

    monkeypatch.setattr(Telling, "send", send)
    (vote,) = telling(threshold=0.5).vote(batch_of(["a"]))
    assert vote == -1
    assert vote.notes[0].detail == "'I think spam'"
