"""A generative model of votes that is known, so that the exact posterior of its rows is known too.

A row has a class, is easy or hard, and each labeling function votes on it by a table; a copier repeats the vote of an
earlier labeling function, abstain or not, with some probability, and votes by its own table otherwise.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weaklabel.labels import Labels, Probs, VoteArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class VotesModel:
    """What votes are drawn from.

    Attributes
    ----------
    balance
        P(class). Shape: [k].
    hardness
        P(easy), P(hard). Shape: [2].
    tables
        P(vote | hardness, class) of each labeling function; the vote of class v stands at v + 1, the abstain at 0.
        Shape: [2, m, k, k+1].
    leaders
        Whom each labeling function copies, always an earlier one; -1 for nobody. Shape: [m].
    copying
        Probability that a copier repeats its leader. Shape: [m].
    """

    balance: Floats
    hardness: Floats
    tables: Floats
    leaders: NDArray[np.int64]
    copying: Floats

    def sample(self, n: int, rng: np.random.Generator) -> tuple[VoteArray, Labels]:
        """Draw rows and their classes. Shapes: [n, m], [n]."""
        Y = rng.choice(len(self.balance), n, p=self.balance)
        hard = rng.choice(2, n, p=self.hardness)
        L = np.empty((n, len(self.leaders)), dtype=np.int8, order="F")
        for lf, leader in enumerate(self.leaders):
            # A draw beyond all sums but the last is the last vote, whatever rounding made of the last sum.
            sums = self.tables[hard, lf, Y].cumsum(axis=1)[:, :-1]
            L[:, lf] = (rng.random(n)[:, None] >= sums).sum(axis=1) - 1
            if leader >= 0:
                repeats = rng.random(n) < self.copying[lf]
                L[repeats, lf] = L[repeats, leader]
        return L, Y

    def joint(self, L: VoteArray) -> Floats:
        """Return log P(votes, class). Shape: [n, m] -> [n, k]."""
        with np.errstate(divide="ignore"):
            total = np.tile(np.log(self.hardness)[:, None, None], (1, len(L), len(self.balance)))
            for lf, leader in enumerate(self.leaders):
                likelihood = self.tables[:, lf][:, :, L[:, lf] + 1].swapaxes(1, 2)
                if leader >= 0:
                    repeated = (L[:, lf] == L[:, leader])[:, None]
                    likelihood = self.copying[lf] * repeated + (1 - self.copying[lf]) * likelihood
                total += np.log(likelihood)
            return np.logaddexp(*total) + np.log(self.balance)

    def posterior(self, L: VoteArray) -> Probs:
        """Return P(class | votes, abstains too) by Bayes' rule: no label model can expect to do better.

        Shape: [n, m] -> [n, k].
        """
        joint = self.joint(L)
        probs = np.exp(joint - joint.max(axis=1, keepdims=True))
        return probs / probs.sum(axis=1, keepdims=True)
