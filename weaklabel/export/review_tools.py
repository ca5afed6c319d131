"""Tasks for tools in which people label texts: Label Studio, Argilla, doccano.

Weak labels are sent as predictions or suggestions that people confirm or correct, never as if people had given them. Rows
without a label are tasks, too: the more so, as nothing else labels them.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, ClassVar, TextIO
from xml.sax.saxutils import quoteattr

import polars as pl

from weaklabel.corpus.row_ids import ROW_ID, row_ids
from weaklabel.corpus.sinks import as_json
from weaklabel.errors import ExportError, nearest
from weaklabel.export.corpus import LabeledCorpus, LabeledPart, Task as WhatIsLabeled
from weaklabel.export.exporter import CorpusExporter, ExportRecord
from weaklabel.export.review_spans import (
    argilla_question,
    argilla_suggestion,
    label_studio_regions,
    span_config,
)
from weaklabel.export.selection import NO_LABEL, NO_SPANS, confidence
from weaklabel.export.spans import MarkedSpan, marked_spans
from weaklabel.job.output import DECIMALS
from weaklabel.labels import ABSTAIN
from weaklabel.support.files import write_json, write_text
from weaklabel.support.progress import stage
from weaklabel.units import SPANS

WEAK_LABEL, WEAK_SPANS, CONFIDENCE = "weak_label", "weak_spans", "confidence"
"""Names of what is shown beside a text where a tool has no suggestions, and of the probability of a label."""

QUESTION = "label"
"""Name of what people are asked."""

WITH, WITHOUT = "with a suggestion", "without a label, sent to be labeled"
"""Counts of tasks."""


@dataclass(frozen=True)
class Task:
    """A row that people are to label.

    Attributes
    ----------
    row_id, text
        Its id and text.
    label
        Its weak label; None if it has none.
    confidence
        The probability of the weak label; None if it is unknown.
    columns
        Other columns, with values that JSON has.
    spans
        Weak spans, where spans are labeled; None where they are not known.
    """

    row_id: str
    text: str
    label: str | None
    confidence: float | None
    columns: Mapping[str, Any]
    spans: Sequence[MarkedSpan] | None = None

    @property
    def is_labeled(self) -> bool:
        """Whether it has a weak label, or weak spans."""
        return self.label is not None or self.spans is not None


class ReviewExporter(CorpusExporter):
    """Writes tasks for a tool in which people label texts.

    Parameters
    ----------
    unlabeled
        Send rows without a label, too.
    columns
        Columns of the corpus that are shown beside the text; none if not given.
    id_column
        Column with an id of each row, by which it is matched when it comes back; by default ids follow from the provenance
        of rows, or are the numbers of rows.
    agent
        Who is said to have made the suggestions.
    """

    tasks: ClassVar[tuple[WhatIsLabeled, ...]] = ("texts", "spans")
    writes_folder = True
    keeps_probs = True
    keeps_split = True
    keeps_unlabeled = True
    names_taken: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        unlabeled: bool = True,
        columns: list[str] | None = None,
        id_column: str = "",
        agent: str = "weaklabel",
    ) -> None:
        self.unlabeled = unlabeled
        self.columns = columns
        self.id_column = id_column
        self.agent = agent

    def check_corpus(self, corpus: LabeledCorpus) -> None:
        """See `CorpusExporter.check_corpus`."""
        super().check_corpus(corpus)
        for key, names in {"columns": self.columns or (), "id_column": [self.id_column] * bool(self.id_column)}.items():
            for name in names:
                if name not in corpus.schema:
                    raise ExportError(
                        f"{key}: {corpus.name} has no column '{name}'{nearest(name, corpus.schema)}; columns are "
                        f"{', '.join(corpus.schema)}"
                    )
        clash = sorted({ROW_ID, *self.names_taken} & set(self.columns or ()))
        if clash:
            raise ExportError(f"columns: '{clash[0]}' is a name that {self.title} tasks use themselves; leave it out")

    def sent(self, corpus: LabeledCorpus, counts: dict[str, int]) -> Iterator[Task]:
        """Give the rows that are sent; ``counts`` gets the number of those that are not, by reason.

        Raises
        ------
        ExportError
            A text has a zero byte, which the data bases of these tools do not keep.
        """
        with stage(f"writing {self.title}", unit="rows") as progress:
            for part in corpus.parts():
                taken = part if self.unlabeled else part.take(part.preds != ABSTAIN)
                if len(taken) < len(part):
                    why = NO_LABEL if part.spans is None else NO_SPANS
                    counts[why] = counts.get(why, 0) + len(part) - len(taken)
                yield from self._tasks(taken, corpus)
                progress.advance(len(part))

    def _tasks(self, part: LabeledPart, corpus: LabeledCorpus) -> Iterator[Task]:
        columns = _as_values(part.frame.select(self.columns or []))
        is_spans = part.spans is not None
        rows = zip(
            row_ids(part.frame, part.rows.tolist(), self.id_column or None),
            part.texts,
            part.preds.tolist(),
            (part.span_rows.least_probs() if is_spans else confidence(part)).round(DECIMALS).tolist(),
            columns or [{}] * len(part),
            marked_spans(part, corpus.labels) if is_spans else [None] * len(part),
            strict=True,
        )
        for row, (row_id, text, pred, probability, others, spans) in zip(part.rows.tolist(), rows, strict=True):
            if "\0" in text:
                raise ExportError(
                    f"the text of row {row} has a zero byte, which {self.title} cannot keep; weaklabel clean removes it"
                )
            sure = None if pred == ABSTAIN or probability != probability else probability
            if is_spans:
                yield Task(row_id, text, None, sure if spans else None, others, None if pred == ABSTAIN else spans)
            else:
                yield Task(row_id, text, None if pred == ABSTAIN else corpus.labels[pred], sure, others)

    def write(self, corpus: LabeledCorpus, target: Path) -> ExportRecord:
        """See `CorpusExporter.write`."""
        left_out: dict[str, int] = {}
        counts = {WITH: 0, WITHOUT: 0}

        def counted() -> Iterator[Task]:
            for task in self.sent(corpus, left_out):
                counts[WITH if task.is_labeled else WITHOUT] += 1
                yield task

        self.write_tasks(counted(), corpus, target)
        return ExportRecord(sum(counts.values()), left_out, {what: n for what, n in counts.items() if n})

    @abstractmethod
    def write_tasks(self, tasks: Iterable[Task], corpus: LabeledCorpus, target: Path) -> None:
        """Write tasks, and how they are labeled, into a folder."""


class LabelStudioExporter(ReviewExporter):
    """Writes ``tasks-00000.json`` ..., with weak labels as predictions, and ``config.xml``, the labeling configuration.

    Parameters
    ----------
    unlabeled, columns, id_column, agent
        See `ReviewExporter`; ``agent`` is the ``model_version``.
    max_tasks
        Tasks of a file: Label Studio refuses large ones.
    """

    title = "Label Studio"
    consumer = "Label Studio: Import"
    names_taken: ClassVar[tuple[str, ...]] = ("text",)

    def __init__(
        self,
        unlabeled: bool = True,
        columns: list[str] | None = None,
        id_column: str = "",
        agent: str = "weaklabel",
        max_tasks: int = 50_000,
    ) -> None:
        super().__init__(unlabeled, columns, id_column, agent)
        self.max_tasks = max_tasks

    def check_corpus(self, corpus: LabeledCorpus) -> None:
        """See `CorpusExporter.check_corpus`."""
        super().check_corpus(corpus)
        if self.max_tasks < 1:
            raise ExportError(f"max_tasks must be 1 or more, not {self.max_tasks}")
        labeling_config(corpus.labels, corpus.task)

    def write_tasks(self, tasks: Iterable[Task], corpus: LabeledCorpus, target: Path) -> None:
        """See `ReviewExporter.write_tasks`."""
        write_text(target / "config.xml", labeling_config(corpus.labels, corpus.task))
        objects = (self._task(task) for task in tasks)
        first, number = next(objects, None), 0
        while first is not None or not number:
            some = chain([] if first is None else [first], islice(objects, self.max_tasks - 1))
            with (target / f"tasks-{number:05d}.json").open("w", encoding="utf-8", newline="\n") as handle:
                write_array(handle, some)
            first, number = next(objects, None), number + 1

    def _task(self, task: Task) -> dict[str, Any]:
        data = {"text": task.text, ROW_ID: task.row_id, **task.columns}
        score: dict[str, Any] = {} if task.confidence is None else {"score": task.confidence}
        if task.spans is not None:
            regions = label_studio_regions(task.text, task.spans)
            return {"data": data, "predictions": [{"model_version": self.agent, **score, "result": regions}]}
        if task.label is None:
            return {"data": data}
        result = {"from_name": QUESTION, "to_name": "text", "type": "choices", "value": {"choices": [task.label]}}
        return {"data": data, "predictions": [{"model_version": self.agent, **score, "result": [result]}]}


def labeling_config(labels: Sequence[str], what: str = "texts") -> str:
    """Return the labeling configuration of Label Studio: a text, and one class to choose or labels of its spans.

    Raises
    ------
    ExportError
        A class name has a character that XML cannot hold.
    """
    for name in labels:
        if any(character < " " for character in name):
            raise ExportError(f"the class {name!r} has a control character, which XML cannot hold; rename it")
    if what == "spans":
        return span_config(labels, [_color(number) for number in range(len(labels))])
    choices = "\n".join(f"    <Choice value={quoteattr(name)}/>" for name in labels)
    return (
        "<View>\n"
        '  <Header value="Weak labels are shown as predictions: confirm or correct them."/>\n'
        '  <Text name="text" value="$text"/>\n'
        f'  <Choices name="{QUESTION}" toName="text" choice="single" required="true">\n{choices}\n  </Choices>\n'
        "</View>\n"
    )


class ArgillaExporter(ReviewExporter):
    """Writes a folder as ``Dataset.to_disk`` of Argilla 2 does, with weak labels as suggestions.

    ``rg.Dataset.from_disk(FOLDER)`` makes a data set of it on a server.

    Parameters
    ----------
    unlabeled, columns, id_column, agent
        See `ReviewExporter`; columns are metadata.
    dataset
        Name of the data set.
    """

    title = "Argilla"
    consumer = "Argilla 2: `rg.Dataset.from_disk`"

    def __init__(
        self,
        unlabeled: bool = True,
        columns: list[str] | None = None,
        id_column: str = "",
        agent: str = "weaklabel",
        dataset: str = "weaklabel",
    ) -> None:
        super().__init__(unlabeled, columns, id_column, agent)
        self.dataset = dataset

    def write_tasks(self, tasks: Iterable[Task], corpus: LabeledCorpus, target: Path) -> None:
        """See `ReviewExporter.write_tasks`."""
        (target / ".argilla").mkdir()
        write_json(target / ".argilla" / "dataset.json", {"name": self.dataset})
        write_json(target / ".argilla" / "settings.json", argilla_settings(corpus.labels, corpus.task))
        with (target / "records.json").open("w", encoding="utf-8", newline="\n") as handle:
            write_array(handle, (self._record(task) for task in tasks))

    def _record(self, task: Task) -> dict[str, Any]:
        name, suggestion = QUESTION, {"value": task.label, "score": task.confidence, "agent": self.agent}
        if task.spans is not None:
            name, suggestion = SPANS, {**suggestion, **argilla_suggestion(task.spans)}
        metadata = {name: value for name, value in task.columns.items() if value is not None}
        return {
            "id": task.row_id,
            "fields": {"text": task.text},
            "metadata": metadata | ({} if task.confidence is None else {CONFIDENCE: task.confidence}),
            "suggestions": {name: suggestion} if task.is_labeled else {},
            "responses": {},
            "vectors": {},
            "status": "pending",
        }


def argilla_settings(labels: Sequence[str], what: str = "texts") -> dict[str, Any]:
    """Return the settings of an Argilla data set: a text, and one class to choose, or a question on its spans."""
    question = {
        "name": QUESTION,
        "title": "Label",
        "description": None,
        "required": True,
        "type": "label_selection",
        "settings": {"type": "label_selection", "options": [{"value": name, "text": name} for name in labels]},
    }
    field = {
        "name": "text",
        "title": "Text",
        "description": None,
        "required": True,
        "type": "text",
        "settings": {"type": "text", "use_markdown": False},
    }
    confidence = {
        "name": CONFIDENCE,
        "title": "Confidence of the weak label",
        "visible_for_annotators": True,
        "settings": {"type": "float", "min": 0, "max": 1},
    }
    return {
        "guidelines": "The suggestions are weak labels: confirm or correct them.",
        "questions": [argilla_question(labels) if what == "spans" else question],
        "fields": [field],
        "vectors": [],
        "metadata": [confidence],
        "allow_extra_metadata": True,
        "distribution": {"strategy": "overlap", "min_submitted": 1},
        "mapping": None,
    }


class DoccanoExporter(ReviewExporter):
    """Writes ``rows.jsonl`` for a project of doccano, text classification or sequence labeling, and ``labels.json``.

    doccano knows no suggestions, so weak labels are shown beside the text, as ``weak_label`` or ``weak_spans`` and
    ``confidence``.

    Parameters
    ----------
    unlabeled, columns, id_column
        See `ReviewExporter`.
    prefill
        Choose the weak labels beforehand. Then what comes back does not tell which of them somebody looked at: export
        approved rows only.
    """

    title = "doccano"
    consumer = "doccano: Import Dataset, JSONL"
    names_taken: ClassVar[tuple[str, ...]] = ("text", "label", "id", "Comments", WEAK_LABEL, WEAK_SPANS, CONFIDENCE)

    def __init__(
        self,
        unlabeled: bool = True,
        columns: list[str] | None = None,
        id_column: str = "",
        prefill: bool = False,
    ) -> None:
        super().__init__(unlabeled, columns, id_column)
        self.prefill = prefill

    def write_tasks(self, tasks: Iterable[Task], corpus: LabeledCorpus, target: Path) -> None:
        """See `ReviewExporter.write_tasks`."""
        keys = [str(number) for number in range(1, 10)]
        shortcuts = [*keys, *[None] * len(corpus.labels)]
        labels = [
            {"text": name, "suffix_key": key, "background_color": _color(number), "text_color": "#ffffff"}
            for number, (name, key) in enumerate(zip(corpus.labels, shortcuts, strict=False))
        ]
        write_json(target / "labels.json", labels)
        with (target / "rows.jsonl").open("w", encoding="utf-8", newline="\n") as handle:
            for task in tasks:
                handle.write(_dumped(self._row(task)) + "\n")

    def _row(self, task: Task) -> dict[str, Any]:
        if task.spans is not None:
            return self._marked(task, task.spans)
        weak = {} if task.label is None else {WEAK_LABEL: task.label}
        sure = {} if task.confidence is None else {CONFIDENCE: task.confidence}
        chosen = [task.label] if self.prefill and task.label is not None else []
        return {"text": task.text, "label": chosen, ROW_ID: task.row_id, **weak, **sure, **task.columns}

    def _marked(self, task: Task, spans: Sequence[MarkedSpan]) -> dict[str, Any]:
        """Return a row for a sequence labeling project."""
        listed = [[span.begin, span.end, span.label] for span in spans]
        shown = {WEAK_SPANS: [f"{task.text[span.begin : span.end]} ({span.label})" for span in spans]}
        sure = {} if task.confidence is None else {CONFIDENCE: task.confidence}
        return {
            "text": task.text,
            "label": listed if self.prefill else [],
            ROW_ID: task.row_id,
            **shown,
            **sure,
            **task.columns,
        }


_COLORS = ("#1f77b4", "#d95f02", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#c2549d", "#5f5f5f", "#7a7a12", "#0f7f8c")


def _color(number: int) -> str:
    return _COLORS[number % len(_COLORS)]


def write_array(handle: TextIO, values: Iterable[Any]) -> None:
    """Write an array of JSON, with one value a line."""
    begin = "[\n"
    for value in values:
        handle.write(begin + _dumped(value))
        begin = ",\n"
    handle.write("[]\n" if begin == "[\n" else "\n]\n")


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _as_values(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Return rows as objects of values that JSON has."""
    columns = {column.name: [json.loads(text) for text in as_json(column)] for column in frame}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
