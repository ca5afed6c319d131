"""One process's share in labelling a corpus: votes on a part, labels of a part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from weaklabel.config import LabelModelSettings
from weaklabel.corpus import Batch, Corpus, Reject
from weaklabel.corpus.new_columns import NewColumns
from weaklabel.corpus.parts import Part, PartRows
from weaklabel.errors import CorpusError
from weaklabel.job.output import Output
from weaklabel.job.store import PartVotes, VoteStore
from weaklabel.labelled import label_columns, vote_columns
from weaklabel.labels import ABSTAIN, Labels, Probs, VoteArray
from weaklabel.lf.core import LF
from weaklabel.lf.identity import Identity
from weaklabel.lf.packs import LFCollection
from weaklabel.support.progress import Stage
from weaklabel.votes import Problems, VotePatterns, vote_patterns
from weaklabel.votes.patterns import take_rows
from weaklabel.votes.voter import Voter

if TYPE_CHECKING:
    from weaklabel.label_model import BaseLabelModel
    from weaklabel.label_model.text.sample import TextSampler


@dataclass(frozen=True)
class LabelOptions:
    """How a corpus is labelled and what is written.

    Attributes
    ----------
    label_model
        Which label model, and its parameters.
    seed
        Of the label model.
    read_texts
        Let the label model read the texts, too, as ``auto`` and ``text`` can; ``text`` always does.
    with_votes
        Write the vote of every labeling function.
    prefix
        Put before the names of new columns.
    safe
        Write cells that are no formulas to a spreadsheet.
    error_budget, workers, time_limit, memory_limit
        See `weaklabel.apply_lfs` and `weaklabel.votes.voter.Voter`.
    """

    label_model: LabelModelSettings = field(default_factory=LabelModelSettings)
    seed: int = 0
    read_texts: bool = False
    with_votes: bool = False
    prefix: str = ""
    safe: bool = False
    error_budget: float | None = None
    workers: int = 1
    time_limit: float | None = None
    memory_limit: int | None = None

    @property
    def reads_texts(self) -> bool:
        """Whether the label model reads the texts."""
        return self.read_texts or self.label_model.name == "text"


@dataclass(frozen=True)
class PartSummary:
    """What the votes on a part come to: its vote patterns, problems by labeling function, and number of rejects."""

    part: Part
    table: VotePatterns
    problems: Mapping[str, Problems]
    n_rejects: int
    is_new: bool

    @property
    def n_votes(self) -> int:
        """Votes that are no abstains."""
        return int(((self.table.patterns != ABSTAIN).sum(axis=1) * self.table.counts).sum())


class _Answers(NamedTuple):
    """Votes, and what the label model makes of them."""

    L: VoteArray
    preds: Labels
    probs: Probs


class LabelJob:
    """What a process needs to work on parts of a corpus: several processes have one each, for the same folder.

    Parameters
    ----------
    corpus, lfs, options
        What is labelled, by whom, and how.
    identity
        What the labeling functions are, to be compared where they are loaded again.
    keys
        Under which the votes of each labeling function are kept.
    corpus_id
        See `corpus_identity`.
    out
        The final output.
    folder, tag
        Where parts are kept, and by which part of their names those of the output are known.
    earlier
        Where votes of earlier runs on this corpus are kept.

    Attributes
    ----------
    model
        The fitted label model, once there is one.
    stage
        Where votes are counted.
    """

    def __init__(
        self,
        corpus: Corpus,
        lfs: LFCollection,
        options: LabelOptions,
        identity: Identity,
        keys: Sequence[str],
        corpus_id: str,
        out: str,
        folder: Path,
        tag: str,
        earlier: Path | None = None,
    ) -> None:
        self.corpus = corpus
        self.lfs = lfs
        self.options = options
        self.identity = identity
        self.keys = tuple(keys)
        self.out = out
        self.folder = folder
        self.corpus_id = corpus_id
        self.store = VoteStore(folder, corpus_id, earlier)
        self.output = Output(corpus, out, folder, tag, options.safe)
        self.model: BaseLabelModel | None = None
        self.stage = Stage("voting", unit="rows")
        self._voters: dict[tuple[int, ...], Voter] = {}

    def order(self) -> dict[str, Any]:
        """Return what a worker elsewhere needs to make this job, but for the corpus; as JSON has it.

        There one process for labeling functions is enough, since there are as many workers as wanted.
        """
        options = {name: value for name, value in vars(self.options).items() if name != "label_model"}
        return {
            "kind": "label",
            "lfs": self.lfs.specs,
            "options": options | {"workers": 1, "label_model": self.options.label_model.model_dump(mode="json")},
            "identity": asdict(self.identity),
            "keys": self.keys,
            "corpus_id": self.corpus_id,
            "out": self.out,
            "folder": str(self.folder.absolute()),
            "tag": self.output.tag,
            "earlier": self.store.earlier and str(self.store.earlier),
            "has_model": self.model is not None,
        }

    def save_model(self, model: BaseLabelModel) -> None:
        """Keep the fitted label model, for this process and all others."""
        model.save(self._model_path)
        self.model = model

    def load_model(self) -> BaseLabelModel | None:
        """Take the label model that another process of this job kept, or an earlier run of it; None where none did."""
        from weaklabel.label_model.named import load_label_model

        self.model = load_label_model(self._model_path) if self._model_path.exists() else None
        return self.model

    @property
    def _model_path(self) -> Path:
        return self.folder / f"out-{self.output.tag}.json"

    def say_slowest(self) -> None:
        """Say, where progress is shown, which labeling function took most of the time, if one did."""
        for voter in self._voters.values():
            voter.say_slowest()

    def close(self) -> None:
        """End all processes of labeling functions."""
        for voter in self._voters.values():
            voter.close()
        self._voters = {}

    def parts(self, after: Part | None = None) -> Iterator[PartRows]:
        """Read the corpus in parts."""
        return self.corpus.parts(after)

    def read(self, part: Part) -> PartRows:
        """Read a part as far as `write` needs it: its records, where these are copied."""
        only_records = self.output.copies and not self.options.reads_texts
        return self.corpus.read_records(part) if only_records else self.corpus.read_part(part)

    def voted(self, number: int) -> PartVotes | None:
        """Return all votes on part ``number``, or None where a labeling function has still to vote on it.

        One that went wrong there in an earlier run has: what was in its way then may be gone.
        """
        found = self.store.load(number)
        if found is None or not set(self.keys) <= set(found.keys) - set(found.problems):
            return None
        self.store.adopt(number)
        return found

    def vote(self, parts: Iterable[PartRows]) -> Iterator[PartSummary]:
        """Let those labeling functions vote on each part whose votes are not known, and keep the votes."""
        known = ((rows, self.store.load(rows.part.number)) for rows in parts)
        for missing, some in groupby(known, key=lambda pair: self._missing(*pair)):
            if missing:
                yield from self._vote(missing, some)
            else:
                for rows, votes in some:
                    assert votes is not None
                    self.store.adopt(rows.part.number)
                    yield self.summary(votes, is_new=False)

    def write(self, rows: PartRows) -> None:
        """Write a part with its labels; `model` must be there by now."""
        if self.options.reads_texts:
            answers = self._answers(rows)
            self.output.note(rows.part.number, {"labels": self._counted(answers.preds)})
            new = NewColumns(self._columns(answers))
        else:
            found = self._votes(rows.part).of(self.keys)
            new = NewColumns(self._columns(self._said(found.patterns)), found.rows())
        self.output.write(rows.part.number, rows.batch, new)

    def sample_texts(self, sampler: TextSampler) -> Iterator[Part]:
        """Show all rows to what chooses those whose texts a label model reads at its fit; give the parts as they are done."""
        for rows in self.parts():
            sampler.add(self._votes(rows.part).of(self.keys), rows.batch.model_texts)
            yield rows.part

    def label_counts(self, rows: PartRows) -> list[int]:
        """Label a part by votes and texts, and return how many rows each class gets. Length: k."""
        return self._counted(self._answers(rows).preds)

    def rejects(self, parts: Iterable[Part]) -> Iterator[Reject]:
        """Give the rejects of all parts, in order."""
        for part in parts:
            yield from self._votes(part).rejects

    def empty_columns(self) -> NewColumns:
        """Return the new columns of no rows."""
        return NewColumns(self._columns(self._said(np.empty((0, len(self.keys)), np.int8))))

    def summary(self, votes: PartVotes, is_new: bool) -> PartSummary:
        """Return what the votes on a part come to."""
        table = votes.of(self.keys)
        names = dict(zip(self.keys, self.lfs.names, strict=True))
        problems = {names[key]: found for key, found in votes.problems.items() if key in names}
        counted = VotePatterns(table.patterns, table.counts)
        return PartSummary(votes.part, counted, problems, len(votes.rejects), is_new)

    def _votes(self, part: Part) -> PartVotes:
        votes = self.store.load(part.number)
        if votes is None or not set(self.keys) <= set(votes.keys):
            raise CorpusError(
                f"the votes on part {part.number} are gone from {self.folder}: give the same command again"
            )
        return votes

    def _missing(self, rows: PartRows, known: PartVotes | None) -> tuple[int, ...]:
        there = set(known.keys) - set(known.problems) if known is not None and known.part == rows.part else ()
        return tuple(number for number, key in enumerate(self.keys) if key not in there)

    def _vote(
        self, missing: tuple[int, ...], some: Iterable[tuple[PartRows, PartVotes | None]]
    ) -> Iterator[PartSummary]:
        lfs = [self.lfs.lfs[number] for number in missing]
        keys = tuple(self.keys[number] for number in missing)
        under_way: list[tuple[PartRows, PartVotes | None]] = []

        def batches() -> Iterator[Batch]:
            for rows, known in some:
                part = rows.part
                self.stage.expect(part.first_row + part.n_rows, part.end.place, self.corpus.source.extent())
                under_way.append((rows, known))
                yield rows.batch

        for _, found in self._voter(missing, lfs).vote(batches()):
            rows, known = under_way.pop(0)
            L = np.stack([votes.votes for votes in found]).T
            problems = {key: votes.problems for key, votes in zip(keys, found, strict=True) if votes.problems}
            votes = PartVotes(rows.part, keys, vote_patterns(L), problems, rows.rejects).united(known)
            self.store.save(votes)
            yield self.summary(votes, is_new=True)

    def _voter(self, missing: tuple[int, ...], lfs: Sequence[LF]) -> Voter:
        """Return the voter of these labeling functions; it keeps its processes until `close`."""
        if missing not in self._voters:
            options = self.options
            self._voters[missing] = Voter(
                lfs,
                top=len(self.lfs.labels),
                pack=self.lfs,
                workers=options.workers,
                time_limit=options.time_limit,
                memory_limit=options.memory_limit,
            )
        self._voters[missing].stage = self.stage
        return self._voters[missing]

    def _answers(self, rows: PartRows) -> _Answers:
        """Label the rows of a part by votes and texts."""
        found = self._votes(rows.part).of(self.keys)
        return self._said(take_rows(found.patterns, found.rows()), rows.batch.model_texts)

    def _said(self, L: VoteArray, texts: list[str] | None = None) -> _Answers:
        assert self.model is not None
        return _Answers(L, *self.model.predict(L, return_probs=True, texts=texts))

    def _counted(self, preds: Labels) -> list[int]:
        counts: list[int] = np.bincount(preds[preds >= 0], minlength=len(self.lfs.labels)).tolist()
        return counts

    def _columns(self, answers: _Answers) -> pl.DataFrame:
        labels, prefix = self.lfs.labels, self.options.prefix
        columns = label_columns(answers.preds, answers.probs, labels, prefix)
        lf_names = self.lfs.names if self.options.with_votes else ()
        return columns.hstack(vote_columns(answers.L, labels, lf_names, prefix))
