"""Active learning: which row to decide on next, by a linear model of the decisions so far."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.encoder.lsa import new_tfidf
from weaklabel.labels import ABSTAIN, Labels, Probs


class Teaching:
    """Rates the rows of a corpus by how much a decision on them teaches.

    A linear model on TF-IDF of words and pairs of words is fitted on the decided rows, which takes milliseconds. A row is worth
    its uncertainty: one minus the margin between its two most probable classes. Rows of which nothing is known come in a random
    order.

    Parameters
    ----------
    texts
        The texts of the corpus. Length: n.

    References
    ----------
    Settles, "Active Learning Literature Survey", 2009: uncertainty by margin.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._lock = threading.Lock()
        self._vectors: Any = None

    def worth(self, gold: Labels, probs: Probs) -> NDArray[np.float64]:
        """Return what a decision on each row is worth, from 0 up; -1 for rows that are decided.

        Parameters
        ----------
        gold
            Decided classes, -1 for none. Shape: [n].
        probs
            Probabilities by the label model, which tell how uncertain rows are until two classes are decided; NaN if there are
            none. Shape: [n, k].

        Returns
        -------
        array
            Shape: [n].
        """
        with self._lock:
            if self._vectors is None:
                self._learn()
            X = self._vectors
        ties = np.random.default_rng(0).random(len(gold)) * 1e-9
        return np.where(gold != ABSTAIN, -1.0, _uncertainty(_fitted(X, gold, probs)) + ties)

    def _learn(self) -> None:
        """Count words; of texts without any, all rows are alike."""
        from scipy.sparse import csr_matrix

        try:
            X = new_tfidf((1, 2)).fit_transform(self._texts)
        except ValueError:
            X = csr_matrix((len(self._texts), 0))
        self._vectors = X


def _fitted(X: Any, gold: Labels, probs: Probs) -> Probs:
    """Return probabilities by a model of the decisions; those of the label model until two classes are decided."""
    from sklearn.linear_model import LogisticRegression

    rows = np.flatnonzero(gold != ABSTAIN)
    if len(np.unique(gold[rows])) < 2 or not X.shape[1]:
        return probs
    model = LogisticRegression(C=10.0, max_iter=300).fit(X[rows], gold[rows])
    fitted: Probs = model.predict_proba(X)
    return fitted


def _uncertainty(probs: Probs) -> NDArray[np.float64]:
    """Return one minus the margin between the two most probable classes; 1 where nothing is known. Shape: [n, k] -> [n]."""
    if probs.shape[1] < 2:
        return np.ones(len(probs))
    highest = np.sort(np.nan_to_num(probs), axis=1)[:, -2:]
    return 1.0 - (highest[:, 1] - highest[:, 0])
