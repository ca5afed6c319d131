"""Labeling functions: what one is, the ready kinds, and the packs that hold them."""
