"""``weaklabel collect`` of a list of addresses: killed and given again, it asks for nothing twice."""

import json
from collections import Counter

import pytest

from tests.collect.killed import kill_when, run
from tests.collect.web.site import page, redirect, serving
from weaklabel.cli.collecting import FromDatabases, FromWeb
from weaklabel.collect.collect import collect_corpus, preview, settings_of
from weaklabel.config import CollectSettings
from weaklabel.errors import CorpusError, WeakLabelError
from weaklabel.support import cache

N = 60
QUICK = ("--web-delay", "0.005", "--web-tries", "1", "--web-timeout", "20", "--workers", "1", "-q")


@pytest.fixture
def site(tmp_path):
    with serving() as started:
        for number in range(N):
            started[f"/{number}"] = page(200, f"the text of page {number}".encode(), kind="text/plain")
        started["/7"] = page(404, reason="Not Found")
        started["/8"] = redirect("/8")
        hosts = ("127.0.0.1", "localhost")
        lines = [started.url(f"/{number}", hosts[number % 2]) for number in range(N)]
        (tmp_path / "list.txt").write_text("\n".join(lines))
        yield started


def asked(*more):
    return ["collect", "urls:list.txt", *QUICK, *more]


def test_killed_and_given_again(site, tmp_path, monkeypatch):
    monkeypatch.setenv("WEAKLABEL_CACHE", "off")
    kill_when(lambda: len(site.hits) > 20, *asked("-o", "out.jsonl"), folder=tmp_path)
    before = len(site.hits)
    done = run(*asked("-o", "out.jsonl", "--json"), folder=tmp_path)
    counts = Counter((headers["Host"], path) for path, _, headers in site.hits)
    twice = [key for key, n in counts.items() if n > 1]
    # Only what was under way at the moment of the kill: one request a host at most.
    assert before > 20 and len(twice) <= 2 and max(counts.values()) == 2 - (not twice)
    assert len(counts) == N + 2 and len({host for host, _ in twice}) == len(twice)
    result = json.loads(done.stdout)
    assert (result["documents"], result["rejects"], result["rejected"]) == (N - 2, 2, {"fetch": 2})
    monkeypatch.chdir(tmp_path)
    collect_corpus("urls:list.txt", "whole.jsonl", web_delay=0, web_tries=1, web_at_once=1)
    for name in ("out.jsonl", "out.jsonl.rejects.jsonl"):
        assert (tmp_path / name).read_bytes() == (tmp_path / name.replace("out", "whole")).read_bytes()
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [row["text"] for row in rows] == [f"the text of page {n}" for n in range(N) if n not in (7, 8)]
    rejects = [json.loads(line) for line in (tmp_path / "out.jsonl.rejects.jsonl").read_text().splitlines()]
    assert [each["reason"].split(" ")[0:3] for each in rejects] == [
        ["the", "server", "answers"],
        ["its", "redirects", "form"],
    ]


def test_a_server_that_is_back_is_asked_again(tmp_path):
    cache.use(None)
    with serving() as site:
        site["/robots.txt"] = [page(503, reason="Down"), page(404)]
        site["/a"] = page(200, b"text", kind="text/plain")
        with pytest.raises(CorpusError, match=r"no document in .* could be read; .*503 Down"):
            collect_corpus(site.url("/a"), tmp_path / "out.csv", web_delay=0, web_tries=1)
        assert not (tmp_path / "out.csv.job").exists()
        assert collect_corpus(site.url("/a"), tmp_path / "out.csv", web_delay=0, web_tries=1).rows == 1


def test_a_dry_run_asks_nothing(site, tmp_path):
    seen = preview(settings_of(f"urls:{tmp_path}/list.txt", {}))
    assert seen.items == {"page": N} and not site.hits


def test_the_list_is_not_overwritten(tmp_path):
    (tmp_path / "list.csv").write_text("https://example.org/")
    with pytest.raises(WeakLabelError, match=r"list\.csv is the source .*list\.csv"):
        collect_corpus(f"urls:{tmp_path}/list.csv", tmp_path / "list.csv")


def test_options_have_the_defaults_of_the_project_file():
    given = FromWeb().settings() | FromDatabases().settings()
    assert given == {key: CollectSettings.model_fields[key].default for key in given}
    assert {key for key in CollectSettings.model_fields if key.startswith("web_")} | {"query", "key"} == set(given)
