"""The training of Snorkel's label model, in numpy, from overlaps instead of votes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

MOMENTUM = 0.9
BETAS = 0.9, 0.999
EPS = 1e-8
"""Snorkel's settings of its optimisers, which it takes from PyTorch except for the momentum."""

Step = Callable[[Floats, float], Floats]
"""From the gradient and the learning rate to what is taken off the parameters."""


class LossDivergedError(Exception):
    """The loss became infinite or NaN: the learning rate is too high for these votes."""


def train_snorkel(
    overlaps: NDArray[np.float64],
    n: int,
    class_balance: NDArray[np.float64],
    *,
    n_epochs: int,
    lr: float,
    l2: float,
    optimizer: str,
    lr_scheduler: str,
    precisions: NDArray[np.float64],
    mu_eps: float,
    seed: int,
) -> NDArray[np.float64]:
    """Find the parameters that Snorkel's ``LabelModel.fit`` finds, except for rounding; single precision, as there.

    Minimised over mu is the squared error of the overlap of votes of two labeling functions that mu predicts
    (:math:`\\mu P \\mu^T`), and of how often each votes (:math:`\\mu p`); plus ``l2`` squared times the distance
    from the start.

    Parameters
    ----------
    overlaps
        See `count_overlaps`. Shape: [m*k, m*k].
    n
        Rows that the overlaps were counted in.
    class_balance
        Shape: [k].
    n_epochs, lr, l2, optimizer, lr_scheduler, seed
        See `LabelModel`.
    precisions
        Accuracy that is assumed of each labeling function at the start. Shape: [m].
    mu_eps
        How far from 0 and 1 the parameters are kept.

    Returns
    -------
    array
        The parameters ``mu``. Shape: [m*k, k].

    Raises
    ------
    LossDivergedError
        The loss became infinite or NaN.

    References
    ----------
    Ratner, Hancock, Dunnmon, Sala, Pandey, Ré: Training Complex Models with Multi-Task Weak Supervision. AAAI 2019.
    """
    k = len(class_balance)
    O = np.empty(overlaps.shape, dtype=np.float32)  # noqa: E741 - the paper's letter
    np.divide(overlaps, n, out=O, casting="same_kind")
    p = class_balance.astype(np.float32)
    rates = O.diagonal().copy()
    start = _start(rates, class_balance, precisions)
    # A vote excludes the other votes of its labeling function, so these carry no information.
    _clear_own_blocks(O, k)
    mu = start * np.float32(np.random.RandomState(seed).random_sample())
    step = STEPS[optimizer](mu)
    with np.errstate(over="ignore", invalid="ignore"):  # a diverging loss is found by its value
        for epoch in range(n_epochs):
            loss, gradient = _loss_and_gradient(mu, O, p, rates, start, l2)
            _check(loss)
            mu -= step(gradient + np.float32(l2) * mu, lr * LR_FACTORS[lr_scheduler](epoch, n_epochs))
        _check(_loss_and_gradient(mu, O, p, rates, start, l2)[0])
    return match_classes(np.clip(mu, np.float32(mu_eps), np.float32(1 - mu_eps)), p).astype(np.float64)


def _start(rates: Floats, p: NDArray[np.float64], precisions: NDArray[np.float64]) -> Floats:
    """P(vote y | Y = y) where a vote is right as often as ``precisions`` say; 0 for wrong votes. Shape: [m*k, k]."""
    m, k = len(precisions), len(p)
    start = np.zeros((m, k, k), dtype=np.float32)
    right = rates.reshape(m, k) * precisions.astype(np.float32)[:, None] / p
    start[:, range(k), range(k)] = np.clip(right, 0, 1)
    return start.reshape(m * k, k)


def _clear_own_blocks(square: Floats, k: int) -> None:
    """Set to 0 what belongs to two votes of one labeling function. Shape: [m*k, m*k]."""
    m = len(square) // k
    square.reshape(m, k, m, k)[range(m), :, range(m), :] = 0


