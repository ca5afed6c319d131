"""The ledger of language models: every reply, and every request with what it took, in one SQLite file.

Nothing is removed from it. It has the replies, and hashes of what was asked, but never a prompt or a key.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import zlib
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weaklabel.errors import LanguageModelError
from weaklabel.llm.owners import Owner, is_alive, remove_dead
from weaklabel.llm.prompt import Usage

FILE = "llm-replies.sqlite"

_VERSION = "1"
_CHECKED_BYTES = 32 * 2**20
"""Up to this size, the whole file is checked when it is opened."""
_AT_ONCE = 500
_creating = threading.Lock()
_TABLES = """
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS replies (
    key BLOB, number INTEGER, final INTEGER, model TEXT, at REAL, prompt_tokens INTEGER, completion_tokens INTEGER,
    crc INTEGER, text BLOB, PRIMARY KEY (key, number));
CREATE TABLE IF NOT EXISTS calls (
    id INTEGER PRIMARY KEY, key BLOB, budget TEXT, model TEXT, server TEXT, owner TEXT, at REAL, state TEXT,
    prompt_tokens INTEGER, completion_tokens INTEGER, money INTEGER, failure TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS calls_by_key ON calls (key);
CREATE INDEX IF NOT EXISTS calls_by_time ON calls (server, at);
CREATE INDEX IF NOT EXISTS calls_under_way ON calls (budget) WHERE state = 'sent';
CREATE TABLE IF NOT EXISTS totals (
    budget TEXT, model TEXT, requests INTEGER DEFAULT 0, prompt_tokens INTEGER DEFAULT 0,
    completion_tokens INTEGER DEFAULT 0, money INTEGER DEFAULT 0, retries INTEGER DEFAULT 0, refused INTEGER DEFAULT 0,
    unknown INTEGER DEFAULT 0, unknown_tokens INTEGER DEFAULT 0, off_list INTEGER DEFAULT 0, cut INTEGER DEFAULT 0,
    failed INTEGER DEFAULT 0, PRIMARY KEY (budget, model));
CREATE TABLE IF NOT EXISTS minutes (budget TEXT PRIMARY KEY, seconds REAL);
CREATE TABLE IF NOT EXISTS fits (
    model TEXT, shape TEXT, n INTEGER, x REAL, y REAL, xx REAL, xy REAL, answers REAL, PRIMARY KEY (model, shape));
"""


@dataclass(frozen=True)
class KeptReply:
    """A reply that is in the ledger."""

    text: str
    usage: Usage


class Ledger(MutableMapping[str, str]):
    """A ledger that several threads and processes use at once; as a mapping, it has notes.

    Parameters
    ----------
    path
        The file, which is made if it is missing; only the user can read it.

    Raises
    ------
    LanguageModelError
        It is damaged, cannot be written, or is of another version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._locks = path.with_suffix(".owners")
        self._lock = threading.RLock()
        with self._telling():
            with _creating:  # closing a file ends all locks that this process has on it, so no thread may have any yet
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with suppress(FileExistsError):
                    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            self._owner = Owner(self._locks)
            self._database = self._open()
            self._check()
            remove_dead(self._locks)

    @property
    def owner(self) -> str:
        """The name of this user of the ledger."""
        return self._owner.name

    def is_alive(self, owner: str) -> bool:
        """Return whether another user of the ledger is still there."""
        return owner == self._owner.name or is_alive(self._locks, owner)

    def close(self) -> None:
        """Close it."""
        with self._lock:
            self._owner.close()
            self._database.close()

    def __del__(self) -> None:
        with suppress(AttributeError):  # it may never have been opened
            self.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Give the database for one change, which is done as a whole or not at all; other processes wait for it.

        Raises
        ------
        LanguageModelError
            The ledger cannot be read or written.
        """
        with self._lock, self._telling():
            if self._owner.is_other_process():  # a connection must not survive a fork
                self._owner, self._database = Owner(self._locks), self._open()
            database = self._database
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
            except BaseException:
                database.execute("ROLLBACK")
                raise
            database.execute("COMMIT")

    def replies(self, keys: Sequence[bytes]) -> dict[bytes, KeptReply]:
        """Return the replies to those requests that need not be sent again."""
        replies = {}
        with self._lock, self._telling():
            for begin in range(0, len(keys), _AT_ONCE):
                part = keys[begin : begin + _AT_ONCE]
                marks = ",".join("?" * len(part))
                rows = self._database.execute(
                    "SELECT key, text, crc, prompt_tokens, completion_tokens FROM replies "
                    f"WHERE final AND key IN ({marks})",
                    part,
                ).fetchall()
                replies.update({key: self._reply(*rest) for key, *rest in rows})
        return replies

    def _reply(self, text: bytes, crc: int, prompt_tokens: int, completion_tokens: int) -> KeptReply:
        if zlib.crc32(text) != crc:
            raise LanguageModelError(f"a reply in {self.path} is damaged: {self._advice()}")
        return KeptReply(
            zlib.decompress(text).decode("utf-8", "surrogatepass"), Usage(prompt_tokens, completion_tokens)
        )

    def has_seen(self, model: str) -> bool:
        """Return whether a model has ever told what it bills."""
        with self._lock, self._telling():
            return self._database.execute("SELECT 1 FROM fits WHERE model = ?", (model,)).fetchone() is not None

    def __getitem__(self, name: str) -> str:
        with self._lock, self._telling():
            row = self._database.execute("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise KeyError(name)
        return str(row[0])

    def __setitem__(self, name: str, value: str) -> None:
        with self.transaction() as database:
            database.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, value))

    def __delitem__(self, name: str) -> None:
        with self.transaction() as database:
            if not database.execute("DELETE FROM notes WHERE name = ?", (name,)).rowcount:
                raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        with self._lock, self._telling():
            return iter([name for (name,) in self._database.execute("SELECT name FROM notes ORDER BY name")])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(self.path, timeout=60, isolation_level=None, check_same_thread=False)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        return database

    def _check(self) -> None:
        """Check before any money is spent that what is paid for can be kept."""
        if self.path.stat().st_size <= _CHECKED_BYTES:
            (result,) = self._database.execute("PRAGMA quick_check(1)").fetchone()
            if result != "ok":
                raise sqlite3.DatabaseError(result)
        self._database.executescript(_TABLES)
        version = self.setdefault("version", _VERSION)
        if version != _VERSION:
            raise LanguageModelError(
                f"the ledger {self.path} has the form {version}, and this version of weaklabel reads {_VERSION}: "
                "choose another folder by the environment variable WEAKLABEL_CACHE"
            )
        self["opened"] = str(int(time.time()))

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, zlib.error) as error:
            raise LanguageModelError(
                f"the ledger of language models {self.path} cannot be used ({error}); nothing more is sent: {self._advice()}"
            ) from error

    def _advice(self) -> str:
        return (
            "restore it from a copy, make its folder writable, or move it away to pay for all replies again "
            "(the environment variable WEAKLABEL_CACHE names its folder)"
        )


def pack(text: str) -> tuple[int, bytes]:
    """Return the check sum of a reply and the reply as they stand in the ledger."""
    data = zlib.compress(text.encode("utf-8", "surrogatepass"), 1)
    return zlib.crc32(data), data


def bury(ledger: Ledger, database: sqlite3.Connection) -> list[dict[str, Any]]:
    """Count requests that dead processes had under way as spent, and return them.

    Must be called in a transaction.
    """
    owners = [name for (name,) in database.execute("SELECT DISTINCT owner FROM calls WHERE state = 'sent'")]
    buried = []
    for owner in owners:
        if ledger.is_alive(owner):
            continue
        rows = database.execute(
            "SELECT id, budget, model, prompt_tokens + completion_tokens FROM calls WHERE state = 'sent' AND owner = ?",
            (owner,),
        ).fetchall()
        for number, budget, model, tokens in rows:
            database.execute(
                "UPDATE calls SET state = 'unknown', failure = 'the process ended' WHERE id = ?", (number,)
            )
            database.execute(
                "UPDATE totals SET unknown = unknown + 1, unknown_tokens = unknown_tokens + ? "
                "WHERE budget = ? AND model = ?",
                (tokens, budget, model),
            )
            buried.append({"budget": budget, "model": model, "tokens": tokens})
    return buried
