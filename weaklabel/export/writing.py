"""Writing an export: one file, or a folder with every form, a dataset card, and what trainers need to read it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from weaklabel.corpus import THE_CORPUS
from weaklabel.errors import ExportError
from weaklabel.export.card import CardFields, dataset_card
from weaklabel.export.corpus import LabeledCorpus, Task
from weaklabel.export.exporter import CorpusExporter, ExportRecord
from weaklabel.export.selection import TRAIN, Selection, Survey
from weaklabel.export.trainers import write_trainer_files
from weaklabel.support.files import (
    STDOUT,
    atomic_path,
    check_file_path,
    check_outputs,
    is_stream,
    write_json,
    write_text,
)
from weaklabel.support.folders import other_files, recover_folder, replaced_folder
from weaklabel.support.naming import setting
from weaklabel.support.warn import warn

MANIFEST = "export.json"
"""File in the folder of an export that says what is in it; written last."""

CARD = "README.md"
"""File with the dataset card."""


@dataclass(frozen=True)
class Exported:
    """What an export wrote.

    Attributes
    ----------
    out
        The file or folder.
    survey
        Rows that were taken and left out, of all forms.
    labels
        Class names.
    records
        What was written, by form.
    files
        The files of each form by part of the split, relative to the folder; a form that fills a folder has it as "".
    task
        Whether it holds labels of whole ``texts``, or ``spans``.
    """

    out: str
    survey: Survey
    labels: tuple[str, ...]
    records: Mapping[str, ExportRecord]
    files: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    task: Task = "texts"

    @property
    def spans(self) -> dict[str, dict[str, int]]:
        """Spans that are taken, by part of the split and label."""
        splits = dict.fromkeys(split for split, _ in self.survey.taken)
        return {
            split: {name: self.survey.spans[split, number] for number, name in enumerate(self.labels)}
            for split in splits
        }

    @property
    def rows(self) -> dict[str, dict[str, int]]:
        """Rows that are taken, by part of the split and class."""
        splits = dict.fromkeys(split for split, _ in self.survey.taken)
        return {
            split: {name: self.survey.taken[split, number] for number, name in enumerate(self.labels)}
            for split in splits
        }

    def to_dict(self) -> dict[str, Any]:
        """Return it in values that JSON has."""
        counts: dict[str, Any] = {}
        if self.task == "spans":
            by_split: dict[str, Any] = {split: self.survey.of_split(split) for split in self.spans}
            counts = {"spans_by_split": self.spans, "spans_left_out": self.survey.dropped_spans}
        else:
            by_split = dict(self.rows)
        return {
            "out": self.out,
            "rows": self.survey.rows,
            "taken": self.survey.n_taken,
            "left_out": dict(self.survey.left_out),
            "rows_by_split": by_split,
            **counts,
            "forms": {
                name: asdict(record) | {"files": self.files.get(name, {})} for name, record in self.records.items()
            },
        }


@dataclass(frozen=True, eq=False)
class Export:
    """An export that is to be written.

    Parameters
    ----------
    corpus
        All rows.
    forms
        Exporters by their names.
    selection
        Which rows are exported, and with which label.
    card
        What the dataset card says besides what is known.
    """

    corpus: LabeledCorpus
    forms: Mapping[str, CorpusExporter]
    selection: Selection = field(default_factory=Selection)
    card: CardFields = field(default_factory=CardFields)

    @cached_property
    def survey(self) -> Survey:
        """What is taken and left out, counted once."""
        return self.selection.survey(self.corpus)

    @property
    def splits(self) -> tuple[str, ...]:
        """Parts of the split that hold rows; `TRAIN` where the corpus is not divided."""
        return tuple(split for split in self.corpus.splits or (TRAIN,) if self.survey.of_split(split))

    def taken(self, form: CorpusExporter) -> LabeledCorpus:
        """Return the rows that a form gets."""
        return self.selection.of(
            self.corpus, keep_unlabeled=form.keeps_unlabeled, draw=form.takes_drawn and not form.keeps_probs
        )

    def write_to(self, out: str | os.PathLike[str]) -> Exported:
        """Write to a file or a folder, which has its earlier content until the new one is whole.

        Parameters
        ----------
        out
            A file with the suffix of the only form, or ``-``; otherwise a folder.

        Raises
        ------
        WeakLabelError
            It cannot be written, or no row is left.
        """
        form = check_export(self, out)
        self._check_rows()
        if form is None:
            busy = f"another export is writing {os.fspath(out)}: wait for it, or choose another folder"
            with replaced_folder(Path(out), MANIFEST, busy=busy) as build:
                return self.write_into(build, os.fspath(out))
        (name,) = self.forms
        self._warn_of_gold()
        with atomic_path("/dev/stdout" if os.fspath(out) == STDOUT else out) as path:
            record = form.write(self.taken(form), path)
        _tell(name, record)
        return Exported(os.fspath(out), self.survey, self.corpus.labels, {name: record}, task=self.corpus.task)

    def write_into(self, folder: Path, out: str = "") -> Exported:
        """Write into a folder that is there and gets its final name, ``out``, later."""
        self._check_rows()
        self._warn_of_gold()
        records: dict[str, ExportRecord] = {}
        files: dict[str, dict[str, str]] = {}
        for name, form in self.forms.items():
            home = folder if len(self.forms) == 1 else folder / name
            home.mkdir(exist_ok=True)
            records[name], files[name] = self._write_form(form, folder, home)
            _tell(name, records[name])
        done = Exported(out or folder.name, self.survey, self.corpus.labels, records, files, self.corpus.task)
        write_trainer_files(folder, self.corpus.name, self.forms, files)
        write_text(
            folder / CARD, dataset_card(self.corpus, self.survey, self.card, self.selection, self.forms, records, files)
        )
        write_json(folder / MANIFEST, done.to_dict() | {"out": Path(done.out).name})
        return done

    def _write_form(self, form: CorpusExporter, folder: Path, home: Path) -> tuple[ExportRecord, dict[str, str]]:
        corpus = self.taken(form)
        if form.writes_folder:
            return form.write(corpus, home), {"": home.relative_to(folder).as_posix()}
        record, files = ExportRecord(0), {}
        for split in self.splits:
            file = home / f"{split}{form.suffix}"
            written = form.write(corpus.of_split(split) if corpus.splits else corpus, file)
            if corpus.splits:
                tables = {f"{caption} of {split}": table for caption, table in written.tables.items()}
                written = replace(written, tables=tables)
            record = record + written
            files[split] = file.relative_to(folder).as_posix()
        return record, files

    def _warn_of_gold(self) -> None:
        """Warn of columns that may be gold which nobody named, and would be exported."""
        for name in self.survey.like_labels:
            if name in self.corpus.corpus.hide:
                continue  # named as gold, and asked for
            if forms := [form for form in self.forms if name in self.forms[form].written_columns(self.corpus)]:
                what = "spans" if self.corpus.task == "spans" else "names of classes only"
                warn(
                    f"the column '{name}' holds {what}, and {', '.join(forms)} will have it: if it is gold, "
                    f"name it ({setting('gold', name)})",
                    stacklevel=3,
                )

    def _check_rows(self) -> None:
        if self.survey.n_taken or (self.survey.rows and all(form.keeps_unlabeled for form in self.forms.values())):
            return
        why = ", ".join(f"{count:,} {reason}" for reason, count in self.survey.left_out.items())
        raise ExportError(f"{self.corpus.name}: no row is left to export: {self.survey.rows:,} rows, {why or 'none'}")


def check_export(export: Export, out: str | os.PathLike[str]) -> CorpusExporter | None:
    """Refuse, before any work, what cannot be exported, and an output that is an input or holds something else.

    Returns
    -------
    CorpusExporter or None
        The form, where ``out`` is one file; None where it is a folder.

    Raises
    ------
    WeakLabelError
        Says what to change.
    """
    corpus, forms = export.corpus, export.forms
    export.selection.check(corpus)
    for split in corpus.splits:
        if split != Path(split).name or split.startswith(".") or not split.isprintable():
            raise ExportError(f"{corpus.name}: the part '{split}' of the split cannot name a file; rename it")
    for form in forms.values():
        form.check_corpus(corpus)
    check_outputs([out], {THE_CORPUS: corpus.files})
    only = _only_file(export, out)
    if only is None:
        check_export_folder(Path(out))
        _refuse_inside(Path(out), corpus.files)
    else:
        check_file_path(out)
    return only


def _only_file(export: Export, out: str | os.PathLike[str]) -> CorpusExporter | None:
    """Return the form if ``out`` is one file that it writes."""
    suffix = Path(out).suffix
    if Path(out).is_dir() or (not suffix and not is_stream(out)):
        return None
    suffixes = {form.suffix for form in export.forms.values() if not form.writes_folder}
    if len(export.forms) > 1 or not suffixes:
        if is_stream(out) or suffix in suffixes:
            what = "several forms" if len(export.forms) > 1 else f"the form {next(iter(export.forms))}"
            raise ExportError(f"{os.fspath(out)} is one file, and {what} need a folder; give a folder")
        return None
    (name, form), *_ = export.forms.items()
    if not is_stream(out) and suffix != form.suffix:
        raise ExportError(
            f"{os.fspath(out)}: the form {name} writes {form.suffix} files; name it so, or give a folder without a suffix"
        )
    if len(export.splits) > 1 and not form.keeps_split:
        raise ExportError(
            f"{os.fspath(out)} is one file, and the rows are divided into {', '.join(export.splits)}: give a folder, which "
            "gets one file for each"
        )
    return form


def check_export_folder(path: Path) -> None:
    """Refuse a folder that holds files but no export.

    Raises
    ------
    ExportError
        Names the folder and one of the files.
    """
    recover_folder(path, MANIFEST)
    names = other_files(path)
    if names and MANIFEST not in names:
        raise ExportError(
            f"{path} holds other files ({names[0]} ...); choose an empty folder, or one of an earlier export"
        )


def _refuse_inside(folder: Path, files: Sequence[Path]) -> None:
    real = Path(os.path.realpath(folder))
    for file in files:
        if Path(os.path.realpath(file)).is_relative_to(real):
            raise ExportError(f"{file} is an input and is in {folder}, which is replaced: write to another folder")


def _tell(name: str, record: ExportRecord) -> None:
    """Warn of rows that only this form leaves out."""
    for reason, count in record.left_out.items():
        warn(f"{name}: {count:,} row{'s' * (count != 1)} left out: {reason}", stacklevel=2)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return what the manifest of an export says."""
    manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return manifest