def _loss_and_gradient(
    mu: Floats,
    O: Floats,  # noqa: E741
    p: Floats,
    rates: Floats,
    start: Floats,
    l2: float,
) -> tuple[float, Floats]:
    weighted: Floats = mu * p
    error: Floats = np.subtract(O, weighted @ mu.T, dtype=np.float32)
    _clear_own_blocks(error, len(p))
    rate_error = weighted.sum(axis=1) - rates
    pull = np.float32(l2) * (mu - start)
    loss = np.vdot(error, error) + np.vdot(rate_error, rate_error) + np.vdot(pull, pull)
    gradient = -4 * (error @ weighted) + 2 * np.outer(rate_error, p) + 2 * np.float32(l2) * pull
    return float(loss), gradient


def _check(loss: float) -> None:
    if not np.isfinite(loss):
        raise LossDivergedError


def _sgd(mu: Floats) -> Step:
    velocity = np.zeros_like(mu)

    def step(gradient: Floats, lr: float) -> Floats:
        nonlocal velocity
        velocity = np.float32(MOMENTUM) * velocity + gradient
        return np.float32(lr) * velocity

    return step


def _adam(mu: Floats) -> Step:
    """Kingma and Ba: Adam. ICLR 2015."""
    mean, square, steps = np.zeros_like(mu), np.zeros_like(mu), 0

    def step(gradient: Floats, lr: float) -> Floats:
        nonlocal mean, square, steps
        steps += 1
        mean = mean + np.float32(1 - BETAS[0]) * (gradient - mean)
        square = np.float32(BETAS[1]) * square + np.float32(1 - BETAS[1]) * gradient**2
        spread = np.sqrt(square) / np.float32(np.sqrt(1 - BETAS[1] ** steps)) + np.float32(EPS)
        return np.asarray(np.float32(lr / (1 - BETAS[0] ** steps)) * mean / spread, dtype=np.float32)

    return step


def _adamax(mu: Floats) -> Step:
    """The same paper's variant by the largest gradient."""
    mean, largest, steps = np.zeros_like(mu), np.zeros_like(mu), 0

    def step(gradient: Floats, lr: float) -> Floats:
        nonlocal mean, largest, steps
        steps += 1
        mean = mean + np.float32(1 - BETAS[0]) * (gradient - mean)
        largest = np.maximum(np.float32(BETAS[1]) * largest, np.abs(gradient) + np.float32(EPS))
        return np.float32(lr / (1 - BETAS[0] ** steps)) * mean / largest

    return step


STEPS: dict[str, Callable[[Floats], Step]] = {"sgd": _sgd, "adam": _adam, "adamax": _adamax}

LR_FACTORS: dict[str, Callable[[int, int], float]] = {
    "constant": lambda epoch, n_epochs: 1.0,
    "linear": lambda epoch, n_epochs: (n_epochs - epoch) / n_epochs,
    "exponential": lambda epoch, n_epochs: 0.9**epoch,
    "step": lambda epoch, n_epochs: 0.9 ** (epoch // 5),
}


def match_classes(mu: Floats, p: Floats) -> Floats:
    """Choose, among the classes that are equally frequent, the order in which votes are right most often.

    The objective is the same for any order of such classes.
    """
    k = len(p)
    weighted = mu.reshape(-1, k, k).sum(axis=0) * p
    order = np.arange(k)
    shares = np.around(p, 3)
    for share in np.unique(shares):
        group = np.flatnonzero(shares == share)
        votes = weighted[np.ix_(group, group)]
        # Where each class gets its own votes most of all, no other order is better.
        if (votes.diagonal() < votes.max(axis=1)).any():
            from scipy.optimize import linear_sum_assignment

            order[group] = group[linear_sum_assignment(votes, maximize=True)[1]]
    return mu[:, order]
