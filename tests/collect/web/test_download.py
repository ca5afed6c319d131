"""Downloading a list from a server with faults: every address ends as a page or with a reason, and none is asked twice."""

import asyncio
import gzip
import json
import random
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from tests.collect.database.postgres import free_port
from tests.collect.web.site import (
    Site,
    bomb,
    cut,
    cut_gzip,
    dripping,
    endless,
    html,
    nonsense,
    page,
    redirect,
    serving,
    silent,
    unless_changed,
)
from weaklabel.collect.web import fetch as fetching
from weaklabel.collect.web.download import Address, download
from weaklabel.collect.web.fetch import FetchSettings
from weaklabel.collect.web.pages import Page, page_path
from weaklabel.collect.web.source import as_blob
from weaklabel.support import cache

QUICK = FetchSettings(
    "weaklabel/test", delay=0, timeout=0.5, tries=2, backoff=0.01, longest=1, longest_wait=0.2, max_bytes=200_000
)


@pytest.fixture
def site():
    with serving() as started:
        yield started


@pytest.fixture(autouse=True)
def _own_pages(tmp_path):
    cache.use(tmp_path / "cache")


def fetch(folder, *urls, settings=QUICK):
    """Download addresses, and return their pages."""
    addresses = [Address(url, f"line {number}") for number, url in enumerate(urls, 1)]
    download(addresses, folder, settings)
    pages = [Page.load(page_path(folder, index)) for index in range(len(urls))]
    assert all(pages)
    return pages


def outcome(page):
    return (page.rule, page.reason)


def test_a_page(site: Site, tmp_path):
    site["/a"] = page(200, html("hello"), kind="text/html; charset=utf-8", etag='"1"')
    (got,) = fetch(tmp_path, site.url("/a#part"))
    assert (got.url, got.final_url, got.place, got.rule) == (site.url("/a"), site.url("/a"), "line 1", "")
    assert got.body == html("hello") and got.headers == {"content-type": "text/html; charset=utf-8", "etag": '"1"'}
    assert site.hits[1][2]["User-Agent"] == "weaklabel/test"
    assert [hit[0] for hit in site.hits] == ["/robots.txt", "/a"]


FAULTS = {
    "404": (page(404, reason="Not Found"), "fetch", "the server answers with 404 Not Found", 1),
    "410": (page(410, reason="Gone\t!"), "fetch", "410 Gone\\t!", 1),
    "204": (page(204, reason="No Content", content_length=""), "fetch", "204 No Content", 1),
    "500": (page(500, reason="Oh"), "fetch", "the server answers with 500 Oh, tried 2 times", 2),
    "429 for long": (page(429, reason="Busy", retry_after="3600"), "fetch", "429 Busy and asks to come back after 3,600 s", 1),
    "429 on and on": (page(429, reason="Busy", retry_after="0"), "fetch", "429 Busy, tried 2 times", 2),
    "silent": (silent, "time", "no answer within 0.3 s, tried 2 times", 2),
    "dripping": (dripping, "time", "its answer takes longer than 1 s, tried 2 times", 2),
    "cut": (cut(html("x" * 1000)), "cut", "breaks off", 2),
    "cut gzip": (cut_gzip(html("x" * 1000)), "cut", "its compressed answer breaks off, tried 2 times", 2),
    "no gzip": (page(200, b"plain", content_encoding="gzip"), "broken", "not valid gzip", 2),
    "brotli": (page(200, b"x", content_encoding="br"), "fetch", "encoded as 'br', which was not asked for", 1),
    "bomb": (bomb(300_000_000), "size", "it is larger than 0.2 MB", 1),
    "endless": (endless, "size", "it is larger than 0.2 MB", 1),
    "nonsense": (nonsense, "cut", "not HTTP", 2),
    "picture": (page(200, b"\x89PNG", kind="image/png"), "binary", "its content type is 'image/png'", 1),
    "loop": (redirect("/fault"), "fetch", "its redirects form a loop, which comes back to", 1),
    "to a file": (redirect("file:///etc/passwd"), "fetch", "redirects to 'file:///etc/passwd', which is not an http", 1),
    "to nowhere": (redirect("http://[::1"), "fetch", "to what is not an http or https address", 1),
    "without a place": (page(302), "fetch", "redirects to '', which is not", 1),
    "to a gone page": (redirect("/gone"), "fetch", "/gone: the server answers with 404", 1),
}  # fmt: skip


