"""Applying labeling functions that mark spans to a corpus whose votes fit into memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, cast

import numpy as np

from weaklabel.corpus import Corpus
from weaklabel.corpus.batch import Batch
from weaklabel.errors import LFError, WeakLabelError
from weaklabel.lf.core import LF
from weaklabel.lf.spans.core import SpanLF
from weaklabel.lf.spans.forest import LabelForest, label_forest
from weaklabel.support.progress import stage
from weaklabel.units import Units
from weaklabel.votes.checking import ErrorBudget
from weaklabel.votes.form import error_message
from weaklabel.votes.matrix import Problems
from weaklabel.votes.spans.snapping import LFSpans
from weaklabel.votes.spans.table import SpanTable, join_tables
from weaklabel.votes.spans.votes import SpanVotes
from weaklabel.votes.spans.voting import Phase, SpanVoter, Survey, add_survey, in_rows, phases, words_of


def apply_span_lfs(
    lfs: Sequence[LF],
    corpus: Corpus,
    forest: LabelForest,
    *,
    error_budget: float | None,
    batch_size: int,
    how: Mapping[str, Any],
) -> SpanVotes:
    """Let labeling functions mark the spans of every row of a corpus; see `weaklabel.votes.apply_lfs`.

    Parameters
    ----------
    lfs
        Labeling functions that know their labels.
    corpus
        With a text.
    forest
        The labels.
    error_budget, batch_size
        As of `weaklabel.votes.apply_lfs`.
    how
        As of `weaklabel.votes.voter.Voter`.
    """
    application = _Application(lfs, corpus, batch_size)
    problems: dict[str, Problems] = {}
    for phase in phases(lfs):
        surveys = application.survey(phase)
        budget = ErrorBudget(error_budget)
        in_phase, waves = phase.of(lfs)
        with (
            stage("voting", corpus.known_length, "rows") as shown,
            SpanVoter(in_phase, waves, forest.names, surveys, **how) as voter,
        ):
            voter.stage = shown
            for batch, votes in voter.vote(application.batches(phase)):
                named = {lf.name: of_lf for lf, of_lf in zip(in_phase, votes, strict=True)}
                application.keep(batch, {name: of_lf.votes for name, of_lf in named.items()})
                failed = {name: of_lf.problems for name, of_lf in named.items() if of_lf.problems is not None}
                budget.note(failed, len(batch))
                shown.advance(len(batch))
            voter.say_slowest()
        budget.check()
        problems |= budget.problems
    words, texts, table = application.result()
    return SpanVotes.of_table(
        table,
        [lf.name for lf in lfs],
        forest.leaves,
        inner=forest.inner,
        complete=are_complete(lfs),
        problems={lf.name: problems[lf.name] for lf in lfs if lf.name in problems},
        words=words,
        texts=texts,
    )


class _Application:
    """The votes so far, batch by batch."""

    def __init__(self, lfs: Sequence[LF], corpus: Corpus, batch_size: int) -> None:
        self._lfs = lfs
        self._corpus = corpus
        self._batch_size = batch_size
        self._columns: dict[str, list[LFSpans]] = {lf.name: [] for lf in lfs}
        self._words: list[Units] = []
        self._texts: list[list[str]] = []
        self._starts: list[int] = []

    def batches(self, phase: Phase) -> Iterator[Batch]:
        """Give the batches, with the spans of those labeling functions that voted in earlier passes and are read now."""
        here = {self._lfs[place].name for place in phase.places}
        read = {name for place in phase.places for name in self._lfs[place].reads} - here
        for number, batch in enumerate(self._corpus.batches(self._batch_size)):
            batch.spans = {name: in_rows(self._columns[name][number], words_of(batch)) for name in sorted(read)}
            yield batch

    def survey(self, phase: Phase) -> dict[str, Survey]:
        """Let those count over the corpus that do, and return their counts by name."""
        surveys: dict[str, Survey] = {self._lfs[place].name: {} for place in phase.surveyors}
        if surveys:
            with stage("surveying", self._corpus.known_length, "rows") as shown:
                for batch in self.batches(phase):
                    for place in phase.surveyors:
                        add_survey(surveys[self._lfs[place].name], survey_of(self._lfs[place], batch))
                    shown.advance(len(batch))
        return surveys

    def keep(self, batch: Batch, votes: Mapping[str, LFSpans]) -> None:
        """Keep the votes on a batch; its words and texts, if they are new."""
        for name, of_lf in votes.items():
            self._columns[name].append(of_lf)
        if not self._starts or batch.start > self._starts[-1]:
            self._starts.append(batch.start)
            self._words.append(words_of(batch))
            self._texts.append(batch.texts)

    def result(self) -> tuple[Units, list[str], SpanTable]:
        """Return words, texts and votes of the whole corpus."""
        tables = [
            SpanTable(words.offsets, tuple(self._columns[lf.name][number] for lf in self._lfs))
            for number, words in enumerate(self._words)
        ]
        table = join_tables(tables) if tables else SpanTable.silent(np.zeros(1, np.int64), len(self._lfs))
        none = np.empty(0, np.int64)
        begins, ends = (
            np.concatenate([none, *(getattr(words, name) for words in self._words)]) for name in ("begins", "ends")
        )
        return Units(table.offsets, begins, ends), list(chain.from_iterable(self._texts)), table


def survey_of(lf: LF, batch: Batch) -> Survey:
    """Return what a labeling function that surveys the corpus counts in a batch.

    Raises
    ------
    LFError
        It raises something: without its count of all rows there is nothing that it could say of one.
    """
    try:
        return cast("SpanLF", lf).survey(batch)
    except WeakLabelError:
        raise
    except Exception as error:
        last = batch.start + len(batch) - 1
        raise LFError(
            f"LF '{lf.name}' failed as it counted in rows {batch.start} to {last}: {error_message(error)}; "
            "fix it or leave it out"
        ) from error


def are_complete(lfs: Sequence[LF]) -> tuple[bool, ...]:
    """Say of each labeling function whether it marks all that it knows, so that its silence may count."""
    return tuple(bool(getattr(lf, "complete", False)) for lf in lfs)


def bound(lfs: Sequence[LF], labels: object) -> tuple[list[LF], LabelForest]:
    """Tell labeling functions that come from no pack their labels, and return them with these.

    Parameters
    ----------
    lfs
        All of them mark spans.
    labels
        Names, or a hierarchy of them, as LABELS of a pack; None: those that the labeling functions give by name, in order.

    Raises
    ------
    LFError
        One gives a label that is not among them, or gives numbers where there are no names.
    """
    if labels is None:
        given = [label for lf in lfs for label in getattr(lf, "labels", ())]
        number = next((label for label in given if not isinstance(label, str)), None)
        if number is not None or not given:
            raise LFError(
                "labeling functions that mark spans give numbers of labels, and there are no names for them; give labels="
            )
        labels = list(dict.fromkeys(given))
    forest = label_forest(labels, "labels")
    return [cast("SpanLF", lf).bind(forest.names) for lf in lfs], forest
