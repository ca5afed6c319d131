"""The state of a review: what it was opened from, the current labels, and what its parts share."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from weaklabel.config import LabelModelSettings, LFSettings
from weaklabel.corpus import Corpus
from weaklabel.corpus.batch import Batch
from weaklabel.errors import ConfigError
from weaklabel.job import LabelOptions, label_corpus
from weaklabel.label_model import BaseLabelModel
from weaklabel.label_model.doubts import naming
from weaklabel.label_model.named import make_label_model
from weaklabel.labels import ABSTAIN, Labels, Probs
from weaklabel.lf.packs import LFCollection
from weaklabel.review.ledger import Ledger
from weaklabel.review.libraries import FOR_TEACHING, FOR_TEXTS, load_libraries
from weaklabel.review.teaching import Teaching
from weaklabel.review.workspace import Workspace, pack_hashes
from weaklabel.votes import Votes


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Labeling functions, votes and labels at one moment; a change makes another snapshot.

    Attributes
    ----------
    lfs
        The labeling functions; None if there are none yet.
    votes
        Their votes; L is [n, 0] if there are none.
    model
        The label model; None if there are no labeling functions.
    preds, probs
        The predictions of the label model. Shape: [n], [n, k].
    model_lfs
        Names of the labeling functions that the label model was fitted on.
    is_stale
        Whether labeling functions have changed since then.
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
        """Probability of each row's most probable class; NaN if there is none. Shape: [n]."""
        unlabeled = np.isnan(self.probs).all(axis=1)
        return np.where(unlabeled, np.nan, np.nan_to_num(self.probs).max(axis=1, initial=0.0))

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


@dataclass(frozen=True, eq=False)
class ReviewSource:
    """What a review was opened from.

    Attributes
    ----------
    title
        The title.
    workspace
        The folder of the review.
    corpus, labels
        The corpus, and the class names.
    settings, seed
        Of the label model.
    use
        Packs that the project names.
    base
        Hash of the run's manifest; "" if it is not a run.
    home
        Folder of the project file, or else of the corpus; None if unknown.
    """

    title: str
    workspace: Workspace
    corpus: Corpus
    labels: tuple[str, ...]
    settings: LabelModelSettings
    seed: int
    use: tuple[str, ...]
    base: str
    home: Path | None

    def keep(self, snapshot: Snapshot, labels: bool = False) -> None:
        """Write the votes, and new labels, into the review's folder, so that the next opening has them."""
        workspace = self.workspace
        workspace.save_votes(snapshot.votes)
        # Labels that were kept for an earlier run must not be taken for those of this one.
        if snapshot.model is not None and (labels or workspace.state.base != self.base):
            workspace.save_labels(snapshot.model, snapshot.preds, snapshot.probs)
        workspace.write(
            replace(
                workspace.state,
                base=self.base,
                corpus=self.corpus.sha256(),
                packs=() if snapshot.lfs is None else pack_hashes(snapshot.lfs),
                model_lfs=snapshot.model_lfs,
                is_stale=snapshot.is_stale,
            )
        )


class ReviewState:
    """What the parts of a review share; several threads may use it at once.

    Attributes
    ----------
    source
        What the review was opened from.
    snapshot
        Labeling functions, votes and labels of snapshot. It is never changed in place: whoever changes something puts another
        snapshot here, under ``lock``; whoever reads takes it once.
    lock
        Held while the snapshot is replaced.
    labels
        Class names. Length: k.
    folder
        Where decisions, spot checks and edited packs are kept.
    batch
        The corpus, as labeling functions see it.
    texts
        The texts of the corpus. Length: n.
    ledger
        The decisions on its rows.
    """

    def __init__(self, source: ReviewSource, snapshot: Snapshot) -> None:
        self.source = source
        self.snapshot = snapshot
        self.lock = threading.RLock()
        self.labels: tuple[str, ...] = source.labels
        self.folder: Path = source.workspace.path
        self.batch: Batch = source.corpus.batch(source.corpus.frame())
        self.texts: list[str] = self.batch.texts
        # One sentence may hold several pairs of entities; a decision on one pair does not apply to the others.
        self.ledger: Ledger = Ledger(source.workspace.log, self.batch.model_texts, self.labels)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.texts)

    @cached_property
    def _teaching(self) -> Teaching:
        return Teaching(self.batch.model_texts)

    def teaching_worth(self, snapshot: Snapshot) -> NDArray[np.float64]:
        """Return how much a decision on each row teaches, -1 where there is one; see `Teaching.worth`. Shape: [n]."""
        load_libraries(*FOR_TEACHING)
        return self._teaching.worth(self.ledger.gold(), snapshot.probs)

    @cached_property
    def lower_texts(self) -> pl.Series:
        """The texts in lower case, to search in. Length: n."""
        return pl.Series(self.texts, dtype=pl.String).str.to_lowercase()


def refitted(
    snapshot: Snapshot, settings: LabelModelSettings, seed: int, labels: Sequence[str], texts: Sequence[str]
) -> Snapshot:
    """Return a snapshot with the same votes and a label model fitted on them.

    Raises
    ------
    WeakLabelError
        There are no labeling functions, or the label model cannot be fitted on their votes.
    """
    if snapshot.lfs is None:
        raise ConfigError("there are no labeling functions; add one first")
    model = make_label_model(settings, len(labels), seed)
    if model.uses_texts:
        load_libraries(*FOR_TEXTS)
    patterns, read = snapshot.votes.patterns(), texts if model.uses_texts else None
    with naming(snapshot.lfs.names, labels):
        model.fit(patterns, read)
    preds, probs = model.predict(patterns, return_probs=True, texts=read)
    return Snapshot(snapshot.lfs, snapshot.votes, model, preds, probs, snapshot.lfs.names)


def label_now(source: ReviewSource, lfs: LFCollection, how: LFSettings, progress: bool) -> Snapshot:
    """Apply labeling functions, and fit a label model on the votes."""
    options = LabelOptions(source.settings, source.seed, None, error_budget=how.error_budget, workers=how.workers)
    labeled = label_corpus(source.corpus, lfs, options, progress=progress)
    return Snapshot(lfs, labeled.votes, labeled.model, labeled.preds, labeled.probs, lfs.names)
