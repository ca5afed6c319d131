"""Labels of people, brought back from the tools in which they labeled: matched with rows, checked, and joined to gold."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, TypeAlias

import polars as pl

from weaklabel.corpus import Corpus, Reject
from weaklabel.corpus.open import MAX_RATIO, MAX_UNPACKED
from weaklabel.corpus.row_ids import ROW_ID, row_ids
from weaklabel.decisions.annotations import read_annotations
from weaklabel.decisions.importing_spans import holds_spans, in_words, on_row, table_of_spans
from weaklabel.decisions.log import Decision, DecisionLog, now, text_hash
from weaklabel.decisions.span_annotations import read_span_annotations, span_files
from weaklabel.decisions.tools import Annotation, Columns, NamedSpan, NotLabeled
from weaklabel.errors import CorpusError, VoteError
from weaklabel.label_names import LabelMatcher, find_labels
from weaklabel.labels import ABSTAIN
from weaklabel.support.progress import stage
from weaklabel.units.tokens import without_spaces

Several: TypeAlias = Literal["majority", "unanimous", "all"]
Unknown: TypeAlias = Literal["refuse", "reject"]
AnnotatedTask: TypeAlias = Literal["texts", "spans"]

IMPORTED = "imported"
"""Reviewer of decisions of which nothing says who made them, before a number."""


@dataclass
class ImportedRow:
    """What people said of a row.

    Attributes
    ----------
    row_id
        Its id; None if unknown.
    text
        Its text; None if unknown.
    number
        Its number in the corpus; None without a corpus.
    answers
        The annotations, one for each person, in the order of their first.
    labels
        The class of each; of spans, all of them in words, by which answers are compared.
    spans
        The spans of each, where spans were labeled.
    """

    row_id: str | None
    text: str | None
    number: int | None = None
    answers: dict[str, Annotation] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    spans: dict[str, tuple[NamedSpan, ...]] = field(default_factory=dict)

    @property
    def agrees(self) -> bool:
        """Whether all who labeled it gave it the same class."""
        return len(set(self.labels.values())) == 1

    def label(self, several: Several) -> str | None:
        """Return the class that most people gave it, or all of them; None on a tie, or where they do not agree."""
        (label, most), *others = Counter(self.labels.values()).most_common(2)
        if not others:
            return label
        return None if several == "unanimous" or others[0][1] == most else label

    def agreed_spans(self, several: Several) -> tuple[NamedSpan, ...] | None:
        """Return the spans that most people marked alike, or all of them; None as for `label`."""
        label = self.label(several)
        return next((self.spans[person] for person in self.spans if self.labels[person] == label), None)

    def disagreement(self) -> str:
        """Say who gave it which class, where they do not agree; else ""."""
        if self.agrees:
            return ""
        people: dict[str, list[str]] = {}
        for person, label in self.labels.items():
            people.setdefault(label, []).append(_shown(person))
        return "; ".join(f"{label}: {', '.join(names)}" for label, names in sorted(people.items()))


@dataclass(frozen=True)
class Imported:
    """What was brought back.

    Attributes
    ----------
    rows
        Rows that somebody labeled, in the order of the files.
    labels
        Class names.
    annotations
        How many annotations were read and are used.
    replaced
        How many were replaced by a later one of the same person on the same row.
    not_labeled
        Tasks that nobody labeled or that were skipped, by reason.
    rejects
        What cannot be used, with its line and why.
    task
        Whether labels are of whole ``texts`` or of ``spans``.
    """

    rows: Sequence[ImportedRow]
    labels: tuple[str, ...]
    annotations: int
    replaced: int
    not_labeled: Counter[str]
    rejects: Sequence[Reject]
    task: AnnotatedTask = "texts"

    @property
    def disagreements(self) -> int:
        """Rows that people gave different classes."""
        return sum(not row.agrees for row in self.rows)

    @property
    def by_several(self) -> int:
        """Rows that several people labeled."""
        return sum(len(row.labels) > 1 for row in self.rows)

    def table(self, several: Several = "majority") -> pl.DataFrame:
        """Return the rows as a table of gold.

        Parameters
        ----------
        several
            What becomes of rows that several people labeled: the class of the ``majority``, and none on a tie; the class
            if they are ``unanimous``, and else none; or ``all`` annotations, each with its own line.
        """
        if self.task == "spans":
            return self._table_of_spans(several)
        text = pl.String()
        if several == "all":
            lines = [
                (row.row_id, row.text, row.labels[person], _shown(person), annotation.time)
                for row in self.rows
                for person, annotation in row.answers.items()
            ]
            return pl.DataFrame(
                lines, dict.fromkeys((ROW_ID, "text", "label", "annotator", "time"), text), orient="row"
            )
        rows = [
            (row.row_id, row.text, row.label(several), ", ".join(map(_shown, row.labels)), row.disagreement())
            for row in self.rows
        ]
        names = (ROW_ID, "text", "label", "annotators", "disagreement")
        return pl.DataFrame(rows, dict.fromkeys(names, text), orient="row")

    def _table_of_spans(self, several: Several) -> pl.DataFrame:
        if several == "all":
            named = [
                (row, row.spans[person], _shown(person), given.time)
                for row in self.rows
                for person, given in row.answers.items()
            ]
            return table_of_spans(named, ("annotator", "time"))
        agreed = [
            (row, row.agreed_spans(several), ", ".join(map(_shown, row.labels)), row.disagreement())
            for row in self.rows
        ]
        return table_of_spans(agreed, ("annotators", "disagreement"))

    def decisions(self) -> Iterator[Decision]:
        """Give every annotation as a decision; those of rows whose text is unknown are left out."""
        for position, row in enumerate(self.rows):
            if row.text is None:
                continue
            number = _row_number(row, position)
            for person, annotation in row.answers.items():
                who = _shown(person) or f"{IMPORTED} {person[1:]}"
                spans = row.spans.get(person)
                label = row.labels[person] if spans is None else None
                yield Decision(number, text_hash(row.text), label, who, annotation.time, spans=spans)

    def append_to(self, log: DecisionLog) -> int:
        """Add the decisions that a log does not have yet, and return how many these are.

        Raises
        ------
        WeakLabelError
            The log cannot be read or written.
        """
        latest, added = log.latest(), 0
        for decision in self.decisions():
            before = latest.get((decision.text_sha256, decision.reviewer))
            if before is None or (before.label, before.spans) != (decision.label, decision.spans):
                log.append(replace(decision, time=decision.time or now()))
                added += 1
        return added


def import_annotations(
    files: Sequence[Path],
    *,
    form: str | None = None,
    columns: Columns | None = None,
    labels: Sequence[str] | None = None,
    corpus: Corpus | None = None,
    id_column: str | None = None,
    unknown: Unknown = "refuse",
    task: AnnotatedTask | None = None,
) -> Imported:
    """Read what people labeled in other tools.

    Parameters
    ----------
    files
        Exports of these tools, or tables. A ``.zip`` holds one file for each annotator, as doccano writes it; whoever is
        not named in a file has its name, where there are several files.
    form
        One of `weaklabel.decisions.annotations.FORMS`, or of `weaklabel.decisions.span_annotations.SPAN_FORMS`; found if not
        given.
    columns
        Where they hold what.
    labels
        Class names; those that occur if not given.
    corpus
        The rows that were labeled: each annotation is matched with a row by its id, and by its text where the row of this
        id has another text or there is no id. What matches none is a reject.
    id_column
        Column of the corpus with ids, if they were taken from one.
    unknown
        Whether a label that is not a class is refused, or makes a reject of its annotation.
    task
        Whether people labeled whole ``texts`` or ``spans``; by what the files hold if not given.

    Raises
    ------
    VoteError
        A label is not a class, and such labels are to be refused.
    CorpusError
        A file cannot be read, or holds no annotation.
    """
    rejects: list[Reject] = []
    not_labeled: Counter[str] = Counter()
    given: list[tuple[Path, Annotation]] = []
    with ExitStack() as stack, stage("reading annotations") as progress:
        paths = [path for file in files for path in _unpacked(file, stack)]
        task = task or ("spans" if any(holds_spans(path, form, columns) for path in paths) else "texts")
        if task == "spans":
            paths = [file for path in paths for file in span_files(path)]
        read = read_span_annotations if task == "spans" else read_annotations
        for path in paths:
            for item in read(path, form, columns):
                progress.advance()
                if isinstance(item, Reject):
                    rejects.append(_named(item, path, paths))
                elif isinstance(item, NotLabeled):
                    not_labeled[item.reason] += 1
                else:
                    person = item.annotator or (path.stem if len(paths) > 1 else "")
                    given.append((path, replace(item, annotator=person)))
    if not given and not rejects:
        raise CorpusError(
            f"{', '.join(path.name for path in paths)}: nobody has labeled anything there; export it again"
        )
    occurring = [label for _, item in given for label in _labels_of(item)]
    names = tuple(labels or (find_labels(occurring) if occurring else ()))
    rows = _Rows(corpus, id_column, [item for _, item in given])
    matcher, used, replaced = LabelMatcher(names), 0, 0
    for path, item in given:
        try:
            numbers = [matcher.match(label) for label in _labels_of(item)]
        except VoteError as error:
            if unknown == "refuse":
                raise VoteError(
                    f"{path}, {item.where}: {error}; correct it, or have such annotations rejected (--unknown reject)"
                ) from None
            rejects.append(_named(Reject(item.line, f"{item.where}: {error}", _raw(item)), path, paths))
            continue
        if ABSTAIN in numbers:
            not_labeled["not labeled"] += 1
            continue
        row = rows.of(item)
        if isinstance(row, str):
            rejects.append(_named(Reject(item.line, f"{item.where}: {row}", _raw(item)), path, paths))
            continue
        spans: tuple[NamedSpan, ...] | None = None
        if item.spans is not None:
            try:
                named = [(*span[:2], names[number]) for span, number in zip(item.spans, numbers, strict=True)]
                spans = on_row(named, item.text, row.text)
            except ValueError as error:
                rejects.append(_named(Reject(item.line, f"{item.where}: {error}", _raw(item)), path, paths))
                continue
        # Two annotations of which nobody is known to have made them may be of two people.
        person = item.annotator or f"\0{len(row.answers) + 1}"
        replaced += person in row.answers
        used += person not in row.answers
        row.answers[person] = item
        if spans is None:
            row.labels[person] = names[numbers[0]]
        else:
            row.labels[person], row.spans[person] = in_words(spans), spans
    matcher.warn("annotations")
    return Imported([row for row in rows.rows if row.answers], names, used, replaced, not_labeled, rejects, task)


def _labels_of(item: Annotation) -> list[str]:
    return [item.label] if item.spans is None else [label for _, _, label in item.spans]


def _raw(item: Annotation) -> str:
    """Return what is kept of an annotation that is a reject."""
    return item.label if item.spans is None else json.dumps(item.spans, ensure_ascii=False)


class _Rows:
    """The rows that annotations are about."""

    def __init__(self, corpus: Corpus | None, id_column: str | None, given: Sequence[Annotation]) -> None:
        self.rows: list[ImportedRow] = []
        self._corpus = corpus
        self._of_id: dict[str, ImportedRow] = {}
        self._of_text: dict[str, ImportedRow] = {}
        self._of_words: dict[str, ImportedRow] = {}
        if corpus is None:
            return
        ids, texts = {item.row_id for item in given}, {item.text for item in given}
        joined = {without_spaces(item.text) for item in given if item.text is not None and item.spans is not None}
        for batch in corpus.batches_with_progress():
            numbers = range(batch.start, batch.start + len(batch))
            rows = zip(numbers, row_ids(batch.source, numbers, id_column), batch.model_texts, strict=True)
            for number, row_id, text in rows:
                if row_id in self._of_id:
                    raise CorpusError(
                        f"{corpus.name}: rows {self._of_id[row_id].number} and {number} have the id {row_id!r}"
                    )
                is_new = text in texts and text not in self._of_text
                words = without_spaces(text) if joined else ""
                if row_id in ids or is_new or (words in joined and words not in self._of_words):
                    row = self._add(ImportedRow(row_id, text, number))
                    if words in joined:
                        self._of_words.setdefault(words, row)

    def of(self, item: Annotation) -> ImportedRow | str:
        """Return the row that an annotation is about, or why there is none."""
        if item.text is not None and "\0" in item.text:
            return "its text has a zero byte, which tools for labeling do not keep: this is no row that was sent"
        row = self._of_id.get(item.row_id) if item.row_id is not None else None
        if row is not None and item.text is not None and not _is_text_of(item, row):
            if self._corpus is None:
                return f"the id {item.row_id!r} has another text here than before"
            row = None  # rows may have moved since
        if row is None and item.text is not None and (self._corpus is not None or item.row_id is None):
            row = self._of_text.get(item.text)
            if row is None and item.spans is not None:
                row = self._of_words.get(without_spaces(item.text))
        if row is not None:
            return row
        if self._corpus is not None:
            what = "text" if item.text is not None else "id"
            return f"no row of {self._corpus.name} has this {what}"
        if item.row_id is None and item.text is None:
            return "it has neither an id nor a text"
        return self._add(ImportedRow(item.row_id, item.text))

    def _add(self, row: ImportedRow) -> ImportedRow:
        self.rows.append(row)
        if row.row_id is not None:
            self._of_id[row.row_id] = row
        if row.text is not None:
            self._of_text.setdefault(row.text, row)
        return row


def _is_text_of(item: Annotation, row: ImportedRow) -> bool:
    """Say whether an annotation has the text of a row; where spans were labeled, white space may differ."""
    if row.text == item.text or row.text is None or item.text is None or item.spans is None:
        return row.text == item.text
    return without_spaces(row.text) == without_spaces(item.text)


def _shown(person: str) -> str:
    return "" if person.startswith("\0") else person


def _row_number(row: ImportedRow, position: int) -> int:
    if row.number is not None:
        return row.number
    return int(row.row_id) if row.row_id is not None and row.row_id.isdecimal() and len(row.row_id) < 16 else position


def _named(reject: Reject, path: Path, paths: Sequence[Path]) -> Reject:
    """Say in which file a reject is, where there are several."""
    return replace(reject, reason=f"{path.name}: {reject.reason}") if len(paths) > 1 else reject


def _unpacked(file: Path, stack: ExitStack) -> Iterable[Path]:
    """Return a file, or the files in a .zip."""
    if file.suffix.lower() != ".zip":
        return [file]
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="weaklabel-import-")))
    try:
        with zipfile.ZipFile(file) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            size = sum(entry.file_size for entry in entries)
            if size > max(MAX_UNPACKED, MAX_RATIO * file.stat().st_size):
                raise CorpusError(f"{file} unpacks to {size:,} bytes, which looks like a bomb: unpack it yourself")
            paths = []
            for entry in entries:
                path = folder / Path(entry.filename).name  # a path in an archive may lead anywhere
                if path in paths:
                    raise CorpusError(f"{file} has two files called {path.name}: unpack it yourself")
                path.write_bytes(archive.read(entry))
                paths.append(path)
            return paths
    except (OSError, zipfile.BadZipFile, RuntimeError) as error:
        raise CorpusError(f"cannot read {file}: {error}") from None
