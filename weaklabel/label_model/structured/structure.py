"""A model of votes with copies and hard rows: its parameters and likelihood, and which labeling functions copy others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.label_model.evidence import probs_by_evidence
from weaklabel.label_model.moments import choose_partners, class_covariances
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


def agreement(overlaps: Floats, n: int, cardinality: int) -> Floats:
    """Correlate the votes of each two labeling functions, whatever the reason that they vote alike.

    Parameters
    ----------
    overlaps
        How many rows have each two votes, labeling function ``i`` voting ``y`` at ``i*k + y``. Shape: [m*k, m*k].
    n
        Rows.
    cardinality
        Number of classes k.

    Returns
    -------
    array
        Of voting for the same class, -1 to 1; 0 of a labeling function with itself. Shape: [m, m].
    """
    m = len(overlaps) // cardinality
    covariances, variances = np.zeros((m, m)), np.zeros(m)
    for of_class, spread in class_covariances(overlaps, n, cardinality):
        covariances += of_class
        variances += spread
    deviations = np.sqrt(variances)
    scale = np.outer(deviations, deviations)
    correlations = np.divide(covariances, scale, out=np.zeros((m, m)), where=scale > 0)
    np.fill_diagonal(correlations, 0)
    return correlations


def copy_forest(strength: Floats) -> NDArray[np.int64]:
    """Choose for each labeling function the one that it copies, if any.

    It is the strongest spanning forest (Prim, 1957) over pairs with a positive strength. Each tree grows from its
    member with the most strength in all: where several copy one, that one is alike to all of them, and they less to
    each other.

    Parameters
    ----------
    strength
        Symmetric; 0 where two do not copy each other. Shape: [m, m].

    Returns
    -------
    array
        Number of the one that is copied, -1 where there is none. Shape: [m].
    """
    m = len(strength)
    leaders, placed, total = np.full(m, -1), np.zeros(m, dtype=bool), strength.sum(axis=1)
    for root in np.argsort(-total, kind="stable"):
        if placed[root] or total[root] <= 0:
            continue
        placed[root] = True
        nearest, best = np.full(m, root), np.where(placed, 0, strength[root])
        while best.max() > 0:
            new = int(best.argmax())
            leaders[new], placed[new] = nearest[new], True
            closer = ~placed & (strength[new] > best)
            nearest[closer] = new
            best = np.where(placed, 0, np.maximum(best, strength[new]))
    return leaders


def leaders_first(leaders: NDArray[np.int64]) -> list[int]:
    """Order labeling functions so that each comes after the one it copies."""
    depth = np.zeros(len(leaders), dtype=np.int64)
    at = leaders.copy()
    while (at >= 0).any():
        depth += at >= 0
        at = np.where(at >= 0, leaders[at], -1)
    return np.argsort(depth, kind="stable").tolist()


def trees(leaders: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the root of each labeling function's tree; its own number where it copies none. Shape: [m]."""
    roots = np.arange(len(leaders))
    for lf in leaders_first(leaders):
        if leaders[lf] >= 0:
            roots[lf] = roots[leaders[lf]]
    return roots


_SIGNIFICANT = 2.0
"""Standard errors from 0 of a covariance that triplets use."""

_SURE = 4.0
"""Standard errors by which two labeling functions must vote alike too often."""

_MIN = 0.1
"""Correlation from which it matters."""


def find_repeats(overlaps: Floats, n: int, cardinality: int) -> Floats:
    r"""Find labeling functions that agree more often than the class explains.

    For a class y, let :math:`e_i` be 1 where labeling function i votes y, else 0. If votes are independent given whether Y = y,
    then :math:`Cov(e_i, e_j) = x_i x_j`, and each three give :math:`x_i^2 = Cov(e_i, e_j) Cov(e_i, e_k) / Cov(e_j, e_k)`.
    The median over triplets is right as long as most of them are of labeling functions that do not repeat each other.
    What a covariance has beyond :math:`x_i x_j`, the class cannot explain.

    Parameters
    ----------
    overlaps
        How many rows have each two votes, labeling function ``i`` voting ``y`` at ``i*k + y``. Shape: [m*k, m*k].
    n
        Rows.
    cardinality
        Number of classes k.

    Returns
    -------
    array
        Correlation that is left over, 0 to 1; 0 where it is below .1 or may be an accident. Shape: [m, m].

    References
    ----------
    Moments of three labeling functions: Fu et al., "Fast and Three-rious", ICML 2020.
    """
    m = len(overlaps) // cardinality
    left, spread = np.zeros((m, m)), np.zeros(m)
    for covariances, variances in class_covariances(overlaps, n, cardinality):
        effects = np.minimum(_effects(covariances, variances, n), np.sqrt(variances))
        left += covariances - np.outer(effects, effects)
        spread += variances - effects**2
    varying = spread > 1e-9
    deviations = np.sqrt(np.where(varying, spread, 1))
    repeated = np.where(np.outer(varying, varying), left / np.outer(deviations, deviations), 0)
    np.fill_diagonal(repeated, 0)
    sure = (repeated > _MIN) & (repeated * np.sqrt(n) > _SURE)
    return np.where(sure, np.minimum(repeated, 1), 0)


def _effects(covariances: Floats, variances: Floats, n: int) -> Floats:
    """Take the median over triplets; 0 where there is none. Shape: [m, m], [m] -> [m]."""
    usable = covariances > _SIGNIFICANT * np.sqrt(np.outer(variances, variances) / max(1, n))
    np.fill_diagonal(usable, False)
    others = covariances.copy()
    np.fill_diagonal(others, 0)
    effects = np.zeros(len(variances))
    for lf in np.flatnonzero(variances > 0):
        some = choose_partners(others[lf])
        both = np.ix_(some, some)
        chosen = usable[both]
        if chosen.sum() > 2:
            squares = np.outer(others[lf, some], others[lf, some])[chosen] / covariances[both][chosen]
            effects[lf] = np.sqrt(max(0.0, float(np.median(squares))))
    return effects
