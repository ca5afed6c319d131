"""Parts of a collection: groups of items that one process reads, and writes as rows, rejects and counts."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

import polars as pl

from weaklabel.collect.source import RENAMED, Document, DocumentSource, Item, Rejected
from weaklabel.corpus.transform import PLACE, PROVENANCE, SHA256, SOURCE, STEPS, TIME
from weaklabel.support.files import atomic_path, write_json, write_parquet
from weaklabel.support.naming import Naming, settings_named
from weaklabel.units.passages import PassageUnit, find_passages

TEXT = "text"
START, END = "meta_start", "meta_end"
"""Columns with the place of a passage in its document, in characters."""

STEP = "collect"

_SAMPLE = re.compile(r' \(".*?"\)(?=[,:;])')
"""Text in the reason for a reject that shows how it would read in another encoding."""

PART_SIZE = 8 << 20
PART_ITEMS = 1_000
"""Bytes and number of items from which on a group of items is a part."""

PIECE_SIZE = 16 << 20
PIECE_ROWS = 50_000
"""Characters and rows from which on rows are written, so that a part of any size takes little memory."""


@dataclass(frozen=True)
class PartOrder:
    """What a process needs to collect a part.

    Attributes
    ----------
    number
        Of the part, from 0.
    tag
        Hash in the names of its files.
    folder
        Where they are written.
    sources
        The sources, by their numbers, of the items.
    entries
        Number of the source, and the item or the reject that was made of it.
    unit
        What becomes a row.
    naming
        How reasons name settings; the same in every process.
    """

    number: int
    tag: str
    folder: Path
    sources: Mapping[int, DocumentSource]
    entries: Sequence[tuple[int, Item | Rejected]]
    unit: PassageUnit
    naming: Naming = "argument"

    @property
    def note(self) -> Path:
        """The file with the counts, which is written last."""
        return self.path("json")

    @property
    def n_items(self) -> int:
        """Number of items."""
        return sum(isinstance(entry, Item) for _, entry in self.entries)

    def path(self, suffix: str, piece: int | None = None) -> Path:
        """Return the path of a file of the part."""
        return part_path(self.folder, self.tag, self.number, suffix, piece)


def part_path(folder: Path, tag: str, number: int, suffix: str, piece: int | None = None) -> Path:
    """Return the path of a file of a part."""
    return folder / f"out-{tag}-{number:06d}{'' if piece is None else f'-{piece:04d}'}.{suffix}"


def source_folder(folder: Path, number: int) -> Path:
    """Return the folder that a source has for itself."""
    return folder / f"source-{number}"


def in_parts(entries: Iterable[tuple[int, Item | Rejected]]) -> Iterator[list[tuple[int, Item | Rejected]]]:
    """Group entries to parts; where they are cut depends on nothing but the entries."""
    held: list[tuple[int, Item | Rejected]] = []
    size = 0
    for number, entry in entries:
        held.append((number, entry))
        size += entry.size if isinstance(entry, Item) else 0
        if size >= PART_SIZE or len(held) >= PART_ITEMS:
            yield held
            held, size = [], 0
    if held:
        yield held


def collect_part(order: PartOrder) -> int:
    """Read the items of a part and write its rows, unless that is done; return the number of items."""
    if order.note.exists():
        return order.n_items
    with settings_named(order.naming):
        counts = _Counts()
        with atomic_path(order.path("rejects.jsonl")) as path, path.open("w", encoding="utf-8", newline="") as rejects:
            rows = _rows(order, counts, rejects)
            schemas = [_write_piece(order, number, piece) for number, piece in enumerate(_pieces(rows))]
        write_json(order.note, {**vars(counts), "schemas": schemas})
    return order.n_items


class _Counts:
    """What is counted of a part: documents by kind of item, rows, and rejects by rule."""

    def __init__(self) -> None:
        self.documents = 0
        self.rows = 0
        self.rejected: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()


def _rows(order: PartOrder, counts: _Counts, rejects: TextIO) -> Iterator[dict[str, Any]]:
    for kind, read in _documents(order):
        document = _checked(read) if isinstance(read, Document) else read
        if isinstance(document, Rejected):
            counts.rejected[document.rule] += 1
            rejects.write(_reject_line(document, read.columns if isinstance(read, Document) else {}))
            continue
        counts.documents += 1
        counts.kinds[kind] += 1
        for row in rows_of(document, order.unit):
            counts.rows += 1
            yield row


def _documents(order: PartOrder) -> Iterator[tuple[str, Document | Rejected]]:
    """Give the documents of all items, each with the kind of its item."""
    for number, entry in order.entries:
        if isinstance(entry, Rejected):
            yield "", entry
            continue
        for document in order.sources[number].read(entry, source_folder(order.folder, number)):
            yield entry.kind, document


def _checked(document: Document) -> Document | Rejected:
    """Return the document, or why it cannot be a row."""
    if not document.text.strip():
        return Rejected(document.source, document.place, "empty", "no text in it")
    try:
        document.text.encode()
    except UnicodeEncodeError:
        reason = "holds half a surrogate pair, which is not a character"
        return Rejected(document.source, document.place, "encoding", reason)
    return document


def rows_of(document: Document, unit: PassageUnit) -> Iterator[dict[str, Any]]:
    """Give the rows that a document becomes: one, or one for each of its passages, with its place in the document.

    Examples
    --------
    >>> document = Document("Good day. It rains.", "a.txt", sha256="12", columns={"folder": "x"})
    >>> rows = list(rows_of(document, "sentence"))
    >>> [(row["text"], row["meta_place"], row["meta_start"], row["meta_end"]) for row in rows]
    [('Good day.', 'characters 0-9', 0, 9), ('It rains.', 'characters 10-19', 10, 19)]
    """
    carried = {_free_name(name): _clean(value) for name, value in document.columns.items()}
    shared = {
        SOURCE: _clean(document.source),
        SHA256: document.sha256,
        TIME: document.time,
        STEPS: "; ".join(document.steps),
    }
    if unit == "document":
        yield {TEXT: document.text, **carried, **shared, PLACE: _clean(document.place)}
        return
    for begin, end in find_passages(document.text, unit):
        mark = next((label for offset, label in reversed(document.marks) if offset <= begin), "")
        place = ", ".join(filter(None, [_clean(document.place), mark, f"characters {begin}-{end}"]))
        yield {TEXT: document.text[begin:end], **carried, **shared, PLACE: place, START: begin, END: end}


@lru_cache(maxsize=1024)
def _free_name(name: str) -> str:
    while name in (TEXT, START, END, *PROVENANCE):
        name = RENAMED + name
    return name


def _clean(value: Any) -> Any:
    """Return a value of a column as Unicode text can hold it."""
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    return value


def _pieces(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    held: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        held.append(row)
        size += len(row[TEXT]) + 200
        if size >= PIECE_SIZE or len(held) >= PIECE_ROWS:
            yield held
            held, size = [], 0
    if held:
        yield held


def _write_piece(order: PartOrder, number: int, rows: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Write rows, and return the types of the values of each column."""
    types: dict[str, list[str]] = {}
    columns = []
    for name in dict.fromkeys(chain.from_iterable(rows)):
        values = [row.get(name) for row in rows]
        names = _types_of(values)
        types[name] = sorted(names)
        dtype = common_type(names)
        if dtype == pl.String():
            values = _as_texts(values)
        columns.append(pl.Series(name, values, dtype=dtype, strict=False))
    with atomic_path(order.path("parquet", number)) as path:
        write_parquet(path, pl.DataFrame(columns))
    return types


