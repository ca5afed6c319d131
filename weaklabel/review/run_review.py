"""Opening the review of a finished run: with its votes where nothing has changed since, and with what was edited."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from weaklabel.config import LFSettings, read_project
from weaklabel.corpus import Corpus
from weaklabel.errors import ConfigError, WeakLabelError
from weaklabel.lf.packs import LFCollection, load_lfs
from weaklabel.project.gold import open_unlabelled
from weaklabel.project.reader import Run, read_run
from weaklabel.review.review import Review
from weaklabel.review.source import Source
from weaklabel.review.standing import Standing, label_now
from weaklabel.review.workspace import State, Workspace, pack_hashes
from weaklabel.support.warn import warn
from weaklabel.votes import Votes, apply_lfs

FOLDER = "review"
PROJECT_FILE = "project.toml"


def open_run(path: Path, revote: bool, progress: bool) -> Review:
    """Open the review of the run in a folder; see `weaklabel.review.open_review`."""
    run, workspace = read_run(path), Workspace(path / FOLDER)
    project, use = run.project, run.project.lfs.use
    if not project.corpus.path.exists():
        raise ConfigError(
            f"the corpus of this run, {project.corpus.path}, is gone; bring it back, or run the project again"
        )
    lfs, corpus = load_lfs(*workspace.specs(use)), open_unlabelled(project)
    source = Source(
        project.title,
        workspace,
        corpus,
        lfs.labels,
        project.label_model,
        project.seed,
        tuple(use),
        run.base,
        _home(path),
    )
    # Of an earlier run in this folder, votes and labels are those of then.
    kept = workspace.state if workspace.state.base == run.base and workspace.state.packs else None
    as_run = lfs if kept or workspace.specs(use) == use else load_lfs(*use)
    reason = _outdated(run, kept, corpus, as_run)
    if reason and revote:
        standing = label_now(source, lfs, project.lfs, progress)
    elif reason:
        raise ConfigError(
            f"{reason} since this run was labelled, so its votes are not those of now; open it with revote to vote anew, "
            "or run the project again"
        )
    elif kept:
        standing = _kept(run, workspace, kept, corpus, lfs)
    else:
        standing = _of_run(run, corpus, as_run)
    is_edited = as_run is not lfs and not reason
    if is_edited:
        standing = _with_edited(standing, run, corpus, lfs, project.lfs, progress)
    review = Review(source, standing)
    if is_edited:
        _tell(review, path)
    if is_edited or reason:
        source.keep(standing, labels=True)
    return review


def _home(path: Path) -> Path | None:
    """Return the folder of the project file that the run is of, where it is the run's own or the one around it."""
    for folder in (path, path.parent):
        try:
            if (folder / PROJECT_FILE).is_file() and read_project(
                folder / PROJECT_FILE
            ).out.resolve() == path.resolve():
                return folder
        except WeakLabelError:  # it may be about anything
            continue
    return None


def _outdated(run: Run, kept: State | None, corpus: Corpus, lfs: LFCollection) -> str | None:
    """Say what changed since the votes were cast, or None."""
    if corpus.sha256() != (kept.corpus if kept else run.corpus_sha256):
        return f"{corpus.name} has changed"
    packs = kept.packs if kept else run.packs
    return f"a pack ({', '.join(lfs.specs)}) has changed" if packs is not None and pack_hashes(lfs) != packs else None


def _of_run(run: Run, corpus: Corpus, lfs: LFCollection) -> Standing:
    """Return how the run left the corpus."""
    found = run.labelled(corpus)
    _check_names(run, found.votes, lfs)
    return Standing(lfs, found.votes, found.model, found.preds, found.probs, lfs.names)


def _kept(run: Run, workspace: Workspace, kept: State, corpus: Corpus, lfs: LFCollection) -> Standing:
    """Return how the review left the corpus."""
    votes, labelled = workspace.votes(), workspace.labels()
    if votes is None or labelled is None:
        given = run.labelled(corpus)
        votes, labelled = votes or given.votes, labelled or (given.model, given.preds, given.probs)
    _check_names(run, votes, lfs)
    return Standing(lfs, votes, *labelled, kept.model_lfs or lfs.names, kept.is_stale)


def _with_edited(
    given: Standing, run: Run, corpus: Corpus, lfs: LFCollection, how: LFSettings, progress: bool
) -> Standing:
    """Let the packs vote that the review has and the run had not; the labels are the run's until they are asked for."""
    edited = load_lfs(*(spec for spec in lfs.specs if spec not in run.project.lfs.use))
    voted = apply_lfs(edited, corpus, error_budget=how.error_budget, workers=how.workers, progress=progress)
    column = {votes.lf_names[at]: votes.L[:, at] for votes in (given.votes, voted) for at in range(votes.m)}
    problems = {name: found for name, found in given.votes.problems.items() if name not in voted.lf_names}
    L = np.stack([column[name] for name in lfs.names], axis=1)
    votes = Votes(L, lfs.names, lfs.labels, problems | dict(voted.problems))
    return Standing(lfs, votes, given.model, given.preds, given.probs, given.model_lfs, is_stale=True)


def _tell(review: Review, path: Path) -> None:
    warn(
        f"the run in {path} did not use the labeling functions that were edited in its review; the review votes with "
        f"them and shows the run's labels until you relabel. For later runs to use them, write {review.editor.advice} "
        "under [lfs] of the project file",
        stacklevel=4,
    )


def _check_names(run: Run, votes: Votes, lfs: LFCollection) -> None:
    if tuple(votes.lf_names) != lfs.names:
        raise ConfigError(
            f"{run.path}: the votes are not of the labeling functions in {', '.join(lfs.specs)}; run again"
        )
