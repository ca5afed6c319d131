import dataclasses
import json

import numpy as np
import pytest

from weaklabel.errors import ScoreError
from weaklabel.scoring import Scores, score


@pytest.fixture
def case():
    rng = np.random.default_rng(1)
    Y = rng.integers(-1, 2, 200)
    probs = rng.dirichlet([1, 1], 200)
    probs[:20] = np.nan
    return Y, probs


def test_json_round_trip(case):
    scores = score(*case, labels=("ham", "垃圾"))
    assert Scores.from_dict(scores.to_dict()) == scores
    assert Scores.from_dict(json.loads(scores.to_json())) == scores
    assert {"precision", "recall", "f1", "accuracy", "coverage", "n", "intervals"} <= set(scores.to_dict())


def test_what_is_not_defined_is_null():
    plain = json.loads(score([0, 1], [0, 1], intervals=0).to_json())
    assert plain["brier"] is plain["log_loss"] is plain["calibration_error"] is None


@pytest.mark.parametrize("change", [{"f1": None}, {"extra": 1}])
def test_a_missing_or_unknown_field_is_named(change):
    plain = score([0, 1], [0, 1], intervals=0).to_dict()
    for name, value in change.items():
        if value is None:
            del plain[name]
        else:
            plain[name] = value
    with pytest.raises(ScoreError, match=f"field '{next(iter(change))}'"):
        Scores.from_dict(plain)


def test_scores_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        score([0, 1], [0, 1], intervals=0).f1 = 1.0


def test_print_says_class_rows_and_intervals(case):
    text = str(score(*case, labels=("ham", "spam")))
    gold = int((case[0] >= 0).sum())
    assert f"{gold} gold rows, {200 - gold} without gold" in text
    assert "precision, recall, F1: of 'spam'" in text and "95% [" in text and "Brier" in text
    assert "macro average of 3 classes" in str(score([0, 1, 2], [0, 1, 2], intervals=0))
    plain = str(score([0, 1], [0, 0], intervals=0, abstain="drop"))
    assert (
        "95%" not in plain and "Brier" not in plain and "left out" in plain and "note: '1' is never predicted" in plain
    )


def test_comparison_is_the_first_minus_the_second(case):
    Y, probs = case
    good, bad = score(Y, np.eye(2)[Y], intervals=0), score(Y, probs, intervals=0)
    compared = good.compare(bad)
    assert compared.differences["f1"] == pytest.approx(1 - bad.f1)
    assert compared.differences["coverage"] == pytest.approx(1 - bad.coverage)
    assert compared.differences["brier"] == pytest.approx(-bad.brier)
    assert "f1 " in str(compared) and "+" in str(compared)
    assert json.loads(json.dumps(compared.to_dict()))["n"] == good.n
    classes = score(Y, np.zeros(200, int), intervals=0)
    assert classes.compare(bad).differences["brier"] is None
    assert "brier" not in str(classes.compare(bad))


def test_comparison_shows_that_rows_differ(case):
    Y, probs = case
    assert "against" in str(score(Y, probs, intervals=0).compare(score(Y[:100], probs[:100], intervals=0)))


@pytest.mark.parametrize("options", [{"positive": 0}, {"abstain": "drop"}, {"labels": ("ham", "spam")}])
def test_scores_of_different_things_are_not_compared(case, options):
    with pytest.raises(ScoreError, match="cannot be compared"):
        score(*case, intervals=0).compare(score(*case, intervals=0, **options))
