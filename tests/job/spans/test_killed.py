"""Labeling with spans may die at any moment: the same command ends with the same bytes."""

import os
import signal
import subprocess
import sys

import pytest

from tests.job.test_killed import RUN, check_kills

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")


@pytest.fixture
def start(sentences, pack, tmp_path):
    """Start labeling in a process of its own, without a cache."""

    def run(out, *more):
        verb = ["label", sentences, "--lfs", pack, "--quoting", "-o", out, "--votes", "--no-cache", "--workers", "1"]
        return subprocess.Popen(
            [sys.executable, "-c", RUN, *map(str, verb), "--label-model", "span-vote", *more],
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
        )

    return run


def test_sigkill(start, tmp_path):
    check_kills(start, tmp_path, kills=3)


@pytest.mark.long
def test_sigkill_at_many_moments(start, tmp_path):
    for again in range(4):
        (tmp_path / str(again)).mkdir()
        check_kills(start, tmp_path / str(again), kills=12)
