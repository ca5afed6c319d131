"""Suggestions: candidates for labeling functions, uncovered clusters, weak labeling functions, rows to label."""

from weaklabel.suggest.proposer import LFProposer
from weaklabel.suggest.result import CandidateLF, Cluster, LFProblem, Suggestions
from weaklabel.suggest.suggestions import suggest_lfs

__all__ = ["CandidateLF", "Cluster", "LFProblem", "LFProposer", "Suggestions", "suggest_lfs"]
