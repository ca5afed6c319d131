"""The shares of classes among all rows, where texts label rows without votes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weaklabel.label_model.text.discriminant import normalised
from weaklabel.labels import Probs, VoteArray
from weaklabel.support.warn import warn
from weaklabel.votes.patterns import VotePatterns
from weaklabel.votes.tally import has_vote

Floats = NDArray[np.float64]

FEW_COVERED = 0.5
"""Share of rows with votes below which the class balance of the others is mostly a guess."""

_ITERATIONS, _EXACT = 100, 1e-4

_MAX_SHIFT = 5.0
"""Nats by which a class is shifted at most: rows with a larger margin keep their class."""


class Shares:
    """Finds what to add to log probabilities, so that classes come near given shares among all rows of a corpus.

    Parameters
    ----------
    wanted
        Share of each class; classes of share 0 are left as they are. Shape: [k].
    votes
        Votes of all rows, from which it follows how many rows one of the sample stands for.
    L
        Votes of the sample. Shape: [n, m].
    """

    def __init__(self, wanted: Floats, votes: VotePatterns, L: VoteArray) -> None:
        self.wanted: Floats = wanted / wanted.sum()
        covered, n_covered = has_vote(L), int(votes.counts[has_vote(votes.patterns)].sum())
        # The sampler takes more of the rows with votes, where these are few.
        n_rows = np.where(covered, n_covered / max(1, covered.sum()), (votes.n - n_covered) / max(1, (~covered).sum()))
        self._weights = n_rows / n_rows.sum()

    def shift(self, scores: Floats) -> Floats:
        """Return what to add to the scores of each class. Shape: [n, k] -> [k]."""
        some, shift = self.wanted > 0, np.zeros(len(self.wanted))
        for _ in range(_ITERATIONS):
            shares = self._weights @ np.exp(normalised(scores[:, some] + shift[some]))
            off = np.log(self.wanted[some]) - np.log(np.maximum(shares, 1e-12))
            shift[some] = np.clip(shift[some] + off, -_MAX_SHIFT, _MAX_SHIFT)
            if np.abs(off).max() < _EXACT:
                break
        return shift


def warn_of_few_covered(
    votes: VotePatterns, labels: Probs, covered: NDArray[np.bool_], balances: Floats | None = None
) -> None:
    """Warn where most rows have no vote, so that their shares of classes are taken from the few that have.

    Parameters
    ----------
    votes
        Votes of all rows.
    labels
        Of the rows of a sample. Shape: [n, k].
    covered
        Which of them have votes. Shape: [n].
    balances
        Class balances of the rows without votes by models of half of the labeling functions each, if there are any.
        Shape: [models, k].
    """
    share = votes.counts[has_vote(votes.patterns)].sum() / votes.n
    if share >= FEW_COVERED or covered.all():
        return
    with_votes, without = labels[covered].mean(axis=0), labels[~covered].mean(axis=0)
    largest = int(with_votes.argmax())
    by_halves = ""
    if balances is not None and len(balances) > 1:
        lowest, highest = balances[:, largest].min(), balances[:, largest].max()
        by_halves = f" ({lowest:.0%} to {highest:.0%} by models of half of the labeling functions each)"
    warn(
        f"only {share:.0%} of the rows have votes, and the class balance of the others is estimated from these: class "
        f"{largest} is {with_votes[largest]:.0%} of the rows with votes and {without[largest]:.0%} of those without"
        f"{by_halves}; if you "
        "know the shares of the classes among all rows, give them as class_balance"
    )
