"""Policies: what they learn, what they keep, and how a killed run goes on."""

import json

import numpy as np
import pytest

from tests.select.test_selectors import evidence, two_groups
from weaklabel.errors import SelectionError
from weaklabel.registries import SELECTORS
from weaklabel.select.policy import CurveFile, Learning, Policy, Progress, learn

NAMES = ("rl-lfs", "rl-groups", "rl-rows")


def rows(seed=0):
    X, labels, probs, _, is_wrong = two_groups(300, 75, seed)
    return (X, labels, probs), evidence(labels, 40, is_wrong, seed)


def prefers_even(kept, step):
    """A reward for keeping even units, and dropping odd ones."""
    sign = np.where(np.arange(kept.shape[1]) % 2 == 0, 1.0, -1.0)
    return (kept * sign).sum(axis=1), np.ones(kept.shape[1], bool)


@pytest.mark.parametrize("algorithm", ["ppo", "reinforce"])
def test_a_policy_learns_what_is_rewarded(algorithm):
    policy = Policy(np.eye(8), Learning(algorithm, evaluations=800, samples=8, lr=0.1), seed=0)
    learn(policy, 0, CurveFile(None, ""), prefers_even)
    probs = policy.probs()
    assert probs[::2].min() > 0.8
    assert probs[1::2].max() < 0.3
    curve = policy.progress.curve
    assert len(curve) == 100
    assert curve[-1]["evaluations"] == 800
    assert np.mean([step["mean reward"] for step in curve[-10:]]) > np.mean(
        [step["mean reward"] for step in curve[:10]]
    )


def test_units_that_a_reward_does_not_depend_on_teach_nothing():
    policy = Policy(np.eye(4), Learning(evaluations=80), seed=0)

    def reward(kept, step):
        values, _ = prefers_even(kept, step)
        return values, np.array([True, True, False, False])

    learn(policy, 0, CurveFile(None, ""), reward)
    # Weights of units are not touched; the intercept is everybody's.
    assert policy.progress.weights[2:4] == [0, 0]
    assert policy.progress.weights[0] > policy.progress.weights[1]


@pytest.mark.parametrize("name", NAMES)
def test_a_killed_run_goes_on_and_ends_with_the_same_scores_and_bytes(name, tmp_path):
    (X, labels, probs), more = rows()
    whole, cut = tmp_path / "whole.json", tmp_path / "cut.json"
    settings = {"evaluations": 48, "seed": 1}
    wanted = SELECTORS[name](**settings, curve_file=str(whole)).fit(X, labels, probs, **more)
    kept = json.loads(whole.read_text())
    assert [len(policy["curve"]) for policy in kept["folds"]] == [6, 6, 6]
    assert kept["result"] == wanted.notes_
    # As a run leaves it that is killed after the second step of the second policy.
    evaluated = []
    CurveFile(cut, kept["identity"]).keep(0, Progress(**kept["folds"][0]))
    interrupted = SELECTORS[name](**settings, curve_file=str(cut))
    write = CurveFile.keep

    def until_killed(self, fold, progress):
        write(self, fold, progress)
        evaluated.append(fold)
        if len(evaluated) == 2:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CurveFile, "keep", until_killed)
        with pytest.raises(KeyboardInterrupt):
            interrupted.fit(X, labels, probs, **more)
    assert evaluated == [1, 1]
    resumed = SELECTORS[name](**settings, curve_file=str(cut)).fit(X, labels, probs, **more)
    assert (resumed.scores_ == wanted.scores_).all()
    assert cut.read_bytes() == whole.read_bytes()


def test_a_curve_of_other_rows_or_settings_is_not_used(tmp_path):
    (X, labels, probs), more = rows()
    file = tmp_path / "curve.json"
    file.write_text("no JSON")
    first = SELECTORS["rl-lfs"](evaluations=16, curve_file=str(file)).fit(X, labels, probs, **more)
    before = json.loads(file.read_text())["identity"]
    SELECTORS["rl-lfs"](evaluations=24, curve_file=str(file)).fit(X, labels, probs, **more)
    assert json.loads(file.read_text())["identity"] != before
    again = SELECTORS["rl-lfs"](evaluations=16, curve_file=str(file)).fit(X, labels, probs, **more)
    assert (again.scores_ == first.scores_).all()


def test_the_bad_labeling_function_is_dropped_and_the_gain_is_told_by_gold_that_did_not_reward():
    (X, labels, probs), more = rows()
    selector = SELECTORS["rl-lfs"](seed=0).fit(X, labels, probs, **more)
    assert selector.lf_scores_.argmin() == 4
    assert selector.lf_scores_[4] < 0.5
    told = selector.notes_["loss on held-out gold"]
    assert told["rows weighted by the policy"] < told["all rows"]
    assert selector.notes_["evaluations"] == 3 * 320
    assert SELECTORS["rl-lfs"](folds=0, evaluations=16).fit(X, labels, probs, **more).notes_ == {"evaluations": 16}
    counted = SELECTORS["counting"]().fit(X, labels, probs, **more)
    assert counted.lf_scores_.argmin() == 4


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"algorithm": "sarsa"}, "one of ppo, reinforce"),
        ({"samples": 1}, "samples from 2 up"),
        ({"evaluations": 7}, "at least as many evaluations"),
        ({"folds": 1}, "no folds or 2 and more"),
        ({"lr": 0.0}, "learning rate above 0"),
    ],
)
def test_wrong_settings_are_refused(settings, said):
    (X, labels, probs), more = rows()
    with pytest.raises(SelectionError, match=said):
        SELECTORS["rl-rows"](**settings).fit(X, labels, probs, **more)
