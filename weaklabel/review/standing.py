"""How a corpus stands: labeling functions, their votes, what the label model makes of them, and facts of every row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from weaklabel.config import LabelModelSettings, LFSettings
from weaklabel.errors import ConfigError
from weaklabel.job import LabelOptions, label_corpus
from weaklabel.label_model import BaseLabelModel
from weaklabel.label_model.named import make_label_model
from weaklabel.labels import ABSTAIN, Labels, Probs
from weaklabel.lf.packs import LFCollection
from weaklabel.review.libraries import FOR_TEXTS, load_libraries
from weaklabel.votes import Votes

if TYPE_CHECKING:
    from weaklabel.review.source import Source


@dataclass(frozen=True, eq=False)
class Standing:
    """How a corpus stands at one moment; whatever changes it makes another one.

    Attributes
    ----------
    lfs
        The labeling functions; None where there are none yet.
    votes
        What they say; L is [n, 0] where there are none.
    model
        The label model; None where there are no labeling functions.
    preds, probs
        What the label model says. Shape: [n], [n, k].
    model_lfs
        Names of the labeling functions that the label model was fitted on.
    is_stale
        Whether labeling functions have changed since.
    """

    lfs: LFCollection | None
    votes: Votes
    model: BaseLabelModel | None
    preds: Labels
    probs: Probs
    model_lfs: tuple[str, ...]
    is_stale: bool = False

    @cached_property
    def confidence(self) -> NDArray[np.float64]:
        """Probability of each row's most probable class; NaN where there is none. Shape: [n]."""
        silent = np.isnan(self.probs).all(axis=1)
        return np.where(silent, np.nan, np.nan_to_num(self.probs).max(axis=1, initial=0.0))

    @cached_property
    def covered(self) -> NDArray[np.bool_]:
        """Whether any labeling function votes on each row. Shape: [n]."""
        return self._of_rows(self._counts.sum(axis=1) > 0)

    @cached_property
    def conflict(self) -> NDArray[np.int64]:
        """Number of votes on each row for other classes than the one with the most votes. Shape: [n]."""
        return self._of_rows(self._counts.sum(axis=1) - self._counts.max(axis=1, initial=0))

    @cached_property
    def _counts(self) -> NDArray[np.int64]:
        """Votes for each class of each pattern. Shape: [u, k]."""
        patterns = self.votes.patterns().patterns
        counts = np.zeros((len(patterns), self.votes.cardinality), dtype=np.int64)
        for votes in patterns.T:
            voting = np.flatnonzero(votes != ABSTAIN)
            counts[voting, votes[voting]] += 1
        return counts

    def _of_rows(self, of_patterns: NDArray[Any]) -> NDArray[Any]:
        return of_patterns[self.votes.patterns().rows()]


def refitted(
    now: Standing, settings: LabelModelSettings, seed: int, labels: Sequence[str], texts: Sequence[str]
) -> Standing:
    """Return the standing with a label model that was fitted on the votes as they are.

    Raises
    ------
    WeakLabelError
        There are no labeling functions, or the label model cannot be fitted on their votes.
    """
    if now.lfs is None:
        raise ConfigError("there are no labeling functions to label by; add one first")
    model = make_label_model(settings, len(labels), seed)
    if model.uses_texts:
        load_libraries(*FOR_TEXTS)
    patterns, read = now.votes.patterns(), texts if model.uses_texts else None
    preds, probs = model.fit(patterns, read).predict(patterns, return_probs=True, texts=read)
    return Standing(now.lfs, now.votes, model, preds, probs, now.lfs.names)


def label_now(source: Source, lfs: LFCollection, how: LFSettings, progress: bool) -> Standing:
    """Let labeling functions vote, and fit a label model on that."""
    options = LabelOptions(source.settings, source.seed, None, error_budget=how.error_budget, workers=how.workers)
    labelled = label_corpus(source.corpus, lfs, options, progress=progress)
    return Standing(lfs, labelled.votes, labelled.model, labelled.preds, labelled.probs, lfs.names)
