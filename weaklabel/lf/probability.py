"""What labeling functions that ask a model share: from class probabilities to votes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from weaklabel.corpus.batch import TEXT, Batch
from weaklabel.errors import LFError, nearest
from weaklabel.labels import ABSTAIN, MAX_CARDINALITY, VoteArray, as_votes
from weaklabel.lf.core import BatchLF, check_columns


class ModelLF(BatchLF, ABC):
    """A labeling function that gives every text class probabilities and votes where they are clear enough.

    A blank text is never voted on: there is nothing in it to judge.
    """

    kind: ClassVar[str]

    def __init__(self, name: str, threshold: float, column: str) -> None:
        if not 0 <= threshold <= 1:
            raise LFError(f"LF '{name}': threshold must be a probability from 0 to 1, not {threshold!r}")
        self.name = name
        self.threshold = threshold
        self.column = column
        self.columns = (column,)

    @abstractmethod
    def probabilities(self, batch: Batch) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Return what `decide` needs: probabilities, and what each column stands for. Shapes: [n, j], [j]."""

    def vote(self, batch: Batch) -> VoteArray:
        """Vote on every row of ``batch``; see `LF.vote`."""
        texts = self.texts(batch)
        if not texts:
            return np.empty(0, dtype=np.int8)
        blank = np.array([not text.strip() for text in texts])
        probs, answers = self.probabilities(batch)
        if not np.isfinite(probs[~blank]).all():
            # No LFError, which would stop the run: whoever applies this finds the rows that are to blame.
            raise ValueError("the model gives probabilities that are not finite numbers")
        return np.where(blank, np.int8(ABSTAIN), decide(probs, answers, self.threshold))

    def texts(self, batch: Batch) -> list[str]:
        """Return the column that this labeling function reads, a missing value as "". Length: n."""
        if self.column == TEXT:
            return batch.texts
        check_columns(self.name, self.columns, batch)
        return batch.frame[self.column].cast(pl.String).fill_null("").to_list()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


LAST_DIGITS = 1e-9
"""Probabilities that differ by less are the same."""


def decide(probs: NDArray[Any], answers: NDArray[np.int64], threshold: float) -> VoteArray:
    """Turn probabilities into votes.

    Probabilities of the same answer are added. The most probable answer is the vote where it reaches ``threshold``
    and no other is as probable; else, and where the answer is negative, the row abstains.

    Parameters
    ----------
    probs
        Shape: [n, j]; a row sums to 1.
    answers
        What each column stands for: a class number, or less than 0 for no class. Shape: [j].
    threshold
        From 0 to 1.

    Returns
    -------
    VoteArray
        Shape: [n].

    Examples
    --------
    >>> decide(np.array([[0.9, 0.1], [0.5, 0.5], [0.4, 0.6]]), np.array([0, 1]), threshold=0.6)
    array([ 0, -1,  1], dtype=int8)
    """
    classes = np.unique(answers)
    mass = np.stack([probs[:, answers == number].sum(axis=1) for number in classes], axis=1)
    top = mass.max(axis=1)
    best = classes[mass.argmax(axis=1)]
    # Sums of floats may part what ties, or miss a threshold, by a last digit.
    clear = (top >= threshold - LAST_DIGITS) & ((mass >= top[:, None] - LAST_DIGITS).sum(axis=1) == 1) & (best >= 0)
    return as_votes(np.where(clear, best, ABSTAIN), int(classes.max()) + 1)


def check_answers(name: str, answers: Iterable[Any], least: int = 1) -> None:
    """Refuse answers that are not class numbers or -1, that name no class, or that are fewer than ``least``."""
    answers = list(answers)
    wrong = [answer for answer in answers if not is_answer(answer)]
    if wrong:
        raise LFError(f"LF '{name}': {wrong[0]!r} is no class number from 0 to {MAX_CARDINALITY - 1}, nor -1 (abstain)")
    if len(answers) < least or not any(answer >= 0 for answer in answers):
        raise LFError(f"LF '{name}': it needs {least} or more answers, and a class among them, not {answers}")


def answers_of(name: str, labels: Sequence[Any], votes: Mapping[Any, int]) -> NDArray[np.int64]:
    """Return what each of a model's labels stands for, as `decide` wants it. Length: labels."""
    check_answers(name, votes.values())
    unknown = [label for label in votes if label not in labels]
    if unknown:
        hint = nearest(str(unknown[0]), map(str, labels))
        raise LFError(
            f"LF '{name}': the model has no label {unknown[0]!r}{hint}; its labels are {', '.join(map(str, labels))}"
        )
    # Labels without a vote stay apart from one another: each must win by itself to make the text abstain.
    return np.array([votes.get(label, -2 - place) for place, label in enumerate(labels)], dtype=np.int64)


def softmax(logits: NDArray[Any]) -> NDArray[np.float64]:
    """Return the probabilities of logits. Shape: [n, k] -> [n, k]."""
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True, initial=-np.inf))
    return powers / powers.sum(axis=1, keepdims=True)


def is_answer(value: Any) -> bool:
    """Say whether ``value`` is a class number, or -1."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return whole and ABSTAIN <= value < MAX_CARDINALITY
