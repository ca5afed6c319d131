"""Label models: from noisy votes to probabilistic labels."""
