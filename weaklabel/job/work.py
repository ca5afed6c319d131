"""One process's share in labeling a corpus with classes: votes on a part, labels of a part, a part of the output."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from weaklabel.corpus import Batch
from weaklabel.corpus.parts import Part, PartRows
from weaklabel.corpus.sinks import NewColumns
from weaklabel.errors import CorpusError
from weaklabel.job.output import decided_column, label_columns, vote_columns
from weaklabel.job.store import CLASS_TABLES, LabelStore, PartLabels, PartVotes, TableForm
from weaklabel.job.voting import PartSummary, VotingJob
from weaklabel.label_model.gold import GoldVotes
from weaklabel.label_model.text.fast import TextsRead, counting_texts
from weaklabel.labels import ABSTAIN, Labels, Probs, VoteArray, as_votes
from weaklabel.support.hashing import sha256_of_text
from weaklabel.votes import VotePatterns, merge_patterns, vote_patterns
from weaklabel.votes.cascade import RowChoice, first_places
from weaklabel.votes.form import LFVotes, numbered
from weaklabel.votes.patterns import take_rows
from weaklabel.votes.voter import Voter

if TYPE_CHECKING:
    from weaklabel.label_model import BaseLabelModel
    from weaklabel.label_model.text.reader import TextSampler


class LabelJob(VotingJob[VotePatterns, VotePatterns]):
    """The job of labeling rows with classes; see `VotingJob`.

    Attributes
    ----------
    model
        The fitted label model, once there is one.
    choice
        About which rows the labeling function in turn is asked, where that is not about all; see `begin_turn`.
    """

    kind = "label"
    form: ClassVar[TableForm[VotePatterns]] = CLASS_TABLES
    model: BaseLabelModel | None = None
    choice: RowChoice | None = None
    _chosen_by: Sequence[str] = ()

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
        self.turn: tuple[int, ...] = tuple(turn)
        self.choice = choice
        self._chosen_by = self._first_keys if chosen_by is None else [self.keys[place] for place in chosen_by]

    @cached_property
    def _first_keys(self) -> list[str]:
        """Keys of the labeling functions that are asked about all rows."""
        return [self.keys[place] for place in first_places(self.lfs.lfs)]

    def begin_labels(self, tag: str, out: str | None, folder: Path) -> None:
        """See `VotingJob.begin_labels`."""
        super().begin_labels(tag, out, folder)
        self.labels: LabelStore = LabelStore(self.folder, tag)

    def save_model(self, model: BaseLabelModel) -> None:
        """Save the fitted label model, for this process and all others."""
        model.save(self._model_path)
        self.model = model

    def load_model(self) -> BaseLabelModel | None:
        """Load the label model that another process or an earlier run of this job saved; None if none did."""
        from weaklabel.label_model.named import load_label_model

        self.model = load_label_model(self._model_path) if self._model_path.exists() else None
        return self.model

    @property
    def _model_path(self) -> Path:
        return self.folder / f"labels-{self.tag}.json"

    def voted(self, number: int) -> PartVotes[VotePatterns] | None:
        """Return all votes on part ``number``; None if a labeling function has not voted on it yet.

        Votes of a labeling function that failed there in an earlier run do not count: the cause may be gone.
        """
        if self.choice is None:
            return super().voted(number)
        votes = self.store.load(number)
        if votes is None or not set(self._chosen_by) <= set(votes.keys):
            return None
        chosen, votes = self._narrowed(votes)
        if chosen.any():
            return None
        self.store.settle(votes)
        return votes

    def left_to_ask(self, number: int) -> NDArray[np.bool_]:
        """Return about which rows of a part the labeling function in turn is yet to be asked. Shape: [n]."""
        return self._narrowed(self.stored(number, self._chosen_by))[0]

    def _narrowed(self, votes: PartVotes[VotePatterns]) -> tuple[NDArray[np.bool_], PartVotes[VotePatterns]]:
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

    def vote(self, parts: Iterable[PartRows]) -> Iterator[PartSummary[VotePatterns]]:
        """See `VotingJob.vote`."""
        return super().vote(parts) if self.choice is None else self._vote_on_some(parts)

    def new_voter(self, places: tuple[int, ...], **how: Any) -> Voter:
        """See `VotingJob.new_voter`."""
        return Voter([self.lfs.lfs[place] for place in places], top=len(self.lfs.labels), **how)

    def prepare(self, batch: Batch, cached: PartVotes[VotePatterns] | None, missing: Sequence[int]) -> None:
        """See `VotingJob.prepare`."""
        if self.corpus.entities and self.options.reads_texts:
            _ = batch.model_texts  # an entity that is not in its text is an error now

    def table(self, batch: Batch, of_lfs: Sequence[LFVotes]) -> VotePatterns:
        """See `VotingJob.table`."""
        return vote_patterns(np.stack([votes.votes for votes in of_lfs]).T)

    def counted(self, table: VotePatterns) -> VotePatterns:
        """See `VotingJob.counted`."""
        return VotePatterns(table.patterns, table.counts)

    def merged(self, tables: Sequence[VotePatterns]) -> VotePatterns:
        """See `VotingJob.merged`."""
        none = VotePatterns(np.empty((0, len(self.turn)), np.int8), np.empty(0, np.int64))
        return merge_patterns(tables) if tables else none

    def n_asked(self, votes: PartVotes[VotePatterns]) -> int:
        """See `VotingJob.n_asked`."""
        return super().n_asked(votes) if self.choice is None else int(votes.asked[self.keys_in_turn[0]].sum())

    def votes_on(self, part: Part) -> VotePatterns:
        """Return the votes on a part as patterns, with the pattern of each row."""
        return self.stored(part.number).of(self.keys)

    def votes_in_turn(self, part: Part) -> VotePatterns:
        """Return the votes of the labeling functions that vote now on a part, with the pattern of each row."""
        return self.stored(part.number, self.keys_in_turn).of(self.keys_in_turn)

    def sample_texts(self, sampler: TextSampler) -> Iterator[Part]:
        """Give all rows to the sampler of the texts that the label model is fitted to; yield the parts as they are done."""
        for rows in self.parts():
            sampler.add(self.votes_on(rows.part), rows.batch.model_texts, self._decided(rows.batch))
            yield rows.part

    def find_decided(self, into: list[GoldVotes]) -> Iterator[Part]:
        """Put the decided rows of each part into a list, with their votes; yield the parts as they are done."""
        for rows in self.parts():
            decided = self._decided(rows.batch)
            if decided is not None and (decided != ABSTAIN).any():
                votes, some = self.votes_on(rows.part), np.flatnonzero(decided != ABSTAIN)
                into.append(GoldVotes(take_rows(votes.patterns, votes.rows()[some]), decided[some]))
            yield rows.part

    def _decided(self, batch: Batch) -> Labels | None:
        """Return the class that people gave each row, -1 if none; None where nothing is decided. Shape: [n]."""
        decided = self.options.decided
        if decided is None:
            return None
        return np.array([decided.get(sha256_of_text(text), ABSTAIN) for text in batch.model_texts], dtype=np.int64)

    def labels_of(self, part: Part, batch: Batch | None = None) -> PartLabels:
        """Return the labels of a part.

        Parameters
        ----------
        part
            Which part.
        batch
            Its rows: needed if labels depend on the texts, unless the part was labeled before.
        """
        votes = self.votes_on(part)
        if not self.options.by_row:
            return PartLabels(*self._predict(votes.patterns), votes.rows())
        labels = self.labels.load(part.number)
        if labels is None:
            if batch is None:
                raise CorpusError(f"part {part.number} has no labels in {self.folder}: run the same command again")
            rows = take_rows(votes.patterns, votes.rows())
            texts = batch.model_texts if self.options.reads_texts else None
            with counting_texts() as counts:
                preds, probs = self._with_decided(batch, *self._predict(rows, texts))
            labels = PartLabels(preds, probs, read=TextsRead(*counts))
            self.labels.save(part.number, labels)
        return labels

    def is_labeled(self, number: int) -> bool:
        """See `VotingJob.is_labeled`."""
        return not self.options.by_row or self.labels.has(number)

    def read(self, part: Part) -> PartRows:
        """Read a part as far as `write` needs it: its records, where these are copied."""
        only_records = self.output is not None and self.output.copies and not self.options.by_row
        return self.corpus.read_records(part) if only_records else self.corpus.read_part(part)

    def write(self, rows: PartRows) -> None:
        """Label a part, and write it if there is an output; `model` must be set."""
        labels = self.labels_of(rows.part, rows.batch)
        if self.output is None:
            return
        votes = self.votes_on(rows.part)
        if labels.inverse is None:
            decided = self._decided(rows.batch)
            new = NewColumns(self._columns(take_rows(votes.patterns, votes.rows()), labels, decided))
        else:
            new = NewColumns(self._columns(votes.patterns, labels), labels.inverse)
        self.output.write(rows.part.number, rows.batch, new)

    def empty_columns(self) -> NewColumns:
        """Return the new columns of no rows."""
        none = np.empty((0, len(self.keys)), np.int8)
        decided = None if self.options.decided is None else np.empty(0, np.int64)
        return NewColumns(self._columns(none, PartLabels(*self._predict(none)), decided))

    def _vote_on_some(self, parts: Iterable[PartRows]) -> Iterator[PartSummary[VotePatterns]]:
        """Ask the labeling function in turn about the rows of each part that are chosen, and keep the votes."""
        (key,) = self.keys_in_turn
        under_way: list[tuple[PartVotes[VotePatterns], NDArray[np.int64]]] = []

        def batches() -> Iterator[Batch]:
            for rows in parts:
                chosen, votes = self._narrowed(self.stored(rows.part.number, self._chosen_by))
                under_way.append((votes, np.flatnonzero(chosen)))
                yield rows.batch.take(under_way[-1][1])

        for _, (of_lf,) in self._voter(self.turn).vote(batches()):
            earlier, some = under_way.pop(0)
            asked, column = earlier.asked[key].copy(), earlier.votes_of(key).astype(np.int16)
            asked[some], column[some] = True, of_lf.votes
            problems = of_lf.problems and numbered(of_lf.problems, earlier.part.first_row + some)
            votes = earlier.replacing(key, as_votes(column), asked, problems)
            self.store.save(votes)
            yield self.summary(votes, is_new=True)

    def _predict(self, L: VoteArray, texts: list[str] | None = None) -> tuple[Labels, Probs]:
        assert self.model is not None
        return self.model.predict(L, return_probs=True, texts=texts)

    def _with_decided(self, batch: Batch, preds: Labels, probs: Probs) -> tuple[Labels, Probs]:
        """Give decided rows the class that people gave them."""
        decided = self._decided(batch)
        if decided is not None:
            rows = np.flatnonzero(decided != ABSTAIN)
            preds[rows] = decided[rows]
            probs[rows] = np.eye(probs.shape[1], dtype=probs.dtype)[decided[rows]]
        return preds, probs

    def _columns(self, L: VoteArray, labels: PartLabels, decided: Labels | None = None) -> pl.DataFrame:
        names, prefix = self.lfs.labels, self.options.prefix
        columns = label_columns(labels.preds, labels.probs, names, prefix)
        lf_names = self.lfs.names if self.options.with_votes else ()
        of_people = [] if decided is None else [decided_column(decided, names, prefix)]
        return columns.hstack([*vote_columns(L, names, lf_names, prefix), *of_people])
