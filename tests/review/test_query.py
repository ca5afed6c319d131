"""Browsing: which rows a filter finds, against a plain loop over the rows, and what a row shows."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from tests.review.conftest import TEXTS
from weaklabel.errors import WeakLabelError
from weaklabel.review import Filter

MAYBE = st.sampled_from([None, True, False])
FILTERS = st.builds(
    Filter,
    lf=st.sampled_from([None, "broken", "thanks", "short"]),
    vote=st.sampled_from([None, "complaint", "praise"]),
    label=st.sampled_from([None, "complaint", "praise", ""]),
    min_conf=st.sampled_from([None, 0.6]),
    max_conf=st.sampled_from([None, 0.9]),
    conflict=MAYBE,
    uncovered=MAYBE,
    decided=MAYBE,
    reviewer=st.sampled_from([None, "ann", "bob"]),
    disagreement=MAYBE,
    text=st.sampled_from([None, "", "THANKS", "refund", "(.*"]),
)


@pytest.fixture
def decided(review):
    for row, label, reviewer in [
        (0, "praise", "ann"),
        (2, "complaint", "ann"),
        (2, "praise", "bob"),
        (4, "praise", "bob"),
    ]:
        review.decide(row, label, reviewer)
    review.decide(4, None, "bob")
    return review


def meets(view, wanted):
    votes = [vote for vote in view.votes if vote.label is not None]
    of_lf = [vote.label for vote in votes if wanted.lf in (None, vote.lf)]
    decided = wanted.reviewer in view.decisions if wanted.reviewer else bool(view.decisions)
    probability = max(view.probabilities.values(), default=None)
    checks = [
        wanted.lf is None or bool(of_lf),
        wanted.vote is None or wanted.vote in of_lf,
        wanted.label is None or (view.label or "") == wanted.label,
        wanted.min_conf is None or (probability is not None and probability >= wanted.min_conf),
        wanted.max_conf is None or (probability is not None and probability <= wanted.max_conf),
        wanted.conflict is None or (len({vote.label for vote in votes}) > 1) == wanted.conflict,
        wanted.uncovered is None or (not votes) == wanted.uncovered,
        (wanted.decided is None and wanted.reviewer is None) or decided == (wanted.decided is not False),
        wanted.disagreement is None
        or (len({item.label for item in view.decisions.values()}) > 1) == wanted.disagreement,
        not wanted.text or wanted.text.lower() in view.text.lower(),
    ]
    return all(checks)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(wanted=FILTERS, order=st.sampled_from(["row", "confidence", "conflict", "random"]))
def test_filters_find_what_a_plain_loop_finds(decided, wanted, order):
    page = decided.query(wanted, order, limit=100)
    expected = [row for row in range(len(decided)) if meets(decided.row(row), wanted)]
    assert sorted(page.rows.tolist()) == expected
    assert page.total == len(expected)


def test_pages_follow_on_each_other(review):
    whole = review.query(order="random", limit=100, seed=5).rows
    parts = [review.query(order="random", offset=offset, limit=5, seed=5).rows for offset in (0, 5, 10, 15)]
    assert np.array_equal(np.concatenate(parts), whole)
    assert not np.array_equal(whole, np.sort(whole))


def test_the_order_is_as_asked_for(review):
    sure = review.snapshot.confidence[review.query(order="confidence", limit=100).rows]
    listed = sure[~np.isnan(sure)]
    assert np.array_equal(listed, np.sort(listed))
    assert np.isnan(sure[len(listed) :]).all()
    assert review.row(int(review.query(order="conflict").rows[0])).text == "love it but it is broken"


def test_a_row_shows_votes_with_reasons_and_decisions(decided):
    view = decided.row(2)
    votes = {vote.lf: vote for vote in view.votes}
    assert view.text == TEXTS[2] and view.columns == {"id": "2"}
    assert votes["broken"].label == "complaint" and "broken" in votes["broken"].reason.text
    assert votes["thanks"].label is None and votes["thanks"].reason is None
    assert view.label == "complaint" and view.confidence == pytest.approx(1)
    assert {name: item.label for name, item in view.decisions.items()} == {"ann": "complaint", "bob": "praise"}
    assert view.gold is None
    assert decided.row(9).gold == "praise"  # the same text as row 0
    assert decided.row(8).probabilities == {} and decided.row(8).label is None


def test_decisions_are_counted_by_reviewer(decided):
    assert decided.progress() == {"ann": 2, "bob": 1}
    assert decided.gold().tolist() == [1, *[-1] * 8, 1, -1, -1]
    assert decided.export_gold().splitlines()[1] == "thanks a lot,praise,ann"


def test_rows_that_teach_most_come_first_and_decided_ones_last(review):
    before = review.query(order="teaching").rows.tolist()
    assert sorted(before) == list(range(12))
    review.decide(before[0], "praise", "ann")
    after = review.query(order="teaching").rows.tolist()
    assert after[-1] == before[0] or review.texts[after[-1]] == review.texts[before[0]]
    review.decide(after[0], "complaint", "ann")
    assert review.query(order="teaching").rows.tolist()[0] not in (before[0], after[0])


def test_the_label_model_is_explained(review):
    assert review.explain(2).label == "complaint"


def test_the_table_counts_what_was_right(decided):
    lines = {line.name: line for line in decided.lf_table()}
    assert lines["thanks"].precision.hits == lines["thanks"].precision.n == 2
    assert lines["broken"].coverage == pytest.approx(4 / 12)
    assert lines["broken"].labels == ("complaint",) and lines["sure"].kind == "row"


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (
            lambda review: review.query(Filter(lf="brokn")),
            "no labeling function is called 'brokn'.*did you mean 'broken'",
        ),
        (lambda review: review.query(Filter(vote="good")), "unknown label 'good'"),
        (lambda review: review.query(Filter(label="good")), "unknown label 'good'"),
        (lambda review: review.query(Filter(sample="../x")), "spot check .* does not exist"),
        (lambda review: review.query(order="up"), "ordered by row"),
        (lambda review: review.query(offset=-1), "from 0 up"),
        (lambda review: review.row(12), "row 12 does not exist"),
        (lambda review: review.row(-1), "row -1 does not exist"),
        (lambda review: review.decide(0, "good", "ann"), "unknown label 'good'"),
        (lambda review: review.decide(0, "praise", " "), "name of a reviewer"),
        (lambda review: review.decide(99, "praise", "ann"), "row 99 does not exist"),
        (lambda review: review.sample("odd"), "a spot check is random"),
        (lambda review: review.sample("random", 0), "at least 1 row"),
    ],
)
def test_what_is_unknown_is_a_sentence(review, ask, message):
    with pytest.raises(WeakLabelError, match=message):
        ask(review)
    assert not review.log.path.exists()
