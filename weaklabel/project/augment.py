"""The step that makes new training rows, and what training and export take of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from weaklabel.augment.corpus import augmenter_of
from weaklabel.augment.loading import TFCollection, load_tfs
from weaklabel.augment.transform import BY, FROM
from weaklabel.config import Project
from weaklabel.corpus import Batch, read_corpus
from weaklabel.decisions import is_decision_file
from weaklabel.errors import ConfigError
from weaklabel.export.corpus import LabeledPart
from weaklabel.export.opening import SPLIT
from weaklabel.job.output import free_prefix
from weaklabel.job.training import TrainingRows
from weaklabel.job.transform import transform_into
from weaklabel.label_model import load_label_model
from weaklabel.labels import ABSTAIN, Probs
from weaklabel.project.names import AUGMENT_COUNTS, AUGMENTED, LABEL_MODEL, LABELED, PROBS, REFUSED, VOTES
from weaklabel.project.select import not_trained_on
from weaklabel.project.step import Run
from weaklabel.registries import SPANS
from weaklabel.support.files import write_json, write_parquet
from weaklabel.support.hashing import hash_path
from weaklabel.support.mapped import map_npy
from weaklabel.votes import load_votes


def augment(run: Run) -> None:
    """Make new rows of the labeled rows that are trained on; they are kept apart from the corpus."""
    settings = run.project.augment
    assert settings is not None
    labeled = read_corpus(run.folder / LABELED, text=list(run.corpus.text))
    votes, held = load_votes(run.folder / VOTES), not_trained_on(run.project, run.corpus, run.folder)
    transform = augmenter_of(
        labeled,
        tfs=transformation_functions(run.project),
        policy=settings.policy,
        length=settings.length,
        per_row=settings.per_row,
        prefix=free_prefix(run.corpus, run.lfs.labels),
        all_train=SPLIT not in labeled.columns,
        not_in=files_apart(run.project),
        lfs=run.lfs if settings.check else (),
        seed=run.project.seed,
        workers=run.project.lfs.workers,
        error_budget=settings.error_budget,
        among=None if held is None else ~held,
        fitted=load_label_model(run.folder / LABEL_MODEL),
        known_votes=np.asarray(votes.L) if settings.check else None,
    )
    parts = run.work / "parts"
    parts.mkdir(exist_ok=True)
    done = transform_into(
        labeled,
        transform,
        run.work / "all.parquet",
        run.folder / REFUSED,
        parts,
        name=Path(run.corpus.name).name,
        engine=run.engine,
    )
    rows = pl.read_parquet(run.work / "all.parquet", memory_map=False, glob=False)
    write_parquet(run.folder / AUGMENTED, rows.filter(pl.col(BY).is_not_null()))
    rejects = done.rejects_file and done.rejects_file.name
    write_json(run.folder / AUGMENT_COUNTS, done.to_dict() | {"rejects_file": rejects, "out": AUGMENTED})


def transformation_functions(project: Project) -> TFCollection:
    """Load the transformation functions of a project."""
    assert project.augment is not None
    return load_tfs(project.augment.use, project.augment.params)


def files_apart(project: Project) -> list[Any]:
    """Return the files whose texts no new row may have: those that are named, and gold."""
    assert project.augment is not None
    gold = project.gold.path if project.gold is not None else None
    return [*project.augment.not_in, *([gold] if gold is not None and not is_decision_file(gold) else [])]


def augment_inputs(project: Project) -> dict[str, str]:
    """Return the hash of what decides new rows besides the corpus, its labels and settings, by its name."""
    return {file.name: hash_path(file) for file in files_apart(project)}


def check_augment(project: Project, task: str) -> None:
    """Find out, before any work, whether new rows can be made and trained on as a project says.

    Raises
    ------
    ConfigError
        Spans are labeled, or a classifier holds rows out of which new ones may be made.
    AugmentError
        A transformation function is unknown, or its parameters are wrong.
    """
    if project.augment is None:
        return
    if task == SPANS:
        raise ConfigError(
            "[augment] makes new texts of labeled texts, and the labeling functions mark spans: leave it out"
        )
    transformation_functions(project)
    for section in (project.classifier, project.generator):
        default = 0.1 if section is project.generator else 0.0
        share = None if section is None else section.validation_share
        if section is not None and (default if share is None else share):
            raise ConfigError(
                f"[{section.section}] holds out rows to choose by ({section.section}.validation_share), and [augment] may make "
                f"new training rows of them: set {section.section}.validation_share = 0, or leave [augment] out"
            )


@dataclass(frozen=True, eq=False)
class NewRows:
    """The new rows of a run.

    Attributes
    ----------
    frame
        The rows, with all columns of the labeled corpus.
    sources
        Number in the corpus of the row that each was made of, in ascending order. Shape: [new].
    text
        The columns that hold the text.
    """

    frame: pl.DataFrame
    sources: NDArray[np.int64]
    text: tuple[str, ...]

    @property
    def texts(self) -> list[str]:
        """The texts, as models read them. Length: new."""
        return Batch(self.frame, self.text).model_texts

    def among(self, rows: NDArray[np.int64]) -> NewRows:
        """Return those that were made of some rows of the corpus."""
        chosen = np.isin(self.sources, rows)
        return NewRows(self.frame.filter(pl.Series(chosen)), self.sources[chosen], self.text)

    def of(self, part: LabeledPart, n: int) -> LabeledPart:
        """Return the new rows of consecutive rows of a corpus of ``n`` rows, which are numbered from there on.

        All but the text is that of the source. Labeling functions did not vote on them, and nobody decided their labels.
        """
        if not len(part):
            return part
        start = int(part.rows[0])
        first, last = np.searchsorted(self.sources, [start, start + len(part)])
        new, places = self.frame[first:last], self.sources[first:last] - start
        columns = (new[name].cast(part.frame.schema[name]) for name in self.text)
        return LabeledPart(
            rows=n + np.arange(first, last),
            frame=part.frame[places].with_columns(*columns),
            texts=Batch(new, self.text).model_texts,
            preds=part.preds[places],
            probs=part.probs[places],
            split=None if part.split is None else [part.split[place] for place in places.tolist()],
            votes=None if part.votes is None else np.full_like(part.votes[places], ABSTAIN),
            gold=None if part.gold is None else np.full_like(part.gold[places], ABSTAIN),
            held_out=None if part.held_out is None else part.held_out[places],
        )


def new_rows(folder: Path, text: tuple[str, ...]) -> NewRows | None:
    """Return the new rows of a run; None where it made none."""
    path = folder / AUGMENTED
    if not path.is_file():
        return None
    frame = pl.read_parquet(path, memory_map=False, glob=False)
    return NewRows(frame, frame[FROM].to_numpy() - 1, text)


def with_new_rows(run: Run, rows: TrainingRows) -> tuple[list[str], Probs, int]:
    """Return texts and probabilities to train on: of the rows, and of the new rows made of these, whose number is last."""
    new = new_rows(run.folder, run.corpus.text)
    if new is None or run.project.augment is None:
        return rows.texts, rows.probs, 0
    new = new.among(rows.rows)
    probs = np.asarray(map_npy(run.folder / PROBS)[new.sources], dtype=np.float64)
    return [*rows.texts, *new.texts], np.concatenate([rows.probs, probs]), len(new.sources)
