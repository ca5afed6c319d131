"""The migration page runs as it stands, and what answers Snorkel's functions gives their values."""

import doctest
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import roc_auc_score
from snorkel import analysis as snorkel_analysis
from snorkel.labeling import LFAnalysis as SnorkelAnalysis, filter_unlabeled_dataframe as snorkel_filter
from snorkel.labeling.model import MajorityLabelVoter
from snorkel.utils import probs_to_preds as snorkel_probs_to_preds

from weaklabel import LFAnalysis, MajorityVote, score
from weaklabel.errors import LabelModelError, ScoreError, VoteError
from weaklabel.label_model import filter_unlabeled_dataframe, preds_to_probs, probs_to_preds
from weaklabel.labels import check_L
from weaklabel.scoring import Scores, get_label_buckets, get_label_instances
from weaklabel.votes import vote_patterns

PAGE = Path(__file__).parents[1] / "docs" / "from-snorkel.md"
rows = st.integers(1, 20)
matrices = rows.flatmap(lambda n: arrays(np.int64, (n, 3), elements=st.integers(-1, 2)))


def test_the_page_runs():
    failed, tried = doctest.testfile(str(PAGE), module_relative=False)
    assert not failed and tried > 40


@settings(max_examples=50, deadline=None)
@given(matrices, st.data())
def test_conditional_probabilities_are_snorkels(L, data):
    Y = data.draw(arrays(np.int64, len(L), elements=st.integers(0, 2)))
    with np.errstate(all="ignore"):
        theirs = SnorkelAnalysis(L).lf_empirical_probs(Y, 3)
    np.testing.assert_allclose(LFAnalysis(L).lf_empirical_probs(Y, 3), theirs)
    np.testing.assert_allclose(LFAnalysis(vote_patterns(L)).lf_empirical_probs(Y, 3), theirs)


@settings(max_examples=50, deadline=None)
@given(matrices, st.data())
def test_scores_that_drop_abstains_are_snorkels(L, data):
    Y = data.draw(arrays(np.int64, len(L), elements=st.integers(-1, 2)))
    preds = MajorityVote(cardinality=3).fit(L).predict(L)
    if not ((Y >= 0) & (preds >= 0)).any():
        return
    names = ["accuracy", "f1_micro", "matthews_corrcoef"]
    theirs = MajorityLabelVoter(cardinality=3).score(L, Y, metrics=names)
    model = MajorityVote(cardinality=3).fit(L)
    assert model.score(L, Y, names, abstain="drop") == pytest.approx(theirs)
    assert model.score(L, Y) == np.mean(preds[Y >= 0] == Y[Y >= 0])


def test_scores_of_label_models_refuse_what_they_do_not_know():
    model = MajorityVote(cardinality=2).fit([[0], [1]])
    with pytest.raises(LabelModelError, match=r"unknown metric 'acuracy' \(did you mean 'accuracy'\?\)"):
        model.score([[0], [1]], [0, 1], ["acuracy"])
    with pytest.raises(LabelModelError, match="a list of names"):
        model.score([[0], [1]], [0, 1], "accuracy")
    with pytest.raises(ScoreError, match="give one prediction for each row"):
        model.score([[0], [1]], [0, 1, 1])


@settings(max_examples=50, deadline=None)
@given(rows.flatmap(lambda n: arrays(np.int64, (2, n), elements=st.integers(-1, 2))))
def test_buckets_are_snorkels(labels):
    ours, theirs = get_label_buckets(*labels), snorkel_analysis.get_label_buckets(*labels)
    assert {key: result.tolist() for key, result in ours.items()} == {
        key: result.tolist() for key, result in theirs.items()
    }
    x = np.arange(labels.shape[1])
    for bucket in ours:
        same = snorkel_analysis.get_label_instances(bucket, x, *labels)
        assert get_label_instances(bucket, x, *labels).tolist() == same.tolist()
    assert get_label_instances((7, 7), x, *labels).tolist() == []
    with pytest.raises(ScoreError, match="of one length, not of"):
        get_label_buckets([0], [0, 1])


