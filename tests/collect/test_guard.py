"""The process that extracts text: documents that crash it, hang or eat memory are rejected, and the next one is read."""

import os

import pytest

from weaklabel.collect import guard
from weaklabel.collect.decoding import Unreadable
from weaklabel.collect.guard import Guard

OPTIONS = {"html_text": "main", "encoding": None}
PAGE = b"<html><body><p>These are the words of a page, and there are enough of them.</p></body></html>"
MEGABYTES = 50 << 20


@pytest.fixture(scope="module")
def guarded():
    item = Guard()
    yield item
    item.close()


def is_alive(guarded):
    return guarded.extract("html", PAGE, OPTIONS).text.startswith("These are the words")


@pytest.mark.parametrize(
    ("html", "piece"),
    [
        ("main", b"<div><p>some text that is long enough to count"),
        ("all", b"<table><tr><td>cell text "),
        ("main", b"<!-- <![CDATA[ <script> "),
    ],
)
def test_fifty_megabytes_of_broken_html(guarded, html, piece):
    data = b"<html><body>" + piece * (MEGABYTES // len(piece))
    try:
        text = guarded.extract("html", data, OPTIONS | {"html_text": html}).text
    except Unreadable as unreadable:
        assert unreadable.rule in ("broken", "empty", "memory", "time")
    else:
        assert text.strip()
    assert is_alive(guarded)


def test_a_document_that_takes_too_long(guarded, monkeypatch, tmp_path):
    reader = tmp_path / "slow_reader.py"
    reader.write_text(
        "from weaklabel.collect import guard\nguard.CPU_SECONDS = 0.2\ndef spin(data, options):\n    while True: pass\n"
        "guard.EXTRACTORS['spin'] = spin\ndef main(): guard.main()\n"
    )
    item = started(monkeypatch, tmp_path, "slow_reader")
    with pytest.raises(Unreadable, match="processor time") as caught:
        item.extract("spin", b"", OPTIONS)
    assert caught.value.rule == "time"
    assert is_alive(item)
    item.close()


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ("held = [bytearray(1 << 26) for _ in range(1000)]", "memory"),
        ("import os; os.abort()", "memory"),
        ("import os; os._exit(3)", "broken"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "broken"),
        ("raise RuntimeError('two\\nlines')", "broken"),
        ("from weaklabel.collect.extract import Extracted; return Extracted('\\ud800')", "encoding"),
    ],
)
def test_a_document_that_ends_the_process(monkeypatch, tmp_path, body, rule):
    (tmp_path / "bad_reader.py").write_text(
        f"from weaklabel.collect import guard\ndef read(data, options):\n    {body}\n"
        "guard.EXTRACTORS['bad'] = read\ndef main(): guard.main()\n"
    )
    item = started(monkeypatch, tmp_path, "bad_reader")
    with pytest.raises(Unreadable) as caught:
        item.extract("bad", b"", OPTIONS)
    assert caught.value.rule == rule
    assert is_alive(item)
    item.close()


def started(monkeypatch, folder, module):
    """Return a guard whose process has further readers."""
    monkeypatch.syspath_prepend(folder)
    start = guard.start
    monkeypatch.setattr(guard, "start", lambda _, threads: start(module, threads))
    return Guard()


def test_the_process_ends_with_its_guard():
    item = Guard()
    assert is_alive(item)
    process = item._process
    assert process is not None
    item.close()
    assert process.poll() is not None
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)


def test_no_process_is_left_behind(tmp_path):
    import psutil

    from weaklabel.collect.collect import collect_corpus

    (tmp_path / "a.html").write_bytes(PAGE)
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    collect_corpus(tmp_path / "a.html", tmp_path / "out.csv")
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before
