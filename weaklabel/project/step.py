"""What every step of a run gets, and the first step, which is the same whether texts or spans are labeled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from weaklabel.config import Project
from weaklabel.corpus import Corpus, Reject, write_rejects
from weaklabel.job.engine import Engine
from weaklabel.job.journal import Record
from weaklabel.lf.packs import LFCollection
from weaklabel.project.gold import check_rows_to_train_on, gold_column, held_out
from weaklabel.project.gold_spans import held_out_rows
from weaklabel.project.names import COUNTS, REJECTS
from weaklabel.registries import SPANS
from weaklabel.support.files import write_json
from weaklabel.support.progress import stage

if TYPE_CHECKING:
    from weaklabel.llm import Asking, Spent


@dataclass(frozen=True)
class Run:
    """What every step gets.

    Attributes
    ----------
    project, corpus, lfs
        What is run, on which rows, with which labeling functions.
    folder
        Where the steps before have written, and this one writes.
    work
        Where the step keeps what it needs to resume after an interruption; removed when it is done.
    records
        What is kept of the steps before.
    outputs
        What each file holds that the steps of this run may write, by its name in the folder; "" where only steps read it.
    engine
        Who works on the parts of the corpus.
    progress
        Show progress on stderr.
    asked
        What language models are asked with; None where none is to be asked.
    """

    project: Project
    corpus: Corpus
    lfs: LFCollection
    folder: Path
    work: Path
    records: Mapping[str, Record]
    outputs: Mapping[str, str]
    engine: Engine
    progress: bool = False
    asked: Asking | None = None

    @property
    def spent(self) -> Spent | None:
        """What language models took so far, in all runs into this folder."""
        return None if self.asked is None else self.asked.spent()


def read(run: Run) -> None:
    """Read the corpus once: count its rows, keep what cannot be read, and check that marked entities are in their texts."""
    rows = n_rejects = 0

    def rejects() -> Iterator[Reject]:
        nonlocal rows, n_rejects
        with stage("reading", unit="rows") as progress:
            for part in run.corpus.parts():
                if run.corpus.entities:
                    part.batch.model_texts  # noqa: B018
                rows, n_rejects = rows + part.part.n_rows, n_rejects + len(part.rejects)
                progress.advance(part.part.n_rows)
                yield from part.rejects

    write_rejects(run.folder / REJECTS, rejects())
    project, task = run.project, run.lfs.task
    held = held_out_rows(project, run.corpus) if task == SPANS else held_out(project, run.corpus)
    check_rows_to_train_on(project, run.corpus, held, gold_column(project, task))
    write_json(run.folder / COUNTS, {"rows": rows, "rejects": n_rejects})


def named_by_content(models: Mapping[str, str | None]) -> list[str]:
    """Return the settings whose model is in a folder: its hash counts, and where it is does not; see `model_files`."""
    return [name for name, model in models.items() if model is not None and Path(model).is_dir()]
