"""Logistic regression on frozen embeddings: a second opinion on weak labels, too simple to learn them by heart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weaklabel.encoder.inference import softmax
from weaklabel.labels import Probs

MAX_ITERATIONS = 200
FOLDS = 5
STRENGTHS = (1.0, 3.0, 10.0, 30.0)

MOST_ROWS = 50_000
"""Rows that a fold's probe is fitted on: enough for a few hundred numbers a class."""


@dataclass(frozen=True)
class Probe:
    """Multinomial logistic regression.

    Attributes
    ----------
    coef
        Shape: [k, d].
    intercept
        Shape: [k].
    """

    coef: NDArray[np.float64]
    intercept: NDArray[np.float64]

    def predict_proba(self, vectors: NDArray[np.floating]) -> Probs:
        """Return class probabilities. Shape: [n, d] -> [n, k]."""
        return softmax(vectors @ self.coef.T + self.intercept)


def fit_probe(vectors: NDArray[np.floating], probs: Probs, weights: NDArray[np.float64], C: float = 1.0) -> Probe:
    """Fit by weighted soft cross-entropy, with L-BFGS.

    Parameters
    ----------
    vectors
        Shape: [n, d].
    probs
        Soft targets. Shape: [n, k]; every row sums to 1.
    weights
        From 0 up. Shape: [n].
    C
        Inverse strength of regularisation, as in scikit-learn, above 0. It holds for the vectors less their mean, scaled
        to length 1 on average.
    """
    from scipy.optimize import minimize

    (_, d), k = vectors.shape, probs.shape[1]
    features = np.asarray(vectors, dtype=np.float64)
    # Encoders that were never trained for it put all texts into one corner; what tells them apart is made length 1.
    centre = features.mean(axis=0)
    features = features - centre
    scale = float(np.sqrt((features**2).sum(axis=1).mean())) or 1.0
    features /= scale

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        coef, intercept = flat[: k * d].reshape(k, d), flat[k * d :]
        logits = features @ coef.T + intercept
        logits -= logits.max(axis=1, keepdims=True)
        logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        error = (np.exp(logs) - probs) * weights[:, None]
        total = -(weights @ (probs * logs).sum(axis=1)) + (coef**2).sum() / (2 * C)
        return float(total), np.concatenate([(error.T @ features + coef / C).ravel(), error.sum(axis=0)])

    found = minimize(loss, np.zeros(k * (d + 1)), jac=True, method="L-BFGS-B", options={"maxiter": MAX_ITERATIONS})
    coef, intercept = found.x[: k * d].reshape(k, d) / scale, found.x[k * d :]
    return Probe(coef, intercept - coef @ centre)


def out_of_fold(
    vectors: NDArray[np.floating],
    probs: Probs,
    weights: NDArray[np.float64],
    C: float,
    *,
    folds: int = FOLDS,
    seed: int = 0,
) -> Probs:
    """Return what a probe says of each row that was fitted on other rows only. Shape: [n, d], [n, k] -> [n, k].

    Where there are no other rows to learn from, that is the shares of the classes.

    Parameters
    ----------
    weights
        From 0 up, one at least above 0; rows of weight 0 are predicted and not learned from. Shape: [n].
    C
        As for `fit_probe`.
    folds
        Parts that the rows are split into at random, from 2 up.
    seed
        Of the split, and of the `MOST_ROWS` rows that are learned from where there are more.
    """
    rng = np.random.default_rng(seed)
    part = rng.permutation(len(vectors)) % folds
    opinion = np.tile(weights @ probs / weights.sum(), (len(probs), 1))
    for number in range(folds):
        learned = np.flatnonzero((part != number) & (weights > 0))
        if not len(learned):
            continue
        if len(learned) > MOST_ROWS:
            learned = np.sort(rng.choice(learned, MOST_ROWS, replace=False))
        probe = fit_probe(vectors[learned], probs[learned], weights[learned], C)
        opinion[part == number] = probe.predict_proba(vectors[part == number])
    return opinion


def chosen_strength(
    vectors: NDArray[np.floating], probs: Probs, weights: NDArray[np.float64], *, seed: int = 0
) -> float:
    """Return the C of `STRENGTHS` with the lowest cross-entropy out of fold. Parameters as for `out_of_fold`."""
    losses = [_loss(out_of_fold(vectors, probs, weights, C, seed=seed), probs, weights) for C in STRENGTHS]
    return STRENGTHS[int(np.argmin(losses))]


def _loss(opinion: Probs, probs: Probs, weights: NDArray[np.float64]) -> float:
    return float(-(weights @ (probs * np.log(opinion.clip(1e-9))).sum(axis=1)))
