"""The base class of selectors: they give each labeled row a score, by which training rows are chosen."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.errors import SelectionError
from weaklabel.labels import Labels, Probs
from weaklabel.select.budget import Budget, choose
from weaklabel.support.params import HasParams

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LabeledRows:
    """What a selector knows of rows.

    Attributes
    ----------
    features
        Vectors of the texts, such as `weaklabel.encoder.features.TextFeatures` gives. Shape: [n, d].
    labels
        Class of each row, 0 to k-1. Shape: [n].
    probs
        Class probabilities by the label model. Shape: [n, k].
    texts
        Length: n; None where they are not known.
    """

    features: NDArray[np.floating]
    labels: Labels
    probs: Probs
    texts: Sequence[str] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def k(self) -> int:
        """Number of classes."""
        return self.probs.shape[1]

    def of_label(self, values: Floats) -> Floats:
        """Return each row's value for its own class. Shape: [n, k] -> [n]."""
        return np.asarray(values[np.arange(len(self)), self.labels])


class Selector(HasParams, ABC):
    """Gives each row a score: rows of high scores are worth training on, by the measure of the subclass.

    A subclass scores rows in ``_score``. No gold is used.

    Parameters
    ----------
    seed
        Of what is drawn at random, and of the order of rows with equal scores.

    Attributes
    ----------
    scores_ : array
        Score of each row, higher for rows to be taken first; only the order has a meaning. Shape: [n].
    """

    params_error = SelectionError
    needs_texts: ClassVar[bool] = False
    needs_features: ClassVar[bool] = True

    scores_: Floats

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def fit(
        self, features: ArrayLike, labels: ArrayLike, probs: ArrayLike, *, texts: Sequence[str] | None = None
    ) -> Self:
        """Score rows.

        Parameters
        ----------
        features
            Vectors of the texts. Shape: [n, d].
        labels
            Class of each row, 0 to k-1: rows without a label are left out by the caller. Shape: [n].
        probs
            Class probabilities. Shape: [n, k].
        texts
            Length: n; for selectors that need them.

        Raises
        ------
        SelectionError
            The shapes differ, there are no rows, a label is no class, or a value is not a finite number.
        """
        rows = _checked(features, labels, probs, texts)
        if self.needs_texts and texts is None:
            raise SelectionError(f"{type(self).__name__} needs texts: give fit(features, labels, probs, texts=texts)")
        self._labels = rows.labels
        self.scores_ = self._score(rows)
        return self

    def select(
        self,
        budget: Budget | str | float,
        *,
        class_balance: str | ArrayLike | None = None,
        costs: ArrayLike | None = None,
    ) -> NDArray[np.int64]:
        """Return the numbers of the best rows, ascending; see `weaklabel.select.budget.choose`.

        Raises
        ------
        SelectionError
            The selector is not fitted, or the budget or the class balance is not one.
        """
        if not hasattr(self, "scores_"):
            raise SelectionError(f"this {type(self).__name__} is not fitted: call fit first")
        return choose(self.scores_, self._labels, budget, class_balance=class_balance, costs=costs, seed=self.seed)

    @abstractmethod
    def _score(self, rows: LabeledRows) -> Floats:
        """Return the scores of rows. Shape: [n]."""


def _checked(features: ArrayLike, labels: ArrayLike, probs: ArrayLike, texts: Sequence[str] | None) -> LabeledRows:
    X, y, P = np.asarray(features), np.asarray(labels), np.asarray(probs, dtype=np.float64)
    if X.ndim != 2 or P.ndim != 2 or y.ndim != 1 or not len(X) == len(y) == len(P):
        raise SelectionError(
            f"features [n, d], labels [n] and probs [n, k] must be of the same rows, not {X.shape}, {y.shape} and {P.shape}"
        )
    if not len(y):
        raise SelectionError("there are no labeled rows to choose from")
    if texts is not None and len(texts) != len(y):
        raise SelectionError(f"there are {len(texts)} texts for {len(y)} rows")
    if not np.issubdtype(y.dtype, np.integer) or y.min() < 0 or y.max() >= P.shape[1]:
        raise SelectionError(f"labels must be classes 0 to {P.shape[1] - 1}; leave rows without a label out")
    wrong = np.flatnonzero(~(np.isfinite(X).all(axis=1) & np.isfinite(P).all(axis=1)))
    if len(wrong):
        raise SelectionError(f"row {wrong[0]} has a feature or a probability that is not a finite number")
    return LabeledRows(X, y.astype(np.int64), P, texts)
