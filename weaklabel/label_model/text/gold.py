"""Gold labels of a sample of texts: sure labels of these rows, and what they change of all others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from weaklabel.label_model.gold import GoldCorrection, GoldVotes, learn_correction
from weaklabel.label_model.text.discriminant import normalised
from weaklabel.label_model.text.reader import TextSample
from weaklabel.labels import ABSTAIN, Probs

Floats = NDArray[np.float64]


class SampleGold:
    """The rows of a sample that have gold; without any, nothing is changed.

    Parameters
    ----------
    sample
        Rows with votes and texts.
    X
        Vectors of the texts. Shape: [s, d].
    cardinality
        Number of classes.
    use_votes
        Whether votes may be corrected, besides the class of a text.
    """

    def __init__(self, sample: TextSample, X: Floats, cardinality: int, use_votes: bool = True) -> None:
        gold = sample.gold_votes()
        self._rows = np.empty(0, np.int64) if sample.gold is None else np.flatnonzero(sample.gold != ABSTAIN)
        self._sure = np.eye(cardinality)[[] if gold is None else gold.Y]
        self.votes = gold
        if gold is None:
            return
        self._gold = gold if use_votes else GoldVotes(np.full_like(gold.L, ABSTAIN), gold.Y)
        self._mean = X.mean(axis=0)
        self._spread = max(float(np.sqrt(((X - self._mean) ** 2).sum(axis=1).mean())), 1e-9)
        self._vectors = (X[self._rows] - self._mean) / self._spread

    def votes_of(self, lfs: NDArray[np.bool_]) -> GoldVotes | None:
        """Return the rows with gold and the votes of some labeling functions. Shape: [m] -> [g, chosen]."""
        return self.votes and GoldVotes(np.asfortranarray(self.votes.L[:, lfs]), self.votes.Y)

    def given(self, labels: Probs) -> Probs:
        """Return labels in which rows with gold have it. Shape: [s, k]."""
        if self.votes is None:
            return labels
        labels = labels.copy()
        labels[self._rows] = self._sure
        return labels

    def known(self, covered: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return the rows that have a label before texts are read: by votes, or gold. Shape: [s]."""
        covered = covered.copy()
        covered[self._rows] = True
        return covered

    def learn(self, scores: Floats) -> GoldCorrection:
        """Learn the correction of scores of classes, which must not come from a text's own label. Shape: [s, k]."""
        learned = learn_correction(normalised(scores[self._rows]), self._gold, self._vectors)
        assert learned.of_text is not None
        of_text = learned.of_text / self._spread
        return replace(learned, of_text=of_text, bias=learned.bias - self._mean @ of_text)
