"""Opening a review: of a finished run, a project, or a corpus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from weaklabel.config import LabelModelSettings, LFSettings, read_project
from weaklabel.corpus import Corpus, read_corpus
from weaklabel.encoder.named import check_encoder
from weaklabel.errors import ConfigError, WeakLabelError
from weaklabel.labels import ABSTAIN, check_label_names
from weaklabel.lf.packs import LFCollection, load_lfs
from weaklabel.project.folder import holds_run
from weaklabel.project.gold import open_unlabeled
from weaklabel.project.reader import FinishedRun, read_run
from weaklabel.review.review import Review
from weaklabel.review.spans.opening import given_spans, open_span_review, spans_of_run
from weaklabel.review.spans.review import SpanReview
from weaklabel.review.state import ReviewSource, Snapshot, label_now
from weaklabel.review.workspace import SavedState, Workspace, pack_hashes
from weaklabel.support.warn import warn
from weaklabel.units import SPANS
from weaklabel.votes import Votes, apply_lfs


def open_review(
    path: str | Path,
    *,
    labels: Sequence[str] | None = None,
    lfs: Sequence[str] | None = None,
    task: Literal["texts", "spans"] | None = None,
    encoder: str | None = None,
    revote: bool = False,
    progress: bool = False,
    **reading: Any,
) -> Review | SpanReview:
    """Open a review.

    Parameters
    ----------
    path
        The folder of a finished run; a project file, which is voted on and labeled first; or a corpus with
        ``labels`` or ``lfs``.
    labels
        Class names, for a corpus that has no labeling functions yet.
    lfs
        Packs for a corpus, as for `weaklabel.load_lfs`.
    task
        What is labeled in a corpus: "texts" or "spans". By default as the packs say, or without packs, "spans" if the corpus
        has a column ``spans``.
    encoder
        What turns the texts of a corpus into vectors for the label model: a folder, or a name on the Hugging Face hub; by
        default an English one.
    revote
        Apply the labeling functions and fit the label model again if the corpus or a pack has changed since the run;
        without it, such a run is refused.
    progress
        Show progress on stderr.
    **reading
        How a corpus is read: arguments of `weaklabel.read_corpus`.

    Returns
    -------
    Review or SpanReview
        Its folder, which holds the decisions, is ``review`` in the folder of the run or the project file, or
        ``<name>-review`` in the folder of the corpus.

    Raises
    ------
    WeakLabelError
        The path does not exist, its labels are unknown, the corpus or a pack has changed, or a labeling function fails.
    """
    path = Path(path).absolute()
    if holds_run(path):
        _only_for_corpora(path, labels, lfs, task, encoder, reading)
        return open_run(path, revote, progress)
    file = path / PROJECT_FILE if (path / PROJECT_FILE).is_file() else path
    if file.suffix == ".toml":
        _only_for_corpora(file, labels, lfs, task, encoder, reading)
        return _open_project(file, progress)
    if not path.exists():
        raise ConfigError(f"{path} does not exist; give the folder of a run, a project file, or a corpus")
    check_encoder(encoder)
    settings = LabelModelSettings(encoder=encoder)
    return _open_corpus(read_corpus(path, **reading), path, labels, list(lfs or ()), task, settings, progress)


def _only_for_corpora(
    path: Path,
    labels: Sequence[str] | None,
    lfs: Sequence[str] | None,
    task: str | None,
    encoder: str | None,
    reading: Mapping[str, Any],
) -> None:
    if labels or lfs or task or encoder or reading:
        raise ConfigError(
            f"{path} has its own labels, labeling functions, encoder and reading options: leave out --labels, --lfs, --task, "
            "--encoder and all options for reading a corpus"
        )


def _open_project(file: Path, progress: bool) -> Review | SpanReview:
    project, workspace = read_project(file), Workspace(file.parent / FOLDER)
    corpus, use = open_unlabeled(project), tuple(project.lfs.use)
    lfs = load_lfs(*workspace.specs(use), skip_slow=project.lfs.skip_slow)
    settings, seed = project.label_model, project.seed
    source = ReviewSource(project.title, workspace, corpus, lfs.labels, settings, seed, use, "", file.parent)
    if lfs.task == TASK:
        return open_span_review(source, lfs, project.lfs, progress=progress)
    return Review(source, label_now(source, lfs, project.lfs, progress))


def _open_corpus(
    corpus: Corpus,
    path: Path,
    labels: Sequence[str] | None,
    use: list[str],
    task: str | None,
    settings: LabelModelSettings,
    progress: bool,
) -> Review | SpanReview:
    workspace = Workspace(path.with_name(f"{path.stem}-{FOLDER}"))
    specs = workspace.specs(use)
    lfs = load_lfs(*specs) if specs else None
    of_pack = None if lfs is None else lfs.task
    if task and of_pack and task != of_pack:
        raise ConfigError(f"{', '.join(specs)} labels {of_pack}, not {task}; leave out --task, or give other --lfs")
    if (task or of_pack or (TASK if corpus.has_column(SPANS) else "texts")) == TASK:
        given = tuple(labels or (() if lfs else workspace.state.labels))
        source = ReviewSource(path.name, workspace, corpus, given, settings, 0, tuple(use), "", path.parent)
        column = given_spans(corpus, given or (lfs.labels if lfs else ()))
        how = LFSettings(use=specs) if specs else None
        review = open_span_review(source, lfs, how, column, progress=progress)
        if lfs is None:
            workspace.write(replace(workspace.state, labels=review.labels))
        return review
    names = list(labels or (lfs.labels if lfs else workspace.state.labels))
    if not names:
        raise ConfigError(f"{path}: name the labels, such as --labels ham,spam, or give --lfs")
    class_names = check_label_names(names, str(path))
    source = ReviewSource(path.name, workspace, corpus, class_names, settings, 0, tuple(use), "", path.parent)
    if lfs is None:
        workspace.write(replace(workspace.state, labels=class_names))
        return Review(source, _nothing_yet(len(corpus), class_names))
    if class_names != lfs.labels:
        raise ConfigError(f"{', '.join(specs)} has the labels {', '.join(lfs.labels)}, not {', '.join(class_names)}")
    return Review(source, label_now(source, lfs, LFSettings(use=specs), progress))


def _nothing_yet(n: int, labels: tuple[str, ...]) -> Snapshot:
    votes = Votes(np.empty((n, 0), dtype=np.int8), (), labels)
    preds, probs = np.full(n, ABSTAIN, dtype=np.int64), np.full((n, len(labels)), np.nan)
    return Snapshot(None, votes, None, preds, probs, ())


TASK = "spans"
FOLDER = "review"
PROJECT_FILE = "project.toml"


def open_run(path: Path, revote: bool, progress: bool) -> Review | SpanReview:
    """Open the review of the run in a folder; see `weaklabel.review.open_review`."""
    run, workspace = read_run(path), Workspace(path / FOLDER)
    project, use = run.project, run.project.lfs.use
    if not project.corpus.path.exists():
        raise ConfigError(
            f"the corpus of this run, {project.corpus.path}, does not exist; restore it, or run the project again"
        )
    lfs, corpus = load_lfs(*workspace.specs(use), skip_slow=project.lfs.skip_slow), open_unlabeled(project)
    source = ReviewSource(
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
    if lfs.task == TASK:
        reason = _outdated(run, None, corpus, lfs)
        if reason and not revote:
            raise ConfigError(_refusal(reason))
        given = None if reason else spans_of_run(path, corpus, lfs.labels)
        return open_span_review(source, lfs, project.lfs, given, progress=progress)
    # Votes and labels kept for an earlier run in this folder are not used.
    kept = workspace.state if workspace.state.base == run.base and workspace.state.packs else None
    as_run = lfs if kept or workspace.specs(use) == use else load_lfs(*use, skip_slow=project.lfs.skip_slow)
    reason = _outdated(run, kept, corpus, as_run)
    if reason and revote:
        snapshot = label_now(source, lfs, project.lfs, progress)
    elif reason:
        raise ConfigError(_refusal(reason))
    elif kept:
        snapshot = _kept(run, workspace, kept, corpus, lfs)
    else:
        snapshot = _of_run(run, corpus, as_run)
    is_edited = as_run is not lfs and not reason
    if is_edited:
        snapshot = _with_edited(snapshot, run, corpus, lfs, project.lfs, progress)
    review = Review(source, snapshot)
    if is_edited:
        _tell(review, path)
    if is_edited or reason:
        source.keep(snapshot, labels=True)
    return review


def _refusal(reason: str) -> str:
    return (
        f"{reason} since this run was labeled, so its votes are outdated; open it with revote (--revote), or run the "
        "project again"
    )


def _home(path: Path) -> Path | None:
    """Return the folder of the run's project file, if that is the folder of the run or its parent; else None."""
    for folder in (path, path.parent):
        try:
            if (folder / PROJECT_FILE).is_file() and read_project(
                folder / PROJECT_FILE
            ).out.resolve() == path.resolve():
                return folder
        except WeakLabelError:  # an unrelated or invalid project file
            continue
    return None


