"""One process's share in labeling a corpus with spans: votes on a part, labels of a part, a part of the output."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from weaklabel.corpus import Batch, Corpus
from weaklabel.corpus.parts import Part, PartRows
from weaklabel.corpus.sinks import NewColumns
from weaklabel.errors import CorpusError
from weaklabel.job.folder import ONCE, lf_keys
from weaklabel.job.store import SPAN_TABLES, PartVotes, TableForm
from weaklabel.job.voting import LabelOptions, PartVoter, VotingJob
from weaklabel.lf.identity import Identity
from weaklabel.lf.packs import LFCollection
from weaklabel.support.files import write_json
from weaklabel.support.hashing import sha256_of_json
from weaklabel.units import Units, in_code_points
from weaklabel.units.span_column import SPANS, spans_column
from weaklabel.units.spans import Spans
from weaklabel.votes.form import LFVotes
from weaklabel.votes.spans import Runs, SpanCounts, SpanTable, SpanVotes, merge_runs
from weaklabel.votes.spans.apply import are_complete, survey_of
from weaklabel.votes.spans.voting import Phase, SpanVoter, Survey, add_survey, in_rows, phases, words_of

if TYPE_CHECKING:
    from weaklabel.label_model.sequence import SpanLabelModel, SpanLabels
    from weaklabel.label_model.sequence.sample import SpanTextSampler

NEGATIVE = "not an entity"
"""In the place of a label, where a labeling function says that there is no entity."""


@dataclass(frozen=True, eq=False)
class SpanTally:
    """What is counted of the votes on rows; it adds up over parts.

    Attributes
    ----------
    runs
        The different runs of voted words.
    counts
        Of each labeling function, what was changed of its spans. Length: m.
    n_spans, n_negatives
        Of each labeling function, how many spans it marks, and how often it says that there is no entity. Shape: [m].
    covered
        Rows with a span.
    """

    runs: Runs
    counts: tuple[SpanCounts, ...]
    n_spans: NDArray[np.int64]
    n_negatives: NDArray[np.int64]
    covered: int


class SpanJob(VotingJob[SpanTable, SpanTally]):
    """The job of labeling rows with spans; see `VotingJob`.

    Labeling functions vote in phases: one that surveys the corpus waits until those that it reads voted on all of it.

    Attributes
    ----------
    model
        The fitted label model, once there is one.
    phase
        Number of the phase.
    surveys
        By name, what the labeling functions of this phase counted over the corpus.
    """

    kind = "label spans"
    form: ClassVar[TableForm[SpanTable]] = SPAN_TABLES
    model: SpanLabelModel | None = None
    phase = 0
    surveys: Mapping[str, Survey] = {}

    @cached_property
    def phases(self) -> list[Phase]:
        """The passes in which labeling functions vote."""
        return phases(self.lfs.lfs)

    def begin_phase(self, number: int) -> None:
        """Let the labeling functions of a phase vote from now on, with the surveys, if these are there."""
        self.phase = number
        self.begin_turn(self.phases[number].places)
        self.surveys = read_surveys(self.survey_path) if self.survey_path.exists() else {}

    @property
    def survey_tag(self) -> str:
        """A hash of everything that the surveys of this phase depend on."""
        surveyors = [self.keys[place] for place in self.phases[self.phase].surveyors]
        return sha256_of_json([self.corpus_id, surveyors])[:12]

    @property
    def survey_path(self) -> Path:
        """File of the surveys of this phase over the whole corpus."""
        return self.store.folder / f"survey-{self.survey_tag}.json"

    def order(self) -> dict[str, Any]:
        """See `VotingJob.order`."""
        return super().order() | {"phase": self.phase}

    def new_voter(self, places: tuple[int, ...], **how: Any) -> PartVoter:
        """See `VotingJob.new_voter`."""
        lfs, waves = self.phases[self.phase].of(self.lfs.lfs, places)
        return SpanVoter(lfs, waves, self.lfs.all_labels, self.surveys, **how)

    def prepare(self, batch: Batch, cached: PartVotes[SpanTable] | None, missing: Sequence[int]) -> None:
        """See `VotingJob.prepare`: the batch gets the spans that others read, of those who voted before."""
        names = {self.lfs.names[place] for place in missing}
        read = {name for place in missing for name in self.lfs.lfs[place].reads} - names
        batch.spans = {} if cached is None else self.spans_read(batch, cached, read)

    def spans_read(
        self, batch: Batch, votes: PartVotes[SpanTable], names: set[str]
    ) -> dict[str, list[list[tuple[int, int, int]]]]:
        """Return the spans of some labeling functions on a batch, as others read them."""
        words = words_of(batch)
        columns = {name: votes.of([self.keys[self.lfs.names.index(name)]]).columns[0] for name in sorted(names)}
        return {name: in_rows(column, words) for name, column in columns.items()}

    def table(self, batch: Batch, of_lfs: Sequence[LFVotes]) -> SpanTable:
        """See `VotingJob.table`."""
        return SpanTable(words_of(batch).offsets, tuple(votes.votes for votes in of_lfs))

    def counted(self, table: SpanTable) -> SpanTally:
        """See `VotingJob.counted`."""
        spans = np.array([len(column.spans) for column in table.columns], dtype=np.int64)
        negatives = np.array([len(column.negatives) for column in table.columns], dtype=np.int64)
        is_covered = np.zeros(table.n, dtype=bool)
        for column in table.columns:
            is_covered[column.spans.row] = True
        runs = self.span_votes(table, self.turn).runs().without_places()
        counts = tuple(column.counts for column in table.columns)
        return SpanTally(runs, counts, spans, negatives, int(is_covered.sum()))

    def merged(self, tables: Sequence[SpanTally]) -> SpanTally:
        """See `VotingJob.merged`."""
        if not tables:
            return self.counted(self.no_votes(len(self.turn)))
        changed = zip(*(table.counts for table in tables), strict=True)
        return SpanTally(
            merge_runs([table.runs for table in tables]),
            tuple(sum(of_lf, SpanCounts()) for of_lf in changed),
            np.sum([table.n_spans for table in tables], axis=0),
            np.sum([table.n_negatives for table in tables], axis=0),
            sum(table.covered for table in tables),
        )

    def no_votes(self, m: int) -> SpanTable:
        """Return the votes of so many labeling functions on no rows."""
        return SpanTable.silent(np.zeros(1, np.int64), m)

    def span_votes(
        self,
        table: SpanTable,
        places: Sequence[int] | None = None,
        words: Units | None = None,
        texts: Sequence[str] | None = None,
    ) -> SpanVotes:
        """Return the votes of the labeling functions at some places, by default all, with their names."""
        chosen = range(len(self.lfs.lfs)) if places is None else places
        lfs = [self.lfs.lfs[place] for place in chosen]
        return SpanVotes.of_table(
            table,
            [lf.name for lf in lfs],
            self.lfs.labels,
            inner=self.lfs.inner,
            complete=are_complete(lfs),
            words=words,
            texts=texts,
        )

    def votes_on(self, part: Part, batch: Batch | None = None) -> SpanVotes:
        """Return the votes on a part; with its rows, if these are given, the votes have words and texts."""
        table = self.stored(part.number).of(self.keys)
        if batch is None:
            return self.span_votes(table)
        return self.span_votes(table, None, words_of(batch), batch.texts)

    def sample_texts(self, sampler: SpanTextSampler) -> Iterator[Part]:
        """Give all rows to the sampler of the texts that the label model is fitted to; yield the parts as they are done."""
        for rows in self.parts():
            votes = self.votes_on(rows.part, rows.batch)
            sampler.add(votes, rows.batch.texts, words=votes.words)
            yield rows.part

    def save_model(self, model: SpanLabelModel) -> None:
        """Save the fitted label model, for this process and all others."""
        model.save(self._model_path)
        self.model = model

    def load_model(self) -> SpanLabelModel | None:
        """See `VotingJob.load_model`."""
        from weaklabel.label_model.sequence import load_span_label_model

        self.model = load_span_label_model(self._model_path) if self._model_path.exists() else None
        return self.model

    def labels_of(self, votes: SpanVotes) -> SpanLabels:
        """Return the spans that the label model gives to rows, in words; it reads texts if it may and they are there."""
        assert self.model is not None
        texts = votes.texts if self.reads_texts else None
        return self.model.predict(votes, texts, words=votes.words)

    @property
    def reads_texts(self) -> bool:
        """Whether the label model reads the texts."""
        assert self.model is not None
        return may_read_texts(self.model, self.options)

    def is_labeled(self, number: int) -> bool:
        """See `VotingJob.is_labeled`."""
        return self._tally_path(number).exists()

    def label_counts(self, number: int) -> NDArray[np.int64]:
        """Return how many spans of each label a labeled part has. Shape: [k]."""
        return np.array(json.loads(self._tally_path(number).read_text(encoding="utf-8")), dtype=np.int64)

    def write(self, rows: PartRows) -> None:
        """See `VotingJob.write`."""
        votes = self.votes_on(rows.part, rows.batch)
        labels, words = self.labels_of(votes), words_of(rows.batch)
        counts = np.bincount(labels.spans.label, minlength=len(self.lfs.labels))
        write_json(self._tally_path(rows.part.number), counts.tolist())
        if self.output is not None:
            spans = in_code_points(labels.spans, words)
            new = self._columns(votes, spans, labels.probs, words, rows.batch.texts)
            self.output.write(rows.part.number, rows.batch, NewColumns(new))

    def empty_columns(self) -> NewColumns:
        """Return the new columns of no rows."""
        none = np.empty(0, np.int64)
        words = Units(np.zeros(1, np.int64), none, none)
        votes = self.span_votes(self.no_votes(len(self.lfs.lfs)))
        return NewColumns(self._columns(votes, Spans(none, none, none, none, 0), np.empty(0), words, []))

    def _columns(
        self, votes: SpanVotes, spans: Spans, probs: NDArray[np.float64], words: Units, texts: Sequence[str]
    ) -> pl.DataFrame:
        columns = [spans_column(spans, texts, self.lfs.labels, probs)]
        labels = (*self.lfs.all_labels, NEGATIVE)
        if self.options.with_votes:
            for of_lf, negatives in zip(votes.spans, votes.negatives, strict=True):
                marked = in_code_points(both_kinds(of_lf, negatives, len(labels) - 1), words)
                columns.append(spans_column(marked, texts, labels))
        names = new_span_columns(self.lfs.names if self.options.with_votes else (), self.options.prefix)
        return pl.DataFrame([column.alias(name) for column, name in zip(columns, names, strict=True)])

    @property
    def _model_path(self) -> Path:
        return self.folder / f"labels-{self.tag}.json"

    def _tally_path(self, number: int) -> Path:
        return self.folder / f"labels-{self.tag}-{number:06d}.json"


class SurveyJob:
    """The pass over a corpus in which labeling functions count what they need to know of all of it.

    Parameters
    ----------
    job
        In the phase whose labeling functions count.
    """

    def __init__(self, job: SpanJob) -> None:
        self.job = job
        self.corpus: Corpus = job.corpus
        self.folder: Path = job.store.folder

    def order(self) -> dict[str, Any]:
        """See `weaklabel.job.engine.WritingJob`."""
        return self.job.order() | {"kind": "survey"}

    def close(self) -> None:
        """End all processes of labeling functions."""
        self.job.close()

    def parts(self, after: Part | None = None) -> Iterator[PartRows]:
        """See `weaklabel.job.engine.WritingJob`."""
        return self.job.parts(after)

    def done(self, number: int) -> bool:
        """See `weaklabel.job.engine.WritingJob`."""
        return self._path(number).exists()

    def read(self, part: Part) -> PartRows:
        """See `weaklabel.job.engine.WritingJob`."""
        return self.corpus.read_part(part)

    def write(self, rows: PartRows) -> None:
        """Count in a part."""
        job, batch = self.job, rows.batch
        lfs = [job.lfs.lfs[place] for place in job.phases[job.phase].surveyors]
        read = {name for lf in lfs for name in lf.reads}
        if read:
            keys = [job.keys[job.lfs.names.index(name)] for name in sorted(read)]
            batch.spans = job.spans_read(batch, job.stored(rows.part.number, keys), read)
        write_surveys(self._path(rows.part.number), {lf.name: survey_of(lf, batch) for lf in lfs})

    def assemble(self, parts: Sequence[Part]) -> None:
        """Add up what was counted in all parts, for all processes."""
        lfs = [self.job.lfs.lfs[place] for place in self.job.phases[self.job.phase].surveyors]
        totals: dict[str, Survey] = {lf.name: {} for lf in lfs}
        for part in parts:
            for name, survey in read_surveys(self._path(part.number)).items():
                add_survey(totals[name], survey)
        write_surveys(self.job.survey_path, totals)
        for part in parts:
            self._path(part.number).unlink(missing_ok=True)

    def _path(self, number: int) -> Path:
        return self.folder / f"survey-{self.job.survey_tag}-{number:06d}.json"


def may_read_texts(model: SpanLabelModel, options: LabelOptions) -> bool:
    """Return whether a label model reads the texts: it can, and it may or cannot do without."""
    return model.uses_texts and (options.read_texts is not False or options.label_model.name == "text")


def write_surveys(path: Path, surveys: Mapping[str, Survey]) -> None:
    """Write surveys, atomically; the same counts are the same bytes."""
    ordered = {
        name: {text: sorted(survey[text].items()) for text in sorted(survey)} for name, survey in surveys.items()
    }
    write_json(path, ordered)


def read_surveys(path: Path) -> dict[str, Survey]:
    """Read what `write_surveys` wrote.

    Raises
    ------
    CorpusError
        The file is damaged.
    """
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
        return {name: {text: dict(counts) for text, counts in survey.items()} for name, survey in saved.items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise CorpusError(f"{path} cannot be read ({error}): remove it, and run the same command again") from None


def both_kinds(spans: Spans, negatives: Spans, label: int) -> Spans:
    """Return all that a labeling function marks, negatives with a label of their own, sorted by row and place."""
    if not len(negatives):
        return spans
    labels = np.concatenate([spans.label, np.full(len(negatives), label)])
    row, begin, end = (
        np.concatenate([getattr(spans, name), getattr(negatives, name)]) for name in ("row", "begin", "end")
    )
    order = np.lexsort((begin, row))
    return Spans(row[order], begin[order], end[order], labels[order], spans.n_rows)


def new_span_columns(lf_names: Sequence[str] = (), prefix: str = "") -> list[str]:
    """Return the names of the columns that labeling adds, in order; votes of labeling functions come last."""
    return [prefix + name for name in [SPANS, *(f"{SPANS}_{name}" for name in lf_names)]]


def span_keys(identity: Identity, lfs: LFCollection) -> tuple[str, ...]:
    """Return the key of each labeling function, as `lf_keys`; that of one that reads others hangs on theirs, too."""
    own = dict(zip(lfs.names, lf_keys(identity, lfs), strict=True))
    keys: dict[str, str] = {}
    for phase in phases(lfs.lfs):
        for wave in phase.waves:
            for lf in (lfs.lfs[place] for place in wave):
                read = [keys[name] for name in lf.reads]
                once = any(key.startswith(ONCE) for key in read) and not own[lf.name].startswith(ONCE)
                key = f"{own[lf.name]}-{sha256_of_json(read)[:16]}" if read else own[lf.name]
                keys[lf.name] = f"{ONCE}{key}" if once else key
    return tuple(keys[name] for name in lfs.names)
