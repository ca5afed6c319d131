"""Writing a corpus with new columns: the input is copied byte for byte, and no file is left half written."""

from __future__ import annotations

import gzip
import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias, cast

import polars as pl

from weaklabel.corpus.batch import Batch, check_names
from weaklabel.corpus.corpus import STDIN, THE_CORPUS, Corpus
from weaklabel.corpus.open import FORMATS, Encoding, format_of, packing_of
from weaklabel.corpus.records import Reject
from weaklabel.corpus.sinks import (
    DelimitedCopy,
    DelimitedForm,
    DelimitedSink,
    JsonArraySink,
    JsonlCopy,
    JsonlSink,
    LinesSink,
    NewColumns,
    ParquetSink,
    Sink,
)
from weaklabel.errors import CorpusError, WeakLabelError
from weaklabel.support.files import atomic_path, check_file_path, check_outputs, is_stream, open_stream
from weaklabel.support.naming import setting
from weaklabel.support.terminal import ShownBytes

Extra: TypeAlias = Callable[[Batch], pl.DataFrame] | Iterable[pl.DataFrame] | pl.DataFrame
"""The new columns of a batch by a function, of one batch after the other, or of all rows at once."""


@dataclass(frozen=True)
class Written:
    """What `write_labeled` did.

    Attributes
    ----------
    out
        Where it was written; ``-`` is standard output.
    rows, rejects
        Rows written and records left out; together, the records of the input.
    columns
        Names of the new columns.
    """

    out: str
    rows: int
    rejects: int
    columns: tuple[str, ...]


def write_labeled(
    corpus: Corpus,
    out: str | os.PathLike[str],
    extra: Extra,
    *,
    size: int = 10_000,
    format: str | None = None,
    like: Corpus | None = None,
    lines: str | None = None,
) -> Written:
    """Write every row of ``corpus``, in order, with all its columns and then the new ones.

    Where input and output are both delimited by the same character, or both JSONL, each record is copied byte for
    byte, with byte order mark, encoding, line end and quoting, and only the new fields are added to it. A ``.csv``
    keeps the delimiter of CSV input, unless that has one column only and the delimiter was not given: then it is
    a comma. Lines before the header and comments are not written, except for Excel's ``sep=``. Otherwise values are
    rewritten, in UTF-8. The rejects of the pass are in `Corpus.rejects` afterwards.

    Parameters
    ----------
    corpus
        From `read_corpus`.
    out
        Path ending in .csv, .tsv, .jsonl, .json (an array) or .parquet, text also in .gz or .zst; or ``-`` for
        standard output, a pipe or a device, in the format of the corpus if that is text, else CSV. A file is replaced
        only once the new one is complete.
    extra
        A function from a batch to its new columns; or an iterable that gives them batch by batch, at the same
        ``size``; or one frame for all rows. Null and NaN become an empty field, and null in JSON.
    size
        Rows of a batch.
    format
        One of csv, tsv, jsonl, json, parquet, where the name does not show it.
    like
        A corpus of which this one was made: a ``.csv`` keeps its delimiter, quote character and line ends, a byte order
        mark, and whether there is a header; the encoding is UTF-8.
    lines
        Column with the line of JSON that is written for each row, in place of its values.

    Raises
    ------
    CorpusError
        A new column has the name of an old one, the new columns do not fit the rows, or ``out`` is the input.
    WeakLabelError
        The place cannot be written to.

    Examples
    --------
    >>> from weaklabel.corpus import read_corpus
    >>> corpus = read_corpus(pl.DataFrame({"text": ["WIN a prize", "see you"]}))
    >>> new = pl.DataFrame({"label": ["spam", None]})
    >>> import tempfile
    >>> out = Path(tempfile.mkdtemp()) / "labeled.csv"
    >>> write_labeled(corpus, out, new).rows
    2
    >>> print(out.read_text(), end="")
    text,label
    WIN a prize,spam
    see you,
    """
    target = os.fspath(out)
    kind = check_target(corpus, out, format)
    pairs = _paired(corpus, extra, size)
    first = next(pairs)
    rows = 0
    with _opened(target) as handle, closing(sink_for(corpus, kind, handle, like=like, lines=lines)) as sink:
        sink.start(first[0], NewColumns(first[1]))
        for batch, new in chain([first], pairs):
            sink.write(batch, NewColumns(new))
            rows += len(batch)
    return Written(target, rows, len(corpus.rejects), tuple(first[1].columns))


def check_target(corpus: Corpus, out: str | os.PathLike[str], format: str | None = None, *, safe: bool = False) -> str:
    """Return the format of ``out``, or find out before any work is done that it cannot be written.

    Raises
    ------
    CorpusError
        The format is unknown, or no spreadsheet opens it though its cells are to be ``safe`` there; the folder does
        not exist; or ``out`` or its file of rejects is the corpus, or ``out`` is a folder.
    """
    target = os.fspath(out)
    kind = format_of(target, format, _default_format(corpus) if is_stream(target) else None, is_output=True)
    if safe and kind not in ("csv", "tsv"):
        raise CorpusError(f"{target} is not a spreadsheet: only .csv and .tsv can be made safe for one")
    try:
        check_file_path(target)
        check_outputs(label_outputs(corpus, target), {THE_CORPUS: corpus.files()})
    except CorpusError:
        raise
    except WeakLabelError as error:
        raise CorpusError(str(error)) from None
    return kind


