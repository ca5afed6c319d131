"""A model of votes with copies and hard rows: its parameters and likelihood."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.label_model.evidence import probs_by_evidence
from weaklabel.label_model.structured.copies import leaders_first
from weaklabel.labels import ABSTAIN, VoteArray

Floats = NDArray[np.float64]

_MIN_PROBABILITY, _IMPOSSIBLE = 1e-12, 1e-300


@dataclass(frozen=True)
class Structure:
    """Parameters. A row is easy or hard; a state is a class with one of the two, easy ones first, 2k in all.

    Attributes
    ----------
    balance
        P(class). Shape: [k].
    hard_share
        P(hard row).
    informative
        On a hard row, a vote comes from its class's table with this probability, and otherwise from that of any class.
    tables
        P(vote | class) of a labeling function that does not copy, on an easy row; the abstain first. Shape: [m, k, k+1].
    leaders
        Which labeling function each copies, -1 for none. Shape: [m].
    copying
        Probability that a copying labeling function repeats its leader's vote or abstain; 0 without a leader. Shape: [m].
    """

    balance: Floats
    hard_share: float
    informative: float
    tables: Floats
    leaders: NDArray[np.int64]
    copying: Floats

    @property
    def k(self) -> int:
        """Number of classes."""
        return len(self.balance)

    @cached_property
    def states(self) -> Floats:
        """P(state). Shape: [2k]."""
        return np.concatenate([self.balance * (1 - self.hard_share), self.balance * self.hard_share])

    @cached_property
    def of_any(self) -> Floats:
        """P(vote), whatever the class. Shape: [m, k+1]."""
        return np.einsum("myv,y->mv", self.tables, self.balance)

    @cached_property
    def own(self) -> Floats:
        """P(vote | state) of one that does not copy. Shape: [m, 2k, k+1]."""
        hard = self.informative * self.tables + (1 - self.informative) * self.of_any[:, None]
        return np.concatenate([self.tables, hard], axis=1)

    @cached_property
    def rates(self) -> Floats:
        """P(vote | state), copied votes included. Shape: [m, 2k, k+1]."""
        rates = self.own.copy()
        for lf in leaders_first(self.leaders):
            if self.leaders[lf] >= 0:
                rates[lf] += self.copying[lf] * (rates[self.leaders[lf]] - rates[lf])
        return rates

    @cached_property
    def evidence(self) -> Floats:
        """Log P(code | state), see `VoteCodes`. Shape: [m, 2(k+1), 2k]."""
        copying = self.copying[:, None, None]
        apart = (1 - copying) * self.own
        return np.log(np.maximum(np.concatenate([apart, copying + apart], axis=2), _MIN_PROBABILITY)).swapaxes(1, 2)

    def joint(self, codes: VoteCodes) -> Floats:
        """Return log P(votes, state) of rows. Shape: [n, 2k]."""
        base = self.evidence[np.arange(len(self.leaders)), codes.base]
        more = self.evidence - base[:, None]
        joint: Floats = codes.votes @ more.reshape(-1, 2 * self.k)
        return joint + base.sum(axis=0) + np.log(np.maximum(self.states, _IMPOSSIBLE))

    def posterior(self, L: VoteArray) -> Floats:
        """Return P(class | votes): by tables, not by codes as in EM. Shape: [n, m] -> [n, k]."""
        span, copiers = self.k + 1, np.flatnonzero(self.leaders >= 0)
        own, led = L[:, copiers], L[:, self.leaders[copiers]]
        # Agreement with the leader, abstain or not, is a further kind of vote of the labeling function.
        alike = np.where(own == led, own + np.int8(1), np.int8(ABSTAIN))
        apart, said_alike = self.evidence[:, :span], self.evidence[copiers, span:]
        evidence = np.zeros((len(apart) + len(copiers), span + (len(copiers) > 0), 2 * self.k))
        evidence[: len(apart), :span] = apart
        if len(copiers):
            evidence[len(apart) :, 1:] = said_alike - apart[copiers]
        columns = np.asfortranarray(np.hstack([L, alike]))
        states = probs_by_evidence(columns, evidence, np.log(np.maximum(self.states, _IMPOSSIBLE)))
        return states[:, : self.k] + states[:, self.k :]


class VoteCodes:
    """Votes as a sparse matrix of ones: what does not vote, and whose leader does not, costs nothing.

    The code of a vote v is ``v + 1``, the abstain being 0, and ``k + 1`` more where the leader does the same. What most
    rows have, the abstain (together with the leader's), is left out.

    Attributes
    ----------
    votes : scipy.sparse.csr_matrix
        One in the column ``lf * 2(k+1) + code``. Shape: [n, m*2(k+1)].
    base : array
        The code that is left out. Shape: [m].
    """

    def __init__(self, L: VoteArray, cardinality: int, leaders: NDArray[np.int64]) -> None:
        from scipy.sparse import csr_matrix

        span, copiers = cardinality + 1, leaders >= 0
        codes = L.astype(np.int16) + 1
        codes[:, copiers] += span * (L[:, copiers] == L[:, leaders[copiers]])
        self.base = np.where(copiers, span, 0)
        rows, lfs = np.nonzero(codes != self.base)
        columns = lfs * 2 * span + codes[rows, lfs]
        self.votes: Any = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(L), L.shape[1] * 2 * span))
        self._of_columns = self.votes.T.tocsr()
        self._span = 2 * span

    def count(self, weights: Floats) -> Floats:
        """Add up the weights of rows by code. Shape: [n, s] -> [m, 2(k+1), s]."""
        m, total = len(self.base), weights.sum(axis=0)
        counts: Floats = (self._of_columns @ weights).reshape(m, self._span, weights.shape[1])
        counts[np.arange(m), self.base] = np.maximum(total - counts.sum(axis=1), 0)
        return counts
