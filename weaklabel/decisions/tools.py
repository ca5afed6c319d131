"""How tools in which people label texts write down what was labeled: Label Studio, Argilla, doccano."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from weaklabel.corpus.row_ids import ROW_ID
from weaklabel.errors import VoteError
from weaklabel.label_names import label_text


@dataclass(frozen=True)
class Columns:
    """Where the rows of a file, or the tasks of a tool, hold what.

    Attributes
    ----------
    text
        The text.
    question
        The label: the name of the choice, question or column. None where there is only one, else ``label``.
    row_id, annotator
        The id of the row, and who labeled it; used where they are.
    """

    text: str = "text"
    question: str | None = None
    row_id: str = ROW_ID
    annotator: str = "annotator"


NamedSpan: TypeAlias = tuple[int, int, str]
"""Begin, end and label."""


class Unusable(ValueError):
    """Why nothing of a task can be used, in the words of a message."""


@dataclass(frozen=True)
class Annotation:
    """The label that somebody gave a row.

    Attributes
    ----------
    label
        As it is written.
    text
        The text; None where the file does not have it.
    row_id
        The id of the row; None where the file does not have it.
    annotator
        Who; "" if unknown.
    time
        When, as the tool writes it; "" if unknown.
    line, where
        Where it is in its file: a number, and words for messages.
    spans
        Where spans were labeled, all of them: begin and end in code points of the text, and label; then ``label`` is "".
    is_joined
        Whether the text was put together of words, so that its white space is not that of the row.
    """

    label: str
    text: str | None
    row_id: str | None
    annotator: str = ""
    time: str = ""
    line: int = 0
    where: str = ""
    spans: tuple[NamedSpan, ...] | None = None
    is_joined: bool = False


@dataclass(frozen=True)
class NotLabeled:
    """A task without a label: nobody labeled it, or somebody skipped it.

    Attributes
    ----------
    reason
        By which it is counted.
    line, where
        See `Annotation`.
    """

    reason: str
    line: int = 0
    where: str = ""


@dataclass(frozen=True)
class Problem:
    """An annotation that cannot be used.

    Attributes
    ----------
    reason
        Why, in the words of a message.
    line, where
        See `Annotation`.
    """

    reason: str
    line: int = 0
    where: str = ""


Answer: TypeAlias = Annotation | NotLabeled | Problem

UNLABELED, SKIPPED, DRAFT = "not labeled", "skipped", "not submitted"


def answer(labels: Iterable[Any], text: str | None, row_id: str | None, person: str, time: str = "") -> Answer:
    """Return what somebody answered: of several labels a problem, and of none that the row is not labeled."""
    try:
        label = label_text(list(labels))
    except VoteError as error:
        return Problem(str(error))
    return NotLabeled(UNLABELED) if label is None else Annotation(label, text, row_id, person, time)


# ---------------------------------------------------------------- Label Studio


def is_label_studio(task: Mapping[str, Any]) -> bool:
    """Say whether an object is a task of Label Studio, in JSON or JSON-MIN."""
    is_task = isinstance(task.get("data"), dict) and bool({"annotations", "completions", "predictions"} & set(task))
    return is_task or "annotation_id" in task


def read_label_studio(task: Mapping[str, Any], columns: Columns) -> Iterator[Answer]:
    """Give the annotations of a task; predictions and drafts are none.

    Raises
    ------
    Unusable
        The text of the task is not text.
    """
    if "data" not in task:
        yield from _of_json_min(task, columns)
        return
    text, row_id = text_of(task["data"], columns), optional(task["data"].get(columns.row_id))

    def read(annotation: Mapping[str, Any]) -> Answer:
        person, time = person_of(annotation.get("completed_by")), time_of(annotation)
        return answer(_choices(annotation.get("result") or [], columns.question), text, row_id, person, time)

    yield from label_studio_answers(task, read)


def label_studio_answers(task: Mapping[str, Any], read: Callable[[Mapping[str, Any]], Answer]) -> Iterator[Answer]:
    """Give what each annotation of a task in JSON says, as ``read`` returns it; it may raise `Unusable`."""
    annotations = task.get("annotations", task.get("completions")) or []
    if not annotations:
        yield NotLabeled(DRAFT if task.get("drafts") else UNLABELED)
    for annotation in annotations:
        if not isinstance(annotation, dict):
            yield Problem("its annotation is a number alone: export it as JSON, with full annotations")
            continue
        if annotation.get("was_cancelled") or annotation.get("skipped"):
            yield NotLabeled(SKIPPED)
            continue
        try:
            said = read(annotation)
        except Unusable as error:
            said = Problem(str(error))
        yield said


def _choices(result: Sequence[Mapping[str, Any]], question: str | None) -> list[str]:
    """Return the choices of an annotation."""
    choices: dict[str, list[str]] = {}
    for region in result:
        value = region.get("value")
        if isinstance(value, dict) and "choices" in value:
            choices.setdefault(str(region.get("from_name")), []).extend(map(str, value["choices"]))
    if result and not choices:
        kinds = ", ".join(sorted({str(region.get("type")) for region in result}))
        raise Unusable(f"its answer is no choice of a class, but {kinds}")
    return of_question(choices, question)


def _of_json_min(task: Mapping[str, Any], columns: Columns) -> Iterator[Answer]:
    if task.get("was_cancelled"):
        yield NotLabeled(SKIPPED)
        return
    value = task.get(columns.question or "label")
    values = value.get("choices", []) if isinstance(value, dict) else value if isinstance(value, list) else [value]
    row_id, person = optional(task.get(columns.row_id)), person_of(task.get("annotator"))
    yield answer(values, text_of(task, columns), row_id, person, time_of(task))


# --------------------------------------------------------------------- Argilla


def is_argilla(record: Mapping[str, Any]) -> bool:
    """Say whether an object is a record of Argilla 2, nested or flat."""
    is_nested = isinstance(record.get("fields"), dict) and bool({"responses", "suggestions"} & set(record))
    return is_nested or any(key.endswith((".responses", ".suggestion")) for key in record)


def read_argilla(record: Mapping[str, Any], columns: Columns) -> Iterator[Answer]:
    """Give the submitted responses of a record; suggestions, drafts and discarded ones are none.

    A nested record does not say which of its responses were submitted: those of a pending one were not.

    Raises
    ------
    Unusable
        The text is not text, or the record answers several questions.
    """
    nested = isinstance(record.get("fields"), dict)
    fields = record["fields"] if nested else record
    row_id = (
        optional(record.get("id")) if columns.row_id == ROW_ID else optional(metadata_of(record).get(columns.row_id))
    )
    text = text_of(fields, columns)
    responses = list(nested_responses(record, columns) if nested else flat_responses(record, columns))
    if not responses:
        yield NotLabeled(UNLABELED)
    for value, person, status in responses:
        if status == "discarded":
            yield NotLabeled(SKIPPED)
        elif status != "submitted":
            yield NotLabeled(DRAFT)
        else:
            yield answer(value if isinstance(value, list) else [value], text, row_id, person)


def nested_responses(record: Mapping[str, Any], columns: Columns) -> Iterator[tuple[Any, str, str]]:
    """Give value, person and status of each response of a nested record of Argilla."""
    status = "submitted" if record.get("status", "completed") == "completed" else "pending"
    for response in of_question(dict(record.get("responses") or {}), columns.question):
        yield response.get("value"), person_of(response.get("user_id")), str(response.get("status", status))


def flat_responses(record: Mapping[str, Any], columns: Columns) -> Iterator[tuple[Any, str, str]]:
    """Give value, person and status of each response of a flat record of Argilla."""
    end = ".responses"
    of_questions = {key.removesuffix(end): value or [] for key, value in record.items() if key.endswith(end)}
    name = columns.question if columns.question is not None else next(iter(of_questions), "")
    values = of_question(of_questions, columns.question)
    people = record.get(f"{name}{end}.users") or [""] * len(values)
    states = record.get(f"{name}{end}.status") or ["submitted"] * len(values)
    for value, person, status in zip(values, people, states, strict=True):
        yield value, person_of(person), str(status or "draft")


def metadata_of(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the metadata of a record of Argilla, nested or flat."""
    metadata = record.get("metadata")
    return metadata if isinstance(metadata, dict) else record


