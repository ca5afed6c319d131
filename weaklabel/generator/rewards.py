"""What an answer is worth: whether it is on the list, and how far the label model agrees with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from weaklabel.classifier.robust import certainty
from weaklabel.generator.examples import Message
from weaklabel.labels import Probs

ON_LIST = 0.2
"""Reward of an answer for its form alone: it is a word of the list, and nothing else."""


@dataclass(frozen=True)
class RewardedPrompt:
    """A prompt, and what answers to it are worth.

    Attributes
    ----------
    prompt
        Messages before the answer.
    rewards
        Of answers, by their words, from 0 to 1; others are worth nothing.
    """

    prompt: tuple[Message, ...]
    rewards: Mapping[str, float]


def rewarded(prompts: Sequence[tuple[Message, ...]], probs: Probs, words: Sequence[str]) -> list[RewardedPrompt]:
    """Reward the words of classes by their probability, weighted by how certain the row is.

    A row of which the label model is not certain says little about which answer is right, and rewards little. Gold is a
    row with the probability 1: it is rewarded most.

    Parameters
    ----------
    prompts
        Messages of each row. Length: n.
    probs
        Of the label model; gold as ones and zeros. Shape: [n, k].
    words
        The answer of each class. Length: k.
    """
    weights = certainty(probs)
    return [
        RewardedPrompt(prompt, {word: float(weight * prob) for word, prob in zip(words, of_row, strict=True)})
        for prompt, of_row, weight in zip(prompts, np.asarray(probs), weights, strict=True)
    ]


def reward_of(said: str, rewards: Mapping[str, float], words: Sequence[str]) -> float:
    """Return what an answer is worth.

    Examples
    --------
    >>> reward_of(" spam", {"ham": 0.1, "spam": 0.7}, ["ham", "spam"])
    0.9
    >>> reward_of("spam, I think", {"ham": 0.1, "spam": 0.7}, ["ham", "spam"])
    0.0
    """
    word = said.strip()
    return round(ON_LIST + rewards.get(word, 0.0), 9) if word in words else 0.0
