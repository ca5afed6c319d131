"""Rows whose label is probably wrong: which are listed, and why."""

import numpy as np
import pytest

from tests.select.test_selectors import evidence, two_groups
from weaklabel.errors import SelectionError
from weaklabel.select import find_label_issues

NAMES, LFS = ("ham", "spam"), ("a", "b", "c", "d", "noisy")


def test_wrong_labels_are_listed_first_and_with_their_reasons():
    X, labels, probs, _, is_wrong = two_groups(400, 40)
    votes = evidence(labels, 0, is_wrong)["votes"]
    votes[:, 0] = np.where(is_wrong, 1 - labels, votes[:, 0])
    issues = find_label_issues(X, labels, probs, NAMES, votes=votes, lf_names=LFS)
    rows = [issue.row for issue in issues]
    assert is_wrong[rows].mean() > 0.9
    assert len(set(rows) & set(np.flatnonzero(is_wrong))) > 30
    assert [issue.margin for issue in issues] == sorted((issue.margin for issue in issues), reverse=True)
    first = issues[0]
    assert {first.label, first.suggested} == set(NAMES)
    assert first.label == NAMES[labels[first.row]]
    assert "fitted on other rows" in first.reasons[0]
    assert "of the nearest rows are labeled" in first.reasons[1]
    assert first.reasons[2] == "labeling functions that vote for another class: a"
    again = find_label_issues(X, labels, probs, NAMES, votes=votes, lf_names=LFS)
    assert again == issues


def test_right_labels_and_a_single_class_give_few_issues_or_none():
    X, labels, probs, _, _ = two_groups(400, 0)
    assert len(find_label_issues(X, labels, probs, NAMES)) < 8
    assert find_label_issues(X, np.zeros(400, int), probs, NAMES) == []
    with pytest.raises(SelectionError, match="must be of the same rows"):
        find_label_issues(X[1:], labels, probs, NAMES)