def test_faults(site: Site, tmp_path):
    # All at once, each from a server of its own: they wait for one another as little as possible.
    from contextlib import ExitStack

    with ExitStack() as stack:
        sites = {name: stack.enter_context(serving()) for name in FAULTS}
        for name, started in sites.items():
            started["/fault"] = FAULTS[name][0]
        urls = [started.url("/fault") for started in sites.values()]
        pages = fetch(tmp_path, *urls, settings=replace(QUICK, timeout=0.3, at_once=50))
    for got, name in zip(pages, FAULTS, strict=True):
        _, rule, reason, asked = FAULTS[name]
        assert got.rule == rule and reason in got.reason, f"{name}: {outcome(got)}"
        assert sites[name].asked("/fault") == asked, name
        assert not got.body


ANSWERS = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 20\r\n\r\n<p>hello there all.\n",
    b"HTTP/1.1 302 Found\r\nLocation: /1?x=%20\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 429 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 41\r\n\r\n"
    + gzip.compress(b"<p>text of a page</p>", mtime=0),
    b'HTTP/1.0 304 Not Modified\r\nETag: W/"x"\r\n\r\n',
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nabc",
)
INSERTS = (
    b"\r\n", b":", b"\0", b"Content-Length: -1\r\n", b"Content-Length: 99999999999999999999\r\n", b"Location: http://[\r\n",
    b"Location: //\r\n", b"Retry-After: 1e99\r\n", b"Transfer-Encoding: chunked\r\n", b"charset=\xff", b"Upgrade: h2c\r\n",
)  # fmt: skip


def spoiled(rng: random.Random) -> bytes:
    """Return an answer in which some bytes are changed, left out or put in."""
    answer = bytearray(rng.choice(ANSWERS))
    for _ in range(rng.choice((1, 1, 2, 5))):
        at, how = rng.randrange(len(answer)), rng.randrange(3)
        if how == 0:
            answer[at] = rng.randrange(256)
        elif how == 1:
            del answer[at : at + rng.randint(1, 10)]
        else:
            answer[at:at] = rng.choice(INSERTS)
    return bytes(answer)


def test_whatever_a_server_sends_is_a_page_or_a_reason(site: Site, tmp_path, monkeypatch):
    rng = random.Random(0)

    def answer(data):
        def send(handler):
            handler.wfile.write(data)
            handler.close_connection = True

        return send

    monkeypatch.setattr(fetching, "MAX_UNANSWERED", 1_000)
    paths = [f"/{number}" for number in range(150)]
    for path in paths:
        site[path] = answer(spoiled(rng))
    pages = fetch(tmp_path, *map(site.url, paths), settings=replace(QUICK, tries=1))
    assert {got.rule for got in pages} >= {"", "cut", "fetch"}
    assert all(got.reason if got.rule else as_blob(got) for got in pages)


def test_a_chain_of_redirects(site: Site, tmp_path):
    for number in range(10):
        site[f"/{number}"] = redirect(f"/{number + 1}", status=(301, 302, 303, 307, 308)[number % 5])
    site["/10"] = page(200, html("arrived"))
    site["/longer"] = redirect("/0")
    good, bad = fetch(tmp_path, site.url("/0"), site.url("/longer"))
    assert (good.rule, good.final_url, good.body) == ("", site.url("/10"), html("arrived"))
    assert outcome(bad) == ("fetch", "it redirects more than 10 times")


def test_faults_that_pass(site: Site, tmp_path):
    site["/a"] = [page(503), cut(html("x" * 100)), page(200, html("a"))]
    site["/b"] = [
        page(429, retry_after="0"),
        page(200, gzip.compress(html("b")) + gzip.compress(b"more"), content_encoding="gzip"),
    ]
    a, b = fetch(tmp_path, site.url("/a"), site.url("/b"), settings=replace(QUICK, tries=3))
    assert (a.body, b.body) == (html("a"), html("b") + b"more")


