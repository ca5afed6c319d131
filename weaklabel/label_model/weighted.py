"""Weighted majority vote: labeling functions that agree with the others more often count for more."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from weaklabel.label_model.base import BaseLabelModel
from weaklabel.label_model.checks import voting_lfs
from weaklabel.label_model.dawid_skene import check_prior
from weaklabel.label_model.evidence import probs_by_evidence, probs_by_weights, softmax, votes_cast
from weaklabel.labels import INT8_CLASSES, Probs, VoteArray
from weaklabel.support.threads import cores
from weaklabel.support.warn import warn
from weaklabel.votes.patterns import VotePatterns
from weaklabel.votes.tally import span_of_votes

Floats = NDArray[np.float64]

_CELLS_AT_ONCE = 1 << 19
"""Probabilities in a block; it depends on k alone, so that sums are rounded the same on any machine."""

_ROWS_AT_ONCE = 1 << 14
"""Fixed for the same reason."""

_MARGIN = 0.02
"""How far from 0 and 1 an agreement is kept."""


class WeightedMajorityVote(BaseLabelModel):
    r"""Majority vote with weights: log odds of how often a labeling function agrees with all others together.

    As in Wawa, votes are added up, each labeling function is compared with the result, and weighs by it in the next
    round. Three things are different:

    - It is compared with the probabilities of the *others*, only on rows with another vote, so that no labeling
      function confirms itself.
    - Votes for a class are compared with all votes for that class. Else labeling functions for a rare class, whom few
      others confirm, would lose their weight, and the class its rows.
    - Agreement is smoothed, and the weight of a labeling function that agrees as often as others do is the log odds of
      ``prior_accuracy``: the probabilities, :math:`\mathrm{softmax}_y \sum_{j: L_j = y} w_j`, are meant as such.

    Labeling functions that never vote on a row with another get this weight, too, and a `WeakLabelWarning` says so.

    Parameters
    ----------
    cardinality
        Number of classes k.
    prior_accuracy
        Accuracy that is assumed of an average labeling function; above 1/k, below 1.
    prior_votes, prior_share
        Strength of the smoothing: votes that are added to those of each labeling function, which agree as often as
        others do; and the share of its weight that a labeling function with ever so many votes keeps from them, 0 to
        below 1.
    n_rounds
        Rounds of weighing.
    tie_break_policy, seed
        See `BaseLabelModel`.

    Attributes
    ----------
    weights_ : array
        Log odds of each labeling function's votes, below 0 where the opposite is more likely; NaN where it never votes.
        Such a labeling function is left out, and a vote that it casts later is not used. Shape: [m].
    lf_accuracies_ : array
        The accuracies that the weights stand for; NaN where it never votes. Shape: [m].

    References
    ----------
    Ustalov, Pavlichenko, Tseitlin: Learning from Crowds with Crowd-Kit. JOSS, 2024 (Wawa, by Appen).

    Examples
    --------
    >>> L = [[0, 0, 1], [1, 1, 0], [0, 0, 0], [1, 1, 0], [1, 1, 1], [0, 0, 1]]
    >>> model = WeightedMajorityVote(prior_votes=2).fit(L)
    >>> model.lf_accuracies_.round(2)
    array([0.75, 0.75, 0.57])
    >>> model.predict([[0, -1, 1], [-1, -1, -1]])
    array([ 0, -1])
    """

    lf_accuracies_: NDArray[np.float64]

    _fitted = ("lf_accuracies_", "weights_")
    _shapes = (("weights_", ("m",)),)
    _nan_where_unused = ("weights_",)

    weights_: Floats

    def __init__(
        self,
        cardinality: int = 2,
        prior_accuracy: float = 0.7,
        prior_votes: float = 10.0,
        prior_share: float = 0.3,
        n_rounds: int = 3,
        tie_break_policy: str = "abstain",
        seed: int = 0,
    ) -> None:
        super().__init__(cardinality, tie_break_policy, seed)
        self.prior_accuracy = prior_accuracy
        self.prior_votes = prior_votes
        self.prior_share = prior_share
        self.n_rounds = n_rounds

    def _fit(self, votes: VotePatterns) -> None:
        check_prior(self.prior_accuracy, self.prior_votes, self.prior_share, self.cardinality)
        voting = voting_lfs(votes)
        L = votes.patterns if voting.all() else votes.patterns[:, voting]
        # Only rows with another vote carry information.
        counts = (votes.counts * span_of_votes(L)[0]).astype(np.float64)
        voted = _count_votes(L, counts, self.cardinality)
        weights = np.full(len(voted), self._log_odds(self.prior_accuracy))
        for _ in range(self.n_rounds):
            weights = self._weigh(_agreements(L, counts, weights, self.cardinality), voted)
        self.weights_, self.lf_accuracies_ = np.full(votes.m, np.nan), np.full(votes.m, np.nan)
        self.weights_[voting] = weights
        self.lf_accuracies_[voting] = 1 / (1 + (self.cardinality - 1) * np.exp(-weights))
        self._warn_of_lonely(int((voted.sum(axis=1) == 0).sum()), len(weights))

    def _weigh(self, agreed: Floats, voted: Floats) -> Floats:
        """Make weights of how often the votes for each class agree with the others. Shape: 2 x [m, k] -> [m]."""
        of_class = self._smooth(agreed.sum(axis=0), voted.sum(axis=0), self.prior_accuracy, share=0)
        votes = voted.sum(axis=1)
        usual = np.divide(voted @ of_class, votes, out=np.full(len(votes), self.prior_accuracy), where=votes > 0)
        own = self._smooth(agreed.sum(axis=1), votes, usual, self.prior_share)
        return self._log_odds(own) - self._log_odds(usual) + self._log_odds(self.prior_accuracy)

    def _smooth(self, right: Floats, votes: Floats, towards: float | Floats, share: float) -> Floats:
        added = self.prior_votes + votes * share / (1 - share)
        return np.asarray((right + added * towards) / (votes + added))

    def _log_odds(self, accuracy: float | Floats) -> Floats:
        """Against any one other class, which the errors are shared among."""
        kept = np.clip(accuracy, _MARGIN, 1 - _MARGIN)
        return np.asarray(np.log(kept * max(1, self.cardinality - 1) / (1 - kept)))

    def _predict_patterns(self, patterns: VoteArray) -> Probs:
        usable = self._usable()
        rows = patterns if usable.all() else patterns[:, usable]
        return _weighted_probs(rows, self.weights_[usable], self.cardinality)

    def _warn_of_lonely(self, lonely: int, m: int) -> None:
        if lonely:
            warn(
                f"{lonely} of {m} labeling functions never vote on a row where another votes, so they cannot be "
                f"compared; they are taken to be as accurate as prior_accuracy={self.prior_accuracy:g}",
            )


def _weighted_probs(L: VoteArray, weights: Floats, k: int) -> Probs:
    if k > INT8_CLASSES:
        return probs_by_weights(L, weights, np.zeros(k))
    evidence = np.concatenate([np.zeros((1, k)), np.eye(k)]) * weights[:, None, None]
    return probs_by_evidence(L, evidence, np.zeros(k))


def _agreements(L: VoteArray, counts: Floats, weights: Floats, k: int) -> Floats:
    """Count the votes for each class that are right according to the others. Shape: [m, k]."""
    if k > INT8_CLASSES:
        return _agreements_of_many(L, counts, weights, k)
    at_once = max(1, _CELLS_AT_ONCE // k)

    def count(start: int) -> Floats:
        rows = slice(start, start + at_once)
        probs = _weighted_probs(L[rows], weights, k)
        return np.array(
            [_of_one(votes, probs, counts[rows], own) for votes, own in zip(L[rows].T, np.exp(-weights), strict=True)]
        ).reshape(-1, k)

    with ThreadPoolExecutor(cores()) as pool:
        return sum(pool.map(count, range(0, len(L), at_once)), start=np.zeros((len(weights), k)))


def _agreements_of_many(L: VoteArray, counts: Floats, weights: Floats, k: int) -> Floats:
    """Do so vote by vote: of many labeling functions and classes, a row has few. Shape: [m, k]."""
    without = np.exp(-weights)

    def count(start: int) -> Floats:
        agreed, some = np.zeros((len(weights), k)), slice(start, start + _ROWS_AT_ONCE)
        of_some = counts[some]
        for rows, (row, lf, vote) in votes_cast(L[some], k):
            scores = np.bincount(row * k + vote, weights[lf], minlength=(rows.stop - rows.start) * k)
            all_say = softmax(scores.astype(np.float64, copy=False).reshape(-1, k))[row, vote]
            others_say = all_say * without[lf]
            others_say /= 1 - all_say + others_say
            others_say *= of_some[rows][row]
            np.add.at(agreed, (lf, vote), others_say)
        return agreed

    with ThreadPoolExecutor(cores()) as pool:
        return sum(pool.map(count, range(0, len(L), _ROWS_AT_ONCE)), start=np.zeros((len(weights), k)))


def _of_one(votes: VoteArray, probs: Probs, counts: Floats, without: float) -> Floats:
    """Do so for one labeling function: the product of all ``without`` its own factor is that of the others. Shape: [k]."""
    some, k = np.flatnonzero(votes >= 0), probs.shape[1]
    labels = votes[some].astype(np.intp)
    all_say = probs.ravel().take(some * k + labels)
    others_say = all_say * without
    others_say /= 1 - all_say + others_say
    others_say *= counts.take(some)
    return np.bincount(labels, others_say, minlength=k).astype(np.float64, copy=False)


def _count_votes(L: VoteArray, counts: Floats, k: int) -> Floats:
    """Shape: [m, k]."""
    # The abstain, too, gets a place, which is dropped.
    return np.array([np.bincount(votes + 1, counts, minlength=k + 1)[1:] for votes in L.T]).reshape(-1, k)
