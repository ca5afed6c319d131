"""Votes that are spans: checked, counted in words, stored as columns, and as runs of voted words."""

from weaklabel.votes.spans.runs import Runs, merge_runs
from weaklabel.votes.spans.snapping import SpanCounts
from weaklabel.votes.spans.table import SpanTable, join_tables
from weaklabel.votes.spans.votes import SpanVotes

__all__ = ["Runs", "SpanCounts", "SpanTable", "SpanVotes", "join_tables", "merge_runs"]
