"""Classifiers: trained on texts with probabilistic labels."""
