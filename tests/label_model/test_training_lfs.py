"""A dominant labeling function is excluded from the text model's training targets."""

import numpy as np
import pytest

from weaklabel.label_model import TextLabelModel, load_label_model
from weaklabel.label_model.preds import sure_labels
from weaklabel.label_model.text import training_lfs
from weaklabel.label_model.text.discriminant import CrossFitted
from weaklabel.label_model.text.training_lfs import choose_training_lfs, gain

K, N = 3, 1500


@pytest.fixture(scope="module")
def rows():
    """Vectors that tell of the class; six accurate labeling functions, and one that always votes 0."""
    rng = np.random.default_rng(0)
    Y = rng.integers(0, K, N)
    X = rng.normal(size=(N, 6)) + 2 * np.eye(K, 6)[Y]
    L = np.where((rng.random((N, 7)) < 0.12) & (rng.random((N, 7)) < 0.9), Y[:, None], -1).astype(np.int8)
    L[:, 6] = np.where(rng.random(N) < 0.6, 0, -1)
    return X, np.asfortranarray(L), Y


def choose(X, L, k=K):
    return choose_training_lfs(CrossFitted(X, np.arange(len(X)) % 4, 4), L, k).tolist()


def test_one_vote_for_every_row_is_excluded(rows):
    X, L, _ = rows
    assert choose(X, L) == [True] * 6 + [False]


def test_permuted_labeling_functions_are_the_same_ones(rows):
    X, L, _ = rows
    order = np.random.default_rng(1).permutation(7)
    assert choose(X, np.asfortranarray(L[:, order])) == [lf != 6 for lf in order]


def test_a_dominant_lf_that_is_right_trains(rows):
    X, L, Y = rows
    right = L.copy()
    right[:, 6] = np.where(L[:, 6] >= 0, Y, -1)
    assert all(choose(X, right))


@pytest.mark.parametrize(("others", "trains"), [(2, True), (3, False)])
def test_an_lf_trains_where_one_or_two_others_vote_for_its_class(rows, others, trains):
    X, L, _ = rows
    few = L.copy()
    for lf in range(others, 6):
        few[few[:, lf] == 0, lf] = -1
    assert choose(X, few)[6] == trains


def test_the_only_lf_of_a_class_trains(rows):
    X, L, _ = rows
    alone = L.copy()
    alone[:, 6][L[:, 6] >= 0] = K
    assert all(choose(X, alone, K + 1))


@pytest.mark.parametrize("L", [np.full((8, 3), -1), np.tile([0, -1, -1], (8, 1)), np.zeros((8, 3))])
def test_all_train_where_there_is_nothing_to_compare(L):
    assert all(choose(np.random.default_rng(0).normal(size=(8, 2)), np.asfortranarray(L, dtype=np.int8), 2))


def test_sure_labels_share_ties_and_uncovered_rows():
    probs = np.array([[0.7, 0.2, 0.1], [0.4, 0.4, 0.2], [np.nan] * 3])
    np.testing.assert_allclose(
        sure_labels(probs, np.array([True, True, False])), [[1, 0, 0], [0.5, 0.5, 0], [1 / 3] * 3]
    )


def test_the_gain_of_certainty_is_the_entropy_and_of_the_balance_nothing():
    labels = np.eye(2)[[0, 0, 0, 1]]
    entropy = -0.75 * np.log(0.75) - 0.25 * np.log(0.25)
    np.testing.assert_allclose(gain(np.log(np.maximum(labels, 1e-12)), labels), entropy)
    np.testing.assert_allclose(gain(np.log(np.tile([0.75, 0.25], (4, 1))), labels), 0, atol=1e-12)


def test_the_text_label_model_names_the_excluded_lf(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    words = (("soup", "bread", "cheese", "noodles"), ("football", "tennis", "rowing", "hockey"))
    Y = rng.integers(0, 2, 600)
    texts = [f"they talked about {words[label][rng.integers(4)]}, said guest {row}" for row, label in enumerate(Y)]
    L = np.where(rng.random((600, 5)) < 0.12, Y[:, None], -1).astype(np.int8)
    L[:, 4] = np.where(rng.random(600) < np.where(Y == 1, 0.9, 0.4), 0, -1)  # right on three of ten votes
    model = TextLabelModel(2).fit(L, texts)
    assert model.training_lfs_.tolist() == [True] * 4 + [False]
    assert "the dominant labeling function 4 is excluded" in model.describe()
    assert "the dominant labeling function 'e' is excluded" in model.describe("abcde")
    model.save(tmp_path)
    back = load_label_model(tmp_path)
    assert back.describe() == model.describe() and back.training_lfs_.tolist() == model.training_lfs_.tolist()
    assert (model.predict(L, texts=texts) == Y).mean() > 0.95
    assert abs(model.lf_accuracies_[4] - (Y[L[:, 4] == 0] == 0).mean()) < 0.1
    monkeypatch.setattr(training_lfs, "MIN_GAIN", np.inf)
    assert TextLabelModel(2).fit(L, texts).training_lfs_.all()
