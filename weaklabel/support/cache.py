"""Results that were computed from texts, kept on disk between runs: parsed texts, embeddings, predictions of models.

All of it can be computed again, so a cache that is damaged, full or read-only costs time but stops no run. It is in the
folder that the environment variable ``WEAKLABEL_CACHE`` names ("off": nowhere), by default in the user's cache folder, with
one SQLite file for each kind; child processes inherit the choice. A file takes at most ``WEAKLABEL_CACHE_GIB`` GiB, by
default 2; the oldest entries are removed first. It holds texts, so only the user can read it.
"""

from __future__ import annotations

import os
import sqlite3
import struct
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Generic, TypeVar

import weaklabel
from weaklabel.errors import WeakLabelError
from weaklabel.support.hashing import hash_parts, hash_texts
from weaklabel.support.warn import warn

T = TypeVar("T")

VARIABLE = "WEAKLABEL_CACHE"
SIZE_VARIABLE = "WEAKLABEL_CACHE_GIB"
DEFAULT_GIB = 2.0
OFF = "off"

MEMORY = 64 * 2**20
"""Bytes of values, roughly, that a `TextCache` keeps in memory."""

_AT_ONCE = 500
_HEAD = struct.Struct("<BI")
_PLAIN, _DEFLATED = 0, 1
_broken: set[Path] = set()
_creating = threading.Lock()


def use(folder: str | os.PathLike[str] | None) -> None:
    """Keep caches in ``folder`` from now on, in this process and those that it starts; None: keep none on disk."""
    os.environ[VARIABLE] = OFF if folder is None else str(Path(folder).absolute())


def cache_folder() -> Path | None:
    """Return the folder of the caches, or None where they are off."""
    chosen = os.environ.get(VARIABLE, "")
    if chosen.lower() == OFF:
        return None
    if chosen:
        return Path(chosen).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "weaklabel"


def size_limit() -> int:
    """Return the bytes that a cache file may take.

    Raises
    ------
    WeakLabelError
        ``WEAKLABEL_CACHE_GIB`` is not a positive number.
    """
    given = os.environ.get(SIZE_VARIABLE) or DEFAULT_GIB
    try:
        size = int(float(given) * 2**30)
    except (ValueError, OverflowError):
        size = 0
    if size <= 0:
        raise WeakLabelError(f"the environment variable {SIZE_VARIABLE} must be a size in GiB such as 2, not {given!r}")
    return size


