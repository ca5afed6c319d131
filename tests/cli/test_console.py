"""The console: an encoding that lacks what is said, a terminal that is sent data, and ``python -W error``."""

import io
import json
import os
import pty
import subprocess
import sys
import warnings
from contextlib import redirect_stderr, redirect_stdout

import pytest

from weaklabel import cli

PACK = """
import warnings
from weaklabel import keyword_lf, labeling_function
LABELS = ("正常", "垃圾")
gift = keyword_lf("礼品", 1, ["奖品"], whole_word=False)
thanks = keyword_lf("谢", 0, ["谢谢"], whole_word=False)

@labeling_function()
def 打印(x):
    print(x.text)
    warnings.warn("本功能已弃用", DeprecationWarning)
    warnings.warn("注意", UserWarning)
    return -1
"""
VERBS = {
    "label": ("label", "zh.csv", "--lfs", "./zh.py", "-o", "out.csv"),
    "label to stdout": ("label", "zh.csv", "--lfs", "./zh.py", "-o", "-"),
    "label unguarded": ("label", "zh.csv", "--lfs", "./zh.py", "-o", "out.csv", "--workers", "0"),
    "analyze": ("analyze", "zh.csv", "--lfs", "./zh.py", "--gold", "gold"),
    "lfs": ("lfs", "./zh.py"),
    "explain": ("explain", "zh.csv", "--lfs", "./zh.py", "--row", "0"),
    "explain json": ("explain", "zh.csv", "--lfs", "./zh.py", "--row", "0", "--json"),
    "suggest": ("suggest", "zh.csv", "--lfs", "./zh.py", "--label-model", "majority"),
    "score": ("score", "zh.csv", "--gold", "gold", "--pred", "gold"),
    "no file": ("label", "没有.csv", "--lfs", "./zh.py", "-o", "out.csv"),
    "no option": ("label", "zh.csv", "--没有"),
    "no verb": ("没有",),
}


@pytest.fixture
def job(tmp_path, monkeypatch):
    (tmp_path / "zh.py").write_text(PACK, encoding="utf-8")
    (tmp_path / "zh.csv").write_text("text,gold\n恭喜获得奖品,垃圾\n谢谢您,正常\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_in(encoding, *arguments):
    """Run a command in this process with streams of that encoding; give its exit code and the bytes of both."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict") for _ in "oe")
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    out.flush()
    err.flush()
    return stopped.value.code, out.buffer.getvalue(), err.buffer.getvalue()


def run(job, *arguments, python=(), **environment):
    command = [sys.executable, *python, "-m", "weaklabel", *arguments]
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONIOENCODING", "PYTHONUTF8")}
    return subprocess.run(command, cwd=job, capture_output=True, env=env | environment)


@pytest.mark.parametrize("verb", VERBS)
def test_a_console_without_the_characters_gets_escapes(job, verb):
    code, out, _ = run_in("utf-8", *VERBS[verb])
    for encoding in ("cp1252", "ascii"):
        lacking, shown, err = run_in(encoding, *VERBS[verb])
        assert lacking == code, err
        if verb == "label to stdout":
            assert shown == out
        elif verb == "explain json":
            assert json.loads(shown) == json.loads(out)
        elif verb in ("lfs", "analyze", "suggest", "score", "explain"):
            assert b"\\u" in shown and shown.isascii() and not out.isascii()


def test_a_process_in_a_locale_without_the_characters_works_as_well(job):
    posix = {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    done = run(job, *VERBS["label"], "--no-cache", **posix)
    assert done.returncode == 0 and b"Traceback" not in done.stderr, done.stderr
    # It is printed in a worker process, where an error would be one of the labeling function.
    assert b"\\u606d\\u559c" in done.stderr and b"went wrong" not in done.stderr
    assert "恭喜获得奖品,垃圾,垃圾" in (job / "out.csv").read_text(encoding="utf-8")


def test_data_that_goes_to_a_terminal_is_shown_and_a_pipe_gets_its_bytes(job):
    (job / "evil.csv").write_bytes(b'text\r\n"\x1b]0;owned\x07 \xe5\xa5\x96\xe5\x93\x81"\r\n')
    command = ["label", "evil.csv", "--lfs", "./zh.py", "-o", "-", "--quiet", "--no-cache"]
    assert b'"\x1b]0;owned\x07 \xe5\xa5\x96\xe5\x93\x81"' in run(job, *command).stdout
    ours, theirs = pty.openpty()
    done = subprocess.Popen([sys.executable, "-m", "weaklabel", *command], cwd=job, stdout=theirs, stderr=theirs)
    os.close(theirs)
    output = b""
    try:
        while part := os.read(ours, 4096):
            output += part
    except OSError:
        pass  # the end of a terminal
    os.close(ours)
    assert done.wait() == 0
    assert b"\\x1b]0;owned\\x07 \xe5\xa5\x96\xe5\x93\x81" in output and b"\x1b]" not in output and b"\x07" not in output
    assert output.endswith(b"\r\n") and b"\\r" not in output


@pytest.mark.parametrize("verb", ["label", "label unguarded", "analyze", "explain"])
def test_warnings_are_shown_where_python_would_raise_them(job, verb, monkeypatch, capfd):
    monkeypatch.setenv("WEAKLABEL_CACHE", str(job / "cache"))
    code, out, _ = run_in("utf-8", *VERBS[verb])
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    monkeypatch.setenv("WEAKLABEL_CACHE", str(job / "another"))  # so that they vote again
    capfd.readouterr()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        strict, shown, err = run_in("utf-8", *VERBS[verb])
        assert warnings.filters[0][0] == "error"
    assert (strict, shown) == (code, out), err
    # What workers say goes to the standard error of the process.
    output = err.decode() + capfd.readouterr().err
    assert "注意" in output and "went wrong" not in output and "Traceback" not in output


def test_a_process_that_is_to_raise_warnings_shows_them(job):
    done = run(job, *VERBS["analyze"], python=("-W", "error"))
    assert done.returncode == 0 and b"Traceback" not in done.stderr, done.stderr
    assert b"weaklabel: warning: " in done.stderr


def test_the_python_api_keeps_the_filters_of_its_user(job):
    code = "import warnings; from weaklabel.support.warn import warn\ntry: warn('said')\nexcept UserWarning: print('raised')"
    done = subprocess.run([sys.executable, "-W", "error::UserWarning", "-c", code], capture_output=True, text=True)
    assert done.stdout == "raised\n"
