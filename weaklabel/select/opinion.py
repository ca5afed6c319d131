"""Selection by a second opinion: a logistic regression on the vectors of other rows."""

from __future__ import annotations

import numpy as np

from weaklabel.classifier.denoising import FOLDS
from weaklabel.encoder.inference import softmax
from weaklabel.labels import Probs
from weaklabel.select.base import Floats, LabeledRows, Selector
from weaklabel.select.head import LinearHead
from weaklabel.support.progress import stage

COMPONENTS = 256
"""Principal components for the second opinion: more than the proxy model needs, as each row is judged by itself."""


def second_opinion(rows: LabeledRows, seed: int) -> Probs:
    """Return class probabilities of each row by a classifier that was fitted on the labels of other rows."""
    targets = np.eye(rows.k)[rows.labels]
    if len(rows) < FOLDS:
        return np.tile(targets.mean(axis=0), (len(rows), 1))
    part = np.random.default_rng(seed).permutation(len(rows)) % FOLDS
    head, opinion = LinearHead(rows.features, COMPONENTS), np.empty((len(rows), rows.k))
    with stage("asking for a second opinion", FOLDS, "folds") as progress:
        for fold in range(FOLDS):
            is_fold = part == fold
            coefs = head.fit(targets, ~is_fold)
            opinion[is_fold] = head.predict_proba(coefs, head.inputs[is_fold])
            progress.advance()
    return opinion


class SmallLoss(Selector):
    """Rows whose label a classifier predicts best that was fitted on other rows only.

    Parameters
    ----------
    seed
        Of the split into folds; see `Selector`.

    References
    ----------
    Rows of small loss as rows with right labels: Han et al., "Co-teaching", NeurIPS 2018; out of fold, as in confident
    learning: Northcutt, Jiang and Chuang, JAIR 2021.
    """

    def _score(self, rows: LabeledRows) -> Floats:
        return rows.of_label(second_opinion(rows, self.seed))


class Agreement(Selector):
    """Rows on whose label the label model and a classifier, fitted on other rows, agree most.

    The score is the product of both probabilities, scaled to sum to 1 over the classes.

    Parameters
    ----------
    seed
        Of the split into folds; see `Selector`.
    """

    def _score(self, rows: LabeledRows) -> Floats:
        both = rows.probs * second_opinion(rows, self.seed)
        total = both.sum(axis=1, keepdims=True)
        return rows.of_label(np.divide(both, total, out=np.zeros_like(both), where=total > 0))


class Forgetting(Selector):
    """Rows that a linear classifier learns early in its training and never forgets.

    It is trained by gradient descent in small batches. After each epoch it is noted which rows it gets right; a row that it
    got right before and gets wrong now is forgotten. First come rows that were never forgotten, those that were right in
    most epochs before the others.

    Parameters
    ----------
    epochs
        From 2.
    batch_size
        Rows of a step, from 1.
    lr
        Learning rate, above 0.
    seed
        Of the order of rows; see `Selector`.

    References
    ----------
    Toneva et al., "An empirical study of example forgetting during deep neural network learning", ICLR 2019.
    """

    def __init__(self, epochs: int = 10, batch_size: int = 64, lr: float = 2.0, seed: int = 0) -> None:
        super().__init__(seed)
        self.epochs = epochs
        self.batch_size = batch_size
        self.lr = lr

    def _score(self, rows: LabeledRows) -> Floats:
        X = np.asarray(rows.features, dtype=np.float64)
        X = X - X.mean(axis=0)
        X /= float(np.sqrt((X**2).sum(axis=1).mean())) or 1.0
        weights, bias = np.zeros((X.shape[1], rows.k)), np.zeros(rows.k)
        targets, rng = np.eye(rows.k)[rows.labels], np.random.default_rng(self.seed)
        before, forgotten, right = np.zeros(len(X), bool), np.zeros(len(X)), np.zeros(len(X))
        with stage("noting what is forgotten", self.epochs, "epochs") as progress:
            for _ in range(self.epochs):
                order = rng.permutation(len(X))
                for start in range(0, len(X), self.batch_size):
                    batch = order[start : start + self.batch_size]
                    error = (softmax(X[batch] @ weights + bias) - targets[batch]) / len(batch)
                    weights -= self.lr * (X[batch].T @ error)
                    bias -= self.lr * error.sum(axis=0)
                now = (X @ weights + bias).argmax(axis=1) == rows.labels
                forgotten += before & ~now
                right += now
                before = now
                progress.advance()
        return -forgotten + right / (self.epochs + 1)