def test_retry_after_is_obeyed_by_all_pages_of_the_host(site: Site, tmp_path):
    site["/a"] = [page(429, retry_after="1"), page(200, html("a"))]
    site["/b"] = page(200, html("b"))
    pages = fetch(tmp_path, site.url("/a"), site.url("/b"), settings=replace(QUICK, longest_wait=5))
    assert [got.rule for got in pages] == ["", ""]
    (_, first, _), *later = site.hits[1:]
    assert [hit[0] for hit in later] == ["/a", "/b"] and all(at - first >= 1 for _, at, _ in later)


def test_a_host_is_asked_at_its_pace(site: Site, tmp_path):
    site["/robots.txt"] = page(200, b"User-agent: *\nCrawl-delay: 0.2", kind="text/plain")
    for name in "abc":
        site[f"/{name}"] = page(200, html(name))
    fetch(tmp_path, *(site.url(f"/{name}") for name in "abc"), settings=replace(QUICK, delay=0.05))
    at = [hit[1] for hit in site.hits]
    assert at[1] - at[0] >= 0.05 and at[2] - at[1] >= 0.2 and at[3] - at[2] >= 0.2


def test_hosts_are_fetched_side_by_side_and_each_alone(tmp_path):
    together, most = 0, {"all": 0, "host": 0}

    def counted(handler):
        nonlocal together
        with handler.site.lock:
            together += 1
            handler.site.here = getattr(handler.site, "here", 0) + 1
            most["all"], most["host"] = max(most["all"], together), max(most["host"], handler.site.here)
        handler.site.closing.wait(0.1)
        with handler.site.lock:
            together -= 1
            handler.site.here -= 1
        handler.send(200, html(handler.path), {"Content-Type": "text/html"})

    with serving() as first, serving() as second, serving() as three:
        sites = (first, second, three)
        for each in sites:
            for name in "abc":
                each[f"/{name}"] = counted
        urls = [each.url(f"/{name}") for name in "abc" for each in sites]
        pages = fetch(tmp_path / "wide", *urls)
        assert [got.body for got in pages] == [html(f"/{name}") for name in "abc" for _ in sites]
        assert most["host"] == 1 and most["all"] > 1
        most.update(all=0)
        cache.use(None)
        narrow = fetch(tmp_path / "narrow", *urls, settings=replace(QUICK, at_once=1))
        assert most["all"] == 1
        assert [replace(got, fetched=0) for got in narrow] == [replace(got, fetched=0) for got in pages]


ROBOTS = {
    "closed": (page(200, b"User-agent: weaklabel\nDisallow: /", kind="text/plain"), "does not allow it for weaklabel"),
    "others closed": (page(200, b"User-agent: other\nDisallow: /", kind="text/plain"), ""),
    "none": (page(404), ""),
    "forbidden": (page(403), ""),
    "failing": (page(500, reason="Oh"), "(the server answers with 500 Oh, tried 2 times), so nothing of it is fetched"),
    "busy": (page(429, reason="Busy"), "cannot be fetched (the server answers with 429 Busy"),
    "silent": (silent, "cannot be fetched (no answer within 0.3 s"),
    "a loop": (redirect("/robots.txt"), ""),
    "elsewhere": (redirect("/rules"), "does not allow it for weaklabel"),
    "an endless one": (endless, ""),
    "slow": (page(200, b"User-agent: *\nCrawl-delay: 86400"), "asks for 86,400 seconds between requests"),
    "nonsense": (page(200, b"\xff\xfe\x00<html>"), ""),
}  # fmt: skip


def test_robots(tmp_path):
    from contextlib import ExitStack

    with ExitStack() as stack:
        sites = {name: stack.enter_context(serving()) for name in ROBOTS}
        for name, started in sites.items():
            started["/robots.txt"] = ROBOTS[name][0]
            started["/rules"] = ROBOTS["closed"][0]
            started["/a"] = page(200, html("a"))
        urls = [started.url("/a") for started in sites.values()]
        pages = fetch(tmp_path, *urls, settings=replace(QUICK, timeout=0.3))
    for got, name in zip(pages, ROBOTS, strict=True):
        reason = ROBOTS[name][1]
        assert got.rule == ("robots" if reason else "") and reason in got.reason, f"{name}: {outcome(got)}"
        assert sites[name].asked("/a") == (0 if reason else 1), name


