"""Labels of people, brought back from the tools in which they labeled: matched with rows, checked, and joined to gold."""

from __future__ import annotations

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
from weaklabel.decisions.log import Decision, DecisionLog, now, text_hash
from weaklabel.decisions.tools import Annotation, Columns, NotLabeled
from weaklabel.errors import CorpusError, VoteError
from weaklabel.label_names import LabelMatcher, find_labels
from weaklabel.labels import ABSTAIN
from weaklabel.support.progress import stage

Several: TypeAlias = Literal["majority", "unanimous", "all"]
Unknown: TypeAlias = Literal["refuse", "reject"]

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
        The class of each.
    """

    row_id: str | None
    text: str | None
    number: int | None = None
    answers: dict[str, Annotation] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)

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
    """

    rows: Sequence[ImportedRow]
    labels: tuple[str, ...]
    annotations: int
    replaced: int
    not_labeled: Counter[str]
    rejects: Sequence[Reject]

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

    def decisions(self) -> Iterator[Decision]:
        """Give every annotation as a decision; those of rows whose text is unknown are left out."""
        for position, row in enumerate(self.rows):
            if row.text is None:
                continue
            number = _row_number(row, position)
            for person, annotation in row.answers.items():
                who = _shown(person) or f"{IMPORTED} {person[1:]}"
                yield Decision(number, text_hash(row.text), row.labels[person], who, annotation.time)

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
            if before is None or before.label != decision.label:
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
) -> Imported:
    """Read what people labeled in other tools.

    Parameters
    ----------
    files
        Exports of these tools, or tables. A ``.zip`` holds one file for each annotator, as doccano writes it; whoever is
        not named in a file has its name, where there are several files.
    form
        One of `weaklabel.decisions.annotations.FORMS`; found if not given.
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
        for path in paths:
            for item in read_annotations(path, form, columns):
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
    names = tuple(labels or (find_labels([item.label for _, item in given]) if given else ()))
    rows = _Rows(corpus, id_column, [item for _, item in given])
    matcher, used, replaced = LabelMatcher(names), 0, 0
    for path, item in given:
        try:
            number = matcher.match(item.label)
        except VoteError as error:
            if unknown == "refuse":
                raise VoteError(
                    f"{path}, {item.where}: {error}; correct it, or have such annotations rejected (--unknown reject)"
                ) from None
            rejects.append(_named(Reject(item.line, f"{item.where}: {error}", item.label), path, paths))
            continue
        if number == ABSTAIN:
            not_labeled["not labeled"] += 1
            continue
        row = rows.of(item)
        if isinstance(row, str):
            rejects.append(_named(Reject(item.line, f"{item.where}: {row}", item.label), path, paths))
            continue
        # Two annotations of which nobody is known to have made them may be of two people.
        person = item.annotator or f"\0{len(row.answers) + 1}"
        replaced += person in row.answers
        used += person not in row.answers
        row.answers[person], row.labels[person] = item, names[number]
    matcher.warn("annotations")
    return Imported([row for row in rows.rows if row.answers], names, used, replaced, not_labeled, rejects)


class _Rows:
    """The rows that annotations are about."""

    def __init__(self, corpus: Corpus | None, id_column: str | None, given: Sequence[Annotation]) -> None:
        self.rows: list[ImportedRow] = []
        self._corpus = corpus
        self._of_id: dict[str, ImportedRow] = {}
        self._of_text: dict[str, ImportedRow] = {}
        if corpus is None:
            return
        ids, texts = {item.row_id for item in given}, {item.text for item in given}
        for batch in corpus.batches_with_progress():
            numbers = range(batch.start, batch.start + len(batch))
            rows = zip(numbers, row_ids(batch.source, numbers, id_column), batch.model_texts, strict=True)
            for number, row_id, text in rows:
                if row_id in self._of_id:
                    raise CorpusError(
                        f"{corpus.name}: rows {self._of_id[row_id].number} and {number} have the id {row_id!r}"
                    )
                if row_id in ids or (text in texts and text not in self._of_text):
                    self._add(ImportedRow(row_id, text, number))

    def of(self, item: Annotation) -> ImportedRow | str:
        """Return the row that an annotation is about, or why there is none."""
        if item.text is not None and "\0" in item.text:
            return "its text has a zero byte, which tools for labeling do not keep: this is no row that was sent"
        row = self._of_id.get(item.row_id) if item.row_id is not None else None
        if row is not None and item.text is not None and row.text != item.text:
            if self._corpus is None:
                return f"the id {item.row_id!r} has another text here than before"
            row = None  # rows may have moved since
        if row is None and item.text is not None and (self._corpus is not None or item.row_id is None):
            row = self._of_text.get(item.text)
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