def _outdated(run: FinishedRun, kept: SavedState | None, corpus: Corpus, lfs: LFCollection) -> str | None:
    """Say what changed since the votes were cast, or None."""
    if corpus.sha256() != (kept.corpus if kept else run.corpus_sha256):
        return f"{corpus.name} has changed"
    packs = kept.packs if kept else run.packs
    return f"a pack ({', '.join(lfs.specs)}) has changed" if packs is not None and pack_hashes(lfs) != packs else None


def _of_run(run: FinishedRun, corpus: Corpus, lfs: LFCollection) -> Snapshot:
    """Return the snapshot of a run."""
    labeled = run.labeled(corpus)
    _check_names(run, labeled.votes, lfs)
    return Snapshot(lfs, labeled.votes, labeled.model, labeled.preds, labeled.probs, lfs.names)


def _kept(run: FinishedRun, workspace: Workspace, kept: SavedState, corpus: Corpus, lfs: LFCollection) -> Snapshot:
    """Return the snapshot that the review saved."""
    votes, labeled = workspace.votes(), workspace.labels()
    if votes is None or labeled is None:
        given = run.labeled(corpus)
        votes, labeled = votes or given.votes, labeled or (given.model, given.preds, given.probs)
    _check_names(run, votes, lfs)
    return Snapshot(lfs, votes, *labeled, kept.model_lfs or lfs.names, kept.is_stale)


