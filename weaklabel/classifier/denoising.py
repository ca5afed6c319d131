"""Denoising of weak labels by a second opinion: logistic regression on embeddings of their texts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weaklabel.encoder.inference import softmax
from weaklabel.labels import Probs

# Prior of what a label means: it is right in this share of its rows, and the prior counts as so many rows. Most labeling
# functions that people write are about as good.
PRECISION = 0.8
PRIOR_ROWS = 10.0

EM_STEPS = 5  # in a round

MIN_PROB = 1e-4  # no text is stronger evidence against a class

# The logistic regression ("probe") on frozen embeddings: too simple to learn errors by heart.
MAX_ITERATIONS = 200
FOLDS = 5
STRENGTHS = (1.0, 3.0, 10.0, 30.0)

MAX_ROWS = 50_000
"""Most rows that a fold's probe is fitted on: enough for a few hundred weights per class."""


def denoise(
    vectors: NDArray[np.floating], probs: Probs, weights: NDArray[np.float64], *, rounds: int = 3, seed: int = 0
) -> Probs:
    """Return class probabilities of all rows from their weak labels and their texts together.

    In each round, a logistic regression on vectors of the texts gives every row a second opinion, learned from other rows
    only. A row's probabilities are then the product of what its label and its text say; from these probabilities and the
    opinions, half each, the confusion matrix of the labels is estimated; and so on in turns. The next round learns from the
    probabilities. The method is close to the expectation and maximisation of Raykar et al., "Learning from crowds" (JMLR
    2010), for one annotator, with opinions out of fold as in confident learning (Northcutt et al., JAIR 2021).

    Parameters
    ----------
    vectors
        Of length 1 each, as `weaklabel.encoder.features.TextFeatures` gives them. Shape: [n, d].
    probs
        Weak labels; a row of NaN has none, and gets its second opinion. Shape: [n, k].
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
    labeled = np.isfinite(probs[:, 0])
    weak = np.where(labeled[:, None], probs, 1 / probs.shape[1])
    counted = weights * labeled
    shares = _normalised(counted @ weak)
    strength = chosen_strength(vectors, weak, counted, seed=seed)
    read, table = weak, _expected(shares)
    for _ in range(rounds):
        text = _normalised(out_of_fold(vectors, read, counted, strength, seed=seed).clip(MIN_PROB))
        for _ in range(EM_STEPS):
            likelihood = np.where(labeled[:, None], weak @ table / shares.clip(MIN_PROB), 1)
            read = _normalised(text * likelihood)
            # By the texts alone, labels would count for nothing where texts say nothing; by both, they confirm themselves.
            table = label_meaning(weak, (read + text) / 2, counted, shares)
    return read


def label_meaning(weak: Probs, read: Probs, weights: NDArray[np.float64], shares: NDArray[np.float64]) -> Probs:
    """Return how probable each class is given a weak label: a confusion matrix. Shape: [k, k], label by class.

    Parameters
    ----------
    weak, read
        Weak labels, and the current estimate. Shape: [n, k].
    weights
        Shape: [n].
    shares
        Shares of the classes among the labels. Shape: [k].
    """
    return _normalised((weak * weights[:, None]).T @ read + PRIOR_ROWS * _expected(shares))


def _expected(shares: NDArray[np.float64]) -> Probs:
    """Return the prior of what labels mean: errors are spread over the other classes by their shares. Shape: [k] -> [k, k]."""
    same = np.eye(len(shares))
    return PRECISION * same + (1 - PRECISION) * _normalised(np.where(same > 0, 0, shares.clip(MIN_PROB)))


def _normalised(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(values / values.sum(axis=-1, keepdims=True), dtype=np.float64)


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
    # Encoders that were not trained for it put all texts into one corner; so the differences are scaled to length 1.
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

    solution = minimize(loss, np.zeros(k * (d + 1)), jac=True, method="L-BFGS-B", options={"maxiter": MAX_ITERATIONS})
    coef, intercept = solution.x[: k * d].reshape(k, d) / scale, solution.x[k * d :]
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
    """Return the prediction for each row of a probe that was fitted on other rows only. Shape: [n, d], [n, k] -> [n, k].

    Without other rows to learn from, these are the shares of the classes.

    Parameters
    ----------
    weights
        From 0 up, at least one above 0; rows of weight 0 are predicted but not learned from. Shape: [n].
    C
        As for `fit_probe`.
    folds
        Parts that the rows are split into at random, from 2 up.
    seed
        Of the split, and of the sample of `MAX_ROWS` rows if there are more.
    """
    rng = np.random.default_rng(seed)
    part = rng.permutation(len(vectors)) % folds
    opinion = np.tile(weights @ probs / weights.sum(), (len(probs), 1))
    for number in range(folds):
        learned = np.flatnonzero((part != number) & (weights > 0))
        if not len(learned):
            continue
        if len(learned) > MAX_ROWS:
            learned = np.sort(rng.choice(learned, MAX_ROWS, replace=False))
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
