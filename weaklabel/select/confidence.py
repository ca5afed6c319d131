"""Selection by the probabilities of the label model, and the baseline: rows at random."""

from __future__ import annotations

import numpy as np

from weaklabel.select.base import Floats, LabeledRows, Selector


class RandomRows(Selector):
    """Rows in random order: what every other selector has to beat.

    Parameters
    ----------
    seed
        Of the order.
    """

    needs_features = False

    def _score(self, rows: LabeledRows) -> Floats:
        return np.random.default_rng(self.seed).random(len(rows))


class Confidence(Selector):
    """Rows whose label is most probable by the label model.

    Parameters
    ----------
    seed
        See `Selector`.
    """

    needs_features = False

    def _score(self, rows: LabeledRows) -> Floats:
        return rows.of_label(rows.probs)


class Margin(Selector):
    """Rows whose label is more probable than every other class by the largest margin.

    Parameters
    ----------
    seed
        See `Selector`.
    """

    needs_features = False

    def _score(self, rows: LabeledRows) -> Floats:
        others = rows.probs.copy()
        others[np.arange(len(rows)), rows.labels] = -np.inf
        best = others.max(axis=1)
        return rows.of_label(rows.probs) - np.where(np.isfinite(best), best, 0)
