"""The output of a job: the columns that it adds, and its parts, written by any process in any order, then joined."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import polars as pl
from numpy.typing import NDArray

from weaklabel.corpus import Corpus, Reject, rejects_of, write_rejects
from weaklabel.corpus.batch import Batch
from weaklabel.corpus.sinks import ARRAY_END, NewColumns, ParquetSink
from weaklabel.corpus.writing import check_target, copies_records, packed_output, sink_for
from weaklabel.errors import CorpusError, WeakLabelError
from weaklabel.job.folder import JobFolder, sync_folder
from weaklabel.labels import Labels, Probs, VoteArray
from weaklabel.support.files import atomic_path, is_stream, link_target, move_file, write_json

DECIMALS = 6
"""Of confidences and probabilities in files."""

DECIDED = "decided"
"""Name of the column with the class that people gave a row, where a label model was fitted with decisions."""


class Output:
    """Parts of a labeled corpus in a folder, and the file that they are joined to.

    Parameters
    ----------
    corpus
        The corpus.
    out
        The final file, or a stream such as ``-``.
    folder
        Where parts are kept, on the same disk as ``out``.
    tag
        Hash in the names of parts; see `JobFolder`.
    safe
        Whether to write cells that a spreadsheet does not take for formulas.

    Raises
    ------
    CorpusError
        The format is unknown, or has no spreadsheet form.
    """

    def __init__(self, corpus: Corpus, out: str, folder: Path, tag: str = "", safe: bool = False) -> None:
        self.corpus = corpus
        self.out = out
        self.folder = folder
        self.tag = tag
        self.safe = safe
        self.kind: str = check_target(corpus, out, safe=safe)

    @property
    def copies(self) -> bool:
        """Whether records are copied unchanged, so that they need not be parsed."""
        return copies_records(self.corpus, self.kind, self.safe)

    def has(self, number: int) -> bool:
        """Return whether part ``number`` is written."""
        return self._part(number).exists()

    def write(self, number: int, batch: Batch, new: NewColumns) -> None:
        """Write part ``number``, atomically."""
        with atomic_path(self._part(number)) as path, path.open("wb") as handle:
            sink = sink_for(self.corpus, self.kind, handle, self.safe)
            if self.kind == "parquet":  # a part by itself is a table, too
                sink.start(batch, new)
            sink.write(batch, new)
            sink.close()

    def note(self, number: int, counts: dict[str, Any]) -> None:
        """Write the counts of part ``number``; before `write`, so that a part that is written has counts."""
        write_json(self._note(number), counts)

    def noted(self, number: int) -> dict[str, Any]:
        """Return the counts that `note` wrote for part ``number``."""
        counts: dict[str, Any] = json.loads(self._note(number).read_text(encoding="utf-8"))
        return counts

    def assemble(self, n_parts: int, empty: NewColumns) -> None:
        """Join all parts; the file gets its final name when it is complete.

        Parameters
        ----------
        n_parts
            Number of parts, all of them written.
        empty
            The new columns of no rows.

        Raises
        ------
        WeakLabelError
            The disk is full, or the file cannot be written.
        """
        whole = self.folder / "whole"
        target = self.out if is_stream(self.out) else str(whole)
        try:
            with packed_output(target, self.out) as handle:
                if self.kind == "parquet":
                    self._join_tables(n_parts, empty, handle)
                else:
                    handle.write(self._head(empty))
                    is_first = True
                    for number in range(n_parts):
                        with self._part(number).open("rb") as part:
                            if self.kind == "json" and is_first:
                                is_first = not part.read(1)  # the comma before the first object
                            shutil.copyfileobj(part, handle, 1 << 20)
                    if self.kind == "json":
                        handle.write(ARRAY_END)
            if not is_stream(self.out):
                with whole.open("rb") as handle:
                    os.fsync(handle.fileno())
                final = link_target(self.out)
                with suppress(FileNotFoundError):
                    shutil.copymode(final, whole)
                whole.replace(final)
                sync_folder(final.parent)
        except BrokenPipeError:
            raise  # the reader of standard output has gone, which is no error
        except OSError as error:
            raise WeakLabelError(f"cannot write {self.out}: {error.strerror or error}") from error

    def _head(self, empty: NewColumns) -> bytes:
        head = io.BytesIO()
        sink_for(self.corpus, self.kind, head, self.safe).start(self.corpus.empty(), empty)
        return head.getvalue()

    def _join_tables(self, n_parts: int, empty: NewColumns, handle: BinaryIO) -> None:
        import pyarrow.parquet as pq

        sink = ParquetSink(handle)
        sink.start(self.corpus.empty(), empty)
        for number in range(n_parts):
            sink.writer.write_table(pq.read_table(self._part(number)).cast(sink.writer.schema))
        sink.close()

    def _note(self, number: int) -> Path:
        return self.folder / f"out-{self.tag}-{number:06d}.json"

    def _part(self, number: int) -> Path:
        return self.folder / f"out-{self.tag}-{number:06d}.part"


def write_all_rejects(folder: JobFolder, corpus: Corpus, n_rejects: int, rejects: Iterable[Reject]) -> Path | None:
    """Write the rejects to a file next to the output and return its path; None if there are none.

    If the output is a stream, they go into the current folder, under the name of the corpus.
    """
    path = rejects_of(corpus, folder.out)
    try:
        if n_rejects:
            # First into the job's folder: a temporary file next to the output would stay if this process were killed.
            write_rejects(folder.path / "rejects.jsonl", rejects)
            move_file(folder.path / "rejects.jsonl", path)
            return path
        if not is_stream(folder.out):
            path.unlink(missing_ok=True)
    except OSError as error:
        raise CorpusError(f"cannot write {path}: {error.strerror or error}") from error
    return None


def new_columns(
    labels: Sequence[str], lf_names: Sequence[str] = (), prefix: str = "", with_decided: bool = False
) -> list[str]:
    """Return the names of the columns that labeling adds, in order: votes, and what people decided, come last."""
    columns = ["label", "confidence", *(f"p_{name}" for name in labels), *(f"vote_{name}" for name in lf_names)]
    return [prefix + name for name in [*columns, *[DECIDED] * with_decided]]


def free_prefix(corpus: Corpus, labels: Sequence[str]) -> str:
    """Return the prefix of the columns that labels of whole texts add to a corpus."""
    return first_free_prefix(corpus, new_columns(labels, with_decided=True))


def first_free_prefix(corpus: Corpus, columns: Sequence[str]) -> str:
    """Return the first of "", "weak_", "weak2_", ... under which no new column has the name of an old one."""
    prefixes = ("" if number == 0 else f"weak{'' if number == 1 else number}_" for number in count())
    old = set(corpus.columns)
    return next(prefix for prefix in prefixes if not {prefix + name for name in columns} & old)


def label_columns(preds: Labels, probs: Probs, labels: Sequence[str], prefix: str = "") -> pl.DataFrame:
    """Return the new columns: empty (null) where a row has no label, or no probabilities.

    Parameters
    ----------
    preds
        Shape: [n]; -1 for no label.
    probs
        Shape: [n, k]; all NaN where nothing spoke for the row.
    labels
        Class names. Length: k.
    prefix
        Put before the names of the columns.
    """
    rounded = np.round(probs, DECIMALS)
    best = np.where(preds < 0, np.nan, rounded.max(axis=1, initial=0))
    columns = [_names(preds, labels), pl.Series(best, nan_to_null=True)]
    columns += [pl.Series(rounded[:, number], nan_to_null=True) for number in range(len(labels))]
    return pl.DataFrame(dict(zip(new_columns(labels, (), prefix), columns, strict=True)))


def vote_columns(L: VoteArray, labels: Sequence[str], lf_names: Sequence[str], prefix: str = "") -> list[pl.Series]:
    """Return a column with the votes of each of the first ``len(lf_names)`` labeling functions, as class names."""
    names = new_columns(labels, lf_names, prefix)[len(labels) + 2 :]
    return [_names(L[:, number], labels).alias(name) for number, name in enumerate(names)]


def decided_column(decided: Labels, labels: Sequence[str], prefix: str = "") -> pl.Series:
    """Return a column with the class that people gave each row, empty (null) for -1."""
    return _names(decided, labels).alias(prefix + DECIDED)


def _names(numbers: NDArray[np.integer], labels: Sequence[str]) -> pl.Series:
    """Class numbers as names, -1 as null. Shape: [n]."""
    names = pl.Series(list(labels), dtype=pl.String)
    index = pl.Series(numbers.astype(np.int64), dtype=pl.Int64)
    return names.gather(index.set(index < 0, None)) if len(index) else pl.Series([], dtype=pl.String)
