"""How tools in which people mark spans write down what was marked: Label Studio, Argilla, doccano, Prodigy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from weaklabel.corpus.row_ids import ROW_ID
from weaklabel.decisions.tools import (
    DRAFT,
    SKIPPED,
    UNLABELED,
    Annotation,
    Answer,
    Columns,
    NamedSpan,
    NotLabeled,
    Problem,
    Unusable,
    flat_responses,
    is_argilla,
    is_label_studio,
    label_studio_answers,
    metadata_of,
    nested_responses,
    of_question,
    optional,
    person_of,
    text_of,
    time_of,
)
from weaklabel.errors import visible


class Region(NamedTuple):
    """A marked region as a tool writes it: ``text`` is what it says the region holds, None if it does not."""

    begin: int
    end: int
    label: str
    text: str | None = None


def place_regions(text: str | None, regions: Sequence[Region]) -> tuple[NamedSpan, ...]:
    """Return regions as spans in code points, each once, sorted.

    Places are code points where the text agrees with what the regions say. Some tools, or earlier versions of them, count
    UTF-16 units, as browsers do, or a line end as one character: where all regions agree with one of these, it is taken.

    Raises
    ------
    Unusable
        A region is not in the text, or holds something else than it says.

    Examples
    --------
    >>> place_regions("\\U0001f600 Ada", [Region(3, 6, "PER", "Ada")])
    ((2, 5, 'PER'),)
    """
    if text is None:
        if wrong := next((region for region in regions if not 0 <= region.begin < region.end), None):
            raise Unusable(
                f"a span is from {wrong.begin} to {wrong.end}: it begins at 0 or later and ends after it begins"
            )
        return tuple(sorted({region[:3] for region in regions}))
    placed = (_placed(text, regions, places) for places in _countings(text))
    first = next((spans for spans in placed if spans is not None), None)
    if first is None:
        raise Unusable(_why_misplaced(text, regions))
    return first


def _countings(text: str) -> Iterator[Callable[[int], int | None]]:
    """Give the ways to count places: each returns the code point of a place, None where there is none."""
    yield lambda place: place if 0 <= place <= len(text) else None
    for is_utf16, is_one_line_end in ((True, False), (False, True), (True, True)):
        code_point: dict[int, int] = {}
        at = 0
        for number, character in enumerate(text):
            if is_one_line_end and character == "\n" and text[number - 1 : number] == "\r":
                continue  # the same place as the \r before it
            code_point[at] = number
            at += 2 if is_utf16 and character > "\uffff" else 1
        code_point[at] = len(text)
        yield code_point.get


def _placed(
    text: str, regions: Sequence[Region], code_point: Callable[[int], int | None]
) -> tuple[NamedSpan, ...] | None:
    spans = set()
    for region in regions:
        begin, end = code_point(region.begin), code_point(region.end)
        if begin is None or end is None or not begin < end:
            return None
        if region.text is not None and _plain(text[begin:end]) != _plain(region.text):
            return None
        spans.add((begin, end, region.label))
    return tuple(sorted(spans))


def _plain(text: str) -> str:
    """Return text with line ends alike: Label Studio writes one as a backslash and an n."""
    return text.replace("\r\n", "\n").replace("\\n", "\n")


def _why_misplaced(text: str, regions: Sequence[Region]) -> str:
    for begin, end, _, said in regions:
        if not 0 <= begin < end <= len(text):
            return f"a span is from {begin} to {end}, but the text has {len(text)} characters"
        if said is not None and _plain(text[begin:end]) != _plain(said):
            return (
                f"the span {begin} to {end} is {visible(text[begin:end])!r:.60} in the text, but {visible(said)!r:.60} in the "
                "annotation"
            )
    return "its spans do not agree on how places are counted"


def marked(
    regions: Iterable[Region], text: str | None, row_id: str | None, person: str, time: str = ""
) -> Annotation | Problem:
    """Return what somebody marked in a text."""
    try:
        return Annotation("", text, row_id, person, time, spans=place_regions(text, list(regions)))
    except Unusable as error:
        return Problem(str(error))


def region_of(members: Mapping[str, Any], begin: str, end: str, label: str) -> Region:
    """Return a region of an object whose keys are given.

    Raises
    ------
    Unusable
        A key is missing, or holds something else.
    """
    name = members.get(label)
    if not isinstance(name, str) or not name:
        raise Unusable("a span has no label")
    said = members.get("text")
    return Region(_whole(members.get(begin)), _whole(members.get(end)), name, said if isinstance(said, str) else None)


def _whole(value: Any) -> int:
    try:
        if isinstance(value, str | int) and not isinstance(value, bool):
            return int(value)
    except ValueError:
        pass
    raise Unusable(f"{value!r:.40} is no place in a text: places are whole numbers")


# ---------------------------------------------------------------- Label Studio


def read_label_studio_spans(task: Mapping[str, Any], columns: Columns) -> Iterator[Answer]:
    """Give the annotations of a task whose regions have labels; predictions and drafts are none.

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
        return marked(
            _label_studio_regions(annotation.get("result") or [], columns.question), text, row_id, person, time
        )

    yield from label_studio_answers(task, read)


