"""Pages of the web as a source of documents: downloaded once, in one process, and read from there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, ClassVar, Self

from weaklabel import __version__
from weaklabel.collect.blobs import BINARY, HTML, PDF, TEXT, Blob, kind_by_content
from weaklabel.collect.decoding import Unreadable
from weaklabel.collect.prepared import keep_if_same
from weaklabel.collect.reading import read_document, rejected
from weaklabel.collect.source import Document, DocumentSource, Item, Rejected
from weaklabel.collect.times import utc
from weaklabel.collect.web.download import Address, download, shown_line
from weaklabel.collect.web.fetch import TEXT_TYPES, FetchSettings, media_type
from weaklabel.collect.web.pages import Page, page_path
from weaklabel.config import CollectSettings
from weaklabel.errors import CorpusError
from weaklabel.support.encodings import NotUtf8, utf8
from weaklabel.support.files import write_json
from weaklabel.support.hashing import sha256_of_text

LIST = "urls"
"""The scheme of a file with a list of addresses."""

MOST_NAMES = 3
"""Lists and addresses that are spelled out in the name of a source."""

PER_ITEM = 50
"""Pages that are read as one item."""

USER_AGENT = f"weaklabel/{__version__}"

_COUNT = "count.json"
_ONE_BYTE = ("iso-8859-1", "latin-1", "latin1", "windows-1252", "cp1252", "us-ascii", "ascii")


@dataclass(frozen=True)
class WebSource(DocumentSource):
    """Pages from lists of addresses, and single pages.

    Parameters
    ----------
    specs
        ``urls:FILE``, a file with an address in each line, where empty lines and those that begin with ``#`` are left out;
        or the address of one page. All together are one list, so that each host is asked at its pace.
    collecting
        How pages are fetched and read.
    """

    specs: tuple[str, ...] = field(repr=False)
    collecting: CollectSettings

    schemes: ClassVar[tuple[str, ...]] = ("http", "https", LIST)

    @classmethod
    def open(cls, spec: str, settings: CollectSettings) -> Self:
        """Make the source; see `DocumentSource`.

        Raises
        ------
        CorpusError
            The file with the list cannot be read, or has no address.
        """
        # Without the sources, since their passwords have no business in workers and messages.
        source = cls((spec,), settings.model_copy(update={"sources": [shown_line(spec)]}))
        if not source.addresses():
            raise CorpusError(
                f"{source.name}: there is no address in it; write one a line, such as https://example.org/"
            )
        return source

    def joined(self, other: DocumentSource) -> DocumentSource | None:
        """Return the pages of both as one list."""
        return replace(self, specs=self.specs + other.specs) if isinstance(other, WebSource) else None

    @property
    def name(self) -> str:  # type: ignore[override]
        """The files with lists, and the addresses without their passwords."""
        named = [shown_line(spec) if _list_of(spec) is None else str(_list_of(spec)) for spec in self.specs]
        return ", ".join(named[:MOST_NAMES]) + (
            f" and {len(named) - MOST_NAMES} more" if len(named) > MOST_NAMES else ""
        )

    def settings(self) -> dict[str, Any]:
        """Return what decides which pages there are."""
        lines = "\n".join(shown_line(address.line) for address in self.addresses())
        asked = {"user_agent": self.fetching().user_agent, "max_mb": self.collecting.web_max_mb}
        return {"addresses": sha256_of_text(lines)} | asked

    def files(self) -> Iterable[Path]:
        """Return the files with lists."""
        return [path for path in map(_list_of, self.specs) if path is not None]

    def addresses(self) -> list[Address]:
        """Return the addresses of all lists, in their order.

        Raises
        ------
        CorpusError
            A file cannot be read, or is not UTF-8.
        """
        return [address for spec in self.specs for address in _addresses(spec)]

    def fetching(self) -> FetchSettings:
        """Return how pages are fetched."""
        given = self.collecting
        return FetchSettings(
            user_agent=given.web_user_agent or USER_AGENT,
            delay=given.web_delay,
            timeout=given.web_timeout,
            longest=10 * given.web_timeout,
            tries=given.web_tries,
            at_once=given.web_at_once,
            max_bytes=int(given.web_max_mb * 1_000_000),
            max_age=given.web_max_age * 3600,
        )

    def prepare(self, folder: Path) -> None:
        """Fetch all pages that are not there yet."""
        keep_if_same(folder, [self.name, self.settings()])
        addresses = self.addresses()
        download(addresses, folder, self.fetching())
        write_json(folder / _COUNT, len(addresses))

    def items(self, folder: Path) -> Iterator[Item | Rejected]:
        """Give the pages, some at a time, in the order of the list; before `prepare`, an item for each address."""
        if not (folder / _COUNT).exists():
            yield from (Item(f"{number}", kind="page") for number, _ in enumerate(self.addresses(), 1))
            return
        n = json.loads((folder / _COUNT).read_text(encoding="utf-8"))
        for start in range(0, n, PER_ITEM):
            stop = min(n, start + PER_ITEM)
            heads = [self._page(folder, index, with_body=False) for index in range(start, stop)]
            # When a page was fetched makes no difference to what it says.
            identity = sha256_of_text(repr([replace(head, fetched=0) for head in heads]))
            sizes = sum(page_path(folder, index).stat().st_size for index in range(start, stop))
            yield Item(f"{start + 1} to {stop}", identity, "page", sizes, [start, stop])

    def read(self, item: Item, folder: Path) -> Iterator[Document | Rejected]:
        """Read some pages."""
        for index in range(*item.where):
            page = self._page(folder, index)
            if page.rule:
                yield Rejected(page.url, page.place, page.rule, page.reason)
                continue
            blob = as_blob(page)
            try:
                yield read_document(blob, page.body, self.collecting)
            except Unreadable as unreadable:
                yield rejected(blob, unreadable)

    def _page(self, folder: Path, index: int, with_body: bool = True) -> Page:
        page = Page.load(page_path(folder, index), with_body)
        if page is None:
            raise CorpusError(
                f"the page in {page_path(folder, index)} is damaged; give the same command again to fetch it again"
            )
        return page


def _list_of(spec: str) -> Path | None:
    """Return the file with a list; None if the specification is an address."""
    scheme, _, rest = spec.partition(":")
    return Path(rest) if scheme.lower() == LIST else None


def _addresses(spec: str) -> list[Address]:
    path = _list_of(spec)
    if path is None:
        return [Address(spec, "")]
    try:
        text = utf8(path.read_bytes(), str(path))
    except OSError as error:
        raise CorpusError(f"cannot read the list of addresses {path}: {error.strerror or error}") from None
    except NotUtf8 as error:
        raise CorpusError(str(error)) from None
    lines = enumerate(map(str.strip, text.splitlines()), 1)
    return [Address(line, f"{path}, line {number}") for number, line in lines if line and not line.startswith("#")]


def as_blob(page: Page) -> Blob:
    """Return a page as the bytes of a document of some kind: the one that its server says, else what it looks like."""
    content_type = page.headers.get("content-type", "")
    kind = TEXT_TYPES.get(media_type(content_type))
    if kind is None:
        looks_like = kind_by_content(page.body[:4096])
        kind = looks_like if looks_like in (HTML, PDF, TEXT) else BINARY
    elif page.body.startswith(b"%PDF-"):
        kind = PDF
    charset = None if kind == PDF else charset_of(content_type, page.body)
    return Blob(page.url, kind, page.body, time=_last_modified(page), columns={"url": page.final_url}, charset=charset)


def charset_of(content_type: str, body: bytes) -> str | None:
    """Return the encoding that a server names for a page.

    Many servers say ISO-8859-1 of all they have: what is valid UTF-8 and more than ASCII is UTF-8 all the same.

    Examples
    --------
    >>> charset_of('text/html; charset="GBK"', b""), charset_of("text/html;charset=latin-1", "schön".encode())
    ('GBK', 'utf-8')
    """
    named = None
    for parameter in content_type.split(";")[1:]:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "charset":
            named = value.strip().strip("\"'") or None
    if named is not None and named.lower() in _ONE_BYTE and not body.isascii():
        try:
            body.decode("utf-8")
        except UnicodeDecodeError:
            return named
        return "utf-8"
    return named


def _last_modified(page: Page) -> str | None:
    try:
        return utc(parsedate_to_datetime(page.headers.get("last-modified", "")))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