# --------------------------------------------------------------------- doccano


def is_doccano(row: Mapping[str, Any]) -> bool:
    """Say whether an object is a row of a text classification project of doccano."""
    return isinstance(row.get("label", row.get("labels")), list) and ("Comments" in row or ROW_ID in row)


def read_doccano(row: Mapping[str, Any], columns: Columns) -> Iterator[Answer]:
    """Give the label of a row; the weak label beside it is none.

    Raises
    ------
    Unusable
        The text is not text.
    """
    labels = row.get(columns.question or "label", row.get("labels")) or []
    yield answer(
        labels, text_of(row, columns), optional(row.get(columns.row_id)), person_of(row.get(columns.annotator))
    )


RECOGNIZED: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "label-studio": is_label_studio,
    "argilla": is_argilla,
    "doccano": is_doccano,
}
"""Whether an object was written by a tool."""

READERS: Mapping[str, Callable[[Mapping[str, Any], Columns], Iterator[Answer]]] = {
    "label-studio": read_label_studio,
    "argilla": read_argilla,
    "doccano": read_doccano,
}
"""What reads the annotations of an object that a tool wrote."""


def of_question(answers: Mapping[str, list[Any]], question: str | None) -> list[Any]:
    """Return the answers to a question, which need not be named where there is only one."""
    if question is not None:
        return answers.get(question, [])
    if len(answers) > 1:
        raise Unusable(f"it answers several questions ({', '.join(answers)}): say which one is the label (--question)")
    return next(iter(answers.values()), [])


def text_of(fields: Mapping[str, Any], columns: Columns) -> str | None:
    """Return the text of a row; an `Unusable` says that it is none."""
    value = fields.get(columns.text)
    if value is None:
        return None
    if not isinstance(value, str):
        raise Unusable(f"'{columns.text}' is not text: say which field holds the text (--text-field)")
    return value


def time_of(members: Mapping[str, Any]) -> str:
    """Return when an annotation was made, as the tool writes it; "" if unknown."""
    return optional(members.get("updated_at") or members.get("created_at")) or ""


def optional(value: Any) -> str | None:
    """Return a value as text; None where it is empty."""
    return None if value is None or value == "" else str(value)


def person_of(value: Any) -> str:
    """Return who labeled: an e-mail address or a name if there is one, else the number."""
    if isinstance(value, dict):
        value = value.get("email") or value.get("username") or value.get("id")
    return "" if value is None else str(value)
