"""Texts as numbers: encoder models, devices and inference, text features, latent semantic analysis."""
