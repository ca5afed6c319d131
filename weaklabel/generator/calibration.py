"""From log-likelihoods of answers to class probabilities that can be believed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weaklabel.encoder.inference import softmax
from weaklabel.labels import Probs

MIN_TEMPERATURE, MAX_TEMPERATURE = 0.05, 20.0

_MIN_PROB = 1e-6


@dataclass(frozen=True)
class Calibration:
    """What is done to log-likelihoods before they become probabilities: ``softmax((logs + bias) / temperature)``.

    Attributes
    ----------
    bias
        Added for each class. Shape: [k].
    temperature
        Above 1 makes probabilities less certain.
    """

    bias: NDArray[np.float64]
    temperature: float = 1.0

    def probs(self, logs: NDArray[np.float64]) -> Probs:
        """Return class probabilities. Shape: [n, k] -> [n, k]."""
        return softmax((logs + self.bias) / self.temperature)


def contextual(logs: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the bias that makes the mean probabilities those of the training labels.

    A language model prefers some answers whatever the text. Zhao et al., "Calibrate before use" (ICML 2021), divide by the
    probabilities for a text without content; Fei et al., "Mitigating label biases for in-context learning" (ACL 2023), by
    the mean over texts of the domain, as here. The shares of the classes are then put in its place.

    Parameters
    ----------
    logs
        Log-likelihoods of training texts. Shape: [n, k].
    shares
        Of the classes among the training labels. Shape: [k].
    """
    mean = softmax(logs).mean(axis=0)
    bias = np.log(np.clip(shares, _MIN_PROB, 1)) - np.log(np.clip(mean, _MIN_PROB, 1))
    return np.asarray(bias - bias.mean(), dtype=np.float64)


def fit_temperature(logs: NDArray[np.float64], probs: Probs, weights: NDArray[np.float64]) -> float:
    """Return the temperature with the lowest cross-entropy on held-out rows with soft labels.

    The method is that of Guo et al., "On calibration of modern neural networks" (ICML 2017).

    Parameters
    ----------
    logs
        With the bias. Shape: [n, k].
    probs, weights
        Soft labels and weights of the rows. Shape: [n, k], [n].
    """
    from scipy.optimize import minimize_scalar

    def loss(log_temperature: float) -> float:
        predicted = np.log(np.clip(softmax(logs / np.exp(log_temperature)), 1e-12, 1))
        return float(-(weights @ (probs * predicted).sum(axis=1)) / weights.sum())

    bounds = (np.log(MIN_TEMPERATURE), np.log(MAX_TEMPERATURE))
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))
