"""How sure answers by votes and texts may be: as far as models of half of the labeling functions agree with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from weaklabel.label_model.evidence import vote_evidence
from weaklabel.label_model.gold import with_doubt
from weaklabel.label_model.majority import majority_probs
from weaklabel.label_model.preds import sure_labels
from weaklabel.label_model.text.discriminant import CrossFitted, normalised, temperature
from weaklabel.label_model.text.shares import Shares
from weaklabel.labels import Probs, VoteArray
from weaklabel.support.warn import warn
from weaklabel.votes.tally import has_vote

Floats = NDArray[np.float64]

RANGE = 6.0
"""Nats below the most probable class of a row at which all other classes are alike."""

PAIRS = 4
"""How often labeling functions are split into two halves."""

_MIN_LEARNED = 20
"""Rows from which on a model of a half is trained, in each fit."""

_LOWEST = 0.02
"""The least that scores are multiplied by."""

MIN_AGREED = 0.5
"""Share of the rows without votes on which models of halves must agree with the answer, on average, without a warning."""

_WITH_VOTES, _WITHOUT = 0.25, 0.5
"""How far answers go towards those of halves, as an exponent of the factor. All labeling functions know more than half of
them do; votes, which a row has or has not, are surer than what texts make of the votes of others."""


@dataclass(frozen=True, eq=False)
class Confidence:
    """What turns scores of classes into probabilities; the most probable class stays so.

    Attributes
    ----------
    with_votes, without_votes
        What scores are multiplied by, in rows with votes and without; at most 1.
    doubt
        Share of each row's probability that is shared out among all classes.
    limit
        Nats below the best class at which all others are alike.
    shift
        What is added to scores then, so that classes have the shares that were given: the one thing that may change a row's
        class. Shape: [k].
    """

    with_votes: float
    without_votes: float
    doubt: float
    limit: float
    shift: Floats

    def scale(self, scores: Floats, voted: NDArray[np.bool_]) -> Floats:
        """Return scores that are as sure as they may be, before they are shifted. Shape: [n, k], [n] -> [n, k]."""
        factors = np.where(voted, self.with_votes, self.without_votes)
        return limited(scores, self.limit) * factors[:, None]

    def probs(self, scores: Floats, voted: NDArray[np.bool_]) -> Probs:
        """Return probabilities of classes. Shape: [n, k], [n] -> [n, k]."""
        return with_doubt(np.exp(normalised(self.scale(scores, voted) + self.shift)), self.doubt)

    def to_saved(self) -> dict[str, Any]:
        """Return the fitted state in values that JSON has; a limit of infinity is None."""
        limit = self.limit if np.isfinite(self.limit) else None
        return {
            "with_votes": self.with_votes,
            "without_votes": self.without_votes,
            "doubt": self.doubt,
            "limit": limit,
            "shift": self.shift,
        }

    @classmethod
    def from_saved(cls, saved: dict[str, Any], k: int) -> Self:
        """Restore what `to_saved` returned for ``k`` classes; damaged input is a KeyError, TypeError or ValueError."""
        limit = np.inf if saved["limit"] is None else float(saved["limit"])
        shift = np.array(saved["shift"], dtype=np.float64)
        factors = float(saved["with_votes"]), float(saved["without_votes"])
        restored = cls(*factors, float(saved["doubt"]), limit, shift)
        if not (all(0 < factor <= 1 for factor in factors) and 0 <= restored.doubt < 1 and limit > 0):
            raise ValueError("'confidence' has a number that is out of range")
        if shift.shape != (k,) or not np.isfinite(shift).all():
            raise ValueError("'confidence' does not have a number for each class")
        return restored


def limited(scores: Floats, limit: float) -> Floats:
    """Raise the scores of each row that are further below its best than the limit. Shape: [n, k] -> [n, k]."""
    return np.maximum(scores, scores.max(axis=1, keepdims=True) - limit)


class Halves:
    """What models of half of the labeling functions say of the rows of a sample, each of which is judged by others.

    The labeling functions are split at random into two halves, several times. Of each half, majority vote trains a text
    model, and together with the half's votes it answers all rows. On what such models disagree, another choice of labeling
    functions would have changed the answer: a text model that is tested on rows of its own labeling functions looks surer
    than it is.

    Parameters
    ----------
    model
        Of the rows' vectors. Which rows it was fitted on is changed.
    L
        Votes. Shape: [n, m].
    evidence
        Of votes. Shape: [m, k+1, k].
    lfs
        Labeling functions that are split.
    shares
        The shares of classes, if they were given.
    seed
        Of the splits.

    Attributes
    ----------
    probs, text_probs : array
        Mean probabilities, by votes and texts and by texts alone; of no use where ``n`` is 0. Shape: [n, k].
    n : int
        Models that could be trained.
    balances : array
        Shares of the classes among rows without votes, by each of them. Shape: [n, k].

    References
    ----------
    Half-samples for the variance of an estimate: McCarthy, Pseudo-Replication: Half Samples, Review of the International
    Statistical Institute 37, 1969. Means of models of other training data as calibrated probabilities: Lakshminarayanan et
    al., Simple and Scalable Predictive Uncertainty Estimation using Deep Ensembles, NeurIPS 2017.
    """

    n: int
    probs: NDArray[np.float64]
    text_probs: NDArray[np.float64]

    def __init__(
        self,
        model: CrossFitted,
        L: VoteArray,
        evidence: Floats,
        lfs: NDArray[np.int64],
        shares: Shares | None = None,
        seed: int = 0,
    ) -> None:
        k, rng = evidence.shape[2], np.random.default_rng(seed)
        self.probs, self.text_probs = np.zeros((len(L), k)), np.zeros((len(L), k))
        unvoted, balances = ~has_vote(L), []
        for _ in range(PAIRS):
            for half in np.array_split(rng.permutation(lfs), 2):
                of_half = np.sort(half)
                votes = np.asfortranarray(L[:, of_half])
                scores = _read(model, votes, k)
                if scores is None:
                    continue
                by_text = _shifted(scores, shares)
                self.text_probs += by_text
                self.probs += _shifted(scores + vote_evidence(votes, evidence[of_half]), shares)
                balances.append(by_text[unvoted].mean(axis=0) if unvoted.any() else np.full(k, np.nan))
        self.n, self.balances = len(balances), np.array(balances).reshape(-1, k)
        self.probs /= max(self.n, 1)
        self.text_probs /= max(self.n, 1)


def _read(model: CrossFitted, L: VoteArray, k: int) -> Floats | None:
    """Return log probabilities by texts, trained on majority vote; None where too few rows have votes. Shape: [n, k]."""
    covered = has_vote(L)
    by_fold = [int(covered[rows].sum()) for rows in model.rows]
    if sum(by_fold) - max(by_fold) < _MIN_LEARNED:
        return None
    labels = sure_labels(majority_probs(L, k), covered)
    judged = model.use(covered).judge(labels)
    return normalised(judged * temperature(judged[covered], labels[covered]))


def _shifted(scores: Floats, shares: Shares | None) -> Probs:
    return np.exp(normalised(scores if shares is None else scores + shares.shift(scores)))


def learn_confidence(
    halves: Halves, scores: Floats, text_scores: Floats, voted: NDArray[np.bool_], doubt: float
) -> Confidence:
    """Learn how sure answers may be.

    Scores are multiplied by what makes them fit the mean answer of the halves best, and this factor is taken to a power, as
    halves know less than all labeling functions together. Where no half could be trained, rows with votes and without
    have the factors of a fit by which nothing is known: the lowest.

    Parameters
    ----------
    halves
        Of the same rows.
    scores, text_scores
        Of the rows, by votes and texts and by texts alone, each row judged by others. Shape: [n, k] each.
    voted
        Which rows have votes. Shape: [n].
    doubt
        See `Confidence`.
    """
    with_votes = _factor(halves.probs[voted], scores[voted], doubt) if halves.n else _LOWEST
    without = with_votes
    if halves.n and not voted.all():
        without = _factor(halves.text_probs[~voted], text_scores[~voted], doubt)
    return Confidence(with_votes**_WITH_VOTES, without**_WITHOUT, doubt, RANGE, np.zeros(scores.shape[1]))


def _factor(wanted: Probs, scores: Floats, doubt: float) -> float:
    """Return what to multiply scores by so that they fit the wanted probabilities best, at most 1. Shape: [n, k] each."""
    from scipy.optimize import minimize_scalar

    scores = limited(scores, RANGE)

    def loss(log_factor: float) -> float:
        probs = with_doubt(np.exp(normalised(scores * np.exp(log_factor))), doubt)
        return -float((wanted * np.log(probs)).sum())

    return float(np.exp(minimize_scalar(loss, bounds=(np.log(_LOWEST), 0.0), method="bounded").x))


def warn_of_disagreement(halves: Halves, text_scores: Floats, voted: NDArray[np.bool_]) -> None:
    """Warn where texts give rows without votes labels that another choice of labeling functions would change.

    Parameters
    ----------
    halves, text_scores, voted
        As for `learn_confidence`.
    """
    rows = np.flatnonzero(~voted)
    if halves.n < 2 or len(rows) < _MIN_LEARNED:
        return
    agreed = float(halves.text_probs[rows, text_scores[rows].argmax(axis=1)].mean())
    if agreed < MIN_AGREED:
        warn(
            "what texts say of rows without votes is unstable: text models trained on half of the labeling functions give such "
            f"a row the same label in only {agreed:.0%} of the cases; do not rely on these labels, and write more labeling "
            "functions for each class, or label some rows by hand"
        )
