"""Why a row has its label, or its spans. What a labeling function does: counts, and rows to look at."""

from weaklabel.explain.lf import LFExample, LFExplanation, explain_lf
from weaklabel.explain.row import Contribution, Flip, RowExplanation, explain_row
from weaklabel.explain.span_lf import SpanLFExplanation, explain_span_lf
from weaklabel.explain.span_row import SpanRowExplanation, explain_span_row

__all__ = [
    "Contribution",
    "Flip",
    "LFExample",
    "LFExplanation",
    "RowExplanation",
    "SpanLFExplanation",
    "SpanRowExplanation",
    "explain_lf",
    "explain_row",
    "explain_span_lf",
    "explain_span_row",
]
