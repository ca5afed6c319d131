"""Scores: how good predictions are against gold, with intervals, as one frozen result object."""

from weaklabel.scoring.buckets import get_label_buckets, get_label_instances
from weaklabel.scoring.evaluate import score
from weaklabel.scoring.paired import PairedDifference, paired_difference
from weaklabel.scoring.result import ClassScores, ScoreComparison, Scores
from weaklabel.scoring.spans import SpanScores, paired_span_difference, score_spans, score_tags

__all__ = [
    "ClassScores",
    "PairedDifference",
    "ScoreComparison",
    "Scores",
    "SpanScores",
    "get_label_buckets",
    "get_label_instances",
    "paired_difference",
    "paired_span_difference",
    "score",
    "score_spans",
    "score_tags",
]
