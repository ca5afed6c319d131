"""What every label model must do."""

import json
import warnings

import numpy as np
import pytest
from sklearn.base import clone

from tests.label_model.synthetic import draw_votes
from weaklabel.errors import LabelModelError, VoteError
from weaklabel.label_model import (
    LABEL_MODELS,
    DawidSkene,
    LabelModel,
    MajorityVote,
    StructuredLabelModel,
    TripletLabelModel,
    WeightedMajorityVote,
    load_label_model,
)
from weaklabel.votes import VotePatterns, Votes, vote_patterns

L, Y = draw_votes(400, 6, 3)
L[:7] = -1
VOTED = (L >= 0).any(axis=1)


@pytest.fixture(params=sorted(set(LABEL_MODELS) - {"text"}))  # which needs texts: see test_text
def model(request):
    return LABEL_MODELS[request.param](3)


@pytest.fixture(params=[MajorityVote, WeightedMajorityVote, TripletLabelModel, StructuredLabelModel, DawidSkene])
def exact_model(request):
    """A model without a random start or a step size, which treats all labeling functions and all classes alike."""
    return request.param


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
    result = silently(model.fit, wider)
    np.testing.assert_array_equal(result.predict_proba(wider), expected.predict_proba(L))
    assert np.isnan(result.lf_accuracies_[place])
    np.testing.assert_array_equal(np.delete(result.lf_accuracies_, place), expected.lf_accuracies_)


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
def test_a_saved_model_gives_the_same_answers(model, path, tmp_path):
    silently(model.set_params(seed=4, tie_break_policy="random").fit, np.insert(L, 2, -1, axis=1))
    model.save(tmp_path / path)
    (file,) = tmp_path.iterdir()
    assert LABEL_MODELS[json.loads(file.read_text())["model"]] is type(model)
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


def test_wrong_use_is_an_error(model):
    with pytest.raises(LabelModelError, match="call fit"):
        model.save("nowhere")
    with pytest.raises(VoteError, match=r"outside -1..2 \(cardinality=3\)"):
        model.fit([[0, 1, 3]])
    with pytest.raises(VoteError, match="outside"):
        model.fit(vote_patterns([[0, 1, 3]]))
    with pytest.raises(LabelModelError, match="cardinality must be 1 to 32767"):
        clone(model).set_params(cardinality=0).fit(L)
    model.fit(L)
    with pytest.raises(LabelModelError, match="fitted on 6 labeling functions, L has 5"):
        model.predict(L[:, :5])
    with pytest.raises(LabelModelError, match="unknown tie_break_policy 'true-random'"):
        model.predict(L, tie_break_policy="true-random")


def fit_quietly(model, L):
    return silently(model.fit, L)


def test_one_class_only(model):
    item = np.where(L >= 0, 1, -1).astype(np.int8)
    assert set(fit_quietly(model, item).predict(item)[VOTED]) == {1}


def test_one_labeling_function(model):
    item = L[:, :1]
    np.testing.assert_array_equal(fit_quietly(model, item).predict(item), item[:, 0])


def test_no_vote_at_all(model):
    nothing = np.full((5, 3), -1, dtype=np.int8)
    preds, probs = fit_quietly(model, nothing).predict(nothing, return_probs=True)
    assert (preds == -1).all()
    assert np.isnan(probs).all()
    assert np.isnan(model.lf_accuracies_).all()


def test_one_class_there_is(model):
    zeros = np.where(L >= 0, 0, -1).astype(np.int8)
    probs = fit_quietly(model.set_params(cardinality=1), zeros).predict_proba(zeros)
    assert (probs[VOTED] == 1).all()


HARD = {
    "1,200 labeling functions on 300 rows": (draw_votes(300, 1200, 2, coverage=(0.02, 0.1)), 0.99),
    "100 classes": (draw_votes(2000, 8, 100), 0.85),
    "coverage of 5%": (draw_votes(2000, 40, 2, coverage=(0.02, 0.08)), 0.75),
    "19 to 1": (draw_votes(4000, 15, 2, balance=[0.95, 0.05], accuracy=(0.7, 0.95)), 0.94),
}


@pytest.mark.parametrize("case", HARD)
def test_hard_votes(exact_model, case):
    (L, Y), at_least = HARD[case]
    model = fit_quietly(exact_model(int(Y.max()) + 1), L)
    voted = (L >= 0).any(axis=1)
    preds, probs = model.predict(L, return_probs=True, tie_break_policy="random")
    assert (preds == Y)[voted].mean() > at_least
    np.testing.assert_allclose(probs[voted].sum(axis=1), 1)
    assert ((model.lf_accuracies_ >= 0) & (model.lf_accuracies_ <= 1)).all()


