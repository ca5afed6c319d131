"""The base class of selectors: they give each labeled row a score, by which training rows are chosen."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.errors import SelectionError, WeakLabelError
from weaklabel.labels import ABSTAIN, Labels, Probs, VoteArray, check_L
from weaklabel.select.budget import GOLD, Budget, choose, gold_shares
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
    votes
        Of the labeling functions; -1 is an abstain. Shape: [n, m]; None where they are not known.
    gold
        Class of each row by hand; -1 where nobody looked. Shape: [n]; None where there is no gold.
    """

    features: NDArray[np.floating]
    labels: Labels
    probs: Probs
    texts: Sequence[str] | None = None
    votes: VoteArray | None = None
    gold: Labels | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def k(self) -> int:
        """Number of classes."""
        return self.probs.shape[1]

    def of_label(self, values: Floats) -> Floats:
        """Return each row's value for its own class. Shape: [n, k] -> [n]."""
        return np.asarray(values[np.arange(len(self)), self.labels])

    def known(self) -> NDArray[np.int64]:
        """Return the numbers of the rows with gold."""
        return np.flatnonzero(np.full(len(self), False) if self.gold is None else self.gold != ABSTAIN)


class Selector(HasParams, ABC):
    """Gives each row a score: rows of high scores are worth training on, by the measure of the subclass.

    A subclass scores rows in ``_score``. Where gold is given, rows whose label was checked come first if it is right, and last
    if it is wrong, whatever the measure.

    Parameters
    ----------
    seed
        Of what is drawn at random, and of the order of rows with equal scores.

    Attributes
    ----------
    scores_ : array
        Score of each row, higher for rows to be taken first; only the order has a meaning. Shape: [n].
    lf_scores_ : array or None
        How good each labeling function is, 0 to 1, where the selector tells. Shape: [m].
    notes_ : mapping
        What else was learned, for people, as JSON has it.
    """

    params_error: ClassVar[type[WeakLabelError]] = SelectionError
    needs_texts: ClassVar[bool] = False
    needs_features: ClassVar[bool] = True
    needs_votes: ClassVar[bool] = False
    needs_gold: ClassVar[bool] = False

    scores_: Floats
    lf_scores_: Floats | None = None
    notes_: Mapping[str, Any] = {}

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def fit(
        self,
        features: ArrayLike,
        labels: ArrayLike,
        probs: ArrayLike,
        *,
        texts: Sequence[str] | None = None,
        votes: ArrayLike | None = None,
        gold: ArrayLike | None = None,
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
        votes
            Of the labeling functions, -1 for an abstain; for selectors that need them. Shape: [n, m].
        gold
            Class of each row by hand, -1 where nobody looked; for selectors that need it. Shape: [n].

        Raises
        ------
        SelectionError
            The shapes differ, there are no rows, a label is no class, a value is not a finite number, or something is not
            given that the selector needs.
        """
        rows = checked_rows(features, labels, probs, texts, votes, gold)
        name = type(self).__name__
        for what, is_needed in (("texts", self.needs_texts), ("votes", self.needs_votes), ("gold", self.needs_gold)):
            if is_needed and getattr(rows, what) is None:
                raise SelectionError(f"{name} needs {what}: give fit(features, labels, probs, {what}={what})")
        known = rows.known()
        if self.needs_gold and not len(known):
            raise SelectionError(f"{name} needs gold, and no row has any: check some labels by hand first")
        self._labels, self._gold = rows.labels, rows.gold
        scores = self._score(rows)
        if len(known):
            assert rows.gold is not None
            is_right = rows.gold[known] == rows.labels[known]
            scores = scores.copy()
            scores[known] = np.where(is_right, scores.max() + 1, scores.min() - 1)
        self.scores_ = scores
        return self

    def select(
        self,
        budget: Budget | str | float,
        *,
        class_balance: str | ArrayLike | None = None,
        costs: ArrayLike | None = None,
    ) -> NDArray[np.int64]:
        """Return the numbers of the best rows, ascending; see `weaklabel.select.budget.choose`.

        The class balance may also be ``"gold"``: the shares of the classes among rows with gold.

        Raises
        ------
        SelectionError
            The selector is not fitted, or the budget or the class balance is not one.
        """
        if not hasattr(self, "scores_"):
            raise SelectionError(f"this {type(self).__name__} is not fitted: call fit first")
        if isinstance(class_balance, str) and class_balance == GOLD:
            if self._gold is None:
                raise SelectionError(
                    "the class balance of gold needs gold: give fit(features, labels, probs, gold=gold)"
                )
            class_balance = gold_shares(self._gold, self._labels)
        return choose(self.scores_, self._labels, budget, class_balance=class_balance, costs=costs, seed=self.seed)

    @classmethod
    def option_names(cls) -> tuple[str, ...]:
        """Return the parameters that a project file may set: others follow from the run."""
        return tuple(name for name in cls.param_names() if name not in ("seed", "curve_file"))

    @abstractmethod
    def _score(self, rows: LabeledRows) -> Floats:
        """Return the scores of rows. Shape: [n]."""


def drawn(chances: Floats, seed: int) -> Floats:
    """Return scores by which rows come in random order, each next one drawn with a probability in proportion to its chance.

    The best rows by a measure are alike, and a classifier needs others as well: a draw takes few of the bad ones, and some of
    every kind. Shape: [n] -> [n].

    References
    ----------
    Efraimidis and Spirakis, "Weighted random sampling with a reservoir", Information Processing Letters 2006.
    """
    luck = np.random.default_rng([seed, len(chances)]).random(len(chances))
    return np.asarray(np.log(luck.clip(1e-12)) / chances.clip(1e-6))


def checked_rows(
    features: ArrayLike,
    labels: ArrayLike,
    probs: ArrayLike,
    texts: Sequence[str] | None = None,
    votes: ArrayLike | None = None,
    gold: ArrayLike | None = None,
) -> LabeledRows:
    """Return what is known of rows, if it is of the same rows and finite; see `Selector.fit`."""
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
    k = P.shape[1]
    L = None if votes is None else check_L(votes, k)
    if L is not None and len(L) != len(y):
        raise SelectionError(f"there are votes on {len(L)} rows for {len(y)} rows")
    G = None if gold is None else np.asarray(gold)
    if G is not None:
        if G.shape != y.shape or not np.issubdtype(G.dtype, np.integer) or G.min() < ABSTAIN or G.max() >= k:
            raise SelectionError(f"gold must be a class 0 to {k - 1}, or -1, for each of the {len(y)} rows")
        G = G.astype(np.int64)
    return LabeledRows(X, y.astype(np.int64), P, texts, L, G)
