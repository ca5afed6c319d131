"""Every selector by one suite, and what each puts first on rows where it is known."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from weaklabel.errors import SelectionError
from weaklabel.registries import SELECTORS
from weaklabel.select import Selector
from weaklabel.select.base import LabeledRows
from weaklabel.select.diversity import KCenter
from weaklabel.select.neighbors import CutStatistic, nearest

NAMES = sorted(SELECTORS)


def two_groups(n=200, wrong=20, seed=0):
    """Two groups of vectors that are far apart, with some labels exchanged. Returns X, labels, probs, texts, is_wrong."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(2, size=n)
    X = rng.normal(size=(n, 8)) * 0.3 + np.where(truth[:, None] == 1, 1, -1) * np.eye(8)[0]
    is_wrong = np.zeros(n, bool)
    is_wrong[rng.choice(n, wrong, replace=False)] = True
    labels = np.where(is_wrong, 1 - truth, truth)
    sure = np.where(is_wrong, rng.uniform(0.5, 0.7, n), rng.uniform(0.7, 1.0, n))
    probs = np.where(np.eye(2)[labels] == 1, sure[:, None], 1 - sure[:, None])
    texts = ["a" * int(length) for length in rng.integers(10, 40, size=n)]
    return X, labels, probs, texts, is_wrong


WITH_GOLD = [name for name in NAMES if SELECTORS[name].needs_gold]


def evidence(labels, n_gold, is_wrong=None, seed=0):
    """Votes of five labeling functions, one of which makes the wrong labels, and gold on some rows."""
    rng = np.random.default_rng(seed)
    k = int(labels.max()) + 1 if len(labels) else 1
    is_wrong = np.zeros(len(labels), bool) if is_wrong is None else is_wrong
    votes = np.where(rng.random((len(labels), 5)) < 0.5, labels[:, None], -1)
    votes[is_wrong] = -1
    votes[:, 4] = np.where(is_wrong | (rng.random(len(labels)) < 0.05), labels, -1)
    gold = np.full(len(labels), -1)
    known = rng.choice(len(labels), min(n_gold, len(labels)), replace=False)
    gold[known] = np.where(is_wrong, (labels + 1) % max(k, 2), labels)[known]
    return {"votes": votes, "gold": gold}


@pytest.mark.parametrize("name", NAMES)
def test_scores_are_finite_repeatable_and_do_not_change_their_inputs(name):
    X, labels, probs, texts, is_wrong = two_groups()
    copies = X.copy(), labels.copy(), probs.copy()
    more = evidence(labels, 30, is_wrong)
    selector = SELECTORS[name](seed=3)
    assert isinstance(selector, Selector)
    scores = selector.fit(X, labels, probs, texts=texts, **more).scores_
    assert scores.shape == (len(X),)
    assert np.isfinite(scores).all()
    again = SELECTORS[name](seed=3).fit(X, labels, probs, texts=texts, **more).scores_
    assert (scores == again).all()
    for before, after in zip(copies, (X, labels, probs), strict=True):
        assert (before == after).all()
    rows = selector.select("25%")
    assert len(rows) == 50
    assert (np.diff(rows) > 0).all()
    assert set(rows) <= set(selector.select("50%"))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_few_rows_one_class_and_equal_texts(name, n):
    for X in (np.zeros((n, 3)), np.random.default_rng(0).normal(size=(n, 3))):
        for labels in (np.zeros(n, int), np.arange(n) % 3):
            for n_gold in (1, n) if SELECTORS[name].needs_gold else (1,):
                more = evidence(labels, n_gold)
                selector = SELECTORS[name]().fit(X, labels, np.eye(3)[labels], texts=["same"] * n, **more)
                assert np.isfinite(selector.scores_).all()
                assert len(selector.select(1)) == 1
                assert len(selector.select(100)) == n


@pytest.mark.parametrize("name", ["confidence", "margin", "cut", "loss", "agreement", "forgetting", "combined"])
def test_wrong_labels_come_last(name):
    X, labels, probs, texts, is_wrong = two_groups()
    selector = SELECTORS[name]().fit(X, labels, probs, texts=texts)
    share_of_wrong = is_wrong[selector.select("80%")].mean()
    assert share_of_wrong < 0.03
    assert is_wrong.mean() == 0.1


@pytest.mark.parametrize("name", WITH_GOLD)
@pytest.mark.parametrize("seed", [0, 1])
def test_with_a_little_gold_fewer_wrong_labels_are_chosen_than_at_random(name, seed):
    X, labels, probs, _, is_wrong = two_groups(600, 150, seed)
    more = evidence(labels, 40, is_wrong, seed)
    unseen = more["gold"] == -1
    chosen = SELECTORS[name](seed=seed).fit(X, labels, probs, **more).select("50%")
    share_of_wrong = is_wrong[chosen][unseen[chosen]].mean()
    assert is_wrong[unseen].mean() > 0.2
    assert share_of_wrong < 0.17


@pytest.mark.parametrize("name", NAMES)
def test_rows_that_were_checked_come_first_if_right_and_last_if_wrong(name):
    X, labels, probs, texts, _ = two_groups(100, 10)
    more = evidence(labels, 0)
    more["gold"][[3, 4]] = labels[3], 1 - labels[4]
    scores = SELECTORS[name]().fit(X, labels, probs, texts=texts, **more).scores_
    assert (scores.argmax(), scores.argmin()) == (3, 4)


