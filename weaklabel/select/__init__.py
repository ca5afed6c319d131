"""Choosing the labeled rows that are worth training on."""

from weaklabel.select.base import Selector
from weaklabel.select.budget import Budget, choose
from weaklabel.select.corpus import select_corpus
from weaklabel.select.issues import LabelIssue, find_label_issues

__all__ = ["Budget", "LabelIssue", "Selector", "choose", "find_label_issues", "select_corpus"]
