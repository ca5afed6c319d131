"""Editing the packs of a review: reading their source, changing it, trying the change."""
