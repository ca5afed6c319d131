"""How much is chosen, and the shares of classes."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from weaklabel.errors import SelectionError
from weaklabel.select import Budget, choose


@pytest.mark.parametrize(
    ("given_as", "budget"),
    [
        ("10%", Budget(0.1, "share")),
        (0.5, Budget(0.5, "share")),
        ("100%", Budget(1.0, "share")),
        (1, Budget(1, "rows")),
        ("1_000", Budget(1000, "rows")),
        ("300 rows", Budget(300, "rows")),
        ("20,000 Tokens", Budget(20000, "tokens")),
    ],
)
def test_budgets(given_as, budget):
    assert Budget.parse(given_as) == budget


@pytest.mark.parametrize("wrong", ["", "0", 0, -3, "120%", "1.5", "all", "nan", "inf", "-5%", "5 apples", "0.5 tokens"])
def test_what_is_no_budget(wrong):
    with pytest.raises(SelectionError, match="is not a budget"):
        Budget.parse(wrong)


@st.composite
def problems(draw):
    n, k = draw(st.integers(1, 60)), draw(st.integers(1, 4))
    labels = draw(st.lists(st.integers(0, k - 1), min_size=n, max_size=n))
    scores = draw(st.lists(st.integers(-3, 3), min_size=n, max_size=n))
    return np.array(scores, float), np.array(labels), k


@given(problems(), st.integers(1, 80), st.sampled_from([None, "labels", "uniform"]))
def test_the_budget_is_used_and_the_best_of_each_class_are_taken(problem, size, balance):
    scores, labels, k = problem
    rows = choose(scores, labels, size, class_balance=balance)
    assert len(rows) == len(set(rows)) == min(size, len(labels))
    groups = [np.ones(len(labels), bool)] if balance is None else [labels == label for label in range(k)]
    chosen = np.isin(np.arange(len(labels)), rows)
    for group in groups:
        if (group & chosen).any() and (group & ~chosen).any():
            assert scores[group & chosen].min() >= scores[group & ~chosen].max()


@given(problems(), st.integers(1, 40), st.lists(st.integers(0, 5), min_size=4, max_size=4))
def test_shares_of_classes_are_met_where_there_are_rows(problem, size, shares):
    scores, labels, _ = problem
    available = np.bincount(labels, minlength=4)
    if not sum(share for share, there in zip(shares, available, strict=True) if there):
        return
    rows = choose(scores, labels, size, class_balance=shares)
    taken = np.bincount(labels[rows], minlength=4)
    assert not taken[np.array(shares) == 0].any()
    assert len(rows) == min(size, available[np.array(shares) > 0].sum())
    wanted = np.array(shares) / sum(shares) * size
    if (wanted <= available).all():
        assert (np.abs(taken - wanted) < 1).all()


@given(problems(), st.integers(0, 1000))
def test_tokens_are_not_exceeded(problem, seed):
    scores, labels, _ = problem
    costs = np.random.default_rng(seed).integers(1, 30, len(labels))
    for balance in (None, "labels"):
        rows = choose(scores, labels, Budget(100, "tokens"), costs=costs, class_balance=balance)
        assert costs[rows].sum() <= 100
    half = choose(scores, labels, "50%", costs=costs)
    assert costs[half].sum() <= costs.sum() / 2


def test_equal_scores_are_drawn_by_the_seed():
    labels = np.zeros(100, int)
    first, again, other = (choose(np.zeros(100), labels, 10, seed=seed).tolist() for seed in (0, 0, 1))
    assert first == again != other
    assert first != list(range(10))


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"class_balance": "even"}, "the class balance must be"),
        ({"class_balance": [1.0]}, "a share from 0 up for each of the 2 classes"),
        ({"class_balance": [-1, 2]}, "a share from 0 up"),
        ({"budget": "5 tokens"}, "needs the tokens of each row"),
        ({"costs": [1, 2]}, "costs must be 3 numbers above 0"),
        ({"costs": [1, 2, 0]}, "costs must be 3 numbers above 0"),
        ({"scores": [1, 2, float("nan")]}, "scores must be numbers"),
    ],
)
def test_what_cannot_be_chosen_is_refused(how, said):
    arguments = {"scores": [3, 2, 1], "labels": [0, 1, 1], "budget": 2} | how
    with pytest.raises(SelectionError, match=said):
        choose(arguments.pop("scores"), arguments.pop("labels"), arguments.pop("budget"), **arguments)
