"""What people labeled in other tools, as files that these export hold it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from weaklabel.corpus import read_corpus
from weaklabel.corpus.json_array import json_objects
from weaklabel.corpus.open import JSON_FORMATS, format_of
from weaklabel.corpus.records import Reject
from weaklabel.decisions.tools import (
    READERS,
    RECOGNIZED,
    Annotation,
    Answer,
    Columns,
    NotLabeled,
    Problem,
    Unusable,
    answer,
)
from weaklabel.errors import CorpusError, nearest

TABLE = "table"
"""The form of a file with a row for each annotation, whatever wrote it."""

FORMS = ("label-studio", "argilla", "doccano", TABLE)


def form_of(path: Path) -> str:
    """Return which of `FORMS` a file has, by its first object.

    Raises
    ------
    CorpusError
        The file cannot be read.
    """
    if format_of(path.name, None, "jsonl") not in JSON_FORMATS:
        return TABLE
    _, first, _ = next(json_objects(path), (0, {}, ""))
    if isinstance(first, ValueError):
        return TABLE
    return next((form for form, is_form in RECOGNIZED.items() if is_form(first)), TABLE)


def is_annotation_file(path: Path) -> bool:
    """Say whether a file is the export of a tool in which people label, which a table of gold is not."""
    try:
        return path.suffix.lower() in (".json", ".jsonl") and form_of(path) != TABLE
    except CorpusError:
        return False


def read_annotations(
    path: Path, form: str | None = None, columns: Columns | None = None
) -> Iterator[Annotation | NotLabeled | Reject]:
    """Give every annotation of a file, in order; and what is none: tasks that nobody labeled, and what cannot be used.

    Parameters
    ----------
    path
        The file.
    form
        One of `FORMS`; found if not given.
    columns
        Where it holds what.

    Raises
    ------
    CorpusError
        The file cannot be read, or has another form.
    """
    if form is not None and form not in FORMS:
        raise CorpusError(f"no form is called '{form}'{nearest(form, FORMS)}; forms are {', '.join(FORMS)}")
    form, columns = form or form_of(path), columns or Columns()
    if form == TABLE:
        yield from _of_table(path, columns)
        return
    for line, task, raw in json_objects(path):
        if isinstance(task, ValueError):
            yield Reject(line, str(task), raw)
            continue
        where = f"line {line}, task {task['id']}" if isinstance(task.get("id"), str) else f"line {line}"
        try:
            for given in READERS[form](task, columns):
                yield _placed(given, line, where, raw)
        except Unusable as error:
            yield Reject(line, f"{where}: {error}", raw)
        except (
            AttributeError,
            KeyError,
            TypeError,
            ValueError,
        ) as error:  # lists where objects should be, and the like
            yield Reject(line, f"{where}: it is not as {form} writes it ({error})", raw)


def _of_table(path: Path, columns: Columns) -> Iterator[Annotation | NotLabeled | Reject]:
    """Read a file with a row for each annotation."""
    rejects: list[Reject] = []
    corpus = read_corpus(path, text=(), on_reject=rejects.append)
    label = columns.question or "label"
    for name in [label] if corpus.has_column(columns.row_id) else [label, columns.text]:
        if not corpus.has_column(name):
            raise CorpusError(
                f"{path} has no column '{name}'{nearest(name, corpus.columns)}; columns are {', '.join(corpus.columns)}: "
                "say which one holds the label, and which the text or the id of the row"
            )
    if columns.question is None and corpus.has_column("confidence"):
        raise CorpusError(
            f"{path} looks like a file of weak labels, since it has a column 'confidence': say which column has the labels of "
            "people (--question), even if it is 'label'"
        )
    wanted = (label, columns.text, columns.row_id, columns.annotator)
    there = [corpus.has_column(name) for name in wanted]
    for batch in corpus.batches():
        cells = [
            batch.source[name].to_list() if has else [None] * len(batch)
            for name, has in zip(wanted, there, strict=True)
        ]
        for number, (value, text, row_id, person) in enumerate(zip(*cells, strict=True), batch.start):
            given = answer([value], _as_text(text), _as_text(row_id) or None, _as_text(person) or "")
            yield _placed(given, number, f"row {number}", str(value))
    yield from rejects


def _placed(given: Answer, line: int, where: str, raw: str) -> Annotation | NotLabeled | Reject:
    return (
        Reject(line, f"{where}: {given.reason}", raw)
        if isinstance(given, Problem)
        else replace(given, line=line, where=where)
    )


def _as_text(value: Any) -> str | None:
    return None if value is None else str(value)
