"""Downloading a list of addresses: hosts side by side, each at its own pace, and nothing is asked for twice."""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, replace
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any

from weaklabel.collect.web.fetch import TEXT_TYPES, Fetcher, FetchSettings, origin_of, shown
from weaklabel.collect.web.pages import Page, PageCache, page_path
from weaklabel.errors import require
from weaklabel.support.progress import Stage, stage

if TYPE_CHECKING:
    import httpx

EXTRA = "weaklabel[raw]"

MAX_HOSTS = 1_000
"""Hosts that are visited at the same time: most of them rest between two requests."""


@dataclass(frozen=True)
class Address:
    """A line of a list.

    Attributes
    ----------
    line
        As it was written.
    place
        Where it is on the list, such as "list.txt, line 3"; "" if it was given by itself.
    """

    line: str
    place: str


def download(addresses: Sequence[Address], folder: Path, settings: FetchSettings) -> None:
    """Fetch all pages of a list that are not in ``folder`` yet, each into its file there (`page_path`).

    Every address gets a file: with its page, or with the reason why there is none.

    Raises
    ------
    WeakLabelError
        The folder cannot be written to.
    MissingPackageError
        httpx or protego is not installed.
    """
    require("httpx", EXTRA, "fetching pages")
    require("protego", EXTRA, "obeying robots.txt")
    first: dict[str, Address] = {}
    by_origin: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    cache = PageCache()
    with stage("fetching pages", len(addresses), "pages") as progress:
        for index, address in enumerate(addresses):
            page = _without_asking(address, first)
            if Page.load(page_path(folder, index), with_body=False) is not None:
                progress.skip(1)
            elif isinstance(page, Page):
                page.save(page_path(folder, index))
                progress.advance()
            else:
                by_origin[origin_of(page)].append((index, str(page)))
        cache.shrink(first)
        if by_origin:
            _run(lambda: _download(by_origin, addresses, folder, settings, cache, progress))


def _without_asking(address: Address, first: dict[str, Address]) -> Page | httpx.URL:
    """Return the address to ask, or the page with a reason where that is of no use."""
    import httpx

    try:
        url = httpx.URL(address.line).copy_with(fragment=None)
        if url.scheme not in ("http", "https") or not url.host or not (url.port is None or url.port < 2**16):
            raise httpx.InvalidURL("not an address of the web")
        url.host.encode("idna")
    except (httpx.InvalidURL, UnicodeError, ValueError, TypeError):
        return Page(shown_line(address.line), address.place, rule="fetch", reason="it is not an http or https address")
    before = first.setdefault(str(url), address)
    if before is not address:
        at = f", at {before.place}" if before.place else ""
        return Page(shown(url), address.place, rule="listed", reason=f"it is on the list before{at}")
    return url


def shown_line(line: str) -> str:
    """Return a line of a list without user name and password, even if it is no address.

    Examples
    --------
    >>> shown_line("https://ann:secret@example.org/a?b@c"), shown_line("ann@example.org")
    ('https://example.org/a?b@c', 'ann@example.org')
    """
    scheme, separator, rest = line.partition("://")
    if not separator:
        return line
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}"


async def _download(
    by_origin: dict[str, list[tuple[int, str]]],
    addresses: Sequence[Address],
    folder: Path,
    settings: FetchSettings,
    cache: PageCache,
    progress: Stage,
) -> None:
    import httpx

    certificates = httpx.create_ssl_context()

    def new_client() -> httpx.AsyncClient:
        client = httpx.AsyncClient(
            headers={"User-Agent": settings.user_agent, "Accept": ", ".join([*TEXT_TYPES, "*/*;q=0.1"])},
            timeout=settings.timeout,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=settings.at_once),
            verify=certificates,
        )
        client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        return client

    async with new_client() as client:
        fetcher = Fetcher(client, new_client, settings, folder, cache)

        async def visit(pages: Iterable[tuple[int, str]]) -> None:
            for index, url in pages:
                path = page_path(folder, index)
                earlier = cache.get(url)
                if earlier is not None and len(earlier.body) > settings.max_bytes:
                    earlier = None  # more was allowed when it was fetched
                if earlier is None or not 0 <= time() - earlier.fetched < settings.max_age:
                    parsed = httpx.URL(url)
                    page = await fetcher.fetch(parsed, earlier)
                    replace(page, place=addresses[index].place).save(path)
                    if not parsed.userinfo:
                        cache.put(url, page, path)
                else:
                    replace(earlier, place=addresses[index].place).save(path)
                progress.advance()

        hosts = iter(by_origin.values())

        async def visit_hosts() -> None:
            for pages in hosts:
                await visit(pages)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(len(by_origin), MAX_HOSTS)):
                group.create_task(visit_hosts())


def _run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine to its end; in a thread of its own where this one has a loop, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        _run_here(work)
        return
    raised: list[BaseException] = []
    runner = asyncio.Runner()
    task: list[asyncio.Task[None]] = []

    async def cancellable() -> None:
        task.append(asyncio.create_task(work()))
        await task[0]

    def run() -> None:
        try:
            with runner:
                _run_here(cancellable, runner)
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run, name="weaklabel-download", daemon=True)
    thread.start()
    try:
        thread.join()
    except BaseException:
        if task:
            runner.get_loop().call_soon_threadsafe(task[0].cancel)
        thread.join()
        raise
    if raised:
        raise raised[0]


def _run_here(work: Callable[[], Coroutine[Any, Any, None]], runner: asyncio.Runner | None = None) -> None:
    try:
        (asyncio.run if runner is None else runner.run)(work())
    except BaseExceptionGroup as group:
        # One host's error ends the work of all; those of the others say the same.
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from None
