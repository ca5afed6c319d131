"""``weaklabel review`` as a program: starting, serving, ending, and what keeps it from starting."""

from __future__ import annotations

import signal
import socket
import sys
import urllib.error
import urllib.request
from http.cookiejar import CookieJar

import pytest

pytest.importorskip("flask")

from tests.review.web.conftest import write_corpus
from weaklabel.cli import main
from weaklabel.errors import WeakLabelError
from weaklabel.review import open_review
from weaklabel.review.web.server import make_server


@pytest.fixture
def corpus(tmp_path):
    return write_corpus(tmp_path / "messages.jsonl", ["see you", "win cash"])


def test_it_serves_until_ctrl_c(corpus, start):
    app = start(corpus, "--labels", "ham,spam", "--reviewer", "ada", "--port", "0")
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    with browser.open(app.address) as answer:
        page = answer.read().decode()
        assert answer.geturl() == f"{app.home}/"
    assert "see you" in page and "win cash" in page
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(app.home)
    app.process.send_signal(signal.SIGINT)
    app.process.communicate(timeout=20)
    assert app.process.returncode == 0
    # A slow machine also sees progress.
    assert app.stderr.read_text().endswith("weaklabel: review stopped; all decisions are saved\n")


def test_a_port_in_use_is_a_sentence(corpus):
    review = open_review(corpus, labels=["ham", "spam"])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(WeakLabelError, match=f"port {port} is in use .*--port 0 for any"):
            make_server(review, port=port)


@pytest.mark.parametrize("package", ["flask", "waitress"])
def test_a_missing_package_is_a_sentence(corpus, monkeypatch, capsys, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(SystemExit) as ended:
        main(["review", str(corpus), "--labels", "ham,spam", "--no-open"])
    assert ended.value.code == 1
    output = capsys.readouterr().err
    assert f"needs the package '{package}'" in output and "pip install 'weaklabel[review]'" in output
    assert output.count("\n") == 1
