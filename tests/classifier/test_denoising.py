import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from weaklabel.classifier.denoising import STRENGTHS, chosen_strength, denoise, fit_probe, label_meaning, out_of_fold


def clusters(n=300, k=3, wrong=0.3, seed=0):
    """Unit vectors around k directions, what they truly are, and one-hot labels of which a share is wrong."""
    rng = np.random.default_rng(seed)
    Y = rng.integers(0, k, n)
    vectors = 2 * np.eye(8)[Y] + 0.5 * rng.normal(size=(n, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    weak = np.where(rng.random(n) < wrong, (Y + 1) % k, Y)
    return vectors, Y, np.eye(k)[weak]


def accuracy(probs, Y):
    return float((probs.argmax(axis=1) == Y).mean())


def test_a_probe_matches_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    vectors, _, weak = clusters()
    weights = np.random.default_rng(1).random(len(vectors))
    centred = vectors - vectors.mean(axis=0)
    centred /= np.sqrt((centred**2).sum(axis=1).mean())
    expected = LogisticRegression(C=10.0, tol=1e-8, max_iter=1000).fit(centred, weak.argmax(1), sample_weight=weights)
    result = fit_probe(7 * vectors + 3, weak, weights, C=10.0).predict_proba(7 * vectors + 3)
    np.testing.assert_allclose(result, expected.predict_proba(centred), atol=2e-3)


def test_a_probe_meets_soft_targets():
    vectors = np.repeat(np.eye(2), 50, axis=0)
    probs = np.repeat([[0.7, 0.3], [0.1, 0.9]], 50, axis=0)
    result = fit_probe(vectors, probs, np.ones(100), C=1e4).predict_proba(np.eye(2))
    np.testing.assert_allclose(result, [[0.7, 0.3], [0.1, 0.9]], atol=0.01)


def test_out_of_fold_a_row_does_not_see_its_own_label():
    rng = np.random.default_rng(0)
    vectors, labels = np.eye(60), np.eye(2)[rng.integers(0, 2, 60)]
    own = fit_probe(vectors, labels, np.ones(60), C=1e3).predict_proba(vectors)
    others = out_of_fold(vectors, labels, np.ones(60), 1e3)
    assert accuracy(own, labels.argmax(1)) == 1
    assert accuracy(others, labels.argmax(1)) < 0.7, "nothing that another row says tells of this one"


def test_rows_of_weight_0_are_predicted_and_not_learned_from():
    vectors, _, weak = clusters()
    weights = np.ones(len(vectors))
    weights[::3] = 0
    other = weak.copy()
    other[::3] = 1 - other[::3]
    assert np.array_equal(out_of_fold(vectors, weak, weights, 1.0), out_of_fold(vectors, other, weights, 1.0))


def test_strength_follows_what_the_vectors_tell():
    vectors, Y, _ = clusters(n=200)
    noise = np.eye(3)[np.random.default_rng(5).integers(0, 3, 200)]
    assert chosen_strength(vectors, np.eye(3)[Y], np.ones(200)) == max(STRENGTHS)
    assert chosen_strength(vectors, noise, np.ones(200)) == min(STRENGTHS)


@pytest.mark.parametrize("k", [2, 4])
def test_wrong_labels_are_mended(k):
    vectors, Y, weak = clusters(k=k)
    clean = denoise(vectors, weak, np.ones(len(Y)))
    np.testing.assert_allclose(clean.sum(axis=1), 1)
    assert accuracy(weak, Y) < 0.75
    assert accuracy(clean, Y) > 0.9


def test_labels_stay_where_texts_say_nothing():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(400, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    weak = np.eye(2)[rng.integers(0, 2, 400)]
    assert accuracy(denoise(vectors, weak, np.ones(400), rounds=1), weak.argmax(1)) > 0.65


def test_rows_without_a_label_get_the_word_of_the_text():
    vectors, Y, weak = clusters()
    weak[::2] = np.nan
    assert accuracy(denoise(vectors, weak, np.ones(len(Y)))[::2], Y[::2]) > 0.85


def test_the_same_whoever_asks():
    vectors, _, weak = clusters()
    weights = np.ones(len(vectors))
    before = np.random.get_state()[1].copy()
    assert np.array_equal(denoise(vectors, weak, weights), denoise(vectors, weak, weights))
    assert np.array_equal(np.random.get_state()[1], before)


def test_meaning_of_a_label_that_is_mostly_wrong():
    # Of 200 rows labeled 0, the texts of 180 say 1.
    weak = np.tile([1.0, 0.0], (200, 1))
    text = np.repeat([[1.0, 0.0], [0.0, 1.0]], [20, 180], axis=0)
    table = label_meaning(weak, text, np.ones(200), np.array([0.5, 0.5]))
    np.testing.assert_allclose(table.sum(axis=1), 1)
    assert table[0, 1] == pytest.approx(182 / 210)
    assert table[1, 1] == pytest.approx(0.8), "a label that no row has is taken to be what most labels are"


def test_where_no_other_row_has_a_label_the_text_says_nothing():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(7, 4))
    weak = np.full((7, 2), np.nan)
    weak[[2, 4]] = [[0.9, 0.1], [0.3, 0.7]]
    # Under some of these seeds both rows with a label are in one fold, whose probe then has none to learn from.
    for seed in range(20):
        clean = denoise(vectors, weak, np.ones(7), seed=seed)
        np.testing.assert_allclose(clean.sum(axis=1), 1)
    item = out_of_fold(vectors, np.full((7, 2), [0.8, 0.2]), np.eye(7)[3], 1.0)
    np.testing.assert_allclose(item[3], [0.8, 0.2])


@settings(deadline=None, max_examples=20)
@given(st.integers(2, 6), st.integers(10, 40), st.integers(0, 10_000))
def test_any_labels_give_probabilities(k, n, seed):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n, 4))
    weak = rng.dirichlet(np.ones(k), n)
    weak[rng.random(n) < 0.3] = np.nan
    weak[0] = np.eye(k)[0]
    clean = denoise(vectors, weak, np.ones(n), rounds=1, seed=seed)
    assert np.isfinite(clean).all()
    np.testing.assert_allclose(clean.sum(axis=1), 1)
