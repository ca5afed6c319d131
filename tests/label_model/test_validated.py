"""Gold of other rows chooses among label models."""

import numpy as np
import pytest

from weaklabel.errors import LabelModelError
from weaklabel.label_model import BaseLabelModel, MajorityVote, validate_label_models


class Says(MajorityVote):
    """Answers what it was told to, and notes what it was asked."""

    def __init__(self, *answers):
        super().__init__()
        self.answers, self.asked = answers, []

    def predict(self, L, texts=None, **_):
        self.asked.append((np.asarray(L).tolist(), texts))
        return np.array(self.answers)


L = np.array([[0, 1], [1, 1], [-1, 0]], dtype=np.int8)


def test_the_best_is_the_first_of_the_highest_score():
    models = [Says(1, 0, 0), Says(0, 1, -1), Says(0, 0, 0)]
    validated = validate_label_models(models, L, [0, 1, 0])
    assert validated.scores == pytest.approx((1 / 3, 2 / 3, 2 / 3))
    assert validated.best is models[1]


def test_rows_without_gold_are_left_out():
    model = Says(1, 0)
    validated = validate_label_models([model], L, [1, -1, 1], texts=["a", "b", "c"])
    assert model.asked == [([[0, 1], [-1, 0]], ["a", "c"])]
    assert validated.scores == (0.5,)


def test_another_score_chooses_otherwise():
    models = [Says(0, 0, 0), Says(1, 1, 1)]
    gold = [0, 0, 1]
    assert validate_label_models(models, L, gold).best is models[0]
    assert validate_label_models(models, L, gold, score=lambda Y, preds: preds[Y == 1].mean()).best is models[1]


def test_wrong_use_is_an_error():
    with pytest.raises(LabelModelError, match=r"2 gold labels for 3 rows of votes$"):
        validate_label_models([MajorityVote()], L, [0, 1])
    with pytest.raises(LabelModelError, match="3 gold labels for 3 rows of votes and 1 texts"):
        validate_label_models([MajorityVote()], L, [0, 1, 1], ["a"])
    with pytest.raises(LabelModelError, match="without gold labels"):
        validate_label_models([MajorityVote()], L, [-1, -1, -1])
    none: list[BaseLabelModel] = []
    with pytest.raises(LabelModelError, match="without any of them"):
        validate_label_models(none, L, [0, 1, 0])