def test_robots_of_the_host_that_is_redirected_to(site: Site, tmp_path):
    with serving() as other:
        other["/robots.txt"] = ROBOTS["closed"][0]
        site["/a"] = redirect(other.url("/a"))
        (got,) = fetch(tmp_path, site.url("/a"))
        assert got.rule == "robots" and f"it redirects to {other.url('/a')}: the robots.txt" in got.reason
        assert not other.asked("/a")


def test_a_host_that_cannot_be_reached(tmp_path):
    (got,) = fetch(tmp_path, f"http://127.0.0.1:{free_port()}/a")
    assert got.rule == "robots" and "cannot be fetched (cannot connect" in got.reason


def test_a_host_that_dies_is_given_up(site: Site, tmp_path):
    for number in range(9):
        site[f"/{number}"] = nonsense
    pages = fetch(tmp_path, *(site.url(f"/{number}") for number in range(9)), settings=replace(QUICK, tries=1))
    assert [got.rule for got in pages] == ["cut"] * 5 + ["fetch"] * 4
    assert pages[-1].reason == "its host did not answer for the last 5 pages" and not site.asked("/8")


def test_lines_that_are_no_address(site: Site, tmp_path):
    site["/a"] = page(200, html("a"))
    lines = ["ftp://h/x", "not an address", "http://", "https://ann:secret@h:99999/", "http://[::1", "http://h\x00/",
             "javascript:alert(1)", "http://" + "a" * 300 + "/", site.url("/a"), site.url("/a#again")]  # fmt: skip
    pages = fetch(tmp_path, *lines)
    assert {outcome(got) for got in pages[:8]} == {("fetch", "it is not an http or https address")}
    assert pages[3].url == "https://h:99999/"
    assert outcome(pages[9]) == ("listed", "it is on the list before, at line 9") and site.asked("/a") == 1


def test_a_password_is_sent_but_never_kept(site: Site, tmp_path):
    site["/a"] = page(200, html("a"))
    site["/b"] = redirect("/a")
    url = site.url("/b").replace("//", "//ann:pa55word@")
    (got,) = fetch(tmp_path / "job", url)
    assert got.rule == "" and got.url == site.url("/b")
    assert any("Authorization" in headers for _, _, headers in site.hits)
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert kept and not [data for data in kept if b"pa55word" in data or b"ann" in data]
    assert not [path for path in (tmp_path / "cache" / "pages").rglob("*.page") if Page.load(path).body == html("a")]


def test_cookies_are_not_kept(site: Site, tmp_path):
    site["/a"] = page(200, html("a"), set_cookie="visitor=1")
    site["/b"] = page(200, html("b"))
    fetch(tmp_path, site.url("/a"), site.url("/b"))
    assert not [headers for _, _, headers in site.hits if "Cookie" in headers]


def test_the_same_job_asks_nothing_twice(site: Site, tmp_path):
    cache.use(None)
    site["/a"], site["/b"], site["/c"] = page(200, html("a")), page(404), page(200, html("c"))
    urls = [site.url("/a"), site.url("/b"), site.url("/c")]
    fetch(tmp_path, *urls[:2], "no address")
    assert len(site.hits) == 3
    page_path(tmp_path, 2).unlink()  # as if the job had been killed before
    pages = fetch(tmp_path, *urls)
    assert [hit[0] for hit in site.hits] == ["/robots.txt", "/a", "/b", "/c"]
    assert [got.rule for got in pages] == ["", "fetch", ""]


def test_a_damaged_page_is_fetched_again(site: Site, tmp_path):
    cache.use(None)
    site["/a"] = page(200, html("a"))
    fetch(tmp_path, site.url("/a"))
    path = page_path(tmp_path, 0)
    path.write_bytes(path.read_bytes()[:-3])
    (got,) = fetch(tmp_path, site.url("/a"))
    assert got.body == html("a") and site.asked("/a") == 2


