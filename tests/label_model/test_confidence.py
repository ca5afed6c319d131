"""Answers are flattened where nothing shows that they are right, and no row gets another class by it."""

import warnings

import numpy as np
import pytest
from hypothesis import given, strategies as st

from weaklabel.label_model import AutoLabelModel, TextLabelModel
from weaklabel.label_model.text.confidence import Confidence, Halves, learn_confidence, limited
from weaklabel.label_model.text.discriminant import CrossFitted, normalised, stratified_folds
from weaklabel.label_model.text.reader import with_unvoted

scores_of_rows = st.integers(2, 6).flatmap(
    lambda k: st.lists(st.lists(st.floats(-1e6, 0), min_size=k, max_size=k), min_size=1, max_size=8).map(np.array)
)


@given(scores_of_rows, st.floats(0.02, 1), st.floats(0.02, 1), st.floats(0, 0.5), st.integers(0, 255))
def test_flattening_changes_no_answer(scores, with_votes, without, doubt, voted):
    n, k = scores.shape
    rows = np.array([bool(voted >> row & 1) for row in range(n)])
    probs = Confidence(with_votes, without, doubt, 6.0, np.zeros(k)).probs(scores, rows)
    np.testing.assert_allclose(probs.sum(axis=1), 1)
    best = scores.argmax(axis=1)
    assert (probs[np.arange(n), best] >= probs.max(axis=1)).all()
    # Nothing becomes surer than it was.
    assert (probs.max(axis=1) <= np.exp(normalised(scores)).max(axis=1) + 1e-9).all()
    ahead = np.sort(scores, axis=1)
    clear = ahead[:, -1] - ahead[:, -2] > 1e-6
    assert (probs.argmax(axis=1) == best)[clear].all()


@given(scores_of_rows, st.data())
def test_classes_without_votes_are_possible_and_never_the_answer(scores, data):
    k = scores.shape[1]
    unvoted = data.draw(st.lists(st.integers(0, k - 1), min_size=1, max_size=k - 1, unique=True))
    probs = np.exp(normalised(limited(scores, 6)))
    probs[:, unvoted] = 0
    probs /= probs.sum(axis=1, keepdims=True)
    before = probs.copy()
    probs = with_unvoted(probs, unvoted)
    np.testing.assert_allclose(probs.sum(axis=1), 1)
    assert (probs[:, unvoted] > 0).all()
    voted = np.setdiff1d(np.arange(k), unvoted)
    assert (probs[:, unvoted].max(axis=1) < probs[:, voted].max(axis=1)).all()
    np.testing.assert_array_equal(probs.argmax(axis=1), before.argmax(axis=1))


def draw(seed: int, n_lfs: int, related: bool):
    """Vectors of two classes; each labeling function sees rows of one class that have a mark of its own."""
    rng = np.random.default_rng(seed)
    Y = rng.integers(0, 2, 600)
    X = rng.normal(size=(600, 12)) * 0.4
    if related:
        X[:, 0] += 2 * Y - 1
    L = np.full((600, n_lfs), -1, dtype=np.int8)
    for lf in range(n_lfs):
        seen = np.flatnonzero((lf % 2 == Y) & (rng.random(600) < 0.15))
        L[seen, lf] = lf % 2
        X[seen, 1 + lf] += 2
    return X, np.asfortranarray(L), Y


def learned(seed, n_lfs, related):
    X, L, Y = draw(seed, n_lfs, related)
    labels = np.eye(2)[Y]
    folds = stratified_folds(labels, np.arange(600), 4)
    model = CrossFitted(X, folds, 4)
    text_scores = normalised(model.judge(labels) * 4)  # too sure
    evidence = np.zeros((n_lfs, 3, 2))
    halves = Halves(model, L, evidence, np.arange(n_lfs))
    return halves, learn_confidence(halves, text_scores, text_scores, (L >= 0).any(axis=1), 0.02)


@pytest.mark.parametrize("seed", range(3))
def test_what_halves_disagree_on_is_less_sure(seed):
    halves, confident = learned(seed, 8, related=True)
    assert halves.n == 8
    np.testing.assert_allclose(halves.text_probs.sum(axis=1), 1)
    _, doubtful = learned(seed, 8, related=False)  # each labeling function has words of its own, and nothing else tells
    assert doubtful.without_votes < 0.8 * confident.without_votes
    assert doubtful.with_votes < confident.with_votes <= 1


def test_where_nothing_can_be_checked_answers_are_flat():
    halves, _ = learned(0, 1, related=True)  # the half without labeling functions has no rows
    assert halves.n == 4
    X, L, Y = draw(0, 2, related=True)
    folds = stratified_folds(np.eye(2)[Y], np.arange(600), 4)
    none = Halves(CrossFitted(X, folds, 4), L[:, :0], np.zeros((0, 3, 2)), np.arange(0))
    assert none.n == 0
    scores = normalised(X[:, :2])
    flat = learn_confidence(none, scores, scores, Y == 0, 0.02)
    assert flat.with_votes < 0.5 > flat.without_votes


@pytest.mark.parametrize("related", [True, False])
def test_labels_that_another_choice_of_labeling_functions_would_change_are_warned_of(related):
    rng = np.random.default_rng(0)
    Y = rng.integers(0, 3, 900)
    kinds = ["soup bread cheese", "tennis rowing football", "violin opera concert"]
    marks = ["letter", "window", "garden", "winter", "bottle", "ticket"]
    L = np.full((900, 6), -1, dtype=np.int8)
    texts = []
    for row, label in enumerate(Y.tolist()):
        words = [kinds[label]] if related else []
        lf = label + 3 * int(rng.integers(2))
        if rng.random() < 0.4:  # each labeling function looks for a word of its own
            L[row, lf] = label
            words += [marks[lf]] * 3
        texts.append(" ".join([*words, f"number {row}"]))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        TextLabelModel(3).fit(np.asfortranarray(L), texts)
    said = [str(warning.message) for warning in caught]
    assert any("what texts say of rows without votes is unstable" in message for message in said) is not related
    assert any("by models of half of the labeling functions each" in message for message in said)


def test_a_class_without_votes_is_possible_in_texts_answers():
    rng = np.random.default_rng(0)
    words = ["soup bread", "tennis rowing", "stock market"]
    Y = rng.integers(0, 3, 240)
    texts = [f"{words[label]} {number}" for number, label in enumerate(Y.tolist())]
    L = np.where((Y < 2)[:, None] & (rng.random((240, 4)) < 0.3), Y[:, None], -1).astype(np.int8)
    for kind in (TextLabelModel, AutoLabelModel):
        with pytest.warns(UserWarning, match="no labeling function votes for class 2"):
            model = kind(3).fit(L, texts)
        probs = model.predict_proba(L, texts)
        np.testing.assert_allclose(probs[:, 2], 1 / 6)
        assert not (probs.argmax(axis=1) == 2).any()
        loss = -np.log(probs[np.arange(240), Y]).mean()
        assert loss < np.log(3)
