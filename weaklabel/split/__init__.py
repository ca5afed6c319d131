"""Splits: training, validation and test rows, without near-duplicates on both sides."""

from weaklabel.split.corpus import SHARES, split_corpus, splitter
from weaklabel.split.transform import Split

__all__ = ["SHARES", "Split", "split_corpus", "splitter"]
