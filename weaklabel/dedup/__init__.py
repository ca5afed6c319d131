"""Duplicates: which rows of a corpus say the same, and which of them stays."""

from weaklabel.dedup.corpus import dedup_corpus, deduper
from weaklabel.dedup.survivors import KEEP, Keep
from weaklabel.dedup.transform import Dedup
from weaklabel.dedup.verdict import RULES, THRESHOLD, Verdict, count_contaminated, judge_texts

__all__ = [
    "KEEP",
    "RULES",
    "THRESHOLD",
    "Dedup",
    "Keep",
    "Verdict",
    "count_contaminated",
    "dedup_corpus",
    "deduper",
    "judge_texts",
]
