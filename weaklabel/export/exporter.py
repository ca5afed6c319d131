"""What a form of export is: a class with options that writes a labeled corpus for another tool."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from weaklabel.classifier.exporter import Exporter
from weaklabel.errors import ExportError, WeakLabelError
from weaklabel.export.corpus import LabeledCorpus, Task
from weaklabel.registries import CORPUS, EXPORTERS
from weaklabel.support.params import HasParams
from weaklabel.support.progress import stage

LOADABLE = (".jsonl", ".json", ".csv", ".parquet")
"""Suffixes of files that the package ``datasets`` loads by themselves."""


@dataclass(frozen=True)
class ExportRecord:
    """What an exporter wrote.

    Attributes
    ----------
    rows
        Records that were written.
    left_out
        Rows that this form leaves out, by reason, in the words of a message: ``"longer than 512 tokens"``.
    counts
        Other things that are worth telling, by name, such as texts that were cut.
    tables
        Figures by name, such as percentiles of token lengths.
    """

    rows: int
    left_out: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    tables: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def __add__(self, other: ExportRecord) -> ExportRecord:
        """Join what was written of two parts of a split; tables of the same name are not added up, later ones are kept."""
        return ExportRecord(
            self.rows + other.rows,
            dict(Counter(self.left_out) + Counter(other.left_out)),
            dict(Counter(self.counts) + Counter(other.counts)),
            {**self.tables, **other.tables},
        )


class CorpusExporter(Exporter, HasParams):
    """Writes a labeled corpus in one form.

    A new form is a subclass with a ``write`` and an entry in `weaklabel.registries.EXPORTERS`. Options are keywords of the
    constructor, each with a default; users set them by ``--set KEY=VALUE`` or in ``[export]`` of a project file.

    Attributes
    ----------
    writes_folder
        Whether ``write`` gets a folder to fill. Otherwise it gets a file, and is called once for each part of a split.
    suffix
        Of the file, where it writes one.
    keeps_probs
        Whether class probabilities are kept. Otherwise each row has one label: the most probable one, or one that is drawn.
    takes_drawn
        Whether labels that are drawn from their probabilities make sense in it.
    keeps_split
        Whether records say which part of a split they belong to, so that all of them may be in one file.
    keeps_unlabeled
        Whether rows without a label are written, too: for forms that people label. Never for training.
    tasks
        What it is for: labels of whole ``texts``, ``spans``, or both.
    task
        What models are trained for with it, in the words of the Hugging Face hub; of spans, token-classification.
    consumer
        Who reads the form, for the documentation.
    """

    params_error: ClassVar[type[WeakLabelError]] = ExportError
    writes_folder: ClassVar[bool] = False
    suffix: ClassVar[str] = ""
    keeps_probs: ClassVar[bool] = False
    takes_drawn: ClassVar[bool] = True
    keeps_split: ClassVar[bool] = False
    keeps_unlabeled: ClassVar[bool] = False
    tasks: ClassVar[tuple[Task, ...]] = ("texts",)
    task: ClassVar[str] = "text-classification"
    consumer: ClassVar[str] = ""

    def check_corpus(self, corpus: LabeledCorpus) -> None:
        """Refuse, before any work, a corpus or options that this form cannot take.

        Raises
        ------
        ExportError
            Says what to change.
        """
        self.check(corpus)
        if corpus.task not in self.tasks:
            held = {"texts": "labels of whole texts", "spans": "spans"}
            raise ExportError(
                f"{corpus.name} holds {held[corpus.task]}, and {self.title} is a form for {held[self.tasks[0]]}; forms for "
                f"{held[corpus.task]} are {', '.join(forms_for(corpus.task))}"
            )

    @abstractmethod
    def write(self, corpus: LabeledCorpus, target: Path) -> ExportRecord:
        """Write the rows of a corpus; what is written gets its final name only when all of it is whole.

        Parameters
        ----------
        corpus
            The rows that are exported: without those that have no label, unless ``keeps_unlabeled``. It is read part by
            part, as often as needed.
        target
            The file to write, or the folder to fill, which is there and is empty.
        """

    def written_columns(self, corpus: LabeledCorpus) -> Sequence[str]:
        """Return which columns of a corpus records will have: those of the option ``columns``, where the form has one."""
        if not self.has_param("columns"):
            return ()
        columns: Sequence[str] | None = self.get_params()["columns"]
        return columns if columns is not None else self.usual_columns(corpus)

    def usual_columns(self, corpus: LabeledCorpus) -> Sequence[str]:
        """Return which columns of a corpus records have if the option ``columns`` is not given: all, but for people none."""
        return () if self.keeps_unlabeled else tuple(corpus.schema)

    def data_files(self, files: Mapping[str, str]) -> Mapping[str, str]:
        """Return the files or patterns of each part of the split that ``datasets.load_dataset`` reads; {} for none.

        Parameters
        ----------
        files
            The file of each part of the split, relative to the folder of the export; for a form that fills a folder, the
            folder under the name "".
        """
        return files if self.suffix in LOADABLE and not self.writes_folder else {}

    def llama_factory(self) -> dict[str, Any] | None:
        """Return what LLaMA-Factory's ``dataset_info.json`` says of this form, without the file name; None if nothing."""
        return None

    def axolotl(self) -> dict[str, Any] | None:
        """Return what a configuration of axolotl says of this form, without the path; None if it does not read it."""
        return None

    def export(self, source: Any, target: Path, texts: Sequence[str] = ()) -> dict[str, Any]:
        """See `Exporter.export`."""
        return asdict(self.write(source, target))


def forms_for(task: Task) -> tuple[str, ...]:
    """Return the names of the forms for a task."""
    return tuple(name for name in EXPORTERS.names(CORPUS) if task in getattr(EXPORTERS[name], "tasks", ()))


def write_lines(target: Path, records: Iterable[Mapping[str, Any]], title: str) -> int:
    """Write one line of JSON a record, and return how many there are."""
    rows = 0
    with (
        target.open("w", encoding="utf-8", newline="\n") as handle,
        stage(f"writing {title}", unit="records") as progress,
    ):
        for record in records:
            handle.write(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")
            rows += 1
            progress.advance(1)
    return rows
