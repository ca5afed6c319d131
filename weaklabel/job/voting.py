"""One process's share in having a corpus voted on: votes on a part, kept where other processes and later runs find them.

What a vote is makes no difference here: `weaklabel.job.work` has the job for classes, `weaklabel.job.spans` that for spans.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from weaklabel.config import LabelModelSettings
from weaklabel.corpus import Batch, Corpus, Reject
from weaklabel.corpus.parts import Part, PartRows
from weaklabel.errors import CorpusError
from weaklabel.job.output import Output
from weaklabel.job.store import PartVotes, T, TableForm, VoteStore
from weaklabel.lf.identity import Identity
from weaklabel.lf.packs import LFCollection
from weaklabel.support.progress import Stage
from weaklabel.votes import Problems
from weaklabel.votes.form import LFVotes

C = TypeVar("C")
"""What is counted of the votes on a part, which adds up over parts: vote patterns, or runs."""


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
    decided
        Classes that people gave texts, by the SHA-256 of a text as models read it: the label model is fitted with them, and
        they are the labels of these texts. None: nobody did.
    error_budget, workers, time_limit, memory_limit
        See `weaklabel.apply_lfs` and `weaklabel.votes.voter.Voter`.
    """

    label_model: LabelModelSettings = field(default_factory=LabelModelSettings)
    seed: int = 0
    read_texts: bool | None = False
    skim: bool = False
    with_votes: bool = False
    prefix: str = ""
    safe: bool = False
    decided: Mapping[str, int] | None = None
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

    @property
    def by_row(self) -> bool:
        """Whether labels depend on the text of a row, besides its votes."""
        return self.reads_texts or self.decided is not None


@dataclass(frozen=True)
class PartSummary(Generic[C]):
    """What is counted of the votes on a part: patterns or runs, problems by labeling function, rejects; and whether it is new.

    ``n_asked`` are the rows about which labeling functions were asked: all, but in the second pass of a cascade.
    """

    part: Part
    table: C
    problems: Mapping[str, Problems]
    n_rejects: int
    is_new: bool
    n_asked: int


class PartVoter(Protocol):
    """Gets the votes of some labeling functions, as `weaklabel.votes.voter.Voter` does."""

    stage: Stage | None

    def vote(self, batches: Iterable[Batch]) -> Iterator[tuple[Batch, list[LFVotes]]]:
        """Give each batch with the votes on it."""
        ...

    def say_slowest(self) -> None:
        """Say which labeling function took most of the time."""
        ...

    def stop_asking(self) -> None:
        """Let threads that ask language models end at once."""
        ...

    def close(self) -> None:
        """End all processes."""
        ...


