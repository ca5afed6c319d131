"""What teaches most: rows that a model of the decisions is least sure of."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from weaklabel.encoder.lsa import new_tfidf
from weaklabel.labels import ABSTAIN
from weaklabel.review.teaching import Teaching

TEXTS = ["win cash now", "win cash now", "free cash prize", "see you at lunch", "lunch at home today", "cash at lunch"]


def worth(texts, gold, probs=None, k=2):
    unknown = np.full((len(texts), k), np.nan)
    return Teaching(texts).worth(np.array(gold), unknown if probs is None else probs)


def test_decided_rows_come_last_and_copies_of_them_teach_least():
    values = worth(TEXTS, [1, ABSTAIN, ABSTAIN, 0, ABSTAIN, ABSTAIN])
    assert values[[0, 3]].tolist() == [-1, -1]
    assert (values[[2, 4, 5]] > values[1]).all()


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
    assert values[2] == pytest.approx(values[3], abs=1e-6)
    assert values[2] > 0


def test_a_model_of_the_rows_that_teach_most_is_better_than_one_of_random_rows():
    rng = np.random.default_rng(0)
    topics = [[f"t{topic}w{word}" for word in range(30)] for topic in range(2)]
    shares = rng.uniform(0.2, 0.8, 600)
    texts = [" ".join(rng.choice(topics[int(rng.random() < share)]) for _ in range(12)) for share in shares]
    truth = np.array([sum(word.startswith("t1") for word in text.split()) > 6 for text in texts]).astype(int)
    teaching = Teaching(texts)
    X = new_tfidf((1, 2)).fit_transform(texts)

    def accuracy(rows):
        return LogisticRegression(C=10.0, max_iter=300).fit(X[rows], truth[rows]).score(X, truth)

    decided = np.full(600, ABSTAIN)
    for _ in range(60):
        row = int(teaching.worth(decided, np.full((600, 2), np.nan)).argmax())
        decided[row] = truth[row]
    at_random = [accuracy(rng.choice(600, 60, replace=False)) for _ in range(20)]
    assert accuracy(np.flatnonzero(decided >= 0)) > np.mean(at_random) + 0.02
