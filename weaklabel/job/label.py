"""Labelling a corpus of any size: votes part by part, one label model for all, labels part by part."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from weaklabel.corpus import THE_CORPUS, Corpus, Reject, check_new_columns, label_outputs, rejects_of, write_rejects
from weaklabel.corpus.parts import Part
from weaklabel.errors import ConfigError, CorpusError, WeakLabelError
from weaklabel.job.engine import Engine, LocalEngine
from weaklabel.job.folder import JobFolder
from weaklabel.job.identity import corpus_identity, lf_keys, output_identity
from weaklabel.job.work import LabelJob, LabelOptions, PartSummary
from weaklabel.labelled import make_label_model, new_columns
from weaklabel.lf.identity import PACK_FILES, check_files, identity_of, pack_inputs
from weaklabel.lf.packs import LFCollection
from weaklabel.support.cache import cache_folder, size_limit
from weaklabel.support.files import atomic_path, check_outputs, is_stream, move_file
from weaklabel.support.progress import Stage, finish, showing, stage
from weaklabel.support.warn import warn
from weaklabel.votes import Problems, VotePatterns
from weaklabel.votes.checking import ErrorBudget
from weaklabel.votes.patterns import merge_patterns

if TYPE_CHECKING:
    from weaklabel.label_model import BaseLabelModel

TABLES_AT_ONCE = 32
"""Pattern tables of parts that are kept before they are merged."""


@dataclass(frozen=True)
class Labelling:
    """What came of labelling a corpus.

    Attributes
    ----------
    rows, rejects
        Rows labelled, and records that could not be read; together, the records of the input.
    known_rows
        Rows whose votes were there already, from an interrupted or an earlier run.
    labels
        How many rows each class got.
    problems
        What went wrong, by labeling function.
    patterns
        The vote patterns of the corpus, with counts and without rows.
    model
        The fitted label model.
    rejects_file
        Where the rejects are; None where there are none.
    """

    rows: int
    rejects: int
    known_rows: int
    labels: Mapping[str, int]
    problems: Mapping[str, Problems]
    patterns: VotePatterns
    model: BaseLabelModel
    rejects_file: Path | None = None


def label_file(
    corpus: Corpus,
    lfs: LFCollection,
    out: str,
    options: LabelOptions | None = None,
    *,
    engine: Engine | None = None,
    dry_run: bool = False,
    progress: bool = False,
) -> Labelling:
    """Label a corpus of any size into a file, in memory that does not grow with it.

    The work is done in parts, kept in the folder ``OUT.job`` until the output is complete. However it ends before
    that, by a signal, a full disk or a power cut, the same call goes on where it stopped, and its output is the same
    byte for byte as that of an undisturbed one. Votes stay in the cache (see `weaklabel.support.cache`), so that a later run
    asks only those labeling functions that are new or changed.

    Records that cannot be read go to ``OUT.rejects.jsonl``.

    Parameters
    ----------
    corpus
        From `read_corpus`.
    lfs
        From `load_lfs`.
    out
        Path ending in .csv, .tsv, .jsonl or .parquet, text also in .gz or .zst; or ``-`` for standard output, a pipe or
        a device, in the format of the corpus if that is text, else CSV.
    options
        How it is labelled.
    engine
        Who does the work; by default this machine.
    dry_run
        Vote, fit the label model and label, write nothing.
    progress
        Show progress on stderr, or in a notebook.

    Raises
    ------
    CorpusError
        The corpus cannot be read, or the output not be written as asked.
    LFError, VoteError
        A labeling function is unusable, or goes wrong on more rows than the error budget allows.
    LabelModelError
        The label model cannot be fitted on the votes.
    ConfigError
        The label model lacks an option, or cannot read texts and is to.
    """
    options = options or LabelOptions()
    with showing(progress):
        return _label_file(corpus, lfs, out, options, engine or LocalEngine(), dry_run)


def _label_file(
    corpus: Corpus, lfs: LFCollection, out: str, options: LabelOptions, engine: Engine, dry_run: bool
) -> Labelling:
    unfitted = make_label_model(options.label_model, len(lfs.labels), options.seed)  # says what it cannot do
    if options.reads_texts and not unfitted.uses_texts:
        raise ConfigError(
            f"the label model '{options.label_model.name}' reads no texts; take auto or text, or do not ask it to"
        )
    check_new_columns(corpus, new_columns(lfs.labels, lfs.names if options.with_votes else (), options.prefix))
    check_outputs(label_outputs(corpus, out), {THE_CORPUS: corpus.files(), PACK_FILES: pack_inputs(lfs.origins)})
    identity = identity_of(lfs)
    corpus_id, keys = corpus_identity(corpus), lf_keys(identity, len(lfs.labels))
    place = "-" if dry_run else out
    with JobFolder(place, _identity(corpus, corpus_id, keys, lfs, out, options)) as folder, ExitStack() as stack:
        job = LabelJob(
            corpus, lfs, options, identity, keys, corpus_id, out, folder.path, folder.tag, _cached_votes(corpus_id)
        )
        stack.callback(job.close)
        with stage("voting", unit="rows") as job.stage:
            counted = _count(engine.vote(job), len(lfs), ErrorBudget(options.error_budget), job)
        job.say_slowest()
        try:
            check_files(identity)
        except WeakLabelError:
            job.store.discard()
            raise
        model = job.load_model()
        if model is None:
            model = _fitted(unfitted, job, counted.patterns)
            job.save_model(model)
        if not dry_run:
            follow(engine.write(job, counted.parts), "writing", corpus, counted.patterns.n)
            if out == "-":
                finish()  # what comes next may go to the same terminal
            rejected = write_all_rejects(folder, corpus, counted.n_rejects, job.rejects(counted.parts))
            job.output.assemble(len(counted.parts), job.empty_columns())
        labels = _label_counts(job, model, counted, written=not dry_run)
        _keep_votes(job)
    return Labelling(
        rows=counted.patterns.n,
        rejects=counted.n_rejects,
        known_rows=counted.known_rows,
        labels=dict(zip(lfs.labels, labels, strict=True)),
        problems=counted.problems,
        patterns=counted.patterns,
        model=model,
        rejects_file=None if dry_run else rejected,
    )


@dataclass(frozen=True)
class _Counted:
    """The votes of all parts together."""

    parts: list[Part]
    patterns: VotePatterns
    problems: Mapping[str, Problems]
    n_rejects: int
    known_rows: int


def _count(found: Iterator[PartSummary], n_lfs: int, budget: ErrorBudget, job: LabelJob) -> _Counted:
    parts: list[Part] = []
    tables: list[VotePatterns] = []
    n_rejects = known_rows = 0
    for one in found:
        budget.note(one.problems, one.part.n_rows)
        parts.append(one.part)
        tables.append(one.table)
        if len(tables) == TABLES_AT_ONCE:
            tables = [merge_patterns(tables)]
        n_rejects += one.n_rejects
        if one.is_new:
            job.stage.advance(one.part.n_rows)
        else:
            known_rows += one.part.n_rows
            job.stage.skip(one.part.n_rows)
        expect(job.stage, job.corpus, one.part)
    budget.check()
    none = VotePatterns(np.empty((0, n_lfs), np.int8), np.empty(0, np.int64))
    return _Counted(parts, merge_patterns(tables) if tables else none, budget.problems, n_rejects, known_rows)


def _fitted(unfitted: BaseLabelModel, job: LabelJob, patterns: VotePatterns) -> BaseLabelModel:
    """Fit to all votes, and to a sample of the texts where texts are read."""
    if not job.options.reads_texts:
        with stage("label model"):
            return unfitted.fit(patterns)
    from weaklabel.label_model.text.reader import TextReader

    assert isinstance(unfitted, TextReader)
    sampler = unfitted.sampler()
    follow(job.sample_texts(sampler), "reading texts", job.corpus, patterns.n)
    with stage("label model"):
        return unfitted.fit_sample(patterns, sampler.sample())


def _label_counts(job: LabelJob, model: BaseLabelModel, counted: _Counted, written: bool) -> list[int]:
    """Return how many rows each class gets. Length: k."""
    k = len(job.lfs.labels)
    if not job.options.reads_texts:
        preds, counts = model.predict(counted.patterns.patterns), counted.patterns.counts
        return [int(counts[preds == number].sum()) for number in range(k)]
    noted = (job.output.noted(part.number)["labels"] for part in counted.parts)
    found = noted if written else map(job.label_counts, job.parts())
    return [sum(of_parts) for of_parts in zip([0] * k, *found, strict=True)]


def follow(done: Iterator[Part], what: str, corpus: Corpus, n: int | None = None) -> list[Part]:
    """Show how far a pass over ``n`` rows is, and return all parts of the corpus."""
    parts = []
    with stage(what, n, "rows") as told:
        for part in done:
            parts.append(part)
            told.advance(part.n_rows)
            if n is None:
                expect(told, corpus, part)
    return parts


def expect(told: Stage, corpus: Corpus, part: Part) -> None:
    """Guess from how far a part reaches how many rows there are."""
    told.expect(part.first_row + part.n_rows, part.end.place, corpus.source.extent())


def _identity(
    corpus: Corpus, corpus_id: str, keys: Sequence[str], lfs: LFCollection, out: str, options: LabelOptions
) -> dict[str, Any]:
    return output_identity(
        corpus_id,
        out,
        limits=[options.time_limit, options.memory_limit],
        keys=list(keys),
        lfs=lfs.names,
        labels=lfs.labels,
        label_model=options.label_model.model_dump(mode="json"),
        seed=options.seed,
        columns=[options.with_votes, options.prefix, options.safe],
        texts=[options.reads_texts, *corpus.entities] if options.reads_texts else None,
    )


def write_all_rejects(folder: JobFolder, corpus: Corpus, n_rejects: int, rejects: Iterable[Reject]) -> Path | None:
    """Write what could not be read beside the output, and return where; None where there are none.

    Where the output is a stream they go into the current folder, under the corpus's name.
    """
    path = rejects_of(corpus, folder.out)
    try:
        if n_rejects:
            # By way of the job's folder: a temporary file beside the output would stay there if this process were killed.
            write_rejects(folder.path / "rejects.jsonl", rejects)
            move_file(folder.path / "rejects.jsonl", path)
            return path
        if not is_stream(folder.out):
            path.unlink(missing_ok=True)
    except OSError as error:
        raise CorpusError(f"cannot write {path}: {error.strerror or error}") from error
    return None


def _cached_votes(corpus_id: str) -> Path | None:
    root = cache_folder()
    return root / "votes" / corpus_id[:32] if root else None


def _keep_votes(job: LabelJob) -> None:
    """Move new votes into the cache, where there is one."""
    if job.store.earlier is None:
        return
    try:
        job.store.earlier.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path in sorted(job.folder.glob("votes-*.npz")):
            with atomic_path(job.store.earlier / path.name) as part:
                shutil.move(path, part)
        os.utime(job.store.earlier)
        _shrink(job.store.earlier.parent, job.store.earlier)
    except (OSError, WeakLabelError) as error:
        warn(f"votes are not kept in {job.store.earlier}: {error}", stacklevel=3)


def _shrink(folder: Path, keep: Path) -> None:
    """Remove the votes on the corpora that were not labelled for the longest time, down to the cache's size."""
    corpora = sorted((path for path in folder.iterdir() if path != keep), key=lambda path: path.stat().st_mtime)
    sizes = {path: sum(file.stat().st_size for file in path.iterdir()) for path in [*corpora, keep]}
    total = sum(sizes.values())
    for path in corpora:
        if total <= size_limit():
            break
        total -= sizes[path]
        shutil.rmtree(path, ignore_errors=True)