class VotingJob(ABC, Generic[T, C]):
    """Everything a process needs to have parts of a corpus voted on; several processes may each have one, for the same folder.

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

    kind: ClassVar[str]
    """What the job is called in orders to workers."""
    form: ClassVar[TableForm[Any]]
    """How tables of votes are kept in files."""

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
        self.keys: tuple[str, ...] = tuple(keys)
        self.corpus_id = corpus_id
        self.store: VoteStore[T] = self._store(folder, cache)
        self.folder: Path = folder
        self.tag: str = ""
        self.output: Output | None = None
        self.stage: Stage = Stage("voting", unit="rows")
        self.turn: tuple[int, ...] = tuple(range(len(self.keys)))
        self._voters: dict[tuple[int, ...], PartVoter] = {}

    @cached_property
    def scratch(self) -> Path:
        """A temporary folder that is removed with the job."""
        folder = Path(tempfile.mkdtemp(prefix="weaklabel-"))
        weakref.finalize(self, _remove, folder, os.getpid())
        return folder

    def move_to(self, folder: Path, keys: Sequence[str] | None = None) -> None:
        """Keep parts in another folder from now on, and votes under other keys, if these are given."""
        self.keys = self.keys if keys is None else tuple(keys)
        self.store = self._store(folder, self.store.cache)
        self.folder = folder

    def begin_turn(self, turn: Sequence[int]) -> None:
        """Let only the labeling functions at these places vote from now on."""
        self.turn = tuple(turn)

    @property
    def keys_in_turn(self) -> list[str]:
        """Keys of the labeling functions that vote now."""
        return [self.keys[place] for place in self.turn]

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
        self.output = None if out is None else Output(self.corpus, out, self.folder, tag, self.options.safe)

    def order(self) -> dict[str, Any]:
        """Return what a worker on another machine needs to make this job, except the corpus; ready for JSON.

        A worker needs only one process for labeling functions, since there are many workers.
        """
        options = {name: value for name, value in vars(self.options).items() if name != "label_model"}
        return {
            "kind": self.kind,
            "lfs": self.lfs.specs,
            "names": self.lfs.names,
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

    def voted(self, number: int) -> PartVotes[T] | None:
        """Return all votes on part ``number``; None if a labeling function in turn has not voted on it yet.

        Votes of a labeling function that failed there in an earlier run do not count: the cause may be gone.
        """
        votes = self.store.load(number)
        if votes is None or not set(self.keys_in_turn) <= votes.complete_keys:
            return None
        self.store.adopt(votes)
        return votes

    def vote(self, parts: Iterable[PartRows]) -> Iterator[PartSummary[C]]:
        """Apply to each part the labeling functions in turn that have not voted on it, and keep the votes."""
        loaded = ((rows, self.store.load(rows.part.number)) for rows in parts)
        for missing, some in groupby(loaded, key=lambda pair: self._missing(*pair)):
            if missing:
                yield from self._vote(missing, some)
            else:
                for _, votes in some:
                    assert votes is not None
                    self.store.adopt(votes)
                    yield self.summary(votes, is_new=False)

    def done(self, number: int) -> bool:
        """Return whether part ``number`` is labeled, and written if there is an output."""
        return self.is_labeled(number) and (self.output is None or self.output.has(number))

    def read(self, part: Part) -> PartRows:
        """Read a part as far as `write` needs it: its records, where these are copied."""
        return self.corpus.read_part(part)

    def rejects(self, parts: Iterable[Part]) -> Iterator[Reject]:
        """Give the rejects of all parts, in order."""
        for part in parts:
            yield from self.stored(part.number).rejects

    def summary(self, votes: PartVotes[T], is_new: bool) -> PartSummary[C]:
        """Count the votes on a part."""
        keys = self.keys_in_turn
        in_turn = zip(keys, self.turn, strict=True)
        problems = {self.lfs.names[place]: votes.problems[key] for key, place in in_turn if key in votes.problems}
        counted = self.counted(votes.of(keys))
        return PartSummary(votes.part, counted, problems, len(votes.rejects), is_new, self.n_asked(votes))

    def n_asked(self, votes: PartVotes[T]) -> int:
        """Return about how many rows of a part the labeling functions in turn were asked."""
        return votes.part.n_rows

    def stored(self, number: int, keys: Sequence[str] | None = None) -> PartVotes[T]:
        """Return all votes on part ``number``; a `CorpusError` where those of ``keys``, by default all, are not there."""
        votes = self.store.load(number)
        if votes is None or not set(self.keys if keys is None else keys) <= set(votes.keys):
            raise CorpusError(
                f"the votes on part {number} are gone from {self.store.folder}: run the same command again"
            )
        return votes

    def _missing(self, rows: PartRows, cached: PartVotes[T] | None) -> tuple[int, ...]:
        there = cached.complete_keys if cached is not None and cached.part == rows.part else ()
        return tuple(place for place in self.turn if self.keys[place] not in there)

    def _vote(
        self, missing: tuple[int, ...], some: Iterable[tuple[PartRows, PartVotes[T] | None]]
    ) -> Iterator[PartSummary[C]]:
        keys = tuple(self.keys[number] for number in missing)
        under_way: list[tuple[PartRows, PartVotes[T] | None]] = []

        def batches() -> Iterator[Batch]:
            for rows, cached in some:
                part = rows.part
                self.stage.expect(part.first_row + part.n_rows, part.end.place, self.corpus.source.extent())
                self.prepare(rows.batch, cached, missing)
                under_way.append((rows, cached))
                yield rows.batch

        for batch, of_lfs in self._voter(missing).vote(batches()):
            rows, earlier = under_way.pop(0)
            problems = {key: votes.problems for key, votes in zip(keys, of_lfs, strict=True) if votes.problems}
            votes = PartVotes(rows.part, keys, self.table(batch, of_lfs), problems, rows.rejects).united(earlier)
            self.store.save(votes)
            yield self.summary(votes, is_new=True)

    def _voter(self, missing: tuple[int, ...]) -> PartVoter:
        """Return the voter of the labeling functions at these places; it keeps its processes until `close`."""
        if missing not in self._voters:
            options = self.options
            self._voters[missing] = self.new_voter(
                missing,
                pack=self.lfs,
                workers=options.workers,
                time_limit=options.time_limit,
                memory_limit=options.memory_limit,
            )
        self._voters[missing].stage = self.stage
        return self._voters[missing]

    def _store(self, folder: Path, cache: Path | None) -> VoteStore[T]:
        return VoteStore(folder, self.corpus_id, self.keys, cache, self.form)

    @abstractmethod
    def new_voter(self, places: tuple[int, ...], **how: Any) -> PartVoter:
        """Return what gets the votes of the labeling functions at these places."""

    @abstractmethod
    def prepare(self, batch: Batch, cached: PartVotes[T] | None, missing: Sequence[int]) -> None:
        """Make a batch ready for the votes of the labeling functions at the places ``missing``.

        What stops it from being labeled is an error now, not after hours of voting.
        """

    @abstractmethod
    def table(self, batch: Batch, of_lfs: Sequence[LFVotes]) -> T:
        """Return the votes of labeling functions on a batch as a table."""

    @abstractmethod
    def counted(self, table: T) -> C:
        """Return what is counted of the votes in turn, which adds up over parts."""

    @abstractmethod
    def merged(self, tables: Sequence[C]) -> C:
        """Add up what `counted` returned; of no parts, what is counted of no rows."""

    @abstractmethod
    def is_labeled(self, number: int) -> bool:
        """Return whether the labels of part ``number`` are there, or need not be kept."""

    @abstractmethod
    def write(self, rows: PartRows) -> None:
        """Label a part, and write it if there is an output; there must be a fitted label model."""

    @abstractmethod
    def load_model(self) -> Any:
        """Load the label model that another process or an earlier run of this job saved; None if none did."""


def _remove(folder: Path, process: int) -> None:
    """Remove a temporary folder, but not from a copy of the process that made it."""
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)
