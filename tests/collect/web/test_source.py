"""A list of addresses as documents: pages of every kind, and a reason for each address without one."""

import json
import pickle
import zlib

import pytest

from tests.collect.web.site import page, redirect, serving
from weaklabel.collect.collect import collect_corpus
from weaklabel.collect.opening import open_source, open_sources
from weaklabel.collect.source import Document
from weaklabel.collect.web import source as module
from weaklabel.collect.web.pages import page_path
from weaklabel.config import CollectSettings
from weaklabel.errors import CorpusError
from weaklabel.support import cache

SENTENCE = "The rain fell on the old roof all night, and in the morning the whole garden stood under water. "


@pytest.fixture
def site():
    with serving() as started:
        yield started


@pytest.fixture(autouse=True)
def _own_pages(tmp_path):
    cache.use(tmp_path / "cache")


def opened(spec, **settings):
    quick = {"web_delay": 0, "web_tries": 1, "web_timeout": 5}
    return open_source(spec, CollectSettings(sources=[spec], **quick | settings))


def read(source, folder):
    """Fetch the pages, and return the documents and rejects, as read by another process."""
    source.prepare(folder)
    source = pickle.loads(pickle.dumps(source))
    return [each for item in source.items(folder) for each in source.read(item, folder)]


def pdf(text: str) -> bytes:
    """Return a PDF of one page."""
    content = zlib.compress(f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode())
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, each in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    start = len(out)
    out += b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    return bytes(out + b"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % start)


def article(text: str, head: str = "") -> str:
    menu = "".join(f"<li><a href='/{n}'>Section {n}</a></li>" for n in range(9))
    body = f"<nav><ul>{menu}</ul></nav><article><p>{text}</p></article>"
    return f"<html><head><title>A title</title>{head}</head><body>{body}</body></html>"


def test_pages_of_every_kind(site, tmp_path):
    german = "Schöne Grüße aus Köln, wo es über Nacht geregnet hat und nun alle Straßen naß sind. " * 3
    site["/html"] = page(200, article(SENTENCE * 3).encode(), last_modified="Wed, 01 May 2024 12:00:00 GMT")
    site["/txt"] = page(200, b"plain text", kind="text/plain")
    site["/md"] = page(200, b"# A head\n\ntext", kind="text/markdown; charset=utf-8")
    site["/pdf"] = page(200, pdf("Words of a PDF"), kind="application/pdf")
    site["/latin"] = page(200, article(german).encode("latin-1"), kind="text/html; charset=ISO-8859-1")
    site["/said-latin"] = page(200, article(german).encode(), kind="text/html; charset=iso-8859-1")
    site["/meta"] = page(200, article(german, "<meta charset=windows-1252>").encode("cp1252"))
    site["/no-type"] = page(200, article(SENTENCE * 3).encode(), kind="")
    site["/moved"] = redirect("/html")
    paths = ["/html", "/txt", "/md", "/pdf", "/latin", "/said-latin", "/meta", "/no-type", "/moved"]
    (tmp_path / "list.txt").write_text("# my list\n\n" + "\n".join(site.url(path) for path in paths) + "\n")
    result = read(opened(f"urls:{tmp_path}/list.txt"), tmp_path / "job")
    assert all(isinstance(each, Document) for each in result), result
    texts = dict(zip(paths, (each.text for each in result), strict=True))
    expected = {
        "/html": (SENTENCE * 3).strip(),
        "/txt": "plain text",
        "/md": "# A head\n\ntext",
        "/pdf": "Words of a PDF",
    }
    expected |= dict.fromkeys(("/latin", "/said-latin", "/meta"), german.strip())
    expected |= dict.fromkeys(("/no-type", "/moved"), expected["/html"])
    assert texts == expected
    assert [each.source for each in result] == [site.url(path) for path in paths]
    assert result[0].time == "2024-05-01T12:00:00Z" and result[1].time is None
    assert result[0].columns == {"url": site.url("/html"), "title": "A title"} == result[-1].columns
    assert result[0].steps and len(result[0].sha256) == 64 and result[-1].sha256 == result[0].sha256


def test_pages_that_are_rejected(site, tmp_path):
    site["/not-utf-8"] = page(200, article("Größe " * 50).encode("latin-1"), kind="text/html; charset=utf-8")
    site["/empty"] = page(200, b"<html><body></body></html>")
    site["/zip"] = page(200, b"PK\x03\x04", kind="")
    site["/broken.pdf"] = page(200, b"%PDF-1.4 and no more", kind="application/pdf")
    lines = [site.url(path) for path in ("/not-utf-8", "/empty", "/zip", "/broken.pdf", "/gone")]
    (tmp_path / "list.txt").write_text("\n".join([*lines, "no address", lines[0]]))
    result = read(opened(f"urls:{tmp_path}/list.txt"), tmp_path / "job")
    assert [each.rule for each in result] == ["encoding", "empty", "binary", "broken", "fetch", "fetch", "listed"]
    assert [each.source for each in result] == [*lines, "no address", lines[0]]
    assert result[5].place == f"{tmp_path}/list.txt, line 6"


def test_a_large_page(site, tmp_path):
    site["/a"] = page(200, b"x" * 3_000_000, kind="text/plain")
    (result,) = read(opened(site.url("/a"), web_max_mb=4), tmp_path / "more")  # which is kept for later runs
    assert len(result.text) == 3_000_000
    (result,) = read(opened(site.url("/a"), web_max_mb=2), tmp_path / "job")
    assert (result.rule, result.reason) == ("size", "it is larger than 2 MB")


def test_one_page_by_its_address(site, tmp_path):
    site["/a?b=c"] = page(200, article(SENTENCE * 3).encode())
    source = opened(site.url("/a?b=c").replace("http:", "HTTP:").replace("//", "//ann:pa55word@"))
    (result,) = read(source, tmp_path / "job")
    assert result.text == (SENTENCE * 3).strip()
    assert "pa55word" not in source.name + repr(source) + repr(result) + str(source.settings())


def test_lists_and_addresses_are_one_list(site, tmp_path):
    for name in "abc":
        site[f"/{name}"] = page(200, name.encode(), kind="text/plain")
    (tmp_path / "list.txt").write_text(f"{site.url('/b')}\n{site.url('/a')}\n")
    specs = [site.url("/a"), f"urls:{tmp_path}/list.txt", site.url("/c"), site.url("/c")]
    cache.use(None)
    collect_corpus(specs, tmp_path / "out.csv", web_delay=0, web_tries=1)
    assert [hit[0] for hit in site.hits] == ["/robots.txt", "/a", "/b", "/c"]
    assert [row.split(",")[0] for row in (tmp_path / "out.csv").read_text().splitlines()] == ["text", "a", "b", "c"]
    rejects = [json.loads(line) for line in (tmp_path / "out.csv.rejects.jsonl").read_text().splitlines()]
    assert [each["place"] for each in rejects] == [f"{tmp_path}/list.txt, line 2", ""]
    assert [each["reason"] for each in rejects] == ["it is on the list before"] * 2
    (source,) = open_sources(CollectSettings(sources=specs))
    assert source.name == f"{site.url('/a')}, {tmp_path}/list.txt, {site.url('/c')} and 1 more"


def test_the_user_agent_is_stated(site, tmp_path):
    site["/robots.txt"] = page(200, b"User-agent: my-crawl\nDisallow: /\n\nUser-agent: *\nAllow: /", kind="text/plain")
    site["/a"] = page(200, b"text", kind="text/plain")
    (result,) = read(opened(site.url("/a")), tmp_path / "1")
    assert result.text == "text" and site.hits[-1][2]["User-Agent"] == module.USER_AGENT
    (result,) = read(
        opened(site.url("/a"), web_user_agent="my-crawl/1 (+mailto:ann@example.org)", web_max_age=0), tmp_path / "2"
    )
    assert result.rule == "robots" and site.hits[-1][2]["User-Agent"] == "my-crawl/1 (+mailto:ann@example.org)"


def test_items_depend_neither_on_concurrency_nor_on_the_time(site, tmp_path):
    for number in range(120):
        site[f"/{number}"] = page(200, f"page {number}".encode(), kind="text/plain")
    lines = [site.url(f"/{number}", ("127.0.0.1", "localhost")[number % 2]) for number in range(120)]
    (tmp_path / "list.txt").write_text("\n".join(lines))
    cache.use(None)
    wide, narrow = (opened(f"urls:{tmp_path}/list.txt", web_at_once=n) for n in (16, 1))
    result = read(wide, tmp_path / "1")
    assert [each.text for each in result] == [f"page {number}" for number in range(120)]
    assert read(narrow, tmp_path / "2") == result
    items = [[(item.id, item.identity, item.where) for item in wide.items(tmp_path / name)] for name in "12"]
    assert items[0] == items[1] and len(items[0]) == 3


def test_a_damaged_page_is_an_error_that_the_same_command_mends(site, tmp_path):
    site["/a"] = page(200, b"text", kind="text/plain")
    cache.use(None)
    source = opened(site.url("/a"))
    assert len(read(source, tmp_path / "job")) == 1
    path = page_path(tmp_path / "job", 0)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CorpusError, match="is damaged; give the same command again"):
        list(source.items(tmp_path / "job"))
    assert len(read(source, tmp_path / "job")) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot read the list of addresses .*No such file"),
        (b"\xff\xfe\xfa", "not UTF-8|utf-8"),
        (b"# none\n", "no address"),
    ],
)
def test_lists_that_cannot_be_read(tmp_path, content, message):
    if content is not None:
        (tmp_path / "list.txt").write_bytes(content)
    with pytest.raises(CorpusError, match=message):
        opened(f"urls:{tmp_path}/list.txt")


def test_the_list_is_an_input(tmp_path):
    (tmp_path / "list.txt").write_text("https://example.org/")
    assert list(opened(f"urls:{tmp_path}/list.txt").files()) == [tmp_path / "list.txt"]
