"""Guarded processes that run labeling functions, with limits on time and memory."""