def test_another_job_uses_what_is_kept(site: Site, tmp_path):
    site["/robots.txt"] = page(200, b"User-agent: *\nDisallow:", kind="text/plain")
    site["/a"] = unless_changed(html("a"), '"1"')
    site["/b"] = page(200, html("b"), last_modified="Mon, 01 Jan 2024 00:00:00 GMT")
    site["/c"] = page(200, html("c"), cache_control="private, No-Store")
    urls = [site.url(path) for path in ("/a", "/b", "/c")]
    first = fetch(tmp_path / "1", *urls)
    second = fetch(tmp_path / "2", *urls)
    assert [hit[0] for hit in site.hits] == ["/robots.txt", "/a", "/b", "/c", "/c"]
    assert second[:2] == first[:2]
    site.hits.clear()
    stale = fetch(tmp_path / "3", *urls, settings=replace(QUICK, max_age=0))
    assert [hit[0] for hit in site.hits] == ["/robots.txt", "/a", "/b", "/c"]
    assert site.hits[1][2]["If-None-Match"] == '"1"'
    assert site.hits[2][2]["If-Modified-Since"] == "Mon, 01 Jan 2024 00:00:00 GMT"
    assert [got.body for got in stale] == [got.body for got in first] and stale[0].fetched > first[0].fetched
    site["/a"] = unless_changed(html("new"), '"2"')
    (changed,) = fetch(tmp_path / "4", urls[0], settings=replace(QUICK, max_age=0))
    assert changed.body == html("new")


def test_the_oldest_pages_make_room(site: Site, tmp_path, monkeypatch):
    for name in "abc":
        site[f"/{name}"] = page(200, html(random.Random(name).randbytes(4000).hex()))
    fetch(tmp_path / "1", *(site.url(f"/{name}") for name in "abc"))
    monkeypatch.setenv(cache.SIZE_VARIABLE, str(10_000 / 2**30))
    fetch(tmp_path / "2", site.url("/a"))  # is used now, and so stays
    assert site.asked("/a") == 1
    monkeypatch.delenv(cache.SIZE_VARIABLE)
    fetch(tmp_path / "3", *(site.url(f"/{name}") for name in "abc"))
    assert [site.asked(f"/{name}") for name in "abc"] == [1, 2, 1]


def test_a_redirect_into_a_private_network(tmp_path, monkeypatch):
    # To the fetcher, 127.0.0.1 is a host of the internet, and 127.0.0.2 is not.
    monkeypatch.setattr(fetching, "_is_global", lambda address: address == "127.0.0.1")
    real = socket.getaddrinfo
    asked = []

    def getaddrinfo(host, port, *more, **options):
        name = host.decode() if isinstance(host, bytes) else host
        asked.append(name)
        given = {"public.test": "127.0.0.1", "inside.test": "127.0.0.2"}.get(name, name)
        if name == "rebound.test":  # has another address from the third time on that it is asked for
            given = "127.0.0.1" if asked.count(name) <= 2 else "127.0.0.2"
        return real(given, port, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with serving("0.0.0.0") as site:
        for name, to in {
            "direct": "127.0.0.2",
            "named": "inside.test",
            "rebound": "rebound.test",
            "public": "public.test",
        }.items():
            site[f"/{name}"] = redirect(site.url("/secret", to))
        site["/robots.txt"] = page(404)
        site["/secret"] = page(200, html("secret"))
        paths = ("/direct", "/named", "/rebound", "/public")
        pages = fetch(tmp_path / "1", *(site.url(path) for path in paths))
        assert [got.rule for got in pages] == ["fetch", "fetch", "fetch", ""]
        assert all("private network" in got.reason for got in pages[:3]) and pages[3].body == html("secret")
        # The name is not asked for again to connect: what was checked is what is reached.
        assert {address for address, _, _ in site.reached} == {"127.0.0.1"}
        assert [host for _, path, host in site.reached if path == "/secret"] == [f"public.test:{site.port}"]
        assert (
            asked.count("public.test") == 3
            and ("127.0.0.1", "/robots.txt", f"rebound.test:{site.port}") in site.reached
        )
        if sys.platform == "linux":  # others do not have that address
            # A list that begins in the private network may stay there.
            (inside,) = fetch(tmp_path / "2", site.url("/named", "127.0.0.2"))
            assert inside.rule == "" and inside.body == html("secret")


@pytest.fixture
def certificate(tmp_path):
    """A certificate of the host secure.test and its key, in one file."""
    if shutil.which("openssl") is None:
        pytest.skip("a certificate is made with openssl: apt-get install openssl")
    path = tmp_path / "secure.pem"
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=secure.test "
        "-addext subjectAltName=DNS:secure.test -keyout"
    )
    subprocess.run([*command.split(), path, "-out", tmp_path / "crt.pem"], check=True, capture_output=True)
    path.write_text(path.read_text() + (tmp_path / "crt.pem").read_text())
    return path