def _as_texts(values: list[Any]) -> list[str | None]:
    """Return values of any types as text, as a column of one type becomes text."""
    texts = [value if value is None or isinstance(value, str) else str(value) for value in values]
    rows: dict[str, list[int]] = {}
    for row, value in enumerate(values):
        if value is not None and not isinstance(value, str):
            rows.setdefault(_type_of(value), []).append(row)
    rows.pop("str", None)
    for name, of_type in rows.items():
        written = pl.Series([values[row] for row in of_type], dtype=_TYPES[name]).cast(pl.String)
        for row, text in zip(of_type, written, strict=True):
            texts[row] = text
    return texts


def _types_of(values: list[Any]) -> set[str]:
    # One value of each type tells enough of the most frequent types: of whole numbers and times it does not.
    examples = {type(value): value for value in values}
    return {_type_of(value) for value in (examples.values() if examples.keys() <= _PLAIN else values)}


_PLAIN = frozenset({str, float, bool, type(None)})

EXACT = 2**53
"""Up to here, whole numbers are exact as floating-point numbers."""

NULL = "null"
"""The type of a column without values."""

_TYPES: dict[str, pl.DataType] = {
    NULL: pl.Null(),
    "str": pl.String(),
    "int": pl.Int64(),
    "long": pl.Int64(),
    "float": pl.Float64(),
    "bool": pl.Boolean(),
    "date": pl.Date(),
    "datetime": pl.Datetime("us"),
    "datetime UTC": pl.Datetime("us", "UTC"),
}
"""Types that values have; whatever else a value is becomes text. "long" numbers are whole and beyond `EXACT`."""


