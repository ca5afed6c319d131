"""A run may die at any moment: what is there is whole, and the same command ends with the same bytes."""

import os
import random
import signal
import subprocess
import sys
import time

import psutil
import pytest

RUN = """
import sys
from weaklabel.corpus import open as opening, parts
opening.CHUNK, parts.PART_ROWS = 512, 20
from weaklabel.cli import main
main(sys.argv[1:])
"""


@pytest.fixture
def start(messages, pack, tmp_path):
    """Start labeling in a process of its own, without a cache."""

    def run(out, *more):
        verb = ["label", messages, "--lfs", pack, "--quoting", "-o", out, "--votes", "--no-cache", "--workers", "1"]
        return subprocess.Popen(
            [sys.executable, "-c", RUN, *map(str, verb), *more],
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
        )

    return run


def finished(process):
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return output, errors


def wait_for(process, job, files):
    """Wait until the job has so many files, or is over."""
    while process.poll() is None and _count(job) < files:
        time.sleep(0.002)


def _count(job):
    try:
        return sum(1 for _ in job.glob("*-*"))
    except FileNotFoundError:  # it has just been removed
        return 0


def children_of(process):
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def check_kills(start, tmp_path, kills):
    finished(start(tmp_path / "whole.csv"))
    chance = random.Random(0)
    out, job = tmp_path / "out.csv", tmp_path / "out.csv.job"
    done = 0
    for _ in range(kills):
        process = start(out)
        done = min(30, done + chance.randrange(1, 8))
        wait_for(process, job, done)
        time.sleep(chance.random() * 0.03)
        children = children_of(process)
        process.kill()
        process.communicate()
        _, alive = psutil.wait_procs(children, timeout=10)
        assert not alive
        if process.returncode == 0:  # it was quicker than the signal
            break
        # Killed after its last step, it leaves the whole output; else none.
        assert not out.exists() or out.read_bytes() == (tmp_path / "whole.csv").read_bytes()
    finished(start(out))
    assert out.read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert (tmp_path / "out.csv.rejects.jsonl").read_bytes() == (tmp_path / "whole.csv.rejects.jsonl").read_bytes()
    assert not job.exists()
    assert not list(tmp_path.glob(".*.part"))


def test_sigkill(start, tmp_path):
    check_kills(start, tmp_path, kills=3)


@pytest.mark.long
def test_sigkill_at_many_moments(start, tmp_path):
    for again in range(4):
        (tmp_path / str(again)).mkdir()
        check_kills(start, tmp_path / str(again), kills=12)


def test_ctrl_c_says_how_to_go_on(start, tmp_path):
    process = start(tmp_path / "out.csv")
    wait_for(process, tmp_path / "out.csv.job", 3)
    children = children_of(process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert "run the same command again to continue" in errors
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive
    assert not (tmp_path / "out.csv").exists()
    finished(start(tmp_path / "out.csv"))
