"""A labeling function that asks a language model for the label of each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from weaklabel.corpus.batch import Batch
from weaklabel.errors import LFError
from weaklabel.labels import ABSTAIN
from weaklabel.lf.core import LF, NotedVote, Place, Reason, VoteNote
from weaklabel.lf.llm.answers import OFF_LIST
from weaklabel.lf.llm.asked import Answered, Questions
from weaklabel.lf.llm.calibration import Calibration, fit_calibration
from weaklabel.lf.llm.prompts import one_line
from weaklabel.lf.llm.source import ModelSource
from weaklabel.lf.models import decide
from weaklabel.lf.reasons import limits, quoted
from weaklabel.support.hashing import sha256_of_json

if TYPE_CHECKING:
    from weaklabel.llm import Estimate, LanguageModel, Prompt

UNASKED_NOTE = "not asked"


class NoAnswer(Exception):
    """The model gave no answer about a row; the message says why."""


class LanguageModelLF(LF):
    """A labeling function that asks a language model; see `weaklabel.lf.llm.llm_lf`.

    Parameters
    ----------
    name
        Name of the labeling function.
    source
        The model.
    questions
        What is asked.
    numbers
        What each answer stands for, in the order of the choices of the prompt: a class number, or -1.
    threshold
        Probability below which it abstains.
    calibration
        How probabilities are corrected.
    files
        Files that its settings were read from.
    """

    kind = "language model"
    place = Place.IN_PROCESS
    asks: ClassVar[bool] = True

    def __init__(
        self,
        name: str,
        source: ModelSource,
        questions: Questions,
        numbers: Sequence[int],
        *,
        threshold: float,
        calibration: Calibration | None,
        files: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.columns: tuple[str, ...] = questions.writer.columns
        self.label_names: tuple[str, ...] = tuple(questions.writer.labels)
        self.rows_together: int = questions.rows_per_prompt
        self.threshold = threshold
        self.calibration = calibration
        self._source = source
        self._questions = questions
        self._numbers = np.array([*numbers, OFF_LIST])
        self._files = (*files, *source.files())

    @property
    def slow(self) -> str | None:
        """See `LF.slow`."""
        return "a language model"

    def vote(self, batch: Batch) -> list[Any]:
        """Vote on every row of ``batch``; see `LF.vote`."""
        answered = self._questions.ask(self._model, batch)
        votes = iter(self._votes([each for each in answered if each is not None]))
        return [ABSTAIN if each is None else next(votes) for each in answered]

    def prompts(self, batch: Batch) -> list[Prompt]:
        """See `LF.prompts`."""
        questions = self._questions
        return list(dict.fromkeys(questions.prompts(questions.groups(questions.rows(batch), batch.start))))

    def language_model(self) -> LanguageModel:
        """See `LF.language_model`."""
        return self._model

    def estimate(self, batch: Batch) -> Estimate:
        """See `LF.estimate`."""
        from weaklabel.llm import asking

        return asking().estimate(self._model, self.prompts(batch))

    def identity(self) -> Any:
        """See `LF.identity`."""
        calibration = None if self.calibration is None else vars(self.calibration)
        return [self._asked(self._questions), self._numbers.tolist(), self.threshold, calibration]

    def files(self) -> tuple[str, ...]:
        """See `LF.files`."""
        return self._files

    def options(self) -> dict[str, Any]:
        """See `LF.options`."""
        questions, writer = self._questions, self._questions.writer
        shown = {
            "model": self._source.shown,
            "endpoint": self._source.endpoint,
            "columns": list(self.columns),
            "labels": {one_line(name): text for name, text in writer.labels.items()},
            "none": writer.none,
            "guidelines": writer.guidelines,
            "template": writer.template,
            "examples": len(questions.examples) or None,
            "similar_examples": questions.shots if questions.pool else None,
            "threshold": self.threshold or None,
            "calibration": self.calibration and f"temperature {self.calibration.temperature:.2f}",
            "samples": writer.samples,
            "rows_per_prompt": questions.rows_per_prompt,
            "text_tokens": questions.text_tokens,
            "where": self.where,
        }
        return {name: value for name, value in shown.items() if value not in (None, "")}

    def reason(self, row: Batch, vote: int) -> Reason:
        """See `LF.reason`; nothing is asked: it shows what is kept."""
        said = self._source.shown
        answered = self._kept(row)
        if answered is None or answered.failure:
            return Reason(f"{said} said so, but its answer is no longer kept")
        (probs,) = self._corrected(answered.probs[None])
        said += f" answers {', '.join(dict.fromkeys(map(quoted, answered.texts)))}"
        if answered.is_told:
            share = float(probs[self._numbers == vote].sum())
            said += f": probability {share:.2f}{limits(self.threshold, None) if self.threshold else ''}"
        said += "".join(f"; {note.what}" for note in answered.notes)
        is_same = self._votes([answered])[0] == vote
        return Reason(said if is_same else f"votes differently now: {said}")

    def calibration_rows(self, batch: Batch, gold: Sequence[int] | NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Ask about rows with gold; return the probabilities of the answers and which of them is right. [n, k], [n]."""
        questions = self._questions.with_logprobs()
        places = self._numbers.tolist()
        probs, right = [], []
        for each, label in zip(questions.ask(self._model, batch), gold, strict=True):
            if each is None or each.failure or label < 0 or each.probs[-1] > 0:
                continue
            self._check_told(each)
            probs.append(each.probs[:-1])
            right.append(places.index(label))
        shape = (len(probs), len(places) - 1)
        return np.array(probs).reshape(shape), np.array(right, dtype=np.int64)

    def fit_calibration(self, probs: NDArray[Any], right: NDArray[Any]) -> Calibration:
        """Return the calibration for what `calibration_rows` returned."""
        return fit_calibration(self.name, probs, right, self._hash(self._questions.with_logprobs()))

    @cached_property
    def _model(self) -> LanguageModel:
        return self._source.open(self.name)

    def __getstate__(self) -> Mapping[str, Any]:
        """Leave out the connection to the model, which every process opens for itself."""
        return {name: value for name, value in vars(self).items() if name != "_model"}

    def _asked(self, questions: Questions) -> dict[str, Any]:
        return {"model": self._model.identity(), **questions.identity()}

    def _hash(self, questions: Questions) -> str:
        return sha256_of_json(self._asked(questions))

    def _kept(self, row: Batch) -> Answered | None:
        """Return what was answered about the one row of a batch, where that is kept."""
        shown = self._questions.rows(row)[0]
        if shown is None:
            return None
        answered = self._questions.remembered(self._model, shown)
        if answered is None and not self.estimate(row).requests:
            (answered,) = self._questions.ask(self._model, row)
        return answered

    def _votes(self, answered: Sequence[Answered]) -> list[Any]:
        """Return the votes for what was answered; an exception where there is no answer. Length: answered."""
        from weaklabel.llm import NOT_ASKED

        if not answered:
            return []
        for each in answered:
            if (self.threshold or self.calibration) and not each.failure and not each.probs[-1]:
                self._check_told(each)
        probs = self._corrected(np.array([each.probs for each in answered]))
        votes: list[Any] = []
        for vote, each in zip(decide(probs, self._numbers, self.threshold).tolist(), answered, strict=True):
            if each.failure == NOT_ASKED:
                votes.append(NotedVote(ABSTAIN, VoteNote(UNASKED_NOTE, "its answer is not kept", is_final=False)))
            elif each.failure:
                votes.append(NoAnswer(each.failure))
            else:
                votes.append(NotedVote(vote, *each.notes) if each.notes else vote)
        return votes

    def _corrected(self, probs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probabilities after calibration. Shape: [n, answers + 1]."""
        if self.calibration is None:
            return probs
        if self.calibration.asked != self._hash(self._questions):
            raise LFError(
                f"LF '{self.name}': its calibration was fitted on answers of another model, or to another prompt: "
                "calibrate it again, or leave calibration out"
            )
        return self.calibration.apply(probs)

    def _check_told(self, answered: Answered) -> None:
        if not answered.is_told:
            raise LFError(
                f"LF '{self.name}': {self._source.shown} does not tell probabilities, which a threshold and a calibration "
                "need: ask for several answers, samples=5, or leave both out"
            )
