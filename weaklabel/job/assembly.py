"""Joining the parts of a job that makes a corpus: their rows to the output, their rejects to a file next to it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import polars as pl

from weaklabel.corpus import Corpus, read_corpus, write_labeled
from weaklabel.errors import CorpusError
from weaklabel.support.files import check_file_path, is_stream, move_file
from weaklabel.support.progress import stage

MERGED_ROWS = 100_000
"""Rows of a row group of the output, at least; except for the last one."""

MERGED_BYTES = 64 << 20
"""Size from which on a row group is complete with fewer rows."""


def join_rejects(
    pieces: Iterable[Path],
    target: Path,
    folder: Path,
    *,
    are_any: bool,
    is_optional: bool = False,
    edit: Callable[[bytes], bytes] | None = None,
) -> Path | None:
    """Join the rejects of all parts; if there are none, no file is written, and an earlier one is removed.

    Parameters
    ----------
    pieces
        The rejects of each part.
    target
        Where they belong.
    folder
        Where the whole is written before it takes its place.
    are_any
        Whether there are rejects.
    is_optional
        Whether an earlier file may stay, since it need not be of the same job.
    edit
        Changes each line.

    Raises
    ------
    CorpusError
        The file cannot be written.
    """
    if not are_any:
        if not is_optional:
            target.unlink(missing_ok=True)
        return None
    whole = folder / "rejects.jsonl"
    try:
        with whole.open("wb") as handle:
            for piece in pieces:
                with piece.open("rb") as part:
                    if edit is None:
                        shutil.copyfileobj(part, handle, 1 << 20)
                    else:
                        handle.writelines(map(edit, part))
        move_file(whole, target)
    except OSError as error:
        raise CorpusError(f"cannot write {target}: {error.strerror or error}") from error
    return target


def join_rows(
    frames: Iterable[pl.DataFrame],
    schema: Mapping[str, pl.DataType],
    out: str,
    folder: Path,
    *,
    n_rows: int,
    kind: str | None = None,
    like: Corpus | None = None,
    lines: str | None = None,
) -> None:
    """Join the rows of all parts to the output, in its format.

    Parameters
    ----------
    frames
        The rows of each part, with the columns of ``schema``.
    schema
        The columns of the output, and their types.
    out
        Where they belong.
    folder
        Where the whole is written before it takes its place.
    n_rows
        How many rows there are, for progress.
    kind, like, lines
        As ``format``, ``like`` and ``lines`` of `weaklabel.corpus.write_labeled`.

    Raises
    ------
    CorpusError
        The output cannot be written.
    """
    import pyarrow.parquet as pq

    whole = folder / "whole.parquet"
    # The oldest level: plain large strings, which every reader of Parquet knows.
    level = pl.CompatLevel.oldest()
    arrow = pl.DataFrame(schema=schema).to_arrow(compat_level=level).schema
    with stage(f"writing {out}", n_rows, "rows") as shown:
        with closing(pq.ParquetWriter(whole, arrow, compression="zstd")) as writer:
            for frame in _merged(frames):
                writer.write_table(frame.to_arrow(compat_level=level).cast(arrow))
                shown.advance(frame.height)
        if (kind == "parquet" or out.endswith(".parquet")) and not is_stream(out):
            check_file_path(out)
            move_file(whole, out)
            return
        try:
            write_labeled(
                read_corpus(whole, text=()), out, lambda batch: pl.DataFrame(), format=kind, like=like, lines=lines
            )
        finally:
            whole.unlink(missing_ok=True)


def _merged(frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    held: list[pl.DataFrame] = []
    for frame in frames:
        held.append(frame)
        if sum(of.height for of in held) >= MERGED_ROWS or sum(of.estimated_size() for of in held) > MERGED_BYTES:
            yield pl.concat(held)
            held = []
    if held:
        yield pl.concat(held)
