"""Drift: what has changed between two corpora that the same labeling functions label."""

from weaklabel.drift.compare import Change, Drift, find_drift
from weaklabel.drift.texts import TextShift, compare_texts

__all__ = ["Change", "Drift", "TextShift", "compare_texts", "find_drift"]
