"""Fetching one address: politely, with retries, and with limits on everything that a server can draw out."""

from __future__ import annotations

import asyncio
import ipaddress
import random
import socket
import ssl
import time
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies

from weaklabel.collect.blobs import HTML, PDF, TEXT
from weaklabel.collect.web.pages import Page, PageCache, kept_headers, robots_path
from weaklabel.collect.web.robots import (
    MOST_BYTES,
    NO_ROBOTS,
    Robots,
    read_robots,
    says_there_is_none,
    without_robots,
)
from weaklabel.errors import visible

if TYPE_CHECKING:
    import httpx

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 10
MAX_ROBOTS_REDIRECTS = 5

MAX_UNANSWERED = 5
"""Pages of a host in a row that are not answered, in spite of all tries; the rest is not asked for."""

RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers that a later try may better."""

TEXT_TYPES = {
    "text/html": HTML,
    "application/xhtml+xml": HTML,
    "text/plain": TEXT,
    "text/markdown": TEXT,
    "text/x-markdown": TEXT,
    "application/pdf": PDF,
}
"""Kinds of documents by content type; an answer without a type is judged by its content."""

READ_BYTES = 1 << 16


@dataclass(frozen=True)
class FetchSettings:
    """How pages are fetched.

    Attributes
    ----------
    user_agent
        Header of that name in every request.
    delay
        Seconds between the end of a request to a host and the next one; a longer Crawl-delay of its robots.txt counts.
    timeout
        Seconds to wait for a connection, and for the next bytes of an answer.
    longest
        Seconds that a whole answer may take.
    tries
        How often an address is asked for when the server fails or is busy.
    backoff
        Seconds before the second try; doubled for each later one.
    longest_wait
        Seconds that are waited at most when a server says when to come back (Retry-After).
    at_once
        Requests under way at the same time, to different hosts.
    max_bytes
        Of a page, decompressed; longer ones are rejected.
    max_age
        Seconds for which a page of an earlier run is used without asking its server.
    """

    user_agent: str
    delay: float = 1.0
    timeout: float = 30.0
    longest: float = 300.0
    tries: int = 4
    backoff: float = 2.0
    longest_wait: float = 120.0
    at_once: int = 16
    max_bytes: int = 20_000_000
    max_age: float = 86_400.0


class Refused(Exception):
    """There is no page; the rule and the reason are those of a reject."""

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(reason)
        self.rule = rule
        self.reason: str = visible(reason)


class _Fault(Exception):
    """A try failed, and another may not."""

    def __init__(self, rule: str, reason: str, status: int = 0, wait: float | None = None) -> None:
        super().__init__(reason)
        self.rule = rule
        self.reason = reason
        self.status = status
        self.wait = wait


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


class Pace:
    """When a host may be asked next; one request at a time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.lock = asyncio.Lock()
        self.next: float = 0.0

    def wait(self) -> float:
        """Return the seconds until the host may be asked."""
        return max(0.0, self.next - self.clock())

    def postpone(self, seconds: float) -> None:
        """Let the host rest for so long from now on, if not longer."""
        self.next = max(self.next, self.clock() + seconds)


