import pytest
from hypothesis import given, strategies as st

from weaklabel.errors import VoteError
from weaklabel.votes.checking import ErrorBudget
from weaklabel.votes.matrix import Problem, Problems


def problems_of(count, row=0):
    return {"late": Problems(count, (Problem(row, "ValueError: no date"),))} if count else {}


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 600)), max_size=8), st.sampled_from([None, 0.1, 0.5, 1]))
def test_early_and_late_refusals_agree_when_the_number_of_rows_is_known(parts, share):
    parts = [(min(bad, rows), rows) for bad, rows in parts]
    n, bad = sum(rows for _, rows in parts), sum(bad for bad, _ in parts)
    allowed = max(min(100, n // 2), int(0.05 * n)) if share is None else int(share * n)
    late, early = ErrorBudget(share), ErrorBudget(share, n)

    def run(budget):
        for bad, rows in parts:
            budget.note(problems_of(bad), rows)
        budget.check()

    if bad > allowed:
        for budget in (late, early):
            with pytest.raises(VoteError, match=r"LF 'late'.* first row 0: .*(allows|fix it or leave it out)"):
                run(budget)
    else:
        run(late)
        run(early)
        assert late.problems == early.problems
        assert (late.problems["late"].count if bad else 0) == bad


def test_the_first_problem_ends_it_where_none_is_allowed():
    budget = ErrorBudget(0)
    budget.note({}, 10)
    with pytest.raises(VoteError, match=r"1 row failed, first row 12: .*error_budget=0 allows none"):
        budget.note(problems_of(1, 12), 10)


def test_beyond_the_budget_is_refused_at_once_when_the_number_of_rows_is_known():
    budget = ErrorBudget(0.1, n_rows=1_000)
    budget.note(problems_of(100), 100)
    with pytest.raises(VoteError, match=r"101 rows .* allows 100 of 1000"):
        budget.note(problems_of(1), 1)


def test_one_that_fails_everywhere_is_given_up():
    budget = ErrorBudget()
    budget.note(problems_of(9_999), 9_999)
    with pytest.raises(VoteError, match="LF 'late': all of the first 10000 rows failed, first row 0"):
        budget.note(problems_of(1), 1)
    once_good = ErrorBudget()
    once_good.note(problems_of(9_998), 9_999)
    once_good.note(problems_of(20_000), 20_000)
    anything = ErrorBudget(1)
    anything.note(problems_of(50_000), 50_000)
    anything.check()


@pytest.mark.parametrize(
    ("bad", "rows", "message"),
    [
        (60, 60, "LF 'late' failed on all 60 rows, first row 0: ValueError: no date; fix it or leave it out"),
        (31, 60, "LF 'late' failed on 31 of 60 rows, first row 0"),
        (1, 1, "LF 'late' failed on its only row, first row 0"),
    ],
)
def test_more_than_half_of_a_small_corpus_is_too_much(bad, rows, message):
    budget = ErrorBudget()
    budget.note(problems_of(bad), rows)
    with pytest.raises(VoteError, match=message):
        budget.check()
    half = ErrorBudget()
    half.note(problems_of(rows // 2), rows)
    half.check()


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_no_share(share):
    with pytest.raises(VoteError, match="error_budget must be 0 to 1"):
        ErrorBudget(share)
