"""A corpus in which labeling functions marked spans, and its labels: read part by part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from weaklabel.corpus import Batch, Corpus, Reject
from weaklabel.corpus.parts import Part
from weaklabel.job.passes import Counted
from weaklabel.job.spans.work import SpanJob, SpanTally
from weaklabel.job.voting import LabelOptions
from weaklabel.lf.packs import LFCollection
from weaklabel.units import in_code_points
from weaklabel.units.span_column import SpanRows
from weaklabel.votes import Problems
from weaklabel.votes.spans import Runs, SpanCounts, SpanVotes, join_tables
from weaklabel.votes.spans.voting import words_of

if TYPE_CHECKING:
    from weaklabel.label_model.sequence import SpanLabelModel, SpanLabels


@dataclass(frozen=True, eq=False)
class VotedSpans:
    """A corpus and the spans that labeling functions marked in it, which are kept in a folder part by part.

    Attributes
    ----------
    job
        Reads parts and their votes.
    counted
        What is counted of all parts.
    """

    job: SpanJob
    counted: Counted[SpanTally]

    @property
    def corpus(self) -> Corpus:
        """The corpus."""
        return self.job.corpus

    @property
    def lfs(self) -> LFCollection:
        """The labeling functions."""
        return self.job.lfs

    @property
    def options(self) -> LabelOptions:
        """How the corpus is voted on and labeled."""
        return self.job.options

    @property
    def parts(self) -> Sequence[Part]:
        """All parts of the corpus, in order."""
        return self.counted.parts

    @property
    def problems(self) -> Mapping[str, Problems]:
        """Failures, by labeling function."""
        return self.counted.problems

    @property
    def n_rejects(self) -> int:
        """Records that could not be read."""
        return self.counted.n_rejects

    @property
    def known_rows(self) -> int:
        """Rows whose votes were already there, from an interrupted or an earlier run."""
        return self.counted.known_rows

    @property
    def n(self) -> int:
        """Rows."""
        return self.counted.n_rows

    @property
    def covered(self) -> int:
        """Rows in which a labeling function marks a span."""
        return self.counted.table.covered

    @property
    def runs(self) -> Runs:
        """The different runs of voted words of all rows, with counts, without their places."""
        return self.counted.table.runs

    @property
    def counts(self) -> dict[str, SpanCounts]:
        """By name, what was changed of the spans of each labeling function."""
        return dict(zip(self.lfs.names, self.counted.table.counts, strict=True))

    @property
    def n_spans(self) -> dict[str, int]:
        """By name, how many spans each labeling function marks."""
        return dict(zip(self.lfs.names, self.counted.table.n_spans.tolist(), strict=True))

    @property
    def n_negatives(self) -> dict[str, int]:
        """By name, how often each labeling function says that there is no entity."""
        return dict(zip(self.lfs.names, self.counted.table.n_negatives.tolist(), strict=True))

    def rejects(self) -> Iterator[Reject]:
        """Give the records that could not be read, in order."""
        return self.job.rejects(self.parts)

    def votes_on(self, part: Part, batch: Batch | None = None) -> SpanVotes:
        """Return the votes on a part; with its rows, if these are given, the votes have words and texts."""
        return self.job.votes_on(part, batch)

    @cached_property
    def votes(self) -> SpanVotes:
        """The votes on all rows, in memory, without words and texts."""
        tables = [self.job.votes_on(part).table for part in self.parts]
        return self.job.span_votes(join_tables([self.job.no_votes(len(self.lfs.lfs)), *tables]))


@dataclass(frozen=True, eq=False)
class LabeledSpanPart:
    """A part of a corpus with its votes and labels.

    Attributes
    ----------
    part
        Which part.
    votes
        What labeling functions marked, with words and texts.
    labels
        What the label model gives, in words.
    spans
        The same in code points of the texts.
    batch
        Its rows.
    """

    part: Part
    votes: SpanVotes
    labels: SpanLabels
    spans: SpanRows
    batch: Batch

    @property
    def rows(self) -> slice:
        """Which rows of the corpus it holds."""
        return slice(self.part.first_row, self.part.first_row + self.part.n_rows)


@dataclass(frozen=True, eq=False)
class LabeledSpans:
    """A corpus, the spans that labeling functions marked, the label model fitted on them, and the labels of all rows.

    Attributes
    ----------
    voted
        The votes.
    model
        The fitted label model.
    """

    voted: VotedSpans
    model: SpanLabelModel

    @property
    def corpus(self) -> Corpus:
        """The corpus."""
        return self.voted.corpus

    @property
    def n(self) -> int:
        """Rows."""
        return self.voted.n

    @cached_property
    def label_counts(self) -> dict[str, int]:
        """How many spans of each label there are, by name."""
        job, names = self.voted.job, self.voted.lfs.labels
        of_parts = [job.label_counts(part.number) for part in self.voted.parts]
        total = np.sum(of_parts, axis=0) if of_parts else np.zeros(len(names), int)
        return dict(zip(names, map(int, total), strict=True))

    def read(self) -> Iterator[LabeledSpanPart]:
        """Read the corpus part by part, with votes and labels."""
        job = self.voted.job
        for rows in job.parts():
            votes = job.votes_on(rows.part, rows.batch)
            labels = job.labels_of(votes)
            spans = in_code_points(labels.spans, words_of(rows.batch))
            known = np.ones(votes.n_rows, dtype=bool)
            yield LabeledSpanPart(
                rows.part, votes, labels, SpanRows(spans, labels.probs, known, self.voted.lfs.labels), rows.batch
            )