class Fetcher:
    """Fetches addresses; one for a whole list, so that each host is asked at its pace, and for its robots.txt once.

    Parameters
    ----------
    client
        Sends the requests, except for those to an address that was checked.
    new_client
        Makes another client.
    settings
        How to fetch.
    folder
        Keeps the robots.txt of hosts as long as the job lasts.
    cache
        Keeps what was fetched between runs.
    sleep
        Waits for some seconds.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        new_client: Callable[[], httpx.AsyncClient],
        settings: FetchSettings,
        folder: Path,
        cache: PageCache,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.client = client
        self._new_client = new_client
        self.settings = settings
        self.folder = folder
        self.cache = cache
        self._sleep = sleep
        self._slots = asyncio.Semaphore(settings.at_once)
        self._paces: dict[str, Pace] = {}
        self._robots: dict[str, asyncio.Task[Robots]] = {}
        self._unanswered: Counter[str] = Counter()
        self._proxied = not {"http", "https", "all"}.isdisjoint(getproxies())

    async def fetch(self, url: httpx.URL, earlier: Page | None = None) -> Page:
        """Fetch an address, through redirects; an ``earlier`` page is given back if it has not changed since.

        Whatever goes wrong is a page with a reason.
        """
        try:
            return await self._fetch(url, earlier)
        except Refused as refusal:
            return Page(shown(url), rule=refusal.rule, reason=refusal.reason, fetched=time.time())

    async def _fetch(self, url: httpx.URL, earlier: Page | None) -> Page:
        target, seen = url, {str(url)}
        for _ in range(MAX_REDIRECTS + 1):
            self._check_that_it_lives(target)
            await self._address(url, target)
            robots = await self.robots(url, target)
            against = robots.reason_against(str(target.copy_with(userinfo=b"")))
            if against:
                raise Refused("robots", f"{_led_to(url, target)}{against}")
            conditions = _conditions(earlier) if earlier is not None and shown(target) == earlier.final_url else {}
            try:
                answer = await self._ask(url, target, robots.delay, conditions, check=check_type)
                self._unanswered[origin_of(target)] = 0
            except _Fault as fault:
                self._unanswered[origin_of(target)] += not fault.status
                raise Refused(fault.rule, f"{_led_to(url, target)}{fault.reason}") from None
            if answer.status == 304 and earlier is not None:
                return Page(
                    shown(url), "", earlier.final_url, headers=earlier.headers | kept_headers(answer.headers),
                    fetched=time.time(), body=earlier.body,
                )  # fmt: skip
            if answer.status not in REDIRECTS:
                return Page(
                    shown(url),
                    "",
                    shown(target),
                    headers=kept_headers(answer.headers),
                    fetched=time.time(),
                    body=answer.body,
                )
            target = self._redirected(target, answer)
            if str(target) in seen:
                raise Refused("fetch", f"its redirects form a loop, which comes back to {shown(target)}")
            seen.add(str(target))
        raise Refused("fetch", f"it redirects more than {MAX_REDIRECTS} times")

    def _check_that_it_lives(self, target: httpx.URL) -> None:
        """Refuse pages of a host that no longer answers, so that a long list does not wait for each of them."""
        if self._unanswered[origin_of(target)] >= MAX_UNANSWERED:
            raise Refused("fetch", f"its host did not answer for the last {MAX_UNANSWERED} pages")

    async def robots(self, first: httpx.URL, url: httpx.URL) -> Robots:
        """Return the rules of the host of an address, to which ``first`` led; it is asked for them once."""
        origin = origin_of(url)
        if origin not in self._robots:
            self._robots[origin] = asyncio.create_task(self._ask_for_robots(first, url))
        # One of those who wait for it may be cancelled, but not the others.
        return await asyncio.shield(self._robots[origin])

    async def _ask_for_robots(self, first: httpx.URL, url: httpx.URL) -> Robots:
        name = f"robots:{origin_of(url)}"
        path = robots_path(self.folder, name)
        page = Page.load(path)
        if page is None:
            page = self.cache.get(name)
            if page is None or not 0 <= time.time() - page.fetched < self.settings.max_age:
                page = await self._fetch_robots(first, url.copy_with(raw_path=b"/robots.txt", fragment=None))
            page.save(path)
            self.cache.put(name, page, path)
        if page.rule:
            return without_robots(page.rule, page.reason)
        return read_robots(page.body.decode("utf-8-sig", "replace"), self.settings.user_agent)

    async def _fetch_robots(self, first: httpx.URL, url: httpx.URL) -> Page:
        """Fetch a robots.txt; where it cannot be had, the rule of the page says whether there is none."""
        target, page = url, Page(shown(url), fetched=time.time())
        try:
            for _ in range(MAX_ROBOTS_REDIRECTS + 1):
                answer = await self._ask(first, target, 0.0, {}, most=MOST_BYTES, cut=True)
                if answer.status not in REDIRECTS:
                    return replace(page, headers=kept_headers(answer.headers), body=answer.body)
                target = self._redirected(target, answer)
        except _Fault as fault:
            return replace(
                page, rule=NO_ROBOTS if says_there_is_none(fault.status) else fault.rule, reason=fault.reason
            )
        except Refused as refusal:
            return replace(page, rule=refusal.rule, reason=refusal.reason)
        return replace(page, rule=NO_ROBOTS, reason="too many redirects")

    def _redirected(self, target: httpx.URL, answer: _Answer) -> httpx.URL:
        """Return where an answer leads."""
        import httpx

        location = answer.headers.get("location", "")
        try:
            following = target.join(location)
            if not location or following.scheme not in ("http", "https") or not following.host:
                raise httpx.InvalidURL("not an address of the web")
        except (httpx.InvalidURL, UnicodeError, ValueError):
            raise Refused(
                "fetch", f"it redirects to {location[:200]!r}, which is not an http or https address"
            ) from None
        return following.copy_with(fragment=None)

    async def _ask(
        self,
        first: httpx.URL,
        url: httpx.URL,
        delay: float,
        conditions: Mapping[str, str],
        *,
        check: Callable[[Mapping[str, str]], None] | None = None,
        most: int | None = None,
        cut: bool = False,
    ) -> _Answer:
        """Ask for an address until there is an answer, a redirect among them, or all tries have failed."""
        address = await self._address(first, url)
        tries, pace = self.settings.tries, self._paces.setdefault(origin_of(url), Pace())
        jitter = random.Random(str(url))
        fault = _Fault("fetch", "it was not asked for")
        for number in range(1, tries + 1):
            async with self._turn(pace, max(self.settings.delay, delay)):
                try:
                    async with asyncio.timeout(self.settings.longest):
                        return await self._once(url, address, conditions, check, most or self.settings.max_bytes, cut)
                except TimeoutError:
                    fault = _Fault("time", f"its answer takes longer than {self.settings.longest:g} s")
                except _Fault as raised:
                    fault = raised
                if fault.status and fault.status not in RETRIED:
                    raise fault
                if fault.wait is not None and fault.wait > self.settings.longest_wait:
                    asked = f"{fault.reason} and asks to come back after {fault.wait:,.0f} s"
                    raise _Fault(fault.rule, asked, fault.status)
                if fault.wait is not None:
                    pace.postpone(fault.wait)  # others who want something of this host wait, too
                elif number < tries:
                    pace.postpone(self.settings.backoff * 2 ** (number - 1) * jitter.uniform(1, 1.25))
        tried = f", tried {tries} times" if tries > 1 else ""
        raise _Fault(fault.rule, f"{fault.reason}{tried}", fault.status)

    @asynccontextmanager
    async def _turn(self, pace: Pace, delay: float) -> AsyncIterator[None]:
        """Wait until a host may be asked; it then rests for ``delay`` seconds."""
        async with pace.lock:
            while (wait := pace.wait()) > 0:
                await self._sleep(wait)
            async with self._slots:
                try:
                    yield
                finally:
                    pace.postpone(delay)

    async def _once(
        self,
        url: httpx.URL,
        address: str | None,
        conditions: Mapping[str, str],
        check: Callable[[Mapping[str, str]], None] | None,
        most: int,
        cut: bool,
    ) -> _Answer:
        import httpx

        headers = {"Accept-Encoding": "gzip", **conditions}
        extensions: dict[str, Any] = {}
        place = url
        if address is not None:
            headers["Host"] = url.netloc.decode("ascii")
            extensions["sni_hostname"] = url.host
            place = url.copy_with(host=address)
        try:
            async with (
                self._client_for(address) as client,
                client.stream("GET", place, headers=headers, extensions=extensions, follow_redirects=False) as response,
            ):
                status = response.status_code
                if status in REDIRECTS or (status == 304 and conditions):
                    return _Answer(status, response.headers, b"")
                if status != 200:
                    raise _Fault(
                        "fetch", f"the server answers with {_status(response)}", status, retry_after(response.headers)
                    )
                if check is not None:
                    check(response.headers)
                return _Answer(status, response.headers, await read_body(response, most, cut))
        except httpx.TimeoutException as error:
            what = "cannot connect" if isinstance(error, httpx.ConnectTimeout) else "no answer"
            raise _Fault("time", f"{what} within {self.settings.timeout:g} s") from None
        except httpx.RemoteProtocolError as error:
            if "location header" in str(error):
                raise Refused("fetch", "it redirects to what is not an http or https address") from None
            raise _Fault("cut", f"the answer breaks off or is not HTTP: {_first_line(error)}") from None
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError, UnicodeError) as error:
            raise _Fault("fetch", f"cannot connect: {_first_line(error)}") from None

    @asynccontextmanager
    async def _client_for(self, address: str | None) -> AsyncIterator[httpx.AsyncClient]:
        """Give a client; for a certain address one of its own.

        A client keeps connections by address, and one whose certificate was checked for another name of that address, as
        with hosts that share a server, must not be used.
        """
        if address is None:
            yield self.client
        else:
            async with self._new_client() as client:
                yield client

    async def _address(self, first: httpx.URL, url: httpx.URL) -> str | None:
        """Return the only address to connect to after a redirect, so that it is the one that was checked.

        None where any will do: on the host of the list, from a private network, and behind a proxy, which connects itself.

        Raises
        ------
        Refused
            The redirect leads from the internet into a private network.
        """
        if url.host == first.host:
            return None
        addresses = await addresses_of(url)
        if all(_is_global(address) for address in addresses):
            # IPv4 first: with one address there is no second try by the other protocol.
            return None if self._proxied else next(iter(sorted(addresses, key=lambda each: ":" in each)), None)
        if not all(_is_global(address) for address in await addresses_of(first)):
            return None
        raise Refused("fetch", f"it redirects to {shown(url)}, which is an address of a private network")


async def read_body(response: httpx.Response, most: int, cut: bool = False) -> bytes:
    """Read an answer, at most ``most`` bytes of it when decompressed; ``cut``: the rest is ignored, else it is refused."""
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise Refused("fetch", f"its answer is encoded as {encoding[:40]!r}, which was not asked for")
    unpacker = Gunzip() if encoding.endswith("gzip") else None
    body = bytearray()
    async for raw in response.aiter_raw(READ_BYTES):
        try:
            body += raw if unpacker is None else unpacker.feed(raw, most + 1 - len(body))
        except zlib.error as error:
            raise _Fault("broken", f"its answer is not valid gzip: {error}") from None
        if len(body) > most:
            if cut:
                return bytes(body[:most])
            raise Refused("size", f"it is larger than {most / 1e6:g} MB")
    if unpacker is not None and not unpacker.is_whole:
        raise _Fault("cut", "its compressed answer breaks off")
    return bytes(body)


class Gunzip:
    """Decompresses gzip as it comes, no further than asked: a small answer may unpack to more than memory holds."""

    def __init__(self) -> None:
        self._unpacker = zlib.decompressobj(31)
        self._has_begun = False

    @property
    def is_whole(self) -> bool:
        """Whether the last member has ended, or there is none."""
        return self._unpacker.eof or not self._has_begun

    def feed(self, data: bytes, most: int) -> bytes:
        """Return what some bytes decompress to, at most ``most`` bytes of it."""
        out = bytearray()
        while data and len(out) < most:
            if self._unpacker.eof:
                self._unpacker = zlib.decompressobj(31)
            self._has_begun = True
            out += self._unpacker.decompress(data, most - len(out))
            data = self._unpacker.unused_data if self._unpacker.eof else self._unpacker.unconsumed_tail
        return bytes(out)


def check_type(headers: Mapping[str, str]) -> None:
    """Refuse an answer, before it is read, whose content type has no text that is read."""
    kind = media_type(headers.get("content-type", ""))
    if kind and kind not in TEXT_TYPES:
        raise Refused("binary", f"its content type is {kind[:80]!r}; HTML, plain text, Markdown and PDF are read")


def media_type(content_type: str) -> str:
    """Return a content type without its parameters.

    Examples
    --------
    >>> media_type("Text/HTML; charset=utf-8")
    'text/html'
    """
    return content_type.split(";")[0].strip().lower()


def retry_after(headers: Mapping[str, str], now: Callable[[], float] = time.time) -> float | None:
    """Return the seconds after which a server wants to be asked again: a number, or a date.

    Examples
    --------
    >>> retry_after({"retry-after": "120"}), retry_after({"retry-after": "soon"})
    (120.0, None)
    >>> retry_after({"retry-after": "Thu, 01 Jan 1970 00:01:00 GMT"}, now=lambda: 50.0)
    10.0
    """
    given = headers.get("retry-after", "").strip()
    if given.isascii() and given.isdigit() and len(given) < 10:
        return float(given)
    try:
        return max(0.0, parsedate_to_datetime(given).timestamp() - now())
    except (ValueError, TypeError, IndexError, OverflowError, OSError):
        return None


async def addresses_of(url: httpx.URL) -> list[str]:
    """Return the addresses of a host; none if its name cannot be resolved."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(url.host, url.port or 80, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [str(entry[4][0]) for entry in found]


def _is_global(address: str) -> bool:
    number = ipaddress.ip_address(address.split("%")[0])
    mapped = getattr(number, "ipv4_mapped", None) or getattr(number, "sixtofour", None)
    return (mapped or number).is_global and not number.is_multicast


def origin_of(url: httpx.URL) -> str:
    """Return scheme, host and port of an address: what one robots.txt is for."""
    return f"{url.scheme}://{url.netloc.decode('ascii')}"


def shown(url: httpx.URL) -> str:
    """Return an address without user name and password."""
    return str(url.copy_with(userinfo=b""))


def _conditions(earlier: Page) -> dict[str, str]:
    names = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
    return {header: earlier.headers[name] for name, header in names.items() if name in earlier.headers}


def _led_to(url: httpx.URL, target: httpx.URL) -> str:
    return "" if target == url else f"it redirects to {shown(target)}: "


def _status(response: httpx.Response) -> str:
    phrase = response.reason_phrase
    return f"{response.status_code} {phrase[:80]}" if phrase else str(response.status_code)


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)[:200]
