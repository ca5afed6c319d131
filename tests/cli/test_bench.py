"""The verb bench."""

import json
import sys

import pytest

from tests.bench.sets import change, wrench
from weaklabel.bench import launch, work
from weaklabel.bench.plan import BenchSettings
from weaklabel.cli.bench import recorded_command


@pytest.fixture
def bench(weaklabel, tmp_path, monkeypatch):
    """Run the verb with a work folder of its own; cells are computed in this process, for speed."""
    monkeypatch.setattr(launch, "run_process", lambda folder, timeout: work.main([str(folder)]))
    return lambda *arguments: weaklabel("bench", *arguments, "--work", tmp_path / "work")


def test_help_has_examples_first(weaklabel):
    out = weaklabel("bench", "--help").out
    assert 0 < out.index("Examples:") < out.index("Options")


def test_tables_on_stdout_progress_on_stderr(bench, tmp_path):
    done = bench(wrench(tmp_path), "--seeds", 2)
    assert done.code == 0, done.err
    models = BenchSettings(work=tmp_path).label_models
    assert all(name in done.out for name in ("guests", *models))
    n = 2 * len(models)
    assert f"weaklabel: [{n}/{n}] guests: {models[-1]}, seed 1: " in done.err
    assert bench(tmp_path / "guests", "--seeds", 2, "--quiet").out == ""


@pytest.mark.parametrize("option", ["--out", "--html", "--markdown"])
def test_a_file_that_cannot_be_written_is_refused_before_any_work(bench, tmp_path, option):
    done = bench(wrench(tmp_path), option, tmp_path / "no" / "results")
    assert done.code == 1 and "does not exist; create it" in done.err and not (tmp_path / "work").exists()


def test_files_and_json_hold_the_same(bench, tmp_path):
    files = {option: tmp_path / f"results.{option}" for option in ("out", "html", "markdown")}
    options = [part for option, path in files.items() for part in (f"--{option}", path)]
    printed = bench(wrench(tmp_path), *options, "--json", "--quiet").json
    assert printed == json.loads(files["out"].read_text())
    assert printed["format"] == "weaklabel bench 1"
    assert set(printed) == {
        "format", "command", "machine", "versions", "seconds", "cell_seconds", "sets", "cells", "summary", "crossings",
    }  # fmt: skip
    # Nobody's folders leave the machine.
    assert str(tmp_path) not in files["out"].read_text()
    assert "<table" in files["html"].read_text() and "|" in files["markdown"].read_text()


def test_a_curve_names_its_crossing(bench, tmp_path):
    options = ("--label-models", "majority", "--classifiers", "linear", "--clean-labels", "1,all", "--json")
    result = bench(wrench(tmp_path), *options).json["crossings"]
    assert result[0]["classifier"] == "linear" and "clean labels alone" in result[0]["sentence"]


def test_a_failed_cell_is_told_after_everything_is_written(bench, tmp_path):
    path = wrench(tmp_path)
    change(path / "train.json", lambda rows: [row.update(weak_labels=[0, -1, -1, -1]) for row in rows.values()])
    options = ("--label-models", "majority", "--classifiers", "linear", "-o", tmp_path / "results.json")
    done = bench(path, *options)
    assert done.code == 1 and "1 of 2 cells failed; the first: only one class to train on: all 60 rows" in done.err
    assert len(json.loads((tmp_path / "results.json").read_text())["cells"]) == 2


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("/home/someone/youtube", "youtube"),
        ("--work=/home/someone/w", "--work=w"),
        ("-o/home/someone/r.json", "-or.json"),
        ("-qo/home/someone/r.json", "-qor.json"),
        ("results/r.json", "results/r.json"),
        ("--label-models=majority,auto", "--label-models=majority,auto"),
        ("-q", "-q"),
        ("/home/someone/r\udcff.json", "'r\ufffd.json'"),
    ],
)
def test_the_recorded_command_has_nobodys_folders(monkeypatch, given, shown):
    monkeypatch.setattr(sys, "argv", ["weaklabel", "bench", given])
    assert recorded_command() == f"weaklabel bench {shown}"


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (("--label-models", "nothing"), 1, "unknown label model 'nothing'"),
        (("--clean-labels", "five"), 2, "5,10,all"),
        (("--metric", "f1"), 1, "needs the positive class"),
        (("--seeds", "0"), 2, "--seeds"),
    ],
)
def test_wrong_usage(bench, tmp_path, options, code, says):
    done = bench(wrench(tmp_path), *options)
    assert done.code == code and says in done.err


def test_a_set_that_is_none(bench, tmp_path):
    done = bench(tmp_path / "nowhere")
    assert done.code == 1 and "does not exist; give a folder in WRENCH" in done.err


def test_without_a_cache_a_work_folder_is_needed(weaklabel, tmp_path, monkeypatch):
    monkeypatch.setenv("WEAKLABEL_CACHE", "off")
    done = weaklabel("bench", wrench(tmp_path))
    assert done.code == 2 and "--work" in done.err
