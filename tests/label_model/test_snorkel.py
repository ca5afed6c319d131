import itertools
import random
import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from snorkel.labeling.model import LabelModel as RealLabelModel

from tests.label_model.synthetic import draw_votes
from tests.votes.strategies import label_matrices
from weaklabel.errors import LabelModelError, VoteError, WeakLabelWarning
from weaklabel.label_model import LabelModel, class_balance_from_gold, majority_class_balance
from weaklabel.label_model.moments import count_overlaps
from weaklabel.label_model.snorkel import match_classes
from weaklabel.votes import vote_patterns
from weaklabel.votes.patterns import merge_patterns


def fit_snorkel(L, k, class_balance=None, **options):
    model = RealLabelModel(k, verbose=False)
    model.fit(L.astype(np.int64), class_balance=class_balance, progress_bar=False, **options)
    return model


def fit_quietly(model, L):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WeakLabelWarning)
        return model.fit(L)


def with_silent_rows(n, m, k, seed):
    L, _ = draw_votes(n, m, k, seed)
    L[: n // 5] = -1
    return L


@pytest.mark.parametrize("k", [2, 3, 5])
@pytest.mark.parametrize("balanced", [True, False])
@pytest.mark.parametrize(
    "options",
    [
        {"seed": 0},
        {"seed": 12, "n_epochs": 250, "lr": 0.02, "prec_init": 0.8},
        {"seed": 3, "optimizer": "adam", "l2": 0.1, "mu_eps": 0.001},
        {"seed": 4, "optimizer": "adamax", "lr_scheduler": "linear", "prec_init": [0.6, 0.7, 0.8, 0.9, 0.6, 0.7, 0.8]},
        {"seed": 5, "lr_scheduler": "exponential", "l2": 0.05},
        {"seed": 6, "optimizer": "adam", "lr_scheduler": "step", "lr": 0.02},
    ],
    ids=lambda options: (
        "-".join(str(options[name]) for name in ("optimizer", "lr_scheduler") if name in options) or "sgd"
    ),
)
def test_parameters_and_answers_are_snorkels(k, balanced, options):
    L = with_silent_rows(600, 7, k, seed=k)
    balance = None if balanced else (np.arange(1, k + 1) / np.arange(1, k + 1).sum()).tolist()
    ours = fit_quietly(LabelModel(k, class_balance=balance, **options), L)
    theirs = fit_snorkel(L, k, balance, **options)
    np.testing.assert_allclose(ours.mu_, theirs.mu.detach().numpy(), rtol=0, atol=1e-6)
    np.testing.assert_allclose(ours.lf_accuracies_, theirs.get_weights(), rtol=1e-5)
    voted = (L >= 0).any(axis=1)
    np.testing.assert_allclose(ours.predict_proba(L)[voted], theirs.predict_proba(L)[voted], rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamax"])
def test_votes_that_are_never_cast_change_nothing(optimizer):
    L = with_silent_rows(900, 9, 3, seed=3)
    one_sided = np.where(np.arange(9) % 3 == L, L, -1).astype(np.int8)
    ours = fit_quietly(LabelModel(3, optimizer=optimizer, l2=0.05), one_sided)
    theirs = fit_snorkel(one_sided, 3, None, seed=0, optimizer=optimizer, l2=0.05)
    np.testing.assert_allclose(ours.mu_, theirs.mu.detach().numpy(), rtol=0, atol=1e-6)


@pytest.mark.parametrize(("k", "balance"), [(2, None), (3, None), (5, None), (4, [0.3, 0.3, 0.2, 0.2])])
def test_classes_are_ordered_as_snorkel_orders_them(k, balance):
    L, _ = draw_votes(800, 6, k, seed=2)
    moved = np.where(L >= 0, (L + 1) % k, -1).astype(np.int8)  # most votes are wrong, and all in the same way
    for votes in (np.concatenate([moved, L[:, :2]], axis=1), np.roll(moved, 1, axis=0)):
        ours = fit_quietly(LabelModel(k, class_balance=balance, seed=1, prec_init=0.05), votes)
        theirs = fit_snorkel(votes, k, balance, seed=1, prec_init=0.05)
        np.testing.assert_allclose(ours.mu_, theirs.mu.detach().numpy(), rtol=0, atol=1e-6)


def test_classes_are_put_in_the_order_of_most_right_votes():
    mu = np.random.default_rng(0).random((12, 4)).astype(np.float32)
    p = np.full(4, 0.25, dtype=np.float32)
    right = [
        mu[:, order].reshape(3, 4, 4).diagonal(axis1=1, axis2=2).sum() for order in itertools.permutations(range(4))
    ]
    chosen = match_classes(mu, p)
    assert chosen.reshape(3, 4, 4).diagonal(axis1=1, axis2=2).sum() == pytest.approx(max(right))
    np.testing.assert_array_equal(match_classes(mu, np.array([0.1, 0.2, 0.3, 0.4], dtype=np.float32)), mu)


def test_neither_snorkel_nor_torch_is_imported():
    code = (
        "import sys, numpy as np\n"
        "from weaklabel.label_model import LabelModel\n"
        "L = np.random.default_rng(0).integers(-1, 2, (200, 5))\n"
        "LabelModel().fit(L).predict_proba(L)\n"
        "print([name for name in ('snorkel', 'torch', 'scipy', 'sklearn', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@given(label_matrices(max_lfs=9), st.integers(0, 3))
@settings(deadline=None, max_examples=80)
def test_overlaps_are_those_of_the_rows(L, extra):
    k = max(2, int(L.max(initial=-1)) + 1) + extra
    hot = (L[:, :, None] == np.arange(k)).reshape(len(L), L.shape[1] * k).astype(int)
    np.testing.assert_array_equal(count_overlaps(vote_patterns(L), k), hot.T @ hot)


@pytest.mark.parametrize(("n", "k"), [(700, 2), (700, 4), (9_000, 4)])
def test_overlaps_are_snorkels_to_the_bit(n, k):
    L = with_silent_rows(n, 7, k, seed=1)
    theirs = fit_snorkel(L, k, n_epochs=1, seed=0)
    overlaps = count_overlaps(vote_patterns(L), k)
    assert torch.equal(torch.from_numpy(overlaps / len(L)).float(), theirs.O)


def test_overlaps_of_very_many_patterns_are_the_sum_of_those_of_parts():
    L = np.random.default_rng(0).integers(-1, 4, (200_000, 12)).astype(np.int8)
    parts = [count_overlaps(vote_patterns(part), 4) for part in np.array_split(L, 4)]
    np.testing.assert_array_equal(count_overlaps(vote_patterns(L), 4), np.sum(parts, axis=0))


def test_an_unused_labeling_function_is_as_in_snorkel():
    L, _ = draw_votes(500, 5, 2)
    L[:, 2] = -1
    with pytest.warns(WeakLabelWarning, match="1 of 5 labeling functions never vote") as caught:
        ours = LabelModel(class_balance="uniform").fit(L)
    assert caught.pop(WeakLabelWarning).filename == __file__
    np.testing.assert_allclose(ours.mu_, fit_snorkel(L, 2, seed=0).mu.detach().numpy(), rtol=0, atol=1e-6)
    only_the_silent_one = np.array([[-1, -1, 1, -1, -1]])
    assert np.isnan(ours.predict_proba(only_the_silent_one)).all()


def test_uncovered_rows_can_be_left_out():
    L = with_silent_rows(500, 5, 2, seed=0)
    without = LabelModel(count_uncovered_rows=False).fit(L)
    np.testing.assert_array_equal(without.mu_, LabelModel().fit(L[(L >= 0).any(axis=1)]).mu_)
    assert not np.array_equal(without.mu_, LabelModel().fit(L).mu_)


def test_global_random_states_are_left_alone():
    L, _ = draw_votes(200, 5, 2)

    def draw():
        return random.random(), np.random.random(), torch.rand(1).item()

    def seed():
        random.seed(1)
        np.random.seed(1)
        torch.manual_seed(1)

    seed()
    expected = draw()
    seed()
    LabelModel(seed=5).fit(L)
    assert draw() == expected


def test_the_fit_does_not_hang_on_global_random_states():
    L, _ = draw_votes(200, 5, 2)
    first = LabelModel(seed=5).fit(L).mu_
    np.random.seed(99)
    np.testing.assert_array_equal(LabelModel(seed=5).fit(L).mu_, first)
    assert not np.array_equal(LabelModel(seed=6).fit(L).mu_, first)


@pytest.mark.parametrize("m", [1, 2])
def test_fewer_than_three_labeling_functions(m):
    L, _ = draw_votes(300, m, 3)
    L = np.append(L, np.full((300, 2), -1, dtype=np.int8), axis=1)
    with (
        pytest.warns(WeakLabelWarning, match="2 of . labeling functions never vote"),
        pytest.warns(WeakLabelWarning, match=f"only {m} of at least three"),
    ):
        model = LabelModel(3, class_balance="uniform", prec_init=0.8).fit(L)
    np.testing.assert_allclose(model.lf_accuracies_[:m], 0.8)
    one_vote = np.full((1, m + 2), -1)
    one_vote[0, 0] = 2
    np.testing.assert_allclose(model.predict_proba(one_vote), [[0.1, 0.1, 0.8]])


def test_one_class_only():
    L = np.array([[0, -1, 0], [-1, -1, -1], [0, 0, -1]])
    with pytest.warns(WeakLabelWarning, match="one class only"):
        model = LabelModel(1).fit(L)
    assert model.predict(L).tolist() == [0, -1, 0]
    np.testing.assert_allclose(model.lf_accuracies_, 1)
    for balance in ("majority", "uniform"):
        with pytest.warns(WeakLabelWarning, match="all votes are for class 0"):
            model = LabelModel(2, class_balance=balance).fit(L)
        assert model.predict(L).tolist() == [0, -1, 0]


@pytest.mark.parametrize("L", [np.full((3, 4), -1), np.empty((0, 4), dtype=np.int8)])
def test_no_votes_at_all(L):
    with pytest.warns(WeakLabelWarning, match=f"no labeling function votes on any of the {len(L)} rows"):
        model = LabelModel().fit(L)
    assert np.isnan(model.lf_accuracies_).all()
    assert model.predict(L).tolist() == [-1] * len(L)
    assert np.isnan(model.predict_proba(L)).all()


def test_a_diverging_loss_is_tried_again_with_a_warning():
    L, _ = draw_votes(300, 60, 2)
    with pytest.raises(Exception, match="Loss is NaN"):
        fit_snorkel(L, 2, lr=0.1, seed=0)
    with pytest.warns(WeakLabelWarning, match=r"diverged with lr=0.1; trying lr=0.01"):
        model = LabelModel(lr=0.1, class_balance="uniform").fit(L)
    assert np.isfinite(model.mu_).all()
    with (
        pytest.warns(WeakLabelWarning, match="diverged"),
        pytest.raises(LabelModelError, match=r"lr=10000 and still with lr=10;.*MajorityVote"),
    ):
        LabelModel(lr=1e4, class_balance="uniform").fit(L)


def test_contradicted_unanimous_rows_are_warned_of():
    L, _ = draw_votes(2_000, 4, 2, balance=[0.1, 0.9], coverage=(0.5, 0.6))
    with pytest.warns(
        WeakLabelWarning, match=r"contradicts \d+ of the \d+ rows \(\d+%\) on which all votes agree"
    ) as caught:
        LabelModel(class_balance=[0.999, 0.001]).fit(L)
    assert caught.pop(WeakLabelWarning).filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        LabelModel(class_balance="majority").fit(L)


def test_class_balance():
    L = np.array([[0, 0, 0], [0, -1, -1], [0, 1, -1], [-1, -1, -1]])
    np.testing.assert_allclose(majority_class_balance(vote_patterns(L), 3), [3.5 / 6, 1.5 / 6, 1 / 6])
    np.testing.assert_allclose(fit_quietly(LabelModel(3, class_balance="majority"), L).p_, [3.5 / 6, 1.5 / 6, 1 / 6])
    np.testing.assert_allclose(fit_quietly(LabelModel(3, class_balance=None), L).p_, 1 / 3)
    np.testing.assert_allclose(class_balance_from_gold([2, 2, -1, 0], 3), [2 / 6, 1 / 6, 3 / 6])
    for wrong, message in (
        ("gold", "unknown class_balance 'gold'"),
        ([0.5, 0.5], "2 shares for 3 classes"),
        ([1.0, 0.0, 0.0], "above 0"),
        ([0.5, 0.5, 0.5], "sum to 1"),
    ):
        with pytest.raises(LabelModelError, match=message):
            LabelModel(3, class_balance=wrong).fit(L)


def test_wrong_options_are_refused():
    L, _ = draw_votes(50, 4, 2)
    with pytest.raises(LabelModelError, match="prec_init has 2 values for 4"):
        LabelModel(prec_init=[0.5, 0.6]).fit(L)
    with pytest.raises(LabelModelError, match=r"unknown optimizer 'adamw' \(did you mean 'adam"):
        LabelModel(optimizer="adamw").fit(L)
    with pytest.raises(LabelModelError, match="unknown lr_scheduler 'cosine'"):
        LabelModel(lr_scheduler="cosine").fit(L)
    with pytest.raises(LabelModelError, match="prec_init must be 0 to 1"):
        LabelModel(prec_init=1.5).fit(L)


@pytest.mark.parametrize("k", [2, 3, 30, 127])
def test_answers_do_not_hang_on_which_rows_are_taken_together(k):
    L, _ = draw_votes(20_000, 8, k)
    model = fit_quietly(LabelModel(k), L)
    expected = model.predict_proba(L)
    for n_parts in (2, 9):
        parts = np.array_split(L, n_parts)
        np.testing.assert_array_equal(np.concatenate([model.predict_proba(part) for part in parts]), expected)
    np.testing.assert_array_equal(np.concatenate([model.predict_proba(row[None]) for row in L[:50]]), expected[:50])
    by_vote = np.log(model.mu_).reshape(8, k, k)
    scores = np.log(model.p_) + sum(np.where(L[:, [lf]] >= 0, by_vote[lf, L[:, lf]], 0) for lf in range(8))
    voted = (L >= 0).any(axis=1)
    right = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(expected[voted], right[voted])
    assert np.isnan(expected[~voted]).all()


def test_a_table_without_rows_is_enough_to_fit():
    L, _ = draw_votes(500, 6, 3)
    table = merge_patterns([vote_patterns(L[:200]), vote_patterns(L[200:])])
    model = LabelModel(3, class_balance="majority").fit(table)
    np.testing.assert_array_equal(model.mu_, LabelModel(3, class_balance="majority").fit(L).mu_)
    with pytest.raises(VoteError, match="does not keep which row has which pattern"):
        model.predict_proba(table)
    whole = vote_patterns(L)
    np.testing.assert_array_equal(model.predict_proba(table.patterns)[whole.inverse], model.predict_proba(L))


def test_many_votes_do_not_underflow():
    L, _ = draw_votes(300, 4, 2)
    model = LabelModel().fit(L)
    model.mu_, model.lf_accuracies_ = np.tile(model.mu_, (1_000, 1)), np.tile(model.lf_accuracies_, 1_000)
    assert model.predict(np.tile([[0, 0, 0, 0], [1, 1, 1, 1]], 1_000)).tolist() == [0, 1]


@pytest.mark.parametrize("k", [2, 3])
def test_snorkels_own_call_with_gold_of_a_development_set_gives_its_parameters(k):
    L, Y = draw_votes(600, 7, k, seed=k)
    dev = Y[:90][Y[:90] != k - 1].tolist() + [k - 1] * 7
    theirs = RealLabelModel(k, verbose=False)
    theirs.fit(L.astype(np.int64), np.array(dev), n_epochs=150, lr=0.02, seed=5, log_freq=100, progress_bar=False)
    model = LabelModel(k, verbose=False)
    for ours in (
        model.fit(L, np.array(dev), n_epochs=150, lr=0.02, seed=5, log_freq=100, progress_bar=False),
        LabelModel(k).fit(L_train=L, Y_dev=dev, n_epochs=150, lr=0.02, seed=5),
    ):
        np.testing.assert_allclose(ours.p_, theirs.p.tolist(), rtol=1e-6)
        np.testing.assert_allclose(ours.mu_, theirs.mu.detach().numpy(), rtol=0, atol=1e-6)
    # Options of a fit are of that fit alone, as in Snorkel.
    assert model.get_params() == LabelModel(k).get_params()
    np.testing.assert_array_equal(model.fit(L).mu_, LabelModel(k).fit(L).mu_)


def test_class_balance_counts_before_gold_as_in_snorkel():
    L, Y = draw_votes(500, 6, 2, seed=1)
    balance = [0.3, 0.7]
    theirs = RealLabelModel(2, verbose=False)
    theirs.fit(L.astype(np.int64), Y, class_balance=balance, seed=0, progress_bar=False)
    for ours in (
        LabelModel().fit(L, Y, class_balance=balance),
        LabelModel(class_balance=balance).fit(L, Y),
    ):
        np.testing.assert_allclose(ours.mu_, theirs.mu.detach().numpy(), rtol=0, atol=1e-6)
    assert LabelModel(class_balance="uniform").fit(L, [0, 0, 0, 1]).p_.tolist() == [0.5, 0.5]


def test_what_snorkel_refuses_or_ignores_is_an_error_or_a_warning():
    L, _ = draw_votes(300, 5, 2, seed=1)
    with pytest.warns(WeakLabelWarning, match="Y_dev has no row of class 1") as caught:
        assert LabelModel().fit(L, [0, 0, -1]).p_.tolist() == [0.75, 0.25]
    assert caught.pop(WeakLabelWarning).filename == __file__
    with pytest.raises(LabelModelError, match="none of the 2 labels in Y_dev is gold"):
        LabelModel().fit(L, [-1, -1])
    with pytest.raises(VoteError, match=r"label 2 in row 1 is outside -1\.\.1"):
        LabelModel().fit(L, [0, 2])
    with pytest.raises(LabelModelError, match=r"no option 'epochs' \(did you mean 'n_epochs'\?\)"):
        LabelModel().fit(L, epochs=3)
    for call in ({}, {"L": L, "L_train": L}):
        with pytest.raises(LabelModelError, match="needs the label matrix once"):
            LabelModel().fit(**call)
