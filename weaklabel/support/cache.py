"""What was computed of texts, kept on disk between runs: parsed texts, embeddings, a model's answers.

Everything here can be computed again, so a cache that is damaged, full or read-only costs time and never a run. It
stands in the folder that the environment variable ``WEAKLABEL_CACHE`` names ("off": nowhere), by default in the user's
cache folder, one SQLite file a kind; processes started later inherit the choice. A file keeps to ``WEAKLABEL_CACHE_GIB``
GiB, by default 2; the oldest entries leave first. It holds texts, so only the user can read it.
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
        ``WEAKLABEL_CACHE_GIB`` is no positive number.
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
    """Values by key in one SQLite file; several processes and threads may use it at once.

    Where the file cannot be read or written, that is told once in a process as a `WeakLabelWarning`; from then on
    nothing is found in it and nothing is kept. A damaged value is not found.

    Parameters
    ----------
    path
        The file; it and its folder are made when something is first kept.
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
        self.path = Path(path)
        self.limit = size_limit() if limit is None else limit

    def get_many(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return the values of those keys that have one."""
        found: dict[bytes, bytes] = {}
        if not keys or self.path in _broken:
            return found
        with self._spared(), self._open() as database:
            for begin in range(0, len(keys), _AT_ONCE):
                part = keys[begin : begin + _AT_ONCE]
                query = f"SELECT key, value FROM entries WHERE key IN ({','.join('?' * len(part))})"
                for key, packed in database.execute(query, part):
                    value = _unpack(packed)
                    if value is not None:
                        found[key] = value
        return found

    def put_many(self, values: Mapping[bytes, bytes]) -> None:
        """Keep values; they replace what the keys had."""
        if not values or self.path in _broken:
            return
        with self._spared(), self._open() as database:
            with database:
                database.executemany(
                    "INSERT OR REPLACE INTO entries (key, value) VALUES (?, ?)",
                    ((key, _pack(value)) for key, value in values.items()),
                )
            self._shrink(database)

    @contextmanager
    def _spared(self) -> Iterator[None]:
        """Spare the run an error of the cache: tell it, and leave the file alone from then on."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            _broken.add(self.path)
            warn(
                f"the cache {self.path} cannot be used ({error}), so this run goes on without it; delete the file, or "
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
        """Let the oldest entries go, a tenth more than must, so that not every call has to."""
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
    """What was computed of texts, one value a text: the newest in memory, all of it on disk.

    Parameters
    ----------
    kind
        What the values are; names the file.
    identity
        Whatever the values depend on besides the text: model, parameters, versions. None: not kept on disk.
    encode, decode
        From a value to bytes and back; None from either: not to be kept, or not to be had.
    cost
        Bytes in memory of the value of a text, roughly.
    memory
        Bytes of values kept in memory; the ones used longest ago leave first.
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
        self._near: OrderedDict[str, T] = OrderedDict()

    def get(self, texts: Sequence[str], compute: Callable[[list[str]], Iterable[T]]) -> list[T]:
        """Return the value of every text; ``compute`` gives those, in order, that are not known yet. Length: n."""
        different = list(dict.fromkeys(texts))
        found = {text: self._near[text] for text in different if text in self._near}
        self._add(found, [text for text in different if text not in found], compute)
        self._remember(found)
        return [found[text] for text in texts]

    def _add(self, found: dict[str, T], texts: Sequence[str], compute: Callable[[list[str]], Iterable[T]]) -> None:
        """Add the values of ``texts``, from disk where they are there."""
        folder = cache_folder()
        if not texts:
            return
        if folder is None or self.identity is None:
            found.update(zip(texts, compute(list(texts)), strict=True))
            return
        store = Store(folder / f"{self.kind}.sqlite")
        key_of = dict(zip(texts, text_keys(self.kind, self.identity, texts), strict=True))
        found.update(self._read(store, key_of))
        missing = [text for text in texts if text not in found]
        if missing:
            computed = dict(zip(missing, compute(missing), strict=True))
            found.update(computed)
            encoded = ((key_of[text], self._encode(value)) for text, value in computed.items())
            store.put_many({key: value for key, value in encoded if value is not None})

    def _read(self, store: Store, key_of: Mapping[str, bytes]) -> Iterator[tuple[str, T]]:
        values = store.get_many(list(key_of.values()))
        for text, key in key_of.items():
            value = self._decode(values[key]) if key in values else None
            if value is not None:
                yield text, value

    def _remember(self, found: Mapping[str, T]) -> None:
        for text, value in found.items():
            if text in self._near:
                self._near.move_to_end(text)
            else:
                self._near[text] = value
                self._room -= self._cost(text, value)
        while self._room < 0:
            text, value = self._near.popitem(last=False)
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
