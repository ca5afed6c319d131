"""Reading most texts of a large corpus fast: a simple model answers where it agrees with the full one, which reads the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.encoder.imitation import Imitation
from weaklabel.label_model.text.discriminant import normalised, stratified_folds, temperature
from weaklabel.label_model.text.reader import TextSample
from weaklabel.labels import Probs

Floats = NDArray[np.float64]
Combine = Callable[[Floats], Probs]
"""Turns log probabilities of classes, by the texts of some rows, into answers by texts and votes. Shape: [n, k] -> [n, k]."""

FROM_CORPUS = 2.0
"""Rows of a corpus, as a multiple of those whose texts a fit reads, from which on a fast reader is worth its training."""

MIN_ROWS = 1_000
"""Fewest texts that a fast reader learns from."""

MIN_SHARE = 0.2
"""Share of the rows below which it is not worth asking a fast reader."""

MAX_REGRET = 0.0025
"""Share of all rows that may be labeled less well for it: a quarter of a point of accuracy."""

_RANGE = 6.0
"""Nats below the most probable class of a text at which all other classes are as good as impossible."""

_FOLDS = 4


@dataclass(frozen=True)
class TextsRead:
    """How many texts label models read, and how.

    Attributes
    ----------
    fast
        Texts that a `FastReader` answered.
    embedded
        Texts that were embedded; of equal texts each counts.
    """

    fast: int = 0
    embedded: int = 0

    def describe(self) -> str:
        """Return both numbers, in words."""
        return f"{self.fast:,} read by the fast reader, {self.embedded:,} embedded"


NO_TEXTS = TextsRead()

_counted: ContextVar[list[int] | None] = ContextVar("texts read", default=None)


@contextmanager
def counting_texts() -> Iterator[list[int]]:
    """Count the texts that label models read in this context: read fast and embedded, see `TextsRead`."""
    counts = [0, 0]
    token = _counted.set(counts)
    try:
        yield counts
    finally:
        _counted.reset(token)


def count_texts(fast: int, embedded: int) -> None:
    """Add texts to those of the context, if any counts them."""
    counts = _counted.get()
    if counts is not None:
        counts[0] += fast
        counts[1] += embedded


class FastReader:
    """Answers for a label model that embeds texts, on those rows where it would answer the same.

    A linear model of hashed n-grams (see `Imitation`) learns what the full model says of the texts of its sample. It
    answers rows where its first class leads the second by so much that, on rows of the sample which it did not learn
    from, accuracy is lost on at most `MAX_REGRET` of the rows. What a wrong answer loses is the difference between what
    the full model gives its own answer and the other one: nothing is lost where that model cannot tell either.

    Parameters
    ----------
    imitation
        What it learned.
    factor
        What log probabilities are multiplied by to be calibrated.
    threshold
        Lead, in nats, from which on it answers.
    share
        The share of the rows that it answers.

    References
    ----------
    The threshold is that of conformal risk control: Angelopoulos et al., ICLR 2024. A fast model before a slow one: Viola
    and Jones, Rapid Object Detection using a Boosted Cascade of Simple Features, CVPR 2001.
    """

    imitation: Imitation
    factor: float
    threshold: float
    share: float

    def __init__(self, imitation: Imitation, factor: float, threshold: float, share: float) -> None:
        self.imitation, self.factor, self.threshold, self.share = imitation, factor, threshold, share

    @classmethod
    def learn(cls, sample: TextSample, log_probs: Floats, combine: Combine) -> FastReader | None:
        """Learn from a sample; None where it would answer too few rows.

        Parameters
        ----------
        sample
            Some rows.
        log_probs
            What the full model says of their texts. Shape: [s, k].
        combine
            Of all rows of the sample.
        """
        if len(sample) < MIN_ROWS:
            return None
        probs = np.exp(log_probs)
        folds = stratified_folds(probs, sample.hashes, _FOLDS)
        targets = np.maximum(log_probs, log_probs.max(axis=1, keepdims=True) - _RANGE)
        imitation = Imitation.learn(sample.texts, targets, folds)
        factor = temperature(normalised(imitation.judged), probs)
        answers, full = combine(normalised(imitation.judged * factor)), combine(log_probs)
        rows, own, wanted = np.arange(len(full)), answers.argmax(axis=1), full.argmax(axis=1)
        threshold = choose_threshold(_lead(answers, imitation.known), full[rows, wanted] - full[rows, own])
        share = float((_lead(answers, imitation.known) >= threshold).mean())
        return cls(imitation, factor, threshold, share) if share >= MIN_SHARE else None

    def answer(self, texts: Sequence[str], combine: Combine) -> tuple[Probs, NDArray[np.bool_]]:
        """Return answers, and which rows are left to the full model. Shape: [n] -> [n, k], [n]."""
        scores, known = self.imitation.score(texts)
        answers = combine(normalised(scores * self.factor))
        return answers, _lead(answers, known) < self.threshold

    def to_saved(self) -> dict[str, Any]:
        """Return the fitted state in values that JSON has."""
        numbers = {"factor": self.factor, "threshold": self.threshold, "share": self.share}
        return {"imitation": self.imitation.to_saved(), **numbers}

    @classmethod
    def from_saved(cls, saved: dict[str, Any], k: int) -> FastReader:
        """Restore what `to_saved` returned for ``k`` classes; damaged input is a KeyError or ValueError."""
        numbers = [float(saved[name]) for name in ("factor", "threshold", "share")]
        if not np.isfinite(numbers).all() or numbers[0] <= 0 or numbers[1] <= 0:
            raise ValueError("the fast reader has a factor or threshold that is not a positive number")
        return cls(Imitation.from_saved(saved["imitation"], k), *numbers)


def choose_threshold(leads: Floats, regrets: Floats) -> float:
    """Return the lowest lead at which the rows from there on lose at most `MAX_REGRET` in all; infinite if none does.

    One row more that loses everything is counted, so that the limit holds for a new row in expectation.

    Parameters
    ----------
    leads
        How far the first class leads on each row; negative on rows that are not to be answered. Shape: [n].
    regrets
        What each answer loses, 0 to 1. Shape: [n].

    Examples
    --------
    >>> leads = np.arange(1000) / 100
    >>> choose_threshold(leads, np.where(leads < 1, 0.5, 0.0))
    0.97
    """
    order = np.argsort(-leads, kind="stable")
    sorted_leads = leads[order]
    losses = (np.cumsum(regrets[order]) + 1) / (len(leads) + 1)
    # Rows of one lead are answered together or not at all.
    is_last = np.append(sorted_leads[1:] < sorted_leads[:-1], True)
    allowed = np.flatnonzero((losses <= MAX_REGRET) & (sorted_leads > 0) & is_last)
    # A row must not be answered after rows that lose too much.
    return float(sorted_leads[allowed[-1]]) if len(allowed) else np.inf


def _lead(answers: Probs, known: NDArray[np.bool_]) -> Floats:
    """Return by how many nats the first class leads the second, -1 where a text cannot be judged. Shape: [n, k] -> [n]."""
    highest = np.log(np.maximum(np.partition(answers, -2, axis=1)[:, -2:], 1e-300))
    return np.where(known, highest[:, 1] - highest[:, 0], -1.0)
