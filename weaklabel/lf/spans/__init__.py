"""Labeling functions that mark spans of a text: what one is, and its kinds."""