def test_a_redirect_to_https_is_checked_by_name(site: Site, certificate, tmp_path, monkeypatch):
    # To the fetcher, this machine is the internet, so that it connects to the address that it has checked.
    monkeypatch.setattr(fetching, "_is_global", lambda address: address == "127.0.0.1")
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *more, **options: real("127.0.0.1", *more, **options))
    with serving(certificate=certificate) as secure:
        secure["/a"] = page(200, html("secure"))
        site["/good"] = redirect(secure.url("/a", "secure.test").replace("http:", "https:"))
        site["/other"] = redirect(secure.url("/a", "other.test").replace("http:", "https:"))
        (unknown,) = fetch(tmp_path / "1", site.url("/good"))
        assert unknown.rule == "robots" and "certificate verify failed" in unknown.reason
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        good, other = fetch(tmp_path / "2", site.url("/good"), site.url("/other"))
        assert good.body == html("secure") and good.final_url == f"https://secure.test:{secure.port}/a"
        assert other.rule == "robots" and "certificate is not valid for 'other.test'" in other.reason


@pytest.mark.parametrize(
    ("address", "is_global"),
    [("8.8.8.8", True), ("10.1.2.3", False), ("192.168.0.1", False), ("169.254.169.254", False), ("127.0.0.1", False),
     ("0.0.0.0", False), ("224.0.0.1", False), ("::1", False), ("fe80::1%eth0", False), ("fd00::1", False),
     ("2600::1", True), ("::ffff:10.0.0.1", False), ("2002:0a00:0001::", False), ("100.64.0.1", False)],
)  # fmt: skip
def test_which_addresses_are_of_the_internet(address, is_global):
    assert fetching._is_global(address) == is_global


def test_within_a_running_loop(site: Site, tmp_path):
    site["/a"] = page(200, html("a"))

    async def notebook():
        return fetch(tmp_path, site.url("/a"))

    assert asyncio.run(notebook())[0].body == html("a")


def test_a_folder_that_cannot_be_written(site: Site, tmp_path):
    from weaklabel.errors import WeakLabelError

    site["/a"] = page(200, html("a"))
    (tmp_path / "000000").write_text("in the way")
    with pytest.raises((WeakLabelError, OSError)):
        fetch(tmp_path, site.url("/a"))


def test_a_pace_is_kept_without_a_clock_on_the_wall():
    now = 100.0
    pace = fetching.Pace(lambda: now)
    assert pace.wait() == 0
    pace.postpone(5)
    pace.postpone(1)
    assert pace.wait() == 5
    now = 104.0
    assert pace.wait() == 1


def test_retry_after_as_a_date():
    stamp = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(1_700_000_060))
    assert fetching.retry_after({"retry-after": stamp}, lambda: 1_700_000_000) == 60
    for wrong in ("", "-5", "9" * 400, "Mon, 99 Foo 2024", "²"):
        assert fetching.retry_after({"retry-after": wrong}, lambda: 0) is None


def test_a_saved_page_is_the_same_and_damage_is_seen(tmp_path):
    path = tmp_path / "a" / "1.page"
    kept = Page("u", "line 1", "v", "", "", {"etag": "1"}, 1.5, b"body" * 100)
    kept.save(path)
    data = path.read_bytes()
    assert Page.load(path) == kept and Page.load(path, with_body=False) == replace(kept, body=b"")
    head = json.loads(data.split(b"\n")[0])
    for damaged in (b"", data[:-1], data[:-1] + b"?", b"[]\n", b"{}\n", data.replace(b'"crc"', b'"crd"'),
                    json.dumps(head | {"other": 1}).encode() + b"\n" + data.split(b"\n", 1)[1]):  # fmt: skip
        path.write_bytes(damaged)
        assert Page.load(path) is None
