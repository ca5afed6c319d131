"""A few gold labels in the fit of a label model: what they change of its answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.errors import LabelModelError
from weaklabel.label_model.evidence import softmax
from weaklabel.labels import ABSTAIN, Labels, Probs, VoteArray, check_L, check_Y

Floats = NDArray[np.float64]

_DOUBT = 0.02
"""Share of the uniform guess in what is corrected: a label model that is sure of a row may be wrong."""

_SCALE_SPREAD = 0.5
"""Standard deviation, before gold is seen, of the logarithm of what log probabilities are multiplied by."""

_CLASS_SPREAD, _VOTE_SPREAD, _TEXT_SPREAD = 0.5, 1.0, 2.0
"""Standard deviations of what is added to the log odds of a class: in all rows, by a vote, and by a text."""


def check_gold(gold: ArrayLike, n: int, cardinality: int) -> Labels:
    """Return the gold labels of ``n`` rows, -1 where there is none.

    Raises
    ------
    VoteError
        A gold label is outside the classes.
    LabelModelError
        There are not as many gold labels as rows, or none.
    """
    Y = check_Y(gold, cardinality=cardinality)
    if len(Y) != n:
        raise LabelModelError(f"gold has {len(Y)} labels for {n} rows; give one for each row, -1 where there is none")
    if not (Y != ABSTAIN).any():
        raise LabelModelError(f"gold has no label for any of the {n} rows; leave it out, or give some")
    return Y


@dataclass(frozen=True, eq=False)
class GoldVotes:
    """The rows with gold labels, and their votes.

    Attributes
    ----------
    L
        Shape: [g, m].
    Y
        Class numbers. Shape: [g].
    """

    L: VoteArray
    Y: Labels

    @classmethod
    def of_rows(cls, L: VoteArray, gold: ArrayLike, cardinality: int) -> Self:
        """Take the rows that have gold.

        Parameters
        ----------
        L
            Shape: [n, m].
        gold
            Class numbers, -1 where there is none. Shape: [n].
        cardinality
            Number of classes.

        Raises
        ------
        VoteError
            A gold label is outside the classes.
        LabelModelError
            There are not as many gold labels as rows, or none.
        """
        Y = check_gold(gold, len(L), cardinality)
        rows = np.flatnonzero(Y != ABSTAIN)
        return cls(np.asfortranarray(L[rows]), Y[rows])

    def checked(self, m: int, cardinality: int) -> Self:
        """Return it, of ``m`` labeling functions and classes up to ``cardinality``; else raise as `of_rows`."""
        L = check_L(self.L, cardinality)
        if L.shape[1] != m:
            raise LabelModelError(f"gold has votes of {L.shape[1]} labeling functions, L of {m}")
        return type(self).of_rows(L, self.Y, cardinality)

    def __len__(self) -> int:
        return len(self.Y)


@dataclass(frozen=True, eq=False)
class GoldCorrection:
    r"""What gold changes of a label model's answers: :math:`\mathrm{softmax}(t \log P + b + \sum_j v_j + x W)`.

    Attributes
    ----------
    scale
        What log probabilities are multiplied by.
    bias
        What is added for each class. Shape: [k].
    lf, vote
        The votes that occur in rows with gold: of which labeling function, and for which class. Shape: [c] each.
    of_vote
        What each of them adds for each class. Shape: [c, k].
    of_text
        What each number of a text's vector adds for each class; None without texts. Shape: [d, k].
    """

    scale: float
    bias: Floats
    lf: NDArray[np.int64]
    vote: NDArray[np.int64]
    of_vote: Floats
    of_text: Floats | None = None

    def apply(self, probs: Probs, L: VoteArray) -> Probs:
        """Return the corrected probabilities of rows. Shape: [n, k], [n, m] -> [n, k]."""
        return softmax(self.scores(log_floored(probs), L))

    def scores(self, log_probs: Floats, L: VoteArray, X: Floats | None = None) -> Floats:
        """Return the corrected scores of classes. Shape: [n, k], [n, m], [n, d] -> [n, k]."""
        scores = self.scale * log_probs + self.bias
        for lf, vote, added in zip(self.lf.tolist(), self.vote.tolist(), self.of_vote, strict=True):
            scores[np.equal(L[:, lf], vote)] += added
        if X is not None and self.of_text is not None:
            scores += X @ self.of_text
        return scores

    def to_saved(self) -> dict[str, Any]:
        """Return what `from_saved` takes, without the part for texts."""
        return {name: getattr(self, name) for name in ("scale", "bias", "lf", "vote", "of_vote")}

    @classmethod
    def from_saved(cls, saved: dict[str, Any], m: int, k: int) -> Self:
        """Restore it; damaged input is a KeyError, TypeError or ValueError."""
        lf, vote = (np.array(saved[name], dtype=np.int64) for name in ("lf", "vote"))
        bias, of_vote = (np.array(saved[name], dtype=np.float64) for name in ("bias", "of_vote"))
        restored = cls(float(saved["scale"]), bias, lf, vote, of_vote.reshape(len(lf), k))
        numbers = np.concatenate([[restored.scale], restored.bias, restored.of_vote.ravel()])
        in_range = ((lf >= 0) & (lf < m)).all() and ((vote >= 0) & (vote < k)).all()
        if bias.shape != (k,) or vote.shape != lf.shape or not in_range or not np.isfinite(numbers).all():
            raise ValueError("'gold' is not a correction for so many labeling functions and classes")
        return restored


def learn_correction(log_probs: Floats, gold: GoldVotes, X: Floats | None = None) -> GoldCorrection:
    """Learn from gold labels what to change of a label model's answers.

    It is a logistic regression on votes, and vectors of texts, that starts from the model's own log probabilities, with a
    normal prior around no change: with few gold labels little changes. As it is about the class of a row given its votes
    and text, it holds for rows that were chosen by these, such as the uncertain ones, as for rows drawn at random.

    Parameters
    ----------
    log_probs
        The model's, for the rows with gold, of a fit that has not seen their gold. Shape: [g, k].
    gold
        Votes and gold labels of these rows.
    X
        Vectors of their texts, of mean square 1 and mean 0 over all rows. Shape: [g, d].

    References
    ----------
    The normal prior is that of ridge logistic regression: le Cessie, van Houwelingen, Ridge Estimators in Logistic
    Regression, Applied Statistics 41, 1992.
    """
    from scipy.optimize import minimize

    g, k = log_probs.shape
    row, lf = np.nonzero(gold.L >= 0)
    cast, of_cast = np.unique(np.stack([lf, gold.L[row, lf]]), axis=1, return_inverse=True)
    votes = np.zeros((g, cast.shape[1]))
    votes[row, of_cast.ravel()] = _VOTE_SPREAD
    parts = [np.full((g, 1), _CLASS_SPREAD), votes]
    if X is not None:
        parts.append(X * _TEXT_SPREAD)
    features = np.hstack(parts)
    right = np.zeros((g, k))
    right[np.arange(g), gold.Y] = 1

    def loss(params: Floats) -> tuple[float, Floats]:
        scale, weights = np.exp(_SCALE_SPREAD * params[0]), params[1:].reshape(-1, k)
        scores = scale * log_probs + features @ weights
        top = scores.max(axis=1, keepdims=True)
        log_fitted = scores - top - np.log(np.exp(scores - top).sum(axis=1, keepdims=True))
        off = np.exp(log_fitted) - right
        slope = np.concatenate([[_SCALE_SPREAD * scale * (off * log_probs).sum()], (features.T @ off).ravel()])
        return float(-log_fitted[np.arange(g), gold.Y].sum() + params @ params / 2), slope + params

    params = minimize(loss, np.zeros(1 + features.shape[1] * k), jac=True, method="L-BFGS-B").x
    weights = params[1:].reshape(-1, k)
    n_cast = cast.shape[1]
    return GoldCorrection(
        float(np.exp(_SCALE_SPREAD * params[0])),
        _CLASS_SPREAD * weights[0],
        cast[0].astype(np.int64),
        cast[1].astype(np.int64),
        _VOTE_SPREAD * weights[1 : 1 + n_cast],
        None if X is None else _TEXT_SPREAD * weights[1 + n_cast :],
    )


def log_floored(probs: Probs) -> Floats:
    """Return the logarithm of probabilities, of which none is 0. Shape: [n, k]."""
    return np.asarray(np.log(with_doubt(probs, _DOUBT)))


def with_doubt(probs: Probs, share: float) -> Probs:
    """Return probabilities of which a share is that of the uniform guess. Shape: [n, k]."""
    return np.asarray((1 - share) * probs + share / probs.shape[1])
