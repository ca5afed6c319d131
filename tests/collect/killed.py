"""Running a command, and killing it in the middle."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path


def run(*arguments: str, folder: Path, check: int = 0) -> subprocess.CompletedProcess[str]:
    """Run ``weaklabel`` in a folder to its end."""
    done = subprocess.run(command(arguments), cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == check, done.stderr
    return done


def kill_when(is_time: Callable[[], bool], *arguments: str, folder: Path) -> None:
    """Run ``weaklabel``, and kill it as soon as it is time to."""
    with subprocess.Popen(command(arguments), cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        while not is_time():
            assert process.poll() is None and process.stderr is not None, f"it ended before: {process.stderr.read()!r}"
            time.sleep(0.001)
        process.kill()


def command(arguments: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-m", "weaklabel", *arguments]
