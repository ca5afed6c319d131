"""Users are warned of what votes cannot tell: accuracies that no other vote checks, and ties."""

import warnings

import numpy as np
import pytest

from tests.label_model.synthetic import draw_votes
from weaklabel.errors import WeakLabelWarning
from weaklabel.label_model import LABEL_MODELS
from weaklabel.label_model.doubts import naming, tied_share
from weaklabel.votes import vote_patterns

VOTE_MODELS = sorted(set(LABEL_MODELS) - {"text"})  # which needs texts


def messages_of(name, k, L, **given):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        LABEL_MODELS[name](k).fit(L, **given)
    return [str(warning.message) for warning in caught if warning.category is WeakLabelWarning]


def one_sided(voters, n=400, seed=0):
    """Draw votes of labeling functions that vote for one class each: ``voters[c]`` of them for class c."""
    rng = np.random.default_rng(seed)
    Y, classes = rng.integers(0, len(voters), n), np.repeat(np.arange(len(voters)), voters)
    fires = np.where(classes == Y[:, None], rng.random((n, len(classes))) < 0.7, rng.random((n, len(classes))) < 0.05)
    return np.where(fires, classes, -1), Y


@pytest.mark.parametrize("name", VOTE_MODELS)
def test_a_class_that_one_labeling_function_votes_for_is_named_once(name):
    L, _ = one_sided([3, 1, 3])
    with naming(list("abcdefg"), ["x", "y", "z"]):
        about = [message for message in messages_of(name, 3, L) if "how often it is right" in message]
    assert len(about) == 1
    assert "only labeling function 'd' votes for class 'y'" in about[0]
    assert not [message for message in messages_of(name, 3, one_sided([3, 2, 3])[0]) if "how often" in message]


def test_many_such_classes_are_one_warning_with_a_few_names():
    L, Y = one_sided([1] * 6)
    (about,) = [message for message in messages_of("weighted", 6, L) if "how often it is right" in message]
    assert "for 6 of 6 classes only one labeling function votes (class 0: 0, class 1: 1, class 2: 2, ...)" in about
    gold = np.where(np.arange(len(Y)) < 100, Y, -1)
    assert not [message for message in messages_of("weighted", 6, L, gold=gold) if "how often it is right" in message]


@pytest.mark.parametrize("name", VOTE_MODELS)
def test_ties_are_warned_of_where_they_are_many(name):
    rng = np.random.default_rng(0)
    tied = rng.integers(0, 2, (300, 3))
    tied[:, 2] = -1
    about = [message for message in messages_of(name, 2, tied) if "have equally many" in message]
    assert len(about) == 1
    assert f"on {tied_share(vote_patterns(tied), 2):.0%} of the rows with votes" in about[0]
    clear, _ = draw_votes(300, 5, 2, 1)
    clear[(clear >= 0).sum(axis=1) % 2 == 0] = -1
    assert not [message for message in messages_of(name, 2, clear) if "have equally many" in message]


def test_tied_share_is_of_rows_with_votes():
    L = np.array([[0, 1, -1], [0, 0, 1], [-1, -1, -1], [1, -1, -1], [0, 1, -1], [0, 1, 2]])
    assert tied_share(vote_patterns(L), 3) == 3 / 5
    assert tied_share(vote_patterns(np.full((2, 3), -1)), 3) == 0


def test_too_few_rows_for_any_warning():
    assert messages_of("weighted", 2, np.array([[0, 1], [0, -1]])) == []


def with_dominant(L, Y, right, seed=0):
    """Add a labeling function that votes for class 0 on 60% of the rows, which of them does not matter to their class."""
    rng = np.random.default_rng(seed)
    shares = np.where(Y == 0, right, 1 - right)
    fires = rng.random(len(Y)) < 0.6 * shares / shares.mean()
    return np.column_stack([L, np.where(fires, 0, -1)])


def against(messages):
    return [message for message in messages if "other votes speak against" in message]


@pytest.mark.parametrize("name", VOTE_MODELS)
def test_a_labeling_function_that_is_wrong_on_most_rows_is_named(name):
    L, Y = one_sided([3, 3, 3], n=600)
    dominant = with_dominant(L, Y, 0.5)
    with naming([*map(str, range(9)), "all"], ["x", "y", "z"]):
        (about,) = against(messages_of(name, 3, dominant))
    assert "1 labeling function with votes on most rows: 'all' (on 58%" in about
    assert "; others agree with 3" in about
    assert not against(messages_of(name, 3, L))


def test_one_that_is_right_on_most_rows_is_not():
    L, Y = one_sided([3, 3], n=600)
    assert not against(messages_of("weighted", 2, with_dominant(L, Y, 0.8)))


def test_one_whose_class_no_other_knows_is_named_where_others_vote_on_its_rows_as_elsewhere():
    L, Y = one_sided([0, 3, 3], n=600)
    (about,) = against(messages_of("weighted", 3, with_dominant(L, Y, 0.5)))
    assert "no other votes for its class, and they vote on its rows" in about
    own = np.column_stack([L, np.where(Y == 0, 0, -1)])
    assert not against(messages_of("weighted", 3, own))
    most = np.column_stack([np.where(np.arange(600)[:, None] < 400, -1, L), np.where(np.arange(600) < 420, 0, -1)])
    assert not against(messages_of("weighted", 3, most))


def test_decisions_on_its_rows_silence_the_warning():
    L, Y = one_sided([3, 3, 3], n=600)
    gold = np.where(np.arange(600) < 100, Y, -1)
    assert not against(messages_of("weighted", 3, with_dominant(L, Y, 0.5), gold=gold))