def _with_edited(
    given: Snapshot, run: FinishedRun, corpus: Corpus, lfs: LFCollection, how: LFSettings, progress: bool
) -> Snapshot:
    """Add the votes of packs that only the review has; the labels stay those of the run until `Review.relabel`."""
    edited = load_lfs(*(spec for spec in lfs.specs if spec not in run.project.lfs.use))
    voted = apply_lfs(edited, corpus, error_budget=how.error_budget, workers=how.workers, progress=progress)
    column = {votes.lf_names[at]: votes.L[:, at] for votes in (given.votes, voted) for at in range(votes.m)}
    problems = {name: problem for name, problem in given.votes.problems.items() if name not in voted.lf_names}
    L = np.stack([column[name] for name in lfs.names], axis=1)
    votes = Votes(L, lfs.names, lfs.labels, problems | dict(voted.problems))
    return Snapshot(lfs, votes, given.model, given.preds, given.probs, given.model_lfs, is_stale=True)


def _tell(review: Review, path: Path) -> None:
    warn(
        f"the run in {path} did not use the labeling functions that were edited in its review; the review votes with "
        f"them and shows the run's labels until you relabel. For later runs to use them, write {review.editor.advice} "
        "under [lfs] of the project file",
        stacklevel=4,
    )


def _check_names(run: FinishedRun, votes: Votes, lfs: LFCollection) -> None:
    if tuple(votes.lf_names) != lfs.names:
        raise ConfigError(
            f"{run.path}: the votes do not match the labeling functions in {', '.join(lfs.specs)}; run the project again"
        )
