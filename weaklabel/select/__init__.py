"""Choosing the labeled rows that are worth training on."""

from weaklabel.select.base import Selector
from weaklabel.select.budget import Budget, choose
from weaklabel.select.corpus import select_corpus

__all__ = ["Budget", "Selector", "choose", "select_corpus"]
