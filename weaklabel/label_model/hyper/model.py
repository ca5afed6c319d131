"""A label model that was learned once, on synthetic votes, and learns nothing of a new set but its statistics."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from weaklabel.label_model.base import BaseLabelModel
from weaklabel.label_model.checks import refuse_beyond, voting_lfs
from weaklabel.label_model.hyper.network import expect, names_and_shapes, run_network
from weaklabel.label_model.hyper.table import Cells, VoteTable
from weaklabel.label_model.moments import count_overlaps
from weaklabel.labels import Probs, VoteArray
from weaklabel.votes.patterns import VotePatterns
from weaklabel.votes.tally import has_vote

WEIGHTS_FILE = "hyper.npz"

_CELLS_AT_ONCE = 1 << 20

_FEATURES_AT_ONCE = 120
"""Numbers that the network gets for each kind of vote and class, all of which are in memory together."""


class HyperLabelModel(BaseLabelModel):
    """A label model whose learning rule was learned, on synthetic labeling functions.

    A few steps of expectation and maximisation find how each vote goes with each class. After each step a small
    network, the same for all labeling functions and classes, corrects the estimates: how far to trust
    agreement of few votes, correlated votes, rare classes, and abstains. The networks were trained
    once on votes drawn from 2 to 10 known classes: one-sided and many-sided labeling functions, sparse and dense, good
    and bad, on unlike subgroups of rows. So there is nothing to tune, and no option of the fit. Its probabilities are
    cautious: where votes are independent given the class, as those of texts seldom are, it could be surer.

    The order of rows, of labeling functions and of classes does not matter; nor do rows without votes. A row's answer
    needs that row's votes alone, so new rows are predicted without fitting again. Fitting takes time in proportion to
    the votes in the vote patterns, and memory in proportion to the square of m*k.

    Parameters
    ----------
    cardinality, tie_break_policy, seed
        See `BaseLabelModel`.

    Attributes
    ----------
    evidence_ : array
        Log likelihood of each class, up to a constant, by labeling function and vote; the abstain first; 0 for votes
        that were not seen. Shape: [m, k+1, k].
    log_prior_ : array
        Log prior probabilities. Shape: [k].
    lf_accuracies_ : array
        Expected share of each labeling function's votes that are right; NaN where it never votes. Shape: [m].

    References
    ----------
    The idea of learning a label model on synthetic votes: Wu, Chen, Zhang, Ives: Learning Hyper Label Model for
    Programmatic Weak Supervision. ICLR 2023. Expectation and maximisation for votes: Dawid, Skene: Maximum Likelihood
    Estimation of Observer Error-Rates Using the EM Algorithm. Applied Statistics 28, 1979.

    Examples
    --------
    >>> L = np.array([[0, 0, -1], [1, -1, 1], [0, 1, 0], [1, 1, -1], [-1, -1, -1]])
    >>> HyperLabelModel().fit(L).predict(L).tolist()
    [0, 1, 0, 1, -1]
    """

    _fitted = ("lf_accuracies_", "evidence_", "log_prior_")
    _shapes = (("evidence_", ("m", "k+1", "k")), ("log_prior_", ("k",)))

    evidence_: NDArray[np.float64]
    log_prior_: NDArray[np.float64]

    def _numbers(self, u: int, m: int) -> int:
        k = self.cardinality
        return (m * k) ** 2 + m * k * k

    def _fit(self, votes: VotePatterns) -> None:
        m, k = votes.m, self.cardinality
        self.evidence_, self.log_prior_ = np.zeros((m, k + 1, k)), np.full(k, -np.log(k))
        self.lf_accuracies_: NDArray[np.float64] = np.full(m, np.nan)
        of_item = count_overlaps(votes, k)
        items = np.flatnonzero(of_item.diagonal())
        lfs, labels = np.divmod(items, k)
        refuse_beyond(8 * len(items) * (8 * len(items) + _FEATURES_AT_ONCE * k), type(self).__name__, m, k)
        voting = np.flatnonzero(voting_lfs(votes))
        if not len(items):
            return
        lf = np.searchsorted(voting, lfs)
        overlaps = of_item[np.ix_(items, items)]
        table = VoteTable(
            parts=CellParts(votes.patterns, votes.counts, of_item.diagonal().reshape(m, k) > 0),
            lf=lf,
            own=np.eye(k)[labels],
            overlaps=overlaps * (lf[:, None] != lf),
            votes=overlaps.diagonal(),
            n=float(votes.counts[has_vote(votes.patterns)].sum()),
            m=len(voting),
        )
        if k == 1:
            self.lf_accuracies_[voting] = 1.0
            return
        state = run_network(table, network_weights(), np, _add)[-1]
        self.evidence_[lfs, 1 + labels], self.evidence_[voting, 0] = state.evidence, state.abstain
        self.log_prior_ = state.prior - np.logaddexp.reduce(state.prior)
        right = (expect(table, state, np, _add).by_vote * table.own).sum(axis=1)
        self.lf_accuracies_[voting] = np.bincount(lf, right) / np.bincount(lf, table.votes)

    def _predict_patterns(self, patterns: VoteArray) -> Probs:
        return self._by_evidence(patterns, self.evidence_, self.log_prior_)


class CellParts:
    """The votes of patterns, part by part, so that they never are in memory as numbers all at once."""

    patterns: VoteArray
    counts: NDArray[np.int64]

    def __init__(self, patterns: VoteArray, counts: NDArray[np.int64], seen: NDArray[np.bool_]) -> None:
        self.patterns, self.counts = patterns, counts
        self.items = np.cumsum(seen).reshape(seen.shape) - 1  # which item a labeling function's vote is

    def __iter__(self) -> Iterator[Cells]:
        at_once = max(1, _CELLS_AT_ONCE // max(1, self.patterns.shape[1]))
        for start in range(0, len(self.patterns), at_once):
            rows = slice(start, start + at_once)
            voted = has_vote(self.patterns[rows])
            patterns = np.ascontiguousarray(self.patterns[rows][voted])
            row, lf = np.nonzero(patterns >= 0)
            item = self.items[lf, patterns[row, lf]]
            alone = np.bincount(row, minlength=len(patterns))[row] == 1
            yield Cells(self.counts[rows][voted].astype(np.float64), row, item, alone.astype(np.float64))


def _add(values: NDArray[np.float64], group: NDArray[np.intp], size: int) -> NDArray[np.float64]:
    return np.stack([np.bincount(group, column, minlength=size) for column in values.T], axis=-1)


@cache
def network_weights() -> dict[str, NDArray[np.float64]]:
    """Return the weights of the networks, by name."""
    with files("weaklabel.label_model.hyper").joinpath(WEIGHTS_FILE).open("rb") as file, np.load(file) as saved:
        return {name: saved[name].astype(np.float64) for name in names_and_shapes()}
