"""Majority vote on whole spans, in which labeling functions that others agree with count for more."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.errors import LabelModelError
from weaklabel.label_model.sequence.base import Floats
from weaklabel.label_model.sequence.proposals import leaves_of, marks_of_runs
from weaklabel.label_model.sequence.vote import SpanVote
from weaklabel.units.spans import Numbers
from weaklabel.votes.spans import Runs

_USUAL = 0.7
"""Accuracy that is assumed of an average labeling function."""

_MARGIN = 0.02
"""How far from 0 and 1 an agreement is kept."""

_LEAST, _MOST = 0.25, 4.0
"""Between which times the weight of an average labeling function a weight is kept."""


class WeightedSpanVote(SpanVote):
    """Majority vote on spans with a weight for each labeling function and label, by how often others agree.

    Where spans of two labeling functions overlap, they agree if they are the same span with labels that can both be right. The
    share of agreements of each labeling function, and then of each of its labels, is smoothed towards that of all. The
    weight is the log odds of the share, relative to that of all, so that an average labeling function has the weight 1. In
    the next round, an agreement counts by the weight of the other labeling function. Labeling functions whose spans nobody
    else's overlap have the weight 1.

    Spans are then chosen as in `SpanVote`.

    Parameters
    ----------
    prior_votes, prior_share
        Strength of the smoothing, as in `WeightedMajorityVote`: comparisons that are added to those of each labeling
        function and label, above 0; and the share of its weight that ever so many comparisons leave to them, 0 to below 1.
    n_rounds
        Rounds of weighing; at least 1.

    Attributes
    ----------
    weights_ : array
        Of each labeling function and label, the inner labels of a hierarchy last. Shape: [m, k + inner labels].

    References
    ----------
    Ustalov, Pavlichenko, Tseitlin: Learning from Crowds with Crowd-Kit. JOSS, 2024 (Wawa, by Appen), for whole texts.

    Examples
    --------
    >>> from weaklabel.units import Spans
    >>> from weaklabel.votes import SpanVotes
    >>> lfs = [Spans.of_rows([[(0, 2, label)]] * 10) for label in (0, 0, 1)]
    >>> votes = SpanVotes.of(lfs, range(0, 31, 3), ["first", "second", "third"], ["PER", "ORG"])
    >>> WeightedSpanVote().fit(votes).weights_.max(axis=1).round(2).tolist()
    [2.84, 2.84, 0.25]
    """

    needs_fit = True
    weights_: Floats

    def __init__(self, prior_votes: float = 10.0, prior_share: float = 0.3, n_rounds: int = 3) -> None:
        self.prior_votes = prior_votes
        self.prior_share = prior_share
        self.n_rounds = n_rounds

    def _fit_runs(self, runs: Runs) -> None:
        if not 0 < self.prior_votes < np.inf or not 0 <= self.prior_share < 1 or self.n_rounds < 1:
            raise LabelModelError(
                f"prior_votes={self.prior_votes} must be above 0, prior_share={self.prior_share} from 0 to below 1, and "
                f"n_rounds={self.n_rounds} at least 1"
            )
        super()._fit_runs(runs)
        marks, _ = marks_of_runs(runs)
        one, other = _overlapping(marks)
        first, second = marks[one], marks[other]
        share_leaf = _can_both_be_right(leaves_of(runs))
        agree = (first[:, 1:3] == second[:, 1:3]).all(axis=1) & share_leaf[first[:, 3], second[:, 3]]
        count = runs.counts[first[:, 0]].astype(np.float64)
        n_labels = len(share_leaf)
        weights = np.ones((runs.m, n_labels))
        kinds = [table[:, 4] * n_labels + table[:, 3] for table in (first, second)]
        for _ in range(self.n_rounds):
            agreed, compared = np.zeros(weights.size), np.zeros(weights.size)
            for own, its in (kinds, kinds[::-1]):
                weight = count * weights.ravel()[its]
                compared += np.bincount(own, weight, minlength=weights.size)
                agreed += np.bincount(own, weight * agree, minlength=weights.size)
            weights = self._weigh(agreed.reshape(weights.shape), compared.reshape(weights.shape))
        self.weights_ = weights

    def _weigh(self, agreed: Floats, compared: Floats) -> Floats:
        """Make weights of how often others agree. Shapes: [m, k]."""
        usual = (agreed.sum() + self.prior_votes * _USUAL) / (compared.sum() + self.prior_votes)
        of_lf = self._smooth(agreed.sum(axis=1), compared.sum(axis=1), usual)
        shares = self._smooth(agreed, compared, of_lf[:, None])
        weights = 1 + (_log_odds(shares) - _log_odds(usual)) / _log_odds(_USUAL)
        return np.asarray(np.clip(weights, _LEAST, _MOST))

    def _smooth(self, agreed: Floats, compared: Floats, towards: float | Floats) -> Floats:
        added = self.prior_votes + compared * self.prior_share / (1 - self.prior_share)
        return np.asarray((agreed + added * towards) / (compared + added))

    def _weights(self, runs: Runs) -> list[list[float]]:
        n_labels = len(runs.labels) + len(runs.inner)
        if self.weights_.shape != (runs.m, n_labels):
            raise LabelModelError("the votes have another hierarchy of labels than those that the model was fitted to")
        weights: list[list[float]] = self.weights_.tolist()
        return weights

    def _state(self) -> dict[str, Any]:
        return {**super()._state(), "weights": self.weights_}

    def _restore(self, state: dict[str, Any]) -> None:
        super()._restore(state)
        weights = np.array(state["weights"], dtype=np.float64)
        self.weights_ = weights if len(self.lf_names_) else weights.reshape(0, len(self.labels_))
        if self.weights_.ndim != 2 or len(self.weights_) != len(self.lf_names_):
            raise ValueError("there are not as many rows of weights as labeling functions")
        if self.weights_.shape[1] < len(self.labels_) or not ((self.weights_ > 0) & np.isfinite(self.weights_)).all():
            raise ValueError("the weights are not those of the labels, or not above 0")


def _log_odds(share: float | Floats) -> Floats:
    kept = np.clip(share, _MARGIN, 1 - _MARGIN)
    return np.asarray(np.log(kept / (1 - kept)))


def _can_both_be_right(leaves: list[tuple[int, ...]]) -> NDArray[np.bool_]:
    """Return which labels have a leaf in common."""
    return np.array([[not set(one).isdisjoint(other) for other in leaves] for one in leaves], dtype=bool)


def _overlapping(marks: Numbers) -> tuple[Numbers, Numbers]:
    """Return the pairs of marks that overlap, each once, as their numbers.

    Parameters
    ----------
    marks
        Columns run, begin, end, label, labeling function. One labeling function's do not overlap.
    """
    order = np.lexsort((marks[:, 4], marks[:, 1], marks[:, 0]))
    run, begin, end = marks[order, :3].T
    ones, others = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    left = np.arange(len(marks))
    for shift in range(1, len(marks)):
        # Marks are sorted by run and begin: one that the next but n does not overlap, no later one does.
        left = left[left + shift < len(marks)]
        left = left[(run[left + shift] == run[left]) & (begin[left + shift] < end[left])]
        if not len(left):
            break
        ones.append(left)
        others.append(left + shift)
    return order[np.concatenate(ones)], order[np.concatenate(others)]
