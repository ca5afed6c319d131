"""Why a row has its label, and what a labeling function does: weights that add up, and rows to look at."""

from weaklabel.explain.lf import LFExample, LFExplanation, explain_lf
from weaklabel.explain.row import Flip, Part, RowExplanation, explain_row

__all__ = ["Flip", "LFExample", "LFExplanation", "Part", "RowExplanation", "explain_lf", "explain_row"]