def test_doubled_labeling_functions_are_weighed_alike(exact_model):
    twice = np.concatenate([L, L], axis=1)
    model = fit_quietly(exact_model(3), twice)
    # One of two copies leads, the other follows, nearly always.
    alike = 0.01 if exact_model is StructuredLabelModel else 1e-9
    np.testing.assert_allclose(model.lf_accuracies_[:6], model.lf_accuracies_[6:], atol=alike)
    assert (model.predict(twice) == Y)[VOTED].mean() > 0.8


@pytest.mark.parametrize("cls", [WeightedMajorityVote, TripletLabelModel, LabelModel, DawidSkene])
def test_an_adversary_is_seen_through(cls):
    L, Y = draw_votes(3000, 10, 2, seed=7, accuracy=(0.7, 0.9))
    against = L.copy()
    against[:, 4] = np.where(L[:, 4] >= 0, 1 - L[:, 4], -1)
    model = cls(2).fit(against)
    assert model.lf_accuracies_[4] < 0.5
    assert (model.predict(against) == Y).mean() > (
        MajorityVote(2).predict(against, tie_break_policy="random") == Y
    ).mean()


def test_renamed_classes_rename_the_answers(exact_model):
    to = np.array([2, 0, 1, -1], dtype=np.int8)
    expected = fit_quietly(exact_model(3), L).predict_proba(L)
    renamed = fit_quietly(exact_model(3), to[L]).predict_proba(to[L])
    np.testing.assert_allclose(renamed[:, to[:3]], expected, atol=1e-9)


def test_the_order_of_labeling_functions_makes_no_difference(exact_model):
    order = np.random.default_rng(5).permutation(6)
    expected = fit_quietly(exact_model(3), L)
    permuted = fit_quietly(exact_model(3), L[:, order])
    np.testing.assert_allclose(permuted.lf_accuracies_, expected.lf_accuracies_[order], atol=1e-9)
    np.testing.assert_allclose(permuted.predict_proba(L[:, order]), expected.predict_proba(L), atol=1e-9)


def test_a_row_that_counts_for_several_is_as_several_rows(exact_model):
    table = vote_patterns(L)
    np.testing.assert_allclose(
        exact_model(3).fit(L).predict_proba(L),
        exact_model(3).fit(VotePatterns(table.patterns, table.counts)).predict_proba(L),
        atol=1e-12,
    )
    once = exact_model(3).fit(VotePatterns(table.patterns, np.ones_like(table.counts)))
    thousand = exact_model(3).fit(VotePatterns(table.patterns, table.counts * 10_000))
    assert np.nanmax(np.abs(once.lf_accuracies_ - thousand.lf_accuracies_)) < 0.25


def test_late_votes_of_a_silent_labeling_function_are_not_used(model):
    if isinstance(model, MajorityVote):
        return  # which learns nothing
    wide = np.insert(L, 2, -1, axis=1)
    silently(model.fit, wide)
    late = wide.copy()
    late[:, 2] = 1
    np.testing.assert_array_equal(model.predict_proba(late[VOTED]), model.predict_proba(wide[VOTED]))


def test_no_labeling_function_at_all(model):
    nothing = np.empty((5, 0), dtype=np.int8)
    assert np.isnan(silently(model.fit, nothing).predict_proba(nothing)).all()


def test_the_second_argument_may_be_gold_as_in_scikit_learn_and_snorkel(model):
    as_y = clone(model).fit(L, Y)
    for gold in (Y.tolist(), Y.astype(np.int8), Y[:50]):
        assert clone(model).fit(L, gold).predict_proba(L).shape == (400, 3)
    np.testing.assert_array_equal(clone(model).fit(L, Y_dev=Y).predict_proba(L), as_y.predict_proba(L))
    if "class_balance" in model.get_params():
        shares = np.bincount(Y) / len(Y)
        given = clone(model).set_params(class_balance=shares.tolist()).fit(L)
        np.testing.assert_allclose(as_y.predict_proba(L), given.predict_proba(L), rtol=1e-12)
        assert as_y.get_params()["class_balance"] is None
    with pytest.raises(VoteError, match="label 3 in row 0 is outside"):
        model.fit(L, [3, 0])
    with pytest.raises(VoteError, match="one whole number a row"):
        model.fit(L, [0.5, 0.2])


def test_numbers_are_no_texts(model):
    model.fit(L)
    for call in (
        lambda: model.fit(L, texts=Y),
        lambda: model.predict_proba(L, Y),
        lambda: model.predict(L, texts=Y.tolist()),
        lambda: model.predict(L, return_probs=True, texts=Y),
    ):
        with pytest.raises(LabelModelError, match="texts must be strings, not numbers"):
            call()
    with pytest.raises(LabelModelError, match="texts were given twice"):
        model.fit(L, ["a"] * 400, texts=["a"] * 400)
