"""The mean of several label models, or the structured one where a test on the votes finds that it fits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.label_model.base import BaseLabelModel
from weaklabel.label_model.checks import BUDGET, fits, gib, voting_lfs
from weaklabel.label_model.dawid_skene import DawidSkene
from weaklabel.label_model.dependencies import find_dependencies
from weaklabel.label_model.majority import MajorityVote
from weaklabel.label_model.named import restore
from weaklabel.label_model.snorkel import LabelModel
from weaklabel.label_model.structured.model import (
    MAX_MISFIT,
    StructuredLabelModel,
    read_misfit,
    saved_misfit,
)
from weaklabel.label_model.triplets import TripletLabelModel
from weaklabel.label_model.weighted import WeightedMajorityVote
from weaklabel.labels import ABSTAIN, Probs, VoteArray
from weaklabel.support.progress import Stage, stage
from weaklabel.support.warn import kept_warnings
from weaklabel.votes.patterns import VotePatterns, patterns_or_rows, take_rows
from weaklabel.votes.tally import tally_votes

_MOST_ROWS = 200_000
"""Rows that the models are fitted on, where there are more."""


class CommitteeLabelModel(BaseLabelModel):
    """The structured model where it fits the votes, otherwise the mean of eight label models.

    If the assumptions of `StructuredLabelModel` hold (votes are independent given the class, except for copies and hard
    rows), that model is near the best possible one. If they do not, as with most labeling functions that people write, its
    estimates are biased, and simpler models do better, a different one on each data set. The votes show which is the case:
    under the fitted model, each two votes overlap as often as expected, or they do not (see ``misfit_``). If they do not,
    the answer is the mean of the probabilities of eight models, so that no single model's error decides: majority vote,
    plain and weighted, Snorkel's model, triplets, and Dawid-Skene with and without a prior, both as they are and with lower
    weights for labeling functions that copy others (see `find_dependencies`).

    Parameters
    ----------
    cardinality
        Number of classes k.
    class_balance
        P(Y), for members that take one: one share a class, ``"uniform"``, or ``"majority"``: as majority vote labels the
        rows. By default that of ``Y_dev`` where `fit` is given it, and otherwise each member has its own way.
    tie_break_policy, seed
        See `BaseLabelModel`.

    Attributes
    ----------
    members_ : tuple of BaseLabelModel
        The fitted models whose probabilities are averaged.
    misfit_ : float
        Of the full model, see `misfit`: below .15 where its assumptions are shown to hold; infinite if nothing can be shown.
    left_out_ : tuple of str
        Class names of models that were left out, since they would take more than 1 GiB for so many labeling functions and
        classes (see `weaklabel.label_model.checks`).
    lf_accuracies_ : array
        Mean of the members' estimates. Shape: [m].

    Notes
    -----
    Of more than 200,000 rows, so many are drawn by the seed, unless votes of a labeling function, or for a class, are in
    none of them.

    Examples
    --------
    >>> L = [[0, 0, -1], [1, 1, 1], [0, -1, 0], [1, 1, -1], [0, 0, 1], [-1, -1, -1]]
    >>> model = CommitteeLabelModel().fit(L)
    >>> model.predict(L).tolist()
    [0, 1, 0, 1, 0, -1]
    >>> model.describe()[:83]
    'mean of 8 label models: labeling functions are not shown to be independent given th'
    """

    members_: tuple[BaseLabelModel, ...]
    misfit_: float
    left_out_: tuple[str, ...]

    def __init__(
        self,
        cardinality: int = 2,
        class_balance: str | Sequence[float] | NDArray[np.float64] | None = None,
        tie_break_policy: str = "abstain",
        seed: int = 0,
    ) -> None:
        super().__init__(cardinality, tie_break_policy, seed)
        self.class_balance = class_balance

    def _fit(self, votes: VotePatterns) -> None:
        voting_lfs(votes)
        votes = self._drawn(votes)
        with kept_warnings():  # of a member, for which the others compensate
            full = StructuredLabelModel(self.cardinality, self.class_balance)
            self.left_out_, self.misfit_ = (), np.inf
            if self._affords(full, votes):
                with stage("fitting the full model"):
                    self.misfit_ = full.fit(votes).misfit_
            self.members_ = (full,) if self.misfit_ < MAX_MISFIT else self._all(votes)
        self.lf_accuracies_ = np.mean([member.lf_accuracies_ for member in self.members_], axis=0)

    def _drawn(self, votes: VotePatterns) -> VotePatterns:
        """Return as many rows as matter; which ones depends on the patterns alone, not on the order of rows."""
        if votes.n <= _MOST_ROWS:
            return votes
        rng = np.random.default_rng(self.seed)
        counts = rng.multivariate_hypergeometric(votes.counts, _MOST_ROWS, method="marginals")
        kept = np.flatnonzero(counts)
        sample = VotePatterns(take_rows(votes.patterns, kept), counts[kept])
        of_all, of_sample = (tally_votes(each.patterns, classes=self.cardinality).seen > 0 for each in (votes, sample))
        is_lost = any((of_all.any(axis) & ~of_sample.any(axis)).any() for axis in (0, 1))
        return votes if is_lost else sample

    def _describe(self, lf_names: Sequence[str] | None = None) -> str:
        """Return the choice and its reason, in one line; see `BaseLabelModel._describe`."""
        return _reason(self.misfit_, self.members_, self.left_out_)

    def _all(self, votes: VotePatterns) -> tuple[BaseLabelModel, ...]:
        k, balance = self.cardinality, self.class_balance
        models = (
            _full_model(k, balance),
            MajorityVote(k),
            WeightedMajorityVote(k),
            TripletLabelModel(k, class_balance="uniform" if balance is None else balance),
            LabelModel(k, class_balance=balance, seed=self.seed),
            DawidSkene(k, class_balance=balance),
        )
        with stage("fitting members", len(models) + 2, "label models") as progress:
            fitted = [_fitted(model, votes, progress) for model in models if self._affords(model, votes)]
            if DawidSkene.__name__ in self.left_out_:
                return tuple(fitted)
            weights = _shared_weights(votes, _mean(fitted, votes.patterns))
            discounted = DawidSkene(k, lf_weights=weights, class_balance=balance), _full_model(k, balance, weights)
            return (*fitted, *(_fitted(model, votes, progress) for model in discounted))

    def _affords(self, model: BaseLabelModel, votes: VotePatterns) -> bool:
        """Return whether a model fits into the memory budget; note it in ``left_out_`` if not."""
        if fits(model.bytes_needed(votes)):
            return True
        self.left_out_ = tuple(dict.fromkeys((*self.left_out_, type(model).__name__)))
        return False

    def _predict_patterns(self, patterns: VoteArray) -> Probs:
        # Majority vote would use votes of labeling functions that never voted at the fit; the other members do not.
        usable = self._usable()
        if not usable.all():
            patterns = np.asfortranarray(np.where(usable, patterns, np.int8(ABSTAIN)))
        if len(self.members_) == 1:
            return self.members_[0].predict_proba(patterns)
        votes = patterns_or_rows(patterns)  # which pays off for eight models
        probs = _mean(self.members_, votes.patterns)
        return probs if votes.inverse is None else probs[votes.inverse]

    def _state(self) -> dict[str, Any]:
        members = [member.to_saved() for member in self.members_]
        left_out = {"left_out": self.left_out_} if self.left_out_ else {}
        return {"members": members, "overlap_error": saved_misfit(self.misfit_), **left_out}

    def _restore(self, state: dict[str, Any]) -> None:
        self.members_ = tuple(restore(member) for member in state["members"])
        self.misfit_ = read_misfit(state)
        self.left_out_ = tuple(state.get("left_out", ()))
        if not self.members_ or any(member.cardinality != self.cardinality for member in self.members_):
            raise ValueError("it has no members, or they have another number of classes")
        self.lf_accuracies_: NDArray[np.float64] = np.mean([member.lf_accuracies_ for member in self.members_], axis=0)


def _fitted(model: BaseLabelModel, votes: VotePatterns, progress: Stage) -> BaseLabelModel:
    progress.note = type(model).__name__
    model.fit(votes)
    progress.advance()
    return model


def _mean(members: Sequence[BaseLabelModel], patterns: VoteArray) -> Probs:
    probs = members[0].predict_proba(patterns)
    for member in members[1:]:
        probs += member.predict_proba(patterns)
    probs /= len(members)
    return probs


def _shared_weights(votes: VotePatterns, probs: Probs) -> NDArray[np.float64]:
    """Return the weight of each labeling function: copies share one weight. Shape: [m]."""
    shared = np.ones(votes.m)
    for pair in find_dependencies(votes, probs).pairs:
        shared[[pair.lf, pair.other]] += pair.strength
    return 1 / shared


def _full_model(
    k: int,
    class_balance: str | Sequence[float] | NDArray[np.float64] | None,
    lf_weights: NDArray[np.float64] | None = None,
) -> DawidSkene:
    return DawidSkene(
        k, prior_share=0.0, prior_votes=3.0, abstain_weight=1.0, lf_weights=lf_weights, class_balance=class_balance
    )


def _reason(misfit: float, members: Sequence[BaseLabelModel], left_out: Sequence[str]) -> str:
    if len(members) == 1 and isinstance(members[0], StructuredLabelModel):
        how_far = "" if np.isnan(misfit) else f" (to within {misfit:.0%})"
        return f"the full model, with copies and hard rows: labeling functions overlap as it expects{how_far}"
    if StructuredLabelModel.__name__ in left_out:
        why = "the full model, which tests the independence of labeling functions, is too large"
    elif np.isinf(misfit):
        why = "too little overlap between labeling functions to show that they are independent"
    else:
        how_far = "" if np.isnan(misfit) else f" (overlaps may be off by {misfit:.0%}, {MAX_MISFIT:.0%} or more)"
        why = f"labeling functions are not shown to be independent given the class{how_far}"
    out = f"; left out, since they would take more than {gib(BUDGET)}: {', '.join(left_out)}" if left_out else ""
    return f"mean of {len(members)} label models: {why}{out}"