@pytest.mark.parametrize("name", WITH_GOLD)
def test_what_is_needed_is_asked_for(name):
    X, labels, probs, texts, _ = two_groups(50, 5)
    more = evidence(labels, 10)
    with pytest.raises(SelectionError, match="needs gold"):
        SELECTORS[name]().fit(X, labels, probs, texts=texts, votes=more["votes"])
    with pytest.raises(SelectionError, match="no row has any"):
        SELECTORS[name]().fit(X, labels, probs, votes=more["votes"], gold=np.full(50, -1))
    with pytest.raises(SelectionError, match="gold must be a class 0 to 1"):
        SELECTORS[name]().fit(X, labels, probs, votes=more["votes"], gold=labels + 1)
    with pytest.raises(SelectionError, match="votes on 49 rows"):
        SELECTORS[name]().fit(X, labels, probs, votes=more["votes"][1:], gold=more["gold"])
    if SELECTORS[name].needs_votes:
        with pytest.raises(SelectionError, match="needs votes"):
            SELECTORS[name]().fit(X, labels, probs, gold=more["gold"])


def test_the_class_balance_of_gold():
    X, labels, probs, _, _ = two_groups(400, 40)
    gold = np.full(400, -1)
    gold[np.flatnonzero(labels == 0)[:90]] = 0
    gold[np.flatnonzero(labels == 1)[:10]] = 1
    selector = SELECTORS["random"]().fit(X, labels, probs, gold=gold)
    chosen = selector.select(100, class_balance="gold")
    assert (labels[chosen] == 0).sum() == pytest.approx(86, abs=2)
    with pytest.raises(SelectionError, match="needs gold"):
        SELECTORS["random"]().fit(X, labels, probs).select(100, class_balance="gold")


def test_random_rows_do_not_know_wrong_labels():
    X, labels, probs, _, is_wrong = two_groups(2000, 200)
    assert 0.07 < is_wrong[SELECTORS["random"]().fit(X, labels, probs).select("50%")].mean() < 0.13


def test_diverse_rows_cover_all_groups_and_dense_rows_leave_outliers_out():
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(10, 6)) * 5
    group = np.repeat(np.arange(10), 30)
    X = centers[group] + rng.normal(size=(300, 6)) * 0.1
    labels, probs = np.zeros(300, int), np.ones((300, 1))
    assert set(group[SELECTORS["k-center"]().fit(X, labels, probs).select(10)]) == set(range(10))
    assert set(group[SELECTORS["clusters"](n_clusters=10).fit(X, labels, probs).select(10)]) == set(range(10))
    X[7] = 100
    dense = SELECTORS["density"]().fit(X, labels, probs).scores_
    assert dense.argmin() == 7


def test_k_center_is_the_greedy_farthest_point_order():
    X = np.random.default_rng(1).normal(size=(40, 3))
    order = np.argsort(-KCenter().fit(X, np.zeros(40, int), np.ones((40, 1))).scores_)
    chosen = [int(order[0])]
    for row in order[1:]:
        apart = np.min(np.linalg.norm(X[:, None] - X[chosen], axis=2), axis=1)
        assert apart[row] == pytest.approx(apart.max(), rel=1e-5)
        chosen.append(int(row))
    few = KCenter(max_centers=5).fit(X, np.zeros(40, int), np.ones((40, 1)))
    assert (np.argsort(-few.scores_)[:5] == order[:5]).all()


@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(1, 8))
@settings(max_examples=25)
def test_nearest_equals_brute_force(seed, n, k):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    candidates = np.sort(rng.choice(n, rng.integers(1, n + 1), replace=False))
    distances, neighbors = nearest(X, candidates, k)
    for row in range(n):
        others = [other for other in candidates if other != row]
        wanted = sorted(np.linalg.norm(X[row] - X[other]) for other in others)[:k]
        there = neighbors[row] >= 0
        assert there.sum() == len(wanted)
        assert np.sort(distances[row][there]) == pytest.approx(wanted, abs=1e-3)
        assert set(neighbors[row][there]) <= set(others)


def test_cut_statistic_equals_its_formula():
    X, labels, probs, _, _ = two_groups(30, 3)
    scores = CutStatistic(n_neighbors=4).fit(X, labels, probs).scores_
    share = np.bincount(labels) / 30
    for row in range(30):
        apart = np.linalg.norm(X - X[row], axis=1)
        near = [other for other in np.argsort(apart) if other != row][:4]
        weights = 1 / (1 + apart[near])
        cut = weights[labels[near] != labels[row]].sum()
        p = share[labels[row]]
        z = (cut - (1 - p) * weights.sum()) / np.sqrt(p * (1 - p) * (weights**2).sum())
        assert scores[row] == pytest.approx(-z, abs=1e-3)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda X, y, P: (X[:5], y, P), "must be of the same rows"),
        (lambda X, y, P: (X[:0], y[:0], P[:0]), "no labeled rows"),
        (lambda X, y, P: (X, np.where(y == 1, -1, y), P), "leave rows without a label out"),
        (lambda X, y, P: (X, y, np.where(P > 0.99, np.nan, P)), "not a finite number"),
        (lambda X, y, P: (X, y.astype(float), P), "labels must be classes 0 to 1"),
    ],
)
def test_what_cannot_be_scored_is_refused(change, said):
    X, labels, probs, _, _ = two_groups()
    probs[3] = 1.0, 0.0
    with pytest.raises(SelectionError, match=said):
        SELECTORS["confidence"]().fit(*change(X, labels, probs))


def test_unfitted_without_texts_and_wrong_parameters():
    with pytest.raises(SelectionError, match="not fitted"):
        SELECTORS["cut"]().select(1)
    X, labels, probs, _, _ = two_groups()
    with pytest.raises(SelectionError, match="needs texts"):
        SELECTORS["length"]().fit(X, labels, probs)
    with pytest.raises(SelectionError, match="names of other selectors"):
        SELECTORS["combined"](methods=("combined",)).fit(X, labels, probs)
    assert len(LabeledRows(X, labels, probs)) == 200