def _type_of(value: Any) -> str:
    if value is None:
        return NULL
    if isinstance(value, datetime):
        return "datetime" if value.tzinfo is None else "datetime UTC"
    if isinstance(value, int) and not isinstance(value, bool):
        return "int" if abs(value) <= EXACT else "long" if -(2**63) <= value < 2**63 else "str"
    return type(value).__name__ if type(value).__name__ in _TYPES else "str"


def common_type(names: set[str]) -> pl.DataType:
    """Return the type for a column that has values of these: text, unless they agree.

    Whole and other numbers become floating-point numbers, unless some of them are not exact then.

    Examples
    --------
    >>> common_type({"int", "null"}), common_type({"int", "float"}), common_type({"int", "bool"})
    (Int64, Float64, String)
    >>> common_type({"int", "long"}), common_type({"long", "float"})
    (Int64, String)
    """
    typed = names - {NULL} or {"str"}
    if typed == {"int", "float"}:
        return pl.Float64()
    dtypes = [_TYPES[name] for name in sorted(typed)]
    return dtypes[0] if all(dtype == dtypes[0] for dtype in dtypes) else pl.String()


KINDS = {
    "bool": "true or false",
    "date": "dates",
    "datetime": "times",
    "datetime UTC": "times",
    "float": "numbers",
    "int": "numbers",
    "long": "numbers",
    "str": "text",
}
"""What messages call the types of values."""


def _reject_line(rejected: Rejected, columns: Mapping[str, Any]) -> str:
    line: dict[str, Any] = {
        "row": None,
        "source": _clean(rejected.source),
        "place": _clean(rejected.place),
        "step": STEP,
        "rule": rejected.rule,
        "reason": _clean(rejected.reason),
    }
    if rejected.raw is not None:
        line["raw"] = _clean(rejected.raw)
    if columns:
        line["record"] = {_clean(name): _clean(value) for name, value in columns.items()}
    return json.dumps(line, ensure_ascii=False, default=str) + "\n"


def masked_reject(line: bytes, mask: Callable[[str], str]) -> bytes:
    """Return a line of rejects in which everything that comes from data is masked."""
    reject = json.loads(line)
    if reject["rule"] == "encoding":
        # Samples of the text are cut anywhere, also in the middle of what would be masked.
        reject["reason"] = _SAMPLE.sub("", reject["reason"])
    for name in ("source", "place", "reason", "raw"):
        if name in reject:
            reject[name] = mask(reject[name])
    if "record" in reject:
        reject["record"] = {mask(name): _masked(name, value, mask) for name, value in reject["record"].items()}
    return (json.dumps(reject, ensure_ascii=False) + "\n").encode()


def _masked(name: str, value: Any, mask: Callable[[str], str]) -> Any:
    """Return a value masked, with the name of its column as a word beside it; a number in which something is masked is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    beside = re.sub(r"[\W\d_]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)).strip() + ": "
    text = str(value)
    with_name = mask(beside + text)
    masked = with_name.removeprefix(beside) if with_name.startswith(beside) else mask(text)
    return value if masked == text else masked if isinstance(value, str) else None
