"""What teaches most: uncertain and new rows."""

import numpy as np
import pytest

from weaklabel.labels import ABSTAIN
from weaklabel.review.teaching import Teaching

TEXTS = ["win cash now", "win cash now", "free cash prize", "see you at lunch", "lunch at home today", "cash at lunch"]


def worth(texts, gold, probs=None, k=2):
    unknown = np.full((len(texts), k), np.nan)
    return Teaching(texts).worth(np.array(gold), unknown if probs is None else probs)


def test_decided_rows_come_last_and_copies_of_them_teach_nothing():
    values = worth(TEXTS, [1, ABSTAIN, ABSTAIN, 0, ABSTAIN, ABSTAIN])
    assert values[[0, 3]].tolist() == [-1, -1]
    assert values[1] == pytest.approx(0, abs=1e-9)
    assert (values[[2, 4, 5]] > 0).all()


def test_a_row_between_the_classes_teaches_more_than_one_like_a_decided_row():
    texts = ["cash prize", "lunch home", "cash prize money", "cash lunch"]
    values = worth(texts, [1, 0, ABSTAIN, ABSTAIN])
    assert values[3] > values[2]


def test_the_label_model_says_what_is_uncertain_until_two_classes_are_decided():
    texts = ["cash prize", "lunch home"]
    sure = np.array([[0.5, 0.5], [0.01, 0.99]])
    values = worth(texts, [ABSTAIN, ABSTAIN], sure)
    assert values[0] > values[1]


@pytest.mark.parametrize("texts", [["..."] * 4, [""] * 4])
def test_texts_without_words_are_all_worth_the_same(texts):
    values = worth(texts, [0, 1, ABSTAIN, ABSTAIN])
    assert values[2] == values[3] > 0


def test_fewer_decisions_than_at_random():
    rng = np.random.default_rng(0)
    topics = [[f"t{topic}w{word}" for word in range(12)] for topic in range(6)]
    truth = rng.choice(6, 400, p=[0.5, 0.3, 0.1, 0.05, 0.03, 0.02])
    texts = [" ".join([*rng.choice(topics[y], 3), *rng.choice(["and", "or", "so", "but"], 2)]) for y in truth]
    teaching = Teaching(texts)
    decided = np.full(400, ABSTAIN)
    for _ in range(25):
        row = int(teaching.worth(decided, np.full((400, 6), np.nan)).argmax())
        decided[row] = truth[row]
    seen_at_random = np.mean([len(set(rng.choice(truth, 25, replace=False))) for _ in range(50)])
    assert len(set(decided[decided >= 0])) > seen_at_random
