"""Label models for spans."""

from weaklabel.label_model.sequence.vote import SpanVote, WordVote

__all__ = ["SpanVote", "WordVote"]