class Store:
    """A key-value store in one SQLite file, which several processes and threads may use at once.

    If the file cannot be read or written, a `WeakLabelWarning` says so, once in each process; from then on the store is
    empty and keeps nothing. A damaged value counts as missing.

    Parameters
    ----------
    path
        The file; it and its folder are created when the first value is stored.
    limit
        Bytes that it may take; by default `size_limit`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = Store(Path(folder) / "numbers.sqlite")
    ...     store.put_many({b"one": b"1", b"two": b"2"})
    ...     store.get_many([b"two", b"three"])
    {b'two': b'2'}
    """

    def __init__(self, path: str | os.PathLike[str], limit: int | None = None) -> None:
        self.path: Path = Path(path)
        self.limit: int = size_limit() if limit is None else limit

    def get_many(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return the values of those keys that are in the store."""
        values: dict[bytes, bytes] = {}
        if not keys or self.path in _broken:
            return values
        with self._tolerate_errors(), self._open() as database:
            for begin in range(0, len(keys), _AT_ONCE):
                part = keys[begin : begin + _AT_ONCE]
                query = f"SELECT key, value FROM entries WHERE key IN ({','.join('?' * len(part))})"
                for key, packed in database.execute(query, part):
                    value = _unpack(packed)
                    if value is not None:
                        values[key] = value
        return values

    def put_many(self, values: Mapping[bytes, bytes]) -> None:
        """Store values; they replace earlier values of the same keys."""
        if not values or self.path in _broken:
            return
        with self._tolerate_errors(), self._open() as database:
            with database:
                database.executemany(
                    "INSERT OR REPLACE INTO entries (key, value) VALUES (?, ?)",
                    ((key, _pack(value)) for key, value in values.items()),
                )
            self._shrink(database)

    @contextmanager
    def _tolerate_errors(self) -> Iterator[None]:
        """Turn an error of the cache into a warning, and do not use the file any more."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            _broken.add(self.path)
            warn(
                f"the cache {self.path} cannot be used ({error}), so it is not used in this run; delete the file, or "
                f"choose another folder by the environment variable {VARIABLE}",
                stacklevel=4,
            )

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Connect for one use: a connection must not be shared between threads, nor survive a fork."""
        self._create()
        with closing(sqlite3.connect(self.path, timeout=60)) as database:
            for setting in ("auto_vacuum=INCREMENTAL", "journal_mode=WAL", "synchronous=NORMAL"):
                database.execute(f"PRAGMA {setting}")
            database.execute("CREATE TABLE IF NOT EXISTS entries (id INTEGER PRIMARY KEY, key BLOB UNIQUE, value BLOB)")
            yield database

    def _create(self) -> None:
        """Create the file, readable by the user only, if there is none.

        Closing any descriptor of the file releases every lock that this process holds on it (POSIX), also those of
        other threads' connections, and another process would then delete the write-ahead log that they still use. So an
        existing file is never opened here, and no thread connects before the new file is closed.
        """
        with _creating:
            if not self.path.exists():
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with suppress(FileExistsError):
                    os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))

    def _shrink(self, database: sqlite3.Connection) -> None:
        """Delete the oldest entries, a tenth of the limit more than needed, so that not every call has to."""
        excess = _used(database) - self.limit
        if excess <= 0:
            return
        going, last = excess + self.limit // 10, 0
        for number, size in database.execute("SELECT id, length(value) FROM entries ORDER BY id"):
            last, going = number, going - size
            if going <= 0:
                break
        with database:
            database.execute("DELETE FROM entries WHERE id <= ?", (last,))
        database.execute("PRAGMA incremental_vacuum").fetchall()


class TextCache(Generic[T]):
    """A cache of one value for each text: the latest in memory, all of them on disk.

    Parameters
    ----------
    kind
        Kind of the values; the file is named after it.
    identity
        What the values depend on besides the text: model, parameters, versions. None: not kept on disk.
    encode, decode
        From a value to bytes and back. They return None for a value that is not to be kept, or cannot be restored.
    cost
        Bytes in memory of the value of a text, roughly.
    memory
        Bytes of values kept in memory; the least recently used are dropped first.
    """

    def __init__(
        self,
        kind: str,
        identity: str | None,
        encode: Callable[[T], bytes | None],
        decode: Callable[[bytes], T | None],
        cost: Callable[[str, T], int],
        memory: int = MEMORY,
    ) -> None:
        self.kind = kind
        self.identity = identity
        self._encode, self._decode, self._cost = encode, decode, cost
        self._room = memory
        self._recent: OrderedDict[str, T] = OrderedDict()

    def get(self, texts: Sequence[str], compute: Callable[[list[str]], Iterable[T]]) -> list[T]:
        """Return the value of every text; ``compute`` returns those that are not in the cache, in order. Length: n."""
        different = list(dict.fromkeys(texts))
        values = {text: self._recent[text] for text in different if text in self._recent}
        self._add(values, [text for text in different if text not in values], compute)
        self._remember(values)
        return [values[text] for text in texts]

    def _add(self, values: dict[str, T], texts: Sequence[str], compute: Callable[[list[str]], Iterable[T]]) -> None:
        """Add the values of ``texts``, from disk if they are there."""
        folder = cache_folder()
        if not texts:
            return
        if folder is None or self.identity is None:
            values.update(zip(texts, compute(list(texts)), strict=True))
            return
        store = Store(folder / f"{self.kind}.sqlite")
        key_of = dict(zip(texts, text_keys(self.kind, self.identity, texts), strict=True))
        values.update(self._read(store, key_of))
        missing = [text for text in texts if text not in values]
        if missing:
            computed = dict(zip(missing, compute(missing), strict=True))
            values.update(computed)
            encoded = ((key_of[text], self._encode(value)) for text, value in computed.items())
            store.put_many({key: value for key, value in encoded if value is not None})

    def _read(self, store: Store, key_of: Mapping[str, bytes]) -> Iterator[tuple[str, T]]:
        values = store.get_many(list(key_of.values()))
        for text, key in key_of.items():
            value = self._decode(values[key]) if key in values else None
            if value is not None:
                yield text, value

    def _remember(self, values: Mapping[str, T]) -> None:
        for text, value in values.items():
            if text in self._recent:
                self._recent.move_to_end(text)
            else:
                self._recent[text] = value
                self._room -= self._cost(text, value)
        while self._room < 0:
            text, value = self._recent.popitem(last=False)
            self._room += self._cost(text, value)


def text_keys(kind: str, identity: str, texts: Sequence[str]) -> list[bytes]:
    """Return the keys of texts: hashes of kind, weaklabel's version, identity and text. Length: n."""
    return hash_texts(texts, hash_parts([kind, weaklabel.__version__, identity]))


def _used(database: sqlite3.Connection) -> int:
    pages, free, size = (
        database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def _pack(value: bytes) -> bytes:
    deflated = zlib.compress(value, 1)
    form, body = (_DEFLATED, deflated) if len(deflated) < 0.9 * len(value) else (_PLAIN, value)
    return _HEAD.pack(form, zlib.crc32(body)) + body


def _unpack(packed: Any) -> bytes | None:
    """Return the value, or None where it is not as it was written."""
    if not isinstance(packed, bytes) or len(packed) < _HEAD.size:
        return None
    form, check = _HEAD.unpack_from(packed)
    body = packed[_HEAD.size :]
    if zlib.crc32(body) != check:
        return None
    return zlib.decompress(body) if form == _DEFLATED else body