def _label_studio_regions(result: Sequence[Mapping[str, Any]], question: str | None) -> list[Region]:
    """Return the regions of an annotation; other answers beside them, such as choices of a class, are left out."""
    of_questions: dict[str, list[Region]] = {}
    for region in result:
        value = region.get("value")
        if isinstance(value, dict) and "labels" in value:
            of_questions.setdefault(str(region.get("from_name")), []).extend(_labeled(value))
    if result and not of_questions:
        kinds = ", ".join(sorted({str(region.get("type")) for region in result}))
        raise Unusable(f"its answer marks no span, but is {kinds}")
    return of_question(of_questions, question)


def _labeled(value: Mapping[str, Any]) -> Iterator[Region]:
    """Give a region for each of its labels."""
    for label in value.get("labels") or []:
        yield region_of({**value, "label": label}, "start", "end", "label")


def _of_json_min(task: Mapping[str, Any], columns: Columns) -> Iterator[Answer]:
    if task.get("was_cancelled"):
        yield NotLabeled(SKIPPED)
        return
    regions = [region for value in task.get(columns.question or "label") or [] for region in _labeled(value)]
    row_id, person = optional(task.get(columns.row_id)), person_of(task.get("annotator"))
    yield marked(regions, text_of(task, columns), row_id, person, time_of(task))


# --------------------------------------------------------------------- Argilla


def read_argilla_spans(record: Mapping[str, Any], columns: Columns) -> Iterator[Answer]:
    """Give the submitted responses of a record to its question on spans; suggestions, drafts and discarded ones are none.

    Raises
    ------
    Unusable
        The text is not text, or the record answers several questions.
    """
    is_nested = isinstance(record.get("fields"), dict)
    text = text_of(record["fields"] if is_nested else record, columns)
    row_id = optional(record.get("id") if columns.row_id == ROW_ID else metadata_of(record).get(columns.row_id))
    responses = list(nested_responses(record, columns) if is_nested else flat_responses(record, columns))
    if not responses:
        yield NotLabeled(UNLABELED)
    for value, person, status in responses:
        if status == "discarded":
            yield NotLabeled(SKIPPED)
        elif status != "submitted":
            yield NotLabeled(DRAFT)
        else:
            yield marked([region_of(span, "start", "end", "label") for span in value or []], text, row_id, person)


# --------------------------------------------------------------------- doccano


def is_doccano_spans(row: Mapping[str, Any]) -> bool:
    """Say whether an object is a row of a sequence labeling project of doccano."""
    if isinstance(row.get("entities"), list) and "text" in row:
        return all(isinstance(entity, dict) and "start_offset" in entity for entity in row["entities"])
    listed = row.get("label", row.get("labels"))
    is_triples = isinstance(listed, list) and all(isinstance(span, list) and len(span) == 3 for span in listed)
    return is_triples and (bool(listed) or "Comments" in row or ROW_ID in row)


def read_doccano_spans(row: Mapping[str, Any], columns: Columns) -> Iterator[Answer]:
    """Give the spans of a row, of either form of doccano's JSONL; the weak spans beside them are none.

    Raises
    ------
    Unusable
        The text is not text, or a span is none.
    """
    if isinstance(row.get("entities"), list):
        regions = [region_of(entity, "start_offset", "end_offset", "label") for entity in row["entities"]]
    else:
        listed = row.get(columns.question or "label", row.get("labels")) or []
        regions = [
            region_of(dict(zip(("start", "end", "label"), span, strict=True)), "start", "end", "label")
            for span in listed
        ]
    row_id, person = optional(row.get(columns.row_id)), person_of(row.get(columns.annotator))
    yield marked(regions, text_of(row, columns), row_id, person)


# --------------------------------------------------------------------- Prodigy


def is_prodigy(task: Mapping[str, Any]) -> bool:
    """Say whether an object is a task of Prodigy with an answer."""
    return "text" in task and ("answer" in task or "_input_hash" in task)


def read_prodigy_spans(task: Mapping[str, Any], columns: Columns) -> Iterator[Answer]:
    """Give the spans of a task that was accepted; rejected and ignored ones are skipped.

    Raises
    ------
    Unusable
        The text is not text, or a span is none.
    """
    answered = task.get("answer")
    if answered != "accept":
        yield NotLabeled(UNLABELED if answered is None else SKIPPED)
        return
    meta = task.get("meta")
    row_id = optional(meta.get(columns.row_id)) if isinstance(meta, dict) else None
    person = str(task.get("_annotator_id") or task.get("_session_id") or "")
    regions = [region_of({**span, "text": None}, "start", "end", "label") for span in task.get("spans") or []]
    yield marked(regions, text_of(task, columns), optional(task.get(columns.row_id)) or row_id, person, _when(task))


def _when(task: Mapping[str, Any]) -> str:
    try:
        return datetime.fromtimestamp(int(task["_timestamp"]), UTC).isoformat()
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return ""


SPAN_RECOGNIZED: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "label-studio": is_label_studio,
    "argilla": is_argilla,
    "doccano": is_doccano_spans,
    "prodigy": is_prodigy,
}
"""Whether an object was written by a tool."""

SPAN_READERS: Mapping[str, Callable[[Mapping[str, Any], Columns], Iterator[Answer]]] = {
    "label-studio": read_label_studio_spans,
    "argilla": read_argilla_spans,
    "doccano": read_doccano_spans,
    "prodigy": read_prodigy_spans,
}
"""What reads the spans of an object that a tool wrote."""
