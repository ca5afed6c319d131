"""Spans that people marked, in files of any form: of labeling tools, CoNLL, brat, spaCy, or a table with a column of spans."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from weaklabel.corpus import read_corpus
from weaklabel.corpus.json_array import json_objects
from weaklabel.corpus.open import JSON_FORMATS, format_of
from weaklabel.corpus.records import Reject
from weaklabel.decisions.annotations import TABLE
from weaklabel.decisions.span_texts import read_brat, read_conll, read_docbin
from weaklabel.decisions.span_tools import SPAN_READERS, SPAN_RECOGNIZED
from weaklabel.decisions.tools import UNLABELED, Annotation, Columns, NotLabeled, Problem, Unusable
from weaklabel.errors import CorpusError, nearest
from weaklabel.units import SPANS, read_spans

CONLL, BRAT, DOCBIN = "conll", "brat", "docbin"

SPAN_FORMS = (*SPAN_READERS, CONLL, BRAT, DOCBIN, TABLE)
"""Forms of files with spans."""

_SUFFIXES = {
    ".conll": CONLL,
    ".conll03": CONLL,
    ".conll2003": CONLL,
    ".iob": CONLL,
    ".iob2": CONLL,
    ".bio": CONLL,
    ".bioes": CONLL,
    ".spacy": DOCBIN,
    ".ann": BRAT,
}
_TABLES = (".jsonl", ".json", ".csv", ".tsv", ".parquet")


def span_form_of(path: Path) -> str:
    """Return which of `SPAN_FORMS` a file has: by its suffix, else by its first object; a folder with ``.ann`` files is brat's.

    Raises
    ------
    CorpusError
        The file cannot be read.
    """
    if path.is_dir():
        return BRAT
    if path.suffix.lower() in _SUFFIXES:
        return _SUFFIXES[path.suffix.lower()]
    if format_of(path.name, None, "jsonl") not in JSON_FORMATS:
        return TABLE
    for _, first, _ in json_objects(path):
        if isinstance(first, ValueError):
            return TABLE
        return next((form for form, is_form in SPAN_RECOGNIZED.items() if is_form(first)), TABLE)
    return TABLE


def span_files(path: Path) -> list[Path]:
    """Return a file, or the files with spans in a folder, such as an export; a folder of brat is one.

    Raises
    ------
    CorpusError
        There is no such file, or a folder holds none.
    """
    if not path.is_dir():
        if not path.is_file():
            raise CorpusError(f"{path} does not exist")
        return [path]
    if next(path.rglob("*.ann"), None) is not None:
        return [path]
    for suffixes in ((".spacy",), tuple(_SUFFIXES), _TABLES):
        files = sorted(
            file
            for file in path.rglob("*")
            if file.suffix.lower() in suffixes and file.is_file() and not _is_beside(file)
        )
        if files:
            return files
    raise CorpusError(
        f"{path} holds no file with spans; give one, or a folder of {', '.join(_SUFFIXES)} or {', '.join(_TABLES)} files"
    )


def _is_beside(file: Path) -> bool:
    """Say whether a file says something of the data beside it."""
    return file.name in (
        "export.json",
        "dataset_info.json",
        "labels.json",
        "settings.json",
        "dataset.json",
        "state.json",
    )


def read_span_annotations(
    path: Path, form: str | None = None, columns: Columns | None = None
) -> Iterator[Annotation | NotLabeled | Reject]:
    """Give what people marked in each text, in order; and what is none: texts that nobody marked, and what cannot be used.

    Parameters
    ----------
    path
        A file, or a folder of brat.
    form
        One of `SPAN_FORMS`; found if not given.
    columns
        Where it holds what; ``question`` is the column with spans in a table.

    Raises
    ------
    CorpusError
        It cannot be read, or has another form.
    """
    if form is not None and form not in SPAN_FORMS:
        raise CorpusError(
            f"no form of spans is called '{form}'{nearest(form, SPAN_FORMS)}; forms are {', '.join(SPAN_FORMS)}"
        )
    form, columns = form or span_form_of(path), columns or Columns()
    if form == TABLE:
        yield from _of_table(path, columns)
    elif form == CONLL:
        yield from read_conll(path)
    elif form == BRAT:
        folder = path if path.is_dir() else path.parent
        for given in read_brat(folder, path if path != folder else None):
            yield _placed(given, given.line, given.where, given.where)
    elif form == DOCBIN:
        yield from read_docbin(path)
    else:
        yield from _of_objects(path, form, columns)


def _of_objects(path: Path, form: str, columns: Columns) -> Iterator[Annotation | NotLabeled | Reject]:
    for line, task, raw in json_objects(path):
        if isinstance(task, ValueError):
            yield Reject(line, str(task), raw)
            continue
        where = f"line {line}, task {task['id']}" if isinstance(task.get("id"), str) else f"line {line}"
        try:
            for given in SPAN_READERS[form](task, columns):
                yield _placed(given, line, where, raw)
        except Unusable as error:
            yield Reject(line, f"{where}: {error}", raw)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            yield Reject(line, f"{where}: it is not as {form} writes it ({error})", raw)


def _placed(
    given: Annotation | NotLabeled | Problem, line: int, where: str, raw: str
) -> Annotation | NotLabeled | Reject:
    if isinstance(given, Problem):
        return Reject(line, f"{where}: {given.reason}", raw)
    return replace(given, line=line, where=where)


def _of_table(path: Path, columns: Columns) -> Iterator[Annotation | NotLabeled | Reject]:
    """Read a file with a row for each text and a column of spans."""
    rejects: list[Reject] = []
    corpus = read_corpus(path, text=(), on_reject=rejects.append)
    name = columns.question or SPANS
    for column in (name, columns.text):
        if not corpus.has_column(column):
            raise CorpusError(
                f"{path} has no column '{column}'{nearest(column, corpus.columns)}; columns are {', '.join(corpus.columns)}: "
                "say which one holds the spans, and which the text"
            )
    others = [column if corpus.has_column(column) else None for column in (columns.row_id, columns.annotator)]
    where = f"{path.name}, column '{name}'"
    for batch in corpus.batches():
        texts = ["" if text is None else str(text) for text in batch.source[columns.text].to_list()]
        rows = read_spans(batch.source[name], texts, where=where, first_row=batch.start)
        if columns.question is None and not np.isnan(rows.probs).all():
            raise CorpusError(
                f"{path} looks like a file of weak labels, since its spans have probabilities: say which column has the spans "
                f"of people (--question), even if it is '{SPANS}'"
            )
        ids, people = ([None] * len(batch) if column is None else batch.source[column].to_list() for column in others)
        for row, (text, row_id, person) in enumerate(zip(texts, ids, people, strict=True)):
            number = batch.start + row
            if not rows.is_known[row]:
                yield NotLabeled(UNLABELED, number, f"row {number}")
                continue
            spans = tuple((begin, end, rows.labels[label]) for begin, end, label in rows.spans.of_row(row))
            yield Annotation(
                "",
                text,
                str(row_id) if row_id not in (None, "") else None,
                str(person) if person is not None else "",
                line=number,
                where=f"row {number}",
                spans=spans,
            )
    yield from rejects
