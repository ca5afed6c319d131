"""Applying labeling functions that mark spans: in the order in which they read one another, with the results in words.

Everything else, such as guarded processes, time limits and isolation of rows, is that of `weaklabel.votes.voter.Voter`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeAlias

from weaklabel.corpus.batch import TEXT, Batch
from weaklabel.errors import LFError
from weaklabel.labels import NOT_ENTITY
from weaklabel.lf.core import ALL_ROWS, LF
from weaklabel.lf.spans.order import in_order
from weaklabel.support.progress import Stage
from weaklabel.units import Units, spell_words
from weaklabel.votes.form import LFVotes
from weaklabel.votes.spans.form import SpanForm
from weaklabel.votes.spans.snapping import LFSpans, in_words
from weaklabel.votes.voter import Voter

Survey: TypeAlias = dict[str, dict[int, int]]
"""What a labeling function counts over a corpus; counts of parts add up."""


@dataclass(frozen=True)
class Phase:
    """Labeling functions that can vote in one pass over a corpus.

    Attributes
    ----------
    waves
        Their places; each wave votes on a batch after the one before it.
    surveyors
        Places of those among them that count over the corpus first, which takes a pass of its own.
    """

    waves: tuple[tuple[int, ...], ...]
    surveyors: tuple[int, ...]

    @property
    def places(self) -> tuple[int, ...]:
        """Places of all of them, in order."""
        return tuple(sorted(place for wave in self.waves for place in wave))

    def of(self, lfs: Sequence[LF], places: Sequence[int] | None = None) -> tuple[list[LF], list[list[int]]]:
        """Return those of ``places`` (by default all) as `SpanVoter` takes them: labeling functions, and waves of them."""
        chosen = self.places if places is None else tuple(places)
        waves = [[chosen.index(place) for place in wave if place in chosen] for wave in self.waves]
        return [lfs[place] for place in chosen], [wave for wave in waves if wave]


def phases(lfs: Sequence[LF]) -> list[Phase]:
    """Return in which passes over a corpus labeling functions vote.

    One that surveys the corpus waits until those that it reads have voted on all of it.

    Raises
    ------
    LFError
        One reads another that is not there, or they read one another in a circle, or one is to be asked about some rows
        only.
    """
    for lf in lfs:
        if lf.where != ALL_ROWS:
            raise LFError(
                f"LF '{lf.name}' is asked where={lf.where!r}, which labeling functions that mark spans cannot be; "
                "leave it out"
            )
    waves, place_of = in_order(lfs), {lf.name: place for place, lf in enumerate(lfs)}
    phase_of: dict[int, int] = {}
    for wave in waves:
        for place in wave:
            earlier = max((phase_of[place_of[name]] for name in lfs[place].reads), default=0)
            phase_of[place] = earlier + _surveys(lfs[place])
    listed = []
    for number in range(max(phase_of.values(), default=0) + 1):
        of_phase: list[tuple[int, ...]] = []
        for wave in waves:
            some = tuple(place for place in wave if phase_of[place] == number)
            # Each that surveys has a survey of its own in the batch.
            of_phase += [(place,) for place in some if _surveys(lfs[place])]
            others = tuple(place for place in some if not _surveys(lfs[place]))
            of_phase += [others] if others else []
        surveyors = tuple(place for wave in of_phase for place in wave if _surveys(lfs[place]))
        listed.append(Phase(tuple(of_phase), surveyors))
    return [phase for phase in listed if phase.waves]


def _surveys(lf: LF) -> bool:
    return bool(getattr(lf, "surveys", False))


class SpanVoter:
    """Labeling functions that mark spans, with what it takes to get their votes; a context manager, which ends its processes.

    Parameters
    ----------
    lfs
        Labeling functions, in the order of the results.
    waves
        Places among these; each wave is asked after the one before it. Those that they read are among them, or their
        spans are in the batches.
    labels
        Names of the labels, the inner ones of a hierarchy included.
    surveys
        By name, what labeling functions counted over the corpus.
    **how
        As of `weaklabel.votes.voter.Voter`.
    """

    def __init__(
        self,
        lfs: Sequence[LF],
        waves: Iterable[Iterable[int]],
        labels: Sequence[str],
        surveys: Mapping[str, Survey] | None = None,
        **how: Any,
    ) -> None:
        self.lfs: tuple[LF, ...] = tuple(lfs)
        self.surveys: dict[str, Survey] = dict(surveys or {})
        form = SpanForm(len(labels), labels)
        self._voters = [Voter([lfs[place] for place in wave], form=form, **how) for wave in waves]
        self._read = {name for lf in lfs for name in lf.reads}

    @property
    def stage(self) -> Stage | None:
        """Shows the progress."""
        return self._voters[0].stage if self._voters else None

    @stage.setter
    def stage(self, stage: Stage | None) -> None:
        for voter in self._voters:
            voter.stage = stage

    def vote(self, batches: Iterable[Batch]) -> Iterator[tuple[Batch, list[LFVotes]]]:
        """Let all labeling functions vote.

        Yields
        ------
        tuple
            A batch, in the order of ``batches``, and the votes on it in the order of ``lfs``: `LFSpans`, in words.

        Raises
        ------
        VoteError, LFError
            As `weaklabel.votes.voter.Voter.vote`.
        """
        voted: Iterator[tuple[Batch, dict[str, LFVotes]]] = ((batch, {}) for batch in batches)
        for voter in self._voters:
            voted = self._wave(voter, voted)
        for batch, votes in voted:
            yield batch, [votes[lf.name] for lf in self.lfs]

    def _wave(
        self, voter: Voter, earlier: Iterable[tuple[Batch, dict[str, LFVotes]]]
    ) -> Iterator[tuple[Batch, dict[str, LFVotes]]]:
        under_way: deque[dict[str, LFVotes]] = deque()

        def batches() -> Iterator[Batch]:
            for batch, votes in earlier:
                under_way.append(votes)
                if voter.lfs[0].name in self.surveys:
                    batch.survey = self.surveys[voter.lfs[0].name]
                yield batch

        for batch, of_lfs in voter.vote(batches()):
            votes, words = under_way.popleft(), words_of(batch)
            batch.survey = {}
            for lf, of_lf in zip(voter.lfs, of_lfs, strict=True):
                votes[lf.name] = LFVotes(in_words(of_lf.votes, words), of_lf.problems)
                if lf.name in self._read:
                    batch.spans = {**batch.spans, lf.name: in_rows(votes[lf.name].votes, words)}
            yield batch, votes

    def say_slowest(self) -> None:
        """See `weaklabel.votes.voter.Voter`."""
        for voter in self._voters:
            voter.say_slowest()

    def stop_asking(self) -> None:
        """See `weaklabel.votes.voter.Voter`."""
        for voter in self._voters:
            voter.stop_asking()

    def close(self) -> None:
        """End all processes."""
        for voter in self._voters:
            voter.close()

    def __enter__(self) -> SpanVoter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is not None:
            self.stop_asking()
        self.close()


def words_of(batch: Batch) -> Units:
    """Return the words of the texts of a batch, found once."""
    return batch.once(("words", TEXT), lambda: spell_words(batch.texts)).units


def in_rows(votes: LFSpans, words: Units) -> list[list[tuple[int, int, int]]]:
    """Return for each row what a labeling function marks, in code points, as others read it; -2 is "not an entity"."""
    rows: list[list[tuple[int, int, int]]] = [[] for _ in range(words.n_rows)]
    for spans, label in ((votes.spans, None), (votes.negatives, NOT_ENTITY)):
        first = words.offsets[spans.row] + spans.begin
        last = words.offsets[spans.row] + spans.end - 1
        columns = (spans.row, words.begins[first], words.ends[last], spans.label)
        for row, begin, end, number in zip(*(column.tolist() for column in columns), strict=True):
            rows[row].append((begin, end, number if label is None else label))
    if len(votes.negatives):
        for of_row in rows:
            of_row.sort()
    return rows


def add_survey(total: Survey, part: Mapping[str, Mapping[int, int]]) -> None:
    """Add the counts of a part of the corpus to a total."""
    for text, counts in part.items():
        of_text = total.setdefault(text, {})
        for label, count in counts.items():
            of_text[label] = of_text.get(label, 0) + count
