"""Agreement of reviewers."""

from dataclasses import replace

import pytest
from sklearn.metrics import cohen_kappa_score

from weaklabel.decisions import Decision, now, text_hash
from weaklabel.review.agreement import agreement, fleiss_kappa

LABELS = ("a", "b", "c")


def decisions(**by_reviewer):
    return [
        Decision(row, text_hash(str(row)), None if label == "-" else label, reviewer, now())
        for reviewer, output in by_reviewer.items()
        for row, label in enumerate(output)
        if label != "."
    ]


def test_two_reviewers_have_cohens_kappa():
    result = agreement(decisions(ann="aabbc.", bob="aabcca"), LABELS)
    assert result.kind == "cohen" and result.n == 5 and result.agreed == 4
    assert result.kappa == pytest.approx(cohen_kappa_score(list("aabbc"), list("aabcc")))
    assert result.reviewers == (("ann", 5), ("bob", 6))


def test_more_have_fleiss_kappa_worked_by_hand():
    # Items (a, b, c): (3,0,0) (2,1,0) (0,3,0) (0,1,2). P = (1 + 1/3 + 1 + 1/3) / 4 = 2/3. Shares 5/12, 5/12, 2/12:
    # Pe = (25 + 25 + 4) / 144 = 3/8. Kappa = (2/3 - 3/8) / (5/8) = 7/15.
    result = agreement(decisions(ann="aabc", bob="aabc", cem="abbb"), LABELS)
    assert result.kind == "fleiss" and result.n == 4 and result.agreed == 2
    assert result.kappa == pytest.approx(7 / 15)
    assert [(pair.first, pair.second, pair.n) for pair in result.pairs] == [
        ("ann", "bob", 4), ("ann", "cem", 4), ("bob", "cem", 4),
    ]  # fmt: skip


def test_items_may_have_different_numbers_of_decisions():
    # (2,0) (1,1) (0,3) (1,1): P = (1 + 0 + 1 + 0) / 4 = 1/2, shares 4/9 and 5/9, Pe = 41/81, kappa = -1/80.
    assert fleiss_kappa([[2, 0], [1, 1], [0, 3], [1, 1]]) == pytest.approx(-1 / 80)


def test_withdrawn_and_single_decisions_do_not_count():
    result = agreement(decisions(ann="aab", bob="a-."), LABELS)
    assert (result.n, result.agreed, result.kappa) == (1, 1, None)  # both only ever said one class
    nobody = agreement(decisions(ann="ab"), LABELS)
    assert (nobody.kind, nobody.kappa, nobody.n, nobody.pairs) == (None, None, 0, ())
    assert agreement([], LABELS).reviewers == ()


def test_adjudications_do_not_count():
    made = decisions(ann="aabb", bob="abab")
    settled = [replace(decision, reviewer="cem", adjudicates=True) for decision in decisions(cem="aaab")]
    own = replace(decisions(ann=".b")[0], adjudicates=True)
    assert agreement([*made, *settled, own], LABELS) == agreement(made, LABELS)
