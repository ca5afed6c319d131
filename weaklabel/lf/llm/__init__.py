"""Labeling functions that ask a language model: prompts, answers, confidence, several rows at once."""

VERSION = 1
"""Of how prompts are written and answers are read; to be changed when votes would be others than before."""
