"""Forms for instruction tuning: each row is a question about its text, and its label, or its spans, are the answer."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from weaklabel.corpus import Batch
from weaklabel.errors import ExportError, nearest
from weaklabel.export.corpus import LabeledCorpus, LabeledPart, Task
from weaklabel.export.exporter import CorpusExporter, ExportRecord, write_lines
from weaklabel.export.lengths import CONTROL, TokenCounter, TooLong, described
from weaklabel.export.reasons import explaining_lfs, reasons_for
from weaklabel.export.spans import marked_spans
from weaklabel.lf.core import LF
from weaklabel.llm.instructions import Conversation, InstructionTemplates, Language, Question, Rationale

Message = dict[str, str]

CUT = "texts cut to the most tokens"
LONG = "records longer than the most tokens"
CONTROL_TOKEN = "text with a control token of the model"
MAYBE_CONTROL = "records with what may be a control token (give tokenizer to leave them out)"


@dataclass(kw_only=True, repr=False, eq=False)
class ConversationExporter(CorpusExporter):
    """Makes a conversation of each row; a subclass says how it is written.

    Of spans, the question is which there are, and the answer a JSON list of objects with ``text`` and ``label``, in the order
    of the text.

    Parameters
    ----------
    language
        Of the built-in phrasings: ``auto`` (by the text), ``en`` or ``zh``.
    phrasings
        How many of the phrasings are used; 0 for all.
    templates
        Jinja templates of your own, in place of the built-in phrasings; see
        `weaklabel.llm.instructions.InstructionTemplates`.
    system
        System prompt; none if empty.
    verbalizers
        Words that stand for each class in questions and answers: a word or a list of words by class.
    descriptions
        What each class means, shown with the list of labels.
    rationale
        Whether the reasons of the labeling functions that voted for the label stand ``before`` or ``after`` the answer, or
        ``none`` do.
    tokenizer
        Of the model that is to be trained: token lengths are counted with it.
    max_tokens
        Most tokens of a record; 0 for any. Needs ``tokenizer``.
    too_long
        What is done with longer ones: ``cut`` the text, ``leave-out`` the row, or ``keep`` it and count it.
    columns
        Columns of the corpus that records have, too, such as an id.
    seed
        Another seed is another choice of phrasings and words; that of the export or the project if not given.
    """

    suffix = ".jsonl"
    tasks: ClassVar[tuple[Task, ...]] = ("texts", "spans")
    task = "text-generation"

    apart: ClassVar[bool] = False
    """Whether the text is in a field of its own."""

    fields: ClassVar[tuple[str, ...]] = ()
    """Names in a record that no column may have."""

    language: Language = "auto"
    phrasings: int = 0
    templates: list[str] | None = None
    system: str = ""
    verbalizers: dict[str, str | list[str]] | None = None
    descriptions: dict[str, str] | None = None
    rationale: Rationale = "none"
    tokenizer: str = ""
    max_tokens: int = 0
    too_long: TooLong = "cut"
    columns: list[str] | None = None
    seed: int = 0

    def instructions(self, corpus: LabeledCorpus) -> InstructionTemplates:
        """Return how texts of a corpus become questions."""
        return InstructionTemplates(
            corpus.labels,
            templates=self.templates or (),
            language=self.language,
            phrasings=self.phrasings or None,
            system=self.system,
            verbalizers=self.verbalizers,
            descriptions=self.descriptions,
            columns=[name for name in corpus.schema if name.isidentifier()],
            apart=self.apart,
            seed=self.seed,
            task=corpus.task,
        )

    def check_corpus(self, corpus: LabeledCorpus) -> None:
        """See `CorpusExporter.check_corpus`."""
        super().check_corpus(corpus)
        choices = {"rationale": ("none", "before", "after"), "too_long": ("cut", "leave-out", "keep")}
        for option, allowed in choices.items():
            if (value := getattr(self, option)) not in allowed:
                raise ExportError(f"{option} is {value!r}: give {', '.join(allowed)}")
        if self.max_tokens and not self.tokenizer:
            raise ExportError("max_tokens counts tokens, which needs the tokenizer of the model; give tokenizer, too")
        if self.max_tokens < 0 or self.phrasings < 0:
            raise ExportError("max_tokens and phrasings must not be negative")
        if corpus.task == "spans" and self.rationale != "none":
            raise ExportError(
                f"rationale is {self.rationale}, which is of labels of whole texts: leave it out for spans"
            )
        if corpus.task == "spans" and self.max_tokens and self.too_long == "cut":
            raise ExportError("a text that is cut loses spans of its answer; give too_long=leave-out or too_long=keep")
        for name in self.columns or ():
            if name not in corpus.schema:
                raise ExportError(f"{corpus.name} has no column '{name}'{nearest(name, corpus.schema)}")
            if name in self.fields:
                raise ExportError(f"the column '{name}' has the name of a field of the form; leave it out of columns")
        self.instructions(corpus)
        if self.rationale != "none":
            explaining_lfs(corpus)
        if self.tokenizer:
            TokenCounter(self.tokenizer)

    def usual_columns(self, corpus: LabeledCorpus) -> Sequence[str]:
        """See `CorpusExporter.usual_columns`."""
        return ()

    def write(self, corpus: LabeledCorpus, target: Path) -> ExportRecord:
        """See `CorpusExporter.write`."""
        work = _Work(self, corpus)
        rows = write_lines(target, self._records(corpus, work), self.title)
        tables = {"tokens of a record": work.counter.table()} if work.counter else {}
        return ExportRecord(rows, dict(work.left_out), dict(+work.counts), tables)

    def _records(self, corpus: LabeledCorpus, work: _Work) -> Iterator[dict[str, Any]]:
        for part in corpus.parts():
            of_spans = None if part.spans is None else self._lists_of_spans(part, corpus, work)
            for row, text in enumerate(part.texts):
                columns = work.columns(part, row)
                for answers in [(next(of_spans),)] if of_spans else self.answers(part, corpus, row, work.left_out):
                    reasons = work.reasons(part, row)
                    asked = work.question(text, columns, answers, reasons)
                    if asked is not None:
                        kept = {name: columns[name] for name in self.columns or ()}
                        yield self.record(*asked, answers, reasons) | kept

    def answers(
        self, part: LabeledPart, corpus: LabeledCorpus, row: int, left_out: Counter[str]
    ) -> Iterator[tuple[int | str, ...]]:
        """Give the answers of each record of a row: classes, or texts; one record with the label by default.

        Rows for which there are none are counted in ``left_out``, by reason.
        """
        yield (int(part.preds[row]),)

    def _lists_of_spans(self, part: LabeledPart, corpus: LabeledCorpus, work: _Work) -> Iterator[str]:
        """Give the spans of each row as the answer to the question which there are."""
        numbers = {label: number for number, label in enumerate(corpus.labels)}
        for text, spans in zip(part.texts, marked_spans(part, corpus.labels), strict=True):
            words = work.templates.words(text)
            listed = [{"text": text[s.begin : s.end], "label": words[numbers[s.label]]} for s in spans]
            yield json.dumps(listed, ensure_ascii=False)

    def reads_columns(self) -> bool:
        """Return whether questions or records need more of a row than its text."""
        return bool(self.templates or self.columns or self.system)

    @abstractmethod
    def record(
        self, question: Question, text: str, answers: Sequence[int | str], reasons: Sequence[str]
    ) -> dict[str, Any]:
        """Return a record.

        Parameters
        ----------
        question
            About the text.
        text
            What is shown of it.
        answers
            See `answers`.
        reasons
            Why the label is right; empty without a rationale.
        """

    def answered(self, question: Question, answer: int | str, reasons: Sequence[str] = ()) -> Conversation:
        """Return a question with an answer, which is a class or a text."""
        if isinstance(answer, str):
            return Conversation(question.system, question.prompt, answer)
        return question.answered(answer, reasons, self.rationale)


class _Work:
    """What is needed to make the records of one file."""

    def __init__(self, form: ConversationExporter, corpus: LabeledCorpus) -> None:
        self.form = form
        self.corpus = corpus
        self.templates = form.instructions(corpus)
        self.lfs: Sequence[LF] = explaining_lfs(corpus) if form.rationale != "none" else ()
        self.counter = TokenCounter(form.tokenizer) if form.tokenizer else None
        self.counts: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()
        self._batch: tuple[LabeledPart, Batch] | None = None

    def columns(self, part: LabeledPart, row: int) -> dict[str, Any]:
        """Return the columns of a row."""
        return part.frame.row(row, named=True) if self.form.reads_columns() else {}

    def reasons(self, part: LabeledPart, row: int) -> list[str]:
        """Return why a row has its label, if that is asked for."""
        if not self.lfs or part.votes is None:
            return []
        if self._batch is None or self._batch[0] is not part:
            self._batch = part, Batch(part.frame, self.corpus.text)
        return reasons_for(part, row, self._batch[1], self.lfs)

    def question(
        self,
        text: str,
        columns: Mapping[str, Any],
        answers: Sequence[int | str],
        reasons: Sequence[str],
    ) -> tuple[Question, str] | None:
        """Return the question about a text, and what is shown of the text; None where the row is left out."""
        form, shown = self.form, text
        question = self.templates.question(text, columns)
        data = [text, *reasons, *(str(value) for value in (*answers, *columns.values()) if isinstance(value, str))]
        if self.counter is None:
            self.counts[MAYBE_CONTROL] += any(CONTROL.search(value) is not None for value in data)
            return question, shown
        if any(map(self.counter.has_control, data)):
            self.left_out[CONTROL_TOKEN] += 1
            return None
        length = self._length(question, shown, answers, reasons)
        if form.max_tokens and length > form.max_tokens:
            if form.too_long == "keep":
                self.counts[LONG] += 1
            else:
                while form.too_long == "cut" and shown and length > form.max_tokens:
                    shown = self.counter.shortened(shown, length - form.max_tokens)
                    question = self.templates.question(text, columns, shown=shown)
                    length = self._length(question, shown, answers, reasons)
                if length > form.max_tokens or not shown:
                    self.left_out[described(form.max_tokens)] += 1
                    return None
                self.counts[CUT] += 1
        self.counter.lengths[length] += 1
        return question, shown

    def _length(self, question: Question, shown: str, answers: Sequence[int | str], reasons: Sequence[str]) -> int:
        """Return the tokens of the longest of the conversations of a record."""
        assert self.counter is not None
        lengths = []
        for answer in answers:
            of = self.form.answered(question, answer, reasons)
            prompt = f"{of.prompt}\n{shown}" if self.form.apart and not self.form.templates else of.prompt
            lengths.append(self.counter.count(as_messages(Conversation(of.system, prompt, of.completion))))
        return max(lengths)


def as_messages(conversation: Conversation) -> list[Message]:
    """Return a conversation as messages with a role and a content."""
    return [*before_answer(conversation), {"role": "assistant", "content": conversation.completion}]


def before_answer(conversation: Conversation) -> list[Message]:
    """Return the messages before the answer."""
    system = [{"role": "system", "content": conversation.system}] if conversation.system else []
    return [*system, {"role": "user", "content": conversation.prompt}]


def as_text(conversation: Conversation) -> tuple[str, str]:
    """Return prompt and completion as plain texts; joined, they are what the model reads."""
    head = f"{conversation.system}\n\n" if conversation.system else ""
    return f"{head}{conversation.prompt}\n", conversation.completion


class MessagesExporter(ConversationExporter):
    """Writes ``messages``: a list of objects with ``role`` and ``content``."""

    title = "messages"
    consumer = "TRL's SFTTrainer, OpenAI, LLaMA-Factory, axolotl"
    fields: ClassVar[tuple[str, ...]] = ("messages",)

    def record(
        self, question: Question, text: str, answers: Sequence[int | str], reasons: Sequence[str]
    ) -> dict[str, Any]:
        """See `ConversationExporter.record`."""
        return {"messages": as_messages(self.answered(question, answers[0], reasons))}

    def llama_factory(self) -> dict[str, Any]:
        """See `CorpusExporter.llama_factory`."""
        return {"formatting": "sharegpt", "columns": {"messages": "messages"}, "tags": ROLE_TAGS}

    def axolotl(self) -> dict[str, Any]:
        """See `CorpusExporter.axolotl`."""
        return {"datasets": {"type": "chat_template", "field_messages": "messages", "message_property_mappings": ROLES}}


ROLE_TAGS = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
    "system_tag": "system",
}
ROLES = {"role": "role", "content": "content"}


@dataclass(kw_only=True, repr=False, eq=False)
class PromptCompletionExporter(ConversationExporter):
    """Writes ``prompt`` and ``completion``, as messages or as plain texts.

    Parameters
    ----------
    plain
        Write texts in place of messages.
    language, phrasings, templates, system, verbalizers, descriptions, rationale, tokenizer, max_tokens, too_long, columns, seed
        See `ConversationExporter`.
    """

    title = "prompt/completion"
    consumer = "TRL's SFTTrainer, with the loss on the answer for every chat template"
    fields: ClassVar[tuple[str, ...]] = ("prompt", "completion")

    plain: bool = False

    def record(
        self, question: Question, text: str, answers: Sequence[int | str], reasons: Sequence[str]
    ) -> dict[str, Any]:
        """See `ConversationExporter.record`."""
        conversation = self.answered(question, answers[0], reasons)
        if self.plain:
            prompt, completion = as_text(conversation)
            return {"prompt": prompt, "completion": completion}
        return {"prompt": before_answer(conversation), "completion": as_messages(conversation)[-1:]}

    def llama_factory(self) -> dict[str, Any] | None:
        """See `CorpusExporter.llama_factory`; messages in two fields are not read by it."""
        return {"formatting": "alpaca", "columns": PROMPT_COLUMNS} if self.plain else None

    def axolotl(self) -> dict[str, Any] | None:
        """See `CorpusExporter.axolotl`; messages in two fields are not read by it."""
        if not self.plain:
            return None
        fields = {"field_instruction": "prompt", "field_output": "completion"}
        return {"datasets": {"type": {**fields, "format": "{instruction}", "no_input_format": "{instruction}"}}}


PROMPT_COLUMNS = {"prompt": "prompt", "response": "completion"}


class AlpacaExporter(ConversationExporter):
    """Writes ``instruction``, ``input`` (the text) and ``output``, and ``system`` where there is a system prompt.

    With templates of your own, which hold the text, ``input`` is empty.
    """

    title = "Alpaca"
    consumer = "LLaMA-Factory, axolotl, and most others"
    fields: ClassVar[tuple[str, ...]] = ("instruction", "input", "output", "system")
    apart = True

    def record(
        self, question: Question, text: str, answers: Sequence[int | str], reasons: Sequence[str]
    ) -> dict[str, Any]:
        """See `ConversationExporter.record`."""
        conversation = self.answered(question, answers[0], reasons)
        system = {"system": conversation.system} if self.system else {}
        given = "" if self.templates else text
        return {"instruction": conversation.prompt, "input": given, "output": conversation.completion, **system}

    def llama_factory(self) -> dict[str, Any]:
        """See `CorpusExporter.llama_factory`."""
        columns = {"prompt": "instruction", "query": "input", "response": "output"}
        return {"formatting": "alpaca", "columns": columns | ({"system": "system"} if self.system else {})}

    def axolotl(self) -> dict[str, Any]:
        """See `CorpusExporter.axolotl`."""
        return {"datasets": {"type": "alpaca_w_system.load_instruct" if self.system else "alpaca"}}


class ShareGptExporter(ConversationExporter):
    """Writes ``conversations``: a list of objects with ``from`` (system, human or gpt) and ``value``."""

    title = "ShareGPT"
    consumer = "LLaMA-Factory, axolotl, FastChat"
    fields: ClassVar[tuple[str, ...]] = ("conversations",)

    def record(
        self, question: Question, text: str, answers: Sequence[int | str], reasons: Sequence[str]
    ) -> dict[str, Any]:
        """See `ConversationExporter.record`."""
        names = {"system": "system", "user": "human", "assistant": "gpt"}
        messages = as_messages(self.answered(question, answers[0], reasons))
        return {"conversations": [{"from": names[m["role"]], "value": m["content"]} for m in messages]}

    def llama_factory(self) -> dict[str, Any]:
        """See `CorpusExporter.llama_factory`."""
        tags = {
            "role_tag": "from",
            "content_tag": "value",
            "user_tag": "human",
            "assistant_tag": "gpt",
            "system_tag": "system",
        }
        return {"formatting": "sharegpt", "columns": {"messages": "conversations"}, "tags": tags}

    def axolotl(self) -> dict[str, Any]:
        """See `CorpusExporter.axolotl`."""
        roles = {"user": ["human"], "assistant": ["gpt"], "system": ["system"]}
        mappings = {"role": "from", "content": "value"}
        settings = {"type": "chat_template", "field_messages": "conversations", "message_property_mappings": mappings}
        return {"datasets": settings | {"roles": roles}}
