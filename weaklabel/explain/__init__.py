"""Why a row has its label: contributions that add up. What a labeling function does: counts, and rows to look at."""

from weaklabel.explain.lf import LFExample, LFExplanation, explain_lf
from weaklabel.explain.row import Contribution, Flip, RowExplanation, explain_row

__all__ = ["Contribution", "Flip", "LFExample", "LFExplanation", "RowExplanation", "explain_lf", "explain_row"]
