"""Entries of a gazetteer: from lists, and from files with one a line."""

from __future__ import annotations

import csv
import io
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from weaklabel.errors import LFError
from weaklabel.lf.spans.core import Label
from weaklabel.support.encodings import NotUtf8, utf8

Entries: TypeAlias = str | os.PathLike[str] | Iterable[str]
"""Path of a file with entries, or entries."""

ENTRY_COLUMNS = ("entry", "text", "name", "term", "pattern")
"""Columns or keys that hold the entries of a file; the first that is there."""

LABEL_COLUMN = "label"


class Entry(NamedTuple):
    """An entry as given: its text, its label where it has one of its own, and where it is."""

    text: Any
    label: Any
    where: str


class RejectedEntry(NamedTuple):
    """An entry that was left out: where it is, what it is, and why it was left out."""

    where: str
    entry: str
    reason: str


def read_entries(name: str, entries: Entries) -> Iterator[Entry]:
    """Yield the entries of a file or a list.

    Parameters
    ----------
    name
        Name of the labeling function, for messages.
    entries
        Entries, or the path of a file, in UTF-8. ``.csv`` and ``.tsv`` have a header with a column ``entry`` (or text,
        name, term, pattern) and perhaps ``label``; each line of a ``.jsonl`` is a string or an object with such keys; any
        other file has an entry a line, with a TAB and its label behind it if wanted, where an empty line and one that
        begins with # are skipped.

    Raises
    ------
    LFError
        The file cannot be read, or has no such column.
    """
    if isinstance(entries, str | os.PathLike):
        yield from _read_file(name, Path(entries))
        return
    if isinstance(entries, bytes | Mapping) or not isinstance(entries, Iterable):
        raise LFError(
            f"LF '{name}': give entries such as ['Ada Lovelace', 'Alan Turing'], or the path of a file, not {entries!r:.60}"
        )
    for number, entry in enumerate(entries, 1):
        yield Entry(entry, None, f"entry {number}")


def _read_file(name: str, path: Path) -> Iterator[Entry]:
    try:
        content = utf8(path.read_bytes(), f"LF '{name}': gazetteer {path}")
    except NotUtf8 as error:
        raise LFError(str(error)) from None
    except OSError as error:
        raise LFError(
            f"LF '{name}': cannot read gazetteer {path}: {error.strerror or error}; "
            "give the path of a file, or a list of entries"
        ) from None
    suffix = path.suffix.lower()
    if suffix in (".csv", ".tsv"):
        yield from _read_table(f"LF '{name}': gazetteer {path}", content, "\t" if suffix == ".tsv" else ",")
        return
    # Not str.splitlines, which also splits at separators that may be inside of an entry.
    lines = content.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if suffix in (".jsonl", ".ndjson"):
            yield _read_object(line, f"line {number}")
        elif not line.startswith("#"):
            text, tab, label = line.partition("\t")
            yield Entry(text, label.strip() if tab else None, f"line {number}")


def _read_table(where: str, content: str, delimiter: str) -> Iterator[Entry]:
    rows = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [column.strip().lower() for column in next(rows, [])]
        column = next((each for each in ENTRY_COLUMNS if each in header), None)
        if column is None:
            raise LFError(
                f"{where}: the header has no column {', '.join(ENTRY_COLUMNS[:-1])} or {ENTRY_COLUMNS[-1]}; it has "
                f"{', '.join(header) or 'nothing'}: name the column of the entries '{ENTRY_COLUMNS[0]}'"
            )
        at = header.index(column)
        label_at = header.index(LABEL_COLUMN) if LABEL_COLUMN in header else None
        line = rows.line_num + 1
        for row in rows:
            if row:
                label = row[label_at].strip() if label_at is not None and label_at < len(row) else None
                yield Entry(row[at] if at < len(row) else "", label, f"line {line}")
            line = rows.line_num + 1
    except csv.Error as error:
        raise LFError(f"{where}, line {rows.line_num}: is not valid CSV: {error}; fix the quotes of that row") from None


def _read_object(line: str, where: str) -> Entry:
    try:
        value = json.loads(line)
    except ValueError:
        return Entry(_Unreadable(line), None, where)
    if isinstance(value, Mapping):
        key = next((each for each in ENTRY_COLUMNS if each in value), None)
        return Entry(_Unreadable(line) if key is None else value[key], value.get(LABEL_COLUMN), where)
    return Entry(value, None, where)


class _Unreadable(str):
    """A line that is not what the file's lines should be."""

    __slots__ = ()


def why_rejected(text: Any, min_length: int) -> str | None:
    """Say why something is no entry; None where it is one."""
    if isinstance(text, _Unreadable):
        return f"neither a JSON string nor an object with {', '.join(ENTRY_COLUMNS[:-1])} or {ENTRY_COLUMNS[-1]}"
    if not isinstance(text, str):
        return "not a text"
    if not text.strip():
        return "blank"
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        return "not valid Unicode"
    if len(text.strip()) < min_length:
        return f"shorter than {min_length} characters"
    return None


def summary_of(rejects: Iterable[RejectedEntry]) -> str:
    """Say what was left out, by reason, with an example of each."""
    examples: dict[str, RejectedEntry] = {}
    counts: Counter[str] = Counter()
    for reject in rejects:
        counts[reject.reason] += 1
        examples.setdefault(reject.reason, reject)
    return "; ".join(
        f"{count:,} {reason} (such as {examples[reason].where}: {examples[reason].entry!r:.60})"
        for reason, count in counts.most_common()
    )


def labels_of(labels: Iterable[Label]) -> str:
    """Return labels as messages show them."""
    return ", ".join(map(str, labels))
