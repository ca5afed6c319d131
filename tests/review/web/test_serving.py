"""The server: what its process shows of the token, and connections that send half a request."""

from __future__ import annotations

import http.client
import re
import socket
import stat
import time
import webbrowser
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

pytest.importorskip("waitress")

from weaklabel.review import open_review
from weaklabel.review.web import server
from weaklabel.review.web.server import opened_in_browser

ADDRESS = "http://127.0.0.1:8642/?token=SECRET&a=1"


@pytest.fixture
def opened(monkeypatch):
    addresses = []
    monkeypatch.setattr(webbrowser, "open", addresses.append)
    return addresses


@pytest.fixture
def review(tmp_path):
    (tmp_path / "messages.csv").write_text("text\nsee you\nwin cash\n", encoding="utf-8")
    return open_review(tmp_path / "messages.csv", labels=["ham", "spam"])


@pytest.mark.parametrize("runtime", [True, False])
def test_a_browser_is_given_a_file_that_only_its_user_can_read(opened, tmp_path, monkeypatch, runtime):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path if runtime else tmp_path / "missing"))
    with pytest.raises(KeyboardInterrupt), opened_in_browser(ADDRESS):
        (given,) = opened
        assert given.startswith("file://") and "SECRET" not in given
        file = Path(unquote(urlsplit(given).path))
        assert file.is_relative_to(tmp_path) is runtime
        assert stat.S_IMODE(file.stat().st_mode) == 0o600 and stat.S_IMODE(file.parent.stat().st_mode) == 0o700
        assert 'content="0;url=http://127.0.0.1:8642/?token=SECRET&amp;a=1"' in file.read_text()
        raise KeyboardInterrupt
    assert not file.parent.exists()


def test_serving_gives_no_browser_the_token(opened, review, monkeypatch, capsys):
    class Stopped:
        def run(self):
            raise KeyboardInterrupt

        def close(self):
            pass

    gates = []

    def make(*arguments, **options):
        from weaklabel.review.web.security import Gate

        gates.append(Gate(5000))
        return Stopped(), gates[0]

    monkeypatch.setattr(server, "make_server", make)
    with pytest.raises(KeyboardInterrupt):
        server.serve(review)
    assert gates[0].address in capsys.readouterr().out
    assert len(opened) == 1 and gates[0].token not in opened[0]


def test_a_browser_that_comes_from_the_file_gets_in(serve, review):
    app = serve(review, "ada")
    host, port = re.search(r"http://([^:]+):(\d+)", app.address).groups()
    connection = http.client.HTTPConnection(host, int(port))
    path = app.address.removeprefix(app.home)
    connection.request("GET", path + "&text=%22%3E%3Cb", headers={"Sec-Fetch-Site": "cross-site"})
    answer = connection.getresponse()
    page = answer.read().decode()
    # A redirect would be followed without the cookie, which is for pages of the app itself.
    assert answer.status == 200 and '<meta http-equiv="refresh" content="0;url=/?text=%22%3E%3Cb">' in page
    assert "SameSite=Strict" in answer.headers["Set-Cookie"] and "token" not in page
    connection.close()


def test_half_sent_requests_keep_nobody_waiting_and_are_given_up(serve, review, monkeypatch):
    monkeypatch.setattr(server, "REQUEST_SECONDS", 1)
    monkeypatch.setattr(server, "CLEANUP_SECONDS", 1)
    app = serve(review, "ada")
    port = int(app.home.rpartition(":")[2])
    with ExitStack() as stack:
        half = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(150)]
        for number, connection in enumerate(half):
            head = b"POST /decide HTTP/1.1\r\nHost: x\r\n"
            connection.sendall(head if number % 2 else head + b"Content-Length: 100\r\n\r\n{")
        asked = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        asked.request("GET", "/")
        assert asked.getresponse().status == 403  # an answer, though without the cookie
        # One that goes on, byte by byte, is no better.
        slow, until = half[0], time.monotonic() + 30
        slow.settimeout(0.2)
        while time.monotonic() < until:
            try:
                slow.sendall(b" ")
                if slow.recv(100) == b"":
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        assert time.monotonic() < until
