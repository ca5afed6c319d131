"""Forms for preference tuning: a right answer and a plausible wrong one, or two candidate answers that were ranked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from weaklabel.errors import ExportError, nearest
from weaklabel.export.conversations import (
    PROMPT_COLUMNS,
    ROLES,
    ConversationExporter,
    as_messages,
    as_text,
    before_answer,
)
from weaklabel.export.corpus import LabeledCorpus, LabeledPart, Task
from weaklabel.export.selection import uniform
from weaklabel.llm.instructions import InstructionTemplates, Question

CLOSE = "label hardly more probable than the wrong one"
SAME = "both answers are the same, or one is empty"


def wrong_label(part: LabeledPart, row: int, k: int, seed: int) -> int:
    """Return a class other than a row's label, drawn by the probabilities of the others; each alike where there are none.

    The draw depends on the text and the seed alone.
    """
    label = int(part.preds[row])
    weights = np.nan_to_num(part.probs[row], nan=0.0).copy()
    weights[label] = 0
    if weights.sum() <= 0:
        weights = np.ones(k)
        weights[label] = 0
    ends = np.cumsum(weights)
    at = uniform(part.texts[row], seed, "wrong label") * ends[-1]
    return int(np.searchsorted(ends, at, side="right"))


@dataclass(kw_only=True, repr=False, eq=False)
class PreferenceExporter(ConversationExporter):
    """Writes ``prompt``, ``chosen`` and ``rejected``, as messages or as plain texts.

    The chosen answer is the label of the row, and the rejected one a wrong label that the label model holds for plausible.
    With ``candidates``, both are texts of the row, and the label says which is better.

    Parameters
    ----------
    plain
        Write texts in place of messages.
    min_margin
        Leave out rows whose label is not more probable than the wrong one by that much.
    candidates
        Columns with candidate answers, one for each class, in the order of the classes: the label says which is the best.
    question_column
        With ``candidates``: the column with the question that they answer; by default the text of the row.
    language, phrasings, templates, system, verbalizers, descriptions, rationale, tokenizer, max_tokens, too_long, columns, seed
        See `ConversationExporter`.
    """

    title = "preference pairs"
    consumer = "TRL's DPOTrainer and RewardTrainer, axolotl; with plain=true LLaMA-Factory"
    fields: ClassVar[tuple[str, ...]] = ("prompt", "chosen", "rejected")
    takes_drawn = False
    tasks: ClassVar[tuple[Task, ...]] = ("texts",)
    plain: bool = False
    min_margin: float = 0.0
    candidates: list[str] | None = None
    question_column: str = ""

    def instructions(self, corpus: LabeledCorpus) -> InstructionTemplates:
        """See `ConversationExporter.instructions`; candidates answer the text itself."""
        if self.candidates is None or self.templates:
            return super().instructions(corpus)
        column = self.question_column or "text"
        columns = [name for name in corpus.schema if name.isidentifier()]
        return InstructionTemplates(
            corpus.labels, templates=[f"{{{{ {column} }}}}"], system=self.system, columns=columns, seed=self.seed
        )

    def check_corpus(self, corpus: LabeledCorpus) -> None:
        """See `CorpusExporter.check_corpus`."""
        named = [*(self.candidates or ()), *([self.question_column] if self.question_column else [])]
        for name in named:
            if name not in corpus.schema:
                raise ExportError(f"{corpus.name} has no column '{name}'{nearest(name, corpus.schema)}")
        if self.candidates is not None and len(self.candidates) != len(corpus.labels):
            raise ExportError(
                f"candidates has {len(self.candidates)} columns for the labels {', '.join(corpus.labels)}: give one for each "
                "label, in this order"
            )
        if self.question_column and not self.question_column.isidentifier():
            raise ExportError(
                f"question_column: '{self.question_column}' cannot be named in a template; rename the column"
            )
        if self.question_column and self.candidates is None:
            raise ExportError("question_column is of use with candidates only; leave it out")
        if not 0 <= self.min_margin <= 1:
            raise ExportError(f"min_margin is {self.min_margin}: give 0 to 1")
        if self.min_margin and not corpus.has_probs:
            raise ExportError(f"{corpus.name} has no probability columns, which min_margin needs; leave it out")
        if self.rationale != "none":
            raise ExportError(
                "rationale: a wrong answer has no reasons, so that a model would learn to tell answers by their length; leave "
                "it out for pairs, or set it for another form alone (messages.rationale)"
            )
        if len(corpus.labels) < 2:
            raise ExportError(f"{corpus.name} has one label only, so that there is no wrong one")
        super().check_corpus(corpus)

    def reads_columns(self) -> bool:
        """See `ConversationExporter.reads_columns`."""
        return self.candidates is not None or super().reads_columns()

    def answers(
        self, part: LabeledPart, corpus: LabeledCorpus, row: int, left_out: Counter[str]
    ) -> Iterator[tuple[int | str, ...]]:
        """See `ConversationExporter.answers`."""
        label = int(part.preds[row])
        wrong = wrong_label(part, row, len(corpus.labels), self.seed)
        margin = part.probs[row, label] - part.probs[row, wrong]
        if self.min_margin and not margin >= self.min_margin:
            left_out[CLOSE] += 1
            return
        if self.candidates is None:
            yield label, wrong
            return
        best, worse = (str(part.frame[self.candidates[number]][row] or "") for number in (label, wrong))
        if best == worse or not best.strip() or not worse.strip():
            left_out[SAME] += 1
            return
        yield best, worse

    def record(
        self, question: Question, text: str, answers: Sequence[int | str], reasons: Sequence[str]
    ) -> dict[str, Any]:
        """See `ConversationExporter.record`."""
        chosen, rejected = (self.answered(question, answer) for answer in answers)
        if self.plain:
            prompt, answer = as_text(chosen)
            return {"prompt": prompt, "chosen": answer, "rejected": as_text(rejected)[1]}
        return {
            "prompt": before_answer(chosen),
            "chosen": as_messages(chosen)[-1:],
            "rejected": as_messages(rejected)[-1:],
        }

    def llama_factory(self) -> dict[str, Any] | None:
        """See `CorpusExporter.llama_factory`; it reads pairs of texts."""
        if not self.plain:
            return None
        columns = {"prompt": "prompt", "chosen": "chosen", "rejected": "rejected"}
        return {"formatting": "alpaca", "ranking": True, "columns": columns}

    def axolotl(self) -> dict[str, Any]:
        """See `CorpusExporter.axolotl`."""
        fields = {"field_messages": "prompt", "field_chosen": "chosen", "field_rejected": "rejected"}
        settings: dict[str, Any] = {"type": "chat_template.default", **fields}
        return {"rl": "dpo", "datasets": settings if self.plain else settings | {"message_property_mappings": ROLES}}


@dataclass(kw_only=True, repr=False, eq=False)
class KtoExporter(ConversationExporter):
    """Writes ``prompt``, ``completion`` and ``label``: whether the completion is a good answer.

    Each row gives its label as a good answer, and a wrong one that the label model holds for plausible as a bad one.

    Parameters
    ----------
    plain
        Write texts in place of messages.
    min_margin
        Leave out rows whose label is not more probable than the wrong one by that much.
    language, phrasings, templates, system, verbalizers, descriptions, rationale, tokenizer, max_tokens, too_long, columns, seed
        See `ConversationExporter`.
    """

    title = "KTO"
    consumer = "TRL's KTOTrainer; with plain=true LLaMA-Factory"
    fields: ClassVar[tuple[str, ...]] = ("prompt", "completion", "label")
    takes_drawn = False
    tasks: ClassVar[tuple[Task, ...]] = ("texts",)
    plain: bool = False
    min_margin: float = 0.0

    def check_corpus(self, corpus: LabeledCorpus) -> None:
        """See `CorpusExporter.check_corpus`."""
        super().check_corpus(corpus)
        PreferenceExporter(min_margin=self.min_margin, rationale=self.rationale).check_corpus(corpus)

    def answers(
        self, part: LabeledPart, corpus: LabeledCorpus, row: int, left_out: Counter[str]
    ) -> Iterator[tuple[int | str, ...]]:
        """See `ConversationExporter.answers`; the second of two answers says which is the right one."""
        label = int(part.preds[row])
        wrong = wrong_label(part, row, len(corpus.labels), self.seed)
        if self.min_margin and not part.probs[row, label] - part.probs[row, wrong] >= self.min_margin:
            left_out[CLOSE] += 1
            return
        yield label, label
        yield wrong, label

    def record(
        self, question: Question, text: str, answers: Sequence[int | str], reasons: Sequence[str]
    ) -> dict[str, Any]:
        """See `ConversationExporter.record`."""
        answer, right = answers
        conversation = self.answered(question, answer)
        is_good = {"label": answer == right}
        if self.plain:
            prompt, completion = as_text(conversation)
            return {"prompt": prompt, "completion": completion} | is_good
        return {"prompt": before_answer(conversation), "completion": as_messages(conversation)[-1:]} | is_good

    def llama_factory(self) -> dict[str, Any] | None:
        """See `CorpusExporter.llama_factory`; it reads texts."""
        return {"formatting": "alpaca", "columns": PROMPT_COLUMNS | {"kto_tag": "label"}} if self.plain else None
