"""Reading weak labels again in the light of their texts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weaklabel.classifier.probe import chosen_strength, out_of_fold
from weaklabel.labels import Probs

# What a label is taken to mean before the texts are looked at: right in this share of its rows, for as good as so many
# rows. Most labeling functions that people write are about as good.
PRECISION = 0.8
PRIOR_ROWS = 10.0

STEPS = 5  # of expectation and maximisation in a round

LEAST = 1e-4  # no text speaks against a class more strongly


def denoise(
    vectors: NDArray[np.floating], probs: Probs, weights: NDArray[np.float64], *, rounds: int = 3, seed: int = 0
) -> Probs:
    """Return class probabilities of all rows from their weak labels and their texts together.

    In each round a logistic regression on vectors of the texts gives every row a second opinion, learned from other rows only.
    Then what a row's label says, times what its text says, are its probabilities, and what the labels of each class
    truly are is counted, half by them and half by the texts, in turns. The next round learns from the probabilities.
    It is near to the expectation and maximisation of Raykar et al., "Learning from crowds" (JMLR 2010), for one
    annotator, with opinions out of fold as in confident learning (Northcutt et al., JAIR 2021).

    Parameters
    ----------
    vectors
        Of length 1 each, as `weaklabel.encoder.features.TextFeatures` gives them. Shape: [n, d].
    probs
        Weak labels; a row of NaN has none, and gets what its text says. Shape: [n, k].
    weights
        How much each row counts, from 0 up. Shape: [n].
    rounds
        From 1 up.
    seed
        Of the split into folds.

    Returns
    -------
    array
        Shape: [n, k]; no row is NaN.
    """
    labelled = np.isfinite(probs[:, 0])
    weak = np.where(labelled[:, None], probs, 1 / probs.shape[1])
    counted = weights * labelled
    shares = _to_one(counted @ weak)
    strength = chosen_strength(vectors, weak, counted, seed=seed)
    read, table = weak, _expected(shares)
    for _ in range(rounds):
        text = _to_one(out_of_fold(vectors, read, counted, strength, seed=seed).clip(LEAST))
        for _ in range(STEPS):
            said = np.where(labelled[:, None], weak @ table / shares.clip(LEAST), 1)
            read = _to_one(text * said)
            # By the texts alone, labels would mean nothing where texts tell nothing; by both, they confirm themselves.
            table = meaning(weak, (read + text) / 2, counted, shares)
    return read


def meaning(weak: Probs, read: Probs, weights: NDArray[np.float64], shares: NDArray[np.float64]) -> Probs:
    """Return how probable each class is where a weak label says another, or the same. Shape: [k, k], label by class.

    Parameters
    ----------
    weak, read
        What the labels say of each row, and what it is taken to be. Shape: [n, k].
    weights
        Shape: [n].
    shares
        Of the classes among the labels. Shape: [k].
    """
    return _to_one((weak * weights[:, None]).T @ read + PRIOR_ROWS * _expected(shares))


def _expected(shares: NDArray[np.float64]) -> Probs:
    """Return what labels mean beforehand: errors fall on the other classes by their shares. Shape: [k] -> [k, k]."""
    same = np.eye(len(shares))
    return PRECISION * same + (1 - PRECISION) * _to_one(np.where(same > 0, 0, shares.clip(LEAST)))


def _to_one(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(values / values.sum(axis=-1, keepdims=True), dtype=np.float64)