def label_outputs(corpus: Corpus, out: str | os.PathLike[str]) -> list[Path | str]:
    """Return the files that are written where a corpus is written to ``out``: that one, and one of rejects."""
    return [os.fspath(out), rejects_of(corpus, out)]


def rejects_of(corpus: Corpus, out: str | os.PathLike[str]) -> Path:
    """Return where the rejects of a corpus written to ``out`` belong.

    That is next to ``out``; where that is a stream, in the current folder under the corpus's name.
    """
    if not is_stream(out):
        return rejects_path(out)
    return rejects_path("stdin" if corpus.name == STDIN or not corpus.path else Path(corpus.name).name)


def rejects_path(out: str | os.PathLike[str]) -> Path:
    """Return where the rejects of a corpus written to ``out`` belong.

    Examples
    --------
    >>> rejects_path("labeled.csv").name
    'labeled.csv.rejects.jsonl'
    """
    return Path(f"{os.fspath(out)}.rejects.jsonl")


def write_rejects(path: str | os.PathLike[str], rejects: Iterable[Reject]) -> int:
    """Write one JSON object a reject (``line``, ``reason``, ``raw``), atomically, and return how many there are.

    Where there are none, no file is written, and one left by an earlier run is removed: the file is there exactly
    when something was rejected.

    Raises
    ------
    WeakLabelError
        The place cannot be written to.
    """
    count = 0
    with atomic_path(path) as part, part.open("w", encoding="utf-8", newline="") as handle:
        for reject in rejects:
            handle.write(json.dumps(asdict(reject), ensure_ascii=False) + "\n")
            count += 1
    if not count and not is_stream(path):
        Path(path).unlink()
    return count


def _default_format(corpus: Corpus) -> str:
    return corpus.format if corpus.format in FORMATS and corpus.format != "parquet" else "csv"


def sink_for(
    corpus: Corpus,
    kind: str,
    handle: BinaryIO,
    safe: bool = False,
    like: Corpus | None = None,
    lines: str | None = None,
) -> Sink:
    """Return what writes rows of ``corpus`` in the format ``kind``: copied unchanged where that can be.

    With ``safe``, values are always rewritten, and none is a formula to a spreadsheet; ``like`` and ``lines`` are as for
    `write_labeled`.
    """
    if kind == "parquet":
        check_names(corpus.columns, corpus.name)
        return ParquetSink(handle)
    copies, dialect = copies_records(corpus, kind, safe), corpus.dialect
    if kind == "json":
        return JsonArraySink(handle, lambda held: _lines_sink(held, Encoding(), copies, lines))
    if kind == "jsonl":
        return _lines_sink(handle, corpus.source.encoding, copies, lines)
    if copies and dialect:
        return DelimitedCopy(handle, dialect, corpus.source.header)
    return DelimitedSink(handle, _form(corpus, kind, like), safe)


def _form(corpus: Corpus, kind: str, like: Corpus | None) -> DelimitedForm:
    """Return how values of a corpus are written anew: as ``like`` is, if both are CSV."""
    delimiter = _delimiter(like or corpus, kind)
    dialect = (like or corpus).dialect
    has_header = dialect is None or dialect.header
    names_delimiter = dialect is not None and dialect.sep_line is not None and delimiter == dialect.delimiter
    if like is None or dialect is None or delimiter != dialect.delimiter:
        return DelimitedForm(delimiter, has_header, names_delimiter=names_delimiter)
    quote_char = dialect.quote_char if dialect.quoting else '"'
    return DelimitedForm(
        delimiter, has_header, dialect.line_end, quote_char, bool(dialect.encoding.bom), names_delimiter
    )


def _lines_sink(handle: BinaryIO, encoding: Encoding, copies: bool, lines: str | None) -> Sink:
    if lines is not None:
        return LinesSink(handle, lines)
    return JsonlCopy(handle, encoding) if copies else JsonlSink(handle)


def reading_back(corpus: Corpus, kind: str, new: Sequence[str]) -> dict[str, Any]:
    """Return the arguments with which `read_corpus` reads what was written of ``corpus`` in a delimited format.

    Parameters
    ----------
    corpus
        What was written.
    kind
        csv or tsv.
    new
        The new columns that it was written with.
    """
    dialect = corpus.dialect
    if dialect is None:
        return {}
    names = {} if dialect.header else {"header": False, "columns": [*corpus.source.schema, *new]}
    if not copies_records(corpus, kind):
        return names
    return names | {
        "delimiter": dialect.delimiter,
        "quoting": dialect.quoting,
        "quote_char": dialect.quote_char if dialect.quoting else None,
        "encoding": dialect.encoding.codec,
    }


