"""Corpora: rows in and out, in batches, with nothing lost."""
