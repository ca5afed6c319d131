"""Reinforcement learning of what to keep: a policy over units such as labeling functions, groups of rows, or rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from weaklabel.support.files import write_json
from weaklabel.support.progress import stage

Floats = NDArray[np.float64]
Algorithm = Literal["ppo", "reinforce"]
Reward = Callable[[NDArray[np.bool_], int], tuple[Floats, NDArray[np.bool_]]]
"""Given choices, shape [s, u], and the number of the step: what each is worth, [s], and which units that depends on, [u]."""

ALGORITHMS: tuple[Algorithm, ...] = ("ppo", "reinforce")

KEPT_AT_FIRST = 0.75
"""Probability by which every unit is kept before anything is learned."""

CLIP, EPOCHS, ENTROPY = 0.2, 4, 0.01
"""Of PPO: how far a probability may move in one update, steps on the same samples, and the weight of the entropy."""

MEMORY = 0.9
"""Of the moving average of rewards, the baseline of REINFORCE."""

_DECAYS = 0.9, 0.999
"""Of the moments of Adam."""


@dataclass(frozen=True)
class Learning:
    """How a policy learns.

    Attributes
    ----------
    algorithm
        ``"ppo"``, clipped, with the mean reward of a step's samples as baseline; or ``"reinforce"``, one update a step, with
        a moving average of rewards.
    evaluations
        How often the reward may be computed, from ``samples`` up.
    samples
        Choices that are drawn in a step, from 2.
    lr
        Learning rate (Adam), above 0.
    """

    algorithm: Algorithm = "ppo"
    evaluations: int = 320
    samples: int = 8
    lr: float = 0.1


@dataclass
class Progress:
    """A policy and how it came about: all that is needed to go on, as JSON has it.

    Attributes
    ----------
    weights
        Of the policy; the last is the intercept. Length: f + 1.
    moments
        Of Adam. Shape: [2, f + 1].
    baseline
        Moving average of the rewards; None before the first step.
    curve
        A record a step: evaluations so far, mean and best reward of the step, mean probability of keeping a unit.
    """

    weights: list[float]
    moments: list[list[float]]
    baseline: float | None = None
    curve: list[dict[str, float]] = field(default_factory=list)


class Policy:
    """Keeps each unit with a probability that is a logistic function of what describes it.

    Parameters
    ----------
    units
        Numbers that describe each unit. Shape: [u, f].
    learning
        How it learns.
    seed
        Of the choices that are drawn.

    References
    ----------
    PPO: Schulman et al., "Proximal policy optimization algorithms", 2017. REINFORCE: Williams 1992; for the value of rows:
    Yoon, Arik and Pfister, "Data valuation using reinforcement learning", ICML 2020.
    """

    def __init__(self, units: Floats, learning: Learning, seed: int) -> None:
        self._inputs = np.hstack([units, np.ones((len(units), 1))])
        self.learning = learning
        self._seed = seed
        size = self._inputs.shape[1]
        start = np.zeros(size)
        start[-1] = np.log(KEPT_AT_FIRST / (1 - KEPT_AT_FIRST))
        self.progress: Progress = Progress(start.tolist(), np.zeros((2, size)).tolist())

    def probs(self) -> Floats:
        """Return the probability of keeping each unit. Shape: [u]."""
        return _logistic(self._inputs @ np.array(self.progress.weights))

    def step(self, reward: Reward) -> bool:
        """Draw choices, see what they are worth, and learn from it; return whether the budget of evaluations allows it."""
        progress, learning = self.progress, self.learning
        number = len(progress.curve)
        if (number + 1) * learning.samples > learning.evaluations:
            return False
        before = self.probs()
        rng = np.random.default_rng([self._seed, number])
        kept = rng.random((learning.samples, len(before))) < before
        rewards, active = reward(kept, number)
        mean, spread = float(rewards.mean()), float(rewards.std())
        if learning.algorithm == "ppo":
            advantages, epochs = (rewards - mean) / (spread or 1.0), EPOCHS
        else:
            baseline = mean if progress.baseline is None else progress.baseline
            advantages, epochs = (rewards - baseline) / (spread or 1.0), 1
            progress.baseline = MEMORY * baseline + (1 - MEMORY) * mean
        for epoch in range(epochs):
            self._ascend(self._gradient(kept, before, advantages, active), number * epochs + epoch + 1)
        progress.curve.append(
            {
                "evaluations": (number + 1) * learning.samples,
                "mean reward": mean,
                "best reward": float(rewards.max()),
                "mean probability": float(self.probs().mean()),
            }
        )
        return True

    def _gradient(
        self, kept: NDArray[np.bool_], before: Floats, advantages: Floats, active: NDArray[np.bool_]
    ) -> Floats:
        now = self.probs()
        own_now, own_before = np.where(kept, now, 1 - now), np.where(kept, before, 1 - before)
        ratios = own_now / own_before.clip(1e-12)
        A = advantages[:, None]
        # Where the ratio has left the clip range in the direction of the advantage, the objective is constant.
        is_clipped = np.where(A > 0, ratios > 1 + CLIP, ratios < 1 - CLIP)
        by_unit = (np.where(is_clipped, 0, ratios * A) * (kept - now)).mean(axis=0)
        # The derivative of the entropy by the logit is -logit p (1 - p).
        logits = np.log(now.clip(1e-12) / (1 - now).clip(1e-12))
        by_unit -= ENTROPY * logits * now * (1 - now)
        return np.asarray(self._inputs[active].T @ by_unit[active])

    def _ascend(self, gradient: Floats, number: int) -> None:
        first, second = np.array(self.progress.moments)
        first = _DECAYS[0] * first + (1 - _DECAYS[0]) * gradient
        second = _DECAYS[1] * second + (1 - _DECAYS[1]) * gradient**2
        corrected = first / (1 - _DECAYS[0] ** number), second / (1 - _DECAYS[1] ** number)
        weights = np.array(self.progress.weights) + self.learning.lr * corrected[0] / (np.sqrt(corrected[1]) + 1e-8)
        self.progress.weights, self.progress.moments = weights.tolist(), [first.tolist(), second.tolist()]


class CurveFile:
    """Keeps the progress of policies in a JSON file, after each step, so that a killed run goes on from there.

    Parameters
    ----------
    path
        None: nothing is kept.
    identity
        Of all that decides the result: what is kept of another is not used.
    """

    def __init__(self, path: str | Path | None, identity: str) -> None:
        self._path = None if path is None else Path(path)
        self._state: dict[str, Any] = {"identity": identity, "folds": []}
        if self._path is not None and self._path.exists():
            try:
                kept = json.loads(self._path.read_text(encoding="utf-8"))
            except ValueError:
                kept = {}
            if isinstance(kept, dict) and kept.get("identity") == identity:
                self._state = kept

    def progress_of(self, fold: int) -> Progress | None:
        """Return what is kept of a fold's policy."""
        folds = self._state["folds"]
        return Progress(**folds[fold]) if fold < len(folds) else None

    def curves(self) -> list[list[dict[str, float]]]:
        """Return the curve of each policy."""
        return [progress["curve"] for progress in self._state["folds"]]

    def keep(self, fold: int, progress: Progress) -> None:
        """Write the progress of a fold's policy."""
        self._state["folds"][fold:] = [asdict(progress)]
        self._write()

    def finish(self, notes: dict[str, Any]) -> None:
        """Write what came out."""
        self._state["result"] = notes
        self._write()

    def _write(self) -> None:
        if self._path is not None:
            write_json(self._path, self._state)


def learn(policy: Policy, fold: int, file: CurveFile, reward: Reward) -> None:
    """Let a policy learn until its budget is spent, from where an earlier run stopped."""
    policy.progress = file.progress_of(fold) or policy.progress
    steps = policy.learning.evaluations // policy.learning.samples
    with stage("learning which rows pay", steps, "steps") as shown:
        shown.advance(len(policy.progress.curve))
        while policy.step(reward):
            file.keep(fold, policy.progress)
            shown.advance()


def _logistic(values: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-values)))
