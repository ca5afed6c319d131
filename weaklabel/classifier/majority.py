"""The baseline that does not read the texts: always the majority class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weaklabel.classifier.base import Classifier
from weaklabel.classifier.targets import check_texts, class_names, soft_targets
from weaklabel.labels import Probs


class MajorityClassifier(Classifier):
    """Predicts the weighted class shares of its training labels for every text: a classifier must be better than this.

    Parameters
    ----------
    labels
        Class names; by default ``class_0``, ``class_1``, ...

    Attributes
    ----------
    shares_ : array
        Weighted share of each class. Shape: [k].

    Examples
    --------
    >>> MajorityClassifier(labels=("ham", "spam")).fit(["hi", "win!", "lunch?"], [0, 1, 0]).predict(["hello"])
    array([0])
    """

    shares_: NDArray[np.float64]

    def __init__(self, labels: Sequence[str] | None = None) -> None:
        self.labels = labels

    def fit(
        self,
        texts: Sequence[str],
        y: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        validation: tuple[Sequence[str], ArrayLike] | None = None,
    ) -> Self:
        """Take the class shares of the rows with a vote; see `Classifier.fit`. One class alone is fine here."""
        names = class_names(self.labels, y)
        self.shares_ = soft_targets(len(check_texts(texts)), y, names, sample_weight).shares()
        return self._set_fitted(names, y)

    def predict_proba(self, texts: Sequence[str]) -> Probs:
        """Return the class shares for every text. Shape: [n] -> [n, k]."""
        self._fitted_labels()
        return np.tile(self.shares_, (len(check_texts(texts)), 1))

    def _write(self, folder: Path) -> dict[str, Any]:
        return {"shares": self.shares_.tolist()}

    def _read(self, folder: Path, state: dict[str, Any]) -> None:
        shares = np.array(state["shares"], dtype=np.float64)
        if shares.shape != (len(self.labels_),) or not ((shares >= 0).all() and abs(shares.sum() - 1) < 1e-6):
            raise ValueError(f"'shares' is not one share for each of {len(self.labels_)} classes, 1 in sum")
        self.shares_ = shares
