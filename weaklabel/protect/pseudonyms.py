"""Consistent pseudonyms: a keyed hash stands for a value, and the key is kept where only its owner can read it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from weaklabel.errors import ConfigError

KEY_VARIABLE = "WEAKLABEL_PROTECT_KEY"
"""Environment variable with the key, unless a file is named."""

LEAST_KEY = 16
"""Bytes that a key has at least."""

LENGTH = 12
"""Characters of a pseudonym, of 5 bits each: two of a million different values have the same with probability 4e-7."""


def pseudonym(key: bytes, kind: str, value: str) -> str:
    """Return what stands for a value of a type: the same for the same key, and no way back without it.

    HMAC-SHA256 (RFC 2104), cut to 60 bits.

    Examples
    --------
    >>> pseudonym(b"0123456789abcdef", "email", "a@example.org")
    'cprvqioq7ai2'
    """
    digest = hmac.digest(key, f"{kind}\0{value}".encode("utf-8", "surrogatepass"), hashlib.sha256)
    return base64.b32encode(digest)[:LENGTH].decode().lower()


def key_identity(key: bytes) -> str:
    """Return what tells one key from another, and may be written down: it says no more of the key than any pseudonym."""
    return pseudonym(key, "", "weaklabel protect")


def load_key(file: Path | None = None) -> bytes:
    """Return the key for pseudonyms.

    Parameters
    ----------
    file
        A file with the key, which is made with a random one if it is missing; None takes the environment variable.

    Raises
    ------
    ConfigError
        There is no key, it is too short, or others may read its file.
    """
    if file is None:
        key = os.environ.get(KEY_VARIABLE, "").encode()
        if not key:
            raise ConfigError(
                f"pseudonyms need a key: set the environment variable {KEY_VARIABLE} to {LEAST_KEY} or more random "
                "characters, or name a key file, which is made if it is missing (key_file, --key-file)"
            )
        place = f"the environment variable {KEY_VARIABLE}"
    else:
        key, place = _key_in(file), f"the key file {file}"
    if len(key) < LEAST_KEY:
        raise ConfigError(f"{place} holds a key of {len(key)} bytes: it must have at least {LEAST_KEY}")
    return key


def _key_in(file: Path) -> bytes:
    try:
        if not file.exists():
            _make_key(file)
        mode = file.stat().st_mode
        if not stat.S_ISREG(mode):
            raise ConfigError(f"the key file {file} is not a regular file; name another")
        if os.name == "posix" and mode & 0o077:
            raise ConfigError(f"others may read the key file {file}: chmod 600 {file}")
        return file.read_bytes().strip()
    except OSError as error:
        raise ConfigError(f"cannot read or make the key file {file}: {error.strerror or error}") from None


def _make_key(file: Path) -> None:
    """Make a key file as a whole, once: of two processes that do so at the same time, the first wins."""
    part = file.with_name(f".{file.name}.{uuid4().hex[:12]}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(secrets.token_hex(32).encode() + b"\n")
            handle.flush()
            os.fsync(handle.fileno())
        with suppress(FileExistsError):
            os.link(part, file)
    finally:
        part.unlink()
