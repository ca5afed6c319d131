"""Pages as files: what a server answered, or why there is no page; and the pages that are kept between runs."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from weaklabel.errors import WeakLabelError
from weaklabel.support.cache import cache_folder, size_limit
from weaklabel.support.hashing import blake_of_bytes

PER_FOLDER = 1000
"""Files in one folder."""

_SUFFIX = ".page"


@dataclass(frozen=True)
class Page:
    """What became of an address.

    Attributes
    ----------
    url
        As it is on the list, without a password.
    place
        Where it is on the list, such as "line 3".
    final_url
        Where redirects led.
    rule, reason
        Why there is no page, as of `weaklabel.collect.source.Rejected`; "" where there is one.
    headers
        Those of the answer that are used: content-type, etag, last-modified, cache-control.
    fetched
        Seconds since 1970.
    body
        Its bytes, decompressed.
    """

    url: str
    place: str = ""
    final_url: str = ""
    rule: str = ""
    reason: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    fetched: float = 0.0
    body: bytes = b""

    def save(self, path: Path) -> None:
        """Write it to a file: a line of JSON, then the compressed body."""
        packed = zlib.compress(self.body, 1)
        head = asdict(replace(self, body=b"")) | {"size": len(packed), "crc": zlib.crc32(packed)}
        del head["body"]
        part = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Not `atomic_path`: it waits for the disk, and a page that a crash damages is seen, and fetched again.
            part.write_bytes(json.dumps(head).encode() + b"\n" + packed)
            part.replace(path)
        except OSError as error:
            raise WeakLabelError(f"cannot write {path}: {error.strerror or error}") from None

    @classmethod
    def load(cls, path: Path, with_body: bool = True) -> Self | None:
        """Return what `save` wrote; None where there is no such file, or it is damaged."""
        try:
            with path.open("rb") as handle:
                head = json.loads(handle.readline())
                size, crc = head.pop("size"), head.pop("crc")
                if not with_body:
                    return cls(**head) if os.fstat(handle.fileno()).st_size == handle.tell() + size else None
                packed = handle.read()
            if len(packed) != size or zlib.crc32(packed) != crc:
                return None
            return cls(**head, body=zlib.decompress(packed))
        except (OSError, ValueError, TypeError, KeyError, AttributeError, zlib.error):
            return None


def page_path(folder: Path, index: int) -> Path:
    """Return where the page of the address at ``index`` of the list is kept."""
    return folder / f"{index // PER_FOLDER:06}" / f"{index:09}{_SUFFIX}"


def robots_path(folder: Path, name: str) -> Path:
    """Return where the robots.txt of a host is kept."""
    return folder / "robots" / f"{blake_of_bytes(name.encode())}{_SUFFIX}"


class PageCache:
    """Pages that are kept between runs, in the folder of weaklabel's caches; nothing where that is off.

    Pages whose address holds a password, and those whose server asks for it, are not kept.
    """

    def __init__(self) -> None:
        caches = cache_folder()
        self.folder: Path | None = None if caches is None else caches / "pages"

    def get(self, url: str) -> Page | None:
        """Return the page that was fetched last from an address."""
        return None if self.folder is None else Page.load(self._path(self.folder, url))

    def put(self, url: str, page: Page, saved: Path) -> None:
        """Keep a page that is saved in a file, without a second copy of it where the disk allows that."""
        if self.folder is None or page.rule or "no-store" in page.headers.get("cache-control", "").lower():
            return
        path = self._path(self.folder, url)
        # A cache that cannot be written to costs time in the next run, and nothing in this one.
        with suppress(OSError):
            if not self.folder.exists():
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.parent.mkdir(exist_ok=True)
            link = path.with_name(f".{path.name}.{os.getpid()}")
            try:
                os.link(saved, link)
            except OSError:
                link.write_bytes(saved.read_bytes())
            link.replace(path)

    def shrink(self, needed: Iterable[str]) -> None:
        """Remove the pages that were fetched longest ago until the rest fits, but none of those that are needed now."""
        if self.folder is None or not self.folder.is_dir():
            return
        kept = {self._path(self.folder, url) for url in needed}
        files: list[tuple[float, int, Path]] = []
        with suppress(OSError):
            for path in self.folder.rglob("*"):
                if path.is_file():
                    status = path.stat()
                    files.append((status.st_mtime, status.st_size, path))
            excess = sum(size for _, size, _ in files) - size_limit()
            for _, size, path in sorted(files, key=lambda entry: entry[:2]):
                if excess <= 0:
                    break
                if path not in kept:
                    path.unlink(missing_ok=True)
                    excess -= size

    @staticmethod
    def _path(folder: Path, url: str) -> Path:
        name = blake_of_bytes(url.encode("utf-8", "surrogatepass"))
        return folder / name[:2] / f"{name}{_SUFFIX}"


def kept_headers(headers: Any) -> dict[str, str]:
    """Return the headers of an answer that are kept with a page."""
    names = ("content-type", "etag", "last-modified", "cache-control")
    return {name: headers[name] for name in names if name in headers}
