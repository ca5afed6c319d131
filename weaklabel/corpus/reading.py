"""``read_corpus``: from whatever holds the rows to a `Corpus`."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from weaklabel.corpus.batch import column_name
from weaklabel.corpus.corpus import STDIN, Corpus
from weaklabel.corpus.delimited import DelimitedSource
from weaklabel.corpus.folder import FolderSource
from weaklabel.corpus.frame import FrameSource
from weaklabel.corpus.json_array import JsonArraySource
from weaklabel.corpus.jsonl import JsonlSource
from weaklabel.corpus.open import FORMATS, TextFile, check_regular, check_text, format_by_name, format_of
from weaklabel.corpus.parquet import ParquetSource
from weaklabel.corpus.parts import Source
from weaklabel.corpus.records import Asked, Reject
from weaklabel.errors import CorpusError
from weaklabel.support.naming import setting
from weaklabel.support.threads import check_fork


def read_corpus(
    source: Any,
    *,
    text: str | Sequence[str] = "text",
    delimiter: str | None = None,
    quoting: bool | None = None,
    encoding: str | None = None,
    header: bool = True,
    columns: Sequence[str] | None = None,
    skip_rows: int = 0,
    comment: str | None = None,
    quote_char: str | None = None,
    format: str | None = None,
    limit: int | None = None,
    on_reject: Callable[[Reject], object] | None = None,
    hide: Sequence[str] = (),
    entities: Sequence[str] | None = None,
) -> Corpus:
    r"""Open a corpus; its rows are read when they are asked for.

    Values of CSV, TSV and JSONL are read as strings and never interpreted: "NA" stays "NA", "007" stays "007". A
    record that cannot be read goes to `Corpus.rejects`: rows in = rows out + rejects. A blank last line is neither.

    Parameters
    ----------
    source
        Path of a CSV, TSV, JSONL, JSON or Parquet file, or of a folder of .txt files (text files also packed with gzip
        or zstd); ``-`` for standard input; or rows in memory: a pandas or polars frame, lazy or not, or Series; an Arrow
        table; a data set of the package ``datasets``; a mapping from column to values; or texts, dicts, dataclasses,
        named tuples or other objects, in a list or as they come. Rows show row labeling functions what they show in
        pandas, and objects are shown as they are.
    text
        The column, or columns, that hold the text; several are joined by a newline. () if there is none, as for a
        file of predictions that is to be scored. Here and wherever a column is named, ``data.text`` is the field
        ``text`` of the objects or structs in ``data``, unless a column has that very name.
    delimiter
        One character; found from the first 64 KiB if not given (a .tsv file: tab).
    quoting
        Whether ``"`` quotes a field of a CSV or TSV file; found likewise.
    encoding
        Found from the byte order mark, else UTF-8.
    header
        Whether the first record of a CSV or TSV file names the columns.
    columns
        Names for a file without header; if not given, ``column_1``, ``column_2`` ...
    skip_rows
        Lines at the beginning of a CSV or TSV file before its header (or before its first row). A first line
        ``sep=;``, as Excel writes and reads it, is recognized without it, and sets the delimiter.
    comment
        What comment lines of a CSV or TSV file begin with, such as ``#``; they are left out.
    quote_char
        What quotes a field of a CSV or TSV file, by default ``"``.
    format
        ``csv``, ``tsv``, ``jsonl``, ``json`` (an array of objects) or ``parquet``, where the name does not
        tell; standard input is CSV if not given.
    limit
        Use the first ``limit`` good rows only.
    on_reject
        Called with every `Reject` as soon as it is met, in every pass.
    hide
        Columns that labeling functions must not see, such as gold. They are read and written all the same.
    entities
        Two columns, where rows are about the relation of two entities: each holds a span in characters of the text, half
        open, as ``27-34`` or ``[27, 34]``, or the entity's own words, which are looked for in the text. Label models and
        classifiers then read `Corpus.model_texts`, where the first is marked as ``@ entity @`` and the second as
        ``# entity #``; labeling functions read the text as it is.

    Raises
    ------
    CorpusError
        The input cannot be read as asked; see the message.

    Examples
    --------
    >>> import polars as pl
    >>> corpus = read_corpus(pl.DataFrame({"text": ["see you soon", "WIN a prize"], "id": [1, 2]}))
    >>> corpus.columns, len(corpus)
    (('text', 'id'), 2)
    >>> [batch.texts for batch in corpus.batches(size=1)]
    [['see you soon'], ['WIN a prize']]
    >>> frame = pl.DataFrame({"text": ["the rain met the old roof"], "e1": ["roof"], "e2": ["4-8"]})
    >>> read_corpus(frame, entities=("e1", "e2")).model_texts()
    ['the # rain # met the old @ roof @']
    """
    check_fork()
    names = tuple(map(column_name, text)) if isinstance(text, list | tuple) else (column_name(text),)
    if limit is not None and limit < 0:
        raise CorpusError(f"limit must be 0 or more, not {limit}")
    kind, path, name, spool = _look(source, format)
    options = {
        "delimiter": delimiter,
        "quoting": quoting,
        "columns": columns,
        "header=False": not header or None,
        "skip_rows": skip_rows or None,
        "comment": comment,
        "quote_char": quote_char,
    }
    _check_options(kind, name, options, encoding)
    opened: Source
    if kind == "frame":
        opened = FrameSource(source)
    elif kind == "folder":
        opened = FolderSource(path, name, encoding)
    elif kind == "parquet":
        opened = ParquetSource(path, name)
    elif kind in ("json", "jsonl"):
        kind = _json_layout(path, name, kind, encoding)
        source_of = JsonArraySource if kind == "json" else JsonlSource
        opened = source_of(path, name, names, encoding, limit)
    else:
        asked = Asked(delimiter, quoting, header, quote_char, comment, skip_rows)
        opened = DelimitedSource(path, name, kind, encoding, asked, columns, names)
    again = None
    if kind != "frame":
        again = {
            "source": str(path.absolute()),
            "text": names,
            "delimiter": delimiter,
            "quoting": quoting,
            "encoding": encoding,
            "header": header,
            "columns": columns,
            "skip_rows": skip_rows,
            "comment": comment,
            "quote_char": quote_char,
            "format": kind if kind in FORMATS else None,
            "limit": limit,
            "hide": tuple(hide),
            "entities": None,  # see `Corpus.mark`
        }
    return Corpus(opened, names, limit, on_reject, spool, hide, again, entities or ())


def _look(source: Any, format: str | None) -> tuple[str, Path, str, object]:
    """Return kind, path, name for messages, and what must be kept for the path to stay."""
    if not isinstance(source, str | os.PathLike):
        return "frame", Path(), FrameSource.name, None
    if os.fspath(source) == "-":
        # Standard input can be read once only, and a corpus is read several times.
        spool = tempfile.NamedTemporaryFile(prefix="weaklabel-")  # noqa: SIM115 - the corpus keeps it
        shutil.copyfileobj(sys.stdin.buffer, spool)
        spool.flush()
        if format != "parquet":
            _check_beginning(Path(spool.name), STDIN)
        return format_of("-", format, "csv"), Path(spool.name), STDIN, spool
    path = Path(source)
    if not path.exists():
        raise CorpusError(f"{path} does not exist")
    if path.is_dir():
        return "folder", path, str(path), None
    check_regular(path, str(path))
    if format_by_name(path.name) != "parquet" and format != "parquet":
        # Before the name is checked, since that error would not say what to do with a spreadsheet.
        _check_beginning(path, str(path))
    return format_of(path.name, format), path, str(path), None


def _json_layout(path: Path, name: str, kind: str, encoding: str | None) -> str:
    """Return ``json`` for an array and ``jsonl`` for objects line by line, which many tools write into a .json, too."""
    head = next(TextFile.at(path, name, encoding).texts(), "").lstrip("\ufeff \t\r\n")
    line = head.partition("\n")[0]
    whole = _is_json(line)
    if kind == "jsonl":
        if head.startswith("[") and (not whole or line.lstrip("[ \t").startswith("{")):
            raise CorpusError(f"{name} is a JSON array, not one object a line: give {setting('corpus.format', 'json')}")
        return kind
    if head.startswith("{"):
        if not whole and len(line) < len(head):
            raise CorpusError(
                f"{name} is one JSON object, not an array of them: write the list inside it to its own file, for "
                "example with jq .data"
            )
        return "jsonl"
    return kind


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _check_beginning(path: Path, name: str) -> None:
    try:
        with path.open("rb") as handle:
            check_text(handle.read(4096), name)
    except OSError as error:
        raise CorpusError(f"cannot read {name}: {error.strerror or error}") from None


def _check_options(kind: str, name: str, delimited: Mapping[str, object], encoding: str | None) -> None:
    given = [option for option, value in delimited.items() if value is not None and kind not in ("csv", "tsv")]
    if encoding is not None and kind in ("frame", "parquet"):
        given.append("encoding")
    if given:
        raise CorpusError(f"{name}: {', '.join(given)} cannot be given for a {kind} corpus: leave it out")
