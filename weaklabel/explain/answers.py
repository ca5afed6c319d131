"""How a label model would label a row from only some of its votes, and with or without its text."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from weaklabel.explain.baseline import answering, baseline
from weaklabel.explain.shapley import MOST_EXACT, Coalitions, Floats, all_coalitions, shapley_values
from weaklabel.label_model import BaseLabelModel
from weaklabel.labels import ABSTAIN, Labels, VoteArray

CLIP = 1e-12
"""Probabilities below it, of a class or of all others together, count as it: log-odds of 0 or 1 would be infinite."""

_TINY = 1e-300


class Answers:
    """A row's votes, and its text where the label model reads one, any of which may be taken away.

    Answers are kept, and those that an explanation is sure to need are asked for at once: for a label model, one row takes
    as long as a thousand.

    Parameters
    ----------
    model
        The fitted label model.
    votes
        The row's votes. Shape: [m].
    text
        What the row says; None where the label model is to go by the votes alone.

    Attributes
    ----------
    voters : array
        The labeling functions that vote on the row. Shape: [v].
    reads_text : bool
        Whether the text decides, too.
    label : int
        The label; -1 if there is none.
    probs : array
        Class probabilities, all NaN if there is no evidence. Shape: [k].
    """

    label: int
    probs: Floats

    def __init__(self, model: BaseLabelModel, votes: VoteArray, text: str | None) -> None:
        self.model = model
        self.votes = votes
        self.voters: NDArray[np.intp] = np.flatnonzero(votes != ABSTAIN)
        self._kept: dict[bytes, tuple[int, Floats]] = {}
        self._text = text
        v = len(self.voters)
        first = all_coalitions(v) if v <= MOST_EXACT else np.concatenate([all_but(v, size) for size in (0, 1, 2)])
        self._ask(first)  # refuses a label model that is not fitted, so it comes before all else
        (self.label,), (self.probs,) = self._ask(np.ones((1, v), dtype=bool))
        self.reads_text: bool = text is not None and answering(model, with_text=True).uses_texts
        self.baseline = baseline(model)

    def labels(self, coalitions: Coalitions) -> Labels:
        """Return the label from the text and the votes of each coalition only. Shape: [u, v] -> [u]."""
        return self._ask(coalitions)[0]

    def shares(self, label: int) -> Floats:
        """Return what each vote and, last, the text adds to the log-odds of a class. Shape: [v] or [v+1]."""
        return shapley_values(lambda known: self.log_odds(known, label), len(self.voters) + self.reads_text)

    def before_votes(self, label: int) -> tuple[float, float]:
        """Return the log-odds of a class by the class balance, and what the abstains add to that."""
        balance = float(log_odds(self.baseline.balance[None], label)[0])
        if self.reads_text:
            return balance, 0.0
        return balance, float(log_odds(self.baseline.all_abstain[None], label)[0]) - balance

    def log_odds(self, coalitions: Coalitions, label: int) -> Floats:
        """Return the log-odds of a class against all others if only some votes, and the text or not, are known.

        Without the text, what the text alone tells is taken out of the answer, by Bayes, and the class balance put in its
        place: votes then tell the same with the text and without, as in `TextLabelModel`.

        Parameters
        ----------
        coalitions
            Whose votes are known; in the last column, where the label model reads the text, whether that is.
            Shape: [u, v] or [u, v+1].
        label
            The class.

        Returns
        -------
        array
            Shape: [u].
        """
        if not self.reads_text:
            return log_odds(self._probs(coalitions), label)
        logs = np.log(np.maximum(self._probs(coalitions[:, :-1]), _TINY))
        from_text = np.log(np.maximum(self._probs(np.zeros((1, len(self.voters)), dtype=bool)), _TINY))
        logs[~coalitions[:, -1]] += np.log(np.maximum(self.baseline.balance, _TINY)) - from_text
        powers = np.exp(logs - logs.max(axis=1, keepdims=True))
        return log_odds(powers / powers.sum(axis=1, keepdims=True), label)

    def _probs(self, coalitions: Coalitions) -> Floats:
        probs = self._ask(coalitions)[1]
        return np.where(np.isnan(probs), self.baseline.all_abstain, probs)

    def _ask(self, coalitions: Coalitions) -> tuple[Labels, Floats]:
        """Return labels [u] and probabilities [u, k] from the text and the votes of each coalition only."""
        keys = [row.tobytes() for row in coalitions]
        new = [place for place, key in enumerate(keys) if key not in self._kept]
        if new:
            rows = np.full((len(new), len(self.votes)), ABSTAIN, dtype=self.votes.dtype)
            rows[:, self.voters] = np.where(coalitions[new], self.votes[self.voters], ABSTAIN)
            texts = None if self._text is None else [self._text] * len(new)
            labels, probs = self.model.predict(rows, return_probs=True, texts=texts)
            self._kept |= {
                keys[place]: answer for place, answer in zip(new, zip(labels, probs, strict=True), strict=True)
            }
        answer = [self._kept[key] for key in keys]
        return np.array([label for label, _ in answer]), np.array([probs for _, probs in answer])


def all_but(n: int, size: int) -> Coalitions:
    """Return the coalitions that lack ``size`` of ``n`` players, in the order of those. Shape: [u, n]."""
    missing = list(combinations(range(n), size))
    coalitions = np.ones((len(missing), n), dtype=bool)
    for row, players in enumerate(missing):
        coalitions[row, list(players)] = False
    return coalitions


def log_odds(probs: Floats, label: int) -> Floats:
    """Return the log-odds of a class against all others, each at least `CLIP`. Shape: [u, k] -> [u].

    Examples
    --------
    >>> log_odds(np.array([[0.5, 0.5], [0.0, 1.0]]), 1).round(3)
    array([ 0.   , 27.631])
    """
    others = np.delete(probs, label, axis=1).sum(axis=1)
    return np.log(np.maximum(probs[:, label], CLIP)) - np.log(np.maximum(others, CLIP))
