"""A corpus with spans under review: browsing its texts, correcting their spans, and completing texts."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from weaklabel.corpus.batch import TEXT, Batch
from weaklabel.decisions import Decision, DecisionLog, now
from weaklabel.errors import ConfigError, CorpusError
from weaklabel.labels import NOT_ENTITY
from weaklabel.lf.packs import LFCollection
from weaklabel.lf.spans.reasons import span_reason
from weaklabel.review.query import Order, RowPage
from weaklabel.review.spans.agreement import SpanAgreement, span_agreement
from weaklabel.review.spans.ledger import SpanLedger
from weaklabel.review.spans.proposing import propose
from weaklabel.review.spans.query import SpanFilter, find_rows
from weaklabel.review.spans.state import SpanSnapshot
from weaklabel.review.spans.views import ProposedSpan, SpanRowView, SpanVoteView
from weaklabel.review.state import ReviewSource
from weaklabel.review.views import uses_models
from weaklabel.units import SPANS, Spans, overlapping, read_spans
from weaklabel.votes.spans import SpanVotes

ALL_TEXTS = SpanFilter()

MOST_REASONS = 40
"""Votes of a row up to which each is explained; each takes a call of its labeling function."""


class SpanReview:
    """A corpus with spans under review; made by `open_review`.

    Several threads may use it at once, and several processes may review the same folder: decisions of others are seen
    as soon as they are made.

    Attributes
    ----------
    task
        "spans".
    source
        What the review was opened from.
    title
        Name of the project, the run or the corpus.
    labels
        Names of the labels. Length: k.
    texts
        The texts of the corpus. Length: n.
    folder
        Where decisions and edited packs are kept.
    batch
        The corpus, as labeling functions see it.
    ledger
        The decisions on its rows.
    lock
        Held while the snapshot is replaced.
    """

    task = "spans"

    def __init__(self, source: ReviewSource, snapshot: SpanSnapshot) -> None:
        self.source = source
        self.snapshot: SpanSnapshot = snapshot
        self.lock = threading.RLock()
        self._asking, self._fitting = threading.Lock(), threading.Lock()
        self.title: str = source.title
        self.labels: tuple[str, ...] = source.labels
        self.folder: Path = source.workspace.path
        self.batch: Batch = source.corpus.batch(source.corpus.frame())
        self.texts: list[str] = self.batch.texts
        self.ledger: SpanLedger = SpanLedger(source.workspace.log, self.texts, self.labels)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.texts)

    @property
    def lfs(self) -> LFCollection | None:
        """The labeling functions; None if there are none."""
        return self.snapshot.lfs

    @property
    def votes(self) -> SpanVotes | None:
        """What they marked; None if there are none."""
        return self.snapshot.votes

    @property
    def spans(self) -> Spans:
        """The proposed spans, in code points."""
        return self.snapshot.spans

    @property
    def is_stale(self) -> bool:
        """Whether labeling functions have changed since spans were proposed."""
        return self.snapshot.is_stale

    @property
    def all_labels(self) -> tuple[str, ...]:
        """Names of all labels that a vote may have: the labels, then the inner ones of a hierarchy."""
        return self.labels if self.votes is None else self.votes.all_labels

    @cached_property
    def is_nested(self) -> bool:
        """Whether proposed spans overlap, so that those of a reviewer may overlap, too."""
        return bool(overlapping(self.spans).any())

    @property
    def log(self) -> DecisionLog:
        """The decisions."""
        return self.source.workspace.log

    @cached_property
    def _lower_texts(self) -> pl.Series:
        return pl.Series(self.texts, dtype=pl.String).str.to_lowercase()

    def query(
        self, filter: SpanFilter = ALL_TEXTS, order: Order = "row", offset: int = 0, limit: int = 50, seed: int = 0
    ) -> RowPage:
        """Find rows.

        Parameters
        ----------
        filter
            Conditions that the rows satisfy.
        order
            "row"; "confidence", those with the least sure span first; "conflict", those with the most votes that conflict
            first; or "random".
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
        rows = find_rows(self.snapshot, self.ledger, self._lower_texts, self.all_labels, filter, order, seed)
        return RowPage(rows[offset : offset + limit], len(rows))

    def row(self, n: int) -> SpanRowView:
        """Return all information on a row; an unknown number is a `ConfigError`."""
        self._check_row(n)
        snapshot, labels = self.snapshot, self.all_labels
        (columns,) = self.batch.part(n, n + 1).frame.to_dicts()
        some = slice(*np.searchsorted(snapshot.spans.row, [n, n + 1]).tolist())
        probs = [None if np.isnan(prob) else prob for prob in snapshot.probs[some].tolist()]
        spans = tuple(
            ProposedSpan(begin, end, labels[label], prob)
            for (begin, end, label), prob in zip(snapshot.spans.of_row(n), probs, strict=True)
        )
        votes, silent = [], []
        names = () if snapshot.votes is None else snapshot.votes.lf_names
        for name, marked, negative in zip(names, snapshot.voted, snapshot.negatives, strict=True):
            own = [SpanVoteView(name, begin, end, labels[label]) for begin, end, label in marked.of_row(n)]
            own += [SpanVoteView(name, begin, end, None) for begin, end, _ in negative.of_row(n)]
            votes += own
            if not own:
                silent.append(name)
        votes.sort(key=lambda vote: (vote.begin, vote.end))
        text = columns.pop(TEXT) or ""
        columns.pop(SPANS, None)  # shown as marks
        votes = self._with_reasons(n, votes)
        gold = self.ledger.gold_spans().get(n)
        return SpanRowView(n, text, columns, spans, tuple(votes), tuple(silent), self.ledger.of_row(n), gold)

    def _with_reasons(self, n: int, votes: list[SpanVoteView]) -> list[SpanVoteView]:
        """Say why labeling functions marked what they did, of a row with few votes."""
        lfs = self.lfs
        if lfs is None or len(votes) > MOST_REASONS:
            return votes
        # Those that read others, or a whole corpus, cannot be asked about a row alone.
        alone = {lf.name: lf for lf in lfs if not lf.reads and not getattr(lf, "surveys", False)}
        batch, number = self.batch.part(n, n + 1), {name: at for at, name in enumerate(self.all_labels)}
        number_of = lambda label: NOT_ENTITY if label is None else number[label]  # noqa: E731
        with self._asking if uses_models(lfs) else nullcontext():
            return [
                replace(
                    vote,
                    reason=span_reason(alone[vote.lf], batch, 0, (vote.begin, vote.end, number_of(vote.label))).text,
                )
                if vote.lf in alone
                else vote
                for vote in votes
            ]

    def relabel(self) -> None:
        """Propose the spans that the label model gives to the current votes.

        Raises
        ------
        WeakLabelError
            There are no labeling functions, or the label model cannot be fitted on their votes.
        """
        with self._fitting:
            before = self.snapshot
            if before.votes is None:
                raise ConfigError("there are no labeling functions; open the review with --lfs")
            spans, probs = propose(before.votes, self.source.settings, self.source.seed)
            with self.lock:
                now = self.snapshot
                self.snapshot = replace(now, spans=spans, probs=probs, is_stale=now.votes is not before.votes)

    def decide(
        self,
        row: int,
        spans: Iterable[tuple[int, int, str]] | None,
        reviewer: str,
        *,
        note: str = "",
        adjudicates: bool = False,
    ) -> Decision:
        """Record which spans a text has, all of them, as a reviewer says; it is on the disk when this returns.

        Parameters
        ----------
        row
            Number in the corpus.
        spans
            Begin and end in code points, and label; () if it has none. None withdraws the earlier decision of this reviewer.
        reviewer
            Name of the reviewer.
        note
            A comment of the reviewer.
        adjudicates
            Whether the decision settles the text, whatever others decided.

        Raises
        ------
        WeakLabelError
            The row or a label does not exist, a span is not in the text or there twice, the reviewer has no name, or the
            file cannot be written.
        """
        self._check_row(row)
        if not reviewer.strip():
            raise ConfigError("a decision needs the name of a reviewer")
        checked = None
        if spans is not None:
            try:
                read = read_spans(
                    [list(map(list, spans))], [self.texts[row]], self.labels, where="decision", first_row=row
                )
            except TypeError as error:
                raise CorpusError(f"decision on row {row}: give spans as (begin, end, label); {error}") from None
            checked = tuple((begin, end, self.labels[label]) for begin, end, label in read.spans.of_row(0))
        key, who = self.ledger.hashes[row], reviewer.strip()
        decision = Decision(row, key, None, who, now(), note=note, spans=checked, adjudicates=adjudicates)
        self.log.append(decision)
        return decision

    def gold(self) -> Spans:
        """Return the spans that most reviewers gave completed texts, in code points; see `has_gold`."""
        numbers = {label: number for number, label in enumerate(self.labels)}
        flat = [
            (row, begin, end, numbers[label])
            for row, spans in self.ledger.gold_spans().items()
            for begin, end, label in spans
            if label in numbers
        ]
        table = np.array(flat, dtype=np.int64).reshape(-1, 4)
        return Spans.of(table[:, 0], table[:, 1], table[:, 2], table[:, 3], len(self))

    def has_gold(self) -> NDArray[np.bool_]:
        """Return which rows are completed, without a tie of reviewers. Shape: [n]."""
        mask = np.zeros(len(self), dtype=bool)
        mask[list(self.ledger.gold_spans())] = True
        return mask

    def progress(self) -> dict[str, int]:
        """Return the number of different texts that each reviewer completed, by name."""
        return self.ledger.progress()

    @property
    def hashes(self) -> list[str]:
        """Hashes of the texts, by which decisions refer to them. Length: n."""
        return self.ledger.hashes

    def rows_with(self, key: str) -> NDArray[np.int64]:
        """Return the rows whose text has this hash."""
        return np.array(self.ledger.rows_with(key), dtype=np.int64)

    def agreement(self) -> SpanAgreement:
        """Return the agreement of reviewers."""
        return span_agreement(self.ledger.independent())

    def export_gold(self) -> str:
        """Return the completed texts as CSV: text, spans as JSON, reviewers."""
        return self.ledger.export()

    def _check_row(self, row: int) -> None:
        if not 0 <= row < len(self):
            raise ConfigError(f"row {row} does not exist; the corpus has {len(self)} rows, counted from 0")
