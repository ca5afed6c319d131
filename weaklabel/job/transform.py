"""Transforming a corpus of any size, part by part: cleaning, protecting, deduplicating, splitting.

A transform that must look at all rows first surveys every part, decides once, and is then applied to every part. What is
done is kept in a folder, from which an interrupted job resumes. Rows that are dropped go to a file of rejects, from which
they can be taken back.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from weaklabel.corpus import THE_CORPUS, Corpus, check_target, label_outputs, rejects_of
from weaklabel.corpus.open import JSON_FORMATS
from weaklabel.corpus.transform import Transform
from weaklabel.errors import CorpusError
from weaklabel.job.engine import Engine, LocalEngine
from weaklabel.job.folder import JobFolder, corpus_identity, output_identity
from weaklabel.job.taken_back import rows_to_keep
from weaklabel.job.transform_job import Transformation, TransformJob
from weaklabel.support.files import check_outputs, is_stream, remove_partial_files
from weaklabel.support.hashing import hash_path, sha256_of_json
from weaklabel.support.progress import finish, showing


def transform_file(
    corpus: Corpus,
    transform: Transform,
    out: str | os.PathLike[str],
    *,
    keep: Sequence[str | os.PathLike[str]] = (),
    engine: Engine | None = None,
    progress: bool = False,
) -> Transformation:
    """Transform a corpus of any size into a file; an interrupted call is resumed by the same call.

    Parameters
    ----------
    corpus
        From `read_corpus`.
    transform
        What is done to its rows.
    out
        Path ending in .csv, .tsv, .jsonl, .json or .parquet, text also in .gz or .zst; ``-`` for standard output. Rejects
        go to ``OUT.rejects.jsonl`` next to it.
    keep
        Files with rejects of an earlier call: the rows in them are not dropped.
    engine
        Who works on the parts of the corpus; by default this process.
    progress
        Show progress on stderr.

    Raises
    ------
    CorpusError
        The corpus cannot be read, a file of ``keep`` is not one of rejects, or the output cannot be written.
    """
    target = os.fspath(out)
    kind = check_target(corpus, target)
    inputs = {THE_CORPUS: corpus.files(), "a file of rows to keep": keep, **transform.inputs()}
    check_outputs([*label_outputs(corpus, target), *transform.outputs()], inputs)
    kept = rows_to_keep(keep)
    identity = output_identity(
        corpus_identity(corpus),
        target,
        step=transform.name,
        settings=transform.settings(),
        columns=transform.text,
        keep=[hash_path(path) for path in keep],
    )
    with showing(progress), JobFolder(target, identity, is_private=transform.masks) as folder:
        for path in map(Path, transform.outputs()):
            remove_partial_files(path.parent, path.name)
        # What was a number or a list in JSON stays one.
        writes_json = corpus.format in JSON_FORMATS and kind in JSON_FORMATS
        job = TransformJob(corpus, transform, folder.path, folder.tag, kept, writes_json=writes_json)
        parts = job.run(engine or LocalEngine())
        if target == "-":
            finish()  # the output may go to the same terminal
        rejects = job.write_rejects(parts, rejects_of(corpus, target), is_stream(target))
        job.write_output(parts, target, kind)
        return job.result(parts, out=target, rejects_file=rejects)


def transform_corpus(
    corpus: Corpus,
    transform: Transform,
    out: str | os.PathLike[str] | None,
    *,
    keep: Sequence[str | os.PathLike[str]] = (),
    engine: Engine | None = None,
    progress: bool = False,
) -> Transformation:
    """Transform a corpus into a file, or in memory where ``out`` is None; see `transform_file` and `transform_rows`."""
    if out is None:
        return transform_rows(corpus, transform, keep=keep, engine=engine, progress=progress)
    return transform_file(corpus, transform, out, keep=keep, engine=engine, progress=progress)


def transform_rows(
    corpus: Corpus,
    transform: Transform,
    *,
    keep: Sequence[str | os.PathLike[str]] = (),
    engine: Engine | None = None,
    progress: bool = False,
    with_frame: bool = True,
) -> Transformation:
    """Transform a corpus in memory, or find out what a transform would do to it.

    Parameters
    ----------
    corpus, transform, keep, engine, progress
        As for `transform_file`.
    with_frame
        Whether to return the rows. Without it, memory does not grow with the corpus.

    Raises
    ------
    CorpusError
        As for `transform_file`.
    """
    with showing(progress), tempfile.TemporaryDirectory(prefix="weaklabel-") as name:
        job = TransformJob(corpus, transform, Path(name), "", rows_to_keep(keep))
        parts = job.run(engine or LocalEngine())
        frame = None
        if with_frame:
            job.write_output(parts, str(Path(name) / "all.parquet"))
            frame = pl.read_parquet(Path(name) / "all.parquet", memory_map=False, glob=False)
        return job.result(parts, frame=frame)


def transform_into(
    corpus: Corpus,
    transform: Transform,
    out: Path,
    rejects: Path,
    folder: Path,
    *,
    keep: Sequence[str | os.PathLike[str]] = (),
    protect: Transform | None = None,
    name: str | None = None,
    engine: Engine | None = None,
) -> Transformation:
    """Transform a corpus as a step of a run: into files of a folder that is replaced as a whole.

    Parameters
    ----------
    corpus, transform, keep, engine
        As for `transform_file`.
    out, rejects
        Files to write.
    folder
        Where what is done is kept, for a run that resumes.
    protect
        A later transform that masks rows: rejects and examples are shown as it changes them.
    name
        What rejects call the corpus, by default its own name.
    """
    tag = sha256_of_json([corpus_identity(corpus), transform.name, transform.settings()])[:12]
    job = TransformJob(corpus, transform, folder, tag, rows_to_keep(keep), protect, name=name)
    parts = job.run(engine or LocalEngine())
    file = job.write_rejects(parts, rejects)
    job.write_output(parts, str(out))
    return job.result(parts, out=out.name, rejects_file=file)


def check_text(corpus: Corpus, what: str) -> None:
    """Refuse a corpus without a text column of its own; ``what`` would be done to it, such as "cleaned"."""
    nested = [name for name in corpus.text if name not in corpus.empty().stored.columns]
    if nested or not corpus.text:
        reason = f"'{nested[0]}' is a field of another column" if nested else "no text column is named"
        raise CorpusError(f"{corpus.name} cannot be {what}: {reason}; name a column that holds the text by itself")
