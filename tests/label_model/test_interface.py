"""What every label model must do."""

import json
import warnings

import numpy as np
import pytest
from sklearn.base import clone

from tests.label_model.synthetic import draw_votes
from weaklabel.errors import LabelModelError, VoteError
from weaklabel.label_model import MajorityVote, SnorkelLabelModel, load_label_model
from weaklabel.votes import Votes, vote_patterns

L, Y = draw_votes(400, 6, 3)
L[:7] = -1
VOTED = (L >= 0).any(axis=1)


@pytest.fixture(params=[MajorityVote, SnorkelLabelModel])
def model(request):
    return request.param(3)


def silently(call, *arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call(*arguments)


def test_probabilities(model):
    probs = model.fit(L).predict_proba(L)
    assert probs.shape == (400, 3)
    assert probs.dtype == np.float64
    np.testing.assert_allclose(probs[VOTED].sum(axis=1), 1)
    assert np.isnan(probs[~VOTED]).all()
    preds = model.predict(L)
    assert (preds[~VOTED] == -1).all()
    assert (preds == Y)[VOTED].mean() > 0.8
    assert preds.dtype == np.int64


def test_patterns_and_votes_are_taken_as_well_as_L(model):
    expected = model.fit(L).predict_proba(L)
    for form in (vote_patterns(L), Votes(L, list("abcdef")), L.astype(np.int64), L.tolist()):
        np.testing.assert_array_equal(clone(model).fit(form).predict_proba(form), expected)


def test_permuted_rows_permute_the_answers(model):
    order = np.random.default_rng(3).permutation(len(L))
    permuted = clone(model).fit(L[order])
    model.fit(L)
    for policy in ("abstain", "first", "random"):
        preds, probs = model.predict(L, return_probs=True, tie_break_policy=policy)
        preds_too, probs_too = permuted.predict(L[order], return_probs=True, tie_break_policy=policy)
        np.testing.assert_array_equal(preds[order], preds_too)
        np.testing.assert_array_equal(probs[order], probs_too)
        in_parts = [model.predict(part, tie_break_policy=policy) for part in np.array_split(L, 7)]
        np.testing.assert_array_equal(np.concatenate(in_parts), preds)


@pytest.mark.parametrize("place", [0, 3, 6])
def test_a_labeling_function_that_never_votes_changes_nothing(model, place):
    wider = np.insert(L, place, -1, axis=1)
    expected = clone(model).fit(L)
    found = silently(model.fit, wider)
    np.testing.assert_array_equal(found.predict_proba(wider), expected.predict_proba(L))
    assert np.isnan(found.lf_accuracies_[place])
    np.testing.assert_array_equal(np.delete(found.lf_accuracies_, place), expected.lf_accuracies_)


def test_accuracies_are_near_the_truth(model):
    L, Y = draw_votes(5_000, 10, 3, seed=5)
    true = [(L[:, j] == Y)[L[:, j] >= 0].mean() for j in range(10)]
    estimated = model.fit(L).lf_accuracies_
    assert np.corrcoef(true, estimated)[0, 1] > 0.8


def test_no_rows_to_predict(model):
    preds, probs = model.fit(L).predict(L[:0], return_probs=True)
    assert preds.shape == (0,)
    assert probs.shape == (0, 3)


@pytest.mark.parametrize("path", [".", "model.json"])
def test_there_and_back(model, path, tmp_path):
    silently(model.set_params(seed=4, tie_break_policy="random").fit, np.insert(L, 2, -1, axis=1))
    model.save(tmp_path / path)
    (file,) = tmp_path.iterdir()
    assert json.loads(file.read_text())["model"] == type(model).__name__
    back = load_label_model(tmp_path / path)
    wide = np.insert(L, 2, -1, axis=1)
    np.testing.assert_array_equal(back.predict_proba(wide), model.predict_proba(wide))
    np.testing.assert_array_equal(back.predict(wide), model.predict(wide))
    assert back.get_params() == model.get_params()
    assert repr(back) == repr(model)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": "other"}', '{"format": "weaklabel label model 1"}'])
def test_damaged_files_are_refused(content, tmp_path):
    (tmp_path / "label_model.json").write_text(content)
    with pytest.raises(LabelModelError, match=r"label_model\.json"):
        load_label_model(tmp_path)
    with pytest.raises(LabelModelError, match="cannot read"):
        load_label_model(tmp_path / "none.json")


def test_parameters_in_scikit_learns_manner(model):
    assert clone(model.set_params(seed=9)).get_params() == model.get_params()
    with pytest.raises(LabelModelError, match=r"no parameter 'sead' \(did you mean 'seed'"):
        model.set_params(sead=1)


def test_wrong_use_is_said(model):
    with pytest.raises(LabelModelError, match="call fit"):
        model.save("nowhere")
    with pytest.raises(VoteError, match=r"outside -1..2 \(cardinality=3\)"):
        model.fit([[0, 1, 3]])
    with pytest.raises(VoteError, match="outside"):
        model.fit(vote_patterns([[0, 1, 3]]))
    with pytest.raises(LabelModelError, match="cardinality must be 1 to 127"):
        clone(model).set_params(cardinality=0).fit(L)
    model.fit(L)
    with pytest.raises(LabelModelError, match="fitted on 6 labeling functions, L has 5"):
        model.predict(L[:, :5])
    with pytest.raises(LabelModelError, match="unknown tie_break_policy 'true-random'"):
        model.predict(L, tie_break_policy="true-random")
