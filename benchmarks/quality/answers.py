"""What a label model, ours or a peer, says of the rows that are scored; the same conventions for all."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from weaklabel.label_model.base import BaseLabelModel
from weaklabel.label_model.preds import break_ties
from weaklabel.labels import ABSTAIN, Labels, Probs, VoteArray


@dataclass(frozen=True)
class Predictions:
    """Probabilities of train rows and of scored rows, NaN where there are none, and seconds that fitting took."""

    train: Probs
    scored: Probs
    fit_seconds: float


@dataclass(frozen=True)
class Answers:
    """A class and probabilities for each scored row, and the share of rows that the model itself had an answer for."""

    preds: Labels
    probs: Probs
    coverage: float


def fit_and_predict(
    model: BaseLabelModel,
    L_train: VoteArray,
    L_scored: VoteArray,
    texts_train: Sequence[str] | None = None,
    texts_scored: Sequence[str] | None = None,
) -> Predictions:
    """Fit one of our label models on train votes, and texts if it uses them; no gold is seen."""
    began = time.perf_counter()
    model.fit(L_train, texts=texts_train)
    seconds = time.perf_counter() - began
    train = model.predict_proba(L_train, texts=texts_train)
    return Predictions(train, model.predict_proba(L_scored, texts=texts_scored), seconds)


def complete(predictions: Predictions, L_train: VoteArray, L_scored: VoteArray, seed: int) -> Answers:
    """Turn probabilities into an answer for every row.

    Ties are broken by a hash of the row's votes and the seed. A row without probabilities gets the class that the model
    gives to most train rows, and the mean of the train rows' probabilities.
    """
    preds, probs = break_ties(predictions.scored, L_scored, "random", seed), predictions.scored.copy()
    silent = preds == ABSTAIN
    if silent.any():
        train = break_ties(predictions.train, L_train, "random", seed)
        if (train == ABSTAIN).all():
            raise ValueError("the model labels no train row, so there is nothing to give to rows without a vote")
        preds[silent] = np.bincount(train[train != ABSTAIN]).argmax()
        probs[silent] = np.nanmean(predictions.train, axis=0)
    return Answers(preds, probs, float(1 - silent.mean()))
