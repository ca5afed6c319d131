"""Label models with more classes than a byte can number."""

import tracemalloc

import numpy as np
import pytest

from tests.label_model.synthetic import draw_votes
from weaklabel.errors import LabelModelError
from weaklabel.label_model import (
    AutoLabelModel,
    CommitteeLabelModel,
    DawidSkene,
    HyperLabelModel,
    LabelModel,
    MajorityVote,
    StructuredLabelModel,
    TripletLabelModel,
    WeightedMajorityVote,
    load_label_model,
)
from weaklabel.label_model.checks import BUDGET
from weaklabel.labels import vote_dtype
from weaklabel.votes import vote_patterns

pytestmark = pytest.mark.filterwarnings("ignore::weaklabel.errors.WeakLabelWarning")

K = 200
FEW, Y = draw_votes(600, 7, 5, coverage=(0.3, 0.7))
SPREAD = np.array([3, 60, 131, 180, 199, -1])
MANY = SPREAD[FEW].astype(np.int16)
MODELS = [MajorityVote, WeightedMajorityVote, TripletLabelModel, DawidSkene, HyperLabelModel, LabelModel]


@pytest.fixture(params=MODELS, ids=lambda model: model.__name__)
def model(request):
    return request.param(K, n_epochs=10) if request.param is LabelModel else request.param(K)


@pytest.mark.parametrize(("kind", "least"), [(MajorityVote, 1.0), (WeightedMajorityVote, 0.99), (DawidSkene, 0.97)])
def test_classes_without_votes_change_no_answer(kind, least):
    few, many = kind(5).fit(FEW).predict(FEW), kind(K).fit(MANY).predict(MANY)
    assert (SPREAD[few] == many).mean() >= least


def test_a_permutation_of_rows_permutes_the_answers(model):
    order = np.random.default_rng(0).permutation(len(MANY))
    expected = model.fit(MANY).predict_proba(MANY)
    np.testing.assert_allclose(model.fit(MANY[order]).predict_proba(MANY[order]), expected[order], atol=1e-9)


def test_a_permutation_of_labeling_functions_changes_nothing(model):
    order = np.array([4, 0, 6, 2, 1, 5, 3])
    expected = model.fit(MANY).predict_proba(MANY)
    np.testing.assert_allclose(model.fit(MANY[:, order]).predict_proba(MANY[:, order]), expected, atol=1e-5)


@pytest.mark.parametrize("kind", MODELS[:4])
def test_renamed_classes_rename_the_answers(kind):
    names = np.append(np.random.default_rng(1).permutation(K), -1)
    expected = kind(K).fit(MANY).predict_proba(MANY)
    renamed = kind(K).fit(names[MANY]).predict_proba(names[MANY])
    np.testing.assert_allclose(renamed[:, names[:-1]], expected, atol=1e-9)


def test_rows_predicted_alone_and_in_blocks_get_the_same_answers(model, monkeypatch):
    preds, probs = model.fit(MANY).predict(MANY, return_probs=True)
    monkeypatch.setattr("weaklabel.label_model.checks.BUDGET", 4 * 8 * K * 7)  # seven rows a block
    np.testing.assert_array_equal(model.predict_proba(MANY), probs)
    np.testing.assert_array_equal(model.predict(MANY), preds)
    np.testing.assert_array_equal(model.predict(MANY[:1]), preds[:1])


def test_a_saved_model_gives_the_same_answers(model, tmp_path):
    expected = model.fit(MANY).predict_proba(MANY)
    model.save(tmp_path)
    np.testing.assert_array_equal(load_label_model(tmp_path).predict_proba(MANY), expected)


def test_a_tie_of_all_classes_is_a_tie():
    nobody = np.full((1, 256), 1 / 256)
    L = np.arange(256, dtype=np.int16)[None]
    np.testing.assert_allclose(MajorityVote(256).predict_proba(L), nobody)
    assert MajorityVote(256).predict(L).tolist() == [-1]
    assert MajorityVote(256, tie_break_policy="first").predict(L).tolist() == [0]
    assert MajorityVote(256, tie_break_policy="random").predict(L).tolist() != [-1]


