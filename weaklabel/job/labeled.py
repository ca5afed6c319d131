"""A corpus that labeling functions voted on and a label model labeled: read part by part, or as arrays on the disk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from weaklabel.corpus import Batch, Corpus, Reject
from weaklabel.corpus.parts import Part
from weaklabel.job.passes import TABLES_AT_ONCE
from weaklabel.job.store import PartLabels
from weaklabel.job.voting import LabelOptions
from weaklabel.job.work import LabelJob
from weaklabel.label_model.text.fast import NO_TEXTS, TextsRead
from weaklabel.labels import Labels, Probs, VoteArray
from weaklabel.lf.packs import LFCollection
from weaklabel.support.mapped import map_npy, write_npy
from weaklabel.votes import Problems, VotePatterns, Votes, load_votes
from weaklabel.votes.patterns import positions_in, take_rows
from weaklabel.votes.storage import write_votes

if TYPE_CHECKING:
    from weaklabel.label_model import BaseLabelModel


@dataclass(frozen=True, eq=False)
class VotedCorpus:
    """A corpus and the votes on it, which are kept in a folder part by part.

    Attributes
    ----------
    job
        Reads parts and their votes.
    parts
        All parts of the corpus, in order.
    patterns
        The vote patterns of all rows, with counts, without the pattern of each row.
    problems
        Failures, by labeling function.
    n_rejects
        Records that could not be read.
    known_rows
        Rows whose votes were already there, from an interrupted or an earlier run.
    """

    job: LabelJob
    parts: Sequence[Part]
    patterns: VotePatterns
    problems: Mapping[str, Problems]
    n_rejects: int
    known_rows: int = 0

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
    def n(self) -> int:
        """Rows."""
        return self.patterns.n

    @property
    def covered(self) -> int:
        """Rows with a vote."""
        from weaklabel.votes.tally import has_vote

        return int(self.patterns.counts[has_vote(self.patterns.patterns)].sum())

    def rejects(self) -> Iterator[Reject]:
        """Give the records that could not be read, in order."""
        return self.job.rejects(self.parts)

    def asked(self, name: str) -> NDArray[np.bool_]:
        """Say about which rows a labeling function was asked. Shape: [n]."""
        key = self.job.keys[self.lfs.names.index(name)]
        stored = (self.job.stored(part.number) for part in self.parts)
        every = [votes.asked.get(key, np.ones(votes.part.n_rows, bool)) for votes in stored]
        return np.concatenate([np.empty(0, bool), *every])

    def save_votes(self, path: Path) -> None:
        """Write all votes to a file that `weaklabel.votes.load_votes` maps into memory.

        Raises
        ------
        WeakLabelError
            The file cannot be written.
        """
        write_votes(path, self._blocks(), self.n, self.lfs.names, self.lfs.labels, self.problems)

    @cached_property
    def votes(self) -> Votes:
        """The votes on all rows; L stays on the disk, and so does the pattern of each row."""
        folder = self.job.scratch
        self.save_votes(folder / "votes.npz")
        write_npy(folder / "inverse.npy", np.int64, (self.n,), self._inverse())
        L, inverse = load_votes(folder / "votes.npz").L, map_npy(folder / "inverse.npy")
        counted = VotePatterns(self.patterns.patterns, self.patterns.counts, inverse)
        return Votes(L, self.lfs.names, self.lfs.labels, self.problems, counted)

    def _blocks(self) -> Iterator[VoteArray]:
        """Give the votes part by part. Shape: [rows, m]."""
        for part in self.parts:
            votes = self.job.votes_on(part)
            yield take_rows(votes.patterns, votes.rows())

    def _inverse(self) -> Iterator[NDArray[np.int64]]:
        """Give the pattern of each row, part by part. Shape: [rows]."""
        for begin in range(0, len(self.parts), TABLES_AT_ONCE):
            tables = [self.job.votes_on(part) for part in self.parts[begin : begin + TABLES_AT_ONCE]]
            for positions, table in zip(positions_in(self.patterns, tables), tables, strict=True):
                yield positions[table.rows()]


@dataclass(frozen=True, eq=False)
class LabeledPart:
    """A part of a corpus with its votes and labels.

    Attributes
    ----------
    part
        Which part.
    votes
        Its vote patterns, with the pattern of each row. Shape: [n, m].
    preds
        Class of each row, -1 for none. Shape: [n].
    probs
        Class probabilities, all NaN for a row without an answer. Shape: [n, k].
    batch
        Its rows; None if they were not read.
    """

    part: Part
    votes: VotePatterns
    preds: Labels
    probs: Probs
    batch: Batch | None = None

    @property
    def rows(self) -> slice:
        """Which rows of the corpus it holds."""
        return slice(self.part.first_row, self.part.first_row + self.part.n_rows)


@dataclass(frozen=True, eq=False)
class FittedCorpus:
    """A corpus, the votes on it, and the label model fitted on them.

    Attributes
    ----------
    voted
        The votes.
    model
        The fitted label model.
    """

    voted: VotedCorpus
    model: BaseLabelModel

    @property
    def corpus(self) -> Corpus:
        """The corpus."""
        return self.voted.corpus

    @property
    def votes(self) -> Votes:
        """The votes on all rows; L stays on the disk."""
        return self.voted.votes

    @property
    def patterns(self) -> VotePatterns:
        """The vote patterns of all rows, with counts, without the pattern of each row."""
        return self.voted.patterns

    @property
    def n(self) -> int:
        """Rows."""
        return self.voted.n


@dataclass(frozen=True, eq=False)
class LabeledCorpus(FittedCorpus):
    """A corpus, the votes on it, the label model fitted on them, and the labels of all rows."""

    @cached_property
    def label_counts(self) -> dict[str, int]:
        """How many rows each class has, by name."""
        job, names = self.voted.job, self.voted.lfs.labels
        if job.options.by_row:
            counts = self._totals[0]
        else:
            labels = PartLabels(self.model.predict(self.patterns.patterns), np.empty(0))
            counts = np.array([self.patterns.counts[labels.preds == number].sum() for number in range(len(names))])
        return dict(zip(names, map(int, counts), strict=True))

    @property
    def texts_read(self) -> TextsRead:
        """How many texts the label model read, and how."""
        return self._totals[1] if self.voted.job.options.by_row else NO_TEXTS

    @cached_property
    def _totals(self) -> tuple[NDArray[np.int64], TextsRead]:
        """How many rows each class has, and how their texts were read, where rows are labeled one by one."""
        job = self.voted.job
        counts, read = np.zeros(len(self.voted.lfs.labels), np.int64), NO_TEXTS
        for part in self.voted.parts:
            labels = job.labels_of(part)
            counts += labels.counts(len(counts))
            read = TextsRead(read.fast + labels.read.fast, read.embedded + labels.read.embedded)
        return counts, read

    @property
    def preds(self) -> Labels:
        """Class of each row, -1 for none; on the disk. Shape: [n]."""
        return self._mapped[0]

    @property
    def probs(self) -> Probs:
        """Class probabilities, all NaN for a row without an answer; on the disk. Shape: [n, k]."""
        return self._mapped[1]

    def labels(self) -> Iterator[LabeledPart]:
        """Give votes and labels part by part, without reading the corpus."""
        for part in self.voted.parts:
            yield LabeledPart(part, self.voted.job.votes_on(part), *self.voted.job.labels_of(part).of_rows())

    def read(self) -> Iterator[LabeledPart]:
        """Read the corpus part by part, with votes and labels."""
        job = self.voted.job
        for rows in job.parts():
            yield LabeledPart(rows.part, job.votes_on(rows.part), *job.labels_of(rows.part).of_rows(), rows.batch)

    def save_labels(self, preds: Path, probs: Path) -> None:
        """Write classes and probabilities of all rows to two ``.npy`` files.

        Raises
        ------
        WeakLabelError
            A file cannot be written.
        """
        write_npy(preds, np.int64, (self.n,), (part.preds for part in self.labels()))
        write_npy(probs, np.float64, (self.n, len(self.voted.lfs.labels)), (part.probs for part in self.labels()))

    @cached_property
    def _mapped(self) -> tuple[Labels, Probs]:
        folder = self.voted.job.scratch
        preds, probs = folder / "preds.npy", folder / "probs.npy"
        self.save_labels(preds, probs)
        return map_npy(preds), map_npy(probs)