@settings(max_examples=50, deadline=None)
@given(rows.flatmap(lambda n: arrays(np.int64, (n, 3), elements=st.integers(1, 4))))
def test_predictions_of_probabilities_are_snorkels(counts):
    probs = counts / counts.sum(axis=1, keepdims=True)
    assert probs_to_preds(probs).tolist() == snorkel_probs_to_preds(probs, "abstain").tolist()
    drawn = probs_to_preds(probs, "random")
    assert (probs[np.arange(len(probs)), drawn] == probs.max(axis=1)).all()
    back = preds_to_probs(drawn, 3)
    assert (back.argmax(axis=1) == drawn).all() and (back.sum(axis=1) == 1).all()


@settings(max_examples=50, deadline=None)
@given(matrices)
def test_rows_without_votes_are_left_out_as_in_snorkel(L):
    frame, probs = pd.DataFrame({"text": [str(row) for row in range(len(L))]}), np.arange(2.0 * len(L)).reshape(-1, 2)
    ours, theirs = filter_unlabeled_dataframe(frame, probs, L), snorkel_filter(frame, probs, L)
    pd.testing.assert_frame_equal(ours[0], theirs[0])
    np.testing.assert_array_equal(ours[1], theirs[1])
    with pytest.raises(LabelModelError, match="must have as many"):
        filter_unlabeled_dataframe(frame, probs[1:], L)


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 4).flatmap(lambda k: arrays(np.int64, (12, k), elements=st.integers(1, 4))), st.data())
def test_roc_auc_is_that_of_scikit_learn(counts, data):
    k = counts.shape[1]
    gold = np.r_[np.arange(k), data.draw(arrays(np.int64, 12 - k, elements=st.integers(0, k - 1)))]
    probs = counts / counts.sum(axis=1, keepdims=True)
    right = roc_auc_score(gold, probs[:, 1] if k == 2 else probs, multi_class="ovr")
    assert score(gold, probs, intervals=0).roc_auc == pytest.approx(right)


def test_roc_auc_of_one_class_is_none_and_older_scores_lack_it():
    scores = score([1, 1], [[0.1, 0.9], [0.2, 0.8]], intervals=0)
    assert scores.roc_auc is None and score([0, 1], [0, 1], intervals=0).roc_auc is None
    plain = {name: value for name, value in scores.to_dict().items() if name not in ("roc_auc", "custom")}
    assert Scores.from_dict(plain) == scores


def test_measures_of_ones_own():
    def counts(golds, preds, probs):
        return {"n": len(golds), "none": int((preds == -1).sum())}

    assert score([0, 1, -1], [0, -1, 1], metrics={"counts": counts}, intervals=0).custom == {"n": 2, "none": 1}
    dropped = score([0, 1, -1], [0, -1, 1], metrics={"counts": counts}, abstain="drop", intervals=0)
    assert dropped.custom == {"n": 1, "none": 0} and "none 0.000" in str(dropped)
    with pytest.raises(ScoreError, match="metric 'bad' returned None; it must return a number"):
        score([0, 1], [0, 1], metrics={"bad": lambda golds, preds, probs: None}, intervals=0)


@pytest.mark.parametrize(
    "L",
    [
        np.array([[0.0, np.nan], [1.0, -1.0]]),
        [[0, None], [1, -1]],
        pd.DataFrame({"a": [0, 1], "b": [None, -1]}, dtype="Int64"),
        pd.DataFrame({"a": [0, 1], "b": [None, -1.0]}),
    ],
)
def test_votes_may_be_floats_and_nullable(L):
    assert check_L(L).tolist() == [[0, -1], [1, -1]]


@pytest.mark.parametrize(
    ("L", "message"),
    [
        ([[0, 1], [0, 0.5]], r"L\[1, 1\] is 0\.5, which is not a whole number"),
        ([[0, np.inf]], r"L\[0, 1\] is inf"),
        ([["spam"]], "L must hold whole numbers"),
        ([[True]], "L must hold whole numbers, not bool"),
        ([[None, 3]], r"L\[0, 1\] is 3, outside -1\.\.1"),
    ],
)
def test_other_votes_are_refused(L, message):
    with pytest.raises(VoteError, match=message):
        check_L(L, 2)
