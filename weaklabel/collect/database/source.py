"""The result of a query as a source of documents: copied once, piece by piece, and read from the copy."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, time
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, Self

import polars as pl

from weaklabel.collect.blobs import TABLE, Blob
from weaklabel.collect.database.query import DatabaseQuery, DatabaseRow, key_from_json, key_to_json, shown_url
from weaklabel.collect.prepared import keep_if_same
from weaklabel.collect.source import Document, DocumentSource, Item, Rejected
from weaklabel.collect.tables import documents
from weaklabel.config import CollectSettings
from weaklabel.corpus import read_corpus
from weaklabel.errors import CorpusError, nearest
from weaklabel.support.files import atomic_path, write_json
from weaklabel.support.progress import stage

PIECE_ROWS = 5_000
PIECE_BYTES = 8 << 20
"""A piece of the copy ends with the row that reaches one of these; so pieces are the same wherever copying is resumed."""

_DONE = "done.json"


@dataclass(frozen=True)
class _Piece:
    """What is known of a piece of the copy.

    Attributes
    ----------
    first_row
        Number of its first row, from 0.
    n_rows
        Rows in it.
    size
        Bytes of it.
    last_key
        Key of its last row, as JSON has it; None where the query has no key.
    types
        By column, the names of the types of its values.
    """

    first_row: int
    n_rows: int
    size: int
    last_key: Sequence[str] | None
    types: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class DatabaseSource(DocumentSource):
    """The rows of a query.

    The query is run once, in one process, and its result copied to the folder of the job: so all rows are of one moment, and
    every worker reads the same. With a key column a copy that broke off goes on after its last piece; without one it begins
    anew.

    Parameters
    ----------
    url
        Where the database is.
    collecting
        The query, its key, and the text columns.
    """

    url: str = field(repr=False)
    collecting: CollectSettings

    # Those that are named where SQLAlchemy is not installed; it knows more: see `is_database`.
    schemes: ClassVar[tuple[str, ...]] = ("sqlite", "postgresql", "postgres", "mysql", "mariadb", "oracle", "mssql")

    @classmethod
    def open(cls, spec: str, settings: CollectSettings) -> Self:
        """Make the source; see `DocumentSource`.

        Raises
        ------
        CorpusError
            The URL cannot be read, or there is no query.
        """
        # Without the sources, since their passwords have no business in workers and messages.
        source = cls(spec, settings.model_copy(update={"sources": [shown_url(spec)]}))
        if settings.query is None:
            raise CorpusError(
                f'{source.name} is a database: say by a query which rows to read, such as "select * from mail"'
            )
        return source

    @cached_property
    def _query(self) -> DatabaseQuery:
        return DatabaseQuery(self.url, self.collecting.query or "", self.collecting.key)

    @property
    def name(self) -> str:  # type: ignore[override]
        """The URL without its password."""
        return shown_url(self.url)

    def settings(self) -> dict[str, Any]:
        """Return what decides which documents there are."""
        return {"query": self.collecting.query, "key": self.collecting.key}

    def files(self) -> Iterable[Path]:
        """Return the file of a SQLite database."""
        path = self._query.file()
        return [] if path is None else [path]

    def prepare(self, folder: Path) -> None:
        """Copy the rows of the query."""
        keep_if_same(folder, [self.name, self.settings(), self._text_columns])
        if (folder / _DONE).exists():
            return
        self._check_text_columns(self._query.columns())
        pieces = list(_pieces(folder))
        if self._query.key is None:
            pieces = []
        after = key_from_json(pieces[-1].last_key) if pieces and pieces[-1].last_key else None
        if isinstance(after, str):
            self._query.check_boundary(after)
        for number in count(len(pieces)):
            # Pieces behind a damaged one, or of a copy that cannot be resumed.
            if not (_path(folder, number).exists() or _head_path(folder, number).exists()):
                break
            _head_path(folder, number).unlink(missing_ok=True)
            _path(folder, number).unlink(missing_ok=True)
        n = sum(piece.n_rows for piece in pieces)
        with stage(f"reading {self.name}", unit="rows") as progress:
            progress.skip(n)
            for rows in _in_pieces(self._query.rows(after)):
                pieces.append(self._write(folder, len(pieces), n, rows))
                n += len(rows)
                progress.advance(len(rows))
        write_json(folder / _DONE, {"pieces": len(pieces), "rows": n})

    def items(self, folder: Path) -> Iterator[Item | Rejected]:
        """Give the pieces of the copy; before `prepare`, one item for the whole query."""
        if not (folder / _DONE).exists():
            self._check_text_columns(self._query.columns())
            yield Item("query", kind="row")
            return
        pieces = list(_pieces(folder))
        if len(pieces) != json.loads((folder / _DONE).read_text(encoding="utf-8"))["pieces"]:
            raise CorpusError(
                f"the copy of {self.name} in {folder} is damaged; remove that folder, and give the command again"
            )
        types: dict[str, set[str]] = {}
        for piece in pieces:
            for column, names in piece.types.items():
                types.setdefault(column, set()).update(names)
        schema = {column: "str" if column in self._text_columns else _kind(names) for column, names in types.items()}
        for number, piece in enumerate(pieces):
            where = {"piece": number, "first_row": piece.first_row, "schema": schema}
            yield Item(
                f"rows {piece.first_row + 1:,} to {piece.first_row + piece.n_rows:,}", "", "row", piece.size, where
            )

    def read(self, item: Item, folder: Path) -> Iterator[Document | Rejected]:
        """Read a piece of the copy."""
        schema: dict[str, str] = item.where["schema"]
        with _path(folder, item.where["piece"]).open(encoding="utf-8") as handle:
            lines = [json.loads(line) for line in handle]
        rows = [line for line in lines if isinstance(line, list)]
        frame = pl.DataFrame(
            {
                column: pl.Series([_as(row[number], kind) for row in rows], dtype=_POLARS[kind])
                for number, (column, kind) in enumerate(schema.items())
            }
        )
        read = self._documents(frame) if rows else iter(())
        for number, line in enumerate(lines, item.where["first_row"] + 1):
            if isinstance(line, list):
                document = next(read)
                yield replace(document, place=document.place or f"row {number}")
            else:
                yield Rejected(self.name, line["place"] or f"row {number}", line["rule"], line["reason"])

    def _documents(self, frame: pl.DataFrame) -> Iterator[Document | Rejected]:
        """Give the rows of a frame, with "" as place where the query has no key."""
        columns = self._text_columns
        missing = frame.select(pl.all_horizontal(pl.col(columns).is_null())).to_series()
        keys = frame[self.collecting.key] if self.collecting.key else [None] * frame.height
        corpus = read_corpus(frame, text=columns)
        read = (
            document
            for batch in corpus.batches(size=frame.height)
            for document in documents(batch, Blob(self.name, TABLE), 0)
        )
        for document, is_missing, key in zip(read, missing, keys, strict=True):
            place = self._place(key)
            if is_missing:
                yield Rejected(self.name, place, "empty", f"{' and '.join(columns)} is NULL")
            elif document.source != self.name:
                yield document  # was collected before, and says where
            else:
                yield replace(document, place=place)

    def _place(self, key: Any) -> str:
        return "" if key is None else f"{self.collecting.key} {key}"

    @property
    def _text_columns(self) -> list[str]:
        text = self.collecting.text
        return [text] if isinstance(text, str) else list(text)

    def _check_text_columns(self, columns: Sequence[str]) -> None:
        for text in self._text_columns:
            if text not in columns:
                raise CorpusError(
                    f"{self.name}: the query has no column '{text}'{nearest(text, columns)}; say which of "
                    f"{', '.join(columns)} is the text"
                )

    def _write(self, folder: Path, number: int, first_row: int, rows: Sequence[DatabaseRow]) -> _Piece:
        types: dict[str, set[str]] = {column: set() for column in rows[0].values}
        with atomic_path(_path(folder, number)) as part, part.open("w", encoding="utf-8", newline="") as handle:
            for row in rows:
                handle.write(json.dumps(self._line(row, types)) + "\n")
        piece = _Piece(
            first_row,
            len(rows),
            _path(folder, number).stat().st_size,
            None if rows[-1].key is None else key_to_json(rows[-1].key),
            {column: sorted(names) for column, names in types.items()},
        )
        write_json(_head_path(folder, number), asdict(piece))
        return piece

    def _line(self, row: DatabaseRow, types: Mapping[str, set[str]]) -> list[Any] | dict[str, str]:
        """Return a row as JSON has it: its values, or why it is rejected; the types of its values are added to ``types``."""
        values = dict(row.values)
        for column in self._text_columns:
            if isinstance(values[column], bytes):
                try:
                    values[column] = values[column].decode()
                except UnicodeDecodeError:
                    reason = f"{column} is not UTF-8: convert it in the query, or leave the row out"
                    return {"place": self._place(row.key), "rule": "encoding", "reason": reason}
        plain = {column: as_json_value(value) for column, value in values.items()}
        for column, value in plain.items():
            types[column] |= _types_of(value)
        return list(plain.values())


_POLARS: dict[str, pl.DataType] = {
    "str": pl.String(),
    "int": pl.Int64(),
    "float": pl.Float64(),
    "bool": pl.Boolean(),
}


def as_json_value(value: Any) -> Any:
    """Return a value of a database as JSON has it: numbers, truth values and texts as they are, others as text.

    Examples
    --------
    >>> from decimal import Decimal
    >>> [as_json_value(value) for value in (None, 7, Decimal("1.50"), date(2024, 5, 1), {"a": 1}, b"A")]
    [None, 7, '1.50', '2024-05-01', '{"a": 1}', '41']
    """
    if value is None or isinstance(value, bool | float | str):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else str(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    return str(value)


def _types_of(value: Any) -> set[str]:
    if value is None:
        return set()
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**53:
        return {"long"}
    return {type(value).__name__}


def _kind(types: set[str]) -> str:
    """Return the type of a column whose values have these types: text where they have none in common."""
    for kind, of in {"int": {"int", "long"}, "float": {"int", "float"}, "bool": {"bool"}}.items():
        if types and types <= of:
            return kind
    return "str"


def _as(value: Any, kind: str) -> Any:
    if value is None or isinstance(value, str):
        return value
    if kind == "str":
        return json.dumps(value)
    return float(value) if kind == "float" else value


def _in_pieces(rows: Iterable[DatabaseRow]) -> Iterator[list[DatabaseRow]]:
    piece: list[DatabaseRow] = []
    size = 0
    for row in rows:
        piece.append(row)
        size += sum(len(value) for value in row.values.values() if isinstance(value, str | bytes))
        if len(piece) >= PIECE_ROWS or size >= PIECE_BYTES:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number:08}.jsonl"


def _head_path(folder: Path, number: int) -> Path:
    return folder / f"{number:08}.json"


def _pieces(folder: Path) -> Iterator[_Piece]:
    """Give the pieces that are there, up to the first that is missing."""
    for number in count():
        try:
            piece = _Piece(**json.loads(_head_path(folder, number).read_text(encoding="utf-8")))
            if _path(folder, number).stat().st_size != piece.size:
                return
        except (OSError, ValueError, TypeError):
            return
        yield piece