def copies_records(corpus: Corpus, kind: str, safe: bool = False) -> bool:
    """Return whether records of ``corpus`` are copied unchanged where they are written in the format ``kind``."""
    if kind in ("json", "jsonl"):
        return corpus.format in ("json", "jsonl")
    dialect = corpus.dialect
    return kind != "parquet" and not safe and dialect is not None and dialect.delimiter == _delimiter(corpus, kind)


def _delimiter(corpus: Corpus, kind: str) -> str:
    if kind == "tsv":
        return "\t"
    dialect = corpus.dialect
    if dialect is None or corpus.format != "csv":
        return ","
    # What parts the fields of a file with one column was guessed, from a character that its texts happen not to have.
    is_guess = len(corpus.columns) == 1 and (corpus.arguments or {}).get("delimiter") is None and not dialect.sep_line
    return "," if is_guess else dialect.delimiter


def _paired(corpus: Corpus, extra: Extra, size: int) -> Iterator[tuple[Batch, pl.DataFrame]]:
    """Yield every batch with its new columns, checked; for a corpus of no rows, one empty batch."""
    give = _giver(extra)
    expected: pl.Schema | None = None
    end = 0
    for batch in _at_least_one(corpus, size):
        new = give(batch)
        if expected is None:
            check_new_columns(corpus, new.columns)
            expected = new.schema
        if new.height != len(batch) and new.width:
            raise CorpusError(f"{new.height} rows of new columns for {len(batch)} rows from row {batch.start} on")
        if new.schema != expected:
            raise CorpusError(f"the new columns change from {expected} to {new.schema} at row {batch.start}")
        end = batch.start + len(batch)
        yield batch, new
    if not callable(extra) and give(Batch(corpus.empty().source, corpus.text, start=end)).height:
        raise CorpusError(f"there are more rows of new columns than the {end} rows of {corpus.name}")


def _giver(extra: Extra) -> Callable[[Batch], pl.DataFrame]:
    if isinstance(extra, pl.DataFrame):
        frame = extra
        # Beyond the last row: whatever is left, so that a frame that is too long is noticed.
        return lambda batch: frame.slice(batch.start, len(batch) or None)
    if callable(extra):
        return extra
    frames = iter(extra)

    def give(batch: Batch) -> pl.DataFrame:
        new = next(frames, None)
        if new is None and len(batch):
            raise CorpusError(f"the new columns end before row {batch.start}: give one frame for each batch")
        return pl.DataFrame() if new is None else new

    return give


def _at_least_one(corpus: Corpus, size: int) -> Iterator[Batch]:
    batch = None
    for batch in corpus.batches(size):
        yield batch
    if batch is None:
        yield corpus.empty()


def check_new_columns(corpus: Corpus, names: Sequence[str]) -> None:
    """Refuse new columns whose names the corpus has already, so that nothing is overwritten.

    Raises
    ------
    CorpusError
        Names the columns and the way out.
    """
    clash = [f"'{name}'" for name in names if name in corpus.columns]
    if clash:
        raise CorpusError(
            f"{corpus.name} already has a column {', '.join(clash)}: give the new columns a prefix "
            f"({setting('prefix', 'weak_')})"
        )


@contextmanager
def _opened(target: str) -> Iterator[BinaryIO]:
    if is_stream(target):
        with packed_output(target, target) as handle:
            yield handle
        return
    with atomic_path(target) as part, packed_output(str(part), target) as handle:
        yield handle


@contextmanager
def packed_output(target: str, name: str) -> Iterator[BinaryIO]:
    """Open ``target`` (``-`` is standard output, and a pipe or a device is opened as it is), packed as ``name`` says."""
    if target == "-":
        if sys.stdout is None:
            raise CorpusError("standard output is closed: name a file to write to")
        sys.stdout.flush()
        if sys.stdout.isatty():
            with ShownBytes(sys.stdout) as terminal:
                yield cast(BinaryIO, terminal)
            return
        # Under PYTHONUNBUFFERED the binary stdout is raw: it may take less than it is given, and say so only in passing.
        raw: Any = sys.stdout.buffer
        out = io.BufferedWriter(raw) if isinstance(raw, io.RawIOBase) else raw
        yield out
        out.flush()
        if out is not raw:
            out.detach()  # or it would close stdout with itself
        return
    with open_stream(target) if is_stream(target) else Path(target).open("wb") as file:
        packing = packing_of(name)
        if packing == ".gz":
            # No name and no time, so that the same rows give the same bytes.
            with gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as archive:
                yield cast(BinaryIO, archive)
        elif packing == ".zst":
            import zstandard

            with zstandard.ZstdCompressor().stream_writer(file, closefd=False) as archive:
                yield cast(BinaryIO, archive)
        else:
            yield file
