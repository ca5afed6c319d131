"""The triplet label model: accuracies in closed form, from how three labeling functions at a time vary together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from weaklabel.label_model.balance import find_class_balance
from weaklabel.label_model.base import BaseLabelModel
from weaklabel.label_model.checks import numbers_of_rows, voting_lfs
from weaklabel.label_model.dawid_skene import check_prior
from weaklabel.label_model.evidence import probs_by_evidence
from weaklabel.label_model.moments import vote_effects
from weaklabel.labels import Probs, VoteArray
from weaklabel.support.warn import warn
from weaklabel.votes.patterns import VotePatterns
from weaklabel.votes.tally import has_vote

Floats = NDArray[np.float64]

_MARGIN = 1e-3
"""How far from 0 and 1 a precision is kept."""


class TripletLabelModel(BaseLabelModel):
    r"""FlyingSquid's method of triplets: closed-form precisions, no training.

    Given the class, labeling functions are taken to be independent. Then the dependence of a vote on the class follows
    from its covariances with two other labeling functions, and theirs with each other; the median over all pairs
    of others is taken. Each class is compared with the rest ("one-vs-rest"), so that each labeling function gets a
    precision for each class that it votes for. Unlike a single accuracy a labeling function, that suits those that vote
    for one class only, whose votes *always* agree with one another. And covariances are over all rows: that a labeling
    function abstains counts, too.

    Triplets do not determine whether a vote is better or worse than chance. It is taken to be better, unless the
    labeling function disagrees with the others together, beyond what chance explains.

    Where a labeling function has no usable triplet (fewer than two others vote with it, or no pair of others varies
    together), its votes are taken to have ``prior_accuracy``, and a `WeakLabelWarning` says how many these are.

    Parameters
    ----------
    cardinality
        Number of classes k.
    class_balance
        P(Y): ``"estimated"``: the mean of what the model answers under a uniform balance, which is between that and the
        truth, and safe where votes for some classes are few; or ``"majority"``, ``"uniform"`` or one share a class, as
        in `LabelModel`. Where classes are far from balanced, give their shares. By default that of ``Y_dev`` where
        `fit` is given it, and otherwise estimated.
    prior_accuracy
        Accuracy that is assumed of a labeling function beforehand; above 1/k, below 1. A vote has the precision that
        follows from it and the class balance.
    prior_votes, prior_share
        Strength of the pull to that: votes that are added to those for a class, and the share of weight that they keep
        where votes are ever so many, 0 to below 1.
    tie_break_policy, seed
        See `BaseLabelModel`.

    Attributes
    ----------
    precisions_ : array
        ``precisions_[i, y]`` is P(Y = y | labeling function i votes y): the assumed one for a class that it never votes
        for; NaN where it never votes at all. Shape: [m, k].
    p_ : array
        Class balance. Shape: [k].
    lf_accuracies_ : array
        Estimated share of each labeling function's votes that are right; NaN where it never votes. Such a labeling
        function is left out, and a vote that it casts later is not used. Shape: [m].

    References
    ----------
    Fu, Chen, Sala, Hooper, Fatahalian, Ré: Fast and Three-rious: Speeding Up Weak Supervision with Triplet Methods.
    ICML 2020.
    """

    lf_accuracies_: NDArray[np.float64]

    _fitted = ("lf_accuracies_", "precisions_", "p_")
    _shapes = (("precisions_", ("m", "k")), ("p_", ("k",)))
    _nan_where_unused = ("precisions_",)

    precisions_: Floats
    p_: Floats

    def __init__(
        self,
        cardinality: int = 2,
        class_balance: str | Sequence[float] | Floats | None = None,
        prior_accuracy: float = 0.7,
        prior_votes: float = 10.0,
        prior_share: float = 0.3,
        tie_break_policy: str = "abstain",
        seed: int = 0,
    ) -> None:
        super().__init__(cardinality, tie_break_policy, seed)
        self.class_balance = class_balance
        self.prior_accuracy = prior_accuracy
        self.prior_votes = prior_votes
        self.prior_share = prior_share

    def _numbers(self, u: int, m: int) -> int:
        k = self.cardinality
        return 3 * m * k * k + numbers_of_rows(u, k)

    def _fit(self, votes: VotePatterns) -> None:
        check_prior(self.prior_accuracy, self.prior_votes, self.prior_share, self.cardinality)
        wanted = self.class_balance
        estimate = wanted is None or (isinstance(wanted, str) and wanted == "estimated")
        self.p_ = find_class_balance("uniform" if estimate else wanted, votes, self.cardinality)
        voting = voting_lfs(votes)
        rates, effects = vote_effects(VotePatterns(votes.patterns[:, voting], votes.counts), self.cardinality)
        self._find_precisions(voting, rates, effects, votes.n)
        if estimate:
            self.p_ = self._balance_of_answers(votes)
            self._find_precisions(voting, rates, effects, votes.n)
        if self.cardinality > 1:
            self._warn_of_no_triplet(np.asarray((np.isnan(effects) & (rates > 0)).any(axis=1)))

    def _find_precisions(self, voting: NDArray[np.bool_], rates: Floats, effects: Floats, n: int) -> None:
        p = self.p_
        odds = self.prior_accuracy / (1 - self.prior_accuracy) * max(1, self.cardinality - 1)
        prior = p * odds / (p * odds + 1 - p)
        # P(Y = y | vote y) is P(y) plus the covariance of both events over P(vote y); the effect is the covariance
        # over the standard deviation of Y = y.
        precisions = np.divide(effects * np.sqrt(p * (1 - p)), rates, out=np.zeros_like(rates), where=rates > 0) + p
        votes = np.where(np.isnan(effects), 0, rates * n)
        added = self.prior_votes + votes * self.prior_share / (1 - self.prior_share)
        smoothed = (np.nan_to_num(np.clip(precisions, 0, 1)) * votes + added * prior) / (votes + added)
        m, k = len(voting), self.cardinality
        self.precisions_, self.lf_accuracies_ = np.full((m, k), np.nan), np.full(m, np.nan)
        self.precisions_[voting] = precisions = np.clip(smoothed, _MARGIN, 1 - _MARGIN)
        self.lf_accuracies_[voting] = (precisions * rates).sum(axis=1) / rates.sum(axis=1)

    def _balance_of_answers(self, votes: VotePatterns) -> Floats:
        """Return the mean of the answers, with one row added to each class so that none has probability 0."""
        voted = votes.counts * has_vote(votes.patterns)
        rows = voted @ self._predict_patterns(votes.patterns) + 1
        return np.asarray(rows / rows.sum())

    def _predict_patterns(self, patterns: VoteArray) -> Probs:
        usable, p, k = self._usable(), self.p_, self.cardinality
        if k == 1:
            return np.ones((len(patterns), 1))
        # By Bayes, P(vote y | Y = y) is in proportion to P(y | vote y) / P(y), and of the rest alike.
        own = np.log(self.precisions_[usable] / p)
        rest = np.log((1 - self.precisions_[usable]) / (1 - p))
        evidence = np.zeros((len(own), k + 1, k))
        evidence[:, 1:] = rest[:, :, None]
        evidence[:, range(1, k + 1), range(k)] = own
        return probs_by_evidence(patterns[:, usable], evidence, np.log(p))

    def _warn_of_no_triplet(self, without: NDArray[np.bool_]) -> None:
        if without.any():
            warn(
                f"{without.sum()} of {len(without)} labeling functions have votes that are in no usable triplet, so "
                f"they are taken to have prior_accuracy={self.prior_accuracy:g}",
            )
