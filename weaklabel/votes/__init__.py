"""Votes: applying labeling functions to a corpus, the label matrix L, its patterns, and its analysis."""
