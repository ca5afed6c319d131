"""The model of Dawid and Skene, made to survive real labeling functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.errors import LabelModelError
from weaklabel.label_model.balance import find_class_balance
from weaklabel.label_model.base import BaseLabelModel
from weaklabel.label_model.checks import numbers_of_rows, rows_at_once, voting_lfs
from weaklabel.label_model.evidence import (
    ExpectedVotes,
    expected_accuracies,
    probs_by_evidence,
    smoothed_likelihood,
    softmax,
    vote_evidence,
    vote_shares,
)
from weaklabel.labels import INT8_CLASSES, Probs, VoteArray
from weaklabel.votes.patterns import VotePatterns, take_rows
from weaklabel.votes.tally import has_vote

Floats = NDArray[np.float64]

_SAMPLE = 50_000
"""Vote patterns on which the first iterations run, where there are more."""

_FULL_ITERATIONS = 4
"""Iterations on all patterns after those on a sample."""

_TOLERANCE = 1e-4
"""Iterations end where no probability changes by more than this."""

_IMPOSSIBLE = 1e-300
"""Share of a class without votes."""

_FEW = 1 << 14
"""Patterns for which sums of evidence are not worth tables of them."""


def check_prior(accuracy: float, votes: float, share: float, cardinality: int) -> None:
    """Refuse an accuracy that is not above chance, or a smoothing that is none.

    Raises
    ------
    LabelModelError
        ``prior_accuracy`` is not above 1/k and below 1, ``prior_votes`` not above 0, or ``prior_share`` not from 0 to
        below 1.
    """
    chance = max(2, cardinality)
    if not 1 / chance < accuracy < 1:
        raise LabelModelError(
            f"prior_accuracy must be above 1/{chance}, which is chance, and below 1, not {accuracy!r}"
        )
    if not (votes > 0 and 0 <= share < 1):
        raise LabelModelError(
            f"prior_votes must be above 0 and prior_share from 0 to below 1, not {votes!r} and {share!r}"
        )


class DawidSkene(BaseLabelModel):
    r"""The model of Dawid and Skene: a confusion matrix for each labeling function, by EM, with a prior on accuracies.

    Each labeling function has a table of P(vote | class); votes are taken to be independent given the class. EM starts
    from vote shares and goes back and forth between the classes of rows and the tables.

    The plain form collapses on real labeling functions, whose votes are sparse, one-sided and go together for reasons
    other than the class. So the tables are smoothed by pseudo-votes, in proportion to a labeling function's own votes,
    of which ``prior_accuracy`` are right: however many votes there are, agreement alone cannot turn them round.

    Parameters
    ----------
    cardinality
        Number of classes k.
    prior_accuracy
        Accuracy that is assumed of a labeling function, above 1/k, below 1.
    prior_share
        Pseudo-votes for each vote of a labeling function, from 0 up. 1 suits real votes; 0, the plain form, suits votes
        that are truly independent given the class.
    prior_votes
        Pseudo-votes for each class that a labeling function votes for, besides.
    abstain_weight
        How far an abstain is evidence, 0 to 1: 1 is the full model, in which an abstain counts as much as it does by its
        own probability; 0, which suits real votes, leaves it out, as Snorkel does.
    max_iterations
        Most iterations of EM.
    class_balance
        P(Y): one share a class, ``"uniform"``, or ``"majority"``: as majority vote labels the rows. By default that of
        ``Y_dev`` where `fit` is given it, and otherwise EM finds it.
    lf_weights
        How far each labeling function's votes are independent evidence, 0 to 1: less for those that repeat others. By
        default 1. Shape: [m].
    tie_break_policy, seed
        See `BaseLabelModel`.

    Attributes
    ----------
    evidence_ : array
        Log likelihood of each class by labeling function and vote, the abstain first. Shape: [m, k+1, k].
    class_balance_ : array
        Class balance, of the rows with votes where it was not given; 0 for a class without votes. Shape: [k].
    lf_accuracies_ : array
        Expected share of each labeling function's votes that are right; NaN where it never votes. Such a labeling
        function is left out, with a `WeakLabelWarning`, and a vote that it casts later is not used. Shape: [m].

    Notes
    -----
    With more than 50,000 vote patterns, EM first runs on a sample of them, and then four times on all; beyond 127 classes
    on the sample alone if the probabilities of all rows would take more than 256 MiB.

    References
    ----------
    Dawid, Skene: Maximum Likelihood Estimation of Observer Error-Rates Using the EM Algorithm. Applied Statistics 28,
    1979.

    Examples
    --------
    >>> L = [[0, 0, -1], [1, 1, 1], [0, -1, 0], [1, 1, -1], [0, 0, 1], [-1, -1, -1]]
    >>> DawidSkene().fit(L).predict(L).tolist()
    [0, 1, 0, 1, 0, -1]
    """

    lf_accuracies_: NDArray[np.float64]

    _fitted = ("lf_accuracies_", "evidence_", "class_balance_")
    _shapes = (("evidence_", ("m", "k+1", "k")), ("class_balance_", ("k",)))

    evidence_: Floats
    class_balance_: Floats

    def __init__(
        self,
        cardinality: int = 2,
        prior_accuracy: float = 0.8,
        prior_share: float = 1.0,
        prior_votes: float = 1.0,
        abstain_weight: float = 0.0,
        max_iterations: int = 50,
        lf_weights: Sequence[float] | NDArray[np.float64] | None = None,
        class_balance: str | Sequence[float] | NDArray[np.float64] | None = None,
        tie_break_policy: str = "abstain",
        seed: int = 0,
    ) -> None:
        super().__init__(cardinality, tie_break_policy, seed)
        self.prior_accuracy = prior_accuracy
        self.prior_share = prior_share
        self.prior_votes = prior_votes
        self.abstain_weight = abstain_weight
        self.max_iterations = max_iterations
        self.lf_weights = lf_weights
        self.class_balance = class_balance

    def _numbers(self, u: int, m: int) -> int:
        k = self.cardinality
        return 6 * m * k * k + 4 * numbers_of_rows(min(u, rows_at_once(k)), k)

    def _fit(self, votes: VotePatterns) -> None:
        self._check()
        weights = self._weights(votes.m)
        voting, k = voting_lfs(votes), self.cardinality
        given = None if self.class_balance is None else find_class_balance(self.class_balance, votes, k)
        covered = np.flatnonzero(has_vote(votes.patterns))
        L, weights = take_rows(votes.patterns[:, voting], covered), weights[voting]
        counts = votes.counts[covered].astype(np.float64)
        uncovered = float(votes.counts.sum() - counts.sum())
        most = min(_SAMPLE, rows_at_once(k))
        if len(L) > most:
            # The patterns are in order, so every so manieth of them is a fair sample.
            some = np.arange(0, len(L), -(-len(L) // most))
            share = counts[some].sum() / counts.sum()
            sample = take_rows(L, some), counts[some], uncovered * share
            tables = self._iterate(*sample, weights, given, None, self.max_iterations)
            if len(L) <= rows_at_once(k):
                tables = self._iterate(L, counts, uncovered, weights, given, tables, _FULL_ITERATIONS)
        else:
            tables = self._iterate(L, counts, uncovered, weights, given, None, self.max_iterations)
        self.evidence_, self.lf_accuracies_ = np.zeros((votes.m, k + 1, k)), np.full(votes.m, np.nan)
        self.evidence_[voting], self.class_balance_ = tables.evidence, tables.balance
        self.lf_accuracies_[voting] = tables.accuracies

    def _iterate(
        self,
        L: VoteArray,
        counts: Floats,
        uncovered: float,
        lf_weights: Floats,
        given: Floats | None,
        tables: Tables | None,
        most: int,
    ) -> Tables:
        """Run EM. The ``uncovered`` rows without votes are shared out by the class balance, ``given`` or estimated."""
        k = self.cardinality
        votes = ExpectedVotes(L, k)
        probs = vote_shares(L, k) if tables is None else _classify(L, tables)
        for _ in range(most):
            weights = np.asfortranarray(probs * counts[:, None])
            tables = self._tables(votes.count(weights), weights.sum(axis=0), uncovered, lf_weights, given)
            last, probs = probs, _classify(L, tables)
            if np.abs(probs - last).max(initial=0) < _TOLERANCE:
                break
        assert tables is not None
        return tables

    def _tables(
        self, expected: Floats, rows: Floats, uncovered: float, lf_weights: Floats, given: Floats | None
    ) -> Tables:
        """Make a model of expected counts.

        Parameters
        ----------
        expected
            How many rows each labeling function's votes share with each class. Shape: [m, k, k].
        rows
            How many rows with votes each class has. Shape: [k].
        uncovered
            Rows without votes.
        lf_weights
            Shape: [m].
        given
            Class balance, if it is not to be estimated. Shape: [k].
        """
        k, voted = self.cardinality, expected.sum(axis=(0, 2)) > 0
        # A class without votes gets no rows: otherwise it takes those whose votes fit no other class well.
        balance = (rows + 1 if given is None else given) * voted
        balance = balance / max(balance.sum(), _IMPOSSIBLE)
        target = np.full((k, k), (1 - self.prior_accuracy) / max(1, k - 1))
        np.fill_diagonal(target, self.prior_accuracy if k > 1 else 1.0)
        in_all = (rows.sum() + uncovered) * balance
        likelihood = smoothed_likelihood(expected, in_all, target, self.prior_share, self.prior_votes)
        if not voted.all():
            likelihood[:, :, ~voted] = likelihood[:, :, voted] @ balance[voted][:, None]
        quiet = np.log1p(-np.minimum(likelihood.sum(axis=1), 1 - 1e-6))
        evidence = np.concatenate([self.abstain_weight * quiet[:, None], np.log(likelihood)], axis=1)
        evidence *= lf_weights[:, None, None]
        return Tables(evidence, balance, expected_accuracies(expected))

    def _predict_patterns(self, patterns: VoteArray) -> Probs:
        return self._by_evidence(patterns, self.evidence_, _log(self.class_balance_))

    def _state(self) -> dict[str, Any]:
        state = super()._state()
        return state if self.cardinality <= INT8_CLASSES else state | {"evidence_": _pack_evidence(self.evidence_)}

    def _restore(self, state: dict[str, Any]) -> None:
        if isinstance(state["evidence_"], dict):
            state = state | {"evidence_": _unpack_evidence(**state["evidence_"])}
        super()._restore(state)

    def _weights(self, m: int) -> Floats:
        weights = np.asarray(1.0 if self.lf_weights is None else self.lf_weights, dtype=np.float64)
        if weights.shape not in ((), (m,)) or not ((weights >= 0) & (weights <= 1)).all():
            raise LabelModelError(f"lf_weights must be one number from 0 to 1 for each of the {m} labeling functions")
        return np.broadcast_to(weights, (m,))

    def _check(self) -> None:
        check_prior(self.prior_accuracy, self.prior_votes, 0.0, self.cardinality)
        if not (self.prior_share >= 0 and 0 <= self.abstain_weight <= 1 and self.max_iterations >= 1):
            raise LabelModelError(
                "prior_share must be 0 or more, abstain_weight 0 to 1, and max_iterations 1 or more; they are "
                f"{self.prior_share!r}, {self.abstain_weight!r} and {self.max_iterations!r}"
            )


@dataclass(frozen=True)
class Tables:
    """What EM finds: log P(vote | class) [m, k+1, k] with the abstain first, class balance [k], accuracies [m]."""

    evidence: Floats
    balance: Floats
    accuracies: Floats


def _pack_evidence(evidence: Floats) -> dict[str, Any]:
    """Pack evidence of many classes for a file: votes that were never cast have the same evidence for all of them."""
    cast = np.nonzero((evidence != evidence[:, :, :1]).any(axis=2))
    return {"same": evidence[:, :, 0], "lf": cast[0], "vote": cast[1], "cast": evidence[cast]}


def _unpack_evidence(same: Any, lf: Any, vote: Any, cast: Any) -> Floats:
    """Undo `_pack_evidence`."""
    first = np.array(same, dtype=np.float64)
    evidence = np.repeat(first[:, :, None], first.shape[1] - 1, axis=2)
    evidence[np.array(lf, dtype=np.intp), np.array(vote, dtype=np.intp)] = np.array(cast).reshape(-1, evidence.shape[2])
    return evidence


def _classify(L: VoteArray, tables: Tables) -> Probs:
    if len(L) <= _FEW:
        return softmax(_log(tables.balance) + vote_evidence(L, tables.evidence))
    return probs_by_evidence(L, tables.evidence, _log(tables.balance))


def _log(balance: Floats) -> Floats:
    """Return the log of the class balance, finite for a class that has no rows."""
    return np.asarray(np.log(np.maximum(balance, _IMPOSSIBLE)))
