"""Votes from elsewhere: crowd workers, another system, a column of the corpus."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from weaklabel.errors import LFError, VoteError, nearest
from weaklabel.label_names import LabelMatcher
from weaklabel.labels import check_label_names, label_table
from weaklabel.lf.core import check_name
from weaklabel.lf.patterns import PatternLF, lookup, lookup_lf
from weaklabel.support.encodings import NotUtf8, utf8


def column_votes(column: str, labels: Sequence[str], name: str | None = None) -> PatternLF:
    """Make a labeling function of a corpus column that holds class names, or class numbers.

    Parameters
    ----------
    column
        Column to read; any other value abstains.
    labels
        Class names; class ``i`` is ``labels[i]``.
    name
        Name of the labeling function; by default the column's.

    Raises
    ------
    LFError
        The labels are wrong, or the name.

    Examples
    --------
    >>> import polars as pl
    >>> from weaklabel.corpus.batch import Batch
    >>> lf = column_votes("moderator", ("ham", "spam"))
    >>> lf.vote(Batch(pl.DataFrame({"text": ["a", "b", "c"], "moderator": ["spam", "0", ""]})))
    array([ 1,  0, -1], dtype=int8)
    """
    name = check_name(column if name is None else name)
    table = label_table(_names(labels, f"LF '{name}'"))
    return lookup_lf(name, column, {value: number for value, number in table.items() if number >= 0})


def votes_from_csv(
    path: str | os.PathLike[str],
    *,
    labels: Sequence[str],
    key: str,
    format: Literal["wide", "long"] = "wide",
    worker: str = "worker",
    label: str = "label",
    delimiter: str = ",",
    prefix: str = "",
) -> list[PatternLF]:
    """Make labeling functions of a CSV file of votes, one for each crowd worker or system in it.

    The file is joined to the corpus by a column that both have. Rows of the corpus that the file does not mention
    abstain, and so does an empty vote.

    Parameters
    ----------
    path
        UTF-8 file with a header.
    labels
        Class names; class ``i`` is ``labels[i]``. A vote is a class name, or a class number.
    key
        Column, of the file and of the corpus, whose value identifies a row; compared as text.
    format
        "wide": every other column holds the votes of one worker. "long": each line is one vote.
    worker, label
        The columns of a long file that name the worker and the vote; others are ignored.
    delimiter
        What separates the fields.
    prefix
        Put before each worker to make the name of the labeling function.

    Returns
    -------
    list of PatternLF
        In the order in which the workers first appear.

    Raises
    ------
    LFError
        The file cannot be read, lacks a column or has no votes; or a line of it has the wrong number of fields, no key,
        an unknown label, or a second vote of a worker on a key; says file and line.

    Examples
    --------
    >>> import tempfile, polars as pl
    >>> from weaklabel.corpus.batch import Batch
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "crowd.csv")
    ...     _ = path.write_text("id,ann,bob\\n7,spam,\\n8,ham,spam\\n")
    ...     lfs = votes_from_csv(path, labels=("ham", "spam"), key="id")
    >>> batch = Batch(pl.DataFrame({"text": ["a", "b", "c"], "id": ["8", "9", "7"]}))
    >>> {lf.name: lf.vote(batch).tolist() for lf in lfs}
    {'ann': [0, -1, 1], 'bob': [1, -1, -1]}
    """
    if format not in ("wide", "long"):
        raise LFError(f"{path}: format must be 'wide' or 'long', not {format!r}")
    lines = _read(Path(path), delimiter)
    header = next(lines, None)
    if header is None:
        raise LFError(f"{path} is empty; its first line must name the columns, among them '{key}'")
    votes = _wide(lines, header, key) if format == "wide" else _long(lines, header, key, worker, label)
    by_worker = _by_worker(votes, LabelMatcher(_names(labels, str(path)), numbers_expected=True), str(path))
    if not by_worker:
        raise LFError(f"{path} has no votes below its header")
    return [
        PatternLF(check_name(prefix + who), (key,), lookup(key, given), "external") for who, given in by_worker.items()
    ]


class _Line(NamedTuple):
    where: str
    fields: list[str]


class _Vote(NamedTuple):
    where: str
    key: str
    worker: str
    value: str


def _names(labels: Sequence[str], where: str) -> tuple[str, ...]:
    try:
        return check_label_names(labels, where)
    except VoteError as error:
        raise LFError(str(error)) from None


def _read(path: Path, delimiter: str) -> Iterator[_Line]:
    """Yield the records of the file, header first, empty lines left out."""
    line, width = 0, None
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.reader(handle, delimiter=delimiter, strict=True)
            for fields in reader:
                line, begin = reader.line_num, line + 1
                where = f"{path}, line {begin}"
                if not fields:
                    continue
                width = width or len(fields)
                if len(fields) != width:
                    raise LFError(f"{where}: {len(fields)} fields, where the header has {width}; quote the delimiter")
                yield _Line(where, fields)
    except OSError as error:
        raise LFError(f"cannot read {path}: {error.strerror or error}; give the path of a CSV file of votes") from None
    except UnicodeDecodeError:
        try:
            utf8(path.read_bytes(), str(path))
        except NotUtf8 as error:
            raise LFError(str(error)) from None
        raise  # another process has just repaired it
    except csv.Error as error:
        raise LFError(f"{path}, line {line + 1}: {error}; check the quotes") from None


def _place(header: _Line, column: str) -> int:
    if header.fields.count(column) != 1:
        how = "lacks" if column not in header.fields else "names twice"
        raise LFError(
            f"{header.where}: the header {how} the column '{column}'{nearest(column, set(header.fields) - {column})}; "
            f"its columns are {', '.join(header.fields)}"
        )
    return header.fields.index(column)


def _wide(lines: Iterator[_Line], header: _Line, key: str) -> Iterator[_Vote]:
    places = {column: _place(header, column) for column in header.fields}
    at = _place(header, key)
    for where, fields in lines:
        for column, place in places.items():
            if column != key:
                yield _Vote(where, fields[at], column, fields[place])


def _long(lines: Iterator[_Line], header: _Line, key: str, worker: str, label: str) -> Iterator[_Vote]:
    at, who, what = (_place(header, column) for column in (key, worker, label))
    for where, fields in lines:
        yield _Vote(where, fields[at], fields[who], fields[what])


def _by_worker(votes: Iterator[_Vote], matcher: LabelMatcher, path: str) -> dict[str, dict[str, int]]:
    """Return each worker's votes by key."""
    by_worker: dict[str, dict[str, int]] = {}
    for where, key, worker, value in votes:
        if not key or not worker:
            raise LFError(f"{where}: {'the key' if worker else 'the worker'} is empty; each vote needs one")
        given = by_worker.setdefault(worker, {})
        if key in given:
            raise LFError(f"{where}: a second vote of '{worker}' on '{key}'; keep one")
        try:
            given[key] = matcher.match(value)
        except VoteError as error:
            raise LFError(f"{where}: {error}") from None
    matcher.warn(path, stacklevel=3)
    return by_worker
