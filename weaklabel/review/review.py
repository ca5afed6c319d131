"""A labeled corpus under review: browsing its rows, deciding on them, and estimating how good the labels are."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from weaklabel.corpus.batch import Batch
from weaklabel.decisions import Decision, DecisionLog, export_gold, now
from weaklabel.errors import ConfigError
from weaklabel.label_model import BaseLabelModel
from weaklabel.labels import ABSTAIN, Labels, Probs, label_index
from weaklabel.lf.packs import LFCollection
from weaklabel.review import spot_checks
from weaklabel.review.agreement import Agreement, agreement
from weaklabel.review.libraries import FOR_AGREEMENT, FOR_EXPLANATIONS, FOR_SUGGESTIONS, FOR_TEXTS, load_libraries
from weaklabel.review.packs.editor import Editor
from weaklabel.review.precision import PrecisionEstimate, precision
from weaklabel.review.query import Filter, Order, RowPage, Rows, find
from weaklabel.review.spot_checks import Sample, SampleKind
from weaklabel.review.state import ReviewSource, ReviewState, Snapshot, refitted
from weaklabel.review.views import LFLine, RowView, lf_lines, uses_models, view
from weaklabel.votes import Votes

if TYPE_CHECKING:
    from weaklabel.explain import RowExplanation
    from weaklabel.suggest import Suggestions

ALL_ROWS = Filter()


class Review:
    """A labeled corpus under review; made by `open_review`.

    Several threads may use it at once, and several processes may review the same folder: decisions of others are seen
    as soon as they are made. Fitting the label model or looking for suggestions blocks no other thread.

    Attributes
    ----------
    task
        "texts": whole texts have labels.
    state
        The corpus, the decisions on it, and the current snapshot.
    source
        What the review was opened from.
    title
        Name of the project, the run or the corpus.
    labels
        Class names. Length: k.
    texts
        The texts of the corpus. Length: n.
    folder
        Where decisions, spot checks and edited packs are kept.
    batch
        The corpus, as labeling functions see it.
    ledger
        The decisions on its rows.
    editor
        Edits pattern labeling functions.
    """

    state: ReviewState

    task = "texts"

    def __init__(self, source: ReviewSource, snapshot: Snapshot) -> None:
        self.state = state = ReviewState(source, snapshot)
        self.source = source
        self.title: str = source.title
        self.labels: tuple[str, ...] = state.labels
        self.folder: Path = state.folder
        self.batch: Batch = state.batch
        self.texts: list[str] = state.texts
        self.ledger = state.ledger
        self.editor: Editor = Editor(state)
        self._suggestions: tuple[Snapshot, int, Suggestions] | None = None
        self._drawing, self._fitting, self._suggesting = threading.Lock(), threading.Lock(), threading.Lock()
        self._asking = threading.Lock()

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.texts)

    @property
    def snapshot(self) -> Snapshot:
        """The current labeling functions, votes and labels."""
        return self.state.snapshot

    @property
    def lfs(self) -> LFCollection | None:
        """The labeling functions; None if there are none yet."""
        return self.snapshot.lfs

    @property
    def votes(self) -> Votes:
        """Their votes; L is [n, 0] if there are none."""
        return self.snapshot.votes

    @property
    def preds(self) -> Labels:
        """The label of each row by the label model, -1 for none. Shape: [n]."""
        return self.snapshot.preds

    @property
    def probs(self) -> Probs:
        """Probabilities of the classes, all NaN if there are none. Shape: [n, k]."""
        return self.snapshot.probs

    @property
    def model(self) -> BaseLabelModel | None:
        """The label model; None if there are no labeling functions."""
        return self.snapshot.model

    @property
    def is_stale(self) -> bool:
        """Whether labeling functions have changed since the label model was fitted; `relabel` fits it again."""
        return self.snapshot.is_stale

    @property
    def log(self) -> DecisionLog:
        """The decisions."""
        return self.source.workspace.log

    def query(
        self, filter: Filter = ALL_ROWS, order: Order = "row", offset: int = 0, limit: int = 50, seed: int = 0
    ) -> RowPage:
        """Find rows.

        Parameters
        ----------
        filter
            Conditions that the rows satisfy.
        order
            "row"; "confidence", the least certain first; "conflict", the most contradicted first; "teaching", first
            the row whose decision teaches a model most (see `weaklabel.review.teaching.Teaching`); or "random". Rows of
            a spot check come in the order of its draw.
        offset, limit
            Leave out so many rows, and give at most so many.
        seed
            Of the random order.

        Raises
        ------
        WeakLabelError
            The filter names something unknown, or offset or limit is negative.
        """
        if offset < 0 or limit < 0:
            raise ConfigError(f"offset and limit must be from 0 up, not {offset} and {limit}")
        drawn = None if filter.sample is None else self.get_sample(filter.sample).rows
        cluster = None if filter.cluster is None else self._cluster(filter.cluster)
        rows = find(self.state, filter, order, seed, drawn=drawn, cluster=cluster)
        return RowPage(rows[offset : offset + limit], len(rows))

    def row(self, n: int) -> RowView:
        """Return all information on a row; an unknown number is a `ConfigError`."""
        return self._view(self.snapshot, n)

    def explain(self, n: int) -> RowExplanation | None:
        """Explain the label of a row; None if there is no label model."""
        now = self.snapshot
        if now.model is None or now.lfs is None:
            return None
        load_libraries(*FOR_EXPLANATIONS, *(FOR_TEXTS if now.model.uses_texts else ()))
        from weaklabel.explain import explain_row

        seen = {vote.lf: vote for vote in self._view(now, n).votes}
        names = [name for name in now.model_lfs if name in seen]
        if len(names) < len(now.model_lfs):
            return None
        columns = [list(now.votes.lf_names).index(name) for name in names]
        reasons = [seen[name].reason for name in names]
        with self._asking:
            text = self.batch.model_texts[n]
            return explain_row(now.model, now.votes.L[n, columns], text, names, self.labels, reasons)

    def decide(
        self,
        row: int,
        label: str | None,
        reviewer: str,
        *,
        sample: str | None = None,
        note: str = "",
        adjudicates: bool = False,
    ) -> Decision:
        """Record the decision of a reviewer on a row; it is on the disk when this returns.

        Parameters
        ----------
        row
            Number in the corpus.
        label
            Class name; None withdraws the earlier decision of this reviewer.
        reviewer
            Name of the reviewer.
        sample
            Spot check that the row was drawn for.
        note
            A comment of the reviewer.
        adjudicates
            Whether the decision settles the text, whatever others decided.

        Raises
        ------
        WeakLabelError
            The row or class does not exist, the reviewer has no name, or the file cannot be written.
        """
        self._check_row(row)
        if label is not None:
            label_index(label, self.labels, f"decision on row {row}")
        if not reviewer.strip():
            raise ConfigError("a decision needs the name of a reviewer")
        key, who = self.ledger.hashes[row], reviewer.strip()
        decision = Decision(row, key, label, who, now(), sample, note, adjudicates=adjudicates)
        self.log.append(decision)
        return decision

    def gold(self) -> Labels:
        """Return the class of each row by an adjudication or by most reviewers, -1 if there is none. Shape: [n]."""
        return self.ledger.gold()

    def progress(self) -> dict[str, int]:
        """Return the number of different texts that each reviewer decided on, by name."""
        return self.ledger.progress()

    @property
    def hashes(self) -> list[str]:
        """Hashes of the texts, by which decisions refer to them. Length: n."""
        return self.ledger.hashes

    def rows_with(self, key: str) -> NDArray[np.int64]:
        """Return the rows whose text has this hash."""
        return np.array(self.ledger.rows_with(key), dtype=np.int64)

    def agreement(self) -> Agreement:
        """Return the agreement of reviewers."""
        load_libraries(*FOR_AGREEMENT)
        return agreement(self.log.decisions(), self.labels)

    def sample(self, kind: SampleKind = "random", n: int = 100, seed: int | None = 0) -> Sample:
        """Draw rows for a spot check and keep them; the same kind, number and seed give the same rows again.

        Without a ``seed``, one is taken that no other spot check has.

        Raises
        ------
        ConfigError
            The kind does not exist, or ``n`` is below 1.
        """
        with self._drawing:
            chosen = spot_checks.new_seed(self.folder) if seed is None else seed
            return spot_checks.draw_and_keep(self.state, kind, n, chosen)

    def get_sample(self, id: str) -> Sample:
        """Return a spot check that was drawn; an unknown id is a `ConfigError`."""
        return spot_checks.read(self.state, id)

    def samples(self) -> list[Sample]:
        """Return all spot checks that were drawn, by id."""
        return [spot_checks.read(self.state, id) for id in spot_checks.ids(self.folder)]

    def precision(self, sample: Sample | str) -> PrecisionEstimate:
        """Estimate the precision of the labels from the decided rows of a spot check."""
        drawn = self.get_sample(sample) if isinstance(sample, str) else sample
        return precision(drawn, self.preds, self.gold(), self.labels)

    def lf_table(self) -> list[LFLine]:
        """Return statistics of every labeling function, with its precision on decided rows. Length: m."""
        return lf_lines(self.snapshot, self.labels, self.gold())

    def suggestions(self, n: int = 10) -> Suggestions:
        """Return suggestions; computed again after labeling functions, labels or decisions have changed."""
        load_libraries(*FOR_SUGGESTIONS)
        from weaklabel.suggest import suggest_lfs

        with self._suggesting:
            now, decisions, last = self.snapshot, len(self.log.decisions()), self._suggestions
            if last is not None and last[:2] == (now, decisions):
                return last[2]
            gold, seed = self.gold(), self.source.seed
            known_gold = gold if (gold != ABSTAIN).any() else None
            suggestions = suggest_lfs(self.texts, now.votes, now.probs, self.labels, n=n, seed=seed, gold=known_gold)
            self._suggestions = (now, decisions, suggestions)
            return suggestions

    @property
    def last_suggestions(self) -> Suggestions | None:
        """The last result of `suggestions`; None before the first call."""
        last = self._suggestions
        return None if last is None else last[2]

    def relabel(self) -> None:
        """Fit the label model again on the current votes, and keep its labels.

        Labeling functions saved in the meantime are used the next time.

        Raises
        ------
        WeakLabelError
            There are no labeling functions, the label model cannot be fitted on their votes, or another process has changed
            labeling functions of this review.
        """
        with self._fitting:
            before = self.snapshot
            read = self.batch.model_texts
            fitted = refitted(before, self.source.settings, self.source.seed, self.labels, read)
            with self.state.lock, self.source.workspace.changing():
                now = self.snapshot
                self.state.snapshot = replace(
                    fitted, lfs=now.lfs, votes=now.votes, is_stale=now.votes is not before.votes
                )
                self.source.keep(self.snapshot, labels=True)

    def export_gold(self) -> str:
        """Return the decided texts, with their entities marked if they have any, as CSV: text, label, reviewers."""
        return export_gold(self.log.decisions(), self.batch.model_texts, self.labels)

    def _cluster(self, number: int) -> Rows:
        """Return the rows of a cluster of uncovered rows, as the suggestions number them."""
        # The clusters that were shown last: others would have other numbers.
        clusters = (self.last_suggestions or self.suggestions()).clusters
        if not 0 <= number < len(clusters):
            raise ConfigError(f"cluster {number} does not exist; there are {len(clusters)} clusters, counted from 0")
        return np.array(clusters[number].rows, dtype=np.int64)

    def _view(self, now: Snapshot, n: int) -> RowView:
        self._check_row(n)
        # Parsers and encoders serve one thread at a time.
        with self._asking if uses_models(now.lfs) else nullcontext():
            return view(now, self.batch, n, self.labels, self.ledger.of_row(n), int(self.gold()[n]))

    def _check_row(self, row: int) -> None:
        if not 0 <= row < len(self):
            raise ConfigError(f"row {row} does not exist; the corpus has {len(self)} rows, counted from 0")
