"""Labeling functions that are asked about some rows only, by the votes of the others."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from weaklabel import MajorityVote, apply_lfs, labeling_function
from weaklabel.errors import LFError, VoteError, WeakLabelWarning
from weaklabel.votes import vote_patterns
from weaklabel.votes.cascade import choose_rows, have_conflict, row_hashes, vote_shares

TEXTS = ["x", "y", "xy", "z", "xyx", "w", "x x"]


def lfs(asked, **where):
    """Three cheap labeling functions, and one that is asked where ``where`` says and notes what it was asked."""

    @labeling_function()
    def has_x(x):
        return 1 if "x" in x.text else -1

    @labeling_function()
    def has_y(x):
        return 0 if "y" in x.text else -1

    @labeling_function()
    def has_xx(x):
        return 1 if x.text.count("x") > 1 else -1

    @labeling_function(**where)
    def oracle(x):
        asked.append(x.text)
        return len(x.text) % 2

    return [oracle, has_x, has_y, has_xx]


@pytest.mark.parametrize("batch_size", [1, 3, 50_000])
@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ({"where": "all"}, [0, 1, 2, 3, 4, 5, 6]),
        ({"where": "uncovered"}, [3, 5]),
        ({"where": "conflict"}, [2, 4]),
        ({"where": "uncertain", "below": 0.6}, [2, 3, 5]),
        ({"where": "uncertain", "below": 0.7}, [2, 3, 4, 5]),
        ({"where": "uncertain", "max_rows": 3}, [2, 3, 5]),
        ({"where": "conflict", "max_rows": 1}, [2]),
        ({"where": "uncovered", "max_rows": 10}, [3, 5]),
    ],
)
def test_it_is_asked_about_its_rows_alone(where, rows, batch_size):
    asked = []
    votes = apply_lfs(lfs(asked, **where), TEXTS, batch_size=batch_size)
    assert asked == [TEXTS[row] for row in rows]
    assert votes.L[:, 0].tolist() == [len(text) % 2 if row in rows else -1 for row, text in enumerate(TEXTS)]
    assert votes.L[:, 1].tolist() == [1, -1, 1, -1, 1, -1, 1]


def test_a_label_model_says_what_is_unsure():
    asked = []
    apply_lfs(lfs(asked, where="uncertain"), TEXTS, label_model=MajorityVote())
    assert asked == ["xy", "z", "w"]  # the majority is sure of xyx


def test_rows_without_any_vote_are_all_unsure():
    asked = []
    votes = apply_lfs(lfs(asked, where="uncertain"), ["a", "b"])
    assert asked == ["a", "b"] and votes.L[:, 0].tolist() == [1, 1]


def test_failures_name_the_row_of_the_corpus():
    @labeling_function()
    def silent(x):
        return 0 if x.text == "x" else -1

    @labeling_function(where="uncovered")
    def fails(x):
        if x.text == "w":
            raise ValueError("no w")
        return 1

    with pytest.warns(WeakLabelWarning, match="LF 'fails': 1 row failed, first row 5: ValueError: no w"):
        votes = apply_lfs([silent, fails], TEXTS)
    assert votes.L[:, 1].tolist() == [-1, 1, 1, 1, 1, -1, 1]
    with pytest.raises(VoteError, match="error_budget=0 allows none"):
        apply_lfs([silent, fails], TEXTS, error_budget=0)


def test_nonsense_is_refused():
    with pytest.raises(LFError, match=r"where must be all, uncovered, conflict, uncertain, not 'uncovred' \(did you"):
        lfs([], where="uncovred")
    with pytest.raises(LFError, match="below must be a probability above 0, not 2"):
        lfs([], where="uncertain", below=2)
    with pytest.raises(LFError, match="max_rows must be a number of rows such as 1000, not 0"):
        lfs([], where="uncertain", max_rows=0)
    with pytest.raises(LFError, match="max_rows needs where"):
        lfs([], max_rows=5)
    with pytest.raises(LFError, match="all of them wait for others: give at least one with where='all'"):
        apply_lfs(lfs([], where="uncovered")[:1], TEXTS)


def test_objects_of_rows_reach_the_second_pass():
    rows = [{"text": "x", "tags": {"a"}}, {"text": "q", "tags": {"b", "c"}}, {"text": "r", "tags": {"d"}}]

    @labeling_function()
    def has_x(x):
        return 1 if "x" in x.text else -1

    @labeling_function(where="uncovered")
    def has_tags(x):
        return len(x.tags) - 1

    assert apply_lfs([has_x, has_tags], rows, batch_size=2).L.tolist() == [[1, -1], [-1, 1], [-1, 0]]


@given(
    st.lists(st.lists(st.integers(-1, 2), min_size=3, max_size=3), min_size=1, max_size=40),
    st.integers(1, 45),
    st.integers(1, 7),
    st.sampled_from(["uncovered", "conflict", "uncertain"]),
)
def test_the_rows_are_as_many_as_allowed_and_the_least_sure_for_any_parts(L, most, size, where):
    L = np.array(L, np.int8)
    lf = labeling_function(where=where, max_rows=most)(lambda x: 0)

    def parts():
        for first in range(0, len(L), size):
            yield first, vote_patterns(L[first : first + size])

    choice = choose_rows(lf, vote_patterns(L), parts, vote_shares(3))
    taken = np.concatenate([choice.rows(votes, first) for first, votes in parts()])
    voted = (L >= 0).any(axis=1)
    sure = np.where(voted, np.nan_to_num(vote_shares(3)(L)).max(axis=1), 0)
    fits = {"uncovered": ~voted, "conflict": have_conflict(L), "uncertain": sure < 0.9}[where]
    assert have_conflict(L).tolist() == [len({vote for vote in row if vote >= 0}) > 1 for row in L.tolist()]
    assert not (taken & ~fits).any() and taken.sum() == choice.count == min(most, fits.sum())
    if taken.any() and (fits & ~taken).any() and where != "conflict":
        assert sure[taken].max() <= sure[fits & ~taken].min() + 1e-6


def test_hashes_of_row_numbers_are_all_different():
    assert len(set(row_hashes(np.arange(10_000)).tolist())) == 10_000
