"""Calibration: one temperature that makes a language model's probabilities agree with how often it is right."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from weaklabel.errors import LFError
from weaklabel.support.files import write_json

FEWEST_ROWS = 20
"""Rows with gold that a calibration needs."""

FOLDS = 5
"""Parts of the rows, each of which is judged by a temperature that was fitted on the others."""

SMALLEST = 1e-6
"""Probability below which none is taken to be."""

COLDEST, HOTTEST = 0.05, 20.0
_STEPS = 60


@dataclass(frozen=True)
class Calibration:
    """How the probabilities of a labeling function that asks a language model are corrected.

    Each probability p becomes p^(1/T), divided by the sum over the answers (temperature scaling: Guo et al., "On
    Calibration of Modern Neural Networks", ICML 2017).

    Attributes
    ----------
    temperature : float
        T; above 1, the model was too sure of itself.
    rows : int
        Rows with gold that it was fitted on.
    loss_before, loss_after : float
        Mean negative log-likelihood of gold without it and with it, on rows that the temperature was not fitted on. Where
        it does not get lower, the temperature is 1.
    asked : str
        Hash of the model and the prompt, to which alone it applies.
    """

    temperature: float
    rows: int
    loss_before: float
    loss_after: float
    asked: str

    def apply(self, probs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return corrected probabilities. Shape: [n, k] -> [n, k]."""
        return scaled(probs, self.temperature)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file, which `llm_lf` takes as ``calibration``.

        Raises
        ------
        WeakLabelError
            The file cannot be written.
        """
        write_json(Path(path), asdict(self))


def read_calibration(name: str, path: str | os.PathLike[str]) -> Calibration:
    """Read what `Calibration.save` wrote, for LF ``name``.

    Raises
    ------
    LFError
        The file is missing, or holds something else.
    """
    try:
        value = json.loads(Path(path).read_text(encoding="utf-8"))
        read = Calibration(**value)
        if not (COLDEST <= read.temperature <= HOTTEST and isinstance(read.asked, str)):
            raise ValueError("the temperature is out of range")
    except OSError as error:
        raise LFError(f"LF '{name}': cannot read the calibration {path}: {error.strerror or error}") from None
    except (ValueError, TypeError) as error:
        raise LFError(f"LF '{name}': {path} is no calibration as Calibration.save writes it: {error}") from None
    return read


def fit_calibration(name: str, probs: NDArray[np.float64], gold: NDArray[np.int64], asked: str) -> Calibration:
    """Fit the temperature on rows with gold.

    Parameters
    ----------
    name
        Name of the labeling function, for messages.
    probs
        Shape: [n, k].
    gold
        The right column of each row. Shape: [n].
    asked
        See `Calibration`.

    Raises
    ------
    LFError
        There are fewer than 20 rows.
    """
    if len(gold) < FEWEST_ROWS:
        raise LFError(
            f"LF '{name}': {len(gold)} rows with gold and an answer are too few for a calibration; it takes "
            f"{FEWEST_ROWS} or more"
        )
    fold = np.arange(len(gold)) % FOLDS
    before = after = 0.0
    for number in range(FOLDS):
        out = fold == number
        before += out.mean() * _loss(probs[out], gold[out], 1.0)
        after += out.mean() * _loss(probs[out], gold[out], _best(probs[~out], gold[~out]))
    temperature = _best(probs, gold) if after < before else 1.0
    return Calibration(float(temperature), len(gold), float(before), float(min(after, before)), asked)


def scaled(probs: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Return probabilities at a temperature. Shape: [n, k] -> [n, k]."""
    if temperature == 1:
        return probs
    logits = np.log(np.maximum(probs, SMALLEST)) / temperature
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    raised[probs == 0] = 0  # an answer that nobody gave stays so
    total = raised.sum(axis=1, keepdims=True)
    return np.asarray(raised / np.where(total, total, 1))


def _loss(probs: NDArray[np.float64], gold: NDArray[np.int64], temperature: float) -> float:
    right = scaled(probs, temperature)[np.arange(len(gold)), gold]
    return float(-np.log(np.maximum(right, SMALLEST)).mean())


def _best(probs: NDArray[np.float64], gold: NDArray[np.int64]) -> float:
    """Return the temperature of the least loss, by golden-section search over its logarithm."""
    return float(np.exp(_lowest(lambda log: _loss(probs, gold, float(np.exp(log))), np.log(COLDEST), np.log(HOTTEST))))


def _lowest(f: Callable[[float], float], low: float, high: float) -> float:
    ratio = (5**0.5 - 1) / 2
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = f(left), f(right)
    for _ in range(_STEPS):
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = f(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = f(right)
    return (low + high) / 2
