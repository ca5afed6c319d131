"""Votes: applying labeling functions to a corpus, the label matrix L, its patterns, and its analysis."""

from weaklabel.votes.analysis import LFAnalysis
from weaklabel.votes.apply import apply_lfs
from weaklabel.votes.matrix import Problem, Problems, Votes
from weaklabel.votes.patterns import VotePatterns, merge_patterns, vote_patterns
from weaklabel.votes.spans import Runs, SpanVotes, merge_runs
from weaklabel.votes.spans.analysis import SpanLFAnalysis, analyze_spans
from weaklabel.votes.storage import load_votes, save_votes

__all__ = [
    "LFAnalysis",
    "Problem",
    "Problems",
    "Runs",
    "SpanLFAnalysis",
    "SpanVotes",
    "VotePatterns",
    "Votes",
    "analyze_spans",
    "apply_lfs",
    "load_votes",
    "merge_patterns",
    "merge_runs",
    "save_votes",
    "vote_patterns",
]
