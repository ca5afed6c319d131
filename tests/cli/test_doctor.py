"""``weaklabel doctor``: what it finds, what it says to do, and that a broken package breaks only itself."""

import json
import os
import sys

import pytest
from typer.testing import CliRunner

from weaklabel.cli import app, doctor
from weaklabel.support import cache, installed


@pytest.fixture
def few(monkeypatch):
    """Try the import of one package only."""
    monkeypatch.setattr(doctor, "IMPORTED", (("numpy", "import numpy"),))
    monkeypatch.setattr(doctor, "_ENCODES", "facts['folder'] = '/somewhere'; facts['dimensions'] = 3")


def run(*options):
    return CliRunner().invoke(app, ["doctor", *options])


def test_json_has_all_facts_and_text_says_the_same(few):
    result = json.loads(run("--json").stdout)
    assert result["errors"] == []
    assert result["packages"]["numpy"] == sys.modules["numpy"].__version__
    assert result["machine"]["cores"] >= 1
    assert result["encoder"]["dimensions"] == 3
    assert {"onnx", "review", "llm"} <= set(result["extras"])
    assert not {"dev", "docs"} & set(result["extras"])
    shown = run()
    assert shown.exit_code == 0
    assert "weaklabel can work here" in shown.stdout
    assert f"weaklabel {result['system']['weaklabel']}" in shown.stdout


def test_the_default_encoder_is_really_run():
    probe = installed.probe_all([("encoder", doctor._ENCODES)])["encoder"]
    assert probe.error is None
    assert probe.facts["dimensions"] == 384


def test_fast_imports_nothing(few, monkeypatch):
    monkeypatch.setattr(installed, "probe_all", lambda *_: pytest.fail("imports were tried"))
    shown = run("--fast")
    assert shown.exit_code == 0
    assert "imports not tried" in shown.stdout
    assert "GPU: not looked for" in shown.stdout


def test_missing_and_old_packages_name_the_pip_line(few, monkeypatch):
    lines = ["numpy>=999", "no-such-package>=2", 'pandas>=999; extra == "raw"', 'also-missing>=1; extra == "raw"']
    monkeypatch.setattr(installed, "requires", lambda name: lines)
    shown = run()
    assert shown.exit_code == 1
    assert "the package no-such-package is not installed: pip install 'no-such-package>=2'" in shown.stdout
    assert "is not a version that weaklabel works with: pip install 'numpy>=999'" in shown.stdout
    assert "extra raw: lacks also-missing: pip install 'weaklabel[raw]'" in shown.stdout
    assert "warning: pandas" in shown.stdout
    assert "weaklabel can work here" not in shown.stdout


def test_markers_of_this_machine_decide(monkeypatch):
    lines = [
        'numpy; python_version >= "3.0"',
        'no-such; python_version < "3.0"',
        'pandas; extra == "a" or extra == "b"',
    ]
    monkeypatch.setattr(installed, "requires", lambda name: lines)
    packages = installed.required_packages()
    assert {extra: [package.name for package in needed] for extra, needed in packages.items()} == {
        "": ["numpy"],
        "a": ["pandas"],
        "b": ["pandas"],
    }


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise ImportError('no symbol\\x1b[2J')", "ImportError: no symbol\\x1b[2J"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)", "killed its process (signal 11"),
        ("raise SystemExit(3)", "it ends with code 3"),
        ("while True: pass", "it takes more than 0.5 seconds"),
    ],
)
def test_a_package_that_fails_crashes_or_hangs_is_named(few, monkeypatch, code, said):
    probe = installed.probe_all([("numpy", code), ("fine", "facts['a'] = 1")], 0.5 if "while" in code else 60)
    assert said in probe["numpy"].error
    if "while" not in code:
        assert probe["fine"].facts == {"a": 1}
        monkeypatch.setattr(doctor, "IMPORTED", (("numpy", code),))
        shown = run()
        assert shown.exit_code == 1
        assert "numpy is installed and cannot be imported, reinstall it: " in shown.stdout
        assert "\x1b" not in shown.stdout


def test_output_of_an_import_does_not_hide_the_facts():
    assert installed.probe_all([("loud", "print('hello'); facts['a'] = 1")])["loud"].facts == {"a": 1}


def test_caches_are_off_or_cannot_be_written(few, monkeypatch, tmp_path):
    monkeypatch.setenv(cache.VARIABLE, "off")
    assert json.loads(run("--fast", "--json").stdout)["caches"]["folder"] is None
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "file" / "cache"))
    shown = run("--fast")
    assert shown.exit_code == 1
    assert "name another folder with the environment variable WEAKLABEL_CACHE" in shown.stdout
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path))
    monkeypatch.setenv(cache.SIZE_VARIABLE, "plenty")
    assert "WEAKLABEL_CACHE_GIB must be a size in GiB" in run("--fast").stdout


def test_home_is_not_shown(few, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setenv("WEAKLABEL_SECRET", "hunter2")
    shown = run("--fast").stdout
    assert str(tmp_path) not in shown
    assert f"~{os.sep}cache" in shown
    assert "hunter2" not in shown


def test_little_memory_and_disk_are_warned_of():
    machine = {"free_memory_bytes": 2**20, "free_disk_bytes": {"/a": 2**20, "/b": 2**50, "/c": None}}
    sentences = list(doctor._scarce(machine))
    assert [sentence.split(":")[0] for sentence in sentences] == [
        "only 0.0 GiB of memory are free",
        "only 0.0 GiB of disk are free in /a",
    ]
