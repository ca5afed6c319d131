"""Rows of a database: one query, streamed in bounded memory and read-only; resumed by a key column."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from weaklabel.errors import CorpusError, MissingPackageError, nearest, require
from weaklabel.support.urls import MASK, without_secrets

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, CursorResult, Engine

EXTRA = "weaklabel[database]"

BUFFERED_ROWS = 200
"""Rows that are fetched at a time."""

CONNECT_SECONDS = 20
SILENT_SECONDS = 90
"""How long a server may not answer at all, not even the keep-alive packets of its operating system."""

_SECRET = re.compile(r"pass|pwd|secret|token|key", re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_POSTGRESQL = "postgresql"
_DRIVERS = {"postgres": "postgresql+psycopg", _POSTGRESQL: "postgresql+psycopg"}
_READ_ONLY = {
    "mysql": "SET SESSION TRANSACTION READ ONLY",
    "mariadb": "SET SESSION TRANSACTION READ ONLY",
    "oracle": "SET TRANSACTION READ ONLY",
}

Key = int | str | float | Decimal | date | datetime | UUID
"""Types of values that a key column may hold."""

_KEY_TYPES: dict[str, Any] = {
    "int": int,
    "str": str,
    "float": float,
    "Decimal": Decimal,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "UUID": UUID,
}


@dataclass(frozen=True)
class DatabaseRow:
    """A row of a query.

    Attributes
    ----------
    number
        From 1, in the order in which this reading gives the rows.
    key
        The value of the key column; None where the query has none.
    values
        Values by column, as the driver gives them.
    """

    number: int
    key: Key | None
    values: Mapping[str, Any]


@dataclass(frozen=True)
class DatabaseQuery:
    """A query to a database that is read in a stream.

    Nothing is ever written: SQLite files are opened read-only, PostgreSQL, MySQL and Oracle are told that the transaction
    only reads, and whatever a database without such a mode was made to do is rolled back.

    Parameters
    ----------
    url
        Where the database is, as SQLAlchemy has it: ``sqlite:///shop.db``, ``postgresql://user@host/shop``. A password of
        the form ``${NAME}`` is taken from the environment variable of that name.
    query
        One SQL statement that returns rows.
    key
        A column of the query with a different value in every row, and none missing. With it the rows come in its order,
        and reading can begin after any of them.

    Raises
    ------
    CorpusError
        The URL is not one of a database, or the query is empty.

    Examples
    --------
    >>> DatabaseQuery("postgresql://ann:secret@db.example/shop", "select * from mail").name
    'postgresql://ann:***@db.example/shop'
    """

    url: str = field(repr=False)
    query: str
    key: str | None = None

    def __post_init__(self) -> None:
        if not self.query.strip():
            raise CorpusError(f"{self.name}: the query is empty; give a SELECT statement")

    @cached_property
    def name(self) -> str:
        """The URL without its secrets: what messages and provenance show."""
        return shown_url(self.url)

    def rows(self, after: Key | None = None, until: Key | None = None) -> Iterator[DatabaseRow]:
        """Read the rows of the query.

        Parameters
        ----------
        after, until
            Only the rows whose key is greater than ``after``, and at most ``until``; for queries with a key column.

        Raises
        ------
        CorpusError
            The database cannot be reached, refuses the query, or goes away before the end: the message says how many rows
            were read. Or a key is missing, or occurs twice.
        MissingPackageError
            SQLAlchemy or the driver of the database is not installed.
        """
        from sqlalchemy.exc import DBAPIError

        n = 0
        last: Key | None = None
        with self._connection() as connection:
            with self._refusals():
                result = self._execute(connection, after, until)
                columns = self._names(result)
            try:
                for values in result:
                    n += 1
                    row = DatabaseRow(n, None, dict(zip(columns, values, strict=True)))
                    if self.key is not None:
                        key = self._key_of(row, last)
                        row, last = DatabaseRow(n, key, row.values), key
                    yield row
            except (DBAPIError, sqlite3.Error) as error:
                raise CorpusError(self._interrupted(n, last, error)) from None

    def file(self) -> Path | None:
        """Return the file that the database is, if it is one of SQLite."""
        url = _parsed(self.url)
        return _sqlite_file(url, self.name) if url.get_backend_name() == "sqlite" else None

    def columns(self) -> list[str]:
        """Return the names of the columns of the query, without reading a row.

        Raises
        ------
        CorpusError
            The database cannot be reached or refuses the query, two columns have the same name, or there is no key column.
        """
        with self._connection() as connection, self._refusals():
            return self._columns(connection)

    def check_boundary(self, key: Key) -> None:
        """Check that a key is the key of one row only, as the database compares: 'a' may equal 'A'.

        Raises
        ------
        CorpusError
            It is not: rows would be lost when reading begins after it.
        """
        from sqlalchemy import func, select

        with self._connection() as connection, self._refusals():
            rows = self._keyed()
            count = connection.execute(select(func.count()).select_from(rows).where(rows.c[self.key] == key)).scalar()
        if count != 1:
            raise CorpusError(f"{self._twice(key)}: the database finds {count:,} rows that have it")

    def _execute(self, connection: Connection, after: Key | None, until: Key | None) -> CursorResult[Any]:
        if self.key is None:
            return connection.execution_options(no_parameters=True).exec_driver_sql(self._statement)
        from sqlalchemy import or_, select, text

        self._columns(connection)
        rows = self._keyed()
        column = rows.c[self.key]
        ordered = select(text("*")).select_from(rows).order_by(column)
        if after is not None:
            # A missing key is an error wherever reading begins.
            ordered = ordered.where(or_(column > after, column.is_(None)))
        if until is not None:
            ordered = ordered.where(column <= until)
        return connection.execute(ordered)

    @property
    def _statement(self) -> str:
        return self.query.strip().rstrip(";").rstrip()

    def _keyed(self) -> Any:
        """Return the query as a table of its key column."""
        from sqlalchemy import column, text

        assert self.key is not None
        return text(self._escaped).columns(column(self.key)).subquery("weaklabel_query")

    @property
    def _escaped(self) -> str:
        # A colon would begin a parameter, and the last line may be a comment.
        return self._statement.replace(":", "\\:") + "\n"

    def _columns(self, connection: Connection) -> list[str]:
        from sqlalchemy import literal, select, text

        rows = text(self._escaped).columns().subquery("weaklabel_query")
        none = select(text("*")).select_from(rows).where(literal(1) == literal(0))
        columns = self._names(connection.execute(none))
        if self.key is not None and self.key not in columns:
            raise CorpusError(
                f"{self.name}: the query has no column '{self.key}'{nearest(self.key, columns)}; the key must be one of "
                f"{', '.join(columns)}"
            )
        return columns

    def _names(self, result: CursorResult[Any]) -> list[str]:
        if not result.returns_rows:
            raise CorpusError(f"{self.name}: the query returns no rows; give a SELECT statement")
        columns = list(result.keys())
        twice = next((name for name in columns if columns.count(name) > 1), None)
        if twice is not None:
            raise CorpusError(
                f"{self.name}: the query returns two columns with the name '{twice}'; rename one of them with AS"
            )
        return columns

    def _key_of(self, row: DatabaseRow, last: Key | None) -> Key:
        assert self.key is not None
        key = row.values[self.key]
        if key is None:
            raise CorpusError(f"{self.name}: the key '{self.key}' is NULL in some rows; choose another column as key")
        if type(key).__name__ not in _KEY_TYPES:
            raise CorpusError(
                f"{self.name}: the key '{self.key}' holds values of type {type(key).__name__}; choose a column of "
                "numbers, texts or times as key"
            )
        if key == last:
            raise CorpusError(self._twice(key))
        return key

    def _twice(self, key: Key) -> str:
        return (
            f"{self.name}: the key '{self.key}' has the value {str(key)[:60]!r} more than once; choose a column as key whose "
            "values are all different"
        )

    def _interrupted(self, n: int, last: Key | None, error: Exception) -> str:
        if self.key is None:
            then = "give the same command again to begin anew, with --key COLUMN to be able to resume"
        else:
            after = "" if last is None else f", the last with {self.key} = {str(last)[:60]!r}"
            then = "give the same command again to resume"
            return f"{self.name}: reading broke off after {n:,} rows{after} ({self._reason(error)}); {then}"
        return f"{self.name}: reading broke off after {n:,} rows ({self._reason(error)}); {then}"

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """Turn what the database says of a query into one sentence."""
        from sqlalchemy.exc import DBAPIError, SQLAlchemyError

        try:
            yield
        except (DBAPIError, sqlite3.Error) as error:
            raise CorpusError(f"{self.name}: the database refuses the query ({self._reason(error)})") from None
        except SQLAlchemyError as error:
            raise CorpusError(f"{self.name}: the query cannot be made ({self._reason(error)})") from None

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        from sqlalchemy.exc import DBAPIError, SQLAlchemyError

        engine = self._engine()
        try:
            try:
                connection = engine.connect()
            except (DBAPIError, SQLAlchemyError, sqlite3.Error, OSError) as error:
                raise CorpusError(f"cannot connect to {self.name} ({self._reason(error)})") from None
            with connection:
                with self._refusals():
                    self._only_read(connection)
                yield connection.execution_options(stream_results=True, max_row_buffer=BUFFERED_ROWS)
        finally:
            engine.dispose()

    def _engine(self) -> Engine:
        require("sqlalchemy", EXTRA, "reading a database")
        from sqlalchemy import create_engine
        from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError
        from sqlalchemy.pool import NullPool

        url = _with_password(_parsed(self.url), self.name)
        options: dict[str, Any] = {"poolclass": NullPool}
        if url.get_backend_name() == "sqlite":
            options["creator"] = _sqlite_opener(url, self.name)
        elif url.get_backend_name() == _POSTGRESQL and url.get_driver_name() == "psycopg":
            options["connect_args"] = _postgresql_patience(url)
        try:
            return create_engine(url, **options)
        except ModuleNotFoundError as error:
            package = EXTRA if url.get_driver_name() == "psycopg" else error.name
            raise MissingPackageError(
                f"{self.name} needs the package '{error.name}', which is not installed: pip install '{package}'"
            ) from None
        except NoSuchModuleError:
            raise CorpusError(
                f"{self.name}: no installed package knows databases of the kind '{url.drivername}'; check the beginning of "
                "the URL, or install SQLAlchemy's dialect for it"
            ) from None
        except (SQLAlchemyError, TypeError, ValueError) as error:
            raise CorpusError(f"cannot use {self.name} ({self._reason(error)})") from None

    def _only_read(self, connection: Connection) -> None:
        kind = connection.dialect.name
        if kind == "sqlite":
            connection.exec_driver_sql("PRAGMA query_only = ON")
        elif kind == _POSTGRESQL:
            # All rows are of one moment, however long reading takes.
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        elif kind in _READ_ONLY:
            connection.exec_driver_sql(_READ_ONLY[kind])

    def _reason(self, error: BaseException) -> str:
        """Return the first line of what a driver says, without the password."""
        cause = getattr(error, "orig", None) or error
        said = next((line.strip() for line in str(cause).splitlines() if line.strip()), type(cause).__name__)
        for secret in _secrets(self.url):
            said = said.replace(secret, MASK)
        return said.removesuffix(".")


def shown_url(url: str) -> str:
    """Return the URL of a database with ``***`` for its password, and for what looks like a secret in its parameters.

    Raises
    ------
    CorpusError
        It is not the URL of a database; the message does not repeat it.

    Examples
    --------
    >>> shown_url("postgresql://ann@db/shop?sslmode=require&sslpassword=secret")
    'postgresql://ann@db/shop?sslmode=require&sslpassword=***'
    """
    _parsed(url)
    return without_secrets(url)


def is_database(scheme: str) -> bool:
    """Return whether an installed package knows databases of this kind, such as "duckdb"."""
    if find_spec("sqlalchemy") is None:
        return False
    from sqlalchemy.dialects import registry
    from sqlalchemy.exc import NoSuchModuleError

    try:
        registry.load(scheme)
    except (NoSuchModuleError, ImportError):
        return False
    return True


def key_to_json(key: Key) -> list[str]:
    """Return a key as JSON has it.

    Examples
    --------
    >>> key_to_json(7), key_from_json(["int", "7"])
    (['int', '7'], 7)
    """
    name = type(key).__name__
    return [name, key.isoformat() if isinstance(key, date) else repr(key) if name == "float" else str(key)]


def key_from_json(coded: Sequence[str]) -> Key:
    """Return the key that `key_to_json` was given."""
    name, text = coded
    key: Key = _KEY_TYPES[name](text)
    return key


def _parsed(url: str) -> URL:
    require("sqlalchemy", EXTRA, "reading a database")
    from sqlalchemy import make_url
    from sqlalchemy.exc import SQLAlchemyError

    wrong = "the URL of the database cannot be read: it must be like postgresql://user:password@host/database"
    place = url.split("://", 1)[-1].split("?", 1)[0]
    if place.count("@") > 1:
        raise CorpusError(f"{wrong}, and an @ in the password is written as %40, a : as %3A, and a / as %2F")
    try:
        parsed = make_url(url)
    except (SQLAlchemyError, ValueError):
        raise CorpusError(wrong) from None
    return parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))


def _with_password(url: URL, name: str) -> URL:
    """Return the URL with its password from the environment, where it names a variable."""
    variable = _VARIABLE.fullmatch(url.password or "")
    if variable is None:
        return url
    value = os.environ.get(variable[1])
    if value is None:
        raise CorpusError(f"{name}: the environment variable {variable[1]}, which is to hold the password, is not set")
    return url.set(password=value)


def _secrets(url: str) -> Iterator[str]:
    """Give what must not be shown of a URL, as it is and as it is written in the URL."""
    from urllib.parse import quote

    parsed = _parsed(url)
    variable = _VARIABLE.fullmatch(parsed.password or "")
    password = os.environ.get(variable[1]) if variable else parsed.password
    parameters = [value for name, value in parsed.query.items() if _SECRET.search(name)]
    flat = [part for value in parameters for part in (value if isinstance(value, tuple) else (value,))]
    for secret in [password, *flat]:
        if secret:
            yield secret
            yield quote(secret, safe="")


def _sqlite_file(url: URL, name: str) -> Path:
    if not url.database or url.database == ":memory:":
        raise CorpusError(f"{name} is a database in memory, which is empty; name a file: sqlite:///FILE")
    path = Path(url.database).absolute()
    if not path.is_file():
        raise CorpusError(f"cannot read {name}: {path} does not exist")
    return path


def _sqlite_opener(url: URL, name: str) -> Any:
    """Return what opens a SQLite file for reading; SQLite itself would make a file that is missing."""
    path = _sqlite_file(url, name)

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, check_same_thread=False)
        connection.text_factory = _text_or_bytes
        return connection

    return connect


def _text_or_bytes(data: bytes) -> str | bytes:
    """Return a text of SQLite; the bytes where it is not UTF-8, so that it costs one row and not the whole query."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def _postgresql_patience(url: URL) -> dict[str, Any]:
    """Return how long to wait for a server that does not answer; what the URL says goes first."""
    patience = {
        "connect_timeout": CONNECT_SECONDS,
        "keepalives_idle": SILENT_SECONDS // 3,
        "keepalives_interval": SILENT_SECONDS // 9,
        "keepalives_count": 6,
        "tcp_user_timeout": SILENT_SECONDS * 1000,
    }
    return {name: value for name, value in patience.items() if name not in url.query}
