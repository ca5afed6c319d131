"""Votes drawn from known accuracies."""

import numpy as np


def draw_votes(n, m, k, seed=0, balance=None, accuracy=(0.6, 0.95), coverage=(0.3, 0.9)):
    """Return L [n, m] and the classes [n] behind it."""
    rng = np.random.default_rng(seed)
    Y = rng.choice(k, n, p=balance)
    right = rng.random((n, m)) < rng.uniform(*accuracy, m)
    wrong = (Y[:, None] + rng.integers(1, max(k, 2), (n, m))) % k
    votes = np.where(right, Y[:, None], wrong)
    return np.where(rng.random((n, m)) < rng.uniform(*coverage, m), votes, -1).astype(np.int8), Y
