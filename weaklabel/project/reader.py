"""A finished run, read back: its settings, votes, label model and labels, wherever it is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from pydantic import ValidationError

from weaklabel.config import Project
from weaklabel.corpus import Corpus, read_corpus
from weaklabel.corpus.writing import reading_back
from weaklabel.errors import ConfigError
from weaklabel.job.output import free_prefix, new_columns
from weaklabel.label_model import load_label_model
from weaklabel.label_names import encode_labels
from weaklabel.labels import Labels, Probs
from weaklabel.project.names import LABEL_MODEL, LABELED, MANIFEST, VOTES
from weaklabel.project.outcome import Labeled
from weaklabel.support.folders import recover_folder
from weaklabel.support.hashing import sha256_of_bytes
from weaklabel.votes import load_votes


@dataclass(frozen=True)
class FinishedRun:
    """A finished run.

    Attributes
    ----------
    path
        Its folder.
    project
        Its settings; paths inside the folder are where it is now.
    base
        Hash of its manifest.
    corpus_sha256
        Hash of the corpus when it was labeled.
    packs
        Hashes of the pack files that voted, sorted; None where the run is older than their keeping.
    """

    path: Path
    project: Project
    base: str
    corpus_sha256: str
    packs: tuple[str, ...] | None

    def labeled(self, corpus: Corpus) -> Labeled:
        """Read votes, label model and labels.

        Raises
        ------
        WeakLabelError
            A file is missing, damaged, or does not fit the others.
        """
        votes = load_votes(self.path / VOTES)
        model = load_label_model(self.path / LABEL_MODEL)
        if votes.labels is None or votes.n != len(corpus):
            raise ConfigError(
                f"{self.path}: votes.npz has {votes.n} rows and {corpus.name} has {len(corpus)}; run the project again"
            )
        preds, probs = _labels(self.path / LABELED, corpus, tuple(votes.labels))
        return Labeled(votes, model, probs, preds)


def read_run(folder: Path) -> FinishedRun:
    """Read the manifest of a run.

    Raises
    ------
    ConfigError
        It is missing, damaged, or of a run that cannot be read any more.
    """
    recover_folder(folder, MANIFEST)
    file = folder / MANIFEST
    try:
        data = file.read_bytes()
        manifest: dict[str, Any] = json.loads(data)
        project = Project.model_validate(manifest["settings"])
        inputs = manifest.get("inputs") or {"corpus": manifest["input"]}
        packs = manifest.get("packs")
        return FinishedRun(
            folder,
            _moved(project, folder),
            sha256_of_bytes(data),
            inputs["corpus"]["sha256"],
            None if packs is None else tuple(sorted(packs.values())),
        )
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror or error}; give the folder of a finished run") from None
    except (ValidationError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{file} is damaged, or of another version ({type(error).__name__}): run again") from None


def _moved(project: Project, folder: Path) -> Project:
    """Point what lay in the run's folder to where the folder is now."""
    old = project.out

    def here(path: Path) -> Path:
        inside = folder / path.relative_to(old) if path.is_relative_to(old) else path
        return inside if inside.exists() else path

    use = [str(here(Path(spec))) if spec.endswith(".py") else spec for spec in project.lfs.use]
    return project.model_copy(
        update={
            "out": folder,
            "corpus": project.corpus.model_copy(update={"path": here(project.corpus.path)}),
            "lfs": project.lfs.model_copy(update={"use": use}),
        }
    )


def _labels(file: Path, corpus: Corpus, labels: tuple[str, ...]) -> tuple[Labels, Probs]:
    """Read labels and probabilities of the labeled corpus. Shape: [n], [n, k]."""
    new = new_columns(labels, (), free_prefix(corpus, labels))
    label, _, *classes = new
    frame = read_corpus(file, text=(), **reading_back(corpus, "csv", new)).frame()
    if len(frame) != len(corpus) or not {label, *classes} <= set(frame.columns):
        raise ConfigError(f"{file} does not hold the labels of {corpus.name}; run the project again")
    preds = encode_labels(frame[label].to_list(), labels, f"{file}, column '{label}'")
    numbers = frame.select(pl.col(name).cast(pl.Float64, strict=False) for name in classes)
    return preds, np.asarray(numbers.to_numpy(), dtype=np.float64)
