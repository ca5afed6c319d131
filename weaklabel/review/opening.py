"""Opening a review, of a finished run, a project, or a corpus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from weaklabel.config import LabelModelSettings, LFSettings, read_project
from weaklabel.corpus import Corpus, read_corpus
from weaklabel.errors import ConfigError
from weaklabel.labels import ABSTAIN, check_label_names
from weaklabel.lf.packs import load_lfs
from weaklabel.project.folder import holds_run
from weaklabel.project.gold import open_unlabelled
from weaklabel.review.review import Review
from weaklabel.review.run_review import FOLDER, PROJECT_FILE, open_run
from weaklabel.review.source import Source
from weaklabel.review.standing import Standing, label_now
from weaklabel.review.workspace import Workspace
from weaklabel.votes import Votes


def open_review(
    path: str | Path,
    *,
    labels: Sequence[str] | None = None,
    lfs: Sequence[str] | None = None,
    revote: bool = False,
    progress: bool = False,
    **reading: Any,
) -> Review:
    """Open what is to be reviewed.

    Parameters
    ----------
    path
        The folder of a finished run; a project file, whose votes and labels are computed now; or a corpus with
        ``labels`` or ``lfs``.
    labels
        Class names, for a corpus that has no labeling functions yet.
    lfs
        Packs for a corpus, as for `weaklabel.load_lfs`.
    revote
        Let the labeling functions of a run vote anew, and fit its label model anew, where the corpus or a pack has
        changed since; otherwise that is refused.
    progress
        Show progress on stderr.
    **reading
        How a corpus is read: arguments of `weaklabel.read_corpus`.

    Returns
    -------
    Review
        Its folder, with the decisions, is ``review`` beside the run's files or the project file, or
        ``<name>-review`` beside the corpus.

    Raises
    ------
    WeakLabelError
        There is no such thing, its labels are not known, it has changed, or a labeling function is at fault.
    """
    path = Path(path).absolute()
    if holds_run(path):
        _only_for_corpora(path, labels, lfs, reading)
        return open_run(path, revote, progress)
    file = path / PROJECT_FILE if (path / PROJECT_FILE).is_file() else path
    if file.suffix == ".toml":
        _only_for_corpora(file, labels, lfs, reading)
        return _open_project(file, progress)
    if not path.exists():
        raise ConfigError(f"{path} does not exist; give the folder of a run, a project file, or a corpus")
    return _open_corpus(read_corpus(path, **reading), path, labels, list(lfs or ()), progress)


def _only_for_corpora(
    path: Path, labels: Sequence[str] | None, lfs: Sequence[str] | None, reading: Mapping[str, Any]
) -> None:
    if labels or lfs or reading:
        raise ConfigError(
            f"{path} has its own labels, labeling functions and reading options: leave out --labels, --lfs and "
            "whatever says how to read a corpus"
        )


def _open_project(file: Path, progress: bool) -> Review:
    project, workspace = read_project(file), Workspace(file.parent / FOLDER)
    corpus, lfs, use = open_unlabelled(project), load_lfs(*workspace.specs(project.lfs.use)), tuple(project.lfs.use)
    settings, seed = project.label_model, project.seed
    source = Source(project.title, workspace, corpus, lfs.labels, settings, seed, use, "", file.parent)
    return Review(source, label_now(source, lfs, project.lfs, progress))


def _open_corpus(corpus: Corpus, path: Path, labels: Sequence[str] | None, use: list[str], progress: bool) -> Review:
    workspace = Workspace(path.with_name(f"{path.stem}-{FOLDER}"))
    specs = workspace.specs(use)
    lfs = load_lfs(*specs) if specs else None
    names = list(labels or (lfs.labels if lfs else workspace.state.labels))
    if not names:
        raise ConfigError(f"{path}: say which labels there are, such as --labels ham,spam, or give --lfs")
    known = check_label_names(names, str(path))
    source = Source(path.name, workspace, corpus, known, LabelModelSettings(), 0, tuple(use), "", path.parent)
    if lfs is None:
        workspace.write(replace(workspace.state, labels=known))
        return Review(source, _nothing_yet(len(corpus), known))
    if known != lfs.labels:
        raise ConfigError(f"{', '.join(specs)} has the labels {', '.join(lfs.labels)}, not {', '.join(known)}")
    return Review(source, label_now(source, lfs, LFSettings(use=specs), progress))


def _nothing_yet(n: int, labels: tuple[str, ...]) -> Standing:
    votes = Votes(np.empty((n, 0), dtype=np.int8), (), labels)
    preds, probs = np.full(n, ABSTAIN, dtype=np.int64), np.full((n, len(labels)), np.nan)
    return Standing(None, votes, None, preds, probs, ())
