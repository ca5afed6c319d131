"""Computing a cell in a fresh process: its memory is its own, and what kills it kills nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from weaklabel.bench.cells import Cell
from weaklabel.bench.outcome import OUTCOME, read_outcome
from weaklabel.bench.span_data import SpanSet
from weaklabel.bench.split import BenchSet
from weaklabel.bench.work import ERROR, JOB
from weaklabel.support.files import write_json

STDERR = "stderr.txt"

# Waiting threads that spin take the time of those that work.
_CALM = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0"}


def compute_apart(
    cell: Cell, bench_set: BenchSet | SpanSet, folder: Path, label_model_cell: Path, timeout: float | None
) -> str | None:
    """Compute a cell in its own process.

    Parameters
    ----------
    cell, bench_set
        What to compute.
    folder
        Where its outcome goes; an earlier one is removed.
    label_model_cell
        Folder of the cell of the label model that a classifier uses, next to ``folder``.
    timeout
        Seconds that it may take.

    Returns
    -------
    str or None
        The error message, one sentence; None if there is an outcome.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in (OUTCOME, ERROR):
        (folder / name).unlink(missing_ok=True)
    job = {
        "cell": asdict(cell.as_computed()),
        "path": str(bench_set.path.absolute()),
        "limit": bench_set.limit,
        "limit_test": bench_set.limit_test,
        "lfs": str(bench_set.lfs.absolute()) if isinstance(bench_set, BenchSet) and bench_set.lfs else None,
        "label_model_cell": label_model_cell.name,
    }
    write_json(folder / JOB, job)
    code = run_process(folder, timeout)
    if code is None:
        return f"it took longer than {timeout:g} s and was stopped"
    return None if code == 0 and read_outcome(folder) is not None else _why(folder, code)


def run_process(folder: Path, timeout: float | None) -> int | None:
    """Run the job of a folder in a process, and return its exit code; None if it took too long."""
    command = [sys.executable, "-m", "weaklabel.bench.work", str(folder)]
    with (folder / STDERR).open("wb") as stderr:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr, env=_CALM | dict(os.environ)
        )
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        finally:
            # After Ctrl-C, too, no process is left running.
            process.kill()
            process.wait()


def _why(folder: Path, code: int) -> str:
    if (folder / ERROR).exists():
        return (folder / ERROR).read_text(encoding="utf-8")
    if code < 0:
        by = signal.Signals(-code).name
        return f"its process was killed by {by}" + (", for lack of memory perhaps" if by == "SIGKILL" else "")
    lines = (folder / STDERR).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return f"its process ended with code {code}: {lines[-1] if lines else 'without a message'}"
