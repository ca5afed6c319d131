import subprocess
import sys
import warnings
from importlib.resources import files

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from benchmarks.quality import hyper_training
from benchmarks.quality.hyper_votes import draw_plan, draw_votes as draw_realistic_votes
from tests.label_model.synthetic import draw_votes
from tests.votes.strategies import label_matrices
from weaklabel.errors import WeakLabelWarning
from weaklabel.label_model import MajorityVote
from weaklabel.label_model.hyper.model import WEIGHTS_FILE, CellParts, HyperLabelModel, network_weights
from weaklabel.label_model.hyper.network import names_and_shapes, run_network
from weaklabel.label_model.hyper.table import VoteTable
from weaklabel.votes import vote_patterns


def fit(L, k=2):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WeakLabelWarning)
        return HyperLabelModel(k).fit(L)


def log_loss(probs, Y):
    return -np.log(np.clip(probs[np.arange(len(Y)), Y], 1e-6, 1)).mean()


def covered(L, Y):
    some = (L >= 0).any(axis=1)
    return L[some], Y[some]


@given(label_matrices(min_rows=1), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=40)
def test_the_order_of_labeling_functions_does_not_matter(L, random):
    order = random.sample(range(L.shape[1]), L.shape[1])
    model, permuted = fit(L, 4), fit(L[:, order], 4)
    np.testing.assert_allclose(permuted.predict_proba(L[:, order]), model.predict_proba(L), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(permuted.lf_accuracies_, model.lf_accuracies_[order], rtol=1e-6)


@given(label_matrices(min_rows=1), st.permutations(range(4)))
@settings(deadline=None, max_examples=40)
def test_renamed_classes_rename_the_answers(L, names):
    renamed = np.append(names, -1)[L]
    probs, expected = fit(renamed, 4).predict_proba(renamed), fit(L, 4).predict_proba(L)
    np.testing.assert_allclose(probs[:, names], expected, rtol=1e-6, atol=1e-9)


@given(label_matrices(min_rows=1))
@settings(deadline=None, max_examples=40)
def test_any_votes_give_finite_answers(L):
    model = fit(L, 4)
    probs = model.predict_proba(L)
    voted = (L >= 0).any(axis=1)
    np.testing.assert_allclose(probs[voted].sum(axis=1), 1)
    assert np.isnan(probs[~voted]).all()
    accuracies = model.lf_accuracies_[~np.isnan(model.lf_accuracies_)]
    assert ((accuracies >= 0) & (accuracies <= 1 + 1e-9)).all()


@pytest.mark.parametrize("k", [2, 5])
def test_numpy_and_torch_give_the_same(k):
    patterns = vote_patterns(draw_votes(300, 6, k)[0])
    lf, label = np.repeat(np.arange(6), k), np.tile(np.arange(k), 6)
    cast = (patterns.patterns[:, lf] == label).astype(float)
    overlaps = (cast * patterns.counts[:, None]).T @ cast
    assert overlaps.diagonal().min() > 0

    def table(to):
        (cells,) = CellParts(patterns.patterns, patterns.counts, np.ones((6, k), dtype=bool))
        cells = type(cells)(*(to(getattr(cells, name)) for name in ("counts", "row", "item", "alone")))
        n = float(patterns.counts[(patterns.patterns >= 0).any(axis=1)].sum())
        overlapping = overlaps * (lf[:, None] != lf)
        return VoteTable([cells], to(lf), to(np.eye(k)[label]), to(overlapping), to(overlaps.diagonal().copy()), n, 6)

    def add(values, group, size):
        return torch.zeros((size, values.shape[1]), dtype=values.dtype).index_add(0, group, values)

    weights = {name: torch.from_numpy(value) for name, value in network_weights().items()}
    state = run_network(table(torch.from_numpy), weights, torch, add)[-1]
    model = HyperLabelModel(k).fit(patterns)
    np.testing.assert_allclose(model.evidence_[:, 1:].reshape(6 * k, k), state.evidence.numpy(), rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(model.evidence_[:, 0], state.abstain.numpy(), rtol=1e-6, atol=1e-8)
    assert np.ptp(model.log_prior_ - state.prior.numpy()) < 1e-8


def test_which_patterns_are_taken_together_does_not_matter(monkeypatch):
    L, _ = draw_votes(300, 8, 3)
    expected = fit(L, 3).evidence_
    monkeypatch.setattr("weaklabel.label_model.hyper.model._CELLS_AT_ONCE", 50)
    np.testing.assert_allclose(fit(L, 3).evidence_, expected, rtol=1e-9, atol=1e-12)


def test_rows_without_votes_change_nothing():
    L, _ = draw_votes(300, 5, 3)
    silent = np.concatenate([L, np.full((500, 5), -1)])
    np.testing.assert_array_equal(fit(silent, 3).evidence_, fit(covered(L, L)[0], 3).evidence_)


def test_new_rows_need_no_fit():
    L, Y = draw_votes(3_000, 12, 3, seed=1)
    model = fit(L[:2_000], 3)
    assert (model.predict(L[2_000:]) == Y[2_000:]).mean() > 0.9


@pytest.mark.parametrize("k", [2, 4])
def test_good_and_bad_labeling_functions_are_distinguished(k):
    ours, theirs = [], []
    for seed in range(6):
        L, Y = covered(*draw_votes(3_000, 10, k, seed, accuracy=(0.35, 0.95), coverage=(0.2, 0.7)))
        probs, plain = fit(L, k).predict_proba(L), MajorityVote(k).fit(L).predict_proba(L)
        assert log_loss(probs, Y) < log_loss(plain, Y)
        ours.append((probs.argmax(axis=1) == Y).mean())
        theirs.append((plain.argmax(axis=1) == Y).mean())
    assert np.mean(ours) > np.mean(theirs) + 0.01


def test_it_is_no_surer_than_it_should_be():
    confidence, right = [], []
    for seed in range(8):
        L, Y = covered(*draw_votes(1_500, 12, 2, seed, coverage=(0.05, 0.3)))
        probs = fit(L).predict_proba(L)
        confidence.append(probs.max(axis=1))
        right.append(probs.argmax(axis=1) == Y)
    confidence, right = np.concatenate(confidence), np.concatenate(right)
    for low in (0.6, 0.7, 0.8, 0.9):
        some = (confidence >= low) & (confidence < low + 0.1)
        assert confidence[some].mean() < right[some].mean() + 0.03


def test_a_rare_class_is_found_to_be_rare():
    L, Y = covered(*draw_votes(4_000, 12, 2, seed=0, balance=[0.92, 0.08], coverage=(0.2, 0.5)))
    model = fit(L)
    assert np.exp(model.log_prior_[1]) < 0.4
    assert (model.predict(L) == Y).mean() > 0.9


def test_no_votes_at_all():
    with pytest.warns(WeakLabelWarning, match="no labeling function votes on any of the 3 rows"):
        model = HyperLabelModel().fit(np.full((3, 4), -1))
    assert np.isnan(model.lf_accuracies_).all()
    assert model.predict([[0, 1, -1, -1]]).tolist() == [-1]


def test_an_unused_labeling_function_is_warned_of():
    L, _ = draw_votes(100, 3, 2)
    L[:, 1] = -1
    with pytest.warns(WeakLabelWarning, match="1 of 3 labeling functions never vote") as caught:
        model = HyperLabelModel().fit(L)
    assert caught.pop(WeakLabelWarning).filename == __file__
    assert np.isnan(model.predict_proba([[-1, 1, -1]])).all()


def test_one_class():
    model = fit([[0, -1], [-1, -1], [0, 0]], k=1)
    assert model.predict([[0, -1], [-1, -1]]).tolist() == [0, -1]
    np.testing.assert_array_equal(model.lf_accuracies_, 1)


def test_votes_for_one_class_of_two_are_believed():
    assert fit([[0, -1, 0], [0, 0, -1], [-1, 0, 0], [-1, 0, -1]]).predict([[0, 0, -1], [-1, 0, -1]]).tolist() == [0, 0]


def test_the_weights_are_few_and_whole():
    file = files("weaklabel.label_model.hyper").joinpath(WEIGHTS_FILE)
    assert len(file.read_bytes()) < 300_000
    weights = network_weights()
    assert {name: value.shape for name, value in weights.items()} == names_and_shapes()
    assert all(np.isfinite(value).all() for value in weights.values())


def test_nothing_heavy_is_imported():
    code = (
        "import sys, numpy as np\n"
        "from weaklabel.label_model.hyper.model import HyperLabelModel\n"
        "L = np.random.default_rng(0).integers(-1, 2, (200, 5))\n"
        "HyperLabelModel().fit(L).predict_proba(L)\n"
        "print([name for name in ('snorkel', 'torch', 'scipy', 'sklearn', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("seed", range(8))
def test_the_votes_for_training_are_as_planned(seed):
    rng = np.random.default_rng(seed)
    plan = draw_plan(rng)
    L, classes = draw_realistic_votes(rng, plan, 200)
    assert L.shape == (200, plan.m)
    assert set(np.unique(classes)) <= set(range(plan.k))
    assert L.min() >= -1
    assert L.max() < plan.k
    assert (np.diff(plan.lf) >= 0).all()


def test_training_lowers_the_loss():
    weights = hyper_training.first_weights(0)
    optimizer = torch.optim.Adam(weights.values())
    batch = hyper_training.draw_batch(0, 0)
    losses = [hyper_training.train_step(weights, optimizer, batch, 3e-3) for _ in range(6)]
    assert losses[-1] < losses[0]


def test_training_that_was_stopped_ends_as_it_would_have_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(hyper_training, "SAVE_EVERY", 1)
    whole = hyper_training.train(3, 1, tmp_path / "whole")
    step, left = hyper_training.train_step, [1, 1]

    def stop(*arguments):
        left.pop()  # the third step fails
        return step(*arguments)

    monkeypatch.setattr(hyper_training, "train_step", stop)
    with pytest.raises(IndexError):
        hyper_training.train(3, 1, tmp_path / "stopped")
    monkeypatch.setattr(hyper_training, "train_step", step)
    resumed = hyper_training.train(3, 1, tmp_path / "stopped")
    assert all(torch.equal(resumed[name], value) for name, value in whole.items())
