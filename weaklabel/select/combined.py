"""Several selectors at once, and selection by the length of texts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from weaklabel.errors import SelectionError
from weaklabel.select.base import Floats, LabeledRows, Selector


class TypicalLength(Selector):
    """Rows whose text is about as long as most: neither fragments nor documents among messages.

    The score is the distance of the logarithm of the length in characters from the median, in median absolute deviations.

    Parameters
    ----------
    seed
        See `Selector`.
    """

    needs_texts = True
    needs_features = False

    def _score(self, rows: LabeledRows) -> Floats:
        assert rows.texts is not None
        lengths = np.log1p(np.array([len(text) for text in rows.texts], dtype=np.float64))
        apart = np.abs(lengths - np.median(lengths))
        return -apart / (float(np.median(apart)) or 1.0)


class Combined(Selector):
    """Rows that several selectors rank high: by the mean of their ranks.

    Parameters
    ----------
    methods
        Names of selectors, see ``SELECTORS`` in `weaklabel.registries`.
    seed
        Handed to each; see `Selector`.
    """

    def __init__(self, methods: Sequence[str] = ("confidence", "cut", "loss"), seed: int = 0) -> None:
        super().__init__(seed)
        self.methods = methods

    def _score(self, rows: LabeledRows) -> Floats:
        from scipy.stats import rankdata

        from weaklabel.registries import SELECTORS

        if not self.methods or "combined" in self.methods:
            raise SelectionError("combined needs names of other selectors (methods)")
        ranks = np.zeros(len(rows))
        for method in self.methods:
            selector = SELECTORS[method](seed=self.seed)
            ranks += rankdata(selector.fit(rows.features, rows.labels, rows.probs, texts=rows.texts).scores_)
        return ranks / len(self.methods)