@pytest.mark.parametrize("kind", [LabelModel, DawidSkene, TripletLabelModel, HyperLabelModel])
def test_what_would_not_fit_memory_is_refused_before_it_is_taken(kind):
    L = np.full((3, 1200), -1, dtype=np.int16)
    with pytest.raises(LabelModelError, match=r"would take .* GiB for the tables of 1,200 .* and 1,000 classes"):
        kind(1000).fit(L)


def test_the_committee_leaves_out_what_would_not_fit(tmp_path):
    rng = np.random.default_rng(0)
    Y = rng.integers(0, 1000, 300)
    L = np.where(rng.random((300, 1200)) < 0.01, Y[:, None], -1).astype(vote_dtype(1000))
    auto = AutoLabelModel(1000).fit(L, ["text"] * 300)
    assert {type(member) for member in auto.chosen_.members_} == {MajorityVote, WeightedMajorityVote}
    assert "left out, since they would take more than 1.0 GiB: StructuredLabelModel, " in auto.describe()
    assert "texts are not used" in auto.describe()
    assert (auto.predict(L) == Y)[(L >= 0).any(axis=1)].all()
    auto.save(tmp_path)
    back = load_label_model(tmp_path)
    assert back.describe() == auto.describe()
    assert back.chosen_.left_out_ == auto.chosen_.left_out_


def test_the_committee_uses_what_fits(monkeypatch):
    monkeypatch.setattr("weaklabel.label_model.checks.BUDGET", DawidSkene(K).bytes_needed(vote_patterns(MANY)))
    committee = CommitteeLabelModel(K).fit(MANY)
    assert committee.left_out_ == ("StructuredLabelModel", "LabelModel")
    assert [type(member) for member in committee.members_].count(DawidSkene) == 4


def test_up_to_127_classes_only_what_lies_in_squares_counts():
    few, many = (vote_patterns(np.arange(50 * n).reshape(n, 50) % 127) for n in (10, 127))
    assert DawidSkene(127).bytes_needed(many) == DawidSkene(127).bytes_needed(few) > 0
    every_vote = vote_patterns(np.repeat(np.arange(10, dtype=np.int8)[:, None], 1200, axis=1))
    assert LabelModel(10).bytes_needed(every_vote) > BUDGET
    assert LabelModel(10).bytes_needed(vote_patterns(np.zeros((1, 1200), dtype=np.int8))) < BUDGET / 20
    assert MajorityVote(127).bytes_needed(many) == 0


@pytest.mark.parametrize("kind", [LabelModel, StructuredLabelModel])
def test_as_much_memory_is_taken_as_estimated(kind):
    rng = np.random.default_rng(0)
    Y = rng.integers(0, 20, 500)
    table = vote_patterns(np.where(rng.random((500, 60)) < 0.3, Y[:, None], -1).astype(np.int8))
    tracemalloc.start()
    try:
        kind(20).fit(table)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 0.5 < peak / kind(20).bytes_needed(table) < 2


def test_snorkels_model_takes_memory_for_votes_that_are_cast(monkeypatch):
    """150 labeling functions for a class each: all their votes for all classes would take 10 GiB."""
    rng = np.random.default_rng(0)
    Y = rng.integers(0, 150, 3000)
    L = np.full((3000, 150), -1, dtype=np.int16)
    L[np.arange(3000), Y] = Y
    L[np.arange(3000), (Y + 1) % 150] = np.where(rng.random(3000) < 0.2, (Y + 1) % 150, -1)
    model = LabelModel(150).fit(L)
    assert (model.predict(L) == Y).mean() > 0.8
    assert LabelModel.__name__ in {type(member).__name__ for member in CommitteeLabelModel(150).fit(L).members_}
    few = np.where(L < 20, L, -1)[:, :20].astype(np.int8)
    expected = LabelModel(20).fit(few)
    monkeypatch.setattr("weaklabel.label_model.moments.MOST_OVERLAPS", 0)
    np.testing.assert_array_equal(LabelModel(20).fit(few).mu_, expected.mu_)


def test_patterns_are_taken_as_well_as_votes():
    table = vote_patterns(MANY)
    assert table.patterns.dtype == np.int16
    expected = WeightedMajorityVote(K).fit(MANY).predict_proba(MANY)
    np.testing.assert_array_equal(WeightedMajorityVote(K).fit(table).predict_proba(table), expected)
