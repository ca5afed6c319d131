"""Hashes of texts, values, files and folders: all that identities, caches and samples are made with.

Two families are in use, and files on disk depend on both: SHA-256 where a hash is written down for users and other tools
(inputs of a run, decisions, jobs), and the faster BLAKE2b for the keys of caches.
"""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def sha256_of_bytes(data: bytes | memoryview) -> str:
    """Return the SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def sha256_of_text(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, in hexadecimal; a lone surrogate is encoded as it is."""
    return sha256_of_bytes(text.encode("utf-8", "surrogatepass"))


def sha256_of_json(value: Any) -> str:
    """Return the SHA-256 of a value as JSON with sorted keys, in hexadecimal."""
    return sha256_of_bytes(json.dumps(value, sort_keys=True).encode())


def sha256_of_parts(parts: Iterable[Any]) -> str:
    """Return the SHA-256 of parts one after the other, in hexadecimal; where one ends and the next begins is not hashed."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def sha256_of_file(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    with Path(path).open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def blake_of_bytes(data: bytes) -> str:
    """Return the BLAKE2b hash of some bytes, in hexadecimal. Length: 64."""
    return hashlib.blake2b(data, digest_size=32).hexdigest()


def hash_parts(parts: Sequence[str | bytes]) -> bytes:
    """Return the BLAKE2b hash of parts; where one ends and the next begins is hashed, too. Length: 32 bytes."""
    digest = hashlib.blake2b(digest_size=32)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.digest()


def hash_path(path: str | os.PathLike[str]) -> str:
    """Return the BLAKE2b hash of a file's content, or of the names and contents of all files in a folder.

    A file that has not changed since it was last hashed in this process, by time and size, is not read again.

    Raises
    ------
    OSError
        There is nothing to read.
    """
    root = Path(path)
    files = sorted(file for file in root.rglob("*") if file.is_file()) if root.is_dir() else [root]
    parts = [(file.relative_to(root).as_posix(), _file_hash(file, *_time_and_size(file))) for file in files]
    return hash_parts([text for part in parts for text in part]).hex()


def hash_texts(texts: Sequence[str], key: bytes) -> list[bytes]:
    """Return the BLAKE2b hash of each text, different for every ``key`` (64 bytes at most). Length: n, of 16 bytes each."""
    return [hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16, key=key).digest() for text in texts]


def sampling_numbers(texts: Iterable[str]) -> NDArray[np.int64]:
    """Return a number for each text by which samples are drawn: the lowest are taken, whatever part a text comes in.

    The number is the CRC-32 of the text. Shape: [n], each from 0 to 2**32 - 1.
    """
    return np.fromiter((zlib.crc32(text.encode("utf-8", "surrogatepass")) for text in texts), dtype=np.int64)


def _time_and_size(file: Path) -> tuple[int, int]:
    status = file.stat()
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=1000)
def _file_hash(file: Path, changed: int, size: int) -> str:
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, lambda: hashlib.blake2b(digest_size=32)).hexdigest()
