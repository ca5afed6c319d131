"""The folder of a run: what a run writes there, and what must not be there."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from weaklabel.config import Project
from weaklabel.corpus import Corpus
from weaklabel.errors import ConfigError
from weaklabel.job.journal import JOURNAL, Journal
from weaklabel.lf.identity import pack_inputs
from weaklabel.lf.packs import LFCollection
from weaklabel.project.names import (
    COUNTS,
    EXPORT,
    KEPT,
    LABEL_MODEL,
    LABELED,
    LF_TABLE,
    MANIFEST,
    MODELS,
    PAGE,
    PREPARED,
    REJECTS,
    REPORT,
    SCORES,
    TRAINING,
    VOTES,
)
from weaklabel.support.folders import other_files, recover_folder, written_files

RESULTS = frozenset(
    {
        LABELED,
        VOTES,
        LABEL_MODEL,
        REJECTS,
        MODELS,
        TRAINING,
        LF_TABLE,
        SCORES,
        EXPORT,
        REPORT,
        PAGE,
        KEPT,
        JOURNAL,
        MANIFEST,
    }
)
"""Names of what a run may write into its folder."""


def is_run(path: Path) -> bool:
    """Return whether a folder holds a manifest that is whole."""
    return written_files(path, MANIFEST) is not None


def holds_run(path: Path) -> bool:
    """Return whether a finished run is in a folder."""
    recover_folder(path, MANIFEST)
    return (path / MANIFEST).is_file()


def check_run_folder(path: Path) -> None:
    """Refuse a folder that holds files but no run; a project file, its data and a review may be there.

    Raises
    ------
    ConfigError
        Names the folder.
    """
    recover_folder(path, MANIFEST)
    if not path.exists():
        return
    if not path.is_dir():
        raise ConfigError(f"{path} is a file; choose a folder for 'out'")
    names = {name for name in other_files(path) if not name.startswith(f".{PREPARED}.")}
    names -= {"project.toml", "data", "review", PREPARED}
    if names and MANIFEST not in names and not Journal(path).records:
        raise ConfigError(f"{path} holds other files ({min(names)} ...); choose an empty folder for 'out'")


def read_counts(path: Path) -> dict[str, Any]:
    """Return what the first step of a run counted: rows, and rejects."""
    counts: dict[str, Any] = json.loads((path / COUNTS).read_text(encoding="utf-8"))
    return counts


def check_run_inputs(project: Project, corpus: Corpus, lfs: LFCollection, project_file: Path | None = None) -> None:
    """Refuse, before any work, inputs that are where a run writes its results.

    Raises
    ------
    ConfigError
        Names the file and the folder.
    """
    gold = project.gold
    bases = [project.classifier.model, project.generator and project.generator.model]
    read = [*corpus.files(), *pack_inputs(lfs.origins), project_file, gold and gold.path, gold and gold.ceiling]
    if project.augment is not None:
        read += [*project.augment.not_in, *(Path(spec) for spec in project.augment.use if spec.endswith(".py"))]
    read.append(project.label_model.decisions)
    read += [Path(base) for base in bases if base and Path(base).exists()]
    out = Path(os.path.realpath(project.out))
    written = written_files(out, MANIFEST) or set()
    for path in read:
        real = path and Path(os.path.realpath(path))
        if real and real.is_relative_to(out):
            name = real.relative_to(out).as_posix()
            if name in written or name.split("/")[0] in RESULTS:
                raise ConfigError(
                    f"{path} is an input, and is where the run writes its results, in {project.out}: move it, or "
                    "choose another folder for 'out'"
                )
