"""Labeling a corpus with spans, in parts: votes in one or several passes, labels, output."""

from weaklabel.job.spans.corpus import LabeledSpanPart, LabeledSpans, VotedSpans
from weaklabel.job.spans.label import label_spans, read_voted_spans, vote_spans

__all__ = ["LabeledSpanPart", "LabeledSpans", "VotedSpans", "label_spans", "read_voted_spans", "vote_spans"]
