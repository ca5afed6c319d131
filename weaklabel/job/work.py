"""One process's share in labeling a corpus: votes on a part, labels of a part, a part of the output."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from weaklabel.config import LabelModelSettings
from weaklabel.corpus import Batch, Corpus, Reject
from weaklabel.corpus.parts import Part, PartRows
from weaklabel.corpus.sinks import NewColumns
from weaklabel.errors import CorpusError
from weaklabel.job.output import Output, label_columns, vote_columns
from weaklabel.job.store import LabelStore, PartLabels, PartVotes, VoteStore
from weaklabel.labels import ABSTAIN, Labels, Probs, VoteArray, as_votes
from weaklabel.lf.core import LF
from weaklabel.lf.packs import Identity, LFCollection
from weaklabel.support.progress import Stage
from weaklabel.votes import Problems, VotePatterns, vote_patterns
from weaklabel.votes.apply import Voter
from weaklabel.votes.cascade import RowChoice, first_places
from weaklabel.votes.form import numbered
from weaklabel.votes.patterns import take_rows

if TYPE_CHECKING:
    from weaklabel.label_model import BaseLabelModel
    from weaklabel.label_model.text.reader import TextSampler


@dataclass(frozen=True)
class LabelOptions:
    """How a corpus is labeled and what is written.

    Attributes
    ----------
    label_model
        The label model and its parameters.
    seed
        Random seed of the label model.
    read_texts
        Whether the label model also reads the texts, as ``auto`` and ``text`` can; ``text`` always does. None: if it can.
    skim
        Whether ``auto`` embeds only the beginnings of long texts, whose words are all counted anyway: a quarter of the work.
    with_votes
        Whether to write the vote of every labeling function.
    prefix
        Prefix for the names of new columns.
    safe
        Whether to write cells that a spreadsheet does not take for formulas.
    error_budget, workers, time_limit, memory_limit
        See `weaklabel.apply_lfs` and `weaklabel.votes.apply.Voter`.
    """

    label_model: LabelModelSettings = field(default_factory=LabelModelSettings)
    seed: int = 0
    read_texts: bool | None = False
    skim: bool = False
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
        if self.read_texts is None:
            from weaklabel.label_model import LABEL_MODELS

            return LABEL_MODELS[self.label_model.name].uses_texts
        return self.read_texts or self.label_model.name == "text"


@dataclass(frozen=True)
class PartSummary:
    """What is counted of the votes on a part: patterns, problems by labeling function, rejects; and whether it is new.

    ``n_asked`` are the rows about which labeling functions were asked: all, but in the second pass of a cascade.
    """

    part: Part
    table: VotePatterns
    problems: Mapping[str, Problems]
    n_rejects: int
    is_new: bool
    n_asked: int

    @property
    def n_votes(self) -> int:
        """Votes other than abstains."""
        return int(((self.table.patterns != ABSTAIN).sum(axis=1) * self.table.counts).sum())


class LabelJob:
    """Everything a process needs to work on parts of a corpus; several processes may each have one, for the same folder.

    Parameters
    ----------
    corpus, lfs, options
        The corpus, the labeling functions, and how to label.
    identity
        Fingerprints of the labeling functions, compared with those that another machine loads.
    keys
        Under which the votes of each labeling function are kept.
    corpus_id
        See `corpus_identity`.
    folder
        Where the parts of votes are kept.
    cache
        Where votes of earlier runs on this corpus are kept.

    Attributes
    ----------
    model
        The fitted label model, once there is one.
    folder
        Where parts of labels and of the output are kept, and the label model.
    output
        Where labeled parts are written; None if they are not.
    tag
        Hash in the names of labels and outputs, see `begin_labels`.
    stage
        Shows the progress of voting.
    turn
        Places of the labeling functions that vote now; see `begin_turn`.
    """

    def __init__(
        self,
        corpus: Corpus,
        lfs: LFCollection,
        options: LabelOptions,
        identity: Identity,
        keys: Sequence[str],
        corpus_id: str,
        folder: Path,
        cache: Path | None = None,
    ) -> None:
        self.corpus = corpus
        self.lfs = lfs
        self.options = options
        self.identity = identity
        self.keys = tuple(keys)
        self.corpus_id = corpus_id
        self.store = VoteStore(folder, corpus_id, keys, cache)
        self.folder = folder
        self.tag = ""
        self.output: Output | None = None
        self.model: BaseLabelModel | None = None
        self.stage = Stage("voting", unit="rows")
        self.turn = tuple(range(len(self.keys)))
        self.choice: RowChoice | None = None
        self._chosen_by: list[str] = []
        self._voters: dict[tuple[int, ...], Voter] = {}

    @cached_property
    def scratch(self) -> Path:
        """A temporary folder that is removed with the job."""
        folder = Path(tempfile.mkdtemp(prefix="weaklabel-"))
        weakref.finalize(self, _remove, folder, os.getpid())
        return folder

    def move_to(self, folder: Path, keys: Sequence[str] | None = None) -> None:
        """Keep parts in another folder from now on, and votes under other keys, if these are given."""
        self.keys = self.keys if keys is None else tuple(keys)
        self.store = VoteStore(folder, self.corpus_id, self.keys, self.store.cache)
        self.folder = folder

    def begin_turn(
        self, turn: Sequence[int], choice: RowChoice | None = None, chosen_by: Sequence[int] | None = None
    ) -> None:
        """Let only some labeling functions vote from now on.

        Parameters
        ----------
        turn
            Their places.
        choice
            About which rows they are asked, by the votes of others, which are there; by default about all. Of one
            labeling function only.
        chosen_by
            Places of those others; by default, those that are asked about all rows.
        """
        self.turn = tuple(turn)
        self.choice = choice
        self._chosen_by = self._first_keys if chosen_by is None else [self.keys[place] for place in chosen_by]

    @property
    def keys_in_turn(self) -> list[str]:
        """Keys of the labeling functions that vote now."""
        return [self.keys[place] for place in self.turn]

    @cached_property
    def _first_keys(self) -> list[str]:
        """Keys of the labeling functions that are asked about all rows."""
        return [self.keys[place] for place in first_places(self.lfs.lfs)]

    def begin_labels(self, tag: str, out: str | None, folder: Path) -> None:
        """Begin to label, into ``out`` where that is given.

        Parameters
        ----------
        tag
            A hash of everything that labels and output depend on, so that files of another job in the same folder are not
            used for this one.
        out
            The final output, if any.
        folder
            Where parts of labels and of the output are kept.
        """
        self.tag = tag
        self.folder = folder
        self.labels = LabelStore(self.folder, tag)
        self.output = None if out is None else Output(self.corpus, out, self.folder, tag, self.options.safe)

    def order(self) -> dict[str, Any]:
        """Return what a worker on another machine needs to make this job, except the corpus; ready for JSON.

        A worker needs only one process for labeling functions, since there are many workers.
        """
        options = {name: value for name, value in vars(self.options).items() if name != "label_model"}
        return {
            "kind": "label",
            "lfs": self.lfs.specs,
            "options": options | {"workers": 1, "label_model": self.options.label_model.model_dump(mode="json")},
            "identity": asdict(self.identity),
            "keys": self.keys,
            "turn": self.turn,
            "corpus_id": self.corpus_id,
            "votes": str(self.store.folder.absolute()),
            "cache_of_votes": self.store.cache and str(self.store.cache),
            "folder": str(self.folder.absolute()),
            "tag": self.tag,
            "out": self.output and self.output.out,
        }

    def save_model(self, model: BaseLabelModel) -> None:
        """Save the fitted label model, for this process and all others."""
        model.save(self._model_path)
        self.model = model

    def load_model(self) -> BaseLabelModel | None:
        """Load the label model that another process or an earlier run of this job saved; None if none did."""
        from weaklabel.label_model.base import load_label_model

        self.model = load_label_model(self._model_path) if self._model_path.exists() else None
        return self.model

    @property
    def _model_path(self) -> Path:
        return self.folder / f"labels-{self.tag}.json"

    def say_slowest(self) -> None:
        """Say, if progress is shown, which labeling function took most of the time, if one did."""
        for voter in self._voters.values():
            voter.say_slowest()

    def stop_asking(self) -> None:
        """Let threads that ask language models end at once."""
        for voter in self._voters.values():
            voter.stop_asking()

    def close(self) -> None:
        """End all processes of labeling functions."""
        for voter in self._voters.values():
            voter.close()
        self._voters = {}

    def parts(self, after: Part | None = None) -> Iterator[PartRows]:
        """Read the corpus in parts."""
        return self.corpus.parts(after)

    def voted(self, number: int) -> PartVotes | None:
        """Return all votes on part ``number``; None if a labeling function has not voted on it yet.

        Votes of a labeling function that failed there in an earlier run do not count: the cause may be gone.
        """
        votes = self.store.load(number)
        if votes is None:
            return None
        if self.choice is None and not set(self.keys_in_turn) <= votes.complete_keys:
            return None
        if self.choice is not None:
            if not set(self._chosen_by) <= set(votes.keys):
                return None
            chosen, votes = self._narrowed(votes)
            if chosen.any():
                return None
            self.store.settle(votes)
        else:
            self.store.adopt(votes)
        return votes

    def left_to_ask(self, number: int) -> NDArray[np.bool_]:
        """Return about which rows of a part the labeling function in turn is yet to be asked. Shape: [n]."""
        return self._narrowed(self.stored(number, self._chosen_by))[0]

    def _narrowed(self, votes: PartVotes) -> tuple[NDArray[np.bool_], PartVotes]:
        """Return the rows of a part about which the labeling function in turn is yet to be asked, and the votes so far.

        Votes of an earlier run on rows about which it is not asked now are left out of these.
        """
        assert self.choice is not None
        (key,) = self.keys_in_turn
        chosen = self.choice.rows(votes.of(self._chosen_by), votes.part.first_row)
        if key not in votes.final_keys:
            return chosen, votes.replacing(key, np.full(len(chosen), ABSTAIN, np.int8), np.zeros_like(chosen))
        asked = votes.asked.get(key, np.ones_like(chosen))
        if key in votes.asked and np.array_equal(asked, chosen):
            return np.zeros_like(chosen), votes
        if self.lfs.lfs[self.turn[0]].rows_together > 1:
            return chosen, votes.replacing(key, np.full(len(chosen), ABSTAIN, np.int8), np.zeros_like(chosen))
        of_both = asked & chosen
        return chosen & ~asked, votes.replacing(key, np.where(of_both, votes.votes_of(key), ABSTAIN), of_both)

    def vote(self, parts: Iterable[PartRows]) -> Iterator[PartSummary]:
        """Apply to each part the labeling functions in turn that have not voted on it, and keep the votes."""
        if self.choice is not None:
            yield from self._vote_on_some(parts)
            return
        loaded = ((rows, self.store.load(rows.part.number)) for rows in parts)
        for missing, some in groupby(loaded, key=lambda pair: self._missing(*pair)):
            if missing:
                yield from self._vote(missing, some)
            else:
                for _, votes in some:
                    assert votes is not None
                    self.store.adopt(votes)
                    yield self.summary(votes, is_new=False)

    def votes_on(self, part: Part) -> VotePatterns:
        """Return the votes on a part as patterns, with the pattern of each row."""
        return self.stored(part.number).of(self.keys)

    def votes_in_turn(self, part: Part) -> VotePatterns:
        """Return the votes of the labeling functions that vote now on a part, with the pattern of each row."""
        return self.stored(part.number, self.keys_in_turn).of(self.keys_in_turn)

    def sample_texts(self, sampler: TextSampler) -> Iterator[Part]:
        """Give all rows to the sampler of the texts that the label model is fitted to; yield the parts as they are done."""
        for rows in self.parts():
            sampler.add(self.votes_on(rows.part), rows.batch.model_texts)
            yield rows.part

    def labels_of(self, part: Part, batch: Batch | None = None) -> PartLabels:
        """Return the labels of a part.

        Parameters
        ----------
        part
            Which part.
        batch
            Its rows: needed if the label model reads the texts, unless the part was labeled before.
        """
        votes = self.votes_on(part)
        if not self.options.reads_texts:
            return PartLabels(*self._predict(votes.patterns), votes.rows())
        labels = self.labels.load(part.number)
        if labels is None:
            if batch is None:
                raise CorpusError(f"part {part.number} has no labels in {self.folder}: run the same command again")
            rows = take_rows(votes.patterns, votes.rows())
            labels = PartLabels(*self._predict(rows, batch.model_texts))
            self.labels.save(part.number, labels)
        return labels

    def done(self, number: int) -> bool:
        """Return whether part ``number`` is labeled, and written if there is an output."""
        has_labels = not self.options.reads_texts or self.labels.has(number)
        return has_labels and (self.output is None or self.output.has(number))

    def read(self, part: Part) -> PartRows:
        """Read a part as far as `write` needs it: its records, where these are copied."""
        only_records = self.output is not None and self.output.copies and not self.options.reads_texts
        return self.corpus.read_records(part) if only_records else self.corpus.read_part(part)

    def write(self, rows: PartRows) -> None:
        """Label a part, and write it if there is an output; `model` must be set."""
        labels = self.labels_of(rows.part, rows.batch)
        if self.output is None:
            return
        votes = self.votes_on(rows.part)
        if labels.inverse is None:
            new = NewColumns(self._columns(take_rows(votes.patterns, votes.rows()), labels))
        else:
            new = NewColumns(self._columns(votes.patterns, labels), labels.inverse)
        self.output.write(rows.part.number, rows.batch, new)

    def rejects(self, parts: Iterable[Part]) -> Iterator[Reject]:
        """Give the rejects of all parts, in order."""
        for part in parts:
            yield from self.stored(part.number).rejects

    def empty_columns(self) -> NewColumns:
        """Return the new columns of no rows."""
        none = np.empty((0, len(self.keys)), np.int8)
        return NewColumns(self._columns(none, PartLabels(*self._predict(none))))

    def summary(self, votes: PartVotes, is_new: bool) -> PartSummary:
        """Count the votes on a part."""
        keys = self.keys_in_turn
        table = votes.of(keys)
        in_turn = zip(keys, self.turn, strict=True)
        problems = {self.lfs.names[place]: votes.problems[key] for key, place in in_turn if key in votes.problems}
        counted = VotePatterns(table.patterns, table.counts)
        n_asked = votes.part.n_rows if self.choice is None else int(votes.asked[keys[0]].sum())
        return PartSummary(votes.part, counted, problems, len(votes.rejects), is_new, n_asked)

    def stored(self, number: int, keys: Sequence[str] | None = None) -> PartVotes:
        """Return all votes on part ``number``; a `CorpusError` where those of ``keys``, by default all, are not there."""
        votes = self.store.load(number)
        if votes is None or not set(self.keys if keys is None else keys) <= set(votes.keys):
            raise CorpusError(
                f"the votes on part {number} are gone from {self.store.folder}: run the same command again"
            )
        return votes

    def _missing(self, rows: PartRows, cached: PartVotes | None) -> tuple[int, ...]:
        there = cached.complete_keys if cached is not None and cached.part == rows.part else ()
        return tuple(place for place in self.turn if self.keys[place] not in there)

    def _vote(
        self, missing: tuple[int, ...], some: Iterable[tuple[PartRows, PartVotes | None]]
    ) -> Iterator[PartSummary]:
        lfs = [self.lfs.lfs[number] for number in missing]
        keys = tuple(self.keys[number] for number in missing)
        under_way: list[tuple[PartRows, PartVotes | None]] = []

        def batches() -> Iterator[Batch]:
            for rows, cached in some:
                part = rows.part
                self.stage.expect(part.first_row + part.n_rows, part.end.place, self.corpus.source.extent())
                if self.corpus.entities and self.options.reads_texts:
                    _ = (
                        rows.batch.model_texts
                    )  # so that an entity that is not in its text is an error now, not after hours of voting
                under_way.append((rows, cached))
                yield rows.batch

        for _, of_lfs in self._voter(missing, lfs).vote(batches()):
            rows, earlier = under_way.pop(0)
            L = np.stack([votes.votes for votes in of_lfs]).T
            problems = {key: votes.problems for key, votes in zip(keys, of_lfs, strict=True) if votes.problems}
            votes = PartVotes(rows.part, keys, vote_patterns(L), problems, rows.rejects).united(earlier)
            self.store.save(votes)
            yield self.summary(votes, is_new=True)

    def _vote_on_some(self, parts: Iterable[PartRows]) -> Iterator[PartSummary]:
        """Ask the labeling function in turn about the rows of each part that are chosen, and keep the votes."""
        (place,), (key,) = self.turn, self.keys_in_turn
        under_way: list[tuple[PartVotes, NDArray[np.int64]]] = []

        def batches() -> Iterator[Batch]:
            for rows in parts:
                chosen, votes = self._narrowed(self.stored(rows.part.number, self._chosen_by))
                under_way.append((votes, np.flatnonzero(chosen)))
                yield rows.batch.take(under_way[-1][1])

        for _, (of_lf,) in self._voter(self.turn, [self.lfs.lfs[place]]).vote(batches()):
            earlier, some = under_way.pop(0)
            asked, column = earlier.asked[key].copy(), earlier.votes_of(key).astype(np.int16)
            asked[some], column[some] = True, of_lf.votes
            problems = of_lf.problems and numbered(of_lf.problems, earlier.part.first_row + some)
            votes = earlier.replacing(key, as_votes(column), asked, problems)
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

    def _predict(self, L: VoteArray, texts: list[str] | None = None) -> tuple[Labels, Probs]:
        assert self.model is not None
        return self.model.predict(L, return_probs=True, texts=texts)

    def _columns(self, L: VoteArray, labels: PartLabels) -> pl.DataFrame:
        names, prefix = self.lfs.labels, self.options.prefix
        columns = label_columns(labels.preds, labels.probs, names, prefix)
        lf_names = self.lfs.names if self.options.with_votes else ()
        return columns.hstack(vote_columns(L, names, lf_names, prefix))


def _remove(folder: Path, process: int) -> None:
    """Remove a temporary folder, but not from a copy of the process that made it."""
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)
